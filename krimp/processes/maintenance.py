"""Decay and upkeep: homes lose 1.5-2.5% of their condition a year (Harding, Rosenthal & Sirmans 2007), empty ones more.

Owners who live in their home and have savings make good most of it each January and pay craftsmen of the city.
"""

from __future__ import annotations

import numpy as np

from krimp.state.codes import ACTIVE, OWNER_OCCUPIED, RENTED, STANDING
from krimp.state.compile import kernel, prefetch
from krimp.state.parameters import Parameter
from krimp.state.purposes import DECAY
from krimp.state.random import fill, unit
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
def keep_up(D, H, cost, upkept, paid, fired):
    """Owners who can pay have their homes kept up: upkept[d] = 1, and what it costs by district in `paid`."""
    for d in range(1, upkept.size):
        if d + 24 < upkept.size:
            far = D.occupant[d + 24] if D.use[d + 24] == OWNER_OCCUPIED else D.owner[d + 24]
            prefetch((H.state, H.cash), far)
        if D.state[d] != STANDING or (D.use[d] != OWNER_OCCUPIED and D.use[d] != RENTED):
            continue
        h = D.occupant[d] if D.use[d] == OWNER_OCCUPIED else D.owner[d]
        bill = np.int64(cost * D.area[d])
        if h > 0 and H.state[h] == ACTIVE and H.cash[h] > 10 * bill:
            H.cash[h] -= bill
            paid[D.district[d]] += bill
            upkept[d] = 1
            fired[0] += 1


@kernel
def wear(D, seed, month, points, upkept, words, first, stop):
    """A year's decay of the homes of rows [first, stop), fractions of a point by a keyed draw; returns how many stand.
    points[k, kept up]: points lost by homes lived in, empty, empty and cold. `words`: scratch of a block."""
    standing = 0
    for begin in range(first, stop, words.size):
        n = min(begin + words.size, stop) - begin
        fill(seed, D.key[begin : begin + n], month, DECAY, words[:n])
        for j in range(n):
            d = np.uint64(begin + j)
            k = 0 if D.occupant[d] != 0 else (2 if D.heat_off[d] != 0 else 1)
            lost = points[k, upkept[d]]
            whole = np.int64(lost)
            whole += unit(words[np.uint64(j)]) < lost - whole
            stands = D.state[d] == STANDING
            D.condition[d] = max(np.int64(D.condition[d]) - (whole if stands else 0), 0)
            standing += stands
    return standing


def step(world: World) -> None:
    """Each January."""
    if world.month_of_year != 1:
        return
    p, homes = world.params, world.dwellings.view()
    fired, paid = np.zeros(2, np.int64), np.zeros(world.nd, np.int64)
    upkept = np.zeros(world.dwellings.n, np.uint8)
    ten = world.pack.config.minor_units / 10.0 * world.driver("cpi", 1.0)
    keep_up(homes, world.households.view(), p["maintenance.cost_m2"] * ten, upkept, paid, fired)
    world.ledger.pay_each("home_costs", "households.cash", "services.cash", paid)
    loss = np.array([p["maintenance.decay"], p["maintenance.decay_empty"], p["maintenance.decay_cold"]])
    points = np.stack([loss, loss * (1.0 - p["maintenance.upkeep_share"])], axis=1) * 255.0

    def work(_: int, first: int, stop: int) -> int:
        return int(
            wear(homes, world.seed, world.month, points, upkept, np.empty(1024, np.uint32), first, stop)
        )

    fired[1] = sum(world.map_chunks(work, world.dwellings.n))
    for name, count in zip(BRANCHES, fired.tolist(), strict=True):
        world.fired[name] += count
