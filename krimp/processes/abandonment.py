"""Abandonment: an owner whose empty home costs more than it will ever bring gives it up.

Judged each January: empty for more than two years, and the price it would fetch in its state is below what keeping it
another few years costs (real-option exit, Dixit 1989 [R]); village homes and rows are simply left after some years.
"""

from __future__ import annotations

import numpy as np

from krimp.state.codes import (
    BY_CITY,
    BY_DEVELOPER,
    BY_EMPLOYER,
    DISTRICT_HEAT,
    EVENT,
    STANDING,
    STOVE,
    VACANT,
)
from krimp.state.compile import kernel
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World, emit

PARAMETERS = (
    Parameter("abandonment.months", 24.0, "months", "fixed", "[A] value below zero for 24 months (mechanisms 3.5)", "", 1.0, 600.0),
    Parameter("abandonment.months_house", 72.0, "months", "uniform(48, 120)", "[A]", "empty single houses with a stove", 1.0, 600.0),
    Parameter("abandonment.years_of_cost", 8.0, "years", "uniform(5, 12)", "[A]", "carry that outweighs the price", 0.5, 100.0),
)  # fmt: skip
SERIES: tuple[Series, ...] = ()
BRANCHES = ("abandonment.house", "abandonment.flat")

_ABANDONED = EVENT["abandoned"]


@kernel
def judge(D, E, month, flat_months, house_months, carry_years, price, fee, counts):
    """Mark homes given up. price: fen per 0.1 m2 by district; fee: yearly base fee per 0.1 m2."""
    for d in range(1, D.used[0]):
        if D.state[d] != STANDING or D.use[d] != VACANT or D.abandoned[d] != 0:
            continue
        kind = D.owner_kind[d]
        if kind == BY_DEVELOPER or kind == BY_CITY or kind == BY_EMPLOYER or D.vacant_since[d] == 0:
            continue
        empty = month - D.vacant_since[d]
        leave = False
        if D.heating[d] == STOVE:
            leave = empty > house_months
        elif D.heating[d] == DISTRICT_HEAT and empty > flat_months:
            worth = price[D.district[d]] * (D.condition[d] / 255.0) * (0.5 if D.fitted[d] == 0 else 1.0)
            leave = worth < carry_years * fee
        if leave:
            D.abandoned[d] = 1
            D.listed[d] = 0
            D.listed_since[d] = 0
            counts[0 if D.heating[d] == STOVE else 1] += 1
            emit(E, month, _ABANDONED, 0, D.district[d], 0, D.owner[d], d, 0, 0)


def step(world: World) -> None:
    """Each January."""
    if world.month_of_year != 1:
        return
    p, d = world.params, world.dwellings
    counts = np.zeros(2, np.int64)
    ten = world.pack.config.minor_units / 10.0
    world.events.reserve(int(np.count_nonzero(d.use == VACANT)))
    judge(
        d.view(), world.events.view(), world.month, int(p["abandonment.months"]), int(p["abandonment.months_house"]),
        p["abandonment.years_of_cost"], world.signal["price_m2"] * ten, p["heating.fee_m2"] * p["heating.base_fee_share"] * ten,
        counts,
    )  # fmt: skip
    world.fired["abandonment.house"] += int(counts[0])
    world.fired["abandonment.flat"] += int(counts[1])
