"""Households of the base city: exact numbers by district and size, with plausible couples, children and elders.

In each district, in this order:

1. Marital states: a national pattern by sex and age, raked to the district's counts (iterative proportional fitting,
   Deming & Stephan 1940), so many married women as married men.
2. Couples: wives and husbands by rank of age with noise (men about two years older).
3. One-person homes: exactly the census count, drawn from the unmarried by age and state.
4. Heads of the other homes: a couple, or a lone parent; some elder couples live with a younger one.
5. Everybody else wants to live with a head of some age: a child with a mother older by her age at its birth, an elder
   with a son or daughter younger by the same gap. Sizes go to heads so that room meets these wishes by age, and people
   to places by rank.
6. Mothers: whoever lives with a woman of a mother's age gets her as mother, the nearest to the usual gap first.
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
    RESIDENT,
    SCHOOL,
    SINGLE,
    WIDOWED,
)
from krimp.state.compile import allocating_kernel, kernel
from krimp.state.purposes import (
    KEY_HOUSEHOLD,
    SYNTH_COLLECTIVE,
    SYNTH_ELDER_COUPLE,
    SYNTH_GAP,
    SYNTH_LIVING,
    SYNTH_LONE,
    SYNTH_MARRY,
    SYNTH_PAIR,
    SYNTH_SIZE,
    SYNTH_WIDOWED,
)
from krimp.state.world import World
from krimp.synthesis import raking
from krimp.synthesis.dice import choose, new_keys, normal, scale_cells, shuffled, spread, uniform, without

#: Marital state by age, shares of women and men: shape only, the levels follow the counts. [R] China 2010 census,
#: north-east provinces; the married are the rest.
_SINGLE = {
    FEMALE: (
        (17.9, 1.0), (18, 0.998), (19, 0.985), (20, 0.93), (22, 0.72), (24, 0.48), (26, 0.28), (28, 0.155), (30, 0.09), (35, 0.035),
        (40, 0.015), (45, 0.01), (50, 0.007), (60, 0.005),
    ),
    MALE: (
        (17.9, 1.0), (19, 0.999), (20, 0.98), (22, 0.86), (24, 0.67), (26, 0.48), (28, 0.30), (30, 0.19), (35, 0.08),
        (40, 0.05), (45, 0.035), (50, 0.033), (60, 0.03),
    ),
}  # fmt: skip
_DIVORCED = {
    FEMALE: ((19, 0.0), (20, 0.001), (25, 0.012), (30, 0.03), (35, 0.045), (40, 0.05), (45, 0.045), (50, 0.035),
             (60, 0.015), (70, 0.006), (100, 0.003)),
    MALE: ((19, 0.0), (22, 0.001), (25, 0.01), (30, 0.03), (35, 0.05), (40, 0.055), (45, 0.05), (50, 0.045),
           (60, 0.025), (70, 0.012), (100, 0.006)),
}  # fmt: skip
_WIDOWED = {
    FEMALE: ((20, 0.0), (25, 0.001), (35, 0.005), (40, 0.012), (45, 0.022), (50, 0.045), (55, 0.085), (60, 0.15),
             (65, 0.25), (70, 0.37), (75, 0.51), (80, 0.66), (85, 0.77), (100, 0.92)),
    MALE: ((20, 0.0), (30, 0.001), (40, 0.004), (50, 0.013), (55, 0.024), (60, 0.045), (65, 0.08), (70, 0.135),
           (75, 0.22), (80, 0.33), (85, 0.45), (100, 0.68)),
}  # fmt: skip
#: Household sizes of a pack without a table of them: north-east towns 2010, shares of sizes 1 to 7. [R]
DEFAULT_SIZES = np.array([0.13, 0.29, 0.35, 0.13, 0.07, 0.02, 0.01])
#: Homes of two or more headed by a lone parent or another unmarried person, share. [A], set by hand so that homes of
#: one generation come near the census of 2010 (166,132, one-person homes among them)
LONE_HEADS = 0.105
#: Noise of ages before wives and husbands are paired, years. [A] gives a spread of the difference of about 3
PAIR_NOISE = 2.0
#: Age of a mother at a child's birth: mode and spread below and above it, bounds, years. [R] China 2010: mean near 26
GAP_MODE, GAP_BELOW, GAP_ABOVE = 24.8, 2.8, 5.4
GAP_LOW, GAP_HIGH = 18.2, 44.0
#: Noise of sizes about the room wished for, persons. [A]
SIZE_NOISE = 0.8


def fill(world: World) -> None:
    """Collective people, couples, households and their members; marital states and mothers at home."""
    _collective(world)
    persons = world.persons
    living = np.nonzero((persons.collective == 0) & (persons.state == RESIDENT))[0]
    bounds = np.searchsorted(persons.district[living], np.arange(world.nd + 1))
    for d in range(world.nd):
        rows = living[bounds[d] : bounds[d + 1]]
        if len(rows):
            _district(world, d, rows)


def _collective(world: World) -> None:
    """Choose who lives in collective places, by kind and plausible age; they are unmarried or widowed."""
    table = world.pack.tables.get("collective")
    if table is None:
        return
    year = int(world.pack.config.base[:4])
    rows = table.filter(pl.col("year") == year)
    persons = world.persons
    kinds = {"school": SCHOOL, "camp": CAMP, "care": CARE, "other": OTHER_COLLECTIVE}
    targets = dict(zip(zip(rows["district"], rows["kind"], strict=True),
                       scale_cells(rows["persons"].to_numpy(), world.weight, world.copies), strict=True))  # fmt: skip
    for d, name in enumerate(world.districts):
        mine = np.nonzero(persons.district[1:] == d)[0] + 1
        a = (world.base - persons.birth[mine].astype(np.int64)) // 12
        man = persons.sex[mine] == MALE
        for kind, code in kinds.items():
            count = int(targets.get((name, kind), 0))
            if count == 0:
                continue
            if code == SCHOOL:
                weight = np.where((a >= 15) & (a <= 22), 1.0, 0.0)
            elif code == CAMP:
                weight = np.where((a >= 20) & (a <= 55), np.where(man, 1.0, 0.15), 0.0)
            elif code == CARE:
                weight = np.where(a >= 75, 2.0, np.where(a >= 60, 0.5, 0.0))
            else:
                weight = np.where((a >= 18) & (a <= 60), np.where(man, 1.0, 0.6), 0.0)
            weight = np.where(persons.collective[mine] == 0, weight + 1e-9, 0.0)
            persons.collective[mine[choose(persons.key[mine], SYNTH_COLLECTIVE + code, weight, count)]] = code
    old = np.nonzero((persons.collective > 0) & (persons.birth <= world.base - 12 * 60))[0]
    persons.marital[old[uniform(persons.key[old], SYNTH_WIDOWED) < 0.6]] = WIDOWED


def _sizes(world: World, district: int, members: int) -> np.ndarray:
    """Sizes of all households of a district, ascending, adding up to `members` people."""
    table = world.pack.tables.get("households")
    year = int(world.pack.config.base[:4])
    name = world.districts[district]
    counts: dict[int, int] = {}
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
    if not sum(counts.values()):
        counts = dict(enumerate(spread(max(int(members * world.weight / world.copies / _mean_size()), 1),
                                       DEFAULT_SIZES).tolist(), 1))  # fmt: skip
    sizes = np.array(sorted(counts), np.int64)
    numbers = scale_cells(np.array([counts[int(s)] for s in sizes]), world.weight, world.copies)
    out = np.repeat(sizes, numbers)
    if len(out) == 0:
        out = np.ones(1, np.int64)
    if len(out) > members:
        out = np.ones(members, np.int64)
    return _fit_sizes(out, members)


def _mean_size() -> float:
    return int((DEFAULT_SIZES * 100 + 0.5).astype(np.int64) @ np.arange(1, 8)) / 100.0


def _fit_sizes(out: np.ndarray, members: int) -> np.ndarray:
    """People in excess go to the smallest homes of two or more, people short come off the largest; one-person homes
    are kept as long as they can be."""
    difference = members - int(out.sum())
    while difference > 0:
        several = np.nonzero(out >= 2)[0]
        if not len(several):
            several = np.arange(len(out))[-1:]
        take = several[: min(difference, len(several))]
        out[take] += 1
        difference -= len(take)
        out = np.sort(out, kind="stable")
    while difference < 0:
        large = np.nonzero(out >= 3)[0]
        if not len(large):
            large = np.nonzero(out >= 2)[0]
        take = large[-min(-difference, len(large)) :]
        out[take] -= 1
        difference += len(take)
        out = np.sort(out, kind="stable")
    return out


def _pattern() -> np.ndarray:
    """float64[sex, age, marital state]: the national pattern in single years of age."""
    ages = np.arange(raking.OLDEST) + 0.5
    out = np.zeros((2, raking.OLDEST, 4))
    for sex in (FEMALE, MALE):
        for code, table in ((SINGLE, _SINGLE), (DIVORCED, _DIVORCED), (WIDOWED, _WIDOWED)):
            x = np.array([point[0] for point in table[sex]], np.float64)
            y = np.array([point[1] for point in table[sex]], np.float64)
            out[sex, :, code] = np.interp(ages, x, y)
        out[sex, :18, MARRIED] = 0.0
        out[sex, 18:, MARRIED] = np.maximum(
            1.0 - out[sex, 18:, SINGLE] - out[sex, 18:, DIVORCED] - out[sex, 18:, WIDOWED], 0.01
        )
    return out


def _marital_count(world: World, d: int, state: str) -> float:
    """Counted people of a district in a marital state, scaled; -1 when nobody counted."""
    table = world.pack.tables.get("marital")
    if table is None:
        return -1.0
    year = int(world.pack.config.base[:4])
    rows = table.filter(
        (pl.col("year") == year) & (pl.col("district") == world.districts[d]) & (pl.col("state") == state)
    )
    return float(int(rows["persons"].sum())) * world.copies / world.weight if rows.height else -1.0


def _marital(
    world: World, d: int, key: np.ndarray, sex: np.ndarray, age: np.ndarray, most: int
) -> np.ndarray:
    """Marital state of each person of a district; equally many married women and men, at most `most` couples."""
    cell = raking.cells(sex, age)
    people, start = raking.counts(cell)
    x = _pattern()
    couples = _marital_count(world, d, "married") / 2.0
    if couples < 0.0:  # nobody counted: as many as the smaller of the two sexes has by the pattern
        women, men = raking.expected(x, people, MARRIED)
        couples = min(women, men)
    targets = np.full((2, 4), -1.0)
    targets[:, MARRIED] = couples
    for state, code in (("divorced", DIVORCED), ("widowed", WIDOWED)):
        targets[:, code] = _marital_count(world, d, state), raking.BOTH
    raking.rake(x, people, targets, raking.ROUNDS)
    marital = np.zeros(len(key), np.int8)
    raking.take(shuffled(cell, key, SYNTH_MARRY), start, x, marital)
    married = [np.nonzero((sex == s) & (marital == MARRIED))[0] for s in (FEMALE, MALE)]
    n = min(len(married[0]), len(married[1]), most)
    for group in married:
        marital[group[choose(key[group], SYNTH_PAIR, np.ones(len(group)), len(group) - n)]] = SINGLE
    return marital


def _pairs(
    key: np.ndarray, sex: np.ndarray, age: np.ndarray, marital: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Wives and husbands, paired by rank of age with noise; ascending ages."""
    noisy = age + PAIR_NOISE * normal(key, SYNTH_PAIR)
    groups = []
    for s in (FEMALE, MALE):
        group = np.nonzero((sex == s) & (marital == MARRIED))[0]
        groups.append(group[np.lexsort((group, noisy[group]))])
    return groups[0], groups[1]


@allocating_kernel
def _fit_room(bin_of, adults, noise, sizes, ratio, rounds, out):
    """Sizes (ascending) to heads so that the mean free room by age of head comes near `ratio`.

    A counting sort over rounded scores; each round moves the scores of an age by what its room was off.
    """
    n = bin_of.size
    n_bins = ratio.size
    cells = 4096
    offset = ratio.copy()
    place = np.zeros(cells + 1, np.int64)
    score = np.zeros(n, np.int64)
    for _ in range(rounds):
        place[:] = 0
        for i in range(n):
            q = int((adults[i] + offset[bin_of[i]] + noise[i] + 8.0) * 128.0)
            q = min(max(q, 0), cells - 1)
            score[i] = q
            place[q + 1] += 1
        for q in range(cells):
            place[q + 1] += place[q]
        room = np.zeros(n_bins)
        heads = np.zeros(n_bins)
        for i in range(n):
            out[i] = sizes[place[score[i]]]
            place[score[i]] += 1
            room[bin_of[i]] += out[i] - adults[i]
            heads[bin_of[i]] += 1.0
        for b in range(n_bins):
            if heads[b] > 0.0:
                offset[b] += 0.7 * (ratio[b] - room[b] / heads[b])


@kernel
def _elder_homes(wish, head_age, room, order, need, out):
    """Elder couples (wished head ages ascending) to homes with room for two, heads' ages ascending in `order`."""
    j = 0
    homes = order.size
    for i in range(wish.size):
        left = wish.size - i
        while homes - j > left and head_age[order[j]] < wish[i] - 1.0:
            j += 1
        out[i] = order[j]
        room[order[j]] -= need
        j += 1


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
def _mothers(order, start, birth, sex, partner, n_homes, mother):
    """The woman at home whose age fits best becomes a member's mother; never one's wife's or husband's mother too."""
    for i in range(n_homes):
        for j in range(start[i], start[i + 1]):
            p = order[j]
            best = 0
            nearest = 12 * 40
            for k in range(start[i], start[i + 1]):
                m = order[k]
                gap = np.int64(birth[p]) - np.int64(birth[m])
                if sex[m] != 0 or gap < 12 * 18 or gap > 12 * 45:
                    continue
                q = partner[p]
                if q != 0 and (mother[q] == m or q == m):
                    continue
                off = abs(gap - 12 * 25)
                if off < nearest:
                    nearest = off
                    best = m
            mother[p] = best


def gaps(keys: np.ndarray, purpose: int) -> np.ndarray:
    """A mother's age at a birth, years, one per key."""
    z = normal(keys, purpose)
    return np.clip(GAP_MODE + np.where(z > 0, GAP_ABOVE, GAP_BELOW) * z, GAP_LOW, GAP_HIGH)


def _alone(key: np.ndarray, age: np.ndarray, marital: np.ndarray, count: int) -> np.ndarray:
    """Who lives alone: unmarried adults, by state and age; if they do not suffice, any unmarried person."""
    single = np.interp(age, [18, 18.1, 20, 24, 30, 40, 80], [0.0, 0.02, 0.10, 0.25, 0.6, 0.8, 0.8])
    widowed = np.interp(age, [40, 60, 70, 80, 90], [0.5, 0.8, 0.8, 0.6, 0.35])
    weight = np.where(marital == SINGLE, single, np.where(marital == DIVORCED, 0.9, widowed))
    weight = np.where(marital == MARRIED, 0.0, weight + np.where(age >= 16, 1e-6, 1e-10))
    return choose(key, SYNTH_LIVING, weight, count)


def _district(world: World, d: int, rows: np.ndarray) -> None:
    persons = world.persons
    key = persons.key[rows]
    sex = persons.sex[rows]
    age = (world.base - persons.birth[rows].astype(np.int64)) / 12.0
    sizes = _sizes(world, d, len(rows))
    ones = int((sizes == 1).sum())
    several = len(sizes) - ones
    # everybody alone is unmarried, and each couple needs a home of its own or room beside another one
    most = min((len(rows) - ones) // 2, several + int((sizes >= 4).sum()))
    marital = _marital(world, d, key, sex, age, most)
    women, men = _pairs(key, sex, age, marital)
    alone = _alone(key, age, marital, ones)
    taken = np.zeros(len(rows), bool)
    taken[alone] = taken[women] = taken[men] = True

    # --- heads: couples first; enough elder couples move in with a younger one to leave homes to lone parents
    free = np.nonzero(~taken)[0]
    lone_count = min(max(several - len(women), int(LONE_HEADS * several)), len(free), several)
    lone_count = max(lone_count, several - len(women))
    beside = max(len(women) - (several - lone_count), 0)
    with_young = np.interp(age[women], [42, 47, 52, 60, 75, 90], [1e-6, 0.3, 0.8, 1.1, 1.0, 0.6])
    second = choose(key[women], SYNTH_ELDER_COUPLE, with_young, beside)
    first = np.delete(np.arange(len(women)), second)
    weight = np.where(
        marital[free] == SINGLE,
        np.where(age[free] >= 25, 0.12, np.where(age[free] >= 21, 0.005, 1e-6)),
        np.where(age[free] < 75, 1.0, 0.3),
    )
    weight = np.where(age[free] < 18, 1e-9, weight) * np.where(sex[free] == FEMALE, 1.3, 1.0)
    lone = free[choose(key[free], SYNTH_LONE, weight, lone_count)]
    taken[lone] = True
    head_f = np.concatenate([women[first], np.where(sex[lone] == FEMALE, lone, -1)])
    head_m = np.concatenate([men[first], np.where(sex[lone] == MALE, lone, -1)])
    head = np.where(head_f >= 0, head_f, head_m)
    head_age = age[head]
    adults = np.concatenate([np.full(len(first), 2), np.ones(len(lone), np.int64)])

    # --- with a head of which age everybody else wants to live
    others = np.nonzero(~taken)[0]
    a, gap = age[others], gaps(key[others], SYNTH_GAP)
    child = (a < 25) | ((marital[others] != WIDOWED) & (a < 58))
    wish = np.where(child, np.where(a + gap < 86, a + gap, a - gap), a - gap)
    wish = np.maximum(wish, 19.0)
    elder = women[second]
    elder_gap = gaps(key[elder], SYNTH_GAP)
    elder_wish = np.maximum(age[elder] - elder_gap, 19.0)
    size = _give_sizes(key[head], head_age, adults, sizes[ones:], wish, elder_wish)
    room = size - adults

    # --- couples beside couples, then all others by rank
    homes_of_second, second = _beside(key[head], room, head_age, second, elder_wish)
    places = np.repeat(np.arange(len(room)), room)
    torn = without(np.arange(len(women)), np.concatenate([first, second]))
    if len(torn):  # no home has room for both: they live as two single people
        apart = np.concatenate([women[torn], men[torn]])
        marital[apart] = SINGLE
        others = np.concatenate([others, apart])
        wish = np.concatenate([wish, np.maximum(age[apart] - 25.0, 19.0)])
    # year by year of heads' age: elders first, into the larger homes, where grandchildren live too
    slot = np.arange(len(places)) - np.repeat(np.cumsum(room) - room, room)
    places = places[np.lexsort((places, -room[places], slot, head_age[places].astype(np.int64)))]
    young = age[others] < wish
    others = others[np.lexsort((others, young, wish.astype(np.int64)))]

    index = np.arange(len(room)) + ones
    who = [alone, head_m[head_m >= 0], head_f[head_f >= 0], women[second], men[second], others]
    where = [np.arange(ones), index[head_m >= 0], index[head_f >= 0], index[homes_of_second], index[homes_of_second],
             index[places]]  # fmt: skip
    partner = np.full(len(rows), -1, np.int64)
    kept = np.concatenate([first, second])
    partner[women[kept]], partner[men[kept]] = men[kept], women[kept]
    _settle(world, d, rows, np.concatenate(who), np.concatenate(where),
            np.repeat(np.arange(len(who)), [len(w) for w in who]), len(sizes), marital, partner)  # fmt: skip


def _give_sizes(
    key: np.ndarray,
    head_age: np.ndarray,
    adults: np.ndarray,
    sizes: np.ndarray,
    wish: np.ndarray,
    elder_wish: np.ndarray,
) -> np.ndarray:
    """Size of each head's home: more room at the ages of heads that others want to live with."""
    if not len(head_age):
        return np.zeros(0, np.int64)
    low, high = int(head_age.min()), int(head_age.max())
    bins = high - low + 1
    heads = np.bincount((head_age - low).astype(np.int64), minlength=bins).astype(np.float64)
    demand = np.bincount(np.clip(wish - low, 0, bins - 1).astype(np.int64), minlength=bins)
    demand += 2 * np.bincount(np.clip(elder_wish - low, 0, bins - 1).astype(np.int64), minlength=bins)
    ratio = _window(demand.astype(np.float64)) / np.maximum(_window(heads), 1e-9)
    out = np.zeros(len(head_age), np.int64)
    _fit_room(
        (head_age - low).astype(np.int64), adults, SIZE_NOISE * normal(key, SYNTH_SIZE), sizes, ratio, 6, out
    )
    return out


def _window(values: np.ndarray) -> np.ndarray:
    """Sums over five neighbouring years."""
    total = np.concatenate([np.zeros(3), np.cumsum(values), np.full(2, 0.0)])
    total[-2:] = total[-3]
    return total[5:] - total[:-5]


def _beside(
    key: np.ndarray, room: np.ndarray, head_age: np.ndarray, second: np.ndarray, wish: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(home, couple) of the couples that live beside another one; `room` is taken from. Homes of five and more first."""
    able = np.nonzero((room >= 3) & (head_age < 62))[0]
    if len(able) < len(second):  # then homes of four, without a grandchild
        small = np.nonzero((room == 2) & (head_age < 70))[0]
        count = len(second) - len(able)
        able = np.concatenate(
            [able, small[choose(key[small], SYNTH_ELDER_COUPLE, np.ones(len(small)), count)]]
        )
    if len(able) < len(second):
        able = np.nonzero(room >= 2)[0]
    n = min(len(able), len(second))
    if n == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    order = np.lexsort((second, wish))[:n]
    out = np.zeros(n, np.int64)
    _elder_homes(wish[order], head_age, room, able[np.lexsort((able, head_age[able]))], 2, out)
    return out, second[order]


def _settle(
    world: World, d: int, rows: np.ndarray, member: np.ndarray, home: np.ndarray, rank: np.ndarray, n_homes: int,
    marital: np.ndarray, partner: np.ndarray,
) -> None:  # fmt: skip
    """Append a district's households and write members, partners and mothers."""
    persons, households = world.persons, world.households
    by_home = np.argsort(
        (home.astype(np.int64) << 34) | (rank.astype(np.int64) << 31) | member, kind="stable"
    )
    member = member[by_home]
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
    people = rows[member]
    _write(persons.household, persons.next, households.first, households.size, people, start, ids, n_homes)
    persons.homes[head] = 1
    persons.marital[rows] = marital
    paired = np.nonzero(partner >= 0)[0]
    persons.partner[rows[paired]] = rows[partner[paired]]
    _mothers(people, start, persons.birth, persons.sex, persons.partner, n_homes, persons.mother)
