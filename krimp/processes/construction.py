"""Construction: buildings go up over a lag and are then dwellings. Private starts and public programmes share this file.

A start appends one building per `units_of(floors)` flats with its dwellings as building sites (their keys come from the
building, so they are the same in every scenario that starts it). At completion they stand vacant, bare shells; flats
already sold wait for their owners, who are put on the list of seekers.
"""

from __future__ import annotations

import numpy as np

from krimp.state.codes import (
    BUILDING_SITE,
    BY_HOUSEHOLD,
    COMPLETE,
    DISTRICT_HEAT,
    EVENT,
    NEW_CORE,
    SITE,
    STANDING,
    VACANT,
    WANT_MOVE,
)
from krimp.state.compile import kernel
from krimp.state.parameters import Parameter
from krimp.state.purposes import BUILD_LAG, BUILD_SHAPE, KEY_BUILDING, KEY_DWELLING
from krimp.state.random import derive, draw4, unit
from krimp.state.world import Series, World, emit

PARAMETERS = (
    Parameter("construction.lift_share", 0.25, "share", "uniform(0.1, 0.4)", "[A] public high-rises with a lift", "of public blocks", 0.0, 1.0),
    Parameter("construction.storeys_walk_up", 6.5, "storeys", "fixed", "[S] walk-ups of six and seven storeys", "mean; each block has a whole number of them", 1.0, 9.0),
    Parameter("construction.storeys_lift", 17.0, "storeys", "fixed", "[R] lift blocks of 11 to 33 storeys", "", 2.0, 60.0),
)  # fmt: skip
SERIES = (
    Series("starts", "dwellings", "flow", "dwellings started, private and public"),
    Series("starts_private", "dwellings", "flow", "dwellings started by private developers"),
    Series("completions", "dwellings", "flow", "dwellings completed"),
)
BRANCHES = ("construction.public_start", "construction.completed")

_START, _COMPLETED = EVENT["construction_start"], EVENT["completed"]


def cost_m2(world: World, settlement: int) -> float:
    """Building cost without land, yuan per m2 this month: walk-ups in estates, mixed elsewhere."""
    p = world.params
    lift = p["construction.lift_share"]
    base = (1.0 - lift) * p["developers.cost_walk_up"] + lift * p["developers.cost_lift"]
    return base * world.driver("construction_cost_index", 1.0)


@kernel
def _flats(B, D, E, seed, month, first, area, owner_kind, title):
    """Write and announce the dwellings of the buildings from row `first` on."""
    for b in range(first, B.used[0]):
        units, floors, district = np.int64(B.units[b]), np.int64(B.floors[b]), B.district[b]
        per = max(-(-units // floors), 1)
        for i in range(units):
            d = B.first[b] + i
            key = derive(B.key[b], i, KEY_DWELLING)
            u, _, _, _ = draw4(seed, key, 0, BUILD_SHAPE)
            m2 = area * (0.8 + 0.4 * unit(u))
            D.key[d] = key
            D.building[d] = b
            D.state[d] = BUILDING_SITE
            D.district[d] = district
            D.settlement[d] = B.settlement[b]
            D.floor[d] = min(i // per + 1, floors)
            D.rooms[d] = 1 if m2 < 48.0 else (2 if m2 < 88.0 else 3)
            D.area[d] = np.int64(m2 * 10.0)
            D.title[d] = title
            D.heating[d] = DISTRICT_HEAT
            D.condition[d] = 255
            D.owner_kind[d] = owner_kind
            D.completed[d] = B.built[b]
        emit(E, month, _START, 0, district, 0, 0, B.first[b], b, units)


def start_building(
    world: World, settlement: int, units: int, area: float, months_to_build: int, public: int, programme: int,
    owner_kind: int, title: int, lift_share: float | None = None,
) -> tuple[int, int]:  # fmt: skip
    """Start buildings with `units` flats in a settlement; returns the range of dwelling rows [first, stop)."""
    p, b, d = world.params, world.buildings, world.dwellings
    memory = world.memory
    district = world.districts.index(world.settlements[settlement].district)
    share = p["construction.lift_share"] if lift_share is None else lift_share
    first = d.n
    number = int(memory.get(f"construction.number.{settlement}", 0))
    rows: list[tuple[int, ...]] = []
    left, row = int(units), first
    while left > 0:
        key = int(derive(np.uint64((0xB0B0 + settlement) << 8 | public), number, KEY_BUILDING))
        a, lag, more, _ = draw4(world.seed, np.uint64(key), 0, BUILD_LAG)
        lift = int(unit(a) < share)
        floors = int(
            p["construction.storeys_lift"] if lift else p["construction.storeys_walk_up"] + unit(more)
        )
        size = min(left, floors * (6 if lift else 8))
        built = world.month + max(1, int(months_to_build * (0.85 + 0.3 * unit(lag))))
        rows.append((key, built, max(1, min(floors, size)), lift, row, size))
        number += 1
        row += size
        left -= size
    if rows:
        memory[f"construction.number.{settlement}"] = number
        keys, built_in, storeys, lifts, homes, sizes = zip(*rows, strict=True)
        made = b.append(
            key=np.array(keys, np.uint64), state=SITE, district=district, settlement=settlement, built=built_in,
            started=world.month, floors=storeys, lift=lifts, public=public, programme=programme, first=homes, units=sizes,
        )  # fmt: skip
        d.reserve(row - first)
        d.used[0] = row
        world.events.reserve(len(rows))
        _flats(
            b.view(), d.view(), world.events.view(), world.seed, world.month, made, area, owner_kind, title
        )
    stop = d.n
    world.counter("starts")[district] += stop - first
    if public:
        world.fired["construction.public_start"] += 1
    else:
        world.counter("starts_private")[district] += stop - first
    return first, stop


def homes_of(world: World, buildings: np.ndarray) -> np.ndarray:
    """Rows of all homes of the buildings: those of a building are neighbours in the table."""
    first = world.buildings.first[buildings].astype(np.int64)
    units = world.buildings.units[buildings].astype(np.int64)
    before = np.cumsum(units) - units
    return np.repeat(first - before, units) + np.arange(int(units.sum()))


@kernel
def _complete(B, D, E, rows, month):
    """Finish the buildings `rows`: their flats stand vacant."""
    for k in range(rows.size):
        b = rows[k]
        first, units = np.int64(B.first[b]), np.int64(B.units[b])
        B.state[b] = COMPLETE
        B.built[b] = month
        D.state[first : first + units] = STANDING
        D.use[first : first + units] = VACANT
        D.vacant_since[first : first + units] = month
        D.completed[first : first + units] = month
        emit(E, month, _COMPLETED, 0, B.district[b], 0, 0, first, b, units)


def step(world: World) -> None:
    """Complete what is due."""
    b, d = world.buildings, world.dwellings
    due = np.flatnonzero((b.state == SITE) & (b.built <= world.month))
    if not len(due):
        return
    world.events.reserve(len(due))
    _complete(b.view(), d.view(), world.events.view(), due, world.month)
    np.add.at(world.counter("completions"), b.district[due], b.units[due])
    flats = homes_of(world, due)
    sold = flats[(d.owner_kind[flats] == BY_HOUSEHOLD) & (d.owner[flats] > 0)]
    keys = world.memory.get("construction.keys", np.zeros(0, np.int32))
    world.memory["construction.keys"] = np.concatenate([keys, d.owner[sold].astype(np.int32)])
    world.fired["construction.completed"] += len(due)


def hand_over(world: World) -> None:
    """Buyers of flats that have been completed look over their new home this month (called before the search)."""
    keys = world.memory.get("construction.keys")
    if keys is None or not len(keys):
        return
    h = world.households
    ready = np.unique(keys)
    ready = ready[h.state[ready] == 1]
    world.seek(ready.astype(np.int32), WANT_MOVE, h.district[ready])
    world.memory["construction.keys"] = np.zeros(0, np.int32)


__all__ = ["NEW_CORE", "PARAMETERS", "cost_m2", "hand_over", "start_building", "step"]
