"""Stocks of homes by use, counted from the table each month; the vacancy rate that others see next month."""

from __future__ import annotations

import numpy as np

from krimp.state.codes import (
    ACTIVE,
    BY_CITY,
    FOR_BOTH,
    FOR_RENT,
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
def count(D, H, B, out, area, first, stop):
    """Homes by use and state, out[series, district]; floor area of lived-in homes, area[district] in 0.1 m2."""
    for d in range(first, stop):
        if D.state[d] != STANDING:
            if (D.listed[d] == FOR_SALE or D.listed[d] == FOR_BOTH) and D.state[d] == 3:
                out[6, D.district[d]] += 1
            continue
        i = D.district[d]
        out[0, i] += 1
        out[D.use[d], i] += 1
        listed = D.listed[d]
        if listed == FOR_SALE or listed == FOR_BOTH or listed == FOR_RENT:
            out[6, i] += 1
        if D.use[d] == VACANT:
            if listed != 0:
                out[7, i] += 1
            elif D.abandoned[d] == 0:
                out[8, i] += 1
            if D.abandoned[d] != 0:
                out[9, i] += 1
            if D.owner_kind[d] == BY_CITY and D.funder[d] > 0:
                out[10, i] += 1
        if D.occupant[d] > 0:
            area[i] += D.area[d]
        if D.fitted[d] == 0:
            out[11, i] += 1
        if D.use[d] == RENTED and D.rent[d] > 0:
            out[12, i] += 1


def _count(world: World) -> tuple[np.ndarray, np.ndarray]:
    views = world.dwellings.view(), world.households.view(), world.buildings.view()

    def work(_: int, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        out, area = np.zeros((len(_COUNTS), world.nd), np.int64), np.zeros(world.nd, np.int64)
        count(*views, out, area, first, stop)
        return out, area

    parts = world.map_chunks(work, world.dwellings.n)
    return sum(p[0] for p in parts), sum(p[1] for p in parts)


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
