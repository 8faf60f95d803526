"""What a census taken this month would report: an observation, never a driver.

At the base the practice is that of 2010, and census and truth agree. The census of 2020 put far more adults into
collective households: a share s(t) of family members of 16 to 74 is counted apart from their household, growing
evenly to s(2020) and flat after. A household all of whose members are counted apart is not a family household any more;
one with a single member left is a household of one. Expected values by household, from the numbers of countable adults a
and others b: P(gone) = s^a [b = 0]; P(one left) follows from the binomial.
"""

from __future__ import annotations

import numpy as np

from krimp.processes import population
from krimp.state.codes import ACTIVE
from krimp.state.compile import kernel
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter(
        "census_observation.apart", 0.080, "share", "uniform(0.06, 0.10)",
        "[D] 75,235 people in collective households in 2020 against a real 18 thousand: 57 of some 700 thousand adults"
        " of 16-74 (first probe); the split of practice and life is assumed", "adults of 16-74 counted apart in 2020", 0.0, 0.5,
    ),
    Parameter(
        "census_observation.apart_single", 0.35, "ratio", "uniform(0.2, 0.7)",
        "[A] people who live alone are counted where they live more often", "share for one-person homes over that of others", 0.0, 2.0,
    ),
)  # fmt: skip
SERIES = (
    Series("census_households", "households", "stock", "family households as a census would count them"),
    Series(
        "census_one_person_households",
        "households",
        "stock",
        "one-person households as a census would count them",
    ),
    Series(
        "census_household_size", "persons", "rate", "mean family household size as a census would count it"
    ),
    Series(
        "census_collective_population",
        "persons",
        "stock",
        "people in collective households as a census would count them",
    ),
)
BRANCHES: tuple[str, ...] = ()
PRACTICE_MONTHS = 120


@kernel
def members(household, birth, month, young, others):
    """Members of each household who are 16 to 74, and the others."""
    for row in range(1, household.size):
        p = np.uint64(row)
        years = (np.int64(month) - np.int64(birth[p])) // 12
        apart = (years >= 16) & (years < 75)
        h = np.uint32(household[p])
        young[h] += apart
        others[h] += not apart


@kernel
def expect(state, district, young, others, share, single, out):
    """out[0..3, d]: expected households, one-person households, members, members counted apart."""
    for h in range(1, state.size):
        if state[h] != ACTIVE:
            continue
        a, b = np.int64(young[h]), np.int64(others[h])
        d = district[h]
        s = share * single if a + b == 1 else share
        all_apart = 1.0
        for _ in range(a):
            all_apart *= s
        one_left = 0.0
        if b == 0:
            if a > 0:
                one_left = a * (1.0 - s)
                for _ in range(a - 1):
                    one_left *= s
        elif b == 1:
            one_left = all_apart
        gone = all_apart if b == 0 else 0.0
        out[0, d] += 1.0 - gone
        out[1, d] += one_left
        out[2, d] += a + b - s * a
        out[3, d] += s * a


def start(world: World) -> None:
    """Census and truth agree at the base."""
    _count(world)


def _count(world: World) -> None:
    p = world.params
    age = min(world.month - world.base, PRACTICE_MONTHS) / PRACTICE_MONTHS
    out = np.zeros((4, world.nd))
    persons, h = world.persons, world.households
    young, others = np.zeros((2, h.n), np.uint8)
    members(persons.household, persons.birth, world.month, young, others)
    expect(
        h.state, h.district, young, others, p["census_observation.apart"] * age, p["census_observation.apart_single"], out
    )  # fmt: skip
    homes, ones, people = world.memory["population.families"]
    real = np.stack([homes, ones, people, people])
    world.memory["census_observation.ratio"] = out / np.maximum(real, 1.0)


def observe(world: World) -> dict[str, np.ndarray]:
    """The four census series; the ratios of census to truth are renewed each May and November."""
    if world.month_of_year in (5, 11):
        _count(world)
    ratio = world.memory["census_observation.ratio"]
    real = world.memory["population.families"]
    homes, ones = real[0] * ratio[0], real[1] * ratio[1]
    members, apart = real[2] * ratio[2], real[2] * ratio[3]
    real_collective = population.by_flag(world, 1)

    def city(values: np.ndarray) -> np.ndarray:
        return np.append(values, values.sum())

    homes, ones, members = city(homes), city(ones), city(members)
    return {
        "census_households": homes,
        "census_one_person_households": ones,
        "census_household_size": members / np.maximum(homes, 1.0),
        "census_collective_population": city(real_collective + apart),
    }
