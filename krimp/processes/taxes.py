"""Taxes and fees: each tax of the regime is a rate on a base, split between the city and upper governments.

    tax = rate(t) * base(month);   city's part = local share * (1 - province share, for pooled taxes)

Bases are this month's ledger flows (spending, coal and industry sales, wages, home sales) or the stock of homes.
Relief during the pandemic lowers what is collected (`tax_relief`). Non-tax income (fees, fines, asset leases) moves
with prices and people.
"""

from __future__ import annotations

import numpy as np

from krimp.regimes.base import at
from krimp.state.codes import DISTRICT_HEAT, STANDING
from krimp.state.compile import kernel
from krimp.state.ledger import Account
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter("taxes.compliance", 1.0, "share", "normal(1.0, 0.08)", "[A] collected over due", "", 0.0, 2.0),
    Parameter(
        "taxes.province_share", 0.25, "share", "uniform(0.1, 0.4)",
        "[A] the province's part of the local half differs by province (mechanisms 5.2)", "", 0.0, 1.0,
    ),
    Parameter(
        "taxes.nontax_per_head", 580.0, "yuan/year", "lognormal(580, 0.4)",
        "[R] local non-tax revenue of the country in 2010, some 0.78 tn yuan over 1.34 bn people", "fees, fines and leases at 2010 prices", 0.0, 1e5,
    ),
    Parameter(
        "taxes.asset_sales", 0.35, "share", "uniform(0.1, 0.6)",
        "[A] document 88 lists disposal of assets; non-tax revenue rises as cash runs short",
        "extra non-tax income while bills or debt service stand unpaid", 0.0, 3.0,
    ),
)  # fmt: skip
SERIES: tuple[Series, ...] = ()
ACCOUNTS = (Account("flow.nontax", "flow", "fees, fines, leases and other non-tax revenue"),)
#: Sectors whose profits are taxed: farms are exempt, small traders count as own account.
TAXED = ("mine", "industry", "services", "developers", "heating")
BRANCHES = ("taxes.collected", "taxes.nontax")


@kernel
def standing_homes(state, heating, area):
    """Standing homes with district heating and the floor area of all standing homes, in tenths of a square metre."""
    heated, total = np.int64(0), np.int64(0)
    for row in range(state.size):
        d = np.uint64(row)
        stands = state[d] == STANDING
        heated += stands & (heating[d] == DISTRICT_HEAT)
        total += np.int64(area[d]) * stands
    return heated, total


def bases(world: World) -> dict[str, float]:
    """This month's tax bases in minor units; homes in dwellings, home values in minor units a month."""
    book = world.ledger
    spent = book.flow("consumption")
    coal = book.flow("exports", receiver="mine.cash")
    industry = book.flow("exports", receiver="industry.cash")
    used, new = book.flow("home_purchase"), book.flow("new_home_purchase")
    outside = book.flow("exports", receiver="services.cash") + book.flow("home_costs")
    # the budget is spent after taxes are due: last month's works and purchases are taxed now
    works = world.memory.get("public_spending.works", 0) + world.memory.get("public_spending.fund_spent", 0)
    built = float(works + book.flow("construction", receiver="developers.cash") + new)
    bought = float(world.memory.get("public_spending.purchases", 0))
    d = world.dwellings
    heated, area_dm2 = standing_homes(d.state, d.heating, d.area)
    urban = float(heated)
    minor = world.pack.config.minor_units
    area = float(area_dm2) / 10.0
    return {
        "consumption": float(spent),
        "services_sales": float(spent + outside),
        "coal_sales": float(coal),
        "industry_sales": float(industry),
        "profits": float(sum(book.flow("profits", payer=f"{firm}.cash") for firm in TAXED)),
        "construction": built,
        "public_purchases": bought,
        "wages": float(book.flow("wages")),
        "home_sales": float(used + new + book.flow("land")),
        "new_home_sales": float(new),
        "urban_homes": urban * minor / 12.0,
        "home_values": area * float(world.signal["price_m2"][-1]) * minor / 12.0,
    }


def start(world: World) -> None:
    """Nothing collected yet."""
    world.memory["taxes.tax"] = 0
    world.memory["taxes.nontax"] = 0


def step(world: World) -> None:
    """Collect the month's taxes; the city's part to the treasury, the rest to upper governments."""
    p, book, memory = world.params, world.ledger, world.memory
    base = bases(world)
    base["vat"] = 0.0
    relief = world.driver("tax_relief_rate", 0.0) * p["tax_relief.scale"]
    local_total = 0
    for tax in world.regime.taxes:
        rate = at(tax.rate, world.month)
        if tax.indexed:
            rate *= world.driver(tax.indexed, 1.0)
        due = base[tax.base] * rate * p["taxes.compliance"] * (1.0 - relief)
        if tax.name.startswith("vat"):
            base["vat"] += due
        local_share = at(tax.local, world.month)
        if tax.pooled:
            local_share *= 1.0 - p["taxes.province_share"]
        local = int(due * local_share)
        book.pay(f"tax_{tax.name}", tax.payer, "city.cash", local)
        book.pay(f"tax_{tax.name}", tax.payer, "upper.cash", int(due) - local)
        local_total += local
    world.fired["taxes.collected"] += local_total > 0
    people = float(memory["household_income.people"].sum())
    short = memory.get("public_spending.debt_unpaid", 0) + memory.get("public_spending.payables", 0) > 0
    wanting = 1.0 + p["taxes.asset_sales"] * (1.0 if short else 0.0)
    nontax = world.fen(p["taxes.nontax_per_head"] / 12.0 * world.driver("cpi", 1.0) * wanting) * int(people)
    book.pay("nontax", "services.cash", "city.cash", nontax)
    world.fired["taxes.nontax"] += nontax > 0
    memory["taxes.tax"] = local_total
    memory["taxes.nontax"] = nontax
    memory["taxes.relief"] = int(
        sum(base.get(t.base, 0.0) * at(t.rate, world.month) for t in world.regime.taxes) * relief
    )
