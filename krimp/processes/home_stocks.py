"""Stocks of homes by use, counted from the table each month; the vacancy rate that others see next month."""

from __future__ import annotations

import math
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
    """cell[i]: where home first + i counts, its district and what is asked about it in one number. What does not stand
    counts as of use 7, a site with its listing. Without branches, so that it becomes vector code."""
    for i in range(first, stop):
        d = np.uint64(i)
        stands, site = D.state[d] == STANDING, D.state[d] == BUILDING_SITE
        cell[np.uint64(i - first)] = (
            (np.int32(D.use[d]) if stands else np.int32(7))
            | (np.int32(D.listed[d]) << 3 if stands | site else np.int32(0))
            | np.int32(D.abandoned[d] != 0) << 5
            | np.int32(D.fitted[d] != 0) << 6
            | np.int32((D.owner_kind[d] == BY_CITY) & (D.funder[d] > 0)) << 7
            | np.int32(D.rent[d] > 0) << 8
            | np.int32(D.district[d]) << 9
        )


@kernel
def lived_in(state, occupant, size, district, area, first, stop):
    """Floor area of lived-in homes by district, in four lines in turn: area[4, district] in 0.1 m2."""
    for i in range(first, stop):
        d = np.uint64(i)
        lived = (state[d] == STANDING) & (occupant[d] > 0)
        area[d & np.uint64(3), np.uint64(np.uint8(district[d]))] += np.int64(size[d]) * lived


#: Answers in the number that `place` makes, the highest bits first: rent, public, fitted, abandoned, listed, use.
_ASKED = (2, 2, 2, 2, 4, 8)


def _homes(world: World) -> Callable[[int, int, int], tuple[np.ndarray, np.ndarray]]:
    """Homes of a chunk of rows by district and answers, and the floor area of those lived in."""
    view, d, nd = world.dwellings.view(), world.dwellings, world.nd

    def work(_: int, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        cells, area = np.zeros((4, nd * math.prod(_ASKED)), np.int32), np.zeros((4, nd), np.int64)
        cell = np.empty(stop - first, np.int32)
        place(view, cell, first, stop)
        tally(cell, cells)
        lived_in(d.state, d.occupant, d.area, d.district, area, first, stop)
        return cells.sum(axis=0), area.sum(axis=0)

    return work


def homes_settled(world: World) -> None:
    """Begin to count."""
    world.ahead("home_stocks", _homes(world), world.dwellings.n)


def _count(world: World) -> tuple[np.ndarray, np.ndarray]:
    nd = world.nd
    parts = world.map_begun("home_stocks", _homes(world), world.dwellings.n)
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
