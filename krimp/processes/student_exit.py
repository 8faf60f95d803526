"""Student exit: at 18, in September, a large share of a cohort leaves for a university elsewhere, most for good.

Share leaving = student_exit.share * exp(-kappa_s * home appeal); coming back after the degree is `return_migration`'s
(86% of those admitted outside the province do not). This spike removes the cohorts that would bear children.
"""

from __future__ import annotations

import numpy as np

from krimp.processes.kin import after_departure, chance, go_away, life, report
from krimp.processes.life_screening import AGES, LifeHazard
from krimp.processes.out_migration import destination, destinations, response
from krimp.state import months
from krimp.state.codes import (
    COAST,
    ELSEWHERE,
    EVENT,
    JIANGSU,
    MARRIED,
    NEAR_TOWN,
    PROVINCE_CAPITAL,
    REASON,
    RESIDENT,
    SENIOR,
)
from krimp.state.compile import kernel
from krimp.state.families import foresee
from krimp.state.parameters import Parameter
from krimp.state.purposes import OUT_HUKOU, STUDENT_EXIT, STUDENT_PLACE
from krimp.state.world import Series, World, emit

PARAMETERS = (
    Parameter(
        "student_exit.share", 0.465, "share", "beta(0.465, 0.04)",
        "[D] first probe: 40% of a cohort is gone for good after 18; [S] 86% of graduates do not return: .40 / .86",
        "share of the 18-year-olds who leave in September", 0.0, 0.75,
    ),
    Parameter(
        "student_exit.response", 0.4, "elasticity", "uniform(0.0, 0.8)",
        "[A] study follows marks more than the state of the city", "kappa_s", 0.0, 3.0,
    ),
)  # fmt: skip
SERIES = (Series("student_leavers", "persons", "flow", "18-year-olds who left to study"),)
BRANCHES = ("student_exit.leaves",)
BOUND = 0.8
#: Where students go, shares: [A] most to the provincial capital, the rest to bigger cities.
SHARES = {NEAR_TOWN: 0.15, PROVINCE_CAPITAL: 0.45, COAST: 0.15, JIANGSU: 0.05, ELSEWHERE: 0.20}

_EXIT, _STUDY = EVENT["student_exit"], REASON["study"]


def _bound(world: World, month: int) -> np.ndarray:
    bound = np.zeros((2, AGES))
    if months.of_year(month) == 9:
        bound[:, 18] = BOUND
    return bound


HAZARDS = (LifeHazard("student_exit", RESIDENT, _bound),)


@kernel
def leave_to_study(X, rows, share, bound, places, hukou_moves, leavers, out, fired):
    """Candidates of 18 leave, alone; `share` by district, `places` cumulative shares of destinations."""
    P, H = X.P, X.H
    for i in range(rows.size):
        foresee(P, H, rows, i)
        p = rows[i]
        if P.state[p] != RESIDENT or P.marital[p] == MARRIED:
            continue
        district = P.district[p]
        if not chance(X.seed, P.key[p], X.month, STUDENT_EXIT, share[district] / bound):
            continue
        h = P.household[p]
        if P.hukou[p] == 1 and chance(X.seed, P.key[p], X.month, OUT_HUKOU, hukou_moves):
            P.hukou[p] = 0
        place = destination(X.seed, P.key[p], X.month, STUDENT_PLACE, places)
        if P.schooling[p] < SENIOR:
            P.schooling[p] = SENIOR
        go_away(X, p, place, True)
        leavers[district] += 1
        out[district] += 1
        fired[0] += 1
        emit(X.E, X.month, _EXIT, _STUDY, district, p, h, H.dwelling[h], 0, 0)
        after_departure(X, h)


def step(world: World) -> None:
    """September only."""
    if world.month_of_year != 9:
        return
    p = world.params
    rows = world.candidates["student_exit"]
    share = response(world, p["student_exit.response"], 1.0)
    share = np.minimum(share * p["student_exit.share"], BOUND)
    fired = np.zeros(len(BRANCHES), np.int64)
    leave_to_study(
        life(world, events=len(rows)), rows, share, BOUND, destinations(world, SHARES),
        p["out_migration.hukou_moves"], world.counter("student_leavers"), world.counter("out_migrants"), fired,
    )  # fmt: skip
    report(world, BRANCHES, fired)
