"""Persons of the base city: exactly the census count of every district, sex and age group, with ages in months.

Inside a group ages follow a monotone cubic through the cumulated counts of the whole city and sex (Fritsch & Carlson
1980), so that cohorts change smoothly; the open group thins out by a constant share a year.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.interpolate import PchipInterpolator

from krimp.state.codes import FEMALE, MALE, RESIDENT
from krimp.state.purposes import SYNTH_PERSON
from krimp.state.world import World
from krimp.synthesis.dice import new_keys, scale_cells

OPEN_GROUP_YEARS = 20
#: Share alive from one year of age to the next in the open group (Gompertz at 85-105, rounded).
OPEN_SURVIVAL = 0.80


def fill(world: World) -> None:
    """Append one person per counted (or k-th) person, sorted by district, sex and age."""
    table = world.pack.tables["population"]
    year = int(world.pack.config.base[:4])
    cells = table.filter(pl.col("year") == year).sort("district", "sex", "age_from")
    cells = cells.with_columns(
        d=pl.col("district").replace_strict(world.districts, list(range(world.nd)), return_dtype=pl.Int64)
    ).sort("d", "sex", "age_from")
    counts = scale_cells(cells["persons"].to_numpy(), world.weight, world.copies)
    low = cells["age_from"].to_numpy()
    high = cells["age_to"].fill_null(-1).to_numpy()
    sexes = np.where(cells["sex"].to_numpy() == "female", FEMALE, MALE)
    district = cells["d"].to_numpy()
    ages = np.zeros(int(counts.sum()), np.int64)
    curves = {sex: _curve(cells, sexes == sex, low, high) for sex in (FEMALE, MALE)}
    at = 0
    for i, n in enumerate(counts):
        if n == 0:
            continue
        months = 12 * int(low[i]) + np.arange(12 * ((int(high[i]) if high[i] >= 0 else int(low[i]) + OPEN_GROUP_YEARS)
                                                    - int(low[i]) + 1))  # fmt: skip
        share = _share(curves[int(sexes[i])], months, high[i] < 0)
        position = (np.arange(n) + 0.5) / n
        ages[at : at + n] = months[np.minimum(np.searchsorted(share, position, side="left"), len(months) - 1)]
        at += n
    number = np.arange(len(ages), dtype=np.uint64)
    world.persons.append(
        key=new_keys(np.full(len(ages), 0xBA5E, np.uint64), number.astype(np.int64), SYNTH_PERSON),
        birth=(world.base - ages).astype(np.int16),
        sex=np.repeat(sexes, counts).astype(np.int8),
        state=np.full(len(ages), RESIDENT, np.int8),
        district=np.repeat(district, counts).astype(np.int8),
        hukou=np.ones(len(ages), np.int8),
    )


def _curve(cells: pl.DataFrame, mine: np.ndarray, low: np.ndarray, high: np.ndarray) -> PchipInterpolator:
    """Cumulated persons of one sex by exact age in months."""
    persons = cells["persons"].to_numpy()
    edges: dict[int, int] = {}
    for i in np.nonzero(mine)[0]:
        end = 12 * (int(high[i]) + 1 if high[i] >= 0 else int(low[i]) + OPEN_GROUP_YEARS + 1)
        edges[end] = edges.get(end, 0) + int(persons[i])
    x = [12 * int(low[mine].min())]
    y = [0.0]
    for end in sorted(edges):
        x.append(end)
        y.append(y[-1] + edges[end])
    return PchipInterpolator(np.array(x, np.float64), np.array(y))


def _share(curve: PchipInterpolator, months: np.ndarray, open_group: bool) -> np.ndarray:
    """Cumulated share of a group's people by month of age."""
    if open_group:
        weight = np.ones(len(months))
        for year in range(1, len(months) // 12 + 1):
            weight[12 * year :] *= OPEN_SURVIVAL
    else:
        weight = np.maximum(curve(months + 1.0) - curve(months.astype(np.float64)), 0.0) + 1e-9
    total = np.cumsum(weight)
    return total / total[-1]
