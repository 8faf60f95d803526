"""Unions: marriage, divorce; where the couple lives.

Entry to the marriage market: annual hazard of a first marriage at age a,
    h(a, t) = C g(a, t) / (1 - C G(a, t)),  G log-logistic in a - a0 with mean mu(t) - a0 and shape b,
where mu(t) is the mean age at first marriage (China: men 25.75, women 24.00 in 2010; 29.38, 27.95 in 2020; census
yearbooks [S]), linear between, at half that slope for ten years more. The divorced and widowed return by age.
Matching, month by month, in rounds without order: every man on the market has a keyed place on a ring; in each round
every unmatched woman looks at a few men at keyed places and proposes to the one nearest to her own age plus the usual
gap, one of her own district preferred; every man takes the best proposal (score, keyed hash, key).
Home: a partner's own home, else a new household (.8) or the husband's parents (demography of the first probe [A]).
Divorce: hazard of wives by age; one moves out, sometimes to his or her mother, else into a new household.
"""

from __future__ import annotations

import numpy as np

from krimp.processes.kin import (
    at_home,
    chance,
    gather_minors,
    has_parent_in,
    heads_home,
    life,
    merge_into,
    move_in,
    report,
    sweep_minors,
)
from krimp.processes.life_screening import AGES, LifeHazard
from krimp.state.codes import (
    DIVORCED,
    EVENT,
    FEMALE,
    MALE,
    MARRIED,
    OWNER,
    REASON,
    RESIDENT,
    SINGLE,
    WANT_NEW,
)
from krimp.state.compile import allocating_kernel, kernel, prefetch
from krimp.state.families import new_household
from krimp.state.parameters import Parameter
from krimp.state.portable import exp, log
from krimp.state.purposes import (
    DIVORCE,
    DIVORCE_HOME,
    MARRIAGE_CHOICE,
    MARRIAGE_HOME,
    MARRIAGE_MARKET,
    MARRIAGE_RING,
    MARRIAGE_SEARCH,
)
from krimp.state.random import draw
from krimp.state.world import Series, World, emit

PARAMETERS = (
    Parameter("unions.mean_age_men_2010", 25.75, "years", "normal(25.75, 0.3)", "[S] census yearbook 2020", "", 20, 40),
    Parameter("unions.mean_age_women_2010", 24.0, "years", "normal(24.0, 0.3)", "[S] census yearbook 2020", "", 20, 40),
    Parameter("unions.mean_age_men_2020", 29.38, "years", "normal(29.38, 0.3)", "[S] census yearbook 2020", "", 20, 40),
    Parameter(
        "unions.mean_age_women_2020", 27.95, "years", "normal(27.95, 0.3)", "[S] census yearbook 2020", "", 20, 40
    ),
    Parameter(
        "unions.ever_marry", 0.95, "share", "uniform(0.88, 0.98)", "[A] almost universal marriage in cohorts to 1990",
        "share of a cohort that marries under constant rates", 0.0, 0.99,
    ),
    Parameter(
        "unions.marriage_level", 1.0, "factor", "lognormal(1.0, 0.15)", "[A]",
        "factor on the hazard of entering the marriage market; 0 switches marriage off", 0.0, 1.4,
    ),
    Parameter(
        "unions.remarriage_divorced", 0.05, "per year", "lognormal(0.05, 0.4)", "[A] men and women under 50",
        "hazard of the divorced; half from 50 on, a tenth from 65 on", 0.0, 0.1,
    ),
    Parameter(
        "unions.remarriage_widowed", 0.015, "per year", "lognormal(0.015, 0.5)", "[A]",
        "hazard of the widowed under 65; a tenth later", 0.0, 0.1,
    ),
    Parameter("unions.age_gap", 1.6, "years", "normal(1.6, 0.3)", "[D] mean ages at first marriage, men less women"),
    Parameter(
        "unions.divorce_rate", 0.0075, "per couple and year", "lognormal(0.0075, 0.25)",
        "[D] first probe of the city's households: .7 to .8 percent of couples a year",
        "mean over the couples of the base", 0.0, 0.02,
    ),
    Parameter(
        "unions.new_home", 0.8, "share", "beta(0.8, 0.07)", "[A] first probe",
        "couples without a home of their own who set one up; the others live with his parents", 0.0, 1.0,
    ),
    Parameter(
        "unions.to_mother", 0.4, "share", "beta(0.4, 0.08)", "[A] first probe",
        "divorced who move to their mother where she lives in the city", 0.0, 1.0,
    ),
    Parameter(
        "unions.gift", 0.3, "share", "uniform(0.1, 0.5)", "[A] parents pay for the wedding home",
        "share of the parents' household cash given to a couple that sets up a home", 0.0, 1.0,
    ),
)  # fmt: skip
SERIES = (
    Series("marriages", "couples", "flow", "marriages, by district of the new home"),
    Series("divorces", "couples", "flow", "divorces of resident wives"),
)
BRANCHES = (
    "unions.his_home", "unions.her_home", "unions.new_home", "unions.his_parents", "unions.unmatched",
    "unions.divorce_to_mother", "unions.divorce_new_home", "unions.divorce_apart",
)  # fmt: skip

YOUNGEST = 17.0
SHAPE = 3.2
#: mean of a log-logistic with shape b is scale * (pi/b) / sin(pi/b)
MEAN_OVER_SCALE = 1.18096
ROUNDS, LOOKS = 8, 8
WIDEST_GAP = 15 * 12
#: Divorce by age of the wife, relative: young couples part more often, old ones hardly ever.
DIVORCE_AGES = ((20, 1.2), (30, 1.5), (40, 1.2), (50, 0.7), (60, 0.3), (70, 0.1), (80, 0.0))

_MARRIAGE, _DIVORCE, _LEFT, _FORMED, _ENDED = (
    EVENT[name] for name in ("marriage", "divorce", "left_home", "household_formed", "household_ended")
)
_BY_MARRIAGE, _BY_DIVORCE = REASON["marriage"], REASON["divorce"]


@kernel
def first_marriage(mean_men, mean_women, ever, out):
    """Fill out[2, AGES] with the annual hazard of a first marriage by sex and whole age."""
    for sex in range(2):
        mean = mean_men if sex == MALE else mean_women
        scale = (mean - YOUNGEST) / MEAN_OVER_SCALE
        for age in range(out.shape[1]):
            x = (age + 0.5 - YOUNGEST) / scale
            out[sex, age] = 0.0
            if x > 0.0 and age >= 20 and age < 65:
                power = exp(SHAPE * log(x))
                density = SHAPE * power / x / ((1.0 + power) * (1.0 + power)) / scale
                out[sex, age] = ever * density / (1.0 - ever * power / (1.0 + power))


def _means(world: World, month: int) -> tuple[float, float]:
    """Mean age at first marriage of men and women, in years, in a month."""
    p = world.params
    x = ((month + 0.5) / 12.0 - 2010.83) / 10.0
    x = x if x < 1.0 else 1.0 + min(0.5 * (x - 1.0), 0.5)
    x = max(x, -0.5)
    men = p["unions.mean_age_men_2010"] + x * (p["unions.mean_age_men_2020"] - p["unions.mean_age_men_2010"])
    women = p["unions.mean_age_women_2010"] + x * (
        p["unions.mean_age_women_2020"] - p["unions.mean_age_women_2010"]
    )
    return men, women


def _first_marriage(men: float, women: float, ever: float) -> np.ndarray:
    out = np.empty((2, AGES))
    first_marriage(men, women, ever, out)
    return out


def market_hazard(world: World) -> np.ndarray:
    """float64[2, AGES, 4] monthly probability of entering the market, by sex, age, marital state."""
    men, women = _means(world, world.month)
    p = world.params
    out = np.zeros((2, AGES, 4))
    level = p["unions.marriage_level"]
    out[:, :, SINGLE] = _first_marriage(men, women, p["unions.ever_marry"]) * level / 12.0
    again = np.zeros(AGES)
    again[22:50], again[50:65], again[65:85] = 1.0, 0.5, 0.1
    late = np.zeros(AGES)
    late[22:65], late[65:85] = 1.0, 0.1
    out[:, :, DIVORCED] = again * p["unions.remarriage_divorced"] * level / 12.0
    out[:, :, 3] = late * p["unions.remarriage_widowed"] * level / 12.0
    return np.minimum(out, _market_bound()[:, :, None])


_BOUND: list[np.ndarray] = []


def _market_bound() -> np.ndarray:
    """Highest hazard over the marriage ages a scenario may set, by sex and age (times 1.4 for the level)."""
    if not _BOUND:
        bound = np.full((2, AGES), 0.0)
        for mean in (24.0, 26.0, 28.0, 30.0, 32.0):
            bound = np.maximum(bound, _first_marriage(mean + 1.5, mean, 0.98))
        bound = bound * 1.4 / 12.0
        bound[:, 22:85] = np.maximum(bound[:, 22:85], 0.012)
        bound[:, 65:85] = 0.0015
        _BOUND.append(np.minimum(bound, 0.06))
    return _BOUND[0]


def _bound_marriage(world: World, month: int) -> np.ndarray:
    return _market_bound()


def _divorce_shape() -> np.ndarray:
    """float64[AGES] relative divorce hazard by the wife's age: linear between the knots."""
    ages = np.arange(AGES) + 0.5
    return np.interp(ages, [a for a, _ in DIVORCE_AGES], [v for _, v in DIVORCE_AGES])


def _bound_divorce(world: World, month: int) -> np.ndarray:
    bound = np.zeros((2, AGES))
    bound[FEMALE, 18:80] = np.minimum(_divorce_shape()[18:80] * 0.0033, 0.006)
    return bound


HAZARDS = (
    LifeHazard("marriage", RESIDENT, _bound_marriage),
    LifeHazard("divorce", RESIDENT, _bound_divorce),
)


@kernel
def wives_by_age(P, month, out):
    """Resident married women by whole age."""
    for p in range(1, P.used[0]):
        if P.state[p] == RESIDENT and P.sex[p] == FEMALE and P.marital[p] == MARRIED:
            out[min(max((month - np.int64(P.birth[p])) // 12, 0), 110)] += 1


def start(world: World) -> None:
    """Scale of the divorce shape, so that its mean over the couples of the base is one."""
    wives = np.zeros(AGES, np.int64)
    wives_by_age(world.persons.view(), world.month, wives)
    total = sum(float(n) * float(s) for n, s in zip(wives.tolist(), _divorce_shape().tolist(), strict=True))
    world.memory["unions.divorce_scale"] = float(wives.sum()) / total if total > 0.0 else 1.0


@kernel
def enter_market(X, rows, hazard, bound, women, men):
    """Thin the candidates into women[:n] and men[:m]; returns (n, m)."""
    P = X.P
    n = m = 0
    for i in range(rows.size):
        if i + 16 < rows.size:
            prefetch((P.state, P.marital, P.sex, P.birth, P.key), rows[i + 16])
        p = rows[i]
        if P.state[p] != RESIDENT or P.marital[p] == MARRIED:
            continue
        sex = np.int64(P.sex[p])
        age = min(max((X.month - np.int64(P.birth[p])) // 12, 0), 110)
        b = bound[sex, age]
        if b > 0.0 and chance(X.seed, P.key[p], X.month, MARRIAGE_MARKET, hazard[sex, age, P.marital[p]] / b):
            if sex == FEMALE:
                women[n] = p
                n += 1
            else:
                men[m] = p
                m += 1
    return n, m


@allocating_kernel
def match(X, women, men, place, gap, husband):
    """Rounds of proposals. `men` are in ring order with sorted places `place`; fills husband[i] with an index into
    `men` or -1. Each woman looks at LOOKS free men from keyed places; each man keeps the best of a round."""
    P = X.P
    n, m = women.size, men.size
    taken = np.zeros(m, np.bool_)
    best = np.empty(m, np.int64)
    best_score = np.empty(m, np.int64)
    best_hash = np.empty(m, np.uint32)
    free = m
    # every woman asks a few of them: what she asks is put side by side
    birth, mother, family, district = np.empty((4, m), np.int32)
    for j in range(m):
        if j + 16 < m:
            prefetch((P.birth, P.mother, P.household, P.district, P.key), men[j + 16])
        birth[j], mother[j] = P.birth[men[j]], P.mother[men[j]]
        family[j], district[j] = P.household[men[j]], P.district[men[j]]
    for turn in range(ROUNDS):
        if free == 0:
            break
        best[:] = -1
        for i in range(n):
            if husband[i] >= 0:
                continue
            if i + 8 < n:
                prefetch((P.birth, P.mother, P.household, P.district, P.key), women[i + 8])
            w = women[i]
            choice = -1
            choice_score = np.int64(1) << 60
            for look in range(LOOKS):
                at = draw(X.seed, P.key[w], X.month, MARRIAGE_SEARCH + (turn * LOOKS + look) * 1000)
                j = np.searchsorted(place, at)
                steps = 0
                while steps < m:
                    if j >= m:
                        j = 0
                    if not taken[j]:
                        break
                    j += 1
                    steps += 1
                off = abs(np.int64(P.birth[w]) - np.int64(birth[j]) - gap)
                if off > WIDEST_GAP or (P.mother[w] != 0 and P.mother[w] == mother[j]):
                    continue
                if P.household[w] != 0 and P.household[w] == family[j]:
                    continue
                score = off + (0 if P.district[w] == district[j] else 36)
                if score < choice_score or (score == choice_score and P.key[men[j]] < P.key[men[choice]]):
                    choice = j
                    choice_score = score
            if choice < 0:
                continue
            word = draw(X.seed, P.key[w], X.month, MARRIAGE_CHOICE)
            b = best[choice]
            better = b < 0 or choice_score < best_score[choice]
            if not better and choice_score == best_score[choice]:
                better = word < best_hash[choice] or (
                    word == best_hash[choice] and P.key[w] < P.key[women[b]]
                )
            if better:
                best[choice] = i
                best_score[choice] = choice_score
                best_hash[choice] = word
        for j in range(m):
            if best[j] >= 0:
                husband[best[j]] = j
                taken[j] = True
                free -= 1


@kernel
def ring(X, men, place):
    """Keyed place of every man on the ring."""
    for j in range(men.size):
        place[j] = draw(X.seed, X.P.key[men[j]], X.month, MARRIAGE_RING)


@kernel
def wed(X, women, men, husband, new_home, gift, founded, count, fired):
    """Marry the matched couples and bring them under one roof. founded[k]: new households. Returns how many."""
    P, H = X.P, X.H
    k = 0
    for i in range(women.size):
        if husband[i] < 0:
            fired[4] += 1
            continue
        w, g = women[i], men[husband[i]]
        P.marital[w] = MARRIED
        P.marital[g] = MARRIED
        P.partner[w] = g
        P.partner[g] = w
        his, hers = P.household[g], P.household[w]
        his_own, her_own = heads_home(P, H, g, X.month), heads_home(P, H, w, X.month)
        if his_own and her_own and H.tenure[hers] == OWNER and H.tenure[his] != OWNER:
            his_own = False
        if his_own:
            target = his
            move_in(X, w, target)
            fired[0] += 1
        elif her_own:
            target = hers
            move_in(X, g, target)
            fired[1] += 1
        elif his == 0 or chance(X.seed, P.key[w], X.month, MARRIAGE_HOME, new_home):
            target = new_household(P, H, g, X.month)
            move_in(X, w, target)
            for side in range(2):
                parents = his if side == 0 else hers
                if parents != 0 and H.cash[parents] > 0:
                    present = np.int64(H.cash[parents] * gift)
                    H.cash[parents] -= present
                    H.cash[target] += present
            founded[k] = target
            k += 1
            fired[2] += 1
            emit(X.E, X.month, _FORMED, _BY_MARRIAGE, H.district[target], g, target, 0, w, 0)
        else:
            target = his
            move_in(X, w, target)
            fired[3] += 1
        if hers != target:
            gather_minors(X, w, hers, target)
            sweep_minors(X, hers, target)
        if his != target:
            sweep_minors(X, his, target)
        for side in range(2):
            old = his if side == 0 else hers
            if old != 0 and old != target and H.size[old] == 0:
                home = H.dwelling[old]
                merge_into(X, old, target)
                emit(X.E, X.month, _ENDED, _BY_MARRIAGE, H.district[old], w, old, home, target, 0)
        count[H.district[target]] += 1
        emit(X.E, X.month, _MARRIAGE, _BY_MARRIAGE, H.district[target], w, target, H.dwelling[target], g, 0)
    return k


@kernel
def part(X, rows, hazard, bound, to_mother, founded, count, fired):
    """Divorces among candidate wives. founded[k]: new households. Returns how many."""
    P, H = X.P, X.H
    k = 0
    for i in range(rows.size):
        if i + 16 < rows.size:
            prefetch((P.state, P.marital, P.birth, P.key), rows[i + 16])
        w = rows[i]
        if P.state[w] != RESIDENT or P.marital[w] != MARRIED:
            continue
        age = min(max((X.month - np.int64(P.birth[w])) // 12, 0), 110)
        if not chance(X.seed, P.key[w], X.month, DIVORCE, hazard[age] / bound[FEMALE, age]):
            continue
        g = P.partner[w]
        h = P.household[w]
        P.marital[w] = DIVORCED
        P.marital[g] = DIVORCED
        P.partner[w] = 0
        P.partner[g] = 0
        count[P.district[w]] += 1
        emit(X.E, X.month, _DIVORCE, _BY_DIVORCE, P.district[w], w, h, H.dwelling[h], g, 0)
        if h == 0 or P.household[g] != h or P.state[g] != RESIDENT:
            fired[7] += 1
            continue
        # he leaves, unless they live with his parents: then she goes, with her minors
        leaver, minors_of = g, np.int32(0)
        if has_parent_in(P, H, g, h, X.month) and not has_parent_in(P, H, w, h, X.month):
            leaver, minors_of = w, w
        size = H.size[h]
        mother_home = at_home(P, H, P.mother[leaver])
        if (
            mother_home != 0
            and mother_home != h
            and chance(X.seed, P.key[leaver], X.month, DIVORCE_HOME, to_mother)
        ):
            target = mother_home
            move_in(X, leaver, target)
            fired[5] += 1
        else:
            target = new_household(P, H, leaver, X.month)
            founded[k] = target
            k += 1
            fired[6] += 1
            emit(X.E, X.month, _FORMED, _BY_DIVORCE, H.district[target], leaver, target, 0, 0, 0)
        if minors_of != 0:
            gather_minors(X, leaver, h, target)
        if H.cash[h] > 0:
            share = H.cash[h] // max(np.int64(size), 2)
            H.cash[h] -= share
            H.cash[target] += share
        emit(X.E, X.month, _LEFT, _BY_DIVORCE, H.district[h], leaver, target, H.dwelling[target], 0, 0)
    return k


def step(world: World) -> None:
    """Divorces, then the marriage market, of the month."""
    params = world.params
    fired = np.zeros(len(BRANCHES), np.int64)
    rows = world.candidates["divorce"]
    founded = np.zeros(len(rows) + 1, np.int32)
    X = life(world, households=len(rows), events=3 * len(rows))
    scale = float(world.memory["unions.divorce_scale"]) * params["unions.divorce_rate"] / 12.0
    k = part(
        X, rows, _divorce_shape() * scale, _bound_divorce(world, world.month), params["unions.to_mother"], founded,
        world.counter("divorces"), fired,
    )  # fmt: skip
    world.seek(founded[:k].copy(), WANT_NEW, world.households.district[founded[:k]])
    rows = world.candidates["marriage"]
    women, men = np.zeros(len(rows), np.int32), np.zeros(len(rows), np.int32)
    X = life(world)
    n, m = enter_market(X, rows, market_hazard(world), _market_bound(), women, men)
    women, men = women[:n].copy(), men[:m].copy()
    place = np.zeros(m, np.uint32)
    ring(X, men, place)
    order = np.lexsort((world.persons.key[men], place))
    men, place = men[order], place[order]
    husband = np.full(n, -1, np.int64)
    match(X, women, men, place, int(round(params["unions.age_gap"] * 12)), husband)
    X = life(world, households=n, events=4 * n)
    founded = np.zeros(n + 1, np.int32)
    k = wed(
        X, women, men, husband, params["unions.new_home"], params["unions.gift"], founded,
        world.counter("marriages"), fired,
    )  # fmt: skip
    world.seek(founded[:k].copy(), WANT_NEW, world.households.district[founded[:k]])
    report(world, BRANCHES, fired)
