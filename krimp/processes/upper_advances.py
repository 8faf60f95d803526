"""Advances of treasury and province: money lent to a city that cannot pay wages, basic living or service in full.

They are owed, not revenue. Upper governments stand in until a limit (in years of the city's own revenue) or until they
change their mind, a month with a prior; a bail-out is a choice of policy (`upper_advances.bailout`, a grant).
"""

from __future__ import annotations

import numpy as np

from krimp.state.ledger import Account
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter("upper_advances.willing", 1.0, "share", "fixed", "[A] 0 = upper governments never advance", "", 0.0, 1.0),
    Parameter(
        "upper_advances.share", 0.7, "share", "uniform(0.4, 0.9)",
        "[A] payables to treasury and upper governments rose from under 1.0 bn (2017) to over 5.7 bn (2020)",
        "part of the uncovered commitments advanced", 0.0, 1.0,
    ),
    Parameter(
        "upper_advances.limit", 3.0, "years of own revenue", "uniform(1.5, 4.0)", "[A] owed upward over 2.5 years' revenue in 2020",
        "most that is advanced", 0.0, 50.0,
    ),
    Parameter(
        "upper_advances.until", 2020.9, "year", "normal(2020.9, 0.6)",
        "[A] State Council line of 2021 to dissolve hidden debt without bail-outs", "when upper governments stop", 1990.0, 2200.0,
    ),
    Parameter(
        "upper_advances.bailout", 0.0, "yuan a year", "fixed", "[A] policy: a grant for debt service", "", 0.0, 1e15,
    ),
)  # fmt: skip
SERIES = (Series("bailout", "currency", "money", "grants for debt service, not owed", False),)
ACCOUNTS = (
    Account("flow.advance", "flow", "advances of upper governments"),
    Account("flow.bailout", "flow", "grants for debt service"),
)
BRANCHES = ("upper_advances.drawn", "upper_advances.refused")


def start(world: World) -> None:
    """Nothing advanced."""
    world.memory["upper_advances.bailout"] = 0


def step(world: World) -> None:
    """The month's bail-out, if policy grants one (before the treasury pays)."""
    amount = world.minor(world.params["upper_advances.bailout"] / 12.0)
    world.ledger.pay("bailout", "upper.cash", "city.cash", amount)
    world.memory["upper_advances.bailout"] = amount


def draw(world: World, shortage: int) -> int:
    """Advance towards a shortage of the treasury; returns what was paid in."""
    p, book, memory = world.params, world.ledger, world.memory
    if shortage <= 0 or not world.regime.bailouts:
        return 0
    owed = -float(book["city.advances"])
    window = memory["transfers.own"]
    own_year = 12.0 * float(window.sum()) / max(min(world.month - world.base, 24), 1)
    now = world.month / 12.0
    room = p["upper_advances.limit"] * own_year - owed
    if now >= p["upper_advances.until"] or room <= 0 or p["upper_advances.willing"] <= 0:
        world.fired["upper_advances.refused"] += 1
        return 0
    amount = int(min(shortage * p["upper_advances.share"] * p["upper_advances.willing"], room))
    book.pay("advance", "upper.cash", "city.cash", amount)
    book.pay("claims", "city.advances", "upper.advances", amount)
    world.fired["upper_advances.drawn"] += 1
    return amount


def observe(world: World) -> dict[str, np.ndarray]:
    """Bail-out of the month."""
    out = np.full(world.nd + 1, np.nan)
    out[-1] = float(world.memory["upper_advances.bailout"])
    return {"bailout": out}
