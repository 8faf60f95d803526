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
def members(household, birth, month, count):
    """Members of each household: who are 16 to 74 in the low byte, the others in the high one."""
    for row in range(1, household.size):
        p = np.uint64(row)
        years = (np.int32(month) - np.int32(birth[p])) // np.int32(12)
        apart = (years >= 16) & (years < 75)
        count[np.uint32(household[p])] += np.uint16(1) if apart else np.uint16(256)


@kernel
def expect(share, single, of):
    """of[a, b]: what a household of a countable adults and b others is expected to be: a household, one of one person,
    members, members counted apart."""
    for a in range(of.shape[0]):
        for b in range(of.shape[1]):
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
            of[a, b, 0] = 1.0 - gone
            of[a, b, 1] = one_left
            of[a, b, 2] = a + b - s * a
            of[a, b, 3] = s * a


@kernel
def add_up(state, district, count, of, out):
    """out[d, 0..3]: what active households are expected to be, added in row order."""
    for row in range(1, state.size):
        h = np.uint64(row)
        if state[h] == ACTIVE:
            expected, total = of[count[h] & 255, count[h] >> 8], out[np.uint64(np.uint8(district[h]))]
            for k in range(4):
                total[k] += expected[k]


def _expected(world: World) -> np.ndarray:
    """float64[4, n_districts] what active households are expected to be, as `expect` says."""
    p = world.params
    age = min(world.month - world.base, PRACTICE_MONTHS) / PRACTICE_MONTHS
    out = np.zeros((world.nd, 4))
    persons, h = world.persons, world.households
    count = np.zeros(h.n, np.uint16)
    members(persons.household, persons.birth, world.month, count)
    count[0] = 0
    of = np.empty((int((count & 255).max()) + 1, int((count >> 8).max()) + 1, 4))
    expect(p["census_observation.apart"] * age, p["census_observation.apart_single"], of)
    add_up(h.state, h.district, count, of, out)
    return np.ascontiguousarray(out.T)


def _due(world: World) -> bool:
    """Whether the ratios of census to truth are renewed this month: each May and November."""
    return world.month_of_year in (5, 11)


def moves_settled(world: World) -> None:
    """Begin to count when it is time."""
    if _due(world):
        world.ahead("census_observation", lambda *_: _expected(world), 2)


def start(world: World) -> None:
    """Census and truth agree at the base."""
    _count(world)


def _count(world: World) -> None:
    (expected,) = world.map_begun("census_observation", lambda *_: _expected(world), 2)
    homes, ones, people = world.memory["population.families"]
    real = np.stack([homes, ones, people, people])
    world.memory["census_observation.ratio"] = expected / np.maximum(real, 1.0)


def observe(world: World) -> dict[str, np.ndarray]:
    """The four census series."""
    if _due(world):
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
