"""National schedules shipped with the package: death rates and birth rates by age and period (UN WPP 2022)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl

FOLDER = Path(__file__).resolve().parent.parent / "regimes" / "schedules"


@dataclass(frozen=True)
class Schedules:
    """Vital schedules as arrays; times are decimal years at the middle of a period.

    death_year [t], death_age [g] (lower bounds), death [t, sex, g] per person-year, sex 0 = women, 1 = men;
    birth_age [k] (lower bounds of five-year groups), shape_year [s], shape [s, k] shares of the TFR (sum 1);
    tfr_year [y], tfr [y] children per woman; ratio_year, ratio: boys per girl at birth.
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


def shipped() -> list[str]:
    """Names of countries with shipped schedules."""
    return sorted(path.stem.removeprefix("mortality_") for path in FOLDER.glob("mortality_*.csv"))


@lru_cache(maxsize=16)
def load(mortality: str, fertility: str | None = None) -> Schedules:
    """Schedules of one country (or deaths of one and births of another); ValueError names what is shipped."""
    fertility = fertility or mortality
    for name in (mortality, fertility):
        if name not in shipped():
            raise ValueError(f"schedule {name!r}: allowed are {', '.join(shipped())}")
    deaths = pl.read_csv(FOLDER / f"mortality_{mortality}.csv")
    births = pl.read_csv(FOLDER / f"fertility_{fertility}.csv")
    yearly = pl.read_csv(FOLDER / f"yearly_{fertility}.csv")
    return from_frames(deaths, births, yearly)


def from_frames(deaths: pl.DataFrame, births: pl.DataFrame, yearly: pl.DataFrame) -> Schedules:
    """Arrays from long tables: deaths (year, sex, age, rate), births (year, age, share), yearly (year, tfr, boys)."""
    death_year = np.sort(deaths["year"].unique().to_numpy()).astype(np.float64)
    death_age = np.sort(deaths["age"].unique().to_numpy()).astype(np.float64)
    death = np.zeros((len(death_year), 2, len(death_age)))
    for row in deaths.iter_rows(named=True):
        t = int(np.searchsorted(death_year, row["year"]))
        death[t, 1 if row["sex"] == "male" else 0, int(np.searchsorted(death_age, row["age"]))] = row["rate"]
    shape_year = np.sort(births["year"].unique().to_numpy()).astype(np.float64)
    birth_age = np.sort(births["age"].unique().to_numpy()).astype(np.float64)
    shape = np.zeros((len(shape_year), len(birth_age)))
    for row in births.iter_rows(named=True):
        shape[int(np.searchsorted(shape_year, row["year"])), int(np.searchsorted(birth_age, row["age"]))] = (
            row["share"]
        )
    shape /= shape.sum(axis=1, keepdims=True)
    yearly = yearly.sort("year")
    return Schedules(
        death_year, death_age, death, shape_year, birth_age, shape,
        yearly["year"].to_numpy() + 0.5, yearly["tfr"].to_numpy().astype(np.float64),
        yearly["year"].to_numpy() + 0.5, yearly["boys_per_girl"].to_numpy().astype(np.float64),
    )  # fmt: skip
