"""Newcomers: people with no tie to the city, for work, for family, or drawn by cheap homes and the news about them.

    expected(origin) = level * people * exp(kappa * appeal)                         work and family
    expected(cheap)  = lambda0 * (p_alt / p_here)^phi * (1 + buzz)                   Poisson arrivals (mechanisms 2.5)

Arrivals come in numbered slots keyed by (origin, month, slot); a keyed draw thins the slots, so the same person arrives
in two scenarios until the rate itself differs. Buzz is a pulse of national stories that fades with a half-life of months.
Many do not stay a winter (`out_migration.again_newcomer`).
"""

from __future__ import annotations

import numpy as np

from krimp.processes.kin import bring_cash, life, person_row, report
from krimp.processes.out_migration import remember_arrivals, response
from krimp.state.codes import (
    ELSEWHERE,
    EVENT,
    FEMALE,
    MALE,
    MARRIED,
    NEAR_TOWN,
    REASON,
    SENIOR,
    TERTIARY,
    UNEMPLOYED,
    WANT_ARRIVAL,
)
from krimp.state.compile import kernel
from krimp.state.families import link, new_household
from krimp.state.parameters import Parameter
from krimp.state.portable import exp, log
from krimp.state.purposes import KEY_ARRIVAL, NEWCOMER_PLACE, NEWCOMER_PROFILE, NEWCOMER_SLOT
from krimp.state.random import derive, draw4, gauss, unit
from krimp.state.world import Series, World, emit

PARAMETERS = (
    Parameter(
        "newcomers.level", 0.0016, "per resident and year", "lognormal(0.0016, 0.4)",
        "[A] weak in-flow of the north-east (census series [S]); net exit is gross exit less return and this",
        "people who come for work or family", 0.0, 0.05,
    ),
    Parameter("newcomers.kappa", 1.0, "elasticity", "lognormal(1.0, 0.3)", "[A]", "response of work arrivals to home appeal", 0.0, 4.0),
    Parameter(
        "newcomers.cheap", 12.0, "persons a month", "lognormal(12, 0.8)",
        "[A] 1,134 outside buyers in 2019, few of whom moved in (prior of mechanisms 11b: LN(20, 1))",
        "arrivals for cheap homes at the base price ratio of 2019, before buzz", 0.0, 2000.0,
    ),
    Parameter("newcomers.phi", 1.5, "elasticity", "uniform(0.8, 2.5)", "[A]", "response to the price of homes elsewhere over here", 0.0, 5.0),
    Parameter("newcomers.buzz_half_life", 3.0, "months", "uniform(2, 4)", "[A] (mechanisms 2.5)", "of a wave of news", 0.3, 60.0),
    Parameter("newcomers.buzz", 2.0, "ratio", "uniform(0.5, 4)", "[A]", "extra arrivals at the height of a pulse of 1", 0.0, 50.0),
    Parameter("newcomers.savings", 15000.0, "yuan", "lognormal(15000, 0.4)", "[A] enough for a cheap flat", "brought along, at base wages", 0.0, 1e6),
)  # fmt: skip
SERIES = (
    Series("newcomers", "persons", "flow", "people who come and had not lived here"),
    Series("buzz", "index", "rate", "news about cheap homes, a fading pulse", False),
)
BRANCHES = ("newcomers.work", "newcomers.cheap_home", "newcomers.couple")

#: Slots per expected arrival: room for the rate to rise before a slot is missing.
ROOM = 4
_ARRIVAL = EVENT["arrival"]
_WORK, _FAMILY, _CHEAP, _NEWS = REASON["work"], REASON["family"], REASON["cheap_home"], REASON["news"]


def start(world: World) -> None:
    """No news yet; the slots' number is fixed by the base."""
    world.memory["newcomers.buzz"] = 0.0
    people = float(np.count_nonzero(world.persons.state == 1))
    expected = people * world.params["newcomers.level"] / 12.0
    world.memory["newcomers.slots"] = int(ROOM * max(expected, 2.0)) + 8
    share = np.bincount(world.persons.district[world.persons.state == 1], minlength=world.nd).astype(
        np.float64
    )
    world.memory["newcomers.share"] = np.cumsum(share) / max(share.sum(), 1.0)


@kernel
def arrive(X, origin, slots, expected, place_near, district_share, by_appeal, savings, reason, news, homes, districts,
           newcomers, arrivals, rows, fired):  # fmt: skip
    """Thin the slots of one origin and make the people. Returns households and persons made."""
    P, H = X.P, X.H
    n_home = 0
    n_rows = 0
    for slot in range(slots):
        words = draw4(
            X.seed, np.uint64(origin) * np.uint64(1 << 40) + np.uint64(slot), X.month, NEWCOMER_SLOT
        )
        where = unit(words[1])
        d = 0
        while d < district_share.size - 1 and where >= district_share[d]:
            d += 1
        if unit(words[0]) >= expected * by_appeal[d] / slots:
            continue
        key = derive(np.uint64(origin) * np.uint64(1 << 40) + np.uint64(X.month), slot, KEY_ARRIVAL)
        a, b, c, e = draw4(X.seed, key, X.month, NEWCOMER_PROFILE)
        # ages 19 to 59, most of them young: triangular
        years = 19.0 + 40.0 * (1.0 - (1.0 - unit(a)) ** 0.5)
        sex = FEMALE if unit(b) < 0.48 else MALE
        place = NEAR_TOWN if unit(c) < place_near else ELSEWHERE
        p = person_row(P, key, np.int64(X.month - years * 12.0), sex, d, place, X.month)
        P.activity[p] = UNEMPLOYED
        P.schooling[p] = TERTIARY if unit(e) < 0.3 else SENIOR
        rows[n_rows] = p
        n_rows += 1
        h = new_household(P, H, p, X.month)
        heads = 1
        if unit(words[2]) < 0.3 and years >= 24.0:
            q = person_row(
                P, derive(key, 1, KEY_ARRIVAL), np.int64(X.month - years * 12.0) + np.int64(unit(words[3]) * 36) - 18,
                FEMALE if sex == MALE else MALE, d, place, X.month,
            )  # fmt: skip
            P.activity[q] = UNEMPLOYED
            P.schooling[q] = SENIOR
            P.partner[p] = q
            P.partner[q] = p
            P.marital[p] = MARRIED
            P.marital[q] = MARRIED
            link(P, H, q, h)
            rows[n_rows] = q
            n_rows += 1
            heads = 2
            fired[2] += 1
        f, g, _, _ = draw4(X.seed, key, X.month, NEWCOMER_PLACE)
        bring_cash(X, h, np.int64(savings * heads * exp(0.7 * gauss(f, g) - 0.245)))
        homes[n_home] = h
        districts[n_home] = d
        n_home += 1
        newcomers[d] += heads
        arrivals[d] += heads
        fired[1 if origin == 2 else 0] += 1
        why = _NEWS if origin == 2 and news else reason
        emit(X.E, X.month, _ARRIVAL, why, d, p, h, 0, 0, 0)
    return n_home, n_rows


def step(world: World) -> None:
    """Arrivals of the month from the two origins: work and family, and cheap homes."""
    p, memory = world.params, world.memory
    decay = float(exp(-0.6931471805599453 / p["newcomers.buzz_half_life"]))
    memory["newcomers.buzz"] = memory["newcomers.buzz"] * decay + world.driver("buzz", 0.0)
    wage = world.driver("national_wage", 1.0) / float(world.drivers.get("national_wage", np.ones(1))[0])
    people = float(memory["household_income.people"].sum())
    appeal = response(world, p["newcomers.kappa"], 1.0, -1.0)
    price = max(float(world.signal["price_m2"][-1]), 1.0)
    # homes elsewhere have followed wages outside; 1 at the base
    base_price = memory.setdefault("newcomers.price0", price)
    ratio = wage / (price / base_price)
    cheap = p["newcomers.cheap"] / world.weight * world.copies
    cheap *= float(exp(p["newcomers.phi"] * (log(ratio) - log(3.0)))) * (
        1.0 + p["newcomers.buzz"] * memory["newcomers.buzz"]
    )
    lockdown = 1.0 - 0.8 * float(world.signal["lockdown"][-1])
    fired = np.zeros(len(BRANCHES), np.int64)
    new_rows = []
    for origin, expected, slots, reason, by in (
        (1, p["newcomers.level"] * people / 12.0, memory["newcomers.slots"], _WORK, appeal),
        (2, cheap, max(int(40 * p["newcomers.cheap"] / world.weight * world.copies), 16), _CHEAP, np.ones(world.nd + 1)),
    ):  # fmt: skip
        homes, districts = np.zeros(slots, np.int32), np.zeros(slots, np.int8)
        rows = np.zeros(2 * slots, np.int32)
        n_home, n_rows = arrive(
            life(world, persons=2 * slots, households=slots, events=slots), origin, slots, expected * lockdown,
            0.8 if origin == 1 else 0.2, memory["newcomers.share"], by, world.fen(p["newcomers.savings"]) * wage, reason,
            memory["newcomers.buzz"] > 0.3, homes, districts, world.counter("newcomers"), world.counter("in_migrants"), rows,
            fired,
        )  # fmt: skip
        world.seek(homes[:n_home], WANT_ARRIVAL, districts[:n_home])
        new_rows.append(rows[:n_rows])
    remember_arrivals(world, np.concatenate(new_rows))
    report(world, BRANCHES, fired)


def observe(world: World) -> dict[str, np.ndarray]:
    """News about the city."""
    out = np.full(world.nd + 1, np.nan)
    out[-1] = float(world.memory["newcomers.buzz"])
    return {"buzz": out}
