"""Pensions: who reaches the age, what is paid at first, and how pensions in payment grow.

Age by sex and sector from the country's rules (60 for men; 50 for women in firms, 55 in offices and underground men);
informal workers and farmers stop later, spread over five years. First pension = replacement * last pay for those who
have paid in (coverage by sector, drawn once for a life); who was past the age at the base, out of formal work and
without a pension had not. Else the small residents' pension from 60, as far as its roll-out has come (path
`residents_pension`, 0 to 1: piloted in 2009, in all counties since 2012). Every January pensions in payment are indexed
(national decisions: 10% a year to 2015, then falling). The provincial pool pays, that is `upper.cash`, whatever the
city's treasury does: the steady income of a mining town.
"""

from __future__ import annotations

import numpy as np

from krimp.processes import jobs
from krimp.processes.kin import quit_job
from krimp.processes.luck import sift
from krimp.state.codes import (
    CONSTRUCTION,
    EMPLOYED,
    EVENT,
    FARM,
    FEMALE,
    INACTIVE,
    INDUSTRY,
    MALE,
    MINE,
    N_SECTORS,
    NO_SECTOR,
    OWN_ACCOUNT,
    PENSIONER,
    PUBLIC,
    REASON,
    RESIDENT,
    SERVICES,
    UNEMPLOYED,
)
from krimp.state.compile import helper, kernel, prefetch
from krimp.state.parameters import Parameter
from krimp.state.purposes import PENSION_START
from krimp.state.random import draw, threshold
from krimp.state.world import Series, World, emit

_RULE = "[S] State Council rules of 1978 (Guofa 104), in force until 2024"
PARAMETERS = (
    Parameter("pensions.age_men", 60.0, "years", "fixed", _RULE, "men", 40.0, 80.0),
    Parameter("pensions.age_women", 50.0, "years", "fixed", _RULE, "women in firms", 40.0, 80.0),
    Parameter("pensions.age_office", 55.0, "years", "fixed", _RULE, "women in public posts", 40.0, 80.0),
    Parameter("pensions.age_mine", 55.0, "years", "fixed", _RULE, "men in the mine (most work underground)", 40.0, 80.0),
    Parameter("pensions.early_years", 5.0, "years", "uniform(3, 8)", "[R] internal retirement within five years of the age", "earlier pension when posts are cut", 0.0, 20.0),
    Parameter("pensions.informal_men", 66.0, "years", "normal(66, 1.5)", "[A] census 2010: many men over 60 farm", "men on farms and own account stop", 50.0, 90.0),
    Parameter("pensions.informal_women", 61.0, "years", "normal(61, 1.5)", "[A]", "women on farms and own account stop", 45.0, 90.0),
    Parameter("pensions.stop", 0.12, "per month", "fixed", "[A] most stop within a year of the age; some are kept on", "hazard of stopping once past the age", 0.0, 1.0),
    Parameter("pensions.replacement", 0.5, "share", "normal(0.5, 0.05)", "[R] urban employees' pension about 45-50% of pay", "first pension to last pay", 0.0, 1.5),
    Parameter("pensions.replacement_public", 0.8, "share", "normal(0.8, 0.05)", "[R] public staff 80-90%", "first pension to last pay in public posts", 0.0, 1.5),
    Parameter("pensions.floor", 650.0, "yuan/month", "uniform(500, 800)", "[A]", "least employees' pension at the base, indexed", 0.0, 1e5),
    Parameter("pensions.residents", 65.0, "yuan/month", "uniform(55, 80)", "[R] rural and urban residents' basic pension: 55 yuan (2009) and local top-up", "residents' pension at the base, indexed", 0.0, 1e4),
    Parameter("pensions.covered_state", 1.0, "share", "fixed", "[A] mine and public posts", "paid in", 0.0, 1.0),
    Parameter("pensions.covered_industry", 0.85, "share", "uniform(0.75, 0.95)", "[A]", "paid in, industry", 0.0, 1.0),
    Parameter("pensions.covered_services", 0.5, "share", "uniform(0.35, 0.65)", "[A]", "paid in, services and building", 0.0, 1.0),
    Parameter("pensions.covered_farm", 0.4, "share", "uniform(0.25, 0.55)", "[A] state-farm workers are insured, villagers are not", "paid in, farms", 0.0, 1.0),
    Parameter("pensions.covered_own", 0.3, "share", "uniform(0.15, 0.45)", "[A]", "paid in, own account and never employed", 0.0, 1.0),
    Parameter("pensions.index", 0.06, "per year", "fixed", "[R] 10% to 2015, 6.5, 5.5, then about 5%; used where the pack has no path pension_growth", "growth of pensions in payment", -0.2, 0.5),
)  # fmt: skip
SERIES = (Series("retirements", "persons", "flow", "people who took up a pension or stopped work by age"),)
BRANCHES = ("pensions.employee", "pensions.resident", "pensions.stops_work", "pensions.indexed")

_RETIRED, _BY_AGE = EVENT["retired"], REASON["pension_age"]


def replacement(world: World, sector: int) -> float:
    """First pension as a share of last pay."""
    return world.params["pensions.replacement_public" if sector == PUBLIC else "pensions.replacement"]


def floor(world: World) -> int:
    """Least employees' pension now, minor units a month."""
    return int(world.fen(world.params["pensions.floor"]) * float(world.memory["pensions.index"]))


def tables(world: World) -> np.ndarray:
    """int64[4, 2, N_SECTORS]: month of age by sex and sector at which employees stop, informal workers stop, (first age
    at all; coverage in 1/256), and early pensions begin."""
    p = world.params
    out = np.zeros((4, 2, N_SECTORS), np.int64)
    men, women = int(12 * p["pensions.age_men"]), int(12 * p["pensions.age_women"])
    out[0, MALE], out[0, FEMALE] = men, women
    out[0, FEMALE, PUBLIC] = int(12 * p["pensions.age_office"])
    out[0, MALE, MINE] = int(12 * p["pensions.age_mine"])
    out[1, MALE] = np.maximum(int(12 * p["pensions.informal_men"]), out[0, MALE])
    out[1, FEMALE] = np.maximum(int(12 * p["pensions.informal_women"]), out[0, FEMALE])
    out[2, 0, :] = out[0].min()
    cover = {
        MINE: "state", PUBLIC: "state", INDUSTRY: "industry", CONSTRUCTION: "services", SERVICES: "services",
        FARM: "farm", OWN_ACCOUNT: "own", NO_SECTOR: "own",
    }  # fmt: skip
    for s, name in cover.items():
        out[2, 1, s] = int(256 * p[f"pensions.covered_{name}"])
    out[3] = out[0] - int(12 * p["pensions.early_years"])
    return out


@helper
def employee_due(P, p, age, years, stop, covered_share):
    """True when p may draw an employees' pension: of age, paid in (drawn once for a life), no longer in such work, and not
    past the age out of formal work when the run began `years` months ago."""
    s = P.sector[p]
    covered = np.int64((P.key[p] >> np.uint64(40)) & np.uint64(255)) < covered_share[s]
    informal = (s == FARM) | (s == OWN_ACCOUNT)
    of_age = age >= stop[P.sex[p], s]
    known = (age - years >= stop[P.sex[p], s]) & (informal | (s == NO_SECTOR))
    return covered & of_age & (not known) & (informal | (P.activity[p] != EMPLOYED))


@helper
def resident_due(P, p, age, rolled_out):
    """True when the residents' pension has come to p by now, who is of age for it."""
    return (age >= 720) & (np.int64((P.key[p] >> np.uint64(24)) & np.uint64(255)) < rolled_out)


@kernel
def may_take_up(P, rows, words, month, base, hazard, rolled_out, stop, covered_share, kept):
    """Those for whom something may change in `take_up`. For `luck.sift`."""
    n = 0
    for i in range(rows.size):
        p = rows[i]
        age = month - np.int64(P.birth[p])
        starts = employee_due(P, p, age, month - base, stop, covered_share) | resident_due(
            P, p, age, rolled_out
        )
        working, drawn = P.activity[p] == EMPLOYED, P.pension[p] > 0
        ends = (working & (words[i] < hazard)) | ((not working) & drawn)
        kept[n] = p
        n += (P.activity[p] != PENSIONER) & (ends | (starts & (not drawn)))
    return n


@kernel
def take_up(
    P,
    S,
    E,
    seed,
    month,
    base,
    rows,
    hazard,
    rolled_out,
    stop,
    stop_informal,
    covered_share,
    pay,
    mean,
    least,
    residents,
    done,
    jobs_now,
    fired,
):
    """Pensions of those in `rows` who have reached their age. pay: replacement by sector; mean: mean pay by sector;
    rolled_out: part of 256 whom the residents' pension reaches."""
    for i in range(rows.size):
        if i + 16 < rows.size:
            prefetch(
                (
                    P.state, P.activity, P.sector, P.sex, P.birth, P.key, P.pension, P.wage, P.employer, P.district,
                    P.household,
                ), rows[i + 16],
            )  # fmt: skip
        p = rows[i]
        if P.state[p] != RESIDENT or P.activity[p] == PENSIONER:
            continue
        s = P.sector[p]
        sex = P.sex[p]
        age = month - np.int64(P.birth[p])
        covered = np.int64((P.key[p] >> np.uint64(40)) & np.uint64(255)) < covered_share[s]
        working = P.activity[p] == EMPLOYED
        if working and not (covered and s != FARM and s != OWN_ACCOUNT):
            stops = age >= stop_informal[sex, s] + np.int64((P.key[p] >> np.uint64(48)) & np.uint64(63)) - 32
        else:
            stops = age >= stop[sex, s] or (not working)
        if P.pension[p] == 0:
            if employee_due(P, p, age, month - base, stop, covered_share):
                last = np.int64(P.wage[p]) if P.wage[p] > 0 else np.int64(mean[s])
                P.pension[p] = np.int32(max(np.int64(pay[s] * last), least))
                fired[0] += 1
            elif resident_due(P, p, age, rolled_out):
                P.pension[p] = np.int32(residents)
                fired[1] += 1
        shop = P.employer[p]
        keeps_shop = shop != 0 and S.owner[shop] == p
        if stops and working and not keeps_shop and draw(seed, P.key[p], month, PENSION_START) < hazard:
            d = P.district[p]
            emit(E, month, _RETIRED, _BY_AGE, d, p, P.household[p], 0, shop, P.pension[p])
            quit_job(P, S, p)
            jobs_now[d, s] -= 1
            done[d] += 1
            working = False
            P.activity[p] = PENSIONER if P.pension[p] > 0 else INACTIVE
            fired[2] += 1
        elif not working and P.pension[p] > 0 and (P.activity[p] == UNEMPLOYED or P.activity[p] == INACTIVE):
            d = P.district[p]
            emit(E, month, _RETIRED, _BY_AGE, d, p, P.household[p], 0, 0, P.pension[p])
            P.activity[p] = PENSIONER
            done[d] += 1


@kernel
def index_all(P, factor):
    """Multiply all pensions in payment by `factor`."""
    for p in range(1, P.used[0]):
        if P.pension[p] > 0:
            P.pension[p] = np.int32(P.pension[p] * factor + 0.5)


def start(world: World) -> None:
    """The age and coverage tables of the run."""
    world.memory["pensions.tables"] = tables(world)
    world.memory["pensions.index"] = 1.0


def step(world: World) -> None:
    """Index in January; pensions of those who have reached the age."""
    p, memory = world.params, world.memory
    memory["pensions.tables"] = table = tables(world)
    persons = world.persons.view()
    fired = np.zeros(len(BRANCHES), np.int64)
    if world.month_of_year == 1:
        growth = world.driver("pension_growth", p["pensions.index"])
        index_all(persons, 1.0 + growth)
        memory["pensions.index"] *= 1.0 + growth
        fired[3] += 1
    hazard, rolled_out = threshold(p["pensions.stop"]), np.int64(256 * world.driver("residents_pension", 1.0))
    stop, covered = table[0], np.ascontiguousarray(table[2, 1])
    rows = sift(
        world, memory["household_income.due"], PENSION_START,
        lambda mine, words, kept: may_take_up(
            persons, mine, words, world.month, world.base, hazard, rolled_out, stop, covered, kept
        ),
    )  # fmt: skip
    world.events.reserve(len(rows))
    pay = np.array([replacement(world, s) for s in range(N_SECTORS)])
    take_up(
        persons, world.shops.view(), world.events.view(), world.seed, world.month, world.base, rows, hazard,
        rolled_out, stop, table[1], covered, pay, jobs.array(world, "wages.mean"), np.int64(floor(world)),
        np.int64(world.fen(p["pensions.residents"]) * memory["pensions.index"]), world.counter("retirements"),
        jobs.employed(world), fired,
    )  # fmt: skip
    for name, count in zip(BRANCHES, fired.tolist(), strict=True):
        world.fired[name] += count
