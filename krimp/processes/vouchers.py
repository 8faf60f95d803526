"""Consumption vouchers: a policy. The city gives every household a sum to be spent at once in local shops.

Households add `leverage` yuan of their own to each voucher yuan in that month (3.4-5.8, Liu et al. and the 2025 restudy
[S]: short-lived, mostly spending brought forward), and spend less in the three months after: `payback` of the added sum.
Not a process of the month by itself: `consumption` calls it.
"""

from __future__ import annotations

import numpy as np

from krimp.state.codes import ACTIVE
from krimp.state.compile import kernel
from krimp.state.parameters import Parameter
from krimp.state.world import World

PARAMETERS = (
    Parameter("vouchers.amount", 0.0, "yuan/household and month", "fixed", "[A] policy; 0 = none", "voucher given this month", 0.0, 1e5),
    Parameter("vouchers.leverage", 3.4, "ratio", "uniform(2.5, 5.8)", "[S] 3.4-5.8 yuan a subsidy yuan (mechanisms 7)", "spending per voucher yuan in the month, voucher included", 1.0, 10.0),
    Parameter("vouchers.payback", 0.8, "share", "uniform(0.5, 1.0)", "[A] most of it is brought forward", "added spending that is missing later", 0.0, 1.0),
)  # fmt: skip


@kernel
def give(H, amount, given):
    """Add `amount` to every active household's cash; given[d] adds up."""
    for h in range(1, H.used[0]):
        if H.state[h] == ACTIVE and H.size[h] > 0:
            H.cash[h] += amount
            given[H.district[h]] += amount


def hand_out(world: World) -> None:
    """Pay this month's vouchers from the treasury as far as it has cash."""
    memory = world.memory
    memory["vouchers.owed"] = float(memory.get("vouchers.owed", 0.0)) * (2.0 / 3.0)
    memory["vouchers.now"] = 0
    wish = world.fen(world.params["vouchers.amount"])
    if wish <= 0:
        return
    households = int(np.count_nonzero((world.households.state == ACTIVE) & (world.households.size > 0)))
    amount = min(wish, max(world.ledger["city.cash"], 0) // max(households, 1))
    if amount <= 0:
        return
    given = np.zeros(world.nd, np.int64)
    give(world.households.view(), np.int64(amount), given)
    for d in range(world.nd):
        world.ledger.pay("benefits", "city.cash", "households.cash", int(given[d]), d)
    memory["vouchers.now"] = int(amount)
    p = world.params
    memory["vouchers.owed"] += p["vouchers.payback"] * (p["vouchers.leverage"] - 1.0) * amount


def extra_each(world: World) -> int:
    """Spending a household adds (or, later, leaves out) because of vouchers, minor units."""
    memory, p = world.memory, world.params
    now = int(memory["vouchers.now"])
    if now > 0:
        return int(p["vouchers.leverage"] * now)
    return -int(float(memory["vouchers.owed"]) / 3.0)
