"""Advances of treasury and province: money lent to a city that cannot pay wages, basic living or service in full.

They are owed, not revenue: cash for wages and basic living, and the service of bonds that the province issued on the
city's behalf and pays in its place, and a part of other service. Upper governments stand in until a limit (in years of the city's own revenue) or until
they change their mind, a month with a prior; from then on what they must pay for the city they keep from its transfers
(`Regime.withheld`). A bail-out is a choice of policy (`upper_advances.bailout`, a grant).
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
        "part of a shortage advanced", 0.0, 1.0,
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


def willing(world: World) -> bool:
    """Whether upper governments still stand in this month."""
    p = world.params
    return (
        world.regime.bailouts
        and p["upper_advances.willing"] > 0
        and world.month / 12.0 < p["upper_advances.until"]
        and _room(world) > 0
    )


def _room(world: World) -> float:
    return world.params["upper_advances.limit"] * own_year(world) + float(world.ledger["city.advances"])


def own_year(world: World) -> float:
    """The city's own revenue at a yearly rate, mean of two years, minor units."""
    window = world.memory["transfers.own"]
    return 12.0 * float(window.sum()) / max(min(world.month - world.base, 24), 1)


def draw(world: World, shortage: int, receiver: str = "city.cash", share: float | None = None) -> int:
    """Advance towards a shortage: cash to the treasury, or straight to its creditors. Returns what was paid."""
    p, book = world.params, world.ledger
    if shortage <= 0:
        return 0
    if not willing(world):
        world.fired["upper_advances.refused"] += world.regime.bailouts
        return 0
    part = (p["upper_advances.share"] if share is None else share) * p["upper_advances.willing"]
    amount = int(min(shortage * part, _room(world)))
    book.pay("advance", "upper.cash", receiver, amount)
    book.pay("claims", "city.advances", "upper.advances", amount)
    world.fired["upper_advances.drawn"] += amount > 0
    return amount


def observe(world: World) -> dict[str, np.ndarray]:
    """Bail-out of the month."""
    out = np.full(world.nd + 1, np.nan)
    out[-1] = float(world.memory["upper_advances.bailout"])
    return {"bailout": out}
