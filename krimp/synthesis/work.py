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
    SENIOR,
    SERVICES,
    STATE_FARM,
    STUDENT,
    TERTIARY,
    UNEMPLOYED,
    VILLAGE,
)
from krimp.state.purposes import (
    SYNTH_ABSENT,
    SYNTH_HUKOU,
    SYNTH_PENSION,
    SYNTH_PERSON,
    SYNTH_SCHOOL,
    SYNTH_WAGE,
    SYNTH_WORK,
)
from krimp.state.world import World
from krimp.synthesis.dice import choose, lognormal, new_keys, normal, uniform
from krimp.synthesis.homes import kinds

LEVELS = {"none": NO_SCHOOL, "primary": PRIMARY, "junior": JUNIOR, "senior": SENIOR, "tertiary": TERTIARY}
#: Relative pay by schooling, mean about one. [A] Mincer returns of some 6% a year of schooling
PAY_BY_SCHOOL = np.array([0.82, 0.86, 0.96, 1.06, 1.25])
WAGE_SPREAD, PENSION_SPREAD = 0.35, 0.25
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
    persons = world.persons
    level = persons.schooling
    everybody = np.arange(1, persons.n)
    age = age[1:]
    u = uniform(persons.key[everybody], SYNTH_SCHOOL)
    young = np.where(
        age < 6,
        NO_SCHOOL,
        np.where(age < 12, PRIMARY, np.where(age < 15, JUNIOR, np.where(u < 0.7, SENIOR, JUNIOR))),
    )
    level[everybody] = np.where(age < 18, young, 0)
    table = world.pack.tables.get("schooling")
    year = int(world.pack.config.base[:4])
    # younger cohorts went to school longer; much noise between people of one age
    score = (
        -age
        + 9.0 * normal(persons.key[everybody], SYNTH_SCHOOL)
        + np.where(persons.sex[everybody] == MALE, 3.0, 0.0)
    )
    for d, name in enumerate(world.districts):
        mine = np.nonzero((persons.district[everybody] == d) & (age >= 18))[0]
        shares = np.array([0.05, 0.24, 0.50, 0.15, 0.06])
        if table is not None:
            rows = table.filter((pl.col("year") == year) & (pl.col("district") == name))
            counted = {r["level"]: r["persons"] for r in rows.iter_rows(named=True)}
            if sum(counted.values()) > 0:
                minors = np.bincount(
                    young[(persons.district[everybody] == d) & (age >= 6) & (age < 18)], minlength=5
                )
                left = (
                    np.array([counted.get(k, 0) for k in LEVELS], np.float64)
                    - minors * world.weight / world.copies
                )
                shares = np.maximum(left, 0.0)
        cuts = np.cumsum(shares / shares.sum())
        order = mine[np.lexsort((mine, score[mine]))]
        rank = (np.arange(len(order)) + 0.5) / max(len(order), 1)
        level[everybody[order]] = np.searchsorted(cuts, rank, side="right").clip(0, 4)


def _activity(world: World, age: np.ndarray) -> None:
    persons, pack = world.persons, world.pack
    n = persons.n
    kind = np.zeros(n, np.int8)
    home = world.households.dwelling[persons.household]
    lives = home > 0
    kind[lives] = kinds(world)[world.dwellings.settlement[home[lives]]]
    u = uniform(persons.key, SYNTH_WORK)
    act = np.full(n, INACTIVE, np.int8)
    act[age < 6] = CHILD
    act[(age >= 6) & (age < 16)] = PUPIL
    act[(age >= 16) & (age < 18)] = np.where(u[(age >= 16) & (age < 18)] < 0.8, PUPIL, INACTIVE)
    student = (age >= 18) & (age < 23) & (persons.schooling >= SENIOR) & (u < 0.5)
    act[student | ((persons.collective == 1) & (age >= 16) & (age < 23))] = STUDENT
    act[0] = 0
    everybody = np.arange(n)
    # pensioners: women from 50, men from 60, miners and early retired men from 50; villagers seldom have one
    wanted = pack.assumption("pensioners_2010")
    entitled = np.where(persons.sex == FEMALE, (age >= 50), age >= 55) & (act == INACTIVE)
    weight = np.where(entitled, np.where(kind == VILLAGE, 0.05, 1.0), 0.0)
    weight *= np.where((persons.sex == MALE) & (age < 60), 0.35, 1.0)
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
        * np.where(kind == VILLAGE, 0.15, 1.0)
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
        hired = choose(persons.key, SYNTH_WORK + sector * 1000, weight, jobs.get(sector, 0))
        act[hired] = EMPLOYED
        persons.sector[hired] = sector
        noise = lognormal(persons.key[hired], SYNTH_WAGE, WAGE_SPREAD)
        persons.wage[hired] = (
            pay[sector] * PAY_BY_SCHOOL[school[hired]] * noise * world.pack.config.minor_units
        ).astype(np.int64)
    searching = np.where((act == INACTIVE) & (age >= 18) & (age < 58), prime, 0.0)
    out_of_work = choose(persons.key, SYNTH_WORK, searching, int(UNEMPLOYED_SHARE * working_age.sum()))
    act[out_of_work] = UNEMPLOYED
    persons.activity[:] = act
    pension = pack.assumption("pension_mean_2010", 1150.0)
    persons.pension[retired] = (
        pension
        * lognormal(persons.key[retired], SYNTH_PENSION, PENSION_SPREAD)
        * world.pack.config.minor_units
    ).astype(np.int64)
    # the retired keep the sector they left
    past = uniform(persons.key[retired], SYNTH_WAGE)
    persons.sector[retired] = np.where(
        past < 0.42, MINE, np.where(past < 0.62, PUBLIC, np.where(past < 0.8, INDUSTRY, SERVICES))
    )


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


def _registered(world: World, variable: str) -> float | None:
    table = world.pack.tables.get("registered")
    if table is None:
        return None
    year = int(world.pack.config.base[:4])
    rows = table.filter((pl.col("year") == year) & (pl.col("variable") == variable))
    return float(rows["persons"].sum()) if rows.height else None


def _registration(world: World, age: np.ndarray) -> None:
    """Residents registered outside the city, mostly young adults."""
    persons = world.persons
    outside = sum(
        _registered(world, v) or 0.0
        for v in ("hukou_elsewhere_other_county_same_province", "hukou_elsewhere_other_province")
    )
    weight = np.interp(age, [0, 15, 20, 30, 45, 60, 80], [0.4, 0.6, 1.5, 1.5, 1.0, 0.5, 0.3])
    weight[0] = 0.0
    others = choose(persons.key, SYNTH_HUKOU, weight, _count(world, outside))
    persons.hukou[others] = 0
    persons.place[others] = np.where(uniform(persons.key[others], SYNTH_HUKOU) < 0.8, NEAR_TOWN, ELSEWHERE)
    persons.came[others] = world.base - 12 - (uniform(persons.key[others], SYNTH_WAGE) * 120).astype(np.int64)


def _absent(world: World) -> None:
    """Registered people who live elsewhere at the base: gone persons, some with a mother in the city."""
    persons = world.persons
    registered = _registered(world, "registered")
    if registered is None:
        return
    here = int((persons.hukou[1:] == 1).sum())
    count = _count(world, registered) - here
    if count <= 0:
        return
    number = np.arange(count)
    keys = new_keys(np.full(count, 0xAB5E47, np.uint64), number, SYNTH_PERSON)
    years = 18 + 27 * uniform(keys, SYNTH_ABSENT) * uniform(keys, SYNTH_HUKOU) + 6 * uniform(keys, SYNTH_WAGE)
    birth = (world.base - years * 12).astype(np.int64)
    where = uniform(keys, SYNTH_WORK)
    place = np.where(
        where < 0.25, NEAR_TOWN, np.where(where < 0.55, PROVINCE_CAPITAL, np.where(where < 0.85, COAST,
                                                                                 np.where(where < 0.93, JIANGSU, ELSEWHERE))),
    )  # fmt: skip
    away = (uniform(keys, SYNTH_PENSION) * np.minimum(years - 17, 12) * 12).astype(np.int64)
    age = (world.base - persons.birth.astype(np.int64)) // 12
    women = np.nonzero((persons.sex == FEMALE) & (age >= 40) & (age < 75) & (persons.household > 0))[0]
    mother = np.zeros(count, np.int64)
    if len(women):
        guess = women[(uniform(keys, SYNTH_SCHOOL) * len(women)).astype(np.int64)]
        gap = birth - persons.birth[guess].astype(np.int64)
        fits = (gap >= 12 * 18) & (gap <= 12 * 42)
        mother = np.where(fits, guess, 0)
    school = np.where(uniform(keys, SYNTH_SCHOOL) < 0.45, TERTIARY, np.where(where < 0.8, SENIOR, JUNIOR))
    persons.append(
        key=keys, birth=birth, sex=np.where(uniform(keys, SYNTH_PERSON) < 0.5, FEMALE, MALE), mother=mother,
        state=np.full(count, GONE, np.int8), left=world.base - away, place=place, hukou=np.ones(count, np.int8),
        schooling=school, district=(uniform(keys, SYNTH_ABSENT) * world.nd).astype(np.int64),
        activity=np.full(count, EMPLOYED, np.int8), sector=np.full(count, SERVICES, np.int8),
    )  # fmt: skip
