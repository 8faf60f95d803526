"""Heating: operators with books of their own, a capped tariff, coal, dark flats and a subsidy that comes late.

Each district has one operator. In autumn it bills every flat on the network: the full fee, or the base fee where the
owner has stopped the heat of an empty flat. From October to April it pays for coal and for the network:

    cost(month) = weight(month) * unit cost * [F + (1 - F) * heated area / network area] * network area
    unit cost = c0 * (fixed part * prices + fuel part * coal price)

The network's part does not shrink with the flats that are heated. What fees do not cover the city owes as subsidy, if it
pays. An operator out of cash delivers what it can pay for, for as long as the city lets it: after a month the city or
its upper government steps in (the report's outage lasted days).
"""

from __future__ import annotations

import numpy as np

from krimp.state.codes import (
    ACTIVE,
    BY_CITY,
    BY_DEVELOPER,
    BY_HOUSEHOLD,
    DISTRICT_HEAT,
    HOSTEL,
    SECOND_HOME,
    STANDING,
    VACANT,
)
from krimp.state.compile import kernel
from krimp.state.parameters import Parameter
from krimp.state.purposes import HEAT_BILL
from krimp.state.random import draw, unit
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter("heating.fee_m2", 26.0, "yuan/m2 and season", "uniform(22, 30)", "[S] 20-38; about 28 in 2025 (one flat)", "capped tariff in 2010", 0.0, 500.0),
    Parameter("heating.fee_growth", 0.007, "per year", "uniform(0, 0.015)", "[A] the tariff hardly moves", "", -0.1, 0.2),
    Parameter("heating.base_fee_share", 0.25, "share", "uniform(0.2, 0.5)", "[R] 20-50% of the fee when heat is stopped", "", 0.0, 1.0),
    Parameter("heating.cost_m2", 25.0, "yuan/m2 and season", "uniform(22, 29)", "[A] near the tariff at the base", "unit cost at base prices", 0.0, 500.0),
    Parameter("heating.fuel_part", 0.5, "share", "uniform(0.4, 0.6)", "[R] coal is about half of the cost of heat", "", 0.0, 1.0),
    Parameter("heating.fuel_pass", 0.6, "share", "uniform(0.4, 0.9)", "[A] local coal under contract follows the benchmark in part", "", 0.0, 2.0),
    Parameter("heating.network_share", 0.65, "share", "uniform(0.5, 0.8)", "[A] F of cost = F + v * heated (mechanisms 5.2b)", "", 0.0, 1.0),
    Parameter("heating.unpaid_dark", 0.35, "share", "uniform(0.15, 0.6)", "[A] bills of absent owners of dark flats that are never paid", "", 0.0, 1.0),
    Parameter("heating.subsidy_share", 0.9, "share", "uniform(0.7, 1.0)", "[A] of the gap between cost and fees billed", "what the city owes the operators", 0.0, 1.0),
    Parameter("heating.rescue", 0.75, "share", "uniform(0.6, 0.9)", "[S] the government intervened within days of a stop", "least heat delivered in a month of outage", 0.0, 1.0),
)  # fmt: skip
SERIES = (
    Series("heat_share", "share", "rate", "share of due heat delivered (1 out of season)"),
    Series("heated_flats", "dwellings", "stock", "flats on the network that were billed the full fee"),
    Series("heating_loss", "currency", "money", "operators' cost less fees and subsidy paid", False),
)
BRANCHES = ("heating.billed", "heating.unpaid", "heating.base_fee", "heating.delivered")

#: Share of the season's cost by calendar month.
WEIGHT = {10: 0.08, 11: 0.17, 12: 0.21, 1: 0.22, 2: 0.16, 3: 0.12, 4: 0.04}


@kernel
def _bill(D, H, fee, base_share, unpaid, seed, month, paid, billed, area, counts, outside, fired):
    """Autumn bills. paid[d, 0..3]: from households, absent owners, developers, city; billed[d]; area[d, 0..1]."""
    for d in range(1, D.used[0]):
        if D.state[d] != STANDING or D.heating[d] != DISTRICT_HEAT:
            continue
        k = D.district[d]
        m2 = np.int64(D.area[d])
        area[k, 0] += m2
        use = D.use[d]
        if use == VACANT and D.heat_off[d] == 1:
            amount = np.int64(fee * base_share * m2)
            fired[2] += 1
        else:
            amount = np.int64(fee * m2)
            area[k, 1] += m2
            counts[k] += 1
        billed[k] += amount
        h = D.occupant[d]
        if h == 0 and D.owner_kind[d] == BY_HOUSEHOLD and H.state[D.owner[d]] == ACTIVE:
            h = D.owner[d]
        if h > 0:
            part = min(amount, max(H.cash[h], np.int64(0)))
            H.cash[h] -= part
            paid[k, 0] += part
        elif D.owner_kind[d] == BY_DEVELOPER:
            paid[k, 2] += amount
        elif D.owner_kind[d] == BY_CITY:
            paid[k, 3] += amount
        elif use == SECOND_HOME or use == HOSTEL or unit(draw(seed, D.key[d], month, HEAT_BILL)) >= unpaid:
            paid[k, 1] += amount
        else:
            fired[1] += 1
            outside[k] += amount


def start(world: World) -> None:
    """Operators' opening cash by heated area; a season's bill was paid before the base."""
    nd = world.nd
    d = world.dwellings
    network = (d.state == STANDING) & (d.heating == DISTRICT_HEAT)
    area = np.bincount(d.district[network], weights=d.area[network].astype(np.float64), minlength=nd)
    cost = area * world.params["heating.cost_m2"] * world.pack.config.minor_units / 10.0
    book = world.ledger
    # the winter of the base is paid up: cash for it comes from the banks' side of the opening books
    opening = (cost * 0.95).astype(np.int64)
    change = int(opening.sum()) - book["heating.cash"]
    book.balance[book.index["heating.cash"]] += change
    book.balance[book.index["banks.cash"]] -= change
    book.opening[:] = book.balance
    memory = world.memory
    memory["heating.books"] = opening
    memory["heating.area"] = np.stack([area, area], axis=1)
    memory["heating.season_gap"] = 0
    memory["heating.subsidy_due"] = 0
    memory["heating.subsidy_paid"] = 0
    memory["heating.loss"] = 0
    memory["heating.short"] = np.zeros(nd, np.int64)
    memory["heating.flats"] = np.bincount(d.district[network & (d.use != VACANT)], minlength=nd).astype(
        np.int64
    )


def step(world: World) -> None:
    """Bills in October, subsidy received, coal burnt, heat delivered."""
    p, memory = world.params, world.memory
    world.signal["heat_share"][:] = 1.0
    memory["heating.loss"] = 0
    # subsidy paid this month goes to operators in proportion to their network
    area = memory["heating.area"]
    books = memory["heating.books"]
    total = max(float(area[:, 0].sum()), 1.0)
    came = int(memory["heating.subsidy_paid"])
    if came:
        parts = (came * area[:, 0] / total).astype(np.int64)
        parts[int(np.argmax(area[:, 0]))] += came - int(parts.sum())
        books += parts
    memory["heating.subsidy_paid"] = 0
    if world.month_of_year == 10:
        _bills(world)
    weight = WEIGHT.get(world.month_of_year, 0.0)
    memory["heating.subsidy_due"] = 0
    if weight == 0.0:
        return
    coal = world.driver("coal_price", 1.0) / float(world.drivers.get("coal_price", np.ones(1))[0])
    fuel = p["heating.fuel_part"]
    index = (1.0 - fuel) * world.driver("cpi", 1.0) + fuel * (1.0 + p["heating.fuel_pass"] * (coal - 1.0))
    unit_cost = p["heating.cost_m2"] * index * world.pack.config.minor_units / 10.0
    share = p["heating.network_share"]
    cost = (unit_cost * weight * (share * area[:, 0] + (1.0 - share) * area[:, 1])).astype(np.int64)
    book = world.ledger
    for d in range(world.nd):
        if cost[d] == 0:
            continue
        can = max(int(books[d]), 0)
        delivered = min(1.0, can / cost[d])
        spent = min(int(cost[d]), can)
        if delivered < 1.0:
            # the outage is short: a rescue on credit keeps most of the heat on; it is owed to the coal sellers' banks
            rescue = p["heating.rescue"]
            if memory["heating.short"][d] > 0:
                rescue = 0.5 + 0.5 * rescue
            if delivered < rescue:
                need = int(cost[d] * rescue) - spent
                book.pay("overdraft", "banks.cash", "heating.cash", need, d)
                book.pay("claims", "firms.loans", "banks.firm_loans", need, d)
                books[d] += need
                spent += need
                delivered = rescue
            memory["heating.short"][d] += 1
            world.signal["heat_share"][d] = delivered
            world.events.add(world.month, "heat_stopped", "no_cash", district=d, amount=int(1000 * delivered))
        else:
            memory["heating.short"][d] = 0
            world.fired["heating.delivered"] += 1
        book.pay("imports", "heating.cash", "mine.cash", int(spent * fuel), d)
        book.pay("imports", "heating.cash", "rest.cash", spent - int(spent * fuel), d)
        books[d] -= spent
    city = float((world.signal["heat_share"][: world.nd] * cost).sum()) / max(float(cost.sum()), 1.0)
    world.signal["heat_share"][-1] = city
    gap = memory["heating.season_gap"]
    # the subsidy of a season is claimed in its months: cost so far beyond the part of the fees
    income = int(memory["heating.fees"] * weight) if "heating.fees" in memory else int(cost.sum())
    memory["heating.subsidy_due"] = max(0, int((int(cost.sum()) - income) * p["heating.subsidy_share"]))
    memory["heating.season_gap"] = gap + int(cost.sum()) - income
    memory["heating.loss"] = int(cost.sum()) - income


def _bills(world: World) -> None:
    p, book, memory = world.params, world.ledger, world.memory
    nd = world.nd
    fee = p["heating.fee_m2"] * (1.0 + p["heating.fee_growth"] * (world.month - world.base) / 12.0)
    paid, billed = np.zeros((nd, 4), np.int64), np.zeros(nd, np.int64)
    area, counts, outside = np.zeros((nd, 2), np.int64), np.zeros(nd, np.int64), np.zeros(nd, np.int64)
    fired = np.zeros(3, np.int64)
    _bill(
        world.dwellings.view(), world.households.view(), fee * world.pack.config.minor_units / 10.0,
        p["heating.base_fee_share"], p["heating.unpaid_dark"], world.seed, world.month, paid, billed, area, counts, outside, fired,
    )  # fmt: skip
    city_part = int(paid[:, 3].sum())
    can = max(0, min(city_part, book["city.fund_cash"]))
    for d in range(nd):
        book.pay("heating_fees", "households.cash", "heating.cash", int(paid[d, 0]), d)
        book.pay("heating_fees", "rest.cash", "heating.cash", int(paid[d, 1]), d)
        book.pay("heating_fees", "developers.cash", "heating.cash", int(paid[d, 2]), d)
        city = int(paid[d, 3] * can / max(city_part, 1))
        book.pay("heating_fees", "city.fund_cash", "heating.cash", city, d)
        book.pay("claims", "city.payable_heating", "heating.receivable", int(paid[d, 3]) - city, d)
        memory["heating.books"][d] += int(paid[d, 0] + paid[d, 1] + paid[d, 2]) + city
    memory["heating.area"] = area.astype(np.float64)
    memory["heating.fees"] = int(paid[:, :3].sum()) + can
    memory["heating.flats"] = counts
    for name, count in zip(
        ("billed", "unpaid", "base_fee"), (int(counts.sum()), int(fired[1]), int(fired[2])), strict=True
    ):
        world.fired[f"heating.{name}"] += count


def observe(world: World) -> dict[str, np.ndarray]:
    """Heat delivered, flats heated, operators' loss of the month."""
    flats = np.zeros(world.nd + 1)
    flats[: world.nd] = world.memory["heating.flats"]
    flats[-1] = flats.sum()
    loss = np.full(world.nd + 1, np.nan)
    loss[-1] = float(world.memory["heating.loss"])
    return {"heat_share": world.signal["heat_share"].copy(), "heated_flats": flats, "heating_loss": loss}
