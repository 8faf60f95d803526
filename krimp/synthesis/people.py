"""Persons of the base city: exactly the census count of every district, sex and age group, with ages in months.

Inside a group ages follow a monotone cubic through the cumulated counts of the whole city and sex (Fritsch & Carlson
1980), so that cohorts change smoothly; the open group thins out by a constant share a year.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from krimp.state.codes import FEMALE, MALE, RESIDENT
from krimp.state.purposes import SYNTH_PERSON
from krimp.state.world import World
from krimp.synthesis.dice import new_keys, scale_cells

OPEN_GROUP_YEARS = 20
#: Share of people from one year of age to the next in the open group (Gompertz at 85-105, rounded). [D]
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
                                                    - int(low[i]) + (1 if high[i] >= 0 else 0)))  # fmt: skip
        share = _share(curves[int(sexes[i])], months)
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


def _curve(
    cells: pl.DataFrame, mine: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(first month of age, persons cumulated at the end of each month of age) of one sex in the whole city."""
    persons = cells["persons"].to_numpy()
    groups: dict[int, float] = {}
    if not mine.any():
        return np.zeros(1), np.zeros(1)
    start = 12 * int(low[mine].min())
    for i in np.nonzero(mine)[0]:
        if high[i] >= 0:
            end = 12 * (int(high[i]) + 1)
            groups[end] = groups.get(end, 0.0) + float(persons[i])
        else:  # the open group thins out by a constant share
            yearly = np.concatenate([[1.0], np.full(OPEN_GROUP_YEARS, OPEN_SURVIVAL)])
            alive = np.cumprod(yearly)[::5]
            share = (alive[:-1] - alive[1:]) / (1.0 - alive[-1])
            for step, part in enumerate(share, 1):
                end = 12 * (int(low[i]) + 5 * step)
                groups[end] = groups.get(end, 0.0) + float(persons[i]) * float(part)
    ends = np.array([start, *sorted(groups)], np.float64)
    total = np.cumsum(np.array([0.0] + [groups[e] for e in sorted(groups)]))
    return np.array([float(start)]), monotone(
        ends, total, np.arange(start, int(ends[-1]) + 1, dtype=np.float64)
    )


def monotone(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Monotone cubic interpolation (Fritsch & Carlson 1980; slopes by Fritsch & Butland's weighted harmonic mean)."""
    if len(x) < 3:
        return np.interp(at, x, y)
    step, slope = np.diff(x), np.diff(y) / np.diff(x)
    before, after = slope[:-1], slope[1:]
    w1, w2 = 2.0 * step[1:] + step[:-1], step[1:] + 2.0 * step[:-1]
    same = before * after > 0.0
    inner = np.where(
        same, (w1 + w2) / (w1 / np.where(same, before, 1.0) + w2 / np.where(same, after, 1.0)), 0.0
    )
    tangent = np.concatenate([[slope[0]], inner, [slope[-1]]])
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    t = (at - x[i]) / step[i]
    u = 1.0 - t
    return (
        y[i] * (1.0 + 2.0 * t) * u * u + step[i] * tangent[i] * t * u * u
        + y[i + 1] * t * t * (3.0 - 2.0 * t) - step[i] * tangent[i + 1] * t * t * u
    )  # fmt: skip


def _share(curve: tuple[np.ndarray, np.ndarray], months: np.ndarray) -> np.ndarray:
    """Cumulated share of a group's people by month of age."""
    first, total = int(curve[0][0]), curve[1]
    i = np.clip(months - first, 0, len(total) - 2)
    weight = np.maximum(total[i + 1] - total[i], 0.0) + 1e-9
    sums = np.cumsum(weight)
    return sums / sums[-1]
