"""Stocks of homes by use, counted from the table each month; the vacancy rate that others see next month."""

from __future__ import annotations

from collections.abc import Callable

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
from krimp.state.counting import tally
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
def place(D, cell, first, stop):
    """cell[i] (uint16): where home first + i counts, its district and what is asked about it in one number. What does not stand
    counts as of use 7, a site with its listing. Two loops without branches in narrow numbers, so that they become vector code."""
    for i in range(first, stop):
        d = np.uint64(i)
        stands, site = D.state[d] == STANDING, D.state[d] == BUILDING_SITE
        use = np.uint16(D.use[d]) if stands else np.uint16(7)
        listed = np.uint16(D.listed[d]) if stands | site else np.uint16(0)
        district = np.uint16(np.uint8(D.district[d]))
        cell[np.uint64(i - first)] = (
            use | np.uint16(listed << np.uint16(3)) | np.uint16(district << np.uint16(9))
        )
    for i in range(first, stop):
        d = np.uint64(i)
        public = (D.owner_kind[d] == BY_CITY) & (D.funder[d] > 0)
        cell[np.uint64(i - first)] |= (
            np.uint16(np.uint16(D.abandoned[d] != 0) << np.uint16(5))
            | np.uint16(np.uint16(D.fitted[d] != 0) << np.uint16(6))
            | np.uint16(np.uint16(public) << np.uint16(7))
            | np.uint16(np.uint16(D.rent[d] > 0) << np.uint16(8))
        )


@kernel
def lived_in(D, area, first, stop):
    """Floor area of lived-in homes by district, in four lines in turn: area[4, district] in 0.1 m2."""
    for i in range(first, stop):
        d = np.uint64(i)
        lived = (D.state[d] == STANDING) & (D.occupant[d] > 0)
        area[d & np.uint64(3), np.uint64(np.uint8(D.district[d]))] += np.int64(D.area[d]) * lived


#: Numbers that `place` makes in a district.
_CELLS = 1 << 9
#: Places in _COUNTS behind all homes and the five uses.
_LISTED, _LISTED_VACANT, _DARK, _ABANDONED, _PUBLIC, _SHELLS, _LET = range(6, 13)


@kernel
def add_up(cells, out):
    """Homes by cell, in four lines, into the stocks out[_COUNTS, district]."""
    for i in range(cells.shape[1]):
        n = cells[0, i] + cells[1, i] + cells[2, i] + cells[3, i]
        if n == 0:
            continue
        use, listed, d = i & 7, i >> 3 & 3, i >> 9
        abandoned, fitted, public, rent = i >> 5 & 1, i >> 6 & 1, i >> 7 & 1, i >> 8 & 1
        if use == 7:
            out[_LISTED, d] += n * (listed == FOR_SALE or listed == FOR_BOTH)
            continue
        out[0, d] += n
        if 1 <= use <= 5:
            out[use, d] += n
        out[_LISTED, d] += n * (listed > 0)
        out[_SHELLS, d] += n * (1 - fitted)
        if use == RENTED:
            out[_LET, d] += n * rent
        if use == VACANT:
            out[_LISTED_VACANT, d] += n * (listed > 0)
            out[_DARK, d] += n * (listed == 0 and abandoned == 0)
            out[_ABANDONED, d] += n * abandoned
            out[_PUBLIC, d] += n * public


@kernel
def without_home(H):
    """Active households that live nowhere."""
    n = 0
    for i in range(1, H.used[0]):
        h = np.uint64(i)
        n += (H.dwelling[h] == 0) & (H.state[h] == ACTIVE)
    return n


def _homes(world: World) -> Callable[[int, int, int], tuple[np.ndarray, np.ndarray]]:
    """Stocks of a chunk of rows by district, and the floor area of homes lived in, in four lines."""
    D, nd = world.dwellings.view(), world.nd

    def work(_: int, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        cells, area = np.zeros((4, nd * _CELLS), np.int32), np.zeros((4, nd), np.int64)
        cell, out = np.empty(stop - first, np.uint16), np.zeros((len(_COUNTS), nd), np.int64)
        place(D, cell, first, stop)
        tally(cell, cells)
        lived_in(D, area, first, stop)
        add_up(cells, out)
        return out, area

    return work


def homes_settled(world: World) -> None:
    """Begin to count."""
    world.ahead("home_stocks", _homes(world), world.dwellings.n)


def step(world: World) -> None:
    """Count, and let others see the vacancy rate."""
    outs, areas = zip(*world.map_begun("home_stocks", _homes(world), world.dwellings.n), strict=True)
    out = world.memory["home_stocks.counts"] = sum(outs)
    world.memory["home_stocks.area"] = sum(areas).sum(axis=0)
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
    homeless[-1] = without_home(world.households.view())
    result["homeless_households"] = homeless
    return result


__all__ = ["NEW_CORE", "PARAMETERS", "SERIES", "observe", "start", "step"]
