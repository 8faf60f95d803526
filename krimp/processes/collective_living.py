"""Collective living: boarding schools, camps and care homes, a real population that stays about as large as it was.

The fourfold rise in the census of 2020 is mostly enumeration (`census_observation`), not a life. Each September boarders of
19 go home or found a home, pupils of 15 to 17 take the free beds; camps let go those over 55 and take single men;
care homes take people of 75 and over who live alone, as beds allow. Beds follow the population.
"""

from __future__ import annotations

import numpy as np

from krimp.processes.kin import age_of, at_home, life, move_in, report
from krimp.processes.luck import BLOCK, sift_all
from krimp.state.codes import (
    CAMP,
    CARE,
    EVENT,
    MALE,
    MARRIED,
    NOT_COLLECTIVE,
    OTHER_COLLECTIVE,
    PUPIL,
    REASON,
    RESIDENT,
    SCHOOL,
    STUDENT,
    WANT_NEW,
)
from krimp.state.compile import inlined, kernel, prefetch
from krimp.state.counting import pack
from krimp.state.families import new_household, unlink
from krimp.state.parameters import Parameter
from krimp.state.purposes import COLLECTIVE_IN
from krimp.state.random import fill, threshold
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

#: Who of those that may takes a free bed, a share by kind.
TAKES = {SCHOOL: 0.5, CAMP: 0.2, CARE: 0.3}

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


@inlined
def kind_for(birth, sex, marital, activity, month):
    """Kind of collective place that may take such a person of a family, 0 for none."""
    age = np.int16(month) - birth
    pupil = (activity == PUPIL) & (age >= 15 * 12) & (age < 18 * 12)
    single = (sex == MALE) & (marital != MARRIED) & (age >= 22 * 12) & (age < 46 * 12)
    old = (age >= 75 * 12) & (marital != MARRIED)
    return SCHOOL if pupil else CAMP if single else CARE if old else NOT_COLLECTIVE


@kernel
def in_places(state, collective, flags, kept, first, stop):
    """Residents of rows [first, stop) in collective places; returns how many. For `luck.sift_all`."""
    n = 0
    for begin in range(first, stop, BLOCK):
        end = min(begin + BLOCK, stop)
        for i in range(begin, end):
            p = np.uint64(i)
            flags[np.uint64(i - begin)] = (state[p] == RESIDENT) & (collective[p] != 0)
        n = pack(flags[: end - begin], begin, kept, n)
    return n


@kernel
def let_go(X, rows, used, homes, districts, fired):
    """Leavers among `rows`; `used`: beds of the others. Returns new households."""
    P, H = X.P, X.H
    n = 0
    for p in rows:
        k = P.collective[p]
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
    return n


@kernel
def may_move_in(
    key, state, household, birth, sex, marital, activity, seed, month, limits, scratch, flags, kept, first, stop,
):  # fmt: skip
    """Members of families of rows [first, stop) who would take a bed if there is one, for what they are and for luck.
    limits: uint32 thresholds of luck by kind; `scratch`: keys, rows and words of a block. Returns how many. For `luck.sift_all`."""
    keys, here, words = scratch
    n = 0
    for begin in range(first, stop, BLOCK):
        end = min(begin + BLOCK, stop)
        for i in range(begin, end):
            p = np.uint64(i)
            kind = kind_for(birth[p], sex[p], marital[p], activity[p], month)
            flags[np.uint64(i - begin)] = (state[p] == RESIDENT) & (household[p] != 0) & (kind != 0)
        fit = pack(flags[: end - begin], begin, here, 0)
        for k in range(fit):
            keys[np.uint64(k)] = key[np.uint64(here[k])]
        fill(seed, keys[:fit], month, COLLECTIVE_IN, words)
        for k in range(fit):
            p = np.uint64(here[k])
            kept[n] = here[k]
            n += words[np.uint64(k)] < limits[kind_for(birth[p], sex[p], marital[p], activity[p], month)]
    return n


@kernel
def take_in(X, rows, beds, used, fired):
    """Fill the free beds with `rows` in order."""
    P, H = X.P, X.H
    for i in range(rows.size):
        if i + 24 < rows.size:
            prefetch((P.household, P.district, P.birth, P.sex, P.marital, P.activity), rows[i + 24])
        if i + 12 < rows.size:
            prefetch((H.size, H.first), P.household[rows[i + 12]])
        p = rows[i]
        h = P.household[p]
        d = P.district[p]
        kind = kind_for(P.birth[p], P.sex[p], P.marital[p], P.activity[p], X.month)
        if used[kind, d] >= beds[kind, d] or H.size[h] <= 1 or H.first[h] == p:  # the head keeps the home
            continue
        unlink(P, H, p)
        P.collective[p] = kind
        used[kind, d] += 1
        fired[1 if kind == SCHOOL else 2 if kind == CARE else 3] += 1
        why = _SCHOOL if kind == SCHOOL else _CARE if kind == CARE else _CAMP
        emit(X.E, X.month, _INTO, why, d, p, h, 0, 0, 0)


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
    persons = world.persons
    leavers = sift_all(
        world,
        lambda flags, kept, first, stop: in_places(
            persons.state, persons.collective, flags, kept, first, stop
        ),
    )
    room = len(leavers) + 1
    homes, districts = np.zeros(room, np.int32), np.zeros(room, np.int8)
    fired, used = np.zeros(len(BRANCHES), np.int64), np.zeros(beds.shape, np.int64)
    n = let_go(life(world, households=room, events=room), leavers, used, homes, districts, fired)
    limits = np.array([threshold(TAKES.get(kind, 0.0)) for kind in range(len(beds))], np.uint32)
    of_person = (
        persons.key, persons.state, persons.household, persons.birth, persons.sex, persons.marital, persons.activity,
    )  # fmt: skip
    rows = sift_all(
        world,
        lambda flags, kept, first, stop: may_move_in(
            *of_person, world.seed, world.month, limits,
            (np.empty(BLOCK, np.uint64), np.empty(BLOCK + 1, np.int32), np.empty(BLOCK, np.uint32)),
            flags, kept, first, stop,
        ),
    )  # fmt: skip
    take_in(life(world, events=len(rows)), rows, beds, used, fired)
    world.seek(homes[:n], WANT_NEW, districts[:n])
    report(world, BRANCHES, fired)


def observe(world: World) -> dict[str, np.ndarray]:
    """Beds in care."""
    beds = world.memory["collective_living.care"].astype(np.float64)
    return {"care_places": np.append(beds, beds.sum())}
