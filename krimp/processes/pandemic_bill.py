"""The pandemic's bill: mass tests and quarantine paid by the city.

cost = tests per person and month (driver) * people * price of a test (driver) + quarantine while lockdown lasts
"""

from __future__ import annotations

import numpy as np

from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter("pandemic_bill.scale", 1.0, "factor", "fixed", "[A] 0 switches the bill off", "", 0.0, 10.0),
    Parameter(
        "pandemic_bill.local_share", 0.8, "share", "uniform(0.5, 1.0)", "[S] at least half of the cost was local (mechanisms 8)",
        "part of the cost the city bears", 0.0, 1.0,
    ),
    Parameter(
        "pandemic_bill.quarantine", 60.0, "yuan per person and month", "lognormal(60, 0.4)",
        "[A] wards, hotels, staff and checkpoints in a month of full lockdown", "", 0.0, 1e4,
    ),
    Parameter("pandemic_bill.testing", 1.0, "factor", "lognormal(1, 0.4)", "[A] local intensity over the assumed path", "", 0.0, 20.0),
)  # fmt: skip
SERIES = (Series("pandemic_cost", "currency", "money", "tests and quarantine that fall on the city", False),)
BRANCHES = ("pandemic_bill.tests", "pandemic_bill.quarantine")


def step(world: World) -> None:
    """The month's bill, for `public_spending` to pay."""
    p = world.params
    people = float(world.memory["household_income.people"].sum())
    tests = (
        world.driver("tests_per_person", 0.0) * world.driver("test_price", 0.0) * p["pandemic_bill.testing"]
    )
    quarantine = p["pandemic_bill.quarantine"] * float(world.signal["lockdown"][-1])
    world.fired["pandemic_bill.tests"] += tests > 0
    world.fired["pandemic_bill.quarantine"] += quarantine > 0
    due = (tests + quarantine) * people * p["pandemic_bill.local_share"] * p["pandemic_bill.scale"]
    world.memory["pandemic_bill.due"] = int(due * world.pack.config.minor_units)


def observe(world: World) -> dict[str, np.ndarray]:
    """Bill of the month."""
    out = np.full(world.nd + 1, np.nan)
    out[-1] = float(world.memory.get("pandemic_bill.due", 0))
    return {"pandemic_cost": out}
