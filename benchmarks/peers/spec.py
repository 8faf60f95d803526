"""The people-and-homes month that every peer runs: rates and the opening state (see benchmarks/README.md)."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np

BIRTH, MOVE, LEAVE, LEAVE_YOUNG, VIEWED = 0.004, 0.01, 0.002, 0.01, 4
ADULT = 216
OUTCOMES = ("deaths", "births", "leavers", "moves")


def mortality() -> np.ndarray:
    """Monthly probability of death, float64[2, 1440] by sex and age in months (Gompertz)."""
    years = np.arange(1440) / 12.0
    return np.stack([1 - np.exp(-a * np.exp(0.1 * years) / 12) for a in (1.5e-5, 4e-5)])


def opening(n: int) -> dict[str, np.ndarray]:
    """People (age in months, sex, home) and prices of flats."""
    rng = np.random.default_rng(1)
    flats = n + n * 15 // 100
    return {
        "age": rng.integers(0, 960, n),
        "sex": rng.integers(0, 2, n),
        "home": rng.permutation(flats)[:n],
        "price": rng.random(flats),
    }


class City(Protocol):
    """A peer's city: people alive now, counts of `OUTCOMES` so far, and a month."""

    counts: dict[str, int]

    def people(self) -> int:
        """People alive."""

    def step(self) -> None:
        """One month."""


def report(found: Callable[[int, int], City]) -> None:
    """Step a city of as many people and months as the command line asks for; outcomes and median seconds a month as JSON.

    `found(people, months)` makes the city; that and a first month (compiling) are not timed.
    """
    n, months = int(sys.argv[1]), int(sys.argv[2])
    found(min(n, 1000), 1).step()
    city, person_months, seconds = found(n, months), 0, []
    for _ in range(months):
        person_months += city.people()
        since = time.perf_counter()
        city.step()
        seconds.append(time.perf_counter() - since)
    outcomes = {name: city.counts[name] / person_months for name in OUTCOMES}
    print(json.dumps(outcomes | {"seconds": statistics.median(seconds)}))
