"""Death and birth rates by single age and month, from the schedules a pack brings or names.

Mortality: UN-style m(x) by age group and period; between the middles of age groups and of periods ln m is linear
(below age 5 the groups 0 and 1-4 are steps). Monthly probability q = 1 - exp(-m/12) times `mortality.level`, and from
85 on times `mortality.old_damping` (the census finds more of the oldest alive than the national table lets live).
A newborn is first at risk in the month after its birth, so the first year's risk is spread over eleven months.
Fertility: shape(x, t) of the total fertility rate by age, linear between the middles of groups and of periods, times
the yearly TFR path, linear between the middles of years.
Everything is a pure function of the schedules, the month and the parameters; the cohort projection uses the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from krimp.processes.life_screening import AGES
from krimp.state.compile import allocating_kernel, kernel
from krimp.state.portable import exp, log
from krimp.state.world import World

OLD_AGE = 85
YOUNGEST_MOTHER, OLDEST_MOTHER = 15, 49


@dataclass(frozen=True, eq=False)
class VitalTables:
    """Schedules as arrays. Times are decimal years at the middle of what they describe.

    death_age: lower bounds of age groups [g]; death[period, sex, g]: deaths per person-year (sex 0 women, 1 men);
    birth_age: lower bounds of five-year groups [k]; shape[period, k]: share of the TFR; tfr[year]: children per woman;
    sex_ratio[year]: boys per girl at birth.
    """

    death_year: np.ndarray
    death_age: np.ndarray
    death: np.ndarray
    shape_year: np.ndarray
    birth_age: np.ndarray
    shape: np.ndarray
    tfr_year: np.ndarray
    tfr: np.ndarray
    ratio_year: np.ndarray
    ratio: np.ndarray


_CACHE: WeakKeyDictionary[World, VitalTables] = WeakKeyDictionary()


def tables(world: World) -> VitalTables:
    """The pack's schedules as arrays (read once a world)."""
    found = _CACHE.get(world)
    if found is None:
        found = from_schedules(world.pack.schedules)
        _CACHE[world] = found
    return found


def from_schedules(schedules: Any) -> VitalTables:
    """Arrays from anything that has the fields of `VitalTables` as attributes."""
    return VitalTables(
        **{
            name: np.ascontiguousarray(getattr(schedules, name), np.float64)
            for name in VitalTables.__dataclass_fields__
        }
    )


@allocating_kernel
def interpolate_deaths(when, years, ages, rates, level, damping, old_age, out):
    """Fill out[2, AGES] with monthly death probabilities at decimal year `when`."""
    last = years.size - 1
    i = 0
    while i < last - 1 and years[i + 1] <= when:
        i += 1
    share = 0.0
    if last > 0:
        share = (when - years[i]) / (years[i + 1] - years[i])
        share = min(max(share, 0.0), 1.0)
    top = ages.size
    logs = np.empty(top)
    for sex in range(2):
        for g in range(top):
            value = log(rates[i, sex, g])
            if last > 0:
                value = value * (1.0 - share) + log(rates[i + 1, sex, g]) * share
            logs[g] = value
        for age in range(out.shape[1]):
            g = 0
            while g < top - 1 and ages[g + 1] <= age:
                g += 1
            if ages[g] < 5 or top < 4:
                value = logs[g]
            else:
                # middle of the age year against the middles of the groups on either side
                x = age + 0.5
                width = ages[g + 1] - ages[g] if g < top - 1 else 5.0
                middle = ages[g] + 0.5 * width
                if x < middle:
                    before = g - 1
                    if ages[before] < 5:
                        value = logs[g]
                    else:
                        low = 0.5 * (ages[before] + ages[g])
                        value = logs[before] + (logs[g] - logs[before]) * (x - low) / (middle - low)
                elif g < top - 1:
                    after = ages[g + 2] - ages[g + 1] if g < top - 2 else 5.0
                    high = ages[g + 1] + 0.5 * after
                    value = logs[g] + (logs[g + 1] - logs[g]) * (x - middle) / (high - middle)
                else:
                    value = logs[g]
            m = exp(value) * level
            if age >= old_age:
                m *= damping
            if age == 0:
                out[sex, age] = 1.0 - exp(-m / 11.0)
            else:
                out[sex, age] = 1.0 - exp(-m / 12.0)


@kernel
def interpolate_births(when, years, ages, shape, tfr_years, tfr, out):
    """Fill out[AGES] with births per woman and year at decimal year `when` (national level)."""
    last = years.size - 1
    i = 0
    while i < last - 1 and years[i + 1] <= when:
        i += 1
    share = 0.0
    if last > 0:
        share = min(max((when - years[i]) / (years[i + 1] - years[i]), 0.0), 1.0)
    end = tfr_years.size - 1
    j = 0
    while j < end - 1 and tfr_years[j + 1] <= when:
        j += 1
    part = 0.0
    if end > 0:
        part = min(max((when - tfr_years[j]) / (tfr_years[j + 1] - tfr_years[j]), 0.0), 1.0)
    level = tfr[j]
    if end > 0:
        level = tfr[j] * (1.0 - part) + tfr[j + 1] * part
    groups = ages.size
    total = 0.0
    for age in range(out.size):
        x = age + 0.5
        value = 0.0
        if 15 <= age <= 49:
            for g in range(groups):
                middle = ages[g] + 2.5
                weight = 1.0 - abs(x - middle) / 5.0
                if weight > 0.0:
                    level_g = shape[i, g]
                    if last > 0:
                        level_g = level_g * (1.0 - share) + shape[i + 1, g] * share
                    value += weight * level_g
        out[age] = value
        total += value
    for age in range(out.size):
        out[age] = out[age] / total * level


def decimal_year(month: int) -> float:
    """Middle of a month as a decimal year."""
    return (month + 0.5) / 12.0


@lru_cache(8)
def death_probability(data: VitalTables, month: int, level: float, damping: float) -> np.ndarray:
    """float64[2, AGES] probability of dying in the month (women, men); nobody writes to it."""
    out = np.empty((2, AGES))
    interpolate_deaths(
        decimal_year(month), data.death_year, data.death_age, data.death, level, damping, OLD_AGE, out
    )
    return out


@lru_cache(8)
def birth_rate(data: VitalTables, month: int) -> np.ndarray:
    """float64[AGES] births per woman and year by whole age, at the schedule's own level; nobody writes to it."""
    out = np.empty(AGES)
    interpolate_births(
        decimal_year(month), data.shape_year, data.birth_age, data.shape, data.tfr_year, data.tfr, out
    )
    return out


def sex_ratio(data: VitalTables, month: int) -> float:
    """Boys per girl at birth."""
    return float(_line(decimal_year(month), data.ratio_year, data.ratio))


def _line(when: float, years: np.ndarray, values: np.ndarray) -> float:
    """Linear in time, flat outside, with plain arithmetic."""
    if len(years) == 1 or when <= years[0]:
        return float(values[0])
    if when >= years[-1]:
        return float(values[-1])
    i = int(np.searchsorted(years, when, side="right")) - 1
    share = (when - float(years[i])) / (float(years[i + 1]) - float(years[i]))
    return float(values[i]) * (1.0 - share) + float(values[i + 1]) * share
