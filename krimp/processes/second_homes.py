"""Buyers from outside: second homes, small investors, hostel keepers; and how they give up again.

    buyers a month = lambda0 * (price elsewhere / price here)^phi * (1 + beta buzz) * (1 - lockdown)

(mechanisms 2.5, 3.5). Each comes with money of its own and bids like others (`housing_search`). Second-home owners stop
coming after some years and their flat falls empty, then comes on the market.
"""

from __future__ import annotations

import numpy as np

from krimp.state.codes import BY_INVESTOR, SECOND_HOME, VACANT, WANT_HOSTEL, WANT_INVEST, WANT_SECOND
from krimp.state.compile import kernel
from krimp.state.counting import rows_where
from krimp.state.parameters import Parameter
from krimp.state.portable import exp, log
from krimp.state.purposes import SECOND_BUYER, SECOND_EXIT
from krimp.state.random import derive, draw, draw4, gauss, unit
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter("second_homes.scale", 1.0, "factor", "fixed", "[A] 0 = no outside buyers", "", 0.0, 100.0),
    Parameter(
        "second_homes.level", 35.0, "buyers a month", "lognormal(35, 0.6)",
        "[A] wide: outsiders bought 1,134 homes in the year of the first news wave (2019)", "lambda0, at base prices", 0.0, 1e5,
    ),
    Parameter("second_homes.phi", 1.0, "elasticity", "uniform(0.5, 2.0)", "[A]", "response to the price of homes elsewhere over here", 0.0, 5.0),
    Parameter("second_homes.buzz", 1.5, "ratio", "uniform(0.5, 3)", "[A]", "extra buyers at the height of a pulse of 1", 0.0, 50.0),
    Parameter("second_homes.money", 48000.0, "yuan", "lognormal(48000, 0.4)", "[D] a third of a migrant worker's wage (3,962 yuan a month in 2019 [R]) saved for three years", "median savings at pay of 2019", 1e3, 1e7),
    Parameter("second_homes.money_sd", 0.6, "log", "uniform(0.4, 0.8)", "[A] one year or ten of saving, on one wage or two", "between buyers", 0.01, 3.0),
    Parameter("second_homes.invest_share", 0.30, "share", "uniform(0.1, 0.5)", "[A]", "buyers who leave the flat empty or let it", 0.0, 1.0),
    Parameter("second_homes.hostel_share", 0.05, "share", "uniform(0.02, 0.1)", "[A]", "buyers who make a hostel of it", 0.0, 1.0),
    Parameter("second_homes.give_up", 0.20, "per year", "uniform(0.1, 0.35)", "[S] of 400 buyers of one agent fewer than 100 still lived there after some six years", "second-home owners who stop coming", 0.0, 1.0),
)  # fmt: skip
SERIES = (Series("outside_buyers", "buyers", "flow", "buyers from outside who look"),)
BRANCHES = ("second_homes.buyer", "second_homes.given_up")


@kernel
def come(slots, chance, seed, month, money, spread, invest, hostel, district_share, budget, motive, district):
    """Thin the month's slots. Returns how many buyers come, with money, motive and district."""
    n = 0
    for slot in range(slots):
        key = derive(np.uint64(0x5EC0) * np.uint64(1 << 32) + np.uint64(month), slot, SECOND_BUYER)
        a, b, c, e = draw4(seed, key, month, SECOND_BUYER)
        if unit(a) >= chance:
            continue
        f, g, k, _ = draw4(seed, key, month + 1, SECOND_BUYER)
        u = unit(b)
        motive[n] = WANT_HOSTEL if u < hostel else (WANT_INVEST if u < hostel + invest else WANT_SECOND)
        budget[n] = np.int64(money * exp(spread * gauss(c, e))) + slot
        v = unit(f)
        d = 0
        while d < district_share.size - 1 and v >= district_share[d]:
            d += 1
        district[n] = d
        n += 1
    return n


@kernel
def give_up(D, rows, seed, month, hazard):
    """Those of the second homes `rows` that belong to outside owners fall empty; returns how many."""
    n = 0
    for d in rows:
        if D.owner_kind[d] == BY_INVESTOR:
            if unit(draw(seed, D.key[d], month, SECOND_EXIT)) < hazard:
                D.use[d] = VACANT
                D.vacant_since[d] = month
                n += 1
    return n


def start(world: World) -> None:
    """Where outsiders look: urban districts by their marketable stock."""
    d = world.dwellings
    urban = np.array([x.kind == "district" for x in world.pack.config.districts])
    stock = np.bincount(d.district[1:][d.title[1:] != 3], minlength=world.nd).astype(np.float64) * (
        urban + 0.1
    )
    world.memory["second_homes.share"] = np.cumsum(stock) / max(stock.sum(), 1.0)


def step(world: World) -> None:
    """Buyers of the month and those who give up."""
    p, m = world.params, world.memory
    wage = world.driver("national_wage", 1.0) / float(world.drivers.get("national_wage", np.ones(1))[0])
    price = max(float(world.signal["price_m2"][-1]), 1.0)
    base = m.setdefault("second_homes.price0", price)
    ratio = wage * base / price
    # at the base national stories about cheap flats had not begun; the ratio alone draws few
    expected = p["second_homes.level"] * world.copies / world.weight * p["second_homes.scale"]
    expected *= float(exp(p["second_homes.phi"] * (log(ratio) - log(2.5))))
    expected *= (1.0 + p["second_homes.buzz"] * float(m.get("newcomers.buzz", 0.0))) * (
        1.0 - 0.9 * float(world.signal["lockdown"][-1])
    )
    slots = max(16, int(20 * p["second_homes.level"] * world.copies / world.weight))
    budget, motive, district = np.zeros(slots, np.int64), np.zeros(slots, np.int8), np.zeros(slots, np.int8)
    n = come(
        slots, min(expected / slots, 1.0), world.seed, world.month,
        p["second_homes.money"] * world.pack.config.minor_units * wage / 2.5, p["second_homes.money_sd"], p["second_homes.invest_share"],
        p["second_homes.hostel_share"], m["second_homes.share"], budget, motive, district,
    )  # fmt: skip
    if n:
        world.seekers.append(
            household=np.zeros(n, np.int32), motive=motive[:n], budget=budget[:n], district=district[:n]
        )
        world.counter("outside_buyers")[: world.nd] += np.bincount(district[:n], minlength=world.nd)
        world.fired["second_homes.buyer"] += n
    homes = world.dwellings
    rows = rows_where(homes.use == SECOND_HOME)
    gone = give_up(homes.view(), rows, world.seed, world.month, p["second_homes.give_up"] / 12.0)
    world.fired["second_homes.given_up"] += gone
