"""The dusk: which windows are lit half an hour after sunset on the 15th. An observation, never a driver.

A home someone lives in has light when somebody is in and awake (probability q_home), and then each window is lit with
probability q_window; hostels and second homes are lit less often. Windows = bedrooms + 2. Priors: mechanisms 10 [A].
"""

from __future__ import annotations

import numpy as np

from krimp.processes.hedonic_index import settlement_kinds
from krimp.state.codes import HOSTEL, SECOND_HOME, STANDING
from krimp.state.compile import kernel
from krimp.state.parameters import Parameter
from krimp.state.purposes import LIT_WINDOWS
from krimp.state.random import draw4, unit
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter("lit_windows.home", 0.82, "probability", "uniform(0.75, 0.9)", "[A] at home and awake, some window lit (mechanisms 10)", "", 0.0, 1.0),
    Parameter("lit_windows.window", 0.45, "probability", "uniform(0.38, 0.52)", "[A] 3-5 windows, 1-2 used: .3-.45 for any single window", "of one window, given someone is in", 0.0, 1.0),
    Parameter("lit_windows.hostel", 0.35, "probability", "uniform(0.2, 0.5)", "[A] occupancy of hostels", "", 0.0, 1.0),
    Parameter("lit_windows.second", 0.10, "probability", "uniform(0.03, 0.2)", "[A] second homes in use on a given evening", "", 0.0, 1.0),
)  # fmt: skip
SERIES = (
    Series("lit_share", "share", "rate", "lit windows over all windows at dusk on the 15th"),
    Series("lit_dwelling_share", "share", "rate", "homes with any lit window"),
    Series("lit_share_newest", "share", "rate", "lit share of the newest tenth of new-core blocks", False),
    Series("lit_share_older", "share", "rate", "lit share of all other blocks with a staircase", False),
)


@kernel
def dusk(D, B_lit, B_windows, B_occupied, seed, month, home, window, hostel, second, out, first, stop):
    """Windows of rows [first, stop): out[0] lit windows, [1] windows, [2] lit homes, [3] homes, by district."""
    for d in range(first, stop):
        if D.state[d] != STANDING:
            continue
        windows = min(np.int64(D.rooms[d]) + 2, 5)
        b = D.building[d]
        i = D.district[d]
        B_windows[b] += windows
        out[1, i] += windows
        out[3, i] += 1
        use = D.use[d]
        chance = (
            home if D.occupant[d] > 0 else hostel if use == HOSTEL else second if use == SECOND_HOME else 0.0
        )
        if chance == 0.0:
            continue
        B_occupied[b] += 1
        a, c, e, _ = draw4(seed, D.key[d], month, LIT_WINDOWS)
        if unit(a) >= chance:
            continue
        lit = 0
        word = np.uint64(c) << np.uint64(32) | np.uint64(e)
        for w in range(windows):
            if (word >> np.uint64(12 * w) & np.uint64(4095)) < np.uint64(window * 4096.0):
                lit += 1
        if lit == 0:
            lit = 1
        out[0, i] += lit
        out[2, i] += 1
        B_lit[b] += lit


def start(world: World) -> None:
    """Look at the base."""
    step(world)


def step(world: World) -> None:
    """Count lights by building and district."""
    p, b = world.params, world.buildings
    b.lit[:] = 0
    b.windows[:] = 0
    b.occupied[:] = 0
    view, n = world.dwellings.view(), world.dwellings.n
    chances = tuple(p[f"lit_windows.{name}"] for name in ("home", "window", "hostel", "second"))
    # buildings and their homes are appended together, so a run of buildings is a run of homes and no other's
    begin = np.append(b.first[1 : b.n], n)

    def work(_: int, first: int, stop: int) -> np.ndarray:
        out = np.zeros((4, world.nd), np.int64)
        dusk(
            view, b.lit, b.windows, b.occupied, world.seed, world.month, *chances, out, int(begin[first - 1]),
            int(begin[stop - 1]),
        )  # fmt: skip
        return out

    world.memory["lit_windows.counts"] = sum(world.map_chunks(work, b.n, chunk=8192))


def observe(world: World) -> dict[str, np.ndarray]:
    """Lit shares by district, and of the newest blocks against the rest."""
    out = world.memory["lit_windows.counts"]
    total = np.append(out, out.sum(axis=1, keepdims=True), axis=1).astype(np.float64)
    b = world.buildings
    kinds = settlement_kinds(world)
    blocks = np.nonzero((b.state == 2) & (b.floors >= 4) & (b.windows > 0))[0]
    core = blocks[kinds[b.settlement[blocks]] == 5]
    newest = (
        core[np.lexsort((core, -b.built[core].astype(np.int64)))][: max(1, len(core) // 10)]
        if len(core)
        else core
    )
    older = np.setdiff1d(blocks, newest)

    def share(rows: np.ndarray) -> np.ndarray:
        value = np.full(world.nd + 1, np.nan)
        windows = float(b.windows[rows].sum(dtype=np.int64))
        value[-1] = float(b.lit[rows].sum(dtype=np.int64)) / windows if windows else 0.0
        return value

    return {
        "lit_share": total[0] / np.maximum(total[1], 1.0),
        "lit_dwelling_share": total[2] / np.maximum(total[3], 1.0),
        "lit_share_newest": share(newest),
        "lit_share_older": share(older),
    }
