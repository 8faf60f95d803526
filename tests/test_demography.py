"""The life of people against a projection written down independently: no migration, no homes, only births and deaths."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from scipy import stats

from krimp.engine import month
from krimp.processes import fertility, life_screening, mortality, vital_rates
from krimp.state.codes import RESIDENT
from krimp.state.world import World
from tests.small import p_rises, paired
from tests.small import world as small

RUNS, WEIGHT, YEARS = 30, 200, 10
TOP = 1332  # months of age, the last is open


def ages(world: World) -> np.ndarray:
    """float64[2, TOP] residents by sex and month of age."""
    p = world.persons
    here = p.state == RESIDENT
    age = np.clip(world.month - p.birth[here].astype(np.int64), 0, TOP - 1)
    out = np.zeros((2, TOP))
    np.add.at(out, (p.sex[here].astype(np.int64), age), 1)
    return out


def live(world: World, months: int) -> None:
    """The life phase of the month alone: nobody leaves or comes."""
    steps = [importlib.import_module(f"krimp.processes.{name}") for name in month.PHASES["life"]]
    for _ in range(months):
        world.month += 1
        world.clear_counters()
        world.ledger.open_month()
        world.seekers.clear()
        life_screening.step(world, month.all_hazards())
        for process in steps:
            process.step(world)


def project(world: World, people: np.ndarray, months: int) -> tuple[np.ndarray, np.ndarray]:
    """Expected residents by sex and month of age, and the variance of a count: deaths first, then births, month by
    month; survivors of n people with probability s vary by n s (1 - s), births as a Poisson number with twins."""
    alive, var = people.copy(), np.zeros_like(people)
    years = np.minimum(np.arange(TOP) // 12, 110)
    data = vital_rates.tables(world)
    first = world.month
    for m in range(first + 1, first + months + 1):
        older, older_var = np.zeros_like(alive), np.zeros_like(var)
        older[:, 1:], older_var[:, 1:] = alive[:, :-1], var[:, :-1]
        older[:, -1] += alive[:, -1]
        older_var[:, -1] += var[:, -1]
        world.month = m
        q = mortality.probability(world)[:, years]
        alive = older * (1 - q)
        var = older_var * (1 - q) ** 2 + older * q * (1 - q)
        births = float((alive[0, 180:600] * fertility.all_women(world)[years[180:600]]).sum())
        boys = vital_rates.sex_ratio(data, m)
        for sex, share in ((0, 1 / (1 + boys)), (1, boys / (1 + boys))):
            alive[sex, 0] = births * share
            var[sex, 0] = births * share * (1 + 2 * world.params["fertility.twins"])
    world.month = first
    return alive, var


def groups(values: np.ndarray) -> np.ndarray:
    """Five-year groups up to 90 and over."""
    edges = [60 * k for k in range(18)] + [1080]
    return np.add.reduceat(values, edges, axis=1)


def test_without_migration_people_follow_the_cohort_projection() -> None:
    start, end = np.zeros((2, TOP)), np.zeros((2, TOP))
    for seed in range(1, RUNS + 1):
        world = small(seed, WEIGHT)
        start += ages(world)
        live(world, 12 * YEARS)
        end += ages(world)
    expected, var = (groups(v) for v in project(small(1, WEIGHT), start, 12 * YEARS))
    z = (groups(end) - expected) / np.sqrt(np.maximum(var, 1e-9))
    assert var.min() > 1.0, "every cell has people at risk"
    assert np.abs(z).max() < 4.5, f"standard errors off: {np.round(z, 1)}"
    assert stats.chi2.sf((z**2).sum(), z.size) > 0.001, np.round(z, 1)


@pytest.mark.parametrize(
    ("name", "value", "measure", "sign"),
    [
        ("mortality.level", 1.5, "deaths", 1),
        ("fertility.level", 0.9, "births", 1),
        ("fertility.unlimited", 1.0, "births", 1),
        ("unions.divorce_rate", 0.0, "divorces", -1),
        ("leaving_home.level", 0.003, "households_formed", 1),
    ],
)
def test_a_parameter_of_life_bites(name: str, value: float, measure: str, sign: int) -> None:
    """Each parameter moves its own flow over two years, in six worlds of the same luck."""

    def total(sets: dict[str, float], seed: int) -> float:
        world = small(seed, WEIGHT, sets)
        count = 0
        for _ in range(24):
            live(world, 1)
            count += int(world.counter(measure).sum())
        return float(count)

    differences = np.array([sign * (total({name: value}, s) - total({}, s)) for s in range(1, 7)])
    assert stats.ttest_1samp(differences, 0.0, alternative="greater").pvalue < 0.01, differences


@pytest.mark.parametrize(
    ("name", "value", "measure", "sign"),
    [
        ("student_exit.share", 0.0, "student_leavers", -1),
        ("student_exit.share", 0.0, "population_15_59", 1),
        ("return_migration.level", 0.0, "returnees", -1),
        ("out_migration.level_working", 0.03, "out_migrants", 1),
        ("collective_living.beds_follow", 3.0, "collective_population", -1),
        ("census_observation.apart", 0.3, "census_collective_population", 1),
        ("census_observation.apart", 0.3, "census_household_size", -1),
    ],
)
def test_a_parameter_of_moves_or_counting_bites(name: str, value: float, measure: str, sign: int) -> None:
    differences = sign * paired(measure, 24, {name: value}, {}, seeds=(1, 2, 3, 4, 5, 6))
    assert p_rises(differences) < 0.01, differences
