"""Schooling: children start school, move up, and leave it, once a year.

In September children of six become pupils; at 12, 15 and 18 they have completed primary, junior and senior middle
school. At 15 a share goes on to senior middle or vocational school, the others look for work. At 18 some leave for a
university elsewhere (`student_exit`, later in September); in October those who stayed leave school for work or study
at a local college until 21.
"""

from __future__ import annotations

import numpy as np

from krimp.processes.kin import chance, life, report
from krimp.processes.luck import BLOCK, sift_all
from krimp.state.codes import (
    CHILD,
    EVENT,
    JUNIOR,
    NO_SCHOOL,
    PRIMARY,
    PUPIL,
    REASON,
    RESIDENT,
    SENIOR,
    STUDENT,
    TERTIARY,
    UNEMPLOYED,
)
from krimp.state.compile import kernel, prefetch
from krimp.state.counting import pack
from krimp.state.parameters import Parameter
from krimp.state.purposes import LOCAL_COLLEGE, SENIOR_SCHOOL
from krimp.state.world import Series, World, emit

PARAMETERS = (
    Parameter(
        "schooling.senior", 0.87, "share", "beta(0.87, 0.04)",
        "[R] gross enrolment in senior secondary schools, China, 82.5% (2010) to 91% (2020)",
        "pupils of 15 who go on to senior middle or vocational school", 0.0, 1.0,
    ),
    Parameter(
        "schooling.local_college", 0.10, "share", "uniform(0.04, 0.18)", "[A] one teachers' college in the city",
        "school leavers of 18 still here in October who study at a local college", 0.0, 1.0,
    ),
)  # fmt: skip
SERIES = (Series("school_leavers", "persons", "flow", "residents who left school or college for work"),)
BRANCHES = (
    "schooling.starts", "schooling.moves_up", "schooling.leaves_at_15", "schooling.leaves_at_18",
    "schooling.local_college", "schooling.graduates",
)  # fmt: skip

_END, _BY_AGE = EVENT["school_end"], REASON["age"]


@kernel
def of_the_year(state, activity, birth, schooling, month, autumn, flags, kept, first, stop):
    """Residents of rows [first, stop) for whom something may change in `move_up`; returns how many. For `luck.sift_all`."""
    n = 0
    for begin in range(first, stop, BLOCK):
        end = min(begin + BLOCK, stop)
        for i in range(begin, end):
            p = np.uint64(i)
            age = np.int16(month) - birth[p]
            enters = (activity[p] == CHILD) & (age >= 72)
            completes = (schooling[p] < PRIMARY) & (age >= 144) | (schooling[p] < JUNIOR) & (age >= 180)
            leaves = (activity[p] == PUPIL) & (age >= 216) | (activity[p] == STUDENT) & (age >= 252)
            changes = leaves if autumn else enters | (activity[p] == PUPIL) & completes
            flags[np.uint64(i - begin)] = (state[p] == RESIDENT) & changes
        n = pack(flags[: end - begin], begin, kept, n)
    return n


@kernel
def move_up(X, rows, autumn, senior, college, leavers, fired):
    """One school year: entry, completed levels, leaving at 15 (September) or 18 and 21 (October, `autumn`)."""
    P = X.P
    for i in range(rows.size):
        if i + 16 < rows.size:
            prefetch((P.birth, P.activity, P.schooling, P.key, P.district, P.household), rows[i + 16])
        p = rows[i]
        age = (X.month - np.int64(P.birth[p])) // 12
        done = False
        if not autumn:
            if P.activity[p] == CHILD and age >= 6:
                P.activity[p] = PUPIL
                fired[0] += 1
            if P.activity[p] != PUPIL:
                continue
            level = JUNIOR if age >= 15 else PRIMARY if age >= 12 else NO_SCHOOL
            if P.schooling[p] < level:
                P.schooling[p] = level
                fired[1] += 1
                if age == 15 and not chance(X.seed, P.key[p], X.month, SENIOR_SCHOOL, senior):
                    fired[2] += 1
                    done = True
        elif P.activity[p] == PUPIL and age >= 18:
            if P.schooling[p] < SENIOR:
                P.schooling[p] = SENIOR
            if age < 20 and chance(X.seed, P.key[p], X.month, LOCAL_COLLEGE, college):
                P.activity[p] = STUDENT
                fired[4] += 1
            else:
                fired[3] += 1
                done = True
        elif P.activity[p] == STUDENT and age >= 21:
            P.schooling[p] = TERTIARY
            fired[5] += 1
            done = True
        if done:
            P.activity[p] = UNEMPLOYED
            leavers[P.district[p]] += 1
            emit(X.E, X.month, _END, _BY_AGE, P.district[p], p, P.household[p], 0, 0, 0)


def step(world: World) -> None:
    """Nothing but in September and October."""
    if world.month_of_year not in (9, 10):
        return
    p, month, autumn = world.persons, world.month, world.month_of_year == 10
    rows = sift_all(
        world,
        lambda flags, kept, first, stop: of_the_year(
            p.state, p.activity, p.birth, p.schooling, month, autumn, flags, kept, first, stop
        ),
    )
    fired = np.zeros(len(BRANCHES), np.int64)
    move_up(
        life(world, events=len(rows)), rows, autumn, world.params["schooling.senior"],
        world.params["schooling.local_college"], world.counter("school_leavers"), fired,
    )  # fmt: skip
    report(world, BRANCHES, fired)
