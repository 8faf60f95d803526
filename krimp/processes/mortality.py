"""Mortality: everybody, here or gone, dies by sex, age and time as in the schedule; widowhood and estates follow.

P(death in a month) = q(sex, age, t) of `vital_rates` (UN WPP life tables, level factor, old-age damping). The spouse
becomes a widow or widower and keeps the home. When the last adult dies, minors go to a relative or into care. When a
household ends, its homes and cash go to a child who lives here (the eldest), to heirs elsewhere when all children
live elsewhere, to a brother or sister when there are none, and else elsewhere: the first order of heirs of the law
of succession, in a simplified form.
"""

from __future__ import annotations

import numpy as np

from krimp.processes import vital_rates
from krimp.processes.kin import (
    adults_in,
    any_child_alive,
    chance,
    child_with_home,
    estate_elsewhere,
    life,
    merge_into,
    quit_job,
    rehouse_minors,
    report,
    sibling_with_home,
)
from krimp.processes.life_screening import LifeHazard
from krimp.state.codes import ACTIVE, DEAD, EVENT, GONE, INACTIVE, MARRIED, REASON, RESIDENT, WIDOWED
from krimp.state.compile import kernel
from krimp.state.families import foresee, unlink
from krimp.state.parameters import Parameter
from krimp.state.purposes import MORTALITY
from krimp.state.world import Series, World, emit

PARAMETERS = (
    Parameter(
        "mortality.level", 1.0, "factor", "lognormal(1.0, 0.06)",
        "[D] national WPP mortality is right within 10% for the city's survivors 2010-2020",
        "factor on the schedule's death rates", 0.0, 1.6,
    ),
    Parameter(
        "mortality.old_damping", 0.87, "factor", "normal(0.87, 0.06)",
        "[D] the 2020 census has 17% more survivors over 85 than WPP death rates leave",
        "factor on death rates from 85 on", 0.4, 1.2,
    ),
)  # fmt: skip
SERIES = (Series("deaths", "persons", "flow", "residents who died"),)
BRANCHES = (
    "mortality.resident", "mortality.gone", "mortality.widowed", "mortality.heir_child", "mortality.heir_sibling",
    "mortality.heir_elsewhere", "mortality.minors_rehoused",
)  # fmt: skip
#: Screening bound relative to the schedule; `mortality.level` may go up to 1.6 and damping to 1.2.
BOUND = 1.92


def _bound(world: World, month: int) -> np.ndarray:
    bound = vital_rates.death_probability(vital_rates.tables(world), month, 1.0, 1.0) * BOUND
    return np.minimum(bound, 0.5)


HAZARDS = (LifeHazard("mortality", RESIDENT, _bound), LifeHazard("mortality_gone", GONE, _bound))

_DEATH, _WIDOWED, _INHERITED, _ENDED = (
    EVENT["death"],
    EVENT["widowed"],
    EVENT["inherited"],
    EVENT["household_ended"],
)
_BY_AGE, _BY_DEATH, _INHERITANCE = REASON["age"], REASON["death"], REASON["inheritance"]
_AWAY = REASON["elsewhere"]


def probability(world: World) -> np.ndarray:
    """float64[2, AGES] probability of dying this month, by sex and age."""
    return vital_rates.death_probability(
        vital_rates.tables(world),
        world.month,
        world.params["mortality.level"],
        world.params["mortality.old_damping"],
    )


@kernel
def deaths_of(X, rows, probability, bound, deaths, fired):
    """Thin the candidates `rows` and let those who are hit die. Counts deaths by district and branches."""
    P, H = X.P, X.H
    for i in range(rows.size):
        foresee(P, H, rows, i)
        p = rows[i]
        if P.state[p] == DEAD:
            continue
        sex = np.int64(P.sex[p])
        age = min(max((X.month - np.int64(P.birth[p])) // 12, 0), 110)
        if not chance(X.seed, P.key[p], X.month, MORTALITY, probability[sex, age] / bound[sex, age]):
            continue
        here = P.state[p] == RESIDENT
        h = P.household[p]
        district = P.district[p]
        spouse = P.partner[p]
        fired[0 if here else 1] += 1
        emit(X.E, X.month, _DEATH, _BY_AGE if here else _AWAY, district, p, h, H.dwelling[h], 0, 0)
        P.state[p] = DEAD
        P.left[p] = X.month
        if spouse != 0 and P.marital[p] == MARRIED:
            P.marital[spouse] = WIDOWED
            fired[2] += 1
            if P.state[spouse] == RESIDENT:
                home = P.household[spouse]
                emit(
                    X.E,
                    X.month,
                    _WIDOWED,
                    _BY_DEATH,
                    P.district[spouse],
                    spouse,
                    home,
                    H.dwelling[home],
                    p,
                    0,
                )
        if not here:
            continue
        deaths[district] += 1
        quit_job(P, X.S, p)
        P.activity[p] = INACTIVE
        P.collective[p] = 0
        if h == 0:
            continue
        unlink(P, H, p)
        if H.size[h] == 0:
            cash = H.cash[h]
            estate = H.estate[h]
            heir = child_with_home(X, p, h)
            branch = 3
            if heir == 0 and not any_child_alive(X, p):
                heir = sibling_with_home(X, p, h)
                branch = 4
            home = H.dwelling[h]
            target = P.household[heir] if heir != 0 else np.int32(0)
            if target != 0:
                merge_into(X, h, target)
            else:
                branch = 5
                estate_elsewhere(X, h)
            fired[branch] += 1
            emit(X.E, X.month, _INHERITED, _INHERITANCE, district, heir, target, estate, p, cash)
            emit(X.E, X.month, _ENDED, _BY_DEATH, district, p, h, home, 0, 0)
        elif H.state[h] == ACTIVE and adults_in(P, H, h, X.month) == 0:
            home = H.dwelling[h]
            rehouse_minors(X, h)
            fired[6] += 1
            emit(X.E, X.month, _ENDED, _BY_DEATH, district, p, h, home, 0, 0)


def step(world: World) -> None:
    """Deaths of the month."""
    table = probability(world)
    bound = _bound(world, world.month)
    rows = np.concatenate([world.candidates["mortality"], world.candidates["mortality_gone"]])
    fired = np.zeros(len(BRANCHES), np.int64)
    deaths_of(life(world, events=4 * len(rows)), rows, table, bound, world.counter("deaths"), fired)
    report(world, BRANCHES, fired)
