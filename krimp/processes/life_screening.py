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

import numpy as np

from krimp.state.codes import GONE, RESIDENT
from krimp.state.compile import kernel
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
    """A screened event: `bound(world)` gives float64[2, AGES] monthly probability bounds for people in `state`
    (RESIDENT or GONE); it may change with the calendar month but not with a scenario or with the state of the city."""

    name: str
    state: int
    bound: Callable[[World], np.ndarray]


#: Draws are filled in blocks of this many, which stay in the processor's nearest cache.
BLOCK = 1024


@kernel
def screen(key, birth, sex, state, seed, month, table, most, words, near, out, first, stop):
    """Rows with a candidate event: out[0] = rows, out[1] = hazard number. table: uint32[4, AGES, K] cumulative
    thresholds; rows of `table` are state*2+sex with state RESIDENT -> 0, GONE -> 1. most[age in months]: highest of them,
    which all but a few draws exceed, so that only `near` ones are looked at. `words`, `near`: scratch of a block.
    Returns how many."""
    n = 0
    last = table.shape[2] - 1
    for begin in range(first, stop, BLOCK):
        end = min(begin + BLOCK, stop)
        fill(seed, key[begin:end], month, LIFE_SCREEN, words)
        m = 0
        for i in range(begin, end):
            p = np.uint64(i)
            months = min(max(np.int64(month) - np.int64(birth[p]), 0), OLDEST)
            near[m] = i
            m += words[np.uint64(i - begin)] < most[np.uint64(months)]
        for p in near[:m]:
            s = state[p]
            if s == RESIDENT:
                row = np.int64(sex[p])
            elif s == GONE:
                row = 2 + np.int64(sex[p])
            else:
                continue
            age = min(max((month - np.int64(birth[p])) // 12, 0), AGES - 1)
            u = words[p - begin]
            if u < table[row, age, last]:
                k = 0
                while u >= table[row, age, k]:
                    k += 1
                out[0, n] = p
                out[1, n] = k
                n += 1
    return n


def thresholds(world: World, hazards: tuple[LifeHazard, ...]) -> np.ndarray:
    """Cumulative uint32 thresholds [4, AGES, K] of this month; ValueError when bounds add up to more than 1."""
    bounds = np.zeros((4, AGES, len(hazards)))
    for k, hazard in enumerate(hazards):
        first = 0 if hazard.state == RESIDENT else 2
        bounds[first : first + 2, :, k] = hazard.bound(world)
    total = np.zeros((4, AGES))
    out = np.zeros(bounds.shape, np.uint32)
    for k in range(len(hazards)):
        total = total + bounds[:, :, k]
        if total.max() >= 1.0:
            raise ValueError(f"life hazards up to {hazards[k].name} add up to {total.max():.3f} in a month")
        out[:, :, k] = (total * 4294967296.0).astype(np.uint32)
    return out


def step(world: World, hazards: tuple[LifeHazard, ...]) -> None:
    """Fill `world.candidates` with this month's candidate rows of every hazard, ascending."""
    table = thresholds(world, hazards)
    most = np.repeat(table[:, :, -1].max(axis=0), 12)
    persons = world.persons.view()

    def work(_: int, first: int, stop: int) -> np.ndarray:
        out = np.empty((2, stop - first), np.int32)
        n = screen(
            persons.key, persons.birth, persons.sex, persons.state, world.seed, world.month, table, most,
            np.empty(BLOCK, np.uint32), np.empty(BLOCK + 1, np.int32), out, first, stop,
        )  # fmt: skip
        return out[:, :n].copy()

    parts = world.map_chunks(work, world.persons.n)
    rows, which = np.concatenate(parts, axis=1)
    rows = rows[np.argsort(which.astype(np.uint8), kind="stable")]
    ends = np.cumsum(np.bincount(which, minlength=len(hazards)))
    for hazard, mine in zip(hazards, np.split(rows, ends[:-1]), strict=True):
        world.candidates[hazard.name] = mine
