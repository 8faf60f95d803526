"""Stocks of people: counted from the tables each month, by district."""

from __future__ import annotations

import numpy as np

from krimp.state.codes import ACTIVE, DEAD, FEMALE, RESIDENT
from krimp.state.compile import kernel
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter("population.care_60", 0.04, "share", "uniform(0.02, 0.06)", "[A] 18% of all over 60 in the national survey of 2015 were in some need; steep with age", "people of 60-69 who need daily help", 0.0, 1.0),
    Parameter("population.care_70", 0.11, "share", "uniform(0.07, 0.16)", "[A] as above", "people of 70-79 who need daily help", 0.0, 1.0),
    Parameter("population.care_80", 0.35, "share", "uniform(0.25, 0.45)", "[A] as above", "people of 80 or more who need daily help", 0.0, 1.0),
)  # fmt: skip
OLDEST = 120
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


@kernel
def count(state, birth, sex, district, collective, pension, hukou, month, ages, out, first, stop):
    """Residents of rows [first, stop): ages[district, sex, years], out[0] collective, out[1] pensioners by district.

    Returns registered people.
    """
    registered = 0
    for row in range(first, stop):
        p = np.uint64(row)
        registered += (state[p] != DEAD) & (hukou[p] == 1)
    for row in range(first, stop):
        p = np.uint64(row)
        lives = state[p] == RESIDENT
        d = np.uint8(district[p])
        years = np.uint64(np.int64(month) - np.int64(birth[p])) // np.uint64(12)
        ages[d, np.uint8(sex[p]), min(years, np.uint64(OLDEST))] += lives
        out[0, d] += lives & (collective[p] > 0)
        out[1, d] += lives & (pension[p] > 0)
    return registered


@kernel
def moves(state, left, district, counted, month, into, out, first, stop):
    """Residents, and those who died or left this month, who are in another district than where they were last counted."""
    for p in range(first, stop):
        if counted[p] != district[p]:
            if state[p] == RESIDENT or left[p] == month:
                into[district[p]] += 1
                out[counted[p]] += 1
            counted[p] = district[p]


@kernel
def count_homes(state, size, district, out):
    """out[0] households, out[1] of one, out[2] members, by district."""
    for row in range(1, state.size):
        h = np.uint64(row)
        active = state[h] == ACTIVE
        d = np.uint8(district[h])
        out[0, d] += active
        out[1, d] += active & (size[h] == 1)
        out[2, d] += active * size[h]


def count_families(world: World) -> None:
    """Family households, those of one person and members, int64[3, n_districts], for all who observe."""
    out = np.zeros((3, world.nd), np.int64)
    count_homes(world.households.state, world.households.size, world.households.district, out)
    world.memory["population.families"] = out


def start(world: World) -> None:
    """Everybody is counted where the base city puts them."""
    world.persons.counted[:] = world.persons.district
    count_families(world)


def step(world: World) -> None:
    """Moves between districts, net over the month: with births, deaths and migration they balance each district's people."""
    persons, nd = world.persons, world.nd
    count_families(world)

    def work(_: int, first: int, stop: int) -> np.ndarray:
        found = np.zeros((2, nd), np.int64)
        moves(
            persons.state,
            persons.left,
            persons.district,
            persons.counted,
            world.month,
            found[0],
            found[1],
            first,
            stop,
        )
        return found

    into, out = sum(world.map_chunks(work, persons.n))
    world.counter("moved_in")[:nd] += into
    world.counter("moved_out")[:nd] += out


def observe(world: World) -> dict[str, np.ndarray]:
    """All stocks of people."""
    persons, nd = world.persons, world.nd

    def work(_: int, first: int, stop: int) -> tuple[int, np.ndarray, np.ndarray]:
        ages, out = np.zeros((nd, 2, OLDEST + 1), np.int64), np.zeros((2, nd), np.int64)
        n = count(
            persons.state, persons.birth, persons.sex, persons.district, persons.collective, persons.pension,
            persons.hukou, world.month, ages, out, first, stop,
        )  # fmt: skip
        return n, ages, out

    parts = world.map_chunks(work, persons.n)
    ages, other = sum(part[1] for part in parts), sum(part[2] for part in parts)
    counts = {name: ages[:, :, low : high + 1].sum(axis=(1, 2)) for name, (low, high) in _AGES.items()}
    counts["collective_population"], counts["pensioners"] = other
    counts["women_15_49"] = ages[:, FEMALE, 15:50].sum(axis=1)
    result = {name: np.append(row, row.sum()).astype(np.float64) for name, row in counts.items()}
    p = world.params
    result["care_need"] = (
        p["population.care_60"] * (result["population_60_plus"] - result["population_70_79"] - result["population_80_plus"])
        + p["population.care_70"] * result["population_70_79"]
        + p["population.care_80"] * result["population_80_plus"]
    )  # fmt: skip
    registered = np.full(nd + 1, np.nan)
    registered[-1] = sum(part[0] for part in parts)
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
