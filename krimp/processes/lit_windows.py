"""The dusk: which windows are lit half an hour after sunset on the 15th. An observation, never a driver.

A home someone lives in has light when somebody is in and awake (probability q_home), and then each window is lit with
probability q_window; hostels and second homes are lit less often. Windows = bedrooms + 2. Priors: mechanisms 10 [A].
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from krimp.state.codes import COMPLETE, HOSTEL, NEW_CORE, SECOND_HOME, STANDING
from krimp.state.compile import inlined, kernel
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
CHUNK = 32768
#: Homes lit up at a time, which stay in the processor's nearest cache.
BLOCK = 1024
#: What `dusk` adds up by building in one word, and the bit at which each begins: a building has less than 4096 homes.
_LIT, _WINDOWS, _OCCUPIED, _LIT_HOMES, _HOMES = 0, 14, 28, 40, 52


#: Bits of a home's luck: lit if someone lives there, if it is a hostel, if a second home; lit windows then.
_AT_HOME, _HOSTEL, _SECOND, _BRIGHT = np.uint8(0), np.uint8(1), np.uint8(2), np.uint8(3)
#: Bits of what a home shows: lit windows, windows if it stands, lived in.
_SHOWS_LIT, _SHOWS_WINDOWS, _SHOWS_USED = np.uint8(0), np.uint8(3), np.uint8(6)
_FIELD = np.uint32(4095)


@inlined
def _below(word, chances, k):
    """Whether a word is below the k-th of `chances` of 2**32, which may be all of them."""
    return (word < chances[0, k]) | (chances[1, k] != 0)


@kernel
def draw_luck(D, seed, month, chances, window, words, luck, first, stop):
    """luck[d] (uint8) of homes [first, stop): what would be lit, whoever lives there. It hangs on keys and rooms, which never change.

    chances[:, k]: of 2**32 for homes, hostels, second homes (low word, high word); window: of 4096, for each of the two windows that a
    home has at least and of one more for each of up to three rooms. `words`: scratch of a block. All in 32 bits, for vector code.
    """
    for begin in range(first, stop, BLOCK):
        end = min(begin + BLOCK, stop)
        fill4(seed, D.key[begin:end], month, LIT_WINDOWS, words)
        for i in range(begin, end):
            d, w = np.uint64(i), np.uint64(i - begin)
            low, high, rooms = words[2, w], words[1, w], D.rooms[d]
            third = np.uint32(low >> np.uint32(24)) | np.uint32(high << np.uint32(8))
            bright = np.uint32((low & _FIELD) < window) + np.uint32((low >> np.uint32(12) & _FIELD) < window)
            bright += np.uint32((third & _FIELD) < window) & np.uint32(rooms > 0)
            bright += np.uint32((high >> np.uint32(4) & _FIELD) < window) & np.uint32(rooms > 1)
            bright += np.uint32((high >> np.uint32(16) & _FIELD) < window) & np.uint32(rooms > 2)
            word = words[0, w]
            luck[d] = (
                np.uint32(_below(word, chances, 0)) << _AT_HOME
                | np.uint32(_below(word, chances, 1)) << _HOSTEL
                | np.uint32(_below(word, chances, 2)) << _SECOND
                | max(np.uint32(bright), np.uint32(1)) << _BRIGHT
            )


@kernel
def light(D, luck, shown, first, stop):
    """What homes [first, stop) with `luck` show: shown[d - first] (uint8)."""
    for i in range(first, stop):
        d, g = np.uint64(i), np.uint64(i - first)
        stands, lived = np.uint8(D.state[d] == STANDING), np.uint8(D.occupant[d] > 0)
        guests, second = np.uint8(D.use[d] == HOSTEL), np.uint8(D.use[d] == SECOND_HOME)
        of_use = np.uint8(luck[g] >> _HOSTEL) if guests != 0 else np.uint8(luck[g] >> _SECOND)
        lit = np.uint8(luck[g] >> _AT_HOME) if lived != 0 else of_use
        used = np.uint8(np.uint8(lived | guests | second) & stands)
        bright = np.uint8(luck[g] >> _BRIGHT) if np.uint8(lit & used) != 0 else np.uint8(0)
        windows = np.uint8(min(np.uint8(D.rooms[d]), np.uint8(3)) + np.uint8(2))
        windows = windows if stands != 0 else np.uint8(0)
        shown[g] = np.uint8(bright | np.uint8(windows << _SHOWS_WINDOWS) | np.uint8(used << _SHOWS_USED))


def _glow() -> np.ndarray:
    """uint64[128]: what a home adds to its building, each count at its bit, for all that it may show."""
    shown = np.arange(128, dtype=np.uint64)
    lit, windows, used = shown & 7, shown >> np.uint64(_SHOWS_WINDOWS) & 7, shown >> np.uint64(_SHOWS_USED)
    counts = (lit, _LIT), (windows, _WINDOWS), (used, _OCCUPIED), (lit > 0, _LIT_HOMES), (windows > 0, _HOMES)
    return np.bitwise_or.reduce([count.astype(np.uint64) << np.uint64(bit) for count, bit in counts])


@kernel
def dusk(shown, glow, B, homes, lights, out, first, stop):
    """Add up buildings [first, stop) with homes [homes[0], homes[1]): lights[0] lit windows, [1] windows, [2] homes lived in, by
    building; out[0] lit windows, [1] windows, [2] lit homes, [3] homes, by district."""
    begin = homes[0]
    for b in range(first, stop):
        end = B.first[b + 1] if b + 1 < stop else homes[1]
        total = np.uint64(0)
        for d in range(begin - homes[0], end - homes[0]):
            total += glow[np.uint64(shown[np.uint64(d)])]
        begin = end
        lit = total >> np.uint64(_LIT) & np.uint64(16383)
        windows = total >> np.uint64(_WINDOWS) & np.uint64(16383)
        lights[0, b] = lit
        lights[1, b] = windows
        lights[2, b] = total >> np.uint64(_OCCUPIED) & np.uint64(4095)
        i = B.district[b]
        out[0, i] += np.int64(lit)
        out[1, i] += np.int64(windows)
        out[2, i] += np.int64(total >> np.uint64(_LIT_HOMES) & np.uint64(4095))
        out[3, i] += np.int64(total >> np.uint64(_HOMES))


@kernel
def blocks(B, places, core):
    """Lit windows and all windows of blocks with a staircase. Rows of those in the new core into `core`; third, how many."""
    lit, windows, n = 0, 0, 0
    for r in range(1, B.used[0]):
        b = np.uint64(r)
        if B.floors[b] < 4 or B.state[b] != COMPLETE or B.windows[b] == 0:
            continue
        lit += B.lit[b]
        windows += B.windows[b]
        if places[B.settlement[b], 0] == NEW_CORE:
            core[n] = r
            n += 1
    return lit, windows, n


def start(world: World) -> None:
    """Look at the base."""
    step(world)


def _luck(world: World) -> Callable[[int, int, int], np.ndarray]:
    """`draw_luck` of a chunk of homes."""
    p, D = world.params, world.dwellings.view()
    # a draw's midpoint is below the chance
    limits = np.array(
        [np.ceil(p[f"lit_windows.{name}"] * 2.0**32 - 0.5) for name in ("home", "hostel", "second")],
        np.uint64,
    )
    chances = np.array([limits & 0xFFFFFFFF, limits >> np.uint64(32)], np.uint32)
    window = np.uint32(p["lit_windows.window"] * 4096.0)
    luck = np.empty(D.key.size, np.uint8)

    def work(_: int, first: int, stop: int) -> np.ndarray:
        words = np.empty((4, BLOCK), np.uint32)
        draw_luck(D, world.seed, world.month, chances, window, words, luck, first, stop)
        return luck[first:stop]

    return work


def month_begun(world: World) -> None:
    """Begin with the luck of the homes there are."""
    world.ahead("lit_windows.luck", _luck(world), world.dwellings.n)


def _dusk(world: World) -> Callable[[int, int, int], tuple[np.ndarray, np.ndarray]]:
    """Lights of a chunk of buildings: by building, in one array for all chunks, and by district."""
    B, D, draw = world.buildings.view(), world.dwellings.view(), _luck(world)
    n, last = world.buildings.n, world.dwellings.n
    lights, glow = np.empty((3, n), B.lit.dtype), _glow()
    known = np.concatenate([np.zeros(1, np.uint8), *world.found_ahead("lit_windows.luck")])

    def work(_: int, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        out = np.zeros((4, world.nd), np.int64)
        # buildings and their homes are appended together, so a run of buildings is a run of homes and no other's
        homes = int(B.first[first]), int(B.first[stop]) if stop < n else last
        shown = np.empty(homes[1] - homes[0], np.uint8)
        luck = known[slice(*homes)]
        if homes[1] > len(known):
            luck = np.concatenate([luck, draw(0, max(homes[0], len(known)), homes[1])])
        light(D, luck, shown, *homes)
        dusk(shown, glow, B, homes, lights, out, first, stop)
        return lights, out

    return work


def homes_settled(world: World) -> None:
    """Begin to count; who looks at a house this month still sees last month's lights."""
    world.ahead("lit_windows", _dusk(world), world.buildings.n, CHUNK)


def step(world: World) -> None:
    """Count lights by building and district."""
    b = world.buildings
    (lights, *_), counts = zip(*world.map_begun("lit_windows", _dusk(world), b.n, CHUNK), strict=True)
    b.lit[1:], b.windows[1:], b.occupied[1:] = lights[:, 1:]
    world.memory["lit_windows.counts"] = sum(counts)


def observe(world: World) -> dict[str, np.ndarray]:
    """Lit shares by district, and of the newest blocks against the rest."""
    out = world.memory["lit_windows.counts"]
    total = np.append(out, out.sum(axis=1, keepdims=True), axis=1).astype(np.float64)
    b = world.buildings
    core = np.empty(b.n, np.int32)
    lit, windows, n = blocks(b.view(), world.memory["hedonic_index.places"], core)
    core = core[:n]
    newest = core[np.argsort(-b.built[core].astype(np.int64), kind="stable")[: max(1, n // 10)]]
    new_lit, new_windows = (int(column[newest].sum(dtype=np.int64)) for column in (b.lit, b.windows))

    def share(lit: int, windows: int) -> np.ndarray:
        value = np.full(world.nd + 1, np.nan)
        value[-1] = lit / windows if windows else 0.0
        return value

    return {
        "lit_share": total[0] / np.maximum(total[1], 1.0),
        "lit_dwelling_share": total[2] / np.maximum(total[3], 1.0),
        "lit_share_newest": share(new_lit, new_windows),
        "lit_share_older": share(lit - new_lit, windows - new_windows),
    }
