"""Stocks of people: counted from the tables each month, by district."""

from __future__ import annotations

import numpy as np

from krimp.state.codes import ACTIVE, RESIDENT
from krimp.state.compile import kernel
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS: tuple[Parameter, ...] = ()
_BANDS = tuple(f"population_{a}_{a + 4}" for a in (15, 20, 25, 30))
_COUNTS = (
    "population", "population_0_14", "population_15_59", "population_60_plus", "population_65_plus",
    "collective_population", "pensioners", *_BANDS, "women_15_49",
)  # fmt: skip
SERIES = (
    *(Series(name, "persons", "stock", f"residents: {name.replace('_', ' ')}") for name in _COUNTS),
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
def count(state, birth, sex, district, collective, pension, hukou, month, out, first, stop):
    """out[series, district] of rows [first, stop); returns registered people."""
    registered = 0
    for p in range(first, stop):
        s = state[p]
        if s != 2 and hukou[p] == 1:
            registered += 1
        if s != RESIDENT:
            continue
        d = district[p]
        age = (month - np.int64(birth[p])) // 12
        out[0, d] += 1
        if age < 15:
            out[1, d] += 1
        elif age < 60:
            out[2, d] += 1
        else:
            out[3, d] += 1
            if age >= 65:
                out[4, d] += 1
        if collective[p] > 0:
            out[5, d] += 1
        if pension[p] > 0:
            out[6, d] += 1
        if 15 <= age < 35:
            out[7 + (age - 15) // 5, d] += 1
        if sex[p] == 0 and 15 <= age < 50:
            out[11, d] += 1
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
    for h in range(1, state.size):
        if state[h] == ACTIVE:
            d = district[h]
            out[0, d] += 1
            if size[h] == 1:
                out[1, d] += 1
            out[2, d] += size[h]


def start(world: World) -> None:
    """Everybody is counted where the base city puts them."""
    world.persons.counted[:] = world.persons.district


def step(world: World) -> None:
    """Moves between districts, net over the month: with births, deaths and migration they balance each district's people."""
    persons, nd = world.persons, world.nd

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

    def work(_: int, first: int, stop: int) -> tuple[int, np.ndarray]:
        out = np.zeros((len(_COUNTS), nd), np.int64)
        n = count(
            persons.state, persons.birth, persons.sex, persons.district, persons.collective, persons.pension,
            persons.hukou, world.month, out, first, stop,
        )  # fmt: skip
        return n, out

    parts = world.map_chunks(work, persons.n)
    total = sum(out for _, out in parts)
    result = {name: np.append(total[i], total[i].sum()).astype(np.float64) for i, name in enumerate(_COUNTS)}
    registered = np.full(nd + 1, np.nan)
    registered[-1] = sum(n for n, _ in parts)
    result["registered_population"] = registered
    h = world.households
    homes = np.zeros((3, nd), np.int64)
    count_homes(h.state, h.size, h.district, homes)
    number, ones, members = (np.append(row, row.sum()).astype(np.float64) for row in homes)
    result["households"], result["one_person_households"] = number, ones
    result["mean_household_size"] = members / np.maximum(number, 1.0)
    urban = np.array([d.kind == "district" for d in world.pack.config.districts])
    total_urban = np.full(nd + 1, np.nan)
    total_urban[-1] = float(result["population"][:nd][urban].sum())
    result["population_urban_districts"] = total_urban
    return result
