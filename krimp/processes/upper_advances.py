"""Advances of treasury and province: money lent to a city that cannot pay. It is owed, not revenue.

First comes cash ahead of transfers still to come, up to a number of months of them: it covers any shortage and is paid back from
the first cash to spare. When that is used up the city cannot pay by itself, and upper governments stand in: cash for
part of what wages, basic living and running cost lack, the service of bonds (the province issued them and pays in the city's
place), part of other service. They do so until a limit (in years of the city's own revenue) or until they change their mind, a month
with a prior; from then on what they must pay for the city they keep from its transfers (`Regime.withheld`). A bail-out
is a choice of policy (`upper_advances.bailout`, a grant).
"""

from __future__ import annotations

import numpy as np

from krimp.state.ledger import Account
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter("upper_advances.willing", 1.0, "share", "fixed", "[A] 0 = upper governments never advance", "", 0.0, 1.0),
    Parameter(
        "upper_advances.ahead", 1.0, "months of transfers", "uniform(0.5, 2.0)",
        "[A] a month or so is handed down before the year's grants are told",
        "most cash a treasury hands down ahead of transfers", 0.0, 24.0,
    ),
    Parameter(
        "upper_advances.share", 0.7, "share", "uniform(0.4, 0.9)",
        "[A] payables to treasury and upper governments rose from under 1.0 bn (2017) to over 5.7 bn (2020)",
        "part of a shortage beyond that advanced", 0.0, 1.0,
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
BRANCHES = (
    "upper_advances.ahead",
    "upper_advances.drawn",
    "upper_advances.refused",
)


def start(world: World) -> None:
    """Nothing advanced."""
    world.memory["upper_advances.bailout"] = 0
    world.memory["upper_advances.ahead"] = 0


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


def hand_down(world: World, shortage: int) -> None:
    """Cash ahead of transfers towards a shortage of any kind."""
    if shortage <= 0 or not willing(world):
        return
    p, book, memory = world.params, world.ledger, world.memory
    most = p["upper_advances.ahead"] * p["upper_advances.willing"] * memory["transfers.even"]
    amount = int(min(shortage, most - memory["upper_advances.ahead"], _room(world)))
    if amount > 0:
        book.pay("advance", "upper.cash", "city.cash", amount)
        book.pay("claims", "city.advances", "upper.advances", amount)
        memory["upper_advances.ahead"] += amount
        world.fired["upper_advances.ahead"] += 1


def settle(world: World, amount: int) -> None:
    """Pay back cash that came ahead."""
    world.ledger.pay("advance", "city.cash", "upper.cash", amount)
    world.ledger.pay("claims", "upper.advances", "city.advances", amount)
    world.memory["upper_advances.ahead"] -= amount


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
