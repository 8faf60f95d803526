"""Buses: a company with fares, wages and fuel, kept going by the city's subsidy.

    cost = c * residents of the urban districts * prices * service;   fares cover a part that falls with ridership

Unpaid, it runs down its cash and then cuts service; with nothing left the buses stop (as announced in Shangqiu in 2023).
"""

from __future__ import annotations

import numpy as np

from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter("buses.cost_per_head", 95.0, "yuan/year", "lognormal(95, 0.2)", "[A] a few hundred buses in a city of half a million", "at base prices", 0.0, 1e4),
    Parameter("buses.fare_share", 0.6, "share", "uniform(0.45, 0.75)", "[A] fares over cost at the base", "", 0.0, 1.0),
    Parameter("buses.ridership_fall", 0.03, "per year", "uniform(0.01, 0.05)", "[R] bus trips in small Chinese cities fell in the 2010s", "", -0.1, 0.3),
    Parameter("buses.subsidy_share", 1.0, "share", "uniform(0.8, 1.0)", "[A] of the loss", "what the city owes", 0.0, 1.0),
    Parameter("buses.least", 0.0, "share", "fixed", "[A] service with no cash at all", "", 0.0, 1.0),
)  # fmt: skip
SERIES = (Series("bus_share", "share", "rate", "share of normal bus service"),)
BRANCHES = ("buses.full_service",)


def start(world: World) -> None:
    """Full service; no subsidy due yet."""
    world.memory["buses.subsidy_due"] = 0
    world.memory["buses.subsidy_paid"] = 0


def step(world: World) -> None:
    """Fares in, cost out, service as far as cash allows."""
    p, book, memory = world.params, world.ledger, world.memory
    urban = np.array([d.kind == "district" for d in world.pack.config.districts])
    people = memory["household_income.people"].astype(np.float64)
    years = (world.month - world.base) / 12.0
    full = (
        float(world.fen(p["buses.cost_per_head"]))
        / 12.0
        * world.driver("cpi", 1.0)
        * float(people[urban].sum())
    )
    lockdown = float(world.signal["lockdown"][-1])
    riders = max(0.0, 1.0 - p["buses.ridership_fall"] * years) * (1.0 - 0.7 * lockdown)
    cash = float(book["buses.cash"])
    fares_full = full * p["buses.fare_share"] * riders
    share = 1.0 if full <= 0 else min(1.0, max((cash + fares_full) / full, p["buses.least"]))
    fares = int(fares_full * share)
    # fares are household spending already taken out of budgets as services: they come from the services account
    book.pay("fares", "services.cash", "buses.cash", fares)
    spent = int(min(full * share, book["buses.cash"]))
    book.pay("imports", "buses.cash", "rest.cash", spent // 3)
    book.pay("imports", "buses.cash", "services.cash", spent - spent // 3)
    memory["buses.subsidy_due"] = int(max(0.0, full - fares_full) * p["buses.subsidy_share"])
    before = float(world.signal["bus_share"][-1])
    world.signal["bus_share"][:] = share
    world.fired["buses.full_service"] += share >= 1.0
    if share < 0.5 <= before:
        world.events.add(world.month, "bus_stopped", "no_cash", district=world.nd, amount=int(1000 * share))


def observe(world: World) -> dict[str, np.ndarray]:
    """Service delivered."""
    return {"bus_share": world.signal["bus_share"].copy()}
