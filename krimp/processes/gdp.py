"""Gross domestic product from the income side, and the month's receipts that next month's plans rest on.

GDP = pay earned (public pay as due) + what firms keep before tax + rents of homes, as value added by sector: receipts
less inputs bought outside, plus public pay due, plus imputed and paid rents of lived-in homes. Monthly, current prices.
"""

from __future__ import annotations

import numpy as np

from krimp.processes import industry, services
from krimp.state.codes import PUBLIC
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS: tuple[Parameter, ...] = (
    Parameter("gdp.builders_inputs", 0.6, "share", "fixed", "[R] materials in building costs", "inputs in builders' receipts", 0.0, 0.9),
    Parameter("gdp.public_extra", 0.2, "share", "fixed", "[R] employers' contributions and wear of public capital", "public value added beyond pay", 0.0, 1.0),
)  # fmt: skip
SERIES = (Series("gdp", "currency", "money", "value added of the month, current prices", by_district=False),)
#: Receipts that are sales.
_SALES = ("consumption", "exports", "rent", "fares", "heating_fees")
_FIRMS = (
    "mine.cash",
    "farms.cash",
    "industry.cash",
    "services.cash",
    "shops.cash",
    "heating.cash",
    "buses.cash",
)


def step(world: World) -> None:
    """Value added of the month; receipts are remembered for next month."""
    book, memory = world.ledger, world.memory
    industry.record(world)
    services.record(world)
    total = 0.0
    for firm in _FIRMS:
        total += sum(book.flow(flow, receiver=firm) for flow in _SALES) - book.flow("imports", payer=firm)
    built = float(memory["industry.receipts"])
    total += built * (1.0 - world.params["gdp.builders_inputs"])
    public = float(memory["household_income.contract"][:, PUBLIC].sum())
    total += public * (1.0 + world.params["gdp.public_extra"])
    rent = float(world.signal["rent_m2"][-1]) * world.pack.config.minor_units
    if rent > 0.0:
        if world.month_of_year == 1 or "gdp.area" not in memory:
            homes = world.dwellings
            memory["gdp.area"] = float(homes.area[homes.occupant > 0].sum(dtype=np.int64)) / 10.0
        total += rent * float(memory["gdp.area"])
    memory["gdp.month"] = total


def observe(world: World) -> dict[str, np.ndarray]:
    """The month's GDP."""
    out = np.zeros(world.nd + 1)
    out[-1] = float(world.memory.get("gdp.month", 0.0))
    return {"gdp": out}
