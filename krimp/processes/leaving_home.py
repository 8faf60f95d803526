"""Leaving home: grown children and young couples set up their own home; lonely old people move to a child.

Monthly hazards of the first probe of the city's households: .0004 to .001 for unmarried adults who live with their
parents, .0005 to .001 for couples who do; both grow by a trend towards living apart. Somebody widowed or divorced of
65 and over who lives alone moves to a child's home at a small hazard that doubles at 80.
"""

from __future__ import annotations

import numpy as np

from krimp.processes.kin import (
    chance,
    child_with_home,
    gather_minors,
    has_parent_in,
    life,
    merge_into,
    move_in,
    report,
    sweep_minors,
    together,
)
from krimp.processes.life_screening import AGES, LifeHazard
from krimp.state.codes import EMPLOYED, EVENT, MALE, MARRIED, REASON, RESIDENT, STUDENT, WANT_NEW
from krimp.state.compile import kernel
from krimp.state.families import foresee, new_household
from krimp.state.parameters import Parameter
from krimp.state.purposes import JOIN_CHILD, LEAVE_HOME
from krimp.state.world import Series, World, emit

PARAMETERS = (
    Parameter(
        "leaving_home.level", 0.0007, "per month", "lognormal(0.0007, 0.35)",
        "[D] first probe: .0004 to .001 a month from age 20 on",
        "hazard of unmarried adults with parents in the household to set up their own home", 0.0, 0.003,
    ),
    Parameter(
        "leaving_home.couples", 0.00075, "per month", "lognormal(0.00075, 0.3)",
        "[D] first probe: .0005 to .001 a month", "hazard of couples who live with parents", 0.0, 0.003,
    ),
    Parameter(
        "leaving_home.trend", 0.02, "per year", "normal(0.02, 0.02)",
        "[A] drift towards living apart; weakly identified, it trades off with census practice; half as fast after "
        "ten years", "growth of both hazards a year", -0.05, 0.1,
    ),
    Parameter(
        "leaving_home.jobless", 0.6, "ratio", "uniform(0.4, 0.9)", "[A]",
        "hazard of those without work relative to the employed", 0.0, 1.0,
    ),
    Parameter(
        "leaving_home.join_child", 0.0012, "per month", "lognormal(0.0012, 0.4)",
        "[A] 40-50% of the old lived with children in 2010, falling [R]",
        "hazard of lonely people of 65-79 to move to a child; double from 80 on", 0.0, 0.004,
    ),
    Parameter(
        "leaving_home.start_share", 0.2, "share", "uniform(0.1, 0.3)", "[A]",
        "share of the parents' household cash given to those who leave", 0.0, 1.0,
    ),
)  # fmt: skip
SERIES = (
    Series(
        "households_formed", "households", "flow", "new households of people who left their parents' home"
    ),
)
BRANCHES = ("leaving_home.single", "leaving_home.couple", "leaving_home.to_child")

_LEFT, _FORMED, _ENDED = EVENT["left_home"], EVENT["household_formed"], EVENT["household_ended"]
_OWN_HOME, _LONELY = REASON["new_household"], REASON["lonely_parent"]


def _bound_leave(world: World, month: int) -> np.ndarray:
    bound = np.zeros((2, AGES))
    bound[:, 20:60] = 0.006
    return bound


def _bound_join(world: World, month: int) -> np.ndarray:
    bound = np.zeros((2, AGES))
    bound[:, 65:80], bound[:, 80:] = 0.004, 0.008
    return bound


HAZARDS = (
    LifeHazard("leaving_home", RESIDENT, _bound_leave),
    LifeHazard("joining_child", RESIDENT, _bound_join),
)


def trend(world: World) -> float:
    """Growth of the hazards since the base: linear, half as fast after ten years, never below a tenth."""
    years = (world.month - world.base) / 12.0
    years = years if years < 10.0 else 10.0 + 0.5 * (years - 10.0)
    return max(1.0 + world.params["leaving_home.trend"] * years, 0.1)


@kernel
def leave(X, rows, single, couple, jobless, bound, start, founded, count, fired):
    """Candidates with parents in the household found their own. founded[k]: new households. Returns how many."""
    P, H = X.P, X.H
    k = 0
    for i in range(rows.size):
        foresee(P, H, rows, i)
        p = rows[i]
        h = P.household[p]
        if (
            P.state[p] != RESIDENT
            or h == 0
            or P.activity[p] == STUDENT
            or not has_parent_in(P, H, p, h, X.month)
        ):
            continue
        married = P.marital[p] == MARRIED
        paired = married and together(P, p)
        if paired and P.sex[p] != MALE:
            continue
        rate = couple if paired else single
        if P.activity[p] != EMPLOYED:
            rate *= jobless
        if not chance(X.seed, P.key[p], X.month, LEAVE_HOME, rate / bound):
            continue
        spouse = P.partner[p] if paired else np.int32(0)
        target = new_household(P, H, p, X.month)
        mother = p
        if paired:
            move_in(X, spouse, target)
            mother = spouse
        if paired or P.sex[p] != MALE:
            gather_minors(X, mother, h, target)
        sweep_minors(X, h, target)
        if H.size[h] == 0:
            merge_into(X, h, target)
        elif H.cash[h] > 0:
            part = np.int64(H.cash[h] * start)
            H.cash[h] -= part
            H.cash[target] += part
        founded[k] = target
        k += 1
        count[H.district[target]] += 1
        fired[1 if paired else 0] += 1
        emit(X.E, X.month, _LEFT, _OWN_HOME, H.district[target], p, h, H.dwelling[h], target, 0)
        emit(X.E, X.month, _FORMED, _OWN_HOME, H.district[target], p, target, 0, spouse, 0)
    return k


@kernel
def join(X, rows, rate, fired):
    """Lonely old candidates move to their eldest child who lives here; their home becomes the child's."""
    P, H = X.P, X.H
    for i in range(rows.size):
        p = rows[i]
        h = P.household[p]
        if P.state[p] != RESIDENT or h == 0 or H.size[h] != 1 or P.marital[p] == MARRIED:
            continue
        if not chance(X.seed, P.key[p], X.month, JOIN_CHILD, rate / 0.004):
            continue
        child = child_with_home(X, p, h)
        if child == 0:
            continue
        target = P.household[child]
        home = H.dwelling[h]
        move_in(X, p, target)
        merge_into(X, h, target)
        fired[2] += 1
        emit(X.E, X.month, _LEFT, _LONELY, H.district[target], p, target, H.dwelling[target], child, 0)
        emit(X.E, X.month, _ENDED, _LONELY, H.district[h], p, h, home, target, 0)


def step(world: World) -> None:
    """New homes of the young, then moves of the lonely old."""
    p = world.params
    fired = np.zeros(len(BRANCHES), np.int64)
    rows, old = world.candidates["leaving_home"], world.candidates["joining_child"]
    founded = np.zeros(len(rows) + 1, np.int32)
    X = life(world, households=len(rows), events=2 * (len(rows) + len(old)))
    grow = trend(world)
    k = leave(
        X, rows, min(p["leaving_home.level"] * grow, 0.006), min(p["leaving_home.couples"] * grow, 0.006),
        p["leaving_home.jobless"], 0.006, p["leaving_home.start_share"], founded,
        world.counter("households_formed"), fired,
    )  # fmt: skip
    world.seek(founded[:k].copy(), WANT_NEW, world.households.district[founded[:k]])
    join(X, old, p["leaving_home.join_child"], fired)
    report(world, BRANCHES, fired)
