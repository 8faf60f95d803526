"""Demolition: cleared homes, ruins that fall, and a policy of pulling down empty blocks.

`clear` takes down given homes (resettlement, policy, decay). The policy programme takes a number of homes a month from
the emptiest old walk-up blocks: the last occupants are found another home, then the block falls (Stadtumbau Ost: 221,000
flats by 2007 [S]). Abandoned homes in ruins fall by themselves.
"""

from __future__ import annotations

import numpy as np

from krimp.processes import construction
from krimp.state.codes import (
    BY_CITY,
    CLEARED,
    COMPLETE,
    DEMOLISHED,
    EVENT,
    REASON,
    STANDING,
    WANT_EVICTED,
)
from krimp.state.compile import kernel
from krimp.state.counting import rows_where
from krimp.state.families import disown, vacate
from krimp.state.parameters import Parameter
from krimp.state.purposes import DEMOLISH
from krimp.state.random import draw, unit
from krimp.state.world import Series, World, emit

PARAMETERS = (
    Parameter(
        "demolition.programme", 0.0, "share of dwellings a year", "fixed", "[A] policy: 0 = no programme beyond resettlement",
        "empty blocks pulled down", 0.0, 0.2,
    ),
    Parameter("demolition.cost_m2", 90.0, "yuan/m2", "uniform(60, 150)", "[R] about 60-70 EUR/m2 in Germany; cheaper here", "", 0.0, 5e3),
    Parameter("demolition.ruin", 0.10, "per year", "uniform(0.05, 0.2)", "[A] abandoned single-storey homes that fall", "", 0.0, 1.0),
)  # fmt: skip
SERIES = (Series("demolitions", "dwellings", "flow", "dwellings pulled down or fallen"),)
BRANCHES = ("demolition.ruin",)

_DEMOLISHED = EVENT["demolished"]
_DECAY, _LOW = REASON["decay"], REASON["low_demand"]


@kernel
def take_down(D, B, H, E, rows, reason, month, counts):
    """Demolish empty standing dwellings `rows`: off their owners' lists, off the market, gone. A building none of whose homes is
    left is cleared."""
    for i in range(rows.size):
        d = rows[i]
        if D.state[d] != STANDING or D.occupant[d] != 0:
            continue
        disown(H, D, d)
        D.owner_kind[d] = BY_CITY
        D.state[d] = DEMOLISHED
        D.use[d] = 0
        D.listed[d] = 0
        D.listed_since[d] = 0
        D.ended[d] = month
        counts[D.district[d]] += 1
        emit(E, month, _DEMOLISHED, reason, D.district[d], 0, 0, d, D.building[d], 0)
    for i in range(rows.size):
        b = D.building[rows[i]]
        if i > 0 and b == D.building[rows[i - 1]]:
            continue
        left = 0
        for d in range(B.first[b], B.first[b] + B.units[b]):
            left += D.state[d] != DEMOLISHED
        if left == 0:
            B.state[b] = CLEARED


def clear(world: World, rows: np.ndarray, reason: int) -> None:
    """Pull down empty dwellings. Recorded with the reason."""
    world.events.reserve(len(rows))
    take_down(
        world.dwellings.view(), world.buildings.view(), world.households.view(), world.events.view(), rows.astype(np.int64),
        reason, world.month, world.counter("demolitions"),
    )  # fmt: skip


def evict(world: World) -> None:
    """Start of the housing phase: the last occupants of blocks picked by the policy look for another home."""
    marked = world.memory.get("demolition.marked")
    if marked is None or not len(marked):
        return
    d = world.dwellings
    homes = construction.homes_of(world, marked)
    homes = homes[(d.state[homes] == STANDING) & (d.occupant[homes] > 0)]
    families = d.occupant[homes].astype(np.int32)
    _leave(world.households.view(), world.dwellings.view(), families, world.month)
    world.seek(families, WANT_EVICTED, world.households.district[families])


@kernel
def _leave(H, D, families, month):
    for i in range(families.size):
        vacate(H, D, families[i], month)


@kernel
def _ruins(D, rows, seed, month, hazard, out):
    """Those of the homes `rows`, given up by their owners, that luck turns into ruins; returns how many."""
    n = 0
    for d in rows:
        if D.state[d] == STANDING and D.occupant[d] == 0:
            if unit(draw(seed, D.key[d], month, DEMOLISH)) < hazard:
                out[n] = d
                n += 1
    return n


def step(world: World) -> None:
    """Ruins each January; marked blocks fall; the policy marks new ones."""
    p, d = world.params, world.dwellings
    marked = world.memory.get("demolition.marked")
    if marked is not None and len(marked):
        rows = construction.homes_of(world, marked)
        rows = rows[(d.state[rows] == STANDING) & (d.occupant[rows] == 0)]
        cost = world.fen(p["demolition.cost_m2"]) * int(d.area[rows].sum()) // 10
        world.ledger.pay("construction", "upper.cash", "developers.cash", cost)
        if len(rows):
            clear(world, rows, _LOW)
        world.memory["demolition.marked"] = np.zeros(0, np.int64)
    if world.month_of_year == 1:
        given_up = rows_where(d.abandoned == 1)
        out = np.empty_like(given_up)
        single = _ruins(d.view(), given_up, world.seed, world.month, p["demolition.ruin"], out)
        if single:
            clear(world, out[:single], _DECAY)
            world.fired["demolition.ruin"] += single
    if p["demolition.programme"] > 0.0:
        _mark(world)


def _mark(world: World) -> None:
    """Choose the emptiest old blocks with a district heating main until the month's number is met."""
    d, b = world.dwellings, world.buildings
    standing = d.state == STANDING
    wanted = int(world.params["demolition.programme"] / 12.0 * np.count_nonzero(standing))
    units = np.bincount(d.building[standing], minlength=b.n)
    lived = np.bincount(d.building[standing & (d.occupant > 0)], minlength=b.n)
    able = np.nonzero((b.state == COMPLETE) & (units >= 4) & (lived <= 0.5 * units))[0]
    share = lived[able] / np.maximum(units[able], 1)
    able = able[np.lexsort((able, b.built[able], share))]
    upto = int(np.searchsorted(np.cumsum(units[able]), wanted, side="right"))
    world.memory["demolition.marked"] = np.sort(able[:upto]).astype(np.int64)
