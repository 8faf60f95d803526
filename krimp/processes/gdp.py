"""Gross domestic product by kind of activity and by income, monthly, current prices.

Value added of a firm sector = sales - inputs bought from others (this month's ledger); subsidies, loans and transfers are
no sales. Public services = pay due (paid or not) + employers' contributions + wear of public capital. Homes people own =
wear at building cost, the practice of China's accounts before 2024: area * cost * rate. Homes let = rents. Then
    GDP = sum of value added = pay + taxes on production + operating surplus, mixed income and wear (the remainder).
The sums by activity (`PARTS`) are in `world.memory["gdp.value_added"]`, the same less pay and taxes on production in
`gdp.surplus`, sales in `gdp.sales`; `accounts` reads them off the ledger at any time of the month.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from krimp.processes import industry, jobs, services
from krimp.state.codes import PUBLIC
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS: tuple[Parameter, ...] = (
    Parameter("gdp.public_wear", 0.05, "share", "fixed", "[R] wear of capital in value added of public services", "wear of public capital to pay", 0.0, 1.0),
    Parameter("gdp.home_cost", 1300.0, "yuan/m2", "fixed", "[A] between brick flats and village houses at 2010 prices; bookkeeping only", "building cost for the wear of homes", 0.0, 1e5),
    Parameter("gdp.home_wear", 0.022, "per year", "fixed", "[R] national accounts: 2% in towns, 3% in villages", "wear of homes people own", 0.0, 0.2),
)  # fmt: skip
SERIES = (
    Series("gdp", "currency", "money", "value added of the month, current prices", by_district=False),
    Series("gdp_primary", "currency", "money", "value added of farms", by_district=False),
    Series("gdp_secondary", "currency", "money", "value added of mine, industry, heat and building", by_district=False),
    Series("gdp_tertiary", "currency", "money", "value added of services, shops, buses, public services and homes", by_district=False),
    Series("gdp_pay", "currency", "money", "pay and employers' contributions, own account included", by_district=False),
    Series("gdp_taxes", "currency", "money", "taxes on production", by_district=False),
    Series("gdp_surplus", "currency", "money", "operating surplus, mixed income and wear of capital", by_district=False),
)  # fmt: skip

#: Firm sectors and their cash accounts; then public services and homes.
FIRMS = {
    "farms": "farms.cash", "mine": "mine.cash", "industry": "industry.cash", "heating": "heating.cash",
    "building": "developers.cash", "services": "services.cash", "shops": "shops.cash", "buses": "buses.cash",
}  # fmt: skip
PARTS = (*FIRMS, "public", "homes")
SECONDARY = ("mine", "industry", "heating", "building")
#: Flows that are sales to whom they come, and inputs to a firm that pays them.
SALES = (
    "consumption", "exports", "rent", "fares", "heating_fees", "home_costs", "new_home_purchase", "construction",
    "spend_operations", "spend_upkeep", "spend_works", "spend_fund_works",
)  # fmt: skip
INPUTS = ("imports", "rent", "fares", "heating_fees", "home_costs")


class Account(NamedTuple):
    """A firm sector's month in minor units."""

    sales: int
    inputs: int
    pay: int
    taxes: int

    @property
    def value_added(self) -> int:
        """Sales less inputs."""
        return self.sales - self.inputs

    @property
    def surplus(self) -> int:
        """Value added less pay and taxes on production."""
        return self.value_added - self.pay - self.taxes


def accounts(world: World) -> dict[str, Account]:
    """This month's sales, inputs, pay and taxes on production of the firm sectors, from what is posted so far."""
    book = world.ledger
    taxes = [
        name[5:]
        for name in book.index
        if name.startswith("flow.tax_") and not name.startswith("flow.tax_income")
    ]
    firm = [book.index[cash] for cash in FIRMS.values()]

    def paid(flows: Iterable[str]) -> list[int]:
        at = [book.index[f"flow.{flow}"] for flow in flows if f"flow.{flow}" in book.index]
        flow = np.array(at, np.int64)[:, None]
        found: list[int] = (book.matrix[:, flow, firm] - book.matrix[:, firm, flow]).sum(axis=(0, 1)).tolist()
        return found

    # what a firm gets of a flow it pays with the other sign
    sales = [-amount for amount in paid(SALES)]
    sales[list(FIRMS).index("building")] += book.flow("claims", receiver="developers.receivable")
    inputs, wages = paid(INPUTS), paid(["wages"])
    return {name: Account(*of) for name, *of in zip(FIRMS, sales, inputs, wages, paid(taxes), strict=True)}


def _public(world: World) -> tuple[float, float]:
    """Pay and contributions due in public services; their value added."""
    book = world.ledger
    pay = float(world.memory["household_income.contract"][:, PUBLIC].sum())
    if "flow.spend_oncosts" in book.index:
        pay += book.flow("spend_oncosts")
    return pay, pay * (1.0 + world.params["gdp.public_wear"])


def _homes(world: World) -> float:
    """Wear of homes people live in at building cost, and rents that households take."""
    memory, p = world.memory, world.params
    if world.month_of_year == 1 or "gdp.area" not in memory:
        homes = world.dwellings
        memory["gdp.area"] = float((homes.area * (homes.occupant > 0)).sum(dtype=np.int64)) / 10.0
    cost = world.fen(p["gdp.home_cost"]) * world.driver("construction_cost_index", 1.0)
    wear = float(memory["gdp.area"]) * cost * p["gdp.home_wear"] / 12.0
    return wear + world.ledger.flow("rent", receiver="households.cash")


def step(world: World) -> None:
    """Value added of the month; receipts are remembered for next month."""
    jobs.cover(world)
    industry.record(world)
    services.record(world)
    firms = accounts(world)
    pay_public, public = _public(world)
    homes = _homes(world)
    memory = world.memory
    memory["gdp.value_added"] = np.array([*(float(f.value_added) for f in firms.values()), public, homes])
    memory["gdp.surplus"] = np.array(
        [*(float(f.surplus) for f in firms.values()), public - pay_public, homes]
    )
    memory["gdp.sales"] = np.array([*(float(f.sales) for f in firms.values()), public, homes])
    memory["gdp.pay"] = float(sum(f.pay for f in firms.values())) + pay_public
    memory["gdp.taxes"] = float(sum(f.taxes for f in firms.values()))


def observe(world: World) -> dict[str, np.ndarray]:
    """The month's GDP and its parts."""
    memory = world.memory
    added = memory.get("gdp.value_added", np.zeros(len(PARTS)))
    by_part = dict(zip(PARTS, added.tolist(), strict=True))
    pay, taxes = float(memory.get("gdp.pay", 0.0)), float(memory.get("gdp.taxes", 0.0))
    total = sum(by_part.values())
    secondary = sum(by_part[name] for name in SECONDARY)
    values = {
        "gdp": total,
        "gdp_primary": by_part["farms"],
        "gdp_secondary": secondary,
        "gdp_tertiary": total - by_part["farms"] - secondary,
        "gdp_pay": pay,
        "gdp_taxes": taxes,
        "gdp_surplus": total - pay - taxes,
    }
    out = {}
    for name, value in values.items():
        out[name] = np.zeros(world.nd + 1)
        out[name][-1] = value
    return out
