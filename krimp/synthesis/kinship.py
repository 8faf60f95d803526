"""Mothers who live apart from their children, and how many children each woman has borne.

A woman's births follow her cohort's family size. Those not living with her are looked for among grown people without a
mother in the city (and those away who are registered here), first in her district, by month of birth; the rest live
elsewhere or have died. So parents' homes, heirs and remittances have people behind them.
"""

from __future__ import annotations

import numpy as np

from krimp.state.codes import FEMALE, GONE, RESIDENT, SINGLE
from krimp.state.compile import kernel
from krimp.state.purposes import SYNTH_BORN, SYNTH_OLD_MOTHER, SYNTH_PARITY
from krimp.state.world import World
from krimp.synthesis.dice import new_keys, normal, shuffled, uniform
from krimp.synthesis.families import gaps

#: Children born to women ever married, by age in 2010. [R] shape of the cohorts' family size (five in the 1930s' cohorts,
#: one after 1980) in the north-east; census 2010: 1.07 per woman of 15-64
_AGES = np.array([18, 20, 22, 25, 28, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 85], np.float64)
_BORN = np.array([0.3, 0.4, 0.5, 0.6, 0.75, 0.82, 0.93, 1.0, 1.06, 1.18, 1.45, 1.95, 2.7, 3.4, 4.0, 4.3])
#: Grown children of the city's women who live in the city or are away but registered, share of those not at home. [A]
FOUND = 0.75
#: More than any month number: districts do not overlap.
MONTHS = 40000
TOLERANCE = 6  # months between the birth looked for and the child's


@kernel
def _match(
    child,
    child_birth,
    child_district,
    mother,
    slot_mother,
    slot_birth,
    slot_district,
    partner,
    birth,
    tolerance,
):
    """Two sorted lists (district, month of birth) run side by side; each slot takes the next child born near."""
    j = 0
    for i in range(slot_mother.size):
        while j < child.size and (
            child_district[j] < slot_district[i]
            or (child_district[j] == slot_district[i] and child_birth[j] < slot_birth[i] - tolerance)
        ):
            j += 1
        if j == child.size:
            break
        if child_district[j] != slot_district[i] or child_birth[j] > slot_birth[i] + tolerance:
            continue
        p = child[j]
        m = slot_mother[i]
        q = partner[p]
        gap = np.int64(birth[p]) - np.int64(birth[m])
        if gap < 12 * 17 or gap > 12 * 46 or q == m or (q != 0 and mother[q] == m):
            continue
        mother[p] = m
        slot_mother[i] = 0
        j += 1


def fill(world: World) -> None:
    """Set `persons.mother` of grown children living apart and `persons.parity` of all women."""
    persons = world.persons
    age = (world.base - persons.birth.astype(np.int64)) / 12.0
    women = np.nonzero((persons.sex == FEMALE) & (persons.state == RESIDENT))[0]
    known = np.bincount(persons.mother[persons.mother > 0], minlength=persons.n)
    born = _born(persons.key[women], age[women], persons.marital[women] != SINGLE)
    open_births = np.where(age[women] >= 36, np.maximum(born - known[women], 0), 0)
    mothers = np.repeat(women, open_births)
    ordinal = np.arange(len(mothers)) - np.repeat(np.cumsum(open_births) - open_births, open_births)
    keys = new_keys(persons.key[mothers], ordinal, SYNTH_OLD_MOTHER)
    slot_birth = persons.birth[mothers].astype(np.int64) + (12.0 * gaps(keys, SYNTH_OLD_MOTHER)).astype(
        np.int64
    )
    keep = (uniform(keys, SYNTH_BORN) < FOUND) & (slot_birth <= world.base - 12 * 18)
    mothers, slot_birth, keys = mothers[keep], slot_birth[keep], keys[keep]
    grown = (persons.mother == 0) & (age >= 18) & (persons.hukou == 1)
    grown[0] = False
    order = shuffled(persons.district[mothers].astype(np.int64) * MONTHS + slot_birth, keys, SYNTH_BORN)
    mothers, slot_birth = mothers[order], slot_birth[order]
    district = persons.district[mothers]
    # those away first: most of them left their parents' home
    for rows in (
        np.nonzero(grown & (persons.state == GONE))[0],
        np.nonzero(grown & (persons.state == RESIDENT))[0],
    ):
        rows = rows[shuffled(_cell(world, rows), persons.key[rows], SYNTH_OLD_MOTHER)]
        _match(
            rows, persons.birth[rows].astype(np.int64), persons.district[rows], persons.mother, mothers, slot_birth,
            district, persons.partner, persons.birth, TOLERANCE,
        )  # fmt: skip
    known = np.bincount(persons.mother[persons.mother > 0], minlength=persons.n)
    # the children of younger women live with them
    borne = np.where(age[women] < 36, known[women], np.maximum(born, known[women]))
    persons.parity[women] = np.minimum(borne, 12)


def _cell(world: World, rows: np.ndarray) -> np.ndarray:
    """District and month of birth as one number."""
    return world.persons.district[rows].astype(np.int64) * MONTHS + world.persons.birth[rows]


def _born(keys: np.ndarray, age: np.ndarray, ever_married: np.ndarray) -> np.ndarray:
    """Children ever born, whole numbers with the cohort's mean."""
    mean = np.interp(age, _AGES, _BORN)
    noisy = mean + np.where(mean > 1.5, 0.9, 0.0) * normal(keys, SYNTH_PARITY)
    born = np.floor(np.maximum(noisy, 0.0) + uniform(keys, SYNTH_BORN)).astype(np.int64)
    return np.where(ever_married & (age >= 18), born, 0)
