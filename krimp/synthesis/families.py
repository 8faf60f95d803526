"""Households of the base city: exact numbers by district and size, with plausible couples, children and elders.

In each district: couples are paired by age (men about two years older) so that the married count is the census's as
far as homes allow; one-person homes go to the widowed, divorced and single by age; every other home has a couple or
a lone parent at its head; homes of more people go to mothers of the ages that have children at home; children are put
to mothers by age rank; second couples, unmarried elders and grown children fill what is left.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from krimp.state.codes import (
    ACTIVE,
    CAMP,
    CARE,
    DIVORCED,
    FEMALE,
    MALE,
    MARRIED,
    OTHER_COLLECTIVE,
    SCHOOL,
    SINGLE,
    WIDOWED,
)
from krimp.state.compile import kernel
from krimp.state.purposes import (
    KEY_HOUSEHOLD,
    SYNTH_LIVING,
    SYNTH_MARRY,
    SYNTH_PAIR,
    SYNTH_PARITY,
    SYNTH_SIZE,
)
from krimp.state.world import World
from krimp.synthesis.dice import choose, new_keys, normal, scale_cells, spread, uniform

#: Share ever married and of these widowed by age, women and men: shape only, levels follow the census. [R] China 2010.
_AGES = np.array([15, 20, 25, 30, 35, 45, 55, 60, 65, 70, 75, 80, 100], np.float64)
_MARRIED = {
    FEMALE: np.array([0.00, 0.12, 0.62, 0.90, 0.94, 0.94, 0.89, 0.83, 0.74, 0.62, 0.48, 0.30, 0.08]),
    MALE: np.array([0.00, 0.04, 0.45, 0.82, 0.91, 0.93, 0.92, 0.90, 0.86, 0.80, 0.72, 0.60, 0.35]),
}
#: Household sizes of a pack without a table of them: north-east towns 2010, shares of sizes 1 to 7. [R]
DEFAULT_SIZES = np.array([0.13, 0.29, 0.35, 0.13, 0.07, 0.02, 0.01])


def fill(world: World) -> None:
    """Collective people, couples, households and their members; marital states and mothers."""
    _collective(world)
    districts = world.persons.district
    free = world.persons.collective == 0
    for d in range(world.nd):
        rows = np.nonzero(free & (districts == d) & (world.persons.state == 1))[0]
        if len(rows):
            _district(world, d, rows.astype(np.int64))
    _parity(world)


def _collective(world: World) -> None:
    """Choose who lives in collective places, by kind and plausible age."""
    table = world.pack.tables.get("collective")
    if table is None:
        return
    year = int(world.pack.config.base[:4])
    rows = table.filter(pl.col("year") == year)
    persons = world.persons
    age = (world.base - persons.birth.astype(np.int64)) // 12
    kinds = {"school": SCHOOL, "camp": CAMP, "care": CARE, "other": OTHER_COLLECTIVE}
    targets = dict(zip(zip(rows["district"], rows["kind"], strict=True),
                       scale_cells(rows["persons"].to_numpy(), world.weight, world.copies), strict=True))  # fmt: skip
    for d, name in enumerate(world.districts):
        mine = np.nonzero(persons.district == d)[0]
        for kind, code in kinds.items():
            count = int(targets.get((name, kind), 0))
            a = age[mine]
            if code == SCHOOL:
                weight = np.where((a >= 14) & (a <= 22), 1.0, 0.0)
            elif code == CAMP:
                weight = np.where((a >= 20) & (a <= 55), np.where(persons.sex[mine] == MALE, 1.0, 0.15), 0.0)
            elif code == CARE:
                weight = np.where(a >= 70, 1.0, np.where(a >= 60, 0.2, 0.0))
            else:
                weight = np.where((a >= 18) & (a <= 60), 1.0, 0.0)
            weight = np.where(persons.collective[mine] == 0, weight + 1e-9, 0.0)
            taken = mine[choose(persons.key[mine], SYNTH_LIVING, weight, count)]
            persons.collective[taken] = code


def _sizes(world: World, district: int, members: int) -> np.ndarray:
    """Sizes of all households of a district, ascending, adding up to `members` people."""
    table = world.pack.tables.get("households")
    year = int(world.pack.config.base[:4])
    name = world.districts[district]
    if table is not None:
        mine = table.filter((pl.col("year") == year) & (pl.col("district") == name))
        whole = mine.filter(pl.col("size").is_null())
        by_size = mine.filter(pl.col("size").is_not_null()).sort("size")
        counts = {int(s): int(n) for s, n in zip(by_size["size"], by_size["households"], strict=True)}
        total = int(whole["households"].sum()) if whole.height else sum(counts.values())
        known = sum(counts.values())
        if known < total:
            shape = DEFAULT_SIZES[1:] if 1 in counts else DEFAULT_SIZES
            start = 2 if 1 in counts else 1
            for i, n in enumerate(spread(total - known, shape)):
                counts[start + i] = counts.get(start + i, 0) + int(n)
    else:
        mean = float((DEFAULT_SIZES * np.arange(1, 8)).sum())
        counts = {i + 1: int(n) for i, n in enumerate(spread(round(members * world.weight / world.copies / mean),
                                                             DEFAULT_SIZES))}  # fmt: skip
    sizes = np.array(sorted(counts), np.int64)
    numbers = scale_cells(np.array([counts[int(s)] for s in sizes]), world.weight, world.copies)
    out = np.repeat(sizes, numbers)
    if len(out) == 0 and members:
        out = np.ones(1, np.int64)
    if len(out) > members:
        out = out[:members].copy()
        out[:] = 1
    # people in excess go to the smallest homes of two or more, people short come off the largest
    difference = members - int(out.sum())
    several = np.nonzero(out >= 2)[0]
    if len(several) == 0:
        several = np.arange(len(out))
    i = 0
    while difference > 0 and len(several):
        out[several[i % len(several)]] += 1
        difference -= 1
        i += 1
    i = 0
    while difference < 0:
        big = np.nonzero(out >= 3)[0] if (out >= 3).any() else np.nonzero(out >= 2)[0]
        j = big[len(big) - 1 - i % len(big)]
        out[j] -= 1
        difference += 1
        i += 1
    return np.sort(out, kind="stable")


@kernel
def _write(P_household, P_next, H_first, H_size, order, start, household, n_homes):
    """Link members: people order[start[i]:start[i+1]] live in household[i], first one first."""
    for i in range(n_homes):
        h = household[i]
        last = 0
        for j in range(start[i], start[i + 1]):
            p = order[j]
            P_household[p] = h
            P_next[p] = 0
            if last == 0:
                H_first[h] = p
            else:
                P_next[last] = p
            last = p
        H_size[h] = start[i + 1] - start[i]


@kernel
def _mothers(order, start, heads_f, birth, n_homes, mother, n_children):
    """Give members placed as children (after the adults) the woman at the head as mother where ages allow."""
    for i in range(n_homes):
        m = heads_f[i]
        if m == 0:
            continue
        for j in range(start[i], start[i + 1]):
            p = order[j]
            gap = birth[p] - birth[m]
            if p != m and mother[p] == 0 and 12 * 17 <= gap <= 12 * 46 and n_children[m] < 4:
                mother[p] = m
                n_children[m] += 1


def _district(world: World, d: int, rows: np.ndarray) -> None:
    persons, households = world.persons, world.households
    key = persons.key[rows]
    birth = persons.birth[rows].astype(np.int64)
    sex = persons.sex[rows]
    age = (world.base - birth) / 12.0
    sizes = _sizes(world, d, len(rows))
    n_homes = len(sizes)
    ones = int((sizes == 1).sum())
    several = n_homes - ones

    married = _couples(world, d, key, sex, age, several, sizes)
    women, men = married  # local indices, paired
    n_couples = len(women)
    partner = np.full(len(rows), -1, np.int64)
    partner[women], partner[men] = men, women
    marital = np.zeros(len(rows), np.int8)
    marital[women] = marital[men] = MARRIED
    _other_states(world, d, key, sex, age, marital)

    # --- one-person homes: unmarried adults, the widowed and divorced first
    weight = np.where(
        (marital == MARRIED) | (age < 19), 0.0,
        np.where(marital == WIDOWED, 1.2, np.where(marital == DIVORCED, 1.5, np.where(age >= 25, 1.0, 0.25))),
    )  # fmt: skip
    weight = np.where((marital != MARRIED) & (weight == 0.0) & (age >= 15), 1e-6, weight)
    alone = choose(key, SYNTH_LIVING, weight, ones)
    if len(alone) < ones:  # tiny places: whoever is not married, then anybody
        rest = np.setdiff1d(np.arange(len(rows)), np.concatenate([alone, women, men]))
        alone = np.sort(
            np.concatenate([alone, rest[np.argsort(-age[rest], kind="stable")][: ones - len(alone)]])
        )
    if len(alone) < ones:
        extra = ones - len(alone)
        drop = np.arange(n_couples - (extra + 1) // 2, n_couples)
        torn = np.concatenate([women[drop], men[drop]])
        partner[torn], marital[torn] = -1, SINGLE
        women, men = np.delete(women, drop), np.delete(men, drop)
        n_couples = len(women)
        alone = np.sort(np.concatenate([alone, torn[:extra]]))
    taken = np.zeros(len(rows), bool)
    taken[alone] = True
    taken[women] = taken[men] = True

    # --- heads of the other homes: couples, and lone parents where couples do not suffice
    heads = min(n_couples, several)
    mother_age = age[women]
    order = np.lexsort((women, -mother_age))
    # the oldest couples beyond the number of homes live with a younger family
    second = order[: n_couples - heads]
    first = np.sort(order[n_couples - heads :])
    lone_count = several - heads
    unmarried = np.nonzero(~taken)[0]
    lone_weight = np.where((age[unmarried] >= 24) & (age[unmarried] <= 75),
                           np.where(marital[unmarried] == SINGLE, 0.1, 1.0), 1e-7)  # fmt: skip
    lone_weight *= np.where(sex[unmarried] == FEMALE, 1.0, 0.5)
    lone = unmarried[choose(key[unmarried], SYNTH_SIZE, lone_weight, lone_count)]
    taken[lone] = True

    head_f = np.concatenate([women[first], np.where(sex[lone] == FEMALE, lone, -1)])
    head_m = np.concatenate([men[first], np.where(sex[lone] == MALE, lone, -1)])
    head_age = np.concatenate([age[women[first]], age[lone]])
    adults = np.concatenate([np.full(heads, 2), np.ones(len(lone), np.int64)])

    # --- sizes: more people where children are at home (mothers of 24 to 52), and in some homes of the old
    score = _child_home(head_age) + 0.25 * normal(key[np.where(head_f >= 0, head_f, head_m)], SYNTH_SIZE)
    score -= np.where(adults == 1, 0.15, 0.0)
    home_size = np.empty(len(score), np.int64)
    home_size[np.lexsort((np.arange(len(score)), score))] = sizes[ones:]
    room = home_size - adults
    if (room < 0).any():  # a couple cannot live in a home of one
        raise ValueError(f"district {world.districts[d]}: household sizes do not fit its couples")

    # --- children to mothers by age rank: up to two a home, then elders, second couples, grown children
    pool = np.nonzero(~taken)[0]
    young = pool[age[pool] < 25]
    old = pool[age[pool] >= 25]
    fits = (head_age >= 19) & (head_age < 66)
    child_room = np.where(fits, np.minimum(room, np.where(head_age < 56, 2, 1)), 0)
    child_slots = np.repeat(np.arange(len(room)), child_room)
    chosen_child = _fill_children(key, age, young, child_slots, head_age, home_size)
    used = np.bincount(chosen_child[1], minlength=len(room))
    left_over = room - used
    places = np.repeat(np.arange(len(room)), left_over)
    placed = np.zeros(len(rows), bool)
    placed[chosen_child[0]] = True
    waiting_couples = second
    couple_homes, couple_ids, places = _second_couples(places, waiting_couples, head_age, mother_age)
    rest = np.concatenate([old, young[~placed[young]]])
    widowed_couples = np.setdiff1d(np.arange(len(second)), couple_ids)
    if len(widowed_couples):  # no home has room for both: they are counted apart, as the census does
        torn = np.concatenate([women[second[widowed_couples]], men[second[widowed_couples]]])
        rest = np.concatenate([rest, torn])
    rest = rest[np.lexsort((rest, age[rest]))]
    # the old to homes of the middle-aged, the grown young to homes of the old: places by age of the head
    places = places[np.lexsort((places, -head_age[places]))]
    if len(places) != len(rest):
        raise ValueError(f"district {world.districts[d]}: {len(rest)} people for {len(places)} places")

    # --- member lists: heads first
    who = [alone, head_m[head_m >= 0], head_f[head_f >= 0], chosen_child[0],
           women[second[couple_ids]], men[second[couple_ids]], rest]  # fmt: skip
    index = np.arange(len(room)) + ones
    where = [np.arange(ones), index[head_m >= 0], index[head_f >= 0], index[chosen_child[1]],
             index[couple_homes], index[couple_homes], index[places]]  # fmt: skip
    member = np.concatenate(who)
    home = np.concatenate(where)
    rank = np.repeat(np.arange(len(who)), [len(w) for w in who])
    by_home = np.lexsort((member, rank, home))
    member, home = member[by_home], home[by_home]
    start = np.zeros(n_homes + 1, np.int64)
    np.cumsum(np.bincount(home, minlength=n_homes), out=start[1:])
    head = rows[member[start[:-1]]]
    made = households.append(
        key=new_keys(persons.key[head], np.zeros(n_homes, np.int64), KEY_HOUSEHOLD),
        state=np.full(n_homes, ACTIVE, np.int8),
        district=np.full(n_homes, d, np.int8),
        formed=np.full(n_homes, world.base, np.int16),
        moved=np.full(n_homes, world.base, np.int16),
    )
    ids = np.arange(made, made + n_homes)
    households.attachment[ids] = (households.key[ids] >> np.uint64(56)).astype(np.uint8)
    _write(
        persons.household, persons.next, households.first, households.size, rows[member], start, ids, n_homes
    )
    persons.homes[head] = 1
    persons.marital[rows] = marital
    paired = np.nonzero(partner >= 0)[0]
    persons.partner[rows[paired]] = rows[partner[paired]]
    mothers = np.zeros(n_homes, np.int64)
    mothers[ones:][head_f >= 0] = rows[head_f[head_f >= 0]]
    children = np.zeros(persons.n, np.int64)
    _mothers(rows[member], start, mothers, persons.birth, n_homes, persons.mother, children)
    # elder women living with a head of the right age are taken as his or her mother
    elder = np.concatenate([women[second[couple_ids]]]) if len(couple_ids) else np.zeros(0, np.int64)
    if len(elder):
        head_of = rows[np.where(head_m[couple_homes] >= 0, head_m[couple_homes], head_f[couple_homes])]
        gap = persons.birth[head_of].astype(np.int64) - persons.birth[rows[elder]]
        fit = (gap >= 12 * 17) & (gap <= 12 * 46) & (persons.mother[head_of] == 0)
        persons.mother[head_of[fit]] = rows[elder[fit]]


def _child_home(age: np.ndarray) -> np.ndarray:
    """Relative chance that a woman's home holds more than the couple, by her age."""
    return np.interp(
        age, [18, 22, 26, 32, 42, 48, 54, 62, 75, 95], [0.1, 0.35, 0.75, 1.0, 1.0, 0.85, 0.5, 0.25, 0.15, 0.1]
    )


def _couples(
    world: World, d: int, key: np.ndarray, sex: np.ndarray, age: np.ndarray, several: int, sizes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of women and men, as many as the census has married people and homes can hold."""
    women, men = np.nonzero(sex == FEMALE)[0], np.nonzero(sex == MALE)[0]
    expected = min(
        float(np.interp(age[w], _AGES, _MARRIED[s]).sum()) for s, w in ((FEMALE, women), (MALE, men))
    )
    counted = _marital_count(world, d, "married")
    couples = int(expected if counted is None else counted / 2)
    # a home of two or more holds one couple at its head, larger ones a second
    couples = min(
        couples, several + int((sizes >= 5).sum()), int((age[women] >= 18).sum()), int((age[men] >= 18).sum())
    )
    couples = max(couples, 0)
    picked = {}
    for s, group in ((FEMALE, women), (MALE, men)):
        share = np.interp(age[group], _AGES, _MARRIED[s])
        # odds, so that the chosen follow the age pattern while their number is exact
        weight = np.where((share > 0) & (age[group] >= 18), share / np.maximum(1.0 - share, 0.02), 0.0)
        picked[s] = group[choose(key[group], SYNTH_MARRY, weight, couples)]
    n = min(len(picked[FEMALE]), len(picked[MALE]))
    women, men = picked[FEMALE][:n], picked[MALE][:n]
    women = women[np.lexsort((women, age[women] + 1.5 * normal(key[women], SYNTH_PAIR)))]
    men = men[np.lexsort((men, age[men] + 1.5 * normal(key[men], SYNTH_PAIR)))]
    return women, men


def _marital_count(world: World, d: int, state: str) -> int | None:
    table = world.pack.tables.get("marital")
    if table is None:
        return None
    year = int(world.pack.config.base[:4])
    rows = table.filter(
        (pl.col("year") == year) & (pl.col("district") == world.districts[d]) & (pl.col("state") == state)
    )
    if rows.height == 0:
        return None
    return int(rows["persons"].sum()) * world.copies // world.weight


def _other_states(
    world: World, d: int, key: np.ndarray, sex: np.ndarray, age: np.ndarray, marital: np.ndarray
) -> None:
    """Widowed and divorced among the unmarried adults, as many as counted, by age."""
    free = np.nonzero((marital == SINGLE) & (age >= 20))[0]
    for state, code, default in (("widowed", WIDOWED, 0.06), ("divorced", DIVORCED, 0.035)):
        counted = _marital_count(world, d, state)
        count = int(default * (age >= 15).sum()) if counted is None else counted
        a = age[free]
        if code == WIDOWED:
            weight = np.where(a >= 40, np.interp(a, [40, 60, 80], [0.05, 0.6, 3.0]), 0.0)
            weight *= np.where(sex[free] == FEMALE, 2.0, 1.0)
        else:
            weight = np.where((a >= 25) & (a < 75), np.interp(a, [25, 40, 55, 75], [0.3, 1.0, 0.8, 0.1]), 0.0)
        weight = np.where(marital[free] == SINGLE, weight, 0.0)
        marital[free[choose(key[free], SYNTH_PARITY, weight, count)]] = code


def _fill_children(
    key: np.ndarray,
    age: np.ndarray,
    young: np.ndarray,
    slots: np.ndarray,
    head_age: np.ndarray,
    home_size: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """(child, home): children sorted by age beside places sorted by the mother's age less a spread gap.

    When children are fewer than places, the places whose mothers' ages fit least stay empty, and the other way round.
    """
    if not len(young) or not len(slots):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    jitter = np.arange(len(slots)) % 7 - 3.0
    expected = head_age[slots] - 25.5 + jitter * 0.8
    n = min(len(young), len(slots))
    if len(slots) > n:
        # keep the places that the ages of the children call for: children's age quantiles against places'
        order = np.lexsort((slots, expected))
        inside = order[(expected[order] > -3) & (expected[order] < 26)]
        outside = np.setdiff1d(order, inside, assume_unique=True)
        if len(inside) >= n:
            take = inside[np.linspace(0, len(inside) - 1, n).astype(np.int64)]
        else:
            near = outside[np.lexsort((outside, np.abs(expected[outside] - 12)))]
            take = np.concatenate([inside, near[: n - len(inside)]])
    else:
        take = np.arange(len(slots))
    take = take[np.lexsort((take, expected[take]))]
    children = young[np.lexsort((young, age[young]))]
    if len(children) > n:
        children = children[:n]  # the youngest live with a mother first
    return children, slots[take]


def _second_couples(
    places: np.ndarray, second: np.ndarray, head_age: np.ndarray, mother_age: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(home, position in `second`, places left): elder couples to homes with two free places, younger heads first."""
    free = np.bincount(places, minlength=len(head_age))
    homes = np.nonzero(free >= 2)[0]
    n = min(len(second), len(homes))
    if n == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), places
    homes = homes[np.lexsort((homes, np.abs(head_age[homes] - 36.0)))][:n]
    homes = homes[np.lexsort((homes, head_age[homes]))]
    ids = np.arange(len(second))
    ids = ids[np.lexsort((ids, mother_age[second]))][:n]
    free[homes] -= 2
    return homes, ids, np.repeat(np.arange(len(head_age)), free)


def _parity(world: World) -> None:
    """Children born: at least those at home; for older women a draw around one (census: 1.07 at 15-64)."""
    persons = world.persons
    with_mother = persons.mother[persons.mother > 0]
    at_home = np.bincount(with_mother, minlength=persons.n)
    age = (world.base - persons.birth.astype(np.int64)) // 12
    women = np.nonzero((persons.sex == FEMALE) & (persons.state == 1))[0]
    u = uniform(persons.key[women], SYNTH_PARITY)
    a = age[women]
    ever = np.interp(a, [18, 22, 26, 30, 36, 60, 75, 100], [0.0, 0.15, 0.55, 0.85, 0.94, 0.97, 0.98, 0.98])
    more = np.interp(a, [18, 30, 40, 50, 60, 70, 100], [0.0, 0.05, 0.10, 0.22, 0.6, 0.9, 0.95])
    ever = np.where(persons.marital[women] == SINGLE, 0.0, ever)
    born = np.where(u < ever, np.where(u < ever * more, 2, 1), 0)
    persons.parity[women] = np.minimum(np.maximum(born, at_home[women]), 12)
