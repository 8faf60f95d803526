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
def _flats(
    B_key,
    building,
    first,
    units,
    floors,
    lift,
    area,
    seed,
    D,
    month_built,
    settlement,
    district,
    owner_kind,
    title,
):
    """Write the dwellings of one building from row `first`."""
    per = max(-(-units // floors), 1)
    for i in range(units):
        d = first + i
        key = derive(B_key, i, KEY_DWELLING)
        a, _, _, _ = draw4(seed, key, 0, BUILD_SHAPE)
        m2 = area * (0.8 + 0.4 * unit(a))
        D.key[d] = key
        D.building[d] = building
        D.state[d] = BUILDING_SITE
        D.district[d] = district
        D.settlement[d] = settlement
        D.floor[d] = min(i // per + 1, floors)
        D.rooms[d] = 1 if m2 < 48.0 else (2 if m2 < 88.0 else 3)
        D.area[d] = np.int64(m2 * 10.0)
        D.title[d] = title
        D.heating[d] = DISTRICT_HEAT
        D.condition[d] = 255
        D.owner_kind[d] = owner_kind
        D.completed[d] = month_built


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
    left = int(units)
    while left > 0:
        number = int(memory.get(f"construction.number.{settlement}", 0))
        memory[f"construction.number.{settlement}"] = number + 1
        key = np.uint64(derive(np.uint64((0xB0B0 + settlement) << 8 | public), number, KEY_BUILDING))
        a, lag, more, _ = draw4(world.seed, key, 0, BUILD_LAG)
        lift = int(unit(a) < share)
        floors = int(
            p["construction.storeys_lift"] if lift else p["construction.storeys_walk_up"] + unit(more)
        )
        size = min(left, floors * (6 if lift else 8))
        floors = max(1, min(floors, size))
        built = world.month + max(1, int(months_to_build * (0.85 + 0.3 * unit(lag))))
        row = d.n
        made = b.append(
            key=np.array([key], np.uint64), state=[SITE], district=[district], settlement=[settlement], built=[built],
            started=[world.month], floors=[floors], lift=[lift], public=[public], programme=[programme], first=[row],
            units=[size],
        )  # fmt: skip
        d.reserve(size)
        d.used[0] = row + size
        _flats(
            key,
            made,
            row,
            size,
            floors,
            lift,
            area,
            world.seed,
            d.view(),
            built,
            settlement,
            district,
            owner_kind,
            title,
        )
        world.events.reserve(1)
        emit(world.events.view(), world.month, _START, 0, district, 0, 0, row, made, size)
        left -= size
    stop = d.n
    world.counter("starts")[district] += stop - first
    if public:
        world.fired["construction.public_start"] += 1
    else:
        world.counter("starts_private")[district] += stop - first
    return first, stop


def step(world: World) -> None:
    """Complete what is due."""
    b, d = world.buildings, world.dwellings
    due = np.nonzero((b.state == SITE) & (b.built <= world.month))[0]
    if not len(due):
        return
    world.events.reserve(len(due))
    for row in due:
        first, units = int(b.first[row]), int(b.units[row])
        b.state[row] = COMPLETE
        b.built[row] = world.month
        flats = np.arange(first, first + units)
        d.state[flats] = STANDING
        d.use[flats] = VACANT
        d.vacant_since[flats] = world.month
        d.completed[flats] = world.month
        district = int(b.district[row])
        world.counter("completions")[district] += units
        emit(world.events.view(), world.month, _COMPLETED, 0, district, 0, 0, first, int(row), units)
        sold = flats[(d.owner_kind[flats] == BY_HOUSEHOLD) & (d.owner[flats] > 0)]
        world.memory["construction.keys"] = np.concatenate(
            [world.memory.get("construction.keys", np.zeros(0, np.int32)), d.owner[sold].astype(np.int32)]
        )
        world.fired["construction.completed"] += 1


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
