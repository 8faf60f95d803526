"""Heating: operators with books of their own, a capped tariff, coal, dark flats and a subsidy that comes late.

Each district has one operator. It bills every flat on the network: the full fee, or the base fee where the owner has
stopped the heat of an empty flat; most is paid in autumn, some after the winter. Coal is paid a month before the degree
days that want it, staff and network cost money all year:

    cost(month) = weight(month) * unit cost * [F + (1 - F) * heated area / network area] * network area
    unit cost = c0 * z * (staff part * wages at home / output a worker + fuel part * coal price + rest * prices)

with z the operator's own: boiler houses are dear and buy coal at the market, plants have contracts. The network's part
does not shrink with the flats that are heated. What fees do not cover the city owes in part as subsidy, months after the
month it is for, and pays when it can. Summer is lived through on what the season left and on credit. In May owners take
out what is left beyond that and a reserve, so that fat years do not carry lean ones. The fees of autumn first pay the
debts of the last winter: with costs above the tariff and the subsidy late, less of
them is left for the cold months. An operator out of cash and of credit on what it is owed delivers what it can pay for;
within the month somebody lends enough to keep most of the heat on (the report's outage lasted days), and is paid back from the
next cash. Why cash is short is split into fuel (cost above the tariff), unpaid fees of dark flats, and late subsidy.
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
from krimp.state.compile import kernel, prefetch
from krimp.state.counting import pack
from krimp.state.parameters import Parameter
from krimp.state.purposes import HEAT_BILL, HEAT_COST
from krimp.state.random import draw, uniform, unit
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter("heating.fee_m2", 26.0, "yuan/m2 and season", "uniform(22, 30)", "[S] 20-38; about 28 in 2025 (one flat)", "capped tariff in 2010", 0.0, 500.0),
    Parameter("heating.fee_growth", 0.007, "per year", "uniform(0, 0.015)", "[A] the tariff hardly moves", "", -0.1, 0.2),
    Parameter("heating.base_fee_share", 0.25, "share", "uniform(0.2, 0.5)", "[R] 20-50% of the fee when heat is stopped", "", 0.0, 1.0),
    Parameter("heating.cost_ratio", 0.96, "ratio", "uniform(0.9, 1.02)", "[A] operators lived from the tariff at the base", "mean unit cost over the tariff in 2010", 0.0, 20.0),
    Parameter("heating.cost_spread", 0.05, "share", "uniform(0.02, 0.08)", "[A] combined heat and power beside old boiler houses, one tariff for all", "standard deviation of unit cost between operators", 0.0, 0.5),
    Parameter("heating.fuel_part", 0.5, "share", "uniform(0.4, 0.6)", "[R] coal is about half of the cost of heat", "", 0.0, 1.0),
    Parameter("heating.staff_part", 0.2, "share", "uniform(0.15, 0.25)", "[R] pay is a fifth of the cost of heat", "", 0.0, 1.0),
    Parameter("heating.staff_cut", 0.02, "per year", "uniform(0.0, 0.04)", "[A] boiler houses merged and run by fewer hands", "rise of heat a worker", 0.0, 0.2),
    Parameter("heating.fuel_pass", 0.6, "share", "uniform(0.4, 0.9)", "[A] local coal under contract follows the benchmark in part", "", 0.0, 2.0),
    Parameter("heating.pass_spread", 0.25, "share", "uniform(0.1, 0.35)", "[R] long contracts at a capped price for large plants, market coal for boiler houses", "standard deviation of fuel_pass between operators, the dear ones at the market", 0.0, 0.5),
    Parameter("heating.network_share", 0.65, "share", "uniform(0.5, 0.8)", "[A] F of cost = F + v * heated (mechanisms 5.2b)", "", 0.0, 1.0),
    Parameter("heating.paid_late", 0.2, "share", "uniform(0.1, 0.3)", "[R] four fifths to nine tenths are collected when the season starts", "of the fees, paid when it closes", 0.0, 1.0),
    Parameter("heating.put_off", 0.3, "share", "uniform(0.0, 0.6)", "[A] counters closed and incomes lost: part of the autumn's fees that a month of lockdown puts off", "of the fees of autumn under full lockdown, paid when the season closes", 0.0, 1.0),
    Parameter("heating.unpaid_dark", 0.35, "share", "uniform(0.15, 0.6)", "[A] bills of absent owners of dark flats that are never paid", "", 0.0, 1.0),
    Parameter("heating.subsidy_share", 0.7, "share", "uniform(0.4, 1.0)", "[A] losses of the tariff are made good in part", "what the city owes the operators", 0.0, 1.0),
    Parameter("heating.subsidy_lag", 6.0, "months", "uniform(3, 12)", "[A] subsidies are settled after the season", "from the month of the loss to the month it is due", 0.0, 23.0),
    Parameter("heating.credit", 0.6, "share", "uniform(0.2, 1.0)", "[A] coal sellers and banks lend on claims, with a discount", "of subsidy owed and fees to come, what an operator can borrow", 0.0, 1.0),
    Parameter("heating.word_lost", 0.5, "share", "uniform(0.0, 1.0)", "[A] heat is a basic service and its subsidy is paid, but who lends on it is wary of a city that failed creditors", "of that credit on subsidy, lost under restructuring", 0.0, 1.0),
    Parameter("heating.reserve", 0.1, "share of a season's cost", "uniform(0.0, 0.2)", "[A] owners leave a working balance only", "kept after the season beyond the summer's cost", 0.0, 2.0),
    Parameter("heating.rescue", 0.75, "share", "uniform(0.6, 0.9)", "[S] the government intervened within days of a stop", "least heat delivered in a month of outage", 0.0, 1.0),
)  # fmt: skip
SERIES = (
    Series("heat_share", "share", "rate", "share of due heat delivered (1 out of season)"),
    Series("heated_flats", "dwellings", "stock", "flats on the network that were billed the full fee"),
    Series("heating_loss", "currency", "money", "operators' cost less fees of the month", False),
    Series(
        "heating_fuel_gap", "currency", "money", "cost of full heat above the tariff on the network", False
    ),
    Series(
        "heating_fees_unpaid",
        "currency",
        "money",
        "part of the month in fees billed and not paid or stopped",
        False,
    ),
    Series(
        "heating_subsidy_late",
        "currency",
        "money",
        "subsidy claimed by operators and not received, month end",
        False,
    ),
)
BRANCHES = (
    "heating.billed", "heating.unpaid", "heating.base_fee", "heating.delivered", "heating.short", "heating.profit",
    "heating.subsidy",
)  # fmt: skip

#: Share of the year's network cost paid in each month of the season; the rest of the year it is staff and repairs [R].
SEASON, SUMMER = 0.11, 0.046
#: Share of the year's coal paid: degree days below 18 of the month to come (of two months in October), mid-October to
#: mid-April, where January has -18 [D].
FUEL = {10: 0.21, 11: 0.215, 12: 0.225, 1: 0.175, 2: 0.14, 3: 0.035, 4: 0.0}


#: Sums of the autumn bills, a line of them for each district: area on the net and heated (0.1 m2), flats heated; paid by
#: households here, owners elsewhere, developers and the city (fen).
SUMS = 7


@kernel
def _bill(D, H, fee, base_share, unpaid, seed, month, flag, here, sums, fired):
    """Autumn bills, added up in sums[d, SUMS]. `flag`, `here`: scratch for the homes of a block that are on the net, found
    without a branch."""
    for begin in range(1, D.used[0], flag.size):
        end = min(begin + flag.size, D.used[0])
        for i in range(begin, end):
            d = np.uint64(i)
            flag[np.uint64(i - begin)] = (D.state[d] == STANDING) & (D.heating[d] == DISTRICT_HEAT)
        n = pack(flag[: end - begin], begin, here, 0)
        for j in range(n):
            if j + 16 < n:
                h = D.occupant[here[j + 16]]
                prefetch((H.cash, H.state), h if h != 0 else D.owner[here[j + 16]])
            d = np.uint64(here[j])
            line = sums[np.uint8(D.district[d])]
            m2 = np.int64(D.area[d])
            line[0] += m2
            use = D.use[d]
            if use == VACANT and D.heat_off[d] == 1:
                amount = np.int64(fee * base_share * m2)
                fired[2] += 1
            else:
                amount = np.int64(fee * m2)
                line[1] += m2
                line[2] += 1
            h = D.occupant[d]
            if h == 0 and D.owner_kind[d] == BY_HOUSEHOLD and H.state[D.owner[d]] == ACTIVE:
                h = D.owner[d]
            if h > 0:
                part = min(amount, max(H.cash[h], np.int64(0)))
                H.cash[h] -= part
                line[3] += part
            elif D.owner_kind[d] == BY_DEVELOPER:
                line[5] += amount
            elif D.owner_kind[d] == BY_CITY:
                line[6] += amount
            elif (
                use == SECOND_HOME or use == HOSTEL or unit(draw(seed, D.key[d], month, HEAT_BILL)) >= unpaid
            ):
                line[4] += amount
            else:
                fired[1] += 1


def start(world: World) -> None:
    """Operators' opening cash by heated area; a season's bill was paid before the base."""
    nd = world.nd
    d = world.dwellings
    network = (d.state == STANDING) & (d.heating == DISTRICT_HEAT)
    area = np.bincount(d.district[network], weights=d.area[network].astype(np.float64), minlength=nd)
    memory, p = world.memory, world.params
    # evenly spread with a standard deviation of one; a draw of the operator, the same in all scenarios
    even = np.array([uniform(world.seed, k + 1, 0, HEAT_COST) for k in range(nd)])
    memory["heating.luck"] = luck = 12.0**0.5 * (even - 0.5)
    mean = p["heating.fee_m2"] * p["heating.cost_ratio"] * world.pack.config.minor_units / 10.0
    cost = area * mean * (1.0 + p["heating.cost_spread"] * luck)
    book = world.ledger
    # the winter of the base is paid up: cash for it comes from the banks' side of the opening books
    ready = 1.0 - p["heating.paid_late"] + p["heating.reserve"]
    opening = (cost * ready).astype(np.int64)
    change = int(opening.sum()) - book["heating.cash"]
    book.balance[book.index["heating.cash"]] += change
    book.balance[book.index["banks.cash"]] -= change
    book.opening[:] = book.balance
    memory["heating.wage0"] = max(float(world.signal["mean_wage"][-1]), 1.0)
    memory["heating.late"] = p["heating.paid_late"]
    memory["heating.books"] = opening
    memory["heating.area"] = np.stack([area, area], axis=1)
    memory["heating.claims"] = np.zeros(24, np.int64)
    memory["heating.owed"] = np.zeros(nd, np.int64)
    memory["heating.rescued"] = np.zeros(nd, np.int64)
    memory["heating.fees"] = cost.astype(np.int64)
    memory["heating.split"] = np.zeros(3, np.int64)
    memory["heating.subsidy_due"] = 0
    memory["heating.subsidy_paid"] = 0
    memory["heating.loss"] = 0
    memory["heating.short"] = np.zeros(nd, np.int64)
    memory["heating.flats"] = np.bincount(d.district[network & (d.use != VACANT)], minlength=nd).astype(
        np.int64
    )


def step(world: World) -> None:
    """Bills in October, subsidy received, coal burnt, heat delivered, profits in May."""
    memory, p = world.memory, world.params
    world.signal["heat_share"][:] = 1.0
    memory["heating.loss"] = 0
    memory["heating.split"][:] = 0
    _subsidy(world)
    if world.month_of_year == 10:
        put_off = p["heating.put_off"] * float(world.signal["lockdown"][-1])
        memory["heating.late"] = 1.0 - (1.0 - p["heating.paid_late"]) * (1.0 - put_off)
        _bills(world, 1.0 - memory["heating.late"])
        for k in range(world.nd):
            _pay_back(world, k)  # last winter's creditors are paid from this winter's fees
    cost = _season_cost(world)
    if world.month_of_year == 5:
        _bills(world, memory["heating.late"])
        _close_season(world, cost)
    lag = int(p["heating.subsidy_lag"])
    fuel = p["heating.fuel_part"]
    cold = world.month_of_year in FUEL
    weight = fuel * FUEL.get(world.month_of_year, 0.0) + (1.0 - fuel) * (SEASON if cold else SUMMER)
    cost = (cost * weight).astype(np.int64)
    if not cold:
        for d in np.nonzero(cost)[0]:
            _keep_up(world, int(d), int(cost[d]))
    else:
        for d in np.nonzero(cost)[0]:
            _deliver(world, int(d), int(cost[d]), fuel * FUEL[world.month_of_year] / weight)
        world.signal["heat_share"][-1] = float((world.signal["heat_share"][: world.nd] * cost).sum()) / max(
            float(cost.sum()), 1.0
        )
    gap = cost - (memory["heating.fees"] * weight).astype(np.int64)
    claim = (np.maximum(gap, 0) * p["heating.subsidy_share"]).astype(np.int64)
    memory["heating.owed"] += claim
    memory["heating.claims"][world.month % 24] = int(claim.sum())
    memory["heating.loss"] = int(gap.sum())
    area = memory["heating.area"]
    tariff = int(float(area[:, 0].sum()) * _fee(world) * weight)
    memory["heating.split"][:2] = (
        int(cost.sum()) - tariff,
        tariff - int((memory["heating.fees"] * weight).sum()),
    )
    due = int(memory["heating.claims"][(world.month - lag) % 24])
    memory["heating.claims"][(world.month - lag) % 24] = 0
    memory["heating.subsidy_due"] = due
    memory["heating.split"][2] = int(memory["heating.owed"].sum()) - due
    world.fired["heating.subsidy"] += due > 0


def _fee(world: World) -> float:
    """The tariff, minor units per tenth of a square metre and season."""
    p = world.params
    growth = 1.0 + p["heating.fee_growth"] * (world.month - world.base) / 12.0
    return p["heating.fee_m2"] * growth * world.pack.config.minor_units / 10.0


def _season_cost(world: World) -> np.ndarray:
    """Cost of a whole season of full heat by district, at this month's prices."""
    p, area = world.params, world.memory["heating.area"]
    coal = world.driver("coal_price", 1.0) / float(world.drivers.get("coal_price", np.ones(1))[0])
    fuel, share = p["heating.fuel_part"], p["heating.network_share"]
    staff = p["heating.staff_part"]
    pay = float(world.signal["mean_wage"][-1]) / world.memory["heating.wage0"]
    pay /= 1.0 + p["heating.staff_cut"] * (world.month - world.base) / 12.0
    luck = world.memory["heating.luck"]
    passed = np.maximum(p["heating.fuel_pass"] + p["heating.pass_spread"] * luck, 0.0)
    index = (
        (1.0 - fuel - staff) * world.driver("cpi", 1.0) + staff * pay + fuel * (1.0 + passed * (coal - 1.0))
    )
    mean = p["heating.fee_m2"] * p["heating.cost_ratio"] * world.pack.config.minor_units / 10.0
    unit_cost = mean * (1.0 + p["heating.cost_spread"] * luck) * index
    return np.asarray(unit_cost * (share * area[:, 0] + (1.0 - share) * area[:, 1]))


def _subsidy(world: World) -> None:
    """Subsidy that came this month, to operators in proportion to what they are owed."""
    memory = world.memory
    came, owed = int(memory["heating.subsidy_paid"]), memory["heating.owed"]
    memory["heating.subsidy_paid"] = 0
    if came == 0:
        return
    weights = owed.astype(np.float64) if owed.sum() > 0 else memory["heating.area"][:, 0]
    parts = (came * weights / max(float(weights.sum()), 1.0)).astype(np.int64)
    parts[int(np.argmax(weights))] += came - int(parts.sum())
    memory["heating.books"] += parts
    memory["heating.owed"] = np.maximum(owed - parts, 0)
    for d in range(world.nd):
        _pay_back(world, d)


def _pay_back(world: World, d: int) -> None:
    """Rescue loans are paid back from cash in hand."""
    memory, book = world.memory, world.ledger
    back = min(int(memory["heating.rescued"][d]), max(int(memory["heating.books"][d]), 0))
    book.pay("overdraft", "heating.cash", "banks.cash", back, d)
    book.pay("claims", "banks.firm_loans", "firms.loans", back, d)
    memory["heating.rescued"][d] -= back
    memory["heating.books"][d] -= back


def _close_season(world: World, cost: np.ndarray) -> None:
    """Owners take what is left beyond the reserve."""
    memory, book = world.memory, world.ledger
    p = world.params
    summer = SUMMER * (12 - len(FUEL)) * (1.0 - p["heating.fuel_part"])
    keep = (cost * (p["heating.reserve"] + summer)).astype(np.int64)
    for d in range(world.nd):
        _pay_back(world, d)
        spare = int(memory["heating.books"][d] - keep[d])
        if spare > 0:
            book.pay("profits", "heating.cash", "rest.cash", spare, d)
            memory["heating.books"][d] -= spare
            world.fired["heating.profit"] += 1


def _lend(world: World, d: int, amount: int) -> None:
    """Credit to an operator."""
    memory, book = world.memory, world.ledger
    book.pay("overdraft", "banks.cash", "heating.cash", amount, d)
    book.pay("claims", "firms.loans", "banks.firm_loans", amount, d)
    memory["heating.rescued"][d] += amount
    memory["heating.books"][d] += amount


def _keep_up(world: World, d: int, cost: int) -> None:
    """Staff and repairs out of season, on credit as far as cash does not go."""
    memory, book = world.memory, world.ledger
    _lend(world, d, max(cost - max(int(memory["heating.books"][d]), 0), 0))
    book.pay("imports", "heating.cash", "rest.cash", cost, d)
    memory["heating.books"][d] -= cost


def _deliver(world: World, d: int, cost: int, fuel_share: float) -> None:
    """Heat of a month in a district, as far as the operator's cash and a rescue go."""
    p, memory, book = world.params, world.memory, world.ledger
    books = memory["heating.books"]
    # suppliers give credit on fees still to come, and on the subsidy that the city owes as far as its word is good
    word = 1.0 - p["heating.word_lost"] * float(world.signal["restructuring"][-1])
    claims = word * memory["heating.owed"][d] + memory["heating.late"] * memory["heating.fees"][d]
    line = int(p["heating.credit"] * claims) - int(memory["heating.rescued"][d])
    _lend(world, d, min(max(line, 0), max(cost - int(books[d]), 0)))
    spent = min(cost, max(int(books[d]), 0))
    if spent < cost:
        rescue = p["heating.rescue"] if memory["heating.short"][d] == 0 else 0.5 + 0.5 * p["heating.rescue"]
        need = max(int(cost * rescue) - spent, 0)
        _lend(world, d, need)
        spent += need
        memory["heating.short"][d] += 1
        world.signal["heat_share"][d] = spent / cost
        world.fired["heating.short"] += 1
        world.events.add(world.month, "heat_stopped", "no_cash", district=d, amount=int(1000 * spent / cost))
    else:
        memory["heating.short"][d] = 0
        world.fired["heating.delivered"] += 1
    fuel = int(spent * fuel_share)
    book.pay("imports", "heating.cash", "mine.cash", fuel, d)
    book.pay("imports", "heating.cash", "rest.cash", spent - fuel, d)
    books[d] -= spent


def _bills(world: World, part: float) -> None:
    """Collect a part of the year's fees; what is due of a year is learnt in autumn."""
    p, book, memory = world.params, world.ledger, world.memory
    nd = world.nd
    sums, fired = np.zeros((nd, SUMS), np.int64), np.zeros(3, np.int64)
    _bill(
        world.dwellings.view(), world.households.view(), _fee(world) * part,
        p["heating.base_fee_share"], p["heating.unpaid_dark"], world.seed, world.month, np.empty(1024, np.uint8),
        np.empty(1025, np.int32), sums, fired,
    )  # fmt: skip
    area, counts, paid = sums[:, :2], sums[:, 2].copy(), sums[:, 3:]
    city_part = int(paid[:, 3].sum())
    can = max(0, min(city_part, book["city.fund_cash"]))
    for d in range(nd):
        book.pay("heating_fees", "households.cash", "heating.cash", int(paid[d, 0]), d)
        book.pay("heating_fees", "rest.cash", "heating.cash", int(paid[d, 1]), d)
        book.pay("heating_fees", "developers.cash", "heating.cash", int(paid[d, 2]), d)
        city = int(paid[d, 3]) * can // max(city_part, 1)
        book.pay("heating_fees", "city.fund_cash", "heating.cash", city, d)
        book.pay("claims", "city.payable_heating", "heating.receivable", int(paid[d, 3]) - city, d)
        memory["heating.owed"][d] += int(paid[d, 3]) - city
        memory["heating.books"][d] += int(paid[d, 0] + paid[d, 1] + paid[d, 2]) + city
    if world.month_of_year == 10:
        memory["heating.area"] = area.astype(np.float64)
        came = paid[:, :3].sum(axis=1) + (paid[:, 3] * can // max(city_part, 1))
        memory["heating.fees"] = (came / max(part, 0.01)).astype(np.int64)
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
    out = {"heat_share": world.signal["heat_share"].copy(), "heated_flats": flats}
    names = ("heating_fuel_gap", "heating_fees_unpaid", "heating_subsidy_late")
    for name, value in zip(
        ("heating_loss", *names), (world.memory["heating.loss"], *world.memory["heating.split"]), strict=True
    ):
        out[name] = np.full(world.nd + 1, np.nan)
        out[name][-1] = float(value)
    return out
