"""Transfers from upper governments: standard need less standard revenue, on registered people, plus earmarked grants.

    T = t0 * registered people * pool(t) + a * max(0, standard revenue at the base - own revenue, real)

t0 is the transfer per registered person at the base, pool(t) the growth of national transfers per head (driver), so
that transfers per resident rise while residents leave (the denominator is sluggish: mechanisms 5.3). Grants tied to
works (`public_spending.earmarked_works` of the year's transfers) come in the regime's months, the rest in twelfths, so
that cash is short in winter. Grants for public housing are paid with the buildings (`resettlement`).
"""

from __future__ import annotations

import numpy as np

from krimp.state.codes import GONE, RESIDENT
from krimp.state.counting import count_both
from krimp.state.ledger import Account
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter(
        "transfers.scale", 1.0, "factor", "normal(1.0, 0.06)", "[A] 1 = the pack's base level; 0 switches transfers off",
        "", 0.0, 5.0,
    ),
    Parameter(
        "transfers.per_head", 2000.0, "yuan/year", "lognormal(2000, 0.3)",
        "[R] 2.7 trillion yuan from the centre to the provinces in 2010 over 1.34 bn people",
        "a year's transfers per registered person at the base, where the pack assumes no total", 0.0, 1e6,
    ),
    Parameter(
        "transfers.equalising", 0.4, "share", "uniform(0.2, 0.7)",
        "[R] equalisation: alpha = pool over the sum of gaps; size assumed", "share of lost own revenue made good", 0.0, 1.0,
    ),
)  # fmt: skip
SERIES: tuple[Series, ...] = ()
ACCOUNTS = (Account("flow.transfers", "flow", "upper grants to the general budget"),)
BRANCHES = ("transfers.paid",)


def start(world: World) -> None:
    """Registered people and own revenue of the base are learnt in the first months."""
    people = _registered(world) * world.weight / world.copies
    default = world.params["transfers.per_head"] * people
    world.memory["transfers.per_head"] = world.pack.assumption("transfers_2010", default) / max(people, 1.0)
    world.memory["transfers.own"] = np.zeros(24)
    world.memory["transfers.own0"] = 0.0


def _registered(world: World) -> int:
    """People registered here, wherever they live."""
    p = world.persons
    return sum(int(count_both(p.hukou, 1, p.state, state, 1, p.n)) for state in (RESIDENT, GONE))


def step(world: World) -> None:
    """The month's part of the year's transfers."""
    p, memory = world.params, world.memory
    window = memory["transfers.own"]
    window[(world.month - world.base - 1) % 24] = float(memory["taxes.tax"] + memory["taxes.nontax"])
    price = world.driver("cpi", 1.0)
    age = world.month - world.base
    yearly = 12.0 * window.sum() / min(age, 24) / price
    if age == 24:
        memory["transfers.own0"] = yearly
    per_head = world.fen(memory["transfers.per_head"])
    need = per_head * _registered(world) * world.driver("transfer_pool", price)
    gap = max(0.0, memory["transfers.own0"] - yearly) * price if age > 24 else 0.0
    even = int(p["transfers.scale"] * (need + p["transfers.equalising"] * gap) / 12.0)
    tied = even * p["public_spending.earmarked_works"]
    first, last = world.regime.special_grants
    season = 12.0 / (last - first + 1) if first <= world.month_of_year <= last else 0.0
    special = int(tied * season)
    amount = even - int(tied) + special
    world.ledger.pay("transfers", "upper.cash", "city.cash", amount)
    memory["transfers.paid"] = amount
    memory["transfers.even"] = even
    memory["transfers.special"] = special
    memory["transfers.season"] = season
    world.fired["transfers.paid"] += amount > 0
