"""Schooling, work, pay, pensions and registration of the base population.

Numbers by sector are the census's; who works where is drawn with weights by settlement, sex, age and schooling.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from krimp.state.codes import (
    CHILD,
    COAST,
    CONSTRUCTION,
    ELSEWHERE,
    EMPLOYED,
    FARM,
    FEMALE,
    GONE,
    INACTIVE,
    INDUSTRY,
    JIANGSU,
    JUNIOR,
    LABELS,
    MALE,
    MINE,
    MINE_ROW,
    NEAR_TOWN,
    NO_SCHOOL,
    OLD_CORE,
    OWN_ACCOUNT,
    PENSIONER,
    PRIMARY,
    PROVINCE_CAPITAL,
    PUBLIC,
    PUPIL,
    SCHOOL,
    SENIOR,
    SERVICES,
    STATE_FARM,
    STUDENT,
    TERTIARY,
    UNEMPLOYED,
    VILLAGE,
)
from krimp.state.purposes import (
    SYNTH_AWAY_AGE,
    SYNTH_AWAY_SCHOOL,
    SYNTH_AWAY_SEX,
    SYNTH_AWAY_SINCE,
    SYNTH_AWAY_WHERE,
    SYNTH_CAME,
    SYNTH_HUKOU,
    SYNTH_JOB,
    SYNTH_JOBLESS,
    SYNTH_PAST,
    SYNTH_PENSION,
    SYNTH_PENSION_PAY,
    SYNTH_PERSON,
    SYNTH_PLACE,
    SYNTH_SCHOOL,
    SYNTH_STUDENT,
    SYNTH_WAGE,
)
from krimp.state.world import World
from krimp.synthesis import raking
from krimp.synthesis.dice import choose, lognormal, new_keys, shuffled, spread, uniform
from krimp.synthesis.stock import kinds

LEVELS = {"none": NO_SCHOOL, "primary": PRIMARY, "junior": JUNIOR, "senior": SENIOR, "tertiary": TERTIARY}
#: Relative pay by schooling, mean about one. [A] Mincer returns of some 6% a year of schooling
PAY_BY_SCHOOL = np.array([0.82, 0.86, 0.96, 1.06, 1.25])
WAGE_SPREAD, PENSION_SPREAD = 0.35, 0.25
#: Schooling by age: none, primary, junior, senior, tertiary; shape only. [R] China 2010 census, towns of the north-east
_SCHOOLING = (
    (18, 0.003, 0.03, 0.30, 0.52, 0.147), (20, 0.004, 0.04, 0.42, 0.34, 0.196), (23, 0.004, 0.05, 0.51, 0.236, 0.20),
    (27.5, 0.005, 0.07, 0.565, 0.19, 0.17), (32.5, 0.006, 0.10, 0.594, 0.17, 0.13), (37.5, 0.008, 0.14, 0.597, 0.155, 0.10),
    (42.5, 0.01, 0.19, 0.57, 0.155, 0.075), (47.5, 0.012, 0.18, 0.528, 0.21, 0.07), (52.5, 0.02, 0.23, 0.49, 0.205, 0.055),
    (57.5, 0.04, 0.36, 0.45, 0.11, 0.04), (62.5, 0.07, 0.46, 0.34, 0.09, 0.04), (67.5, 0.12, 0.52, 0.25, 0.07, 0.04),
    (72.5, 0.20, 0.53, 0.18, 0.06, 0.03), (80, 0.40, 0.45, 0.09, 0.04, 0.02),
)  # fmt: skip
#: Pension by the sector left, relative. [A] miners and officials above, the self-employed and farms below the mean
PENSION_BY_SECTOR = np.array([0.8, 1.05, 0.75, 1.35, 0.95, 0.9, 0.9, 0.75])
UNEMPLOYED_SHARE = 0.033  # of people of working age: long form 2010, lost job or none after school [D]


def _count(world: World, number: float) -> int:
    return round(number * world.copies / world.weight)


def fill(world: World) -> None:
    """Fill schooling, activity, sector, wage, pension, registration; append registered people who live elsewhere."""
    persons = world.persons
    age = (world.base - persons.birth.astype(np.int64)) // 12
    _schooling(world, age)
    _activity(world, age)
    _registration(world, age)
    _absent(world)


def _schooling(world: World, age: np.ndarray) -> None:
    """Under 18 by age and the law of nine years; grown people by a national pattern raked to the district's counts."""
    persons = world.persons
    u = uniform(persons.key, SYNTH_SCHOOL)
    young = np.where(
        age < 6, NO_SCHOOL, np.where(age < 12, PRIMARY, np.where(age < 15, JUNIOR, np.where(u < 0.8, SENIOR, JUNIOR)))
    )  # fmt: skip
    minor = (age < 18) & (persons.district >= 0)
    minor[0] = False
    persons.schooling[minor] = young[minor]
    pattern = _school_pattern()
    bounds = np.searchsorted(persons.district[1:], np.arange(world.nd + 1)) + 1
    for d in range(world.nd):
        mine = np.arange(bounds[d], bounds[d + 1])
        adults = mine[age[mine] >= 18]
        counted = _school_counts(world, d)
        pupils = np.bincount(young[mine[(age[mine] >= 6) & (age[mine] < 18)]], minlength=5)
        targets = np.full((2, 5), -1.0)
        if counted.sum() > 0:
            left = np.maximum(counted * world.copies / world.weight - pupils, 0.0)
            targets[0], targets[1] = left * (len(adults) / max(int(left.sum()), 1)), raking.BOTH
        cell = raking.cells(persons.sex[adults], age[adults])
        people, start = raking.counts(cell)
        x = pattern.copy()
        raking.rake(x, people, targets, raking.ROUNDS)
        level = np.zeros(len(adults), np.int8)
        raking.take(shuffled(cell, persons.key[adults], SYNTH_SCHOOL), start, x, level)
        persons.schooling[adults] = level


def _school_pattern() -> np.ndarray:
    """float64[sex, age, level]: the national pattern in single years of age; women had less schooling long ago."""
    ages = np.arange(raking.OLDEST) + 0.5
    out = np.zeros((2, raking.OLDEST, 5))
    table = np.array(_SCHOOLING)
    for level in range(5):
        out[:, :, level] = np.interp(ages, table[:, 0], table[:, 1 + level])
    tilt = np.interp(ages, [25, 45, 70], [0.0, 0.1, 0.4])
    out[FEMALE, :, NO_SCHOOL] *= 1.0 + tilt
    out[MALE, :, NO_SCHOOL] *= 1.0 - tilt
    return out


def _school_counts(world: World, d: int) -> np.ndarray:
    table = world.pack.tables.get("schooling")
    if table is None:
        return np.zeros(5)
    year = int(world.pack.config.base[:4])
    rows = table.filter((pl.col("year") == year) & (pl.col("district") == world.districts[d]))
    counted = {str(r["level"]): float(r["persons"]) for r in rows.iter_rows(named=True)}
    return np.array([counted.get(name, 0.0) for name in LEVELS])


def _activity(world: World, age: np.ndarray) -> None:
    persons, pack = world.persons, world.pack
    n = persons.n
    kind = np.zeros(n, np.int8)
    home = world.households.dwelling[persons.household]
    lives = home > 0
    kind[lives] = kinds(world)[world.dwellings.settlement[home[lives]]]
    u = uniform(persons.key, SYNTH_STUDENT)
    act = np.full(n, INACTIVE, np.int8)
    act[age < 6] = CHILD
    act[(age >= 6) & (age < 16)] = PUPIL
    act[(age >= 16) & (age < 18) & (u < 0.87)] = PUPIL
    act[(age >= 18) & (age < 20) & (persons.schooling == SENIOR) & (u < np.where(age < 19, 0.6, 0.2))] = PUPIL
    college = (persons.schooling == TERTIARY) & (u < np.where(age < 20, 0.95, 0.75))
    act[(age >= 18) & (age < 23) & (college | (persons.collective == SCHOOL))] = STUDENT
    act[(age >= 16) & (age < 18) & (persons.collective == SCHOOL)] = PUPIL
    act[0] = 0
    everybody = np.arange(n)
    # pensioners: women from 50, men from 60, miners and early retired men from 50; villagers seldom have one
    wanted = pack.assumption("pensioners_2010")
    entitled = np.where(persons.sex == FEMALE, (age >= 50), age >= 55) & (act == INACTIVE)
    weight = np.where(entitled, np.where(kind == VILLAGE, 0.05, 1.0), 0.0)
    # men before 60: miners and other heavy trades from 55
    weight *= np.where(
        (persons.sex == MALE) & (age < 60), np.where(np.isin(kind, (MINE_ROW, OLD_CORE)), 0.45, 0.15), 1.0
    )
    count = _count(world, wanted) if wanted is not None else int(0.6 * (weight > 0).sum())
    retired = everybody[choose(persons.key, SYNTH_PENSION, weight, count)]
    act[retired] = PENSIONER
    # jobs by sector, the most particular sectors first
    able = (age >= 16) & (age < 70) & (act == INACTIVE)
    working_age = (age >= 16) & (age < 60)
    jobs = _jobs(world, int(working_age.sum()))
    mining_town = (
        np.isin(kind, (MINE_ROW,)) * 1.0 + np.isin(kind, (OLD_CORE,)) * 0.45 + (kind == 0) * 0.1 + 0.05
    )
    prime = np.interp(age, [16, 20, 25, 45, 55, 60, 70], [0.25, 0.8, 1.0, 1.0, 0.7, 0.3, 0.08])
    man = persons.sex == MALE
    school = persons.schooling
    weights = {
        MINE: prime * mining_town * np.where(man, 1.0, 0.12) * (age < 58),
        PUBLIC: prime
        * np.array([0.7, 0.15, 0.9, 0.6, 1.0, 2.0, 1.0, 1.0])[kind]
        * np.array([0.02, 0.1, 0.4, 1.5, 6.0])[school]
        * (age < 60),
        FARM: np.where(kind == VILLAGE, 1.0, np.where(kind == STATE_FARM, 0.55, 0.012))
        * np.interp(age, [16, 20, 45, 60, 70], [0.3, 0.8, 1.0, 0.9, 0.4]),
        INDUSTRY: prime * np.where(kind == VILLAGE, 0.2, 1.0) * np.where(man, 1.0, 0.6),
        CONSTRUCTION: prime * np.where(man, 1.0, 0.1),
        SERVICES: prime * np.where(kind == VILLAGE, 0.3, 1.0) * np.where(man, 0.85, 1.0),
        OWN_ACCOUNT: prime * np.where(kind == VILLAGE, 0.5, 1.0) * (age >= 20),
    }
    pay = _wages(world)
    for sector, base_weight in weights.items():
        weight = np.where(able & (act == INACTIVE), base_weight, 0.0)
        hired = choose(persons.key, SYNTH_JOB + sector - 1, weight, jobs.get(sector, 0))
        act[hired] = EMPLOYED
        persons.sector[hired] = sector
        noise = lognormal(persons.key[hired], SYNTH_WAGE, WAGE_SPREAD)
        persons.wage[hired] = (
            pay[sector] * PAY_BY_SCHOOL[school[hired]] * noise * world.pack.config.minor_units
        ).astype(np.int64)
    searching = np.where((act == INACTIVE) & (age >= 18) & (age < 58), prime, 0.0)
    out_of_work = choose(persons.key, SYNTH_JOBLESS, searching, int(UNEMPLOYED_SHARE * working_age.sum()))
    act[out_of_work] = UNEMPLOYED
    persons.activity[:] = act
    # the retired keep the sector they left, which their pension shows
    past = uniform(persons.key[retired], SYNTH_PAST)
    mined = np.where(man[retired], 0.60, 0.25) * np.where(
        np.isin(kind[retired], (MINE_ROW, OLD_CORE)), 1.0, 0.35
    )
    farmed = np.where(np.isin(kind[retired], (STATE_FARM, VILLAGE)), 0.8, 0.02)
    left = np.where(
        past < mined, MINE, np.where(past > 1.0 - farmed * (1.0 - mined), FARM, np.where(
            past < mined + 0.35 * (1.0 - mined), PUBLIC, np.where(past < mined + 0.7 * (1.0 - mined), INDUSTRY, SERVICES))),
    )  # fmt: skip
    persons.sector[retired] = left
    pension = pack.assumption("pension_mean_2010", 1150.0)
    relative = PENSION_BY_SECTOR[left] * lognormal(persons.key[retired], SYNTH_PENSION_PAY, PENSION_SPREAD)
    level = len(retired) / max(float(np.cumsum(relative)[-1]) if len(retired) else 0.0, 1e-9)
    persons.pension[retired] = (pension * level * relative * pack.config.minor_units).astype(np.int64)


def _jobs(world: World, working_age: int) -> dict[int, int]:
    names = {name: code for code, name in LABELS["sector"].items()}
    table = world.pack.tables.get("economy")
    year = int(world.pack.config.base[:4])
    if table is not None:
        rows = table.filter(pl.col("year") == year)
        if rows.height:
            return {names[r["sector"]]: _count(world, r["jobs"]) for r in rows.iter_rows(named=True)}
    share = {PUBLIC: 0.09, FARM: 0.10, INDUSTRY: 0.16, CONSTRUCTION: 0.05, SERVICES: 0.22, OWN_ACCOUNT: 0.08}
    return {sector: int(s * working_age) for sector, s in share.items()}


def _wages(world: World) -> dict[int, float]:
    names = {name: code for code, name in LABELS["sector"].items()}
    table = world.pack.tables.get("economy")
    year = int(world.pack.config.base[:4])
    pay = {code: 1800.0 for code in names.values()}
    if table is not None:
        pay.update(
            {
                names[r["sector"]]: float(r["wage"])
                for r in table.filter(pl.col("year") == year).iter_rows(named=True)
            }
        )
    return pay


def _registered(world: World, variable: str, district: str) -> float:
    table = world.pack.tables.get("registered")
    if table is None:
        return 0.0
    year = int(world.pack.config.base[:4])
    rows = table.filter(
        (pl.col("year") == year) & (pl.col("variable") == variable) & (pl.col("district") == district)
    )
    return float(int(rows["persons"].sum()))


def _registration(world: World, age: np.ndarray) -> None:
    """Residents registered outside the city, as many as each district counted, mostly young adults."""
    persons = world.persons
    shape = np.interp(age, [0, 15, 20, 30, 45, 60, 80], [0.4, 0.6, 1.5, 1.5, 1.0, 0.5, 0.3])
    for d, name in enumerate(world.districts):
        near = _registered(world, "hukou_elsewhere_other_county_same_province", name)
        far = _registered(world, "hukou_elsewhere_other_province", name)
        if near + far == 0.0:
            continue
        mine = np.nonzero(persons.district[1:] == d)[0] + 1
        others = mine[choose(persons.key[mine], SYNTH_HUKOU, shape[mine], _count(world, near + far))]
        persons.hukou[others] = 0
        from_near = uniform(persons.key[others], SYNTH_PLACE) < near / (near + far)
        persons.place[others] = np.where(from_near, NEAR_TOWN, ELSEWHERE)
        years = np.minimum(0.5 + 10.0 * uniform(persons.key[others], SYNTH_CAME), age[others] + 0.5)
        persons.came[others] = world.base - (12.0 * years).astype(np.int64)


def _absent(world: World) -> None:
    """Registered people who live elsewhere at the base, as many as registered less residents registered here."""
    persons = world.persons
    registered = [_registered(world, "registered", name) for name in world.districts]
    here = int((persons.hukou[1:] == 1).sum())
    count = _count(world, sum(registered)) - here
    if sum(registered) == 0.0 or count <= 0:
        return
    keys = new_keys(np.full(count, 0xAB5E47, np.uint64), np.arange(count), SYNTH_PERSON)
    a, b, c = (uniform(new_keys(keys, np.full(count, i), SYNTH_AWAY_AGE), SYNTH_AWAY_AGE) for i in range(3))
    years = 18.0 + 27.0 * a * b + 6.0 * c
    where = uniform(keys, SYNTH_AWAY_WHERE)
    place = np.where(
        where < 0.25, NEAR_TOWN, np.where(where < 0.55, PROVINCE_CAPITAL, np.where(where < 0.85, COAST,
                                                                                 np.where(where < 0.93, JIANGSU, ELSEWHERE))),
    )  # fmt: skip
    away = uniform(keys, SYNTH_AWAY_SINCE) * np.minimum(years - 17.0, 12.0) * 12.0
    learnt = uniform(keys, SYNTH_AWAY_SCHOOL)
    school = np.where(learnt < 0.45, TERTIARY, np.where(learnt < 0.8, SENIOR, JUNIOR))
    persons.append(
        key=keys,
        birth=world.base - (years * 12).astype(np.int64),
        sex=np.where(uniform(keys, SYNTH_AWAY_SEX) < 0.5, FEMALE, MALE),
        state=np.full(count, GONE, np.int8),
        left=world.base - away.astype(np.int64),
        place=place,
        hukou=np.ones(count, np.int8),
        schooling=school,
        district=np.repeat(np.arange(world.nd), spread(count, np.array(registered))),
        activity=np.full(count, EMPLOYED, np.int8),
        sector=np.full(count, SERVICES, np.int8),
    )
