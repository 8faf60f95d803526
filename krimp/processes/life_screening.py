"""Life screening: one keyed draw a person-month says to whom at most one life event may happen this month.

Competing risks by thinning (Lewis & Shedler 1979): each process with a life hazard declares a bound table
b_k[sex, age] of monthly probability that does not depend on scenario or on the person's state. A person is a
candidate of process k when the draw falls into k's slice of [0, sum_k b_k); the process then accepts the candidate
with probability p / b_k from a keyed draw of its own, where p may depend on anything and must not exceed b_k.
So P(event) = p exactly, nobody has two screened events in one month, and the scan touches 12 bytes a person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from krimp.state.codes import GONE, RESIDENT
from krimp.state.compile import kernel, prefetch
from krimp.state.counting import pack
from krimp.state.crew import Job
from krimp.state.parameters import Parameter
from krimp.state.purposes import LIFE_SCREEN
from krimp.state.random import fill
from krimp.state.world import Series, World

PARAMETERS: tuple[Parameter, ...] = ()
SERIES: tuple[Series, ...] = ()

#: Ages in whole years 0..110; older people are screened as 110.
AGES = 111
OLDEST = 12 * AGES - 1


@dataclass(frozen=True)
class LifeHazard:
    """A screened event: `bound(world, month)` gives float64[2, AGES] monthly probability bounds for people in `state`
    (RESIDENT or GONE); it may change with the calendar month but not with a scenario or with the state of the city."""

    name: str
    state: int
    bound: Callable[[World, int], np.ndarray]


#: Draws are filled in blocks of this many, which stay in the processor's nearest cache.
BLOCK = 1024


@kernel
def draw_near(key, birth, seed, month, most, words, flag, hit, rows, luck, first, stop):
    """Rows of [first, stop) whose draw is below the highest threshold of their age, with the draws; returns how many.

    most[age in months]: all but a few draws exceed it, whoever the person is, and nearly as few are below the highest of all
    ages, which vector code asks first. Keys and births never change, so a month's draws can be made long before. `words`, `flag`,
    `hit`: scratch of a block."""
    n, highest = 0, np.uint32(0)
    for k in range(most.size):
        highest = max(highest, most[k])
    for begin in range(first, stop, BLOCK):
        end = min(begin + BLOCK, stop)
        fill(seed, key[begin:end], month, LIFE_SCREEN, words)
        for i in range(end - begin):
            flag[np.uint64(i)] = words[np.uint64(i)] < highest
        for i in hit[: pack(flag[: end - begin], begin, hit, 0)]:
            word = words[np.uint64(i - begin)]
            months = min(max(month - np.int64(birth[np.uint64(i)]), 0), OLDEST)
            rows[np.uint64(n)], luck[np.uint64(n)] = i, word
            n += word < most[months]
    return n


@kernel
def screen(rows, luck, birth, sex, state, month, table, out):
    """Those of `rows` who have a candidate event: out[0] = rows, out[1] = hazard number. table: uint32[4, AGES, K]
    cumulative thresholds; rows of `table` are state*2+sex with state RESIDENT -> 0, GONE -> 1. Returns how many."""
    n = 0
    last = table.shape[2] - 1
    for i in range(rows.size):
        if i + 24 < rows.size:
            prefetch((state, sex, birth), rows[i + 24])
        p = rows[i]
        s = state[p]
        if s == RESIDENT:
            row = np.int64(sex[p])
        elif s == GONE:
            row = 2 + np.int64(sex[p])
        else:
            continue
        age = min(max((month - np.int64(birth[p])) // 12, 0), AGES - 1)
        u = luck[i]
        if u < table[row, age, last]:
            k = 0
            while u >= table[row, age, k]:
                k += 1
            out[0, n] = p
            out[1, n] = k
            n += 1
    return n


def thresholds(world: World, hazards: tuple[LifeHazard, ...], month: int) -> np.ndarray:
    """Cumulative uint32 thresholds [4, AGES, K] of a month; ValueError when bounds add up to more than 1."""
    bounds = np.zeros((4, AGES, len(hazards)))
    for k, hazard in enumerate(hazards):
        first = 0 if hazard.state == RESIDENT else 2
        bounds[first : first + 2, :, k] = hazard.bound(world, month)
    total = np.cumsum(bounds, axis=2)
    most = total.max(axis=(0, 1))
    if most[-1] >= 1.0:
        k = int(np.argmax(most >= 1.0))
        raise ValueError(f"life hazards up to {hazards[k].name} add up to {most[k]:.3f} in a month")
    return (total * 4294967296.0).astype(np.uint32)


#: `thresholds` of a month, and the highest of all by age in months.
Limits = tuple[np.ndarray, np.ndarray]


def _limits(world: World, hazards: tuple[LifeHazard, ...], month: int) -> Limits:
    table = thresholds(world, hazards, month)
    return table, np.repeat(table[:, :, -1].max(axis=0), 12)


def _near(
    world: World, month: int, limits: Callable[[], Limits]
) -> Callable[[int, int, int], tuple[np.ndarray, np.ndarray, int, Limits]]:
    """The draws of a month for a chunk of rows: who is near an event, with what luck, where the chunk ends, its `Limits`."""
    key, birth = world.persons.key, world.persons.birth

    def work(_: int, first: int, stop: int) -> tuple[np.ndarray, np.ndarray, int, Limits]:
        mine = limits()
        rows, luck = np.empty(stop - first + 1, np.int32), np.empty(stop - first + 1, np.uint32)
        scratch = np.empty(BLOCK, np.uint32), np.empty(BLOCK, np.uint8), np.empty(BLOCK + 1, np.int32)
        n = draw_near(key, birth, world.seed, month, mine[1], *scratch, rows, luck, first, stop)
        return rows[:n].copy(), luck[:n].copy(), stop, mine

    return work


def foresee(world: World, hazards: tuple[LifeHazard, ...]) -> None:
    """Begin with next month's draws, which hang on nothing that may still happen. Those born until then are drawn for later."""
    later = world.month + 1
    once = Job(partial(_limits, world, hazards, later))

    def limits() -> Limits:
        # worked out with the first chunk, on a core that has leisure
        once.run()
        found: Limits = once.wait()
        return found

    world.ahead("life_screening", _near(world, later, limits), world.persons.n)


def step(world: World, hazards: tuple[LifeHazard, ...]) -> None:
    """Fill `world.candidates` with this month's candidate rows of every hazard, ascending."""
    persons = world.persons.view()
    found = world.found_ahead("life_screening")
    met, limits = found[-1][2:] if found else (1, _limits(world, hazards, world.month))
    if met < world.persons.n:
        found += world.map_chunks(_near(world, world.month, lambda: limits), world.persons.n, first=met)
    rows, luck = (np.concatenate([part[i] for part in found]) for i in range(2))

    def look(_: int, first: int, stop: int) -> np.ndarray:
        out = np.empty((2, stop - first), np.int32)
        mine = rows[first:stop], luck[first:stop]
        return out[:, : screen(*mine, persons.birth, persons.sex, persons.state, world.month, limits[0], out)]

    rows, which = np.concatenate(world.map_chunks(look, len(rows), 0, 8192), axis=1)
    rows = rows[np.argsort(which.astype(np.uint8), kind="stable")]
    ends = np.cumsum(np.bincount(which, minlength=len(hazards)))
    for hazard, mine in zip(hazards, np.split(rows, ends[:-1]), strict=True):
        world.candidates[hazard.name] = mine
