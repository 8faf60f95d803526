"""Buildings and dwellings of the base city from the pack's stock.

Rows of the stock by district, settlement, period, storeys and lift become buildings: village houses one by one, rows of
eight, walk-ups of three to six staircases with two flats a storey, towers. Flats get keyed areas around the row's mean.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from krimp.state.codes import (
    COMPLETE,
    DISTRICT_HEAT,
    FULL_TITLE,
    HOMESTEAD,
    LABELS,
    MINE_ROW,
    NO_TITLE,
    STANDING,
    STATE_FARM,
    STOVE,
    VACANT,
    VILLAGE,
)
from krimp.state.purposes import KEY_BUILDING, KEY_DWELLING, SYNTH_BUILDING, SYNTH_DWELLING
from krimp.state.world import World
from krimp.synthesis.dice import new_keys, scale_cells, uniform

#: Flats a storey on one staircase; staircases of a walk-up, fewest and most; flats a storey in a tower; homes of a row. [A]
PER_STAIRCASE, STAIRCASES, TOWER_FLATS, ROW_UNITS = 2, (3, 6), 6, 8
DEFAULT_VACANCY = 0.09


def kinds(world: World) -> np.ndarray:
    """int8 kind code of every settlement."""
    names = {name: code for code, name in LABELS["settlement_kind"].items()}
    return np.array([names[s.kind] for s in world.settlements], np.int8)


def fill(world: World) -> None:
    """Append buildings and their dwellings, all of them empty."""
    _stock(world)


def _rows(world: World) -> pl.DataFrame:
    """The pack's stock, as large as the assumed share of empty homes makes it, or one old core a district."""
    table = world.pack.tables.get("dwellings")
    homes = np.bincount(world.households.district[1:], minlength=world.nd) * world.weight / world.copies
    if table is not None and table.height:
        vacancy = world.pack.assumption("vacancy_2010")
        if vacancy is None:
            return table
        factor = homes.sum() / (1.0 - vacancy) / float(table["dwellings"].sum())
        whole = (pl.col("dwellings") * factor).round(0).cast(pl.Int64)
        return table.with_columns(dwellings=whole)
    vacancy = world.pack.assumption("vacancy_2010", DEFAULT_VACANCY)
    first = {s.district: s.id for s in reversed(list(world.settlements))}
    return pl.DataFrame(
        {
            "district": world.districts,
            "settlement": [first[d] for d in world.districts],
            "built_from": [1980] * world.nd,
            "built_to": [int(world.pack.config.base[:4])] * world.nd,
            "floors": [6] * world.nd,
            "lift": [0] * world.nd,
            "area_m2": [62.0] * world.nd,
            "dwellings": [int(h / (1 - vacancy)) + 1 for h in homes],
        }
    )


def _stock(world: World) -> None:
    rows = _rows(world)
    ids = [s.id for s in world.settlements]
    settlement = np.array([ids.index(s) for s in rows["settlement"]], np.int64)
    district = np.array([world.districts.index(d) for d in rows["district"]], np.int64)
    counts = scale_cells(rows["dwellings"].to_numpy(), world.weight, world.copies)
    need = np.bincount(world.households.district[1:], minlength=world.nd)
    have = np.bincount(district, weights=counts, minlength=world.nd).astype(np.int64)
    for d in np.nonzero(have < need)[0]:  # every family needs a home: the largest row grows
        mine = np.nonzero(district == d)[0]
        if not len(mine):
            raise ValueError(
                f"dwellings.csv has no row for district {world.districts[d]}, which has households"
            )
        counts[mine[np.argmax(counts[mine])]] += need[d] - have[d]
    kind = kinds(world)
    floors = rows["floors"].to_numpy()
    lift = rows["lift"].to_numpy()
    sizes = [
        _sizes(i, int(count), int(floors[i]), bool(lift[i]), int(kind[settlement[i]]))
        for i, count in enumerate(counts)
    ]
    row = np.repeat(np.arange(len(sizes)), [len(s) for s in sizes])
    size = np.concatenate(sizes) if sizes else np.zeros(0, np.int64)
    # buildings of one row are spread evenly over its years, in keyed order so that neighbours differ
    order = np.zeros(len(row), np.int64)
    for i in range(rows.height):
        mine = np.nonzero(row == i)[0]
        order[mine] = np.arange(len(mine))
    number = np.bincount(row, minlength=rows.height)
    built_from = rows["built_from"].to_numpy() * 12
    built_to = np.minimum(rows["built_to"].to_numpy() * 12 + 11, world.base)
    position = (order + 0.5) / np.maximum(number[row], 1)
    built = (built_from[row] + position * (built_to[row] - built_from[row])).astype(np.int64)
    first = (
        world.dwellings.n + np.concatenate([[0], np.cumsum(size)[:-1]])
        if len(size)
        else np.zeros(0, np.int64)
    )
    keys = new_keys(np.full(len(row), 0xB1D6, np.uint64), np.arange(len(row)), KEY_BUILDING)
    first_building = world.buildings.append(
        key=keys, state=np.full(len(row), COMPLETE, np.int8), district=district[row], settlement=settlement[row],
        built=built, floors=floors[row], lift=lift[row], first=first, units=size,
    )  # fmt: skip
    _flats(
        world,
        np.arange(first_building, first_building + len(row)),
        row,
        size,
        rows["area_m2"].to_numpy(),
        kind,
    )


def _sizes(row: int, count: int, floors: int, lift: bool, kind: int) -> np.ndarray:
    """Dwellings of each building of a row of the stock, `count` together; the last building takes what is left."""
    if floors == 1:
        each = ROW_UNITS if kind in (MINE_ROW, STATE_FARM) else 1
        units = np.full(count // each + 1, each, np.int64)
    elif lift:
        units = np.full(count // (floors * TOWER_FLATS) + 1, floors * TOWER_FLATS, np.int64)
    else:
        low, high = STAIRCASES
        number = count // (floors * PER_STAIRCASE * low) + 1
        u = uniform(
            new_keys(np.full(number, row + 1, np.uint64), np.arange(number), SYNTH_BUILDING), SYNTH_BUILDING
        )
        units = floors * PER_STAIRCASE * (low + ((high - low + 1) * u).astype(np.int64))
    before = np.cumsum(units) - units
    units = np.minimum(units, count - before)
    return units[units > 0]


def _flats(
    world: World, building: np.ndarray, row: np.ndarray, size: np.ndarray, area: np.ndarray, kind: np.ndarray
) -> None:
    b = world.buildings
    home = np.repeat(building, size)
    ordinal = np.arange(len(home)) - np.repeat(np.cumsum(size) - size, size)
    floors = b.floors[home].astype(np.int64)
    per_storey = np.maximum(-(-np.repeat(size, size) // floors), 1)
    floor = np.minimum(ordinal // per_storey + 1, floors)
    keys = new_keys(b.key[home], ordinal, KEY_DWELLING)
    u = uniform(keys, SYNTH_DWELLING)
    m2 = np.repeat(area[row], size) * (0.75 + 0.5 * u)
    settlement = b.settlement[home]
    k = kind[settlement]
    single = floors == 1
    title = np.where(
        (k == VILLAGE) | ((k == STATE_FARM) & single),
        HOMESTEAD,
        np.where(k == MINE_ROW, NO_TITLE, FULL_TITLE),
    )
    age = (world.base - b.built[home].astype(np.int64)) / 12.0
    condition = np.clip(255 - 3.0 * age - np.where(single, 25, 0), 50, 255)
    world.dwellings.append(
        key=keys, building=home, state=np.full(len(home), STANDING, np.int8), district=b.district[home],
        settlement=settlement, floor=floor, rooms=np.where(m2 < 48, 1, np.where(m2 < 88, 2, 3)),
        area=np.clip(np.round(m2 * 10), 150, 30000), title=title,
        heating=np.where(single | (k == VILLAGE), STOVE, DISTRICT_HEAT), fitted=np.ones(len(home), np.int8),
        condition=condition, use=np.full(len(home), VACANT, np.int8), completed=b.built[home],
        vacant_since=np.full(len(home), world.base, np.int16),
    )  # fmt: skip
