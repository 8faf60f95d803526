"""Decay and upkeep: homes lose 1.5-2.5% of their condition a year (Harding, Rosenthal & Sirmans 2007), empty ones more.

Owners who live in their home and have savings make good most of it each January and pay craftsmen of the city.
"""

from __future__ import annotations

import numpy as np

from krimp.processes.luck import BLOCK
from krimp.state.codes import ACTIVE, OWNER_OCCUPIED, RENTED, STANDING
from krimp.state.compile import kernel, prefetch
from krimp.state.parameters import Parameter, Parameters
from krimp.state.purposes import DECAY
from krimp.state.random import fill
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
def wear(D, seed, month, whole, limits, upkept, words, cell, first, stop):
    """A year's decay of the homes of rows [first, stop), fractions of a point by a keyed draw; returns how many stand.
    whole[2 k + kept up]: points lost by homes lived in, empty, empty and cold, `limits`: of 2**32 for one more. `words`, `cell`:
    scratch of a block."""
    standing = 0
    for begin in range(first, stop, words.size):
        n = min(begin + words.size, stop) - begin
        fill(seed, D.key[begin : begin + n], month, DECAY, words[:n])
        for j in range(n):
            d = np.uint64(begin + j)
            empty, cold = np.uint8(D.occupant[d] == 0), np.uint8(D.heat_off[d] != 0)
            cell[np.uint64(j)] = np.uint8(2) * empty + np.uint8(2) * (empty & cold) + upkept[d]
        for j in range(n):
            d, k = np.uint64(begin + j), np.uint64(cell[np.uint64(j)])
            stands = D.state[d] == STANDING
            lost = (np.int64(whole[k]) + (words[np.uint64(j)] < limits[k])) * stands
            D.condition[d] = max(np.int64(D.condition[d]) - lost, 0)
            standing += stands
    return standing


def rates(p: Parameters) -> tuple[np.ndarray, np.ndarray]:
    """Points (of 255) that a year takes: whole ones (uint8), and of 2**32 the chance of one more (uint32), as `wear` reads them."""
    loss = np.array([p["maintenance.decay"], p["maintenance.decay_empty"], p["maintenance.decay_cold"]])
    points = np.stack([loss, loss * (1.0 - p["maintenance.upkeep_share"])], axis=1).reshape(-1) * 255.0
    # a draw's midpoint is below the fraction; one that is all but a whole point would not fit
    limits = np.minimum(np.ceil((points % 1.0) * 2.0**32 - 0.5), 2.0**32 - 1.0)
    return points.astype(np.uint8), limits.astype(np.uint32)


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
    whole, limits = rates(p)

    def work(_: int, first: int, stop: int) -> int:
        words, cell = np.empty(BLOCK, np.uint32), np.empty(BLOCK, np.uint8)
        return int(wear(homes, world.seed, world.month, whole, limits, upkept, words, cell, first, stop))

    fired[1] = sum(world.map_chunks(work, world.dwellings.n))
    for name, count in zip(BRANCHES, fired.tolist(), strict=True):
        world.fired[name] += count
