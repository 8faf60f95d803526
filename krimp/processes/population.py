"""Stocks of people: counted from the tables each month, by district."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from krimp.processes.household_income import N_ACTIVITIES
from krimp.state.codes import ACTIVE, FEMALE, GONE, N_SECTORS, RESIDENT
from krimp.state.compile import inlined, kernel
from krimp.state.counting import count_both, pack, tally_some
from krimp.state.parameters import Parameter
from krimp.state.world import CHUNK, Series, World

PARAMETERS = (
    Parameter("population.care_60", 0.04, "share", "uniform(0.02, 0.06)", "[A] 18% of all over 60 in the national survey of 2015 were in some need; steep with age", "people of 60-69 who need daily help", 0.0, 1.0),
    Parameter("population.care_70", 0.11, "share", "uniform(0.07, 0.16)", "[A] as above", "people of 70-79 who need daily help", 0.0, 1.0),
    Parameter("population.care_80", 0.35, "share", "uniform(0.25, 0.45)", "[A] as above", "people of 80 or more who need daily help", 0.0, 1.0),
)  # fmt: skip
OLDEST = 120
#: Rows counted at once, which stay in the processor's nearest cache.
BLOCK = 1024
#: Sizes of households told apart: more than any has members.
SIZES = 128
#: Ages in whole years of each count, from and to (inclusive).
_AGES = {
    "population": (0, OLDEST), "population_0_14": (0, 14), "population_15_59": (15, 59),
    "population_60_plus": (60, OLDEST), "population_65_plus": (65, OLDEST),
    **{f"population_{a}_{a + 4}": (a, a + 4) for a in (15, 20, 25, 30)},
    "population_70_79": (70, 79), "population_80_plus": (80, OLDEST),
}  # fmt: skip
_COUNTS = (*_AGES, "collective_population", "pensioners", "women_15_49")
SERIES = (
    *(Series(name, "persons", "stock", f"residents: {name.replace('_', ' ')}") for name in _COUNTS),
    Series("care_need", "persons", "stock", "old people who need daily help, expected by age"),
    Series("moved_in", "persons", "flow", "residents who moved in from another district of the city"),
    Series("moved_out", "persons", "flow", "residents who moved out to another district of the city"),
    Series("registered_population", "persons", "stock", "people registered here, wherever they live", False),
    Series("households", "households", "stock", "family households"),
    Series("one_person_households", "households", "stock", "family households of one"),
    Series("mean_household_size", "persons", "rate", "family members per family household"),
    Series(
        "population_urban_districts", "persons", "stock", "residents of the urban districts together", False
    ),
)


#: Asked of a resident beside activity and sector, a bit each: draws a pension, lives in a collective place, has a shop to
#: work in or to own.
FLAGS = 8
#: Shapes of a district's counts by age and by work, and their cells.
_BY_AGE, _BY_WORK = (2, OLDEST + 1), (N_ACTIVITIES, N_SECTORS, FLAGS)
AGE_CELLS, WORK_CELLS = math.prod(_BY_AGE), math.prod(_BY_WORK)


@inlined
def age_cell(district, sex, birth, month):
    """Place of a resident in the count by age (uint16, as wide as the widest column it looks at)."""
    years = np.uint16(np.uint16(np.int16(month) - np.int16(birth)) // np.uint16(12))
    of_sex = np.uint16(np.uint16(np.uint8(sex)) * np.uint16(OLDEST + 1))
    return np.uint16(
        np.uint16(np.uint16(np.uint8(district)) * np.uint16(AGE_CELLS))
        + of_sex
        + min(years, np.uint16(OLDEST))
    )


@inlined
def work_cell(district, activity, sector, pension, collective, employer):
    """Place of a resident in the count by work (uint16)."""
    flags = (
        np.uint16(pension > 0)
        | np.uint16(np.uint16(collective > 0) << np.uint16(1))
        | np.uint16(np.uint16(employer != 0) << np.uint16(2))
    )
    at = np.uint16(np.uint16(np.uint8(activity)) * np.uint16(N_SECTORS)) + np.uint16(np.uint8(sector))
    return np.uint16(
        np.uint16(np.uint16(np.uint8(district)) * np.uint16(WORK_CELLS))
        + np.uint16(at * np.uint16(FLAGS))
        + flags
    )


@kernel
def count_people(P, month, ages, works, cell, flag, here, first, stop):
    """Residents of rows [first, stop) into ages[4, district * sex * years] and works[4, district * activity * sector * flags], by
    the district in which they were last counted. Returns how many are registered.

    `cell`, `flag`, `here`: scratch of a block, in which places are found in vector code before they are added up.
    """
    registered = 0
    for begin in range(first, stop, BLOCK):
        end = min(begin + BLOCK, stop)
        for i in range(begin, end):
            p, j = np.uint64(i), np.uint64(i - begin)
            cell[j] = age_cell(P.counted[p], P.sex[p], P.birth[p], month)
            flag[j] = P.state[p] == RESIDENT
        for state in (RESIDENT, GONE):
            registered += count_both(P.hukou, 1, P.state, state, begin, end)
        residents = here[: pack(flag[: end - begin], 0, here, 0)]
        tally_some(cell, residents, ages)
        for i in range(begin, end):
            p = np.uint64(i)
            cell[np.uint64(i - begin)] = work_cell(
                P.counted[p], P.activity[p], P.sector[p], P.pension[p], P.collective[p], P.employer[p]
            )
        tally_some(cell, residents, works)
    return registered


@kernel
def movers(counted, district, flag, out):
    """Rows of people elsewhere than where they were last counted, into `out`; returns how many. `flag`: scratch of a block."""
    n = 0
    for begin in range(1, counted.size, BLOCK):
        end = min(begin + BLOCK, counted.size)
        for i in range(begin, end):
            flag[np.uint64(i - begin)] = counted[np.uint64(i)] != district[np.uint64(i)]
        n = pack(flag[: end - begin], begin, out, n)
    return n


@kernel
def move(P, rows, month, ages, works, moved):
    """Count the residents of `rows` where they are now, not where they were last; in moved[0], moved[1], into which districts
    and out of which, those too who died or left this month."""
    for p in rows:
        old, new = np.int64(P.counted[p]), np.int64(P.district[p])
        P.counted[p] = new
        if P.state[p] == RESIDENT or P.left[p] == month:
            moved[0, new] += 1
            moved[1, old] += 1
        if P.state[p] == RESIDENT:
            age = age_cell(0, P.sex[p], P.birth[p], month)
            work = work_cell(0, P.activity[p], P.sector[p], P.pension[p], P.collective[p], P.employer[p])
            ages[old * AGE_CELLS + age] -= 1
            ages[new * AGE_CELLS + age] += 1
            works[old * WORK_CELLS + work] -= 1
            works[new * WORK_CELLS + work] += 1


@kernel
def count_homes(state, size, district, sizes, cell, flag, here, first, stop):
    """Active households of rows [first, stop) into sizes[4, district * size]; `cell`, `flag`, `here` as above."""
    for begin in range(first, stop, BLOCK):
        end = min(begin + BLOCK, stop)
        for i in range(begin, end):
            h, j = np.uint64(i), np.uint64(i - begin)
            members = np.uint16(min(size[h], np.int16(SIZES - 1)))
            cell[j] = np.uint16(np.uint16(np.uint8(district[h])) * np.uint16(SIZES)) + members
            flag[j] = state[h] == ACTIVE
        tally_some(cell, here[: pack(flag[: end - begin], 0, here, 0)], sizes)


def _scratch() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.empty(BLOCK, np.uint16), np.empty(BLOCK, np.uint8), np.empty(BLOCK + 1, np.int32)


def _people(world: World) -> Callable[[int, int, int], tuple[int, np.ndarray, np.ndarray]]:
    """`count_people` of a chunk of rows."""
    view, nd = world.persons.view(), world.nd

    def work(_: int, first: int, stop: int) -> tuple[int, np.ndarray, np.ndarray]:
        ages, works = np.zeros((4, nd * AGE_CELLS), np.int32), np.zeros((4, nd * WORK_CELLS), np.int32)
        return count_people(view, world.month, ages, works, *_scratch(), first, stop), ages, works

    return work


def _families(world: World) -> Callable[[int, int, int], np.ndarray]:
    """`count_homes` of a chunk of rows."""
    h = world.households

    def work(_: int, first: int, stop: int) -> np.ndarray:
        sizes = np.zeros((4, world.nd * SIZES), np.int32)
        count_homes(h.state, h.size, h.district, sizes, *_scratch(), first, stop)
        return sizes

    return work


def people_settled(world: World) -> None:
    """Begin to count people, all but those who will still move within the city."""
    world.ahead("population.people", _people(world), world.persons.n, 2 * CHUNK)


def moves_settled(world: World) -> None:
    """Begin to count families."""
    world.ahead("population.families", _families(world), world.households.n, 4 * CHUNK)


def count_all(world: World) -> np.ndarray:
    """Everybody once, for all who observe: residents by age and by work, registered people, family households.

    Returns int64[2, n_districts]: residents who moved in from another district since the last count, and out to one.
    """
    p, nd, memory = world.persons, world.nd, world.memory
    people = world.map_begun("population.people", _people(world), p.n, 2 * CHUNK)
    families = world.map_begun("population.families", _families(world), world.households.n, 4 * CHUNK)
    registered, by_age, by_work = zip(*people, strict=True)
    ages, works = sum(by_age).sum(axis=0, dtype=np.int64), sum(by_work).sum(axis=0, dtype=np.int64)
    rows, moved = np.empty(p.n + 1, np.int32), np.zeros((2, nd), np.int64)
    move(
        p.view(),
        rows[: movers(p.counted, p.district, np.empty(BLOCK, np.uint8), rows)],
        world.month,
        ages,
        works,
        moved,
    )
    memory["population.registered"] = sum(registered)
    memory["population.ages"] = ages.reshape(nd, *_BY_AGE)
    memory["population.work"] = works.reshape(nd, *_BY_WORK)
    sizes = sum(families).sum(axis=0).reshape(nd, SIZES)
    memory["population.families"] = np.stack(
        [sizes.sum(axis=1), sizes[:, 1], (sizes * np.arange(SIZES)).sum(axis=1)]
    )
    return moved


def by_flag(world: World, bit: int) -> np.ndarray:
    """int64[n_districts] residents with a flag: 0 pension, 1 collective, 2 shop."""
    chosen = world.memory["population.work"][..., np.arange(FLAGS) >> bit & 1 == 1]
    found: np.ndarray = chosen.reshape(world.nd, -1).sum(axis=1)
    return found


def start(world: World) -> None:
    """Everybody is counted where the base city puts them."""
    world.persons.counted[:] = world.persons.district
    count_all(world)


def step(world: World) -> None:
    """Moves between districts, net over the month: with births, deaths and migration they balance each district's people."""
    into, out = count_all(world)
    world.counter("moved_in")[: world.nd] += into
    world.counter("moved_out")[: world.nd] += out


def observe(world: World) -> dict[str, np.ndarray]:
    """All stocks of people."""
    nd, ages = world.nd, world.memory["population.ages"]
    counts = {name: ages[:, :, low : high + 1].sum(axis=(1, 2)) for name, (low, high) in _AGES.items()}
    counts["pensioners"], counts["collective_population"] = by_flag(world, 0), by_flag(world, 1)
    counts["women_15_49"] = ages[:, FEMALE, 15:50].sum(axis=1)
    result = {name: np.append(row, row.sum()).astype(np.float64) for name, row in counts.items()}
    p = world.params
    result["care_need"] = (
        p["population.care_60"] * (result["population_60_plus"] - result["population_70_79"] - result["population_80_plus"])
        + p["population.care_70"] * result["population_70_79"]
        + p["population.care_80"] * result["population_80_plus"]
    )  # fmt: skip
    registered = np.full(nd + 1, np.nan)
    registered[-1] = world.memory["population.registered"]
    result["registered_population"] = registered
    number, ones, members = (
        np.append(row, row.sum()).astype(np.float64) for row in world.memory["population.families"]
    )
    result["households"], result["one_person_households"] = number, ones
    result["mean_household_size"] = members / np.maximum(number, 1.0)
    urban = np.array([d.kind == "district" for d in world.pack.config.districts])
    total_urban = np.full(nd + 1, np.nan)
    total_urban[-1] = float(result["population"][:nd][urban].sum())
    result["population_urban_districts"] = total_urban
    return result
