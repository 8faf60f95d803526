"""Stocks of homes by use, counted from the table each month; the vacancy rate that others see next month."""

from __future__ import annotations

import math

import numpy as np

from krimp.state.codes import (
    ACTIVE,
    BUILDING_SITE,
    BY_CITY,
    FOR_BOTH,
    FOR_SALE,
    NEW_CORE,
    RENTED,
    STANDING,
    VACANT,
)
from krimp.state.compile import kernel
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS: tuple[Parameter, ...] = ()
_COUNTS = (
    "dwellings", "owner_occupied", "rented", "hostel", "second_home", "vacant", "listed", "listed_vacant", "held_dark",
    "abandoned", "public_unallocated", "shells", "let",
)  # fmt: skip
SERIES = (
    *(Series(name, "dwellings", "stock", f"standing homes: {name.replace('_', ' ')}") for name in _COUNTS),
    Series("vacancy_rate", "share", "rate", "vacant over dwellings"),
    Series(
        "rented_share",
        "share",
        "rate",
        "homes that tenants pay rent for over homes lived in, as a census asks; lent ones apart",
    ),
    Series("floor_area_per_person", "m2", "rate", "floor area of lived-in homes per family member"),
    Series("homeless_households", "households", "stock", "families without a home: always zero", False),
)


@kernel
def count(D, out, area, first, stop):
    """Homes by district and what is asked about them, out[district, _ASKED in one number]; floor area of lived-in homes,
    area[district] in 0.1 m2. What does not stand counts as of use 7, a site with its listing. No branch to guess wrong."""
    for i in range(first, stop):
        d = np.uint64(i)
        stands, site = D.state[d] == STANDING, D.state[d] == BUILDING_SITE
        use = np.uint64(D.use[d]) if stands else np.uint64(7)
        listed = np.uint64(D.listed[d]) if stands | site else np.uint64(0)
        asked = (
            use
            | listed << np.uint64(3)
            | np.uint64(D.abandoned[d] != 0) << np.uint64(5)
            | np.uint64(D.fitted[d] != 0) << np.uint64(6)
            | np.uint64((D.owner_kind[d] == BY_CITY) & (D.funder[d] > 0)) << np.uint64(7)
            | np.uint64(D.rent[d] > 0) << np.uint64(8)
        )
        at = np.uint64(np.uint8(D.district[d]))
        out[at, asked] += 1
        area[at] += np.int64(D.area[d]) * (stands & (D.occupant[d] > 0))


#: Answers in the number that `count` makes, the highest bits first: rent, public, fitted, abandoned, listed, use.
_ASKED = (2, 2, 2, 2, 4, 8)


def _count(world: World) -> tuple[np.ndarray, np.ndarray]:
    view, nd = world.dwellings.view(), world.nd

    def work(_: int, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        out, area = np.zeros((nd, math.prod(_ASKED)), np.int64), np.zeros(nd, np.int64)
        count(view, out, area, first, stop)
        return out, area

    parts = world.map_chunks(work, world.dwellings.n)
    cells = sum(p[0] for p in parts).reshape(nd, *_ASKED)
    homes, sites = cells[..., :7], cells[..., 7]

    def total(chosen: np.ndarray) -> np.ndarray:
        found: np.ndarray = chosen.reshape(nd, -1).sum(axis=1)
        return found

    vacant = homes[..., VACANT]
    sale = [FOR_SALE, FOR_BOTH]
    out = np.stack([
        total(homes),
        *(total(homes[..., use]) for use in range(1, 6)),
        total(homes[..., 1:, :]) + total(sites[..., sale]),
        total(vacant[..., 1:]),
        total(vacant[..., 0, 0]),
        total(vacant[..., 1, :]),
        total(vacant[:, :, 1]),
        total(homes[:, :, :, 0]),
        total(homes[:, 1, ..., RENTED]),
    ])  # fmt: skip
    return out, sum(p[1] for p in parts)


def step(world: World) -> None:
    """Count, and let others see the vacancy rate."""
    out, area = _count(world)
    world.memory["home_stocks.counts"] = out
    world.memory["home_stocks.area"] = area
    total = np.append(out, out.sum(axis=1, keepdims=True), axis=1).astype(np.float64)
    world.signal["vacancy_rate"][:] = total[5] / np.maximum(total[0], 1.0)


def start(world: World) -> None:
    """Count the base."""
    step(world)


def observe(world: World) -> dict[str, np.ndarray]:
    """All stocks of homes."""
    out, area = world.memory["home_stocks.counts"], world.memory["home_stocks.area"]
    total = np.append(out, out.sum(axis=1, keepdims=True), axis=1).astype(np.float64)
    result = {name: total[i] for i, name in enumerate(_COUNTS)}
    result["vacancy_rate"] = total[5] / np.maximum(total[0], 1.0)
    lived = total[1] + total[2]
    result["rented_share"] = total[12] / np.maximum(lived, 1.0)
    members = world.memory["population.families"][2]
    members = np.append(members, members.sum())
    m2 = np.append(area, area.sum()) / 10.0
    result["floor_area_per_person"] = m2 / np.maximum(members, 1.0)
    homeless = np.full(world.nd + 1, np.nan)
    h = world.households
    homeless[-1] = float(np.count_nonzero((h.dwelling == 0) & (h.state == ACTIVE)))
    result["homeless_households"] = homeless
    return result


__all__ = ["NEW_CORE", "PARAMETERS", "SERIES", "observe", "start", "step"]
