"""Return migration: people who left come back, for parents, for work, for a slower and cheaper life.

    h = h0 * f(age) * exp(kappa_r * appeal) * parents^[a parent lives here] * loss^[out of work there] * exp(-b * years away)

(mechanisms 2.3). Graduates who left as students decide in the year after their degree: a small share returns
(14% of those admitted outside the province [S]). Spouses who left together return together, with their minors. They bring
savings that grow with the years away, and move in with a parent or look for a home. Many returns are spells: those who
came back leave again at a hazard of their own (`out_migration`).
"""

from __future__ import annotations

import numpy as np

from krimp.processes.kin import ADULT, activity_at, age_of, at_home, bring_cash, chance, life, move_in, report
from krimp.processes.life_screening import AGES, LifeHazard
from krimp.processes.luck import sift
from krimp.processes.out_migration import SHARES, destination, destinations, remember_arrivals, response
from krimp.state.codes import (
    COAST,
    EMPLOYED,
    EVENT,
    FEMALE,
    GONE,
    INACTIVE,
    JIANGSU,
    MARRIED,
    REASON,
    RESIDENT,
    STUDENT,
    UNEMPLOYED,
    WANT_ARRIVAL,
)
from krimp.state.compile import helper, kernel
from krimp.state.families import foresee, link, new_household
from krimp.state.parameters import Parameter
from krimp.state.portable import exp
from krimp.state.purposes import GRADUATE_PLACE, OUTSIDE_JOB_LOSS, RETURN, RETURN_HUKOU
from krimp.state.random import draw4, gauss, threshold, unit
from krimp.state.world import Series, World, emit

PARAMETERS = (
    Parameter(
        "return_migration.level", 0.022, "per year", "lognormal(0.022, 0.35)",
        "[A] 2-4% a year at 20-35 (mechanisms 2.3); the lower end, for a place that pushes", "hazard of those who left to work",
        0.0, 0.06,
    ),
    Parameter("return_migration.older", 1.5, "ratio", "uniform(1.0, 2.0)", "[A] +50% from 45 on", "", 0.0, 2.5),
    Parameter(
        "return_migration.student_share", 0.14, "share", "beta(0.14, 0.04)",
        "[S] 14% of Heilongjiang students admitted elsewhere come back to work (press 2020)",
        "graduates who return in the year after the degree", 0.0, 0.6,
    ),
    Parameter("return_migration.parents", 1.6, "ratio", "uniform(1.2, 2.2)", "[A]", "with a parent living here", 0.0, 3.0),
    Parameter(
        "return_migration.job_loss", 2.0, "ratio", "uniform(1.5, 3.0)", "[A] 4-8% after job loss against 2-4%",
        "for those out of work in their place", 0.0, 4.0,
    ),
    Parameter("return_migration.fade", 0.06, "per year", "uniform(0.03, 0.1)", "[A] ties loosen", "fall with years away", 0.0, 1.0),
    Parameter("return_migration.kappa", 1.0, "elasticity", "lognormal(1.0, 0.3)", "[A] within 0.8-1.5 of movers' response", "response to home appeal", 0.0, 4.0),
    Parameter(
        "return_migration.savings", 4500.0, "yuan per year away", "lognormal(4500, 0.4)", "[A] a tenth of pay outside",
        "savings brought back, at base wages", 0.0, 1e5,
    ),
)  # fmt: skip
SERIES = (Series("returnees", "persons", "flow", "people who had left and came back"),)
BRANCHES = (
    "return_migration.graduate", "return_migration.worker", "return_migration.with_spouse",
    "return_migration.to_parents", "return_migration.own_home", "return_migration.after_job_loss",
)  # fmt: skip

BOUND = 0.012
#: Years away in which a graduate decides as one: the year after the degree, then as workers do.
SOONEST, LATEST = 3.8, 4.9
_RETURN = EVENT["return"]
_PARENTS, _JOB_LOSS, _SLOW, _STUDY, _WORK = (
    REASON["parents_at_home"], REASON["job_loss"], REASON["slow_pace"], REASON["study"], REASON["work"],
)  # fmt: skip


def _bound(world: World, month: int) -> np.ndarray:
    bound = np.zeros((2, AGES))
    bound[:, 18:80] = BOUND
    return bound


HAZARDS = (LifeHazard("return_migration", GONE, _bound),)


@helper
def resident_again(X, p):
    """Gone person p lives here again, in no household yet."""
    P = X.P
    P.state[p] = RESIDENT
    P.came[p] = X.month
    P.household[p] = 0
    P.next[p] = 0
    P.wage[p] = 0
    P.employer[p] = 0
    P.activity[p] = activity_at(P, p, X.month)


@helper
def wish(P, p, seed, month, away, graduate, mother_home, rules):
    """(hazard to return this month, whether work there is lost) after `away` years. rules: (level, older, student, parents,
    loss, share that loses work, fade, appeal by district)."""
    level, older, student, parents, loss, loss_share, fade, appeal = rules
    lost = False
    if graduate:
        rate = student / 12.0
    else:
        words = draw4(seed, P.key[p], month // 12, OUTSIDE_JOB_LOSS)
        lost = unit(words[0]) < loss_share
        years = age_of(P, p, month) / 12.0
        rate = level / 12.0 * exp(-fade * away)
        if years >= 45.0:
            rate *= older
        if mother_home:
            rate *= parents
        if lost:
            rate *= loss
    return rate * appeal[P.district[p]], lost


@kernel
def would_return(P, rows, words, month, seed, rules, kept):
    """Candidates who would return if that were likelier with a parent here and one is: only they need be looked at in
    `come_back`, beside graduates whose year after the degree is over. For `luck.sift`."""
    n = 0
    for i in range(rows.size):
        p = rows[i]
        away = (month - np.int64(P.left[p])) / 12.0
        graduate = P.activity[p] == STUDENT
        over = graduate and away >= LATEST
        rate, _ = wish(P, p, seed, month, away, graduate and not over, rules[3] > 1.0, rules)
        kept[n] = p
        n += over or words[i] < threshold(rate / BOUND)
    return n


@kernel
def come_back(
    X, rows, rules, savings, hukou, first_home, first_district, places, returnees, arrivals, fired, out_rows
):
    """Candidates decide; those who return join a parent or found a homeless household (first_home). `rules` as in `wish`.
    Returns counts."""
    P, H = X.P, X.H
    n_home = 0
    n_out = 0
    for i in range(rows.size):
        foresee(P, H, rows, i)
        p = rows[i]
        if P.state[p] != GONE or age_of(P, p, X.month) < ADULT:
            continue
        away = (X.month - np.int64(P.left[p])) / 12.0
        graduate = P.activity[p] == STUDENT
        if graduate and away < SOONEST:
            continue
        if graduate and away >= LATEST:
            P.activity[p] = EMPLOYED
            # work takes them where workers go, not where they studied
            P.place[p] = destination(X.seed, P.key[p], X.month, GRADUATE_PLACE, places)
            graduate = False
        mother_home = at_home(P, H, P.mother[p])
        rate, lost = wish(P, p, X.seed, X.month, away, graduate, mother_home != 0, rules)
        if not chance(X.seed, P.key[p], X.month, RETURN, rate / BOUND):
            continue
        q = P.partner[p]
        couple = P.marital[p] == MARRIED and q != 0 and P.state[q] == GONE and P.left[q] == P.left[p]
        resident_again(X, p)
        out_rows[n_out] = p
        n_out += 1
        heads = 1
        h = np.int32(0)
        if mother_home != 0 and not couple and age_of(P, p, X.month) < 35 * 12:
            move_in(X, p, mother_home)
            h = mother_home
            fired[3] += 1
        elif P.marital[p] == MARRIED and q != 0 and at_home(P, H, q) != 0:
            move_in(X, p, P.household[q])
            h = P.household[q]
        else:
            h = new_household(P, H, p, X.month)
            first_home[n_home] = h
            first_district[n_home] = P.district[p]
            n_home += 1
            fired[4] += 1
        if couple:
            resident_again(X, q)
            link(P, H, q, h)
            out_rows[n_out] = q
            n_out += 1
            heads += 1
            fired[2] += 1
        # minors who left with them
        m = p if P.sex[p] == FEMALE else (q if couple else np.int32(0))
        c = X.K.child[m] if m != 0 else np.int32(0)
        while c != 0:
            if P.state[c] == GONE and age_of(P, c, X.month) < ADULT:
                resident_again(X, c)
                link(P, H, c, h)
                out_rows[n_out] = c
                n_out += 1
                heads += 1
            c = X.K.sibling[c]
        words = draw4(X.seed, P.key[p], X.month, RETURN_HUKOU)
        if P.hukou[p] == 0 and unit(words[0]) < hukou:
            P.hukou[p] = 1
        z = gauss(words[1], words[2])
        bring_cash(X, h, np.int64(savings * min(away, 15.0) * exp(0.6 * z - 0.18)))
        district = P.district[p]
        returnees[district] += heads
        arrivals[district] += heads
        for j in range(n_out - heads, n_out):
            P.counted[out_rows[j]] = district
        reason = _STUDY if graduate else _JOB_LOSS if lost else _PARENTS if mother_home != 0 else _SLOW
        working = age_of(P, p, X.month) < 60 * 12
        if (
            working
            and not graduate
            and not lost
            and mother_home == 0
            and (P.place[p] != JIANGSU and P.place[p] != COAST)
        ):
            reason = _WORK
        fired[0 if graduate else 1] += 1
        if lost:
            fired[5] += 1
        emit(X.E, X.month, _RETURN, reason, district, p, h, H.dwelling[h], q if couple else 0, 0)
    return n_home, n_out


def step(world: World) -> None:
    """Returns of the month."""
    p = world.params
    work = world.driver("jobs_coast", 0.95)
    rules = (
        p["return_migration.level"], p["return_migration.older"], p["return_migration.student_share"],
        p["return_migration.parents"], p["return_migration.job_loss"], 1.0 - work, p["return_migration.fade"],
        response(world, p["return_migration.kappa"], 1.0, -1.0),
    )  # fmt: skip
    view = world.persons.view()
    rows = sift(
        world, world.candidates["return_migration"], RETURN,
        lambda mine, words, kept: would_return(view, mine, words, world.month, world.seed, rules, kept),
    )  # fmt: skip
    n = max(len(rows), 1)
    homes, districts = np.zeros(n, np.int32), np.zeros(n, np.int8)
    out_rows = np.zeros(8 * n + 8, np.int32)
    fired = np.zeros(len(BRANCHES), np.int64)
    wage = world.driver("national_wage", 1.0) / float(world.drivers.get("national_wage", np.ones(1))[0])
    n_home, n_out = come_back(
        life(world, households=n, events=n), rows, rules, world.fen(p["return_migration.savings"]) * wage, 0.6, homes,
        districts, destinations(world, SHARES), world.counter("returnees"), world.counter("in_migrants"), fired, out_rows,
    )  # fmt: skip
    world.seek(homes[:n_home], WANT_ARRIVAL, districts[:n_home])
    remember_arrivals(world, out_rows[:n_out])
    report(world, BRANCHES, fired)


__all__ = ["INACTIVE", "PARAMETERS", "UNEMPLOYED", "step"]
