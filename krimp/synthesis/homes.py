"""Buildings, dwellings, who lives in them and who owns them at the base.

The pack's stock by district, settlement, period, storeys and lift becomes buildings of a usual size; flats get keyed
areas around the row's mean. Families get homes of their district by rank of size and area, with noise. Tenure follows
the census; empty homes go to heirs, second-home owners, developers, employers and the city by the pack's assumptions.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from krimp.state.codes import (
    BY_CITY,
    BY_DEVELOPER,
    BY_EMPLOYER,
    BY_HEIR,
    BY_HOUSEHOLD,
    COMPLETE,
    COUNTY_TOWN,
    DISTRICT_HEAT,
    ESTATE,
    FOR_RENT,
    FOR_SALE,
    FREE,
    FULL_TITLE,
    HOMESTEAD,
    LABELS,
    MINE_ROW,
    NEW_CORE,
    NO_TITLE,
    OLD_CORE,
    OWNER,
    OWNER_OCCUPIED,
    RENTED,
    SECOND_HOME,
    STANDING,
    STATE_FARM,
    STOVE,
    TENANT,
    VACANT,
    VILLAGE,
)
from krimp.state.compile import kernel
from krimp.state.families import own
from krimp.state.purposes import (
    KEY_BUILDING,
    KEY_DWELLING,
    SYNTH_ASK,
    SYNTH_BOUGHT,
    SYNTH_DWELLING,
    SYNTH_EMPTY,
    SYNTH_FREE,
    SYNTH_HEIR,
    SYNTH_LISTED,
    SYNTH_MATCH,
    SYNTH_OWNER,
    SYNTH_PUBLIC,
    SYNTH_RENT,
    SYNTH_SECOND,
    SYNTH_TENURE,
    SYNTH_TO_LET,
    SYNTH_UNSOLD,
    SYNTH_USED,
)
from krimp.state.world import World
from krimp.synthesis.dice import choose, new_keys, normal, scale_cells, uniform

#: Flats per storey of a staircase building: four staircases of two flats in walk-ups, six flats a storey with a lift.
UNITS_PER_STOREY = {False: 8, True: 6}
ROW_UNITS = 8
#: Empty homes by kind of settlement relative to the mean (villages and new quarters above it). [A]
_EMPTY = {
    VILLAGE: 1.2,
    STATE_FARM: 0.9,
    MINE_ROW: 1.0,
    OLD_CORE: 0.75,
    NEW_CORE: 2.5,
    ESTATE: 2.5,
    COUNTY_TOWN: 0.9,
}
DEFAULT_VACANCY = 0.09


def kinds(world: World) -> np.ndarray:
    """int8 kind code of every settlement."""
    names = {name: code for code, name in LABELS["settlement_kind"].items()}
    return np.array([names[s.kind] for s in world.settlements], np.int8)


def fill(world: World) -> None:
    """Append buildings and dwellings, house every family, hand out deeds."""
    _stock(world)
    _house(world)
    _deeds(world)


def _rows(world: World) -> pl.DataFrame:
    """The pack's stock, or one old core a district with the default share of empty homes."""
    table = world.pack.tables.get("dwellings")
    if table is not None and table.height:
        return table
    homes = np.bincount(world.households.district[1:], minlength=world.nd) * world.weight / world.copies
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
    building_row, units = [], []
    for i, count in enumerate(counts):
        per = _units(int(floors[i]), bool(lift[i]), int(kind[settlement[i]]))
        whole, rest = divmod(int(count), per)
        building_row += [i] * (whole + (rest > 0))
        units += [per] * whole + ([rest] if rest else [])
    row = np.array(building_row, np.int64)
    size = np.array(units, np.int64)
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


def _units(floors: int, lift: bool, kind: int) -> int:
    if floors == 1:
        return ROW_UNITS if kind in (MINE_ROW, STATE_FARM) else 1
    return floors * UNITS_PER_STOREY[lift]


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


def _house(world: World) -> None:
    """Every family a home of its district: larger families larger homes, with much noise; the rest stays empty."""
    h, d = world.households, world.dwellings
    kind = kinds(world)
    weight_by_kind = np.array([1.0 / _EMPTY.get(int(k), 1.0) for k in range(8)])
    for district in range(world.nd):
        families = np.nonzero(h.district == district)[0]
        families = families[families > 0]
        homes = np.nonzero((d.district == district) & (d.state == STANDING))[0]
        if not len(families):
            continue
        weight = weight_by_kind[kind[d.settlement[homes]]]
        empty = choose(d.key[homes], SYNTH_EMPTY, 1.0 / weight, len(homes) - len(families))
        lived_in = np.delete(homes, empty)
        by_area = lived_in[
            np.lexsort((lived_in, d.area[lived_in] / 100.0 + 1.8 * normal(d.key[lived_in], SYNTH_MATCH)))
        ]
        by_size = families[
            np.lexsort((families, h.size[families] + 1.6 * normal(h.key[families], SYNTH_MATCH)))
        ]
        h.dwelling[by_size] = by_area
        d.occupant[by_area] = by_size
        d.vacant_since[by_area] = 0


@kernel
def _own_all(H, D, rows, owners, month):
    for i in range(rows.size):
        own(H, D, rows[i], BY_HOUSEHOLD, owners[i], month)


def _share(world: World, year: int, district: str, tenure: str, default: float) -> float:
    table = world.pack.tables.get("tenure")
    if table is None:
        return default
    mine = table.filter((pl.col("year") == year) & (pl.col("district") == district))
    total = float(mine["households"].sum())
    if total == 0:
        return default
    return float(mine.filter(pl.col("tenure") == tenure)["households"].sum()) / total


def _deeds(world: World) -> None:
    h, d = world.households, world.dwellings
    year = int(world.pack.config.base[:4])
    kind = kinds(world)[d.settlement]
    price = world.pack.assumption("second_hand_price_m2", 2300.0)
    rent = world.pack.assumption("rent_m2", 7.0)
    minor = world.pack.config.minor_units
    deed_rows: list[np.ndarray] = []
    deed_owners: list[np.ndarray] = []
    for district, name in enumerate(world.districts):
        lived_in = np.nonzero((d.occupant > 0) & (d.district == district))[0]
        if not len(lived_in):
            continue
        # tenants seldom live in self-built village houses
        weight = np.where(kind[lived_in] == VILLAGE, 0.1, 1.0)
        n_rented = int(_share(world, year, name, "rented", 0.08) * len(lived_in))
        n_free = int(_share(world, year, name, "other", 0.02) * len(lived_in))
        let = lived_in[choose(d.key[lived_in], SYNTH_TENURE, weight, n_rented + n_free)]
        owned_by_occupant = np.setdiff1d(lived_in, let)
        deed_rows.append(owned_by_occupant)
        deed_owners.append(d.occupant[owned_by_occupant].astype(np.int64))
        h.tenure[d.occupant[owned_by_occupant]] = OWNER
        d.use[owned_by_occupant] = OWNER_OCCUPIED
        free = let[choose(d.key[let], SYNTH_FREE, np.ones(len(let)), n_free)]
        paid = np.setdiff1d(let, free)
        d.use[let] = RENTED
        h.tenure[d.occupant[paid]] = TENANT
        h.tenure[d.occupant[free]] = FREE
        d.rent[paid] = (
            rent * minor * d.area[paid] / 10.0 * (0.7 + 0.6 * uniform(d.key[paid], SYNTH_RENT))
        ).astype(np.int64)
        # rent-free homes and a part of the let ones belong to employers and the city
        d.owner_kind[free] = np.where(np.isin(kind[free], (MINE_ROW, STATE_FARM)), BY_EMPLOYER, BY_CITY)
        public = paid[choose(d.key[paid], SYNTH_PUBLIC, np.ones(len(paid)), int(0.3 * len(paid)))]
        d.owner_kind[public] = BY_CITY
        private = np.setdiff1d(paid, public)

        empty = np.nonzero((d.occupant == 0) & (d.district == district) & (d.state == STANDING))[0]
        young = d.completed[empty] >= world.base - 36
        unsold = empty[young & (d.title[empty] == FULL_TITLE) & (uniform(d.key[empty], SYNTH_UNSOLD) < 0.6)]
        d.owner_kind[unsold] = BY_DEVELOPER
        rest = np.setdiff1d(empty, unsold)
        heirs = rest[choose(d.key[rest], SYNTH_HEIR, np.ones(len(rest)),
                            int(world.pack.assumption("heir_owned_vacant", 0.25) * len(rest)))]  # fmt: skip
        d.owner_kind[heirs] = BY_HEIR
        others = np.sort(np.concatenate([np.setdiff1d(rest, heirs), private]))
        # the remaining empty and let homes are second homes of families that own their own, as far as these suffice
        owners = d.occupant[owned_by_occupant].astype(np.int64)
        able = min(
            len(others), int(world.pack.assumption("second_home_owners", 0.06) * len(lived_in)), len(owners)
        )
        second = others[choose(d.key[others], SYNTH_SECOND, np.ones(len(others)), able)]
        holders = owners[choose(h.key[owners], SYNTH_OWNER, np.ones(len(owners)), able)]
        deed_rows.append(second)
        deed_owners.append(holders)
        left = np.setdiff1d(others, second)
        d.owner_kind[left] = BY_HEIR
        used = second[(d.occupant[second] == 0) & (uniform(d.key[second], SYNTH_USED) < 0.12)]
        d.use[used] = SECOND_HOME
        d.vacant_since[used] = 0
        _offer(
            world, np.nonzero((d.use == VACANT) & (d.district == district))[0], price * minor, rent * minor
        )
    _own_all(h.view(), d.view(), np.concatenate(deed_rows), np.concatenate(deed_owners), world.base)
    d.bought[:] = 0
    age = np.clip((uniform(d.key, SYNTH_BOUGHT) * 240).astype(np.int64), 12, 240)
    d.bought[1:] = np.maximum(world.base - age[1:], d.completed[1:])


def _offer(world: World, empty: np.ndarray, price: float, rent: float) -> None:
    """List a part of the empty marketable homes, at asks around the pack's price."""
    d = world.dwellings
    marketable = empty[d.title[empty] != HOMESTEAD]
    u = uniform(d.key[marketable], SYNTH_LISTED)
    share = world.pack.assumption("listed_vacant_2010", 0.25)
    developer = d.owner_kind[marketable] == BY_DEVELOPER
    listed = marketable[(u < share) | developer]
    noise = 0.8 + 0.5 * uniform(d.key[listed], SYNTH_ASK)
    d.listed[listed] = FOR_SALE
    d.ask[listed] = (price * noise * d.area[listed] / 10.0).astype(np.int64)
    d.listed_since[listed] = world.base
    to_let = listed[(uniform(d.key[listed], SYNTH_TO_LET) < 0.2) & (d.owner_kind[listed] != BY_DEVELOPER)]
    d.listed[to_let] = FOR_RENT
    d.rent[to_let] = (rent * d.area[to_let] / 10.0).astype(np.int64)
