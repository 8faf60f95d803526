"""Abandonment: an owner whose empty home costs more than it will ever bring gives it up.

Judged each January. A flat: empty for more than two years, costing more a month than it is good for (b < 0), and its
reservation price net of what a sale would cost the owner (`listing`: p* < 0) is below nothing, a real-option exit with two
years of hysteresis (Dixit 1989 [R]). It takes heirs who cannot sell (no chance of an offer), or an owner far away and a flat
that brings less than the sale costs: others sell, however cheaply. Single houses with a stove cost nothing to keep and are
simply left after some years.
"""

from __future__ import annotations

import numpy as np

from krimp.processes.hedonic_index import N_FEATURES, value
from krimp.processes.listing import (
    closing,
    holding,
    home_ahead,
    market_of,
    owner_ahead,
    reservation,
    segment,
    terms_of,
    unsettled,
)
from krimp.state.codes import (
    BY_CITY,
    BY_DEVELOPER,
    BY_EMPLOYER,
    EVENT,
    STANDING,
    STOVE,
    VACANT,
)
from krimp.state.columns import View
from krimp.state.compile import kernel
from krimp.state.counting import rows_where
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World, emit

PARAMETERS = (
    Parameter("abandonment.months", 24.0, "months", "fixed", "[A] value below zero for 24 months (mechanisms 3.5)", "", 1.0, 600.0),
    Parameter("abandonment.months_house", 72.0, "months", "uniform(48, 120)", "[A]", "empty single houses with a stove", 1.0, 600.0),
)  # fmt: skip
SERIES: tuple[Series, ...] = ()
BRANCHES = ("abandonment.house", "abandonment.flat")

_ABANDONED = EVENT["abandoned"]


@kernel
def empty_ones(state, use, abandoned, kind, since, out):
    """Empty homes of private owners that are not given up, as flags; in vector code, for most homes are none."""
    for r in range(1, out.size):
        d = np.uint64(r)
        others = (kind[d] == BY_DEVELOPER) | (kind[d] == BY_CITY) | (kind[d] == BY_EMPLOYER)
        out[d] = (state[d] == STANDING) & (use[d] == VACANT) & (abandoned[d] == 0) & ~others & (since[d] != 0)


@kernel
def judge(
    D, B, H, E, rows, places, beta, level, growth, hazard, market, seed, month, terms, flat_months, house_months, x, counts,
):  # fmt: skip
    """Mark those of `rows` that are given up. `x`: scratch."""
    for k in range(rows.size):
        if k + 12 < rows.size:
            home_ahead(D, rows[k + 12])
        if k + 6 < rows.size:
            owner_ahead(D, B, H, rows[k + 6])
        d = rows[k]
        empty = month - D.vacant_since[d]
        leave = False
        if D.heating[d] == STOVE:
            leave = empty > house_months
        elif empty > flat_months:
            i = D.district[d]
            worth = value(D, B, places, d, month, x, beta, level)
            keep = holding(D, B, H, d, worth, market[i], terms, seed, month)
            net = max(worth - closing(D, H, d, terms, seed), 0.0)
            q = 0.0 if unsettled(D, d, terms, seed) else hazard[segment(D, B, d)]
            leave = keep < 0.0 and reservation(net, keep, q, terms, growth[i]) < 0.0
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
    p, d, m = world.params, world.dwellings, world.memory
    flags = np.zeros(d.n, np.bool_)
    empty_ones(d.state, d.use, d.abandoned, d.owner_kind, d.vacant_since, flags)
    rows = rows_where(flags)
    D, B, H, market, terms = (
        d.view(), world.buildings.view(), world.households.view(), market_of(world), terms_of(world),
    )  # fmt: skip

    def decide(log: View, first: int, stop: int) -> np.ndarray:
        counts = np.zeros(2, np.int64)
        judge(
            D, B, H, log, rows[first:stop], m["hedonic_index.places"], m["hedonic_index.beta"], m["hedonic_index.level"],
            world.signal["price_change_year"], m["listing.sale_hazard"], market, world.seed, world.month, terms,
            int(p["abandonment.months"]), int(p["abandonment.months_house"]), np.zeros(N_FEATURES), counts,
        )  # fmt: skip
        return counts

    # owners decide each about a home of their own
    counts = np.sum(world.map_events(decide, len(rows), first=0, chunk=8192), axis=0)
    world.fired["abandonment.house"] += int(counts[0])
    world.fired["abandonment.flat"] += int(counts[1])
