"""Who lives in which home and who owns it at the base.

Families get homes of their district by rank of size and area, with noise. Tenure follows
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
    COUNTY_TOWN,
    ESTATE,
    FREE,
    FULL_TITLE,
    MINE_ROW,
    NEW_CORE,
    OLD_CORE,
    OWNER,
    OWNER_OCCUPIED,
    RENTED,
    SECOND_HOME,
    STANDING,
    STATE_FARM,
    TENANT,
    VILLAGE,
)
from krimp.state.compile import kernel
from krimp.state.families import own
from krimp.state.purposes import (
    SYNTH_BOUGHT,
    SYNTH_EMPTY,
    SYNTH_EMPTY_SINCE,
    SYNTH_FREE,
    SYNTH_HEIR,
    SYNTH_MATCH,
    SYNTH_MOVED,
    SYNTH_OWNER,
    SYNTH_PUBLIC,
    SYNTH_RENT,
    SYNTH_SECOND,
    SYNTH_TENURE,
    SYNTH_UNSOLD,
    SYNTH_USED,
)
from krimp.state.world import World
from krimp.synthesis.dice import choose, normal, uniform, without
from krimp.synthesis.stock import kinds

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


#: Longest time an empty home of the base has stood empty; most for much less. [A]
YEARS_EMPTY = 10


def fill(world: World) -> None:
    """House every family of the stock's district, hand out deeds. Who offers a home is `listing`'s and `tenancy`'s."""
    _house(world)
    _deeds(world)


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
        long_empty = homes[empty]
        since = world.base - (YEARS_EMPTY * 12 * uniform(d.key[long_empty], SYNTH_EMPTY_SINCE) ** 2).astype(
            np.int64
        )
        d.vacant_since[long_empty] = np.maximum(since, d.completed[long_empty])
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
        owned_by_occupant = without(lived_in, let)
        deed_rows.append(owned_by_occupant)
        deed_owners.append(d.occupant[owned_by_occupant].astype(np.int64))
        h.tenure[d.occupant[owned_by_occupant]] = OWNER
        d.use[owned_by_occupant] = OWNER_OCCUPIED
        free = let[choose(d.key[let], SYNTH_FREE, np.ones(len(let)), n_free)]
        paid = without(let, free)
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
        private = without(paid, public)

        empty = np.nonzero((d.occupant == 0) & (d.district == district) & (d.state == STANDING))[0]
        young = d.completed[empty] >= world.base - 36
        unsold = empty[young & (d.title[empty] == FULL_TITLE) & (uniform(d.key[empty], SYNTH_UNSOLD) < 0.6)]
        d.owner_kind[unsold] = BY_DEVELOPER
        d.fitted[unsold] = 0
        rest = without(empty, unsold)
        heirs = rest[choose(d.key[rest], SYNTH_HEIR, np.ones(len(rest)),
                            int(world.pack.assumption("heir_owned_vacant", 0.25) * len(rest)))]  # fmt: skip
        d.owner_kind[heirs] = BY_HEIR
        others = np.sort(np.concatenate([without(rest, heirs), private]))
        # the remaining empty and let homes are second homes of families that own their own, as far as these suffice
        owners = d.occupant[owned_by_occupant].astype(np.int64)
        able = min(
            len(others), int(world.pack.assumption("second_home_owners", 0.06) * len(lived_in)), len(owners)
        )
        second = others[choose(d.key[others], SYNTH_SECOND, np.ones(len(others)), able)]
        holders = owners[choose(h.key[owners], SYNTH_OWNER, d.area[h.dwelling[owners]] / 100.0, able)]
        deed_rows.append(second)
        deed_owners.append(holders)
        left = without(others, second)
        d.owner_kind[left] = BY_HEIR
        used = second[(d.occupant[second] == 0) & (uniform(d.key[second], SYNTH_USED) < 0.12)]
        d.use[used] = SECOND_HOME
        d.vacant_since[used] = 0
    _own_all(h.view(), d.view(), np.concatenate(deed_rows), np.concatenate(deed_owners), world.base)
    d.bought[:] = 0
    age = np.clip((uniform(d.key, SYNTH_BOUGHT) * 240).astype(np.int64), 12, 240)
    d.bought[1:] = np.maximum(world.base - age[1:], d.completed[1:])
    _since(world)


def _since(world: World) -> None:
    """When families were founded and moved in: owners when they bought, tenants within some years."""
    h, d = world.households, world.dwellings
    ids = np.arange(1, h.n)
    u = uniform(h.key[ids], SYNTH_MOVED)
    adult = world.persons.birth[h.first[ids]].astype(np.int64) + 12 * 24 + (72 * u).astype(np.int64)
    formed = np.minimum(adult, world.base - 1)
    came = np.where(
        h.tenure[ids] == OWNER, d.bought[h.dwelling[ids]], world.base - 1 - (60 * u).astype(np.int64)
    )
    h.formed[ids] = formed
    h.moved[ids] = np.maximum(came, formed)
