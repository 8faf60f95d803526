"""Decay and upkeep: homes lose 1.5-2.5% of their condition a year (Harding, Rosenthal & Sirmans 2007), empty ones more.

Owners who live in their home and have savings make good most of it each January and pay craftsmen of the city.
"""

from __future__ import annotations

import numpy as np

from krimp.state.codes import ACTIVE, OWNER_OCCUPIED, RENTED, STANDING
from krimp.state.compile import kernel
from krimp.state.ledger import pay
from krimp.state.parameters import Parameter
from krimp.state.purposes import DECAY
from krimp.state.random import draw, unit
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter("maintenance.decay", 0.020, "per year", "uniform(0.015, 0.025)", "[R] Harding et al. 2007: about 2.5 gross, 2 net", "of condition as new", 0.0, 0.5),
    Parameter("maintenance.decay_empty", 0.035, "per year", "uniform(0.025, 0.05)", "[A] frost and leaks", "empty homes", 0.0, 0.5),
    Parameter("maintenance.decay_cold", 0.050, "per year", "uniform(0.035, 0.08)", "[A] burst pipes and damp", "empty flats with the heat off", 0.0, 0.5),
    Parameter("maintenance.cost_m2", 6.0, "yuan/m2 and year", "uniform(3, 10)", "[A]", "upkeep that makes good one year", 0.0, 1e3),
    Parameter("maintenance.upkeep_share", 0.6, "share", "uniform(0.4, 0.8)", "[A]", "of the decay made good by owners who can pay", 0.0, 1.0),
)  # fmt: skip
SERIES: tuple[Series, ...] = ()
BRANCHES = ("maintenance.upkeep", "maintenance.decay")


@kernel
def year(D, H, L, seed, month, decay, empty, cold, cost, share, flow, cash, services, fired):
    """A year's decay and upkeep; fractions of a point by a keyed draw."""
    for d in range(1, D.used[0]):
        if D.state[d] != STANDING:
            continue
        loss = decay if D.occupant[d] != 0 else (cold if D.heat_off[d] != 0 else empty)
        if D.use[d] == OWNER_OCCUPIED or D.use[d] == RENTED:
            h = D.occupant[d] if D.use[d] == OWNER_OCCUPIED else D.owner[d]
            bill = np.int64(cost * D.area[d])
            if h > 0 and H.state[h] == ACTIVE and H.cash[h] > 10 * bill:
                H.cash[h] -= bill
                pay(L, D.district[d], flow, cash, services, bill)
                loss *= 1.0 - share
                fired[0] += 1
        points = loss * 255.0
        whole = np.int64(points)
        if unit(draw(seed, D.key[d], month, DECAY)) < points - whole:
            whole += 1
        D.condition[d] = np.uint8(max(np.int64(D.condition[d]) - whole, 0))
        fired[1] += 1


def step(world: World) -> None:
    """Each January."""
    if world.month_of_year != 1:
        return
    p = world.params
    fired = np.zeros(2, np.int64)
    ten = world.pack.config.minor_units / 10.0 * world.driver("cpi", 1.0)
    year(
        world.dwellings.view(), world.households.view(), world.ledger.view(), world.seed, world.month,
        p["maintenance.decay"], p["maintenance.decay_empty"], p["maintenance.decay_cold"], p["maintenance.cost_m2"] * ten,
        p["maintenance.upkeep_share"],
        world.account("flow.home_costs"), world.account("households.cash"), world.account("services.cash"), fired,
    )  # fmt: skip
    for name, count in zip(BRANCHES, fired.tolist(), strict=True):
        world.fired[name] += count
