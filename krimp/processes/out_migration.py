"""Out-migration: families, single adults and the retired leave for other places; their flats stay behind.

Gross annual hazard by age (first probe: flat at 25-54 and at 55-79, on top of the student spike) times
    exp(-kappa * appeal_d),  appeal = log utility of staying against the other places, base = 0
(random utility, Kennan & Walker 2011, Tombe & Zhu 2019); where the city has lost appeal the exponent is damped, since
falling demand moves people less than growing demand does: cheap homes and transfers hold them (Notowidigdo 2020).
A couple is drawn once, through the husband: husband, wife and their minors go together, elders stay; in a quarter of
the moves one spouse goes alone. The out-of-work leave more, public employees less, with a mean of one at the base.
Recent arrivals leave again at a hazard of their own;
of the newcomers who have found no work by their first winter a share does not stay it out, spread over its four months. Where to: shares of place archetypes times exp of their appeal.
Savings leave in proportion to heads; a household that keeps a home becomes an absent owner. Registration (hukou) stays
behind in a share of the moves, so the registered population falls more slowly than the residents.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from krimp.processes.kin import (
    ADULT,
    after_departure,
    age_of,
    chance,
    go_away,
    life,
    minor_of,
    report,
    take_cash,
    together,
)
from krimp.processes.life_screening import AGES, LifeHazard
from krimp.processes.luck import sift
from krimp.state.codes import (
    COAST,
    ELSEWHERE,
    EVENT,
    FEMALE,
    GONE,
    JIANGSU,
    MALE,
    N_PLACES,
    NEAR_TOWN,
    PROVINCE_CAPITAL,
    PUBLIC,
    PUPIL,
    REASON,
    RESIDENT,
    STUDENT,
    UNEMPLOYED,
)
from krimp.state.compile import helper, kernel, prefetch
from krimp.state.families import foresee
from krimp.state.parameters import Parameter
from krimp.state.portable import exp
from krimp.state.purposes import AGAIN_AWAY, AGAIN_WINTER, OUT_HUKOU, OUT_MIGRATION, OUT_PLACE, OUT_UNIT
from krimp.state.random import draw4, threshold, uniform, unit, words_of
from krimp.state.world import Series, World, emit

PARAMETERS = (
    Parameter(
        "out_migration.level_young", 0.010, "per year", "lognormal(0.010, 0.4)",
        "[A] net loss at 19-24 is about nil beside the student spike: graduates come back, others go",
        "gross hazard at 18-24", 0.0, 0.04,
    ),
    Parameter(
        "out_migration.level_working", 0.015, "per year", "lognormal(0.015, 0.2)",
        "[D] first probe: net loss 1.1% a year at 25-54 with a return hazard of 2-4% needs gross 1.4-1.6%",
        "gross hazard at 25-54", 0.0, 0.04,
    ),
    Parameter(
        "out_migration.level_old", 0.0165, "per year", "lognormal(0.0165, 0.2)",
        "[D] first probe: net loss 1.5% a year at 55-79; few of the old return", "gross hazard at 55-79; half from 80 on",
        0.0, 0.04,
    ),
    Parameter(
        "out_migration.solo", 0.25, "share", "uniform(0.1, 0.4)", "[A] first probe; 0 to .5 moves households by 3%",
        "moves of married people in which one spouse goes alone", 0.0, 1.0,
    ),
    Parameter(
        "out_migration.kappa", 1.5, "elasticity", "lognormal(1.5, 0.25)", "[R] Tombe & Zhu 2019 AER: 1.5 (1.2-2.5)",
        "response to the log utility of staying", 0.0, 5.0,
    ),
    Parameter(
        "out_migration.damping", 0.6, "ratio", "uniform(0.4, 0.9)",
        "[A] size; [S] form: negative shocks move people less, Notowidigdo 2020 JHR",
        "part of the response that is left when the city has lost appeal", 0.0, 1.0,
    ),
    Parameter(
        "out_migration.jobless", 1.6, "ratio", "uniform(1.2, 2.2)", "[A]", "hazard of those out of work", 0.0, 3.0
    ),
    Parameter("out_migration.public", 0.6, "ratio", "uniform(0.4, 0.9)", "[A]", "hazard of public employees", 0.0, 3.0),
    Parameter(
        "out_migration.outsider", 1.5, "ratio", "uniform(1.0, 2.0)", "[A]", "hazard of residents registered elsewhere",
        0.0, 3.0,
    ),
    Parameter(
        "out_migration.hukou_moves", 0.5, "share", "uniform(0.3, 0.7)",
        "[D] registered population fell 1.1-1.5% a year 2010-20, residents 1.7%",
        "movers who take their registration along", 0.0, 1.0,
    ),
    Parameter(
        "out_migration.again_newcomer", 0.35, "per year", "uniform(0.2, 0.6)",
        "[A] stay hazard of lifestyle movers has no source", "hazard of newcomers in their first two years", 0.0, 0.95,
    ),
    Parameter(
        "out_migration.again_returnee", 0.10, "per year", "uniform(0.05, 0.2)",
        "[A] many returns are temporary (Sustainability 2018 10(11) 4153 [S])",
        "hazard of returnees in their first two years", 0.0, 0.95,
    ),
    Parameter(
        "out_migration.winter", 0.45, "share", "uniform(0.3, 0.6)",
        "[A] stay hazard 0.4-0.7 of those whom cheap homes draw (mechanisms 2.5); no source",
        "newcomers without work who leave in the course of their first winter", 0.0, 0.95,
    ),
)  # fmt: skip
SERIES = (
    Series("out_migrants", "persons", "flow", "residents who left the city, students included"),
    Series(
        "in_migrants",
        "persons",
        "flow",
        "people who came to live here: returnees, newcomers, late registrations",
    ),
)
BRANCHES = (
    "out_migration.family", "out_migration.spouse_alone", "out_migration.alone", "out_migration.retired",
    "out_migration.leaves_again", "out_migration.home_kept", "out_migration.hukou_moved", "out_migration.winter",
)  # fmt: skip

BOUND = 0.006
MOST = 4.0
AGAIN_MONTHS = 24
WINTER = (12, 1, 2, 3)
#: Where people of working age go, shares before the places' own appeal: [A], nearer preferred (census series [S]).
SHARES = {NEAR_TOWN: 0.15, PROVINCE_CAPITAL: 0.30, COAST: 0.25, JIANGSU: 0.08, ELSEWHERE: 0.22}

_OUT = EVENT["out_migration"]
_WORK, _FAMILY, _RETIRED, _WINTER = REASON["work"], REASON["family"], REASON["retired"], REASON["winter"]


def _bound(world: World, month: int) -> np.ndarray:
    bound = np.zeros((2, AGES))
    bound[:, 18:80], bound[:, 80:] = BOUND, BOUND / 2.0
    return bound


HAZARDS = (LifeHazard("out_migration", RESIDENT, _bound),)


@kernel
def respond(appeal, up, down, most, out):
    """out = exp(-up * appeal) where appeal > 0 and exp(-down * appeal) where it is negative, at most `most`."""
    for d in range(appeal.size):
        kappa = up if appeal[d] > 0.0 else down
        out[d] = min(exp(-kappa * appeal[d]), most)


def response(world: World, kappa: float, damping: float, sign: float = 1.0) -> np.ndarray:
    """float64[n_districts + 1] factor on a hazard to leave (sign 1) or to come (sign -1) by home appeal."""
    out = np.empty(world.nd + 1)
    appeal = np.ascontiguousarray(world.signal["home_appeal"] * sign)
    up, down = (kappa, kappa * damping) if sign > 0.0 else (kappa * damping, kappa)
    respond(appeal, up, down, MOST, out)
    return out


@kernel
def weigh(shares, appeal, out):
    """Cumulative probabilities of places: shares times exp(appeal)."""
    total = 0.0
    for j in range(shares.size):
        total += shares[j] * exp(appeal[j])
        out[j] = total
    for j in range(shares.size):
        out[j] /= total


def destinations(world: World, shares: Mapping[int, float]) -> np.ndarray:
    """Cumulative logit probabilities of the place archetypes; their appeal comes from `outside_places`."""
    base = np.array([shares.get(j, 0.0) for j in range(N_PLACES)])
    appeal = np.asarray(world.memory.get("outside_places.appeal", np.zeros(N_PLACES)), np.float64)
    out = np.empty(N_PLACES)
    weigh(base, appeal, out)
    return out


@helper
def destination(seed, key, month, purpose, places):
    """Place drawn from cumulative probabilities."""
    u = uniform(seed, key, month, purpose)
    j = 1
    while j < places.size - 1 and u >= places[j]:
        j += 1
    return j


@helper
def leaning(P, p, jobless, public, outsider):
    """Relative hazard of a person by work and registration."""
    at_post = (P.wage[p] > 0) & (P.sector[p] == PUBLIC)
    factor = jobless if P.activity[p] == UNEMPLOYED else public if at_post else 1.0
    return factor * outsider if P.hukou[p] == 0 else factor


@helper
def urge(P, p, years, rules):
    """Hazard of an adult alone this month over the bound that the life screening used. rules: (hazard, factor, lean, jobless,
    public, outsider, bound)."""
    hazard, factor, lean, jobless, public, outsider, bound = rules
    return hazard[years] * factor[P.district[p]] * leaning(P, p, jobless, public, outsider) / lean


@kernel
def would_leave(P, rows, words, month, rules, solo, kept):
    """Candidates who would leave if they were married: only they need be looked at in `depart`. For `luck.sift`."""
    n = 0
    for i in range(rows.size):
        p = rows[i]
        years = min(max(age_of(P, p, month), 0) // 12, 110)
        rate = urge(P, p, years, rules) / (1.0 - 0.5 * solo)
        kept[n] = p
        n += words[i] < threshold(rate / rules[6][np.int64(P.sex[p]), years])
    return n


@kernel
def lean_mean(P, month, jobless, public, outsider):
    """Mean leaning of resident adults under 80."""
    total = 0.0
    n = 0
    for p in range(1, P.used[0]):
        if P.state[p] == RESIDENT:
            age = month - np.int64(P.birth[p])
            if 216 <= age < 960:
                total += leaning(P, p, jobless, public, outsider)
                n += 1
    return total / n if n > 0 else 1.0


def start(world: World) -> None:
    """Scale that makes the mean leaning one at the base; nobody has arrived recently."""
    p = world.params
    world.memory["out_migration.lean"] = float(
        lean_mean(
            world.persons.view(), world.month, p["out_migration.jobless"], p["out_migration.public"],
            p["out_migration.outsider"],
        )
    )  # fmt: skip
    world.memory["out_migration.recent"] = np.zeros(0, np.int32)


@kernel
def depart(X, rows, again, rules, solo, hukou_moves, places, again_new, again_back, winter, out, fired):
    """Let candidates (again 0) and recent arrivals (again 1) leave, alone or with the family. `rules` as in `urge`."""
    P, H = X.P, X.H
    for i in range(rows.size):
        foresee(P, H, rows, i)
        if i + 24 < rows.size:
            prefetch((P.came, P.hukou, P.mother, P.sector, P.wage), rows[i + 24])
        if i + 16 < rows.size:
            prefetch((H.owned,), P.household[rows[i + 16]])
            prefetch((P.state, P.household), P.mother[rows[i + 16]])
        p = rows[i]
        if P.state[p] != RESIDENT or P.activity[p] == PUPIL or P.activity[p] == STUDENT:
            continue
        age = age_of(P, p, X.month)
        if age < ADULT:
            continue
        paired = together(P, p)
        if paired and P.sex[p] != MALE:
            continue
        years = min(age // 12, 110)
        cold = False
        if again[i]:
            cold = P.left[p] == 0 and P.activity[p] == UNEMPLOYED and X.month - np.int64(P.came[p]) < 12
            cold = cold and chance(X.seed, P.key[p], X.month, AGAIN_WINTER, winter)
            hit = cold or chance(
                X.seed, P.key[p], X.month, AGAIN_AWAY, again_back if P.left[p] != 0 else again_new
            )
        else:
            rate = urge(P, p, years, rules)
            if paired:
                rate /= 1.0 - 0.5 * solo
            hit = chance(X.seed, P.key[p], X.month, OUT_MIGRATION, rate / rules[6][np.int64(P.sex[p]), years])
        if not hit:
            continue
        words = draw4(X.seed, P.key[p], X.month, OUT_UNIT)
        h = P.household[p]
        district = P.district[p]
        home = H.dwelling[h]
        owned = H.owned[h]
        size = max(np.int64(H.size[h]), 1)
        spouse = np.int32(0)
        leaver = p
        alone = False
        if paired:
            alone = unit(words[0]) < solo
            if not alone:
                spouse = P.partner[p]
            elif unit(words[1]) < 0.5:
                leaver = P.partner[p]
        place = destination(X.seed, P.key[p], X.month, OUT_PLACE, places)
        moves = P.hukou[leaver] == 1 and chance(X.seed, P.key[p], X.month, OUT_HUKOU, hukou_moves)
        reason = _WINTER if cold else _WORK
        if age >= 55 * 12:
            reason = _RETIRED
            m = leaver if P.sex[leaver] == FEMALE else P.partner[leaver]
            c = X.K.child[m] if m != 0 else np.int32(0)
            while c != 0:
                if P.state[c] == GONE:
                    reason = _FAMILY
                c = X.K.sibling[c]
        # who goes along: the spouse, and the minors of the wife or of a single woman; nobody with one spouse alone
        mother = np.int32(0)
        if spouse != 0:
            mother = spouse
        elif not paired and P.sex[p] == FEMALE:
            mother = p
        heads = 1
        go_away(X, leaver, place, False)
        emit(X.E, X.month, _OUT, reason, district, leaver, h, home, 0, 0)
        if moves:
            P.hukou[leaver] = 0
        if spouse != 0:
            go_away(X, spouse, place, False)
            emit(X.E, X.month, _OUT, _FAMILY, district, spouse, h, home, leaver, 0)
            heads += 1
            if moves:
                P.hukou[spouse] = 0
        if h != 0:
            everybody = not (paired and alone)
            if everybody:
                q = H.first[h]
                while q != 0:
                    if age_of(P, q, X.month) >= ADULT:
                        everybody = False
                    q = P.next[q]
            q = H.first[h]
            while q != 0:
                after = P.next[q]
                if everybody or (mother != 0 and minor_of(P, q, mother, X.month)):
                    go_away(X, q, place, False)
                    heads += 1
                    if moves:
                        P.hukou[q] = 0
                    emit(X.E, X.month, _OUT, _FAMILY, district, q, h, home, leaver, 0)
                q = after
            if H.size[h] > 0 and H.cash[h] > 0:
                take_cash(X, h, H.cash[h] * heads // (size * (2 if alone else 1)))
            if H.size[h] == 0 and owned > 0:
                fired[5] += 1
            after_departure(X, h)
        out[district] += heads
        fired[4 if again[i] else 1 if alone else 0 if heads > 1 else 2] += 1
        if age >= 55 * 12:
            fired[3] += 1
        if moves:
            fired[6] += 1
        if cold:
            fired[7] += 1


def hazard_by_age(world: World) -> np.ndarray:
    """float64[AGES] gross monthly hazard of an adult by age, before response."""
    p = world.params
    out = np.zeros(AGES)
    out[18:25], out[25:55] = p["out_migration.level_young"], p["out_migration.level_working"]
    out[55:80], out[80:] = p["out_migration.level_old"], p["out_migration.level_old"] * 0.5
    return out / 12.0


def remember_arrivals(world: World, rows: np.ndarray) -> None:
    """Arrivals of this month may leave again for two years."""
    world.memory["out_migration.recent"] = np.concatenate(
        [world.memory["out_migration.recent"], rows.astype(np.int32)]
    )


@kernel
def stay(P, rows, month, here, keys):
    """Arrivals of the last two years who live here, with their keys; returns how many."""
    n = 0
    for i in range(rows.size):
        p = rows[i]
        here[n], keys[n] = p, P.key[p]
        n += (P.state[p] == RESIDENT) & (np.int64(month) - np.int64(P.came[p]) <= AGAIN_MONTHS)
    return n


def still_here(world: World, again: float, winter: float) -> tuple[np.ndarray, np.ndarray]:
    """int32 rows of those who came in the last two years and live here, and of those whom luck picks to look at leaving."""
    view, rows = world.persons.view(), world.memory["out_migration.recent"]

    def work(_: int, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        here, keys = np.empty(stop - first + 1, np.int32), np.empty(stop - first + 1, np.uint64)
        n = stay(view, rows[first:stop], world.month, here, keys)
        here, keys = here[:n], keys[:n]
        picked = words_of(world.seed, keys, world.month, AGAIN_AWAY)[0] < threshold(again)
        if winter > 0.0:
            picked |= words_of(world.seed, keys, world.month, AGAIN_WINTER)[0] < threshold(winter)
        return here, here[picked]

    here, picked = zip(*world.map_chunks(work, len(rows), first=0, chunk=4096), strict=True)
    return np.concatenate(here), np.concatenate(picked)


def step(world: World) -> None:
    """Departures of the month."""
    p = world.params
    persons = world.persons
    winter = (
        1.0 - (1.0 - p["out_migration.winter"]) ** (1.0 / len(WINTER))
        if world.month_of_year in WINTER
        else 0.0
    )
    again_new, again_back = p["out_migration.again_newcomer"] / 12.0, p["out_migration.again_returnee"] / 12.0
    recent, picked = still_here(world, max(again_new, again_back), winter)
    world.memory["out_migration.recent"] = recent
    rules = (
        hazard_by_age(world), response(world, p["out_migration.kappa"], p["out_migration.damping"]),
        float(world.memory["out_migration.lean"]), p["out_migration.jobless"], p["out_migration.public"],
        p["out_migration.outsider"], _bound(world, world.month),
    )  # fmt: skip
    view, solo = persons.view(), p["out_migration.solo"]
    candidates = sift(
        world, world.candidates["out_migration"], OUT_MIGRATION,
        lambda mine, words, kept: would_leave(view, mine, words, world.month, rules, solo, kept),
    )  # fmt: skip
    rows = np.concatenate([candidates, picked])
    again = np.zeros(len(rows), np.bool_)
    again[len(candidates) :] = True
    fired = np.zeros(len(BRANCHES), np.int64)
    depart(
        life(world, events=6 * len(rows)), rows, again, rules, solo, p["out_migration.hukou_moves"],
        destinations(world, SHARES), again_new, again_back, winter, world.counter("out_migrants"), fired,
    )  # fmt: skip
    report(world, BRANCHES, fired)
