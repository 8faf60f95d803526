"""Fitting out: a bare shell costs 30-50 thousand yuan to live in decently; many new blocks stay dark for it.

Families who live in a shell fit it out as soon as they can pay; the money goes to the city's craftsmen.
"""

from __future__ import annotations

import numpy as np

from krimp.state.codes import BY_HOUSEHOLD, DEMOLISHED, EVENT, STANDING
from krimp.state.compile import kernel
from krimp.state.counting import Dwindling
from krimp.state.ledger import pay
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World, emit

PARAMETERS = (
    Parameter("fitting_out.cost_m2", 500.0, "yuan/m2", "uniform(400, 700)", "[D] 30-50 thousand yuan for 50 to 75 m2 around 2019, at 2010 prices a fifth less", "", 0.0, 1e4),
    Parameter("fitting_out.reserve", 0.3, "share", "uniform(0.1, 0.5)", "[A]", "savings kept back, of the cost", 0.0, 5.0),
    Parameter("fitting_out.simple", 0.35, "share", "uniform(0.2, 0.5)", "[A] floors, doors and a kitchen", "cost of a simple job over a full one, for those who cannot pay more", 0.01, 1.0),
)  # fmt: skip
SERIES = (Series("fitted_out", "dwellings", "flow", "shells fitted out by those who live there"),)
BRANCHES = ("fitting_out.done", "fitting_out.simple")

_FITTED = EVENT["fitted_out"]
#: Nobody tears out what is fitted, and what is demolished stays so.
_SHELLS = Dwindling(lambda homes, rows: (homes.fitted[rows] == 0) & (homes.state[rows] != DEMOLISHED))


@kernel
def fit(D, H, E, L, rows, month, cost, reserve, simple, flow, cash, services, counts, fired):
    """Occupied shells (of `rows`) are fitted out where the family owns and can pay."""
    for d in rows:
        h = D.occupant[d]
        if h == 0 or D.state[d] != STANDING:
            continue
        bill = np.int64(cost * D.area[d])
        if D.owner_kind[d] != BY_HOUSEHOLD or D.owner[d] != h or H.cash[h] < bill * (1.0 + reserve):
            bill = np.int64(bill * simple)
            fired[1] += 1
        if H.cash[h] < bill:
            continue
        H.cash[h] -= bill
        pay(L, D.district[d], flow, cash, services, bill)
        D.fitted[d] = 1
        counts[D.district[d]] += 1
        fired[0] += 1
        emit(E, month, _FITTED, 0, D.district[d], H.first[h], h, d, 0, bill)


def step(world: World) -> None:
    """Once a month."""
    p, d = world.params, world.dwellings
    shells = _SHELLS.rows(d)
    if len(shells) == 0:
        return
    world.events.reserve(len(shells))
    fired = np.zeros(2, np.int64)
    ten = world.pack.config.minor_units / 10.0 * world.driver("cpi", 1.0)
    fit(
        d.view(), world.households.view(), world.events.view(), world.ledger.view(), shells, world.month,
        p["fitting_out.cost_m2"] * ten, p["fitting_out.reserve"], p["fitting_out.simple"], world.account("flow.home_costs"),
        world.account("households.cash"), world.account("services.cash"), world.counter("fitted_out"), fired,
    )  # fmt: skip
    for name, count in zip(BRANCHES, fired.tolist(), strict=True):
        world.fired[name] += count
