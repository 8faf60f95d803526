"""Small cities in memory, run side by side with common seeds: for tests that a mechanism bites.

Worlds of one seed share every draw, so the difference between two runs is the mechanism's own; a dozen seeds of a city
at 1/100 (ten thousand people) are enough for the sign test below.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from scipy import stats

from krimp.engine import month
from krimp.engine.run import _apply, prepare
from krimp.scenarios.schema import load_scenario
from krimp.state.world import World

SEEDS = tuple(range(1, 9))


def world(
    seed: int = 1, weight: int = 100, sets: Mapping[str, float] | None = None, city: str = "hegang"
) -> World:
    """The city at scale 1/weight at its base month, with parameters set."""
    return prepare(city, scale=f"1/{weight}", seed=seed, sets=dict(sets or {}), threads=1, events=False)


class _City:
    """A city under way: what was observed of it so far, and the world as long as it may be asked for more months."""

    def __init__(self, seed: int, weight: int, sets: Mapping[str, float], scenario: str) -> None:
        self.world = world(seed, weight, sets)
        self.plan = load_scenario(scenario)
        self.rows: dict[str, list[float]] = {}

    def after(self, months: int) -> dict[str, np.ndarray]:
        for _ in range(months - len(next(iter(self.rows.values()), []))):
            _apply(self.plan, self.world, self.world.month + 1)
            month.advance(self.world)
            for name, values in month.observe(self.world).items():
                self.rows.setdefault(name, []).append(float(values[-1]))
        return {name: np.array(values[:months]) for name, values in self.rows.items()}


@cache
def _default(seed: int, weight: int) -> _City:
    return _City(seed, weight, {}, "baseline")


@cache
def _run(
    months: int, seed: int, weight: int, sets: tuple[tuple[str, float], ...], scenario: str
) -> dict[str, np.ndarray]:
    if not sets and scenario == "baseline":
        return _default(seed, weight).after(months)  # every test compares with it: it is run once and goes on
    return _City(seed, weight, dict(sets), scenario).after(months)


def run(
    months: int,
    seed: int = 1,
    weight: int = 100,
    sets: Mapping[str, float] | None = None,
    scenario: str = "baseline",
) -> dict[str, np.ndarray]:
    """City-wide series of the months after the base, grossed up: name -> float64[months]. Runs are kept and shared."""
    return _run(months, seed, weight, tuple(sorted((sets or {}).items())), scenario)


def paired(
    variable: str, months: int, on: Mapping[str, float] | str, off: Mapping[str, float] | str, weight: int = 100,
    seeds: tuple[int, ...] = SEEDS, first: int = 0,
) -> np.ndarray:  # fmt: skip
    """Mean of a series over months [first, months) with `on` less that with `off`, one value a seed.

    `on` and `off` are parameters, or the name of a scenario.
    """

    def mean(choice: Mapping[str, float] | str, seed: int) -> float:
        if isinstance(choice, str):
            series = run(months, seed, weight, None, choice)
        else:
            series = run(months, seed, weight, choice)
        return float(np.nanmean(series[variable][first:]))

    return np.array([mean(on, seed) - mean(off, seed) for seed in seeds])


def p_rises(differences: np.ndarray) -> float:
    """One-sided p of "the mean difference is not above zero" (paired t test); of a fall, hand in the negative."""
    return float(stats.ttest_1samp(differences, 0.0, alternative="greater").pvalue)


def p_rises_ranked(change: np.ndarray) -> float:
    """p of `change` <= 0 by signed ranks (Wilcoxon, exact): for amounts that a few large pieces of business skew."""
    return float(stats.wilcoxon(change, alternative="greater", method="exact").pvalue)
