"""Fertility: births to resident women by age, marital state and children had, with the birth policy of the country.

All women: f(a, t) = fertility.level * TFR(t) * shape(a, t), TFR and shape of the schedule. Women's own hazards are
    h = c(a, t) w(marital, parity) f(a, t),
with c(a, t) set each month so that the expected births at every age equal those of the rate of all women (else births
fall as marriage comes later). Policy: where two or three children are allowed, couples respond with births beyond the
national path by a share that falls wholly on women with one (two) children: the second-birth response. The country
says when and to how many couples more children were allowed; births follow after `fertility.response_lag` months.
A child's key comes from its mother's key and the birth order, so the same child exists in both of two worlds.
"""

from __future__ import annotations

import numpy as np

from krimp.processes import birth_grant, vital_rates
from krimp.processes.kin import chance, life, person_row, report
from krimp.processes.life_screening import AGES, LifeHazard
from krimp.state.codes import CHILD, EVENT, FEMALE, HERE, MALE, MARRIED, REASON, RESIDENT
from krimp.state.compile import kernel
from krimp.state.counting import pack, tally_some
from krimp.state.families import foresee, link
from krimp.state.parameters import Parameter
from krimp.state.purposes import BIRTH, CHILD_SEX, KEY_CHILD, TWINS
from krimp.state.random import derive
from krimp.state.world import CHUNK, Series, World, emit

PARAMETERS = (
    Parameter(
        "fertility.level", 0.46, "factor", "lognormal(0.46, 0.10)",
        "[D] first probe: the city's births 2010-2015 against the national path", "factor on the schedule's TFR", 0.0, 1.3,
    ),
    Parameter(
        "fertility.two_child_response", 0.13, "share", "normal(0.13, 0.05)",
        "[D] first probe: .52 against .46 of the national path after 2015; [S] WPP bump of 10-15% 2016-17",
        "more births than the national path once every couple may have two", 0.0, 0.5,
    ),
    Parameter(
        "fertility.three_child_response", 0.02, "share", "uniform(0.0, 0.05)", "[A] no visible response in the north-east",
        "more births once every couple may have three", 0.0, 0.5,
    ),
    Parameter(
        "fertility.unlimited", 0.0, "share", "fixed", "[A] policy: 0 = the country's law as dated",
        "couples who may have two children whatever the law says", 0.0, 1.0,
    ),
    Parameter("fertility.response_lag", 9.0, "months", "fixed", "[A] nine months from a permit to a birth", "", 0, 60),
    Parameter(
        "fertility.twins", 0.011, "share", "fixed", "[R] twin deliveries, China about 1.1%", "deliveries with two children",
        0.0, 0.05,
    ),
    Parameter(
        "fertility.unmarried", 0.03, "ratio", "fixed", "[A] births outside marriage are rare in China",
        "hazard of the unmarried relative to childless wives", 0.0, 1.0,
    ),
    Parameter(
        "fertility.second", 0.30, "ratio", "uniform(0.2, 0.4)",
        "[A] about a quarter of births are second births in the north-east under the one-child rules",
        "hazard of wives with one child relative to childless wives, before any response", 0.0, 1.0,
    ),
    Parameter(
        "fertility.third", 0.04, "ratio", "uniform(0.02, 0.08)", "[A]",
        "hazard of wives with two or more children relative to childless wives, before any response", 0.0, 1.0,
    ),
)  # fmt: skip
SERIES = (Series("births", "persons", "flow", "children born to residents"),)
BRANCHES = (
    "fertility.first", "fertility.second", "fertility.third_or_later", "fertility.twins", "fertility.unmarried",
    "fertility.policy_response",
)  # fmt: skip

#: Ages in months at which women can give birth, from and before.
YOUNGEST, OLDEST = 180, 600
#: Rows counted at once, which stay in the processor's nearest cache.
BLOCK = 1024
_BIRTH, _BY_BIRTH = EVENT["birth"], REASON["birth"]


def policy(world: World) -> tuple[float, float]:
    """Share of couples who may have a second and a third child, as births of this month feel it."""
    month = world.month - int(world.params["fertility.response_lag"])
    second = third = 0.0
    for since, children, share in getattr(world.regime, "birth_policy", ()):
        if month >= since:
            second = share if children == 2 else 1.0
            third = share if children == 3 else 0.0
    return max(second, world.params["fertility.unlimited"]), third


def all_women(world: World) -> np.ndarray:
    """float64[AGES] births a month per woman by age, policy response included: what births must come to."""
    second, third = policy(world)
    p = world.params
    factor = 1.0 + second * p["fertility.two_child_response"] + third * p["fertility.three_child_response"]
    return base_rate(world) * factor


def base_rate(world: World) -> np.ndarray:
    """float64[AGES] births a month per woman by age, with a birth grant but without response to the national policy."""
    rate = vital_rates.birth_rate(vital_rates.tables(world), world.month)
    return rate * (world.params["fertility.level"] / 12.0 * birth_grant.factor(world))


def _bound(world: World, month: int) -> np.ndarray:
    """Four times the schedule's own level (the first probe's city has half of it), at least .6% a month in the
    twenties, where the few who are married have all the births; never above 6%."""
    bound = np.zeros((2, AGES))
    rate = vital_rates.birth_rate(vital_rates.tables(world), month)
    bound[FEMALE] = np.minimum(rate * (4.0 / 12.0), 0.06)
    bound[FEMALE, 18:40] = np.maximum(bound[FEMALE, 18:40], 0.008)
    return bound


HAZARDS = (LifeHazard("birth", RESIDENT, _bound),)


@kernel
def women(P, month, out, cell, flag, here, first, stop):
    """Add the resident women of rows [first, stop) who may bear children to out[4, cells]: age, parity 0-3+, married (the four
    lines are to be added up); collective ones to parity 3+ of nobody, since they count among all women but bear no children
    there. `cell`, `flag`, `here`: scratch of a block, in numbers as narrow as the columns: twice as many to a vector."""
    after, until = np.int16(month - OLDEST), np.int16(month - YOUNGEST)
    for begin in range(first, stop, BLOCK):
        end = min(begin + BLOCK, stop)
        for i in range(begin, end):
            p = np.uint64(i)
            of_age = (P.birth[p] > after) & (P.birth[p] <= until)
            flag[np.uint64(i - begin)] = (P.state[p] == RESIDENT) & (P.sex[p] == FEMALE) & of_age
        for i in range(begin, end):
            p = np.uint64(i)
            apart = np.uint16(P.collective[p] != 0)
            parity = np.uint16(min(max(P.parity[p], np.int8(0)), np.int8(2)))
            parity = parity if apart == 0 else np.uint16(3)
            age = np.uint16(np.uint16(np.int16(month) - P.birth[p]) // np.uint16(12))
            cell[np.uint64(i - begin)] = (
                np.uint16(age * np.uint16(8))
                + np.uint16(parity * np.uint16(2))
                + (np.uint16(P.marital[p] == MARRIED) | apart)
            )
        tally_some(cell, here[: pack(flag[: end - begin], 0, here, 0)], out)


@kernel
def hazards(count, rate, weight, second, third, bound, out):
    """Fill out[AGES, 3, 2] (age, parity 0-2+, married) with the monthly hazard of a delivery. `rate`: births wanted
    per woman by age; `weight[3, 2]` relative hazards; `second`, `third`: responses as a share of all births.
    Where a hazard would pass its bound, what is cut off is spread over the others."""
    ages = rate.size
    wanted = 0.0
    for age in range(ages):
        weighted = 0.0
        everyone = 0
        for k in range(3):
            for m in range(2):
                weighted += count[age, k, m] * weight[k, m]
                everyone += count[age, k, m]
        everyone += count[age, 3, 1]
        c = 0.0
        if weighted > 0.0:
            c = rate[age] * everyone / weighted
        for k in range(3):
            for m in range(2):
                out[age, k, m] = c * weight[k, m]
        extra_second = rate[age] * everyone * second
        extra_third = rate[age] * everyone * third
        if count[age, 1, 1] > 0:
            out[age, 1, 1] += extra_second / count[age, 1, 1]
        elif weighted > 0.0:
            for k in range(3):
                for m in range(2):
                    out[age, k, m] *= 1.0 + second
        if count[age, 2, 1] > 0:
            out[age, 2, 1] += extra_third / count[age, 2, 1]
        elif weighted > 0.0:
            for k in range(3):
                for m in range(2):
                    out[age, k, m] *= 1.0 + third
        wanted += rate[age] * everyone * (1.0 + second + third)
    for _ in range(12):
        got = 0.0
        free = 0.0
        for age in range(ages):
            for k in range(3):
                for m in range(2):
                    if out[age, k, m] >= bound[age]:
                        out[age, k, m] = bound[age]
                        got += count[age, k, m] * out[age, k, m]
                    else:
                        free += count[age, k, m] * out[age, k, m]
        if free <= 0.0 or got + free >= wanted * (1.0 - 1e-12):
            break
        factor = (wanted - got) / free
        for age in range(ages):
            for k in range(3):
                for m in range(2):
                    if out[age, k, m] < bound[age]:
                        out[age, k, m] = min(out[age, k, m] * factor, bound[age])


@kernel
def bear(X, rows, hazard, bound, twins, boys, births, response, fired):
    """Deliveries of candidate mothers `rows`."""
    P, H = X.P, X.H
    for i in range(rows.size):
        foresee(P, H, rows, i)
        w = rows[i]
        if P.state[w] != RESIDENT or P.household[w] == 0:
            continue
        months = X.month - np.int64(P.birth[w])
        if months < YOUNGEST or months >= OLDEST:
            continue
        age = months // 12
        wife = 1 if P.marital[w] == MARRIED else 0
        parity = min(max(np.int64(P.parity[w]), 0), 2)
        if not chance(X.seed, P.key[w], X.month, BIRTH, hazard[age, parity, wife] / bound[age]):
            continue
        order = np.int64(P.parity[w])
        children = 2 if chance(X.seed, P.key[w], order, TWINS, twins) else 1
        fired[parity] += 1
        fired[3] += children - 1
        fired[4] += 1 - wife
        if response and wife == 1 and parity > 0:
            fired[5] += 1
        for twin in range(children):
            key = derive(P.key[w], 2 * order + twin, KEY_CHILD)
            sex = MALE if chance(X.seed, key, 0, CHILD_SEX, boys) else FEMALE
            p = person_row(P, key, X.month, sex, P.district[w], HERE, X.month)
            P.mother[p] = w
            P.hukou[p] = P.hukou[w]
            P.activity[p] = CHILD
            h = P.household[w]
            link(P, H, p, h)
            P.parity[w] += 1
            births[P.district[w]] += 1
            emit(X.E, X.month, _BIRTH, _BY_BIRTH, P.district[p], p, h, H.dwelling[h], w, 0)


def month_hazard(world: World) -> np.ndarray:
    """float64[AGES, 3, 2] monthly hazard of a delivery by age, parity (0, 1, 2+) and marriage."""
    view = world.persons.view()

    def work(_: int, first: int, stop: int) -> np.ndarray:
        out, cell = np.zeros((4, AGES * 8), np.int32), np.empty(BLOCK, np.uint16)
        flag, here = np.empty(BLOCK, np.uint8), np.empty(BLOCK + 1, np.int32)
        women(view, world.month, out, cell, flag, here, first, stop)
        return out

    counted = sum(world.map_chunks(work, world.persons.n, chunk=2 * CHUNK))
    count = counted.sum(axis=0, dtype=np.int64).reshape(AGES, 4, 2)
    p = world.params
    weight = np.array([
        [p["fertility.unmarried"], 1.0],
        [p["fertility.unmarried"] * p["fertility.second"], p["fertility.second"]],
        [p["fertility.unmarried"] * p["fertility.third"], p["fertility.third"]],
    ])  # fmt: skip
    second, third = policy(world)
    out = np.zeros((AGES, 3, 2))
    hazards(
        count, base_rate(world) / (1.0 + p["fertility.twins"]), weight, second * p["fertility.two_child_response"],
        third * p["fertility.three_child_response"], _bound(world, world.month)[FEMALE], out,
    )  # fmt: skip
    return out


def step(world: World) -> None:
    """Births of the month."""
    rows = world.candidates["birth"]
    hazard = month_hazard(world)
    ratio = vital_rates.sex_ratio(vital_rates.tables(world), world.month)
    fired = np.zeros(len(BRANCHES), np.int64)
    bear(
        life(world, persons=2 * len(rows), events=2 * len(rows)), rows, hazard, _bound(world, world.month)[FEMALE],
        world.params["fertility.twins"], ratio / (1.0 + ratio), world.counter("births"),
        policy(world)[0] > 0.0, fired,
    )  # fmt: skip
    report(world, BRANCHES, fired)
