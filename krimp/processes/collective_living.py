"""Collective living: boarding schools, camps and care homes, a real population that stays about as large as it was.

The fourfold rise in the census of 2020 is mostly enumeration (`census_observation`), not a life. Each September boarders of
19 go home or found a home, pupils of 15 to 17 take the free beds; camps let go those over 55 and take single men;
care homes take people of 75 and over who live alone, as beds allow. Beds follow the population.
"""

from __future__ import annotations

import numpy as np

from krimp.processes.kin import age_of, at_home, chance, life, move_in, report
from krimp.state.codes import (
    CAMP,
    CARE,
    EVENT,
    MALE,
    MARRIED,
    OTHER_COLLECTIVE,
    PUPIL,
    REASON,
    RESIDENT,
    SCHOOL,
    STUDENT,
    WANT_NEW,
)
from krimp.state.compile import allocating_kernel
from krimp.state.families import new_household, unlink
from krimp.state.parameters import Parameter
from krimp.state.purposes import COLLECTIVE_IN
from krimp.state.world import Series, World, emit

PARAMETERS = (
    Parameter(
        "collective_living.beds_follow", 0.7, "elasticity", "uniform(0.3, 1.0)", "[A]", "beds to population", 0.0, 3.0
    ),
    Parameter(
        "collective_living.care_growth", 0.02, "per year", "uniform(0.0, 0.05)",
        "[A] places in care grew in the 2010s; need grows with age", "growth of care beds", -0.2, 0.3,
    ),
)  # fmt: skip
SERIES = (Series("care_places", "places", "stock", "beds in care homes"),)
BRANCHES = (
    "collective_living.school_leavers",
    "collective_living.boarders",
    "collective_living.care",
    "collective_living.camp",
)

_INTO, _OUT = EVENT["into_collective"], EVENT["out_of_collective"]
_SCHOOL, _CARE, _CAMP = REASON["school"], REASON["care"], REASON["camp"]


def start(world: World) -> None:
    """Beds of the base, by kind and district."""
    persons = world.persons
    beds = np.zeros((5, world.nd), np.int64)
    mine = (persons.state == RESIDENT) & (persons.collective > 0)
    np.add.at(beds, (persons.collective[mine].astype(np.int64), persons.district[mine].astype(np.int64)), 1)
    world.memory["collective_living.beds"] = beds
    world.memory["collective_living.care"] = beds[CARE].copy()
    world.memory["collective_living.people"] = int(np.count_nonzero(persons.state == RESIDENT))


@allocating_kernel
def change(X, beds, homes, districts, fired):
    """Leavers first, then the free beds are filled in row order of a keyed screen. Returns new households."""
    P, H = X.P, X.H
    n = 0
    used = np.zeros(beds.shape, np.int64)
    for p in range(1, P.used[0]):
        k = P.collective[p]
        if k == 0 or P.state[p] != RESIDENT:
            continue
        age = age_of(P, p, X.month) // 12
        d = P.district[p]
        if (
            (k == SCHOOL and age >= 19 and P.activity[p] != STUDENT)
            or (k == SCHOOL and age >= 23)
            or ((k == CAMP or k == OTHER_COLLECTIVE) and age > 55)
        ):
            h = at_home(P, H, P.mother[p])
            if h == 0 and P.partner[p] != 0:
                h = at_home(P, H, P.partner[p])
            if h != 0:
                move_in(X, p, h)
            else:
                h = new_household(P, H, p, X.month)
                homes[n] = h
                districts[n] = d
                n += 1
            fired[0] += 1
            emit(X.E, X.month, _OUT, _SCHOOL if k == SCHOOL else _CAMP, d, p, h, H.dwelling[h], 0, 0)
        else:
            used[k, d] += 1
    for p in range(1, P.used[0]):
        h = P.household[p]
        if P.state[p] != RESIDENT or h == 0:
            continue
        age = age_of(P, p, X.month) // 12
        d = P.district[p]
        kind = 0
        if P.activity[p] == PUPIL and 15 <= age <= 17 and H.size[h] > 1 and used[SCHOOL, d] < beds[SCHOOL, d]:
            kind = SCHOOL if chance(X.seed, P.key[p], X.month, COLLECTIVE_IN, 0.5) else 0
        elif (
            P.sex[p] == MALE and P.marital[p] != MARRIED and 22 <= age <= 45 and H.size[h] > 1
            and used[CAMP, d] < beds[CAMP, d]
        ):  # fmt: skip
            kind = CAMP if chance(X.seed, P.key[p], X.month, COLLECTIVE_IN, 0.2) else 0
        elif age >= 75 and H.size[h] > 1 and P.marital[p] != MARRIED and used[CARE, d] < beds[CARE, d]:
            kind = CARE if chance(X.seed, P.key[p], X.month, COLLECTIVE_IN, 0.3) else 0
        if kind == 0 or H.first[h] == p:  # the head keeps the home
            continue
        unlink(P, H, p)
        P.collective[p] = kind
        used[kind, d] += 1
        fired[1 if kind == SCHOOL else 2 if kind == CARE else 3] += 1
        emit(
            X.E,
            X.month,
            _INTO,
            _SCHOOL if kind == SCHOOL else _CARE if kind == CARE else _CAMP,
            d,
            p,
            h,
            0,
            0,
            0,
        )
    return n


def step(world: World) -> None:
    """September only."""
    if world.month_of_year != 9:
        return
    p, memory = world.params, world.memory
    people = np.count_nonzero(world.persons.state == RESIDENT) / max(memory["collective_living.people"], 1)
    years = (world.month - world.base) / 12.0
    factor = np.full(5, 1.0 + p["collective_living.beds_follow"] * (people - 1.0))
    factor[CARE] = 1.0 + p["collective_living.care_growth"] * years
    beds = (memory["collective_living.beds"] * np.maximum(factor, 0.0)[:, None]).astype(np.int64)
    memory["collective_living.care"] = beds[CARE].copy()
    room = int(np.count_nonzero(world.persons.collective)) + 1
    homes, districts = np.zeros(room, np.int32), np.zeros(room, np.int8)
    fired = np.zeros(len(BRANCHES), np.int64)
    n = change(life(world, households=room, events=3 * room), beds, homes, districts, fired)
    world.seek(homes[:n], WANT_NEW, districts[:n])
    report(world, BRANCHES, fired)


def observe(world: World) -> dict[str, np.ndarray]:
    """Beds in care."""
    beds = world.memory["collective_living.care"].astype(np.float64)
    return {"care_places": np.append(beds, beds.sum())}
