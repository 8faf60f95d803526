"""The dusk: which windows are lit half an hour after sunset on the 15th. An observation, never a driver.

A home someone lives in has light when somebody is in and awake (probability q_home), and then each window is lit with
probability q_window; hostels and second homes are lit less often. Windows = bedrooms + 2. Priors: mechanisms 10 [A].
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from krimp.state.codes import HOSTEL, NEW_CORE, SECOND_HOME, STANDING
from krimp.state.compile import kernel
from krimp.state.parameters import Parameter
from krimp.state.purposes import LIT_WINDOWS
from krimp.state.random import fill4
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


#: Buildings of a part.
CHUNK = 8192
#: Homes lit up at a time, which stay in the processor's nearest cache.
BLOCK = 1024
#: What `dusk` adds up by building in one word, and the bit at which each begins: a building has less than 4096 homes.
_LIT, _WINDOWS, _OCCUPIED, _LIT_HOMES, _HOMES = 0, 14, 28, 40, 52


@kernel
def light(state, rooms, use, occupant, key, seed, month, limits, window, words, glow, first, stop):
    """Fill `glow` for homes [first, stop): lit windows, windows, lived in, lit, standing, each at its bit.

    limits: of 2**32 for homes, hostels, second homes; window: of 4096. Without branches: luck is not to be guessed.
    """
    home, hostel, second = limits[0], limits[1], limits[2]
    for begin in range(first, stop, BLOCK):
        end = min(begin + BLOCK, stop)
        fill4(seed, key[begin:end], month, LIT_WINDOWS, words)
        for i in range(begin, end):
            d, w, g = np.uint64(i), np.uint64(i - begin), np.uint64(i - first)
            stands = np.uint64(state[d] == STANDING)
            elsewhere = hostel if use[d] == HOSTEL else second if use[d] == SECOND_HOME else np.uint64(0)
            limit = home if occupant[d] > 0 else elsewhere
            windows = np.uint64(min(np.int64(rooms[d]) + 2, 5)) * stands
            luck = np.uint64(words[1, w]) << np.uint64(32) | np.uint64(words[2, w])
            bright = np.uint64(0)
            for k in range(5):
                field = luck >> np.uint64(12 * k) & np.uint64(4095)
                bright += np.uint64(field < window) & np.uint64(np.uint64(k) < windows)
            lit = np.uint64(np.uint64(words[0, w]) < limit) & stands
            glow[g] = (
                lit * max(bright, np.uint64(1)) << np.uint64(_LIT)
                | windows << np.uint64(_WINDOWS)
                | (np.uint64(limit > 0) & stands) << np.uint64(_OCCUPIED)
                | lit << np.uint64(_LIT_HOMES)
                | stands << np.uint64(_HOMES)
            )


@kernel
def dusk(glow, begin, district, by_building, out, first, stop):
    """Add up buildings [first, stop), whose homes begin at begin[b - 1]: by_building[0] lit windows, [1] windows, [2] homes
    lived in; out[0] lit windows, [1] windows, [2] lit homes, [3] homes, by district."""
    at = begin[first - 1]
    for b in range(first, stop):
        total = np.uint64(0)
        for d in range(begin[b - 1] - at, begin[b] - at):
            total += glow[np.uint64(d)]
        lit = total >> np.uint64(_LIT) & np.uint64(16383)
        windows = total >> np.uint64(_WINDOWS) & np.uint64(16383)
        by_building[0, b - first] = lit
        by_building[1, b - first] = windows
        by_building[2, b - first] = total >> np.uint64(_OCCUPIED) & np.uint64(4095)
        i = district[b]
        out[0, i] += np.int64(lit)
        out[1, i] += np.int64(windows)
        out[2, i] += np.int64(total >> np.uint64(_LIT_HOMES) & np.uint64(4095))
        out[3, i] += np.int64(total >> np.uint64(_HOMES))


def start(world: World) -> None:
    """Look at the base."""
    step(world)


def _dusk(world: World) -> Callable[[int, int, int], tuple[np.ndarray, np.ndarray]]:
    """Lights of a chunk of buildings, by building and by district."""
    p, b, d = world.params, world.buildings, world.dwellings
    # a draw's midpoint is below the chance
    limits = np.array(
        [np.ceil(p[f"lit_windows.{name}"] * 2.0**32 - 0.5) for name in ("home", "hostel", "second")],
        np.uint64,
    )
    window = np.uint64(p["lit_windows.window"] * 4096.0)
    # buildings and their homes are appended together, so a run of buildings is a run of homes and no other's
    begin = np.append(b.first[1:], np.int32(d.n))

    def work(_: int, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        out, by_building = np.zeros((4, world.nd), np.int64), np.empty((3, stop - first), b.lit.dtype)
        homes = int(begin[first - 1]), int(begin[stop - 1])
        glow = np.empty(homes[1] - homes[0], np.uint64)
        light(
            d.state, d.rooms, d.use, d.occupant, d.key, world.seed, world.month, limits, window,
            np.empty((4, BLOCK), np.uint32), glow, *homes,
        )  # fmt: skip
        dusk(glow, begin, b.district, by_building, out, first, stop)
        return by_building, out

    return work


def homes_settled(world: World) -> None:
    """Begin to count; who looks at a house this month still sees last month's lights."""
    world.ahead("lit_windows", _dusk(world), world.buildings.n, CHUNK)


def step(world: World) -> None:
    """Count lights by building and district."""
    b = world.buildings
    parts, counts = zip(*world.map_begun("lit_windows", _dusk(world), b.n, CHUNK), strict=True)
    b.lit[1:], b.windows[1:], b.occupied[1:] = np.concatenate(parts, axis=1)
    world.memory["lit_windows.counts"] = sum(counts)


def observe(world: World) -> dict[str, np.ndarray]:
    """Lit shares by district, and of the newest blocks against the rest."""
    out = world.memory["lit_windows.counts"]
    total = np.append(out, out.sum(axis=1, keepdims=True), axis=1).astype(np.float64)
    b = world.buildings
    kinds = world.memory["hedonic_index.places"][:, 0]
    blocks = np.nonzero((b.state == 2) & (b.floors >= 4) & (b.windows > 0))[0]
    core = blocks[kinds[b.settlement[blocks]] == NEW_CORE]
    newest = np.zeros(b.n, np.bool_)
    newest[core[np.argsort(-b.built[core].astype(np.int64), kind="stable")][: max(1, len(core) // 10)]] = True

    def share(rows: np.ndarray) -> np.ndarray:
        value = np.full(world.nd + 1, np.nan)
        windows = float(b.windows[rows].sum(dtype=np.int64))
        value[-1] = float(b.lit[rows].sum(dtype=np.int64)) / windows if windows else 0.0
        return value

    return {
        "lit_share": total[0] / np.maximum(total[1], 1.0),
        "lit_dwelling_share": total[2] / np.maximum(total[3], 1.0),
        "lit_share_newest": share(blocks[newest[blocks]]),
        "lit_share_older": share(blocks[~newest[blocks]]),
    }
