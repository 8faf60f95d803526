"""The labour market: posts and people meet once a month; the sectors say how many posts they want.

Losses: where a sector has more people than posts, each of its people is let go with probability (people - posts) /
people; others quit at a hazard that rises where pay is cut or late (+20% per three months unpaid, mechanisms 6 [A]).
Mine posts are partly cut by early pensions. Hires: M = U V / (U^l + V^l)^(1/l) (den Haan, Ramey & Watson 2000) of the U
who look and the V posts open; a searcher is found with probability M / U, chooses a sector with weight
vacancies * fit(sex, schooling, district), and each sector takes its proposers by a keyed hash until its posts are full.
Who finds nothing gives up at a hazard and looks again more when hiring is brisk; at the base both flows balance.
Draws hang on the person; a cheap hash of key and month picks one in 32 of those in work before the keyed draw is made.
"""

from __future__ import annotations

import numpy as np

from krimp.processes import jobs, pensions, population, wages
from krimp.processes.household_income import IDLE_BITS, LAST_WORK, LEAVE_BITS
from krimp.processes.kin import quit_job
from krimp.state.codes import (
    CONSTRUCTION,
    EMPLOYED,
    EVENT,
    FARM,
    FEMALE,
    INACTIVE,
    INDUSTRY,
    MINE,
    N_SECTORS,
    OPEN,
    OWN_ACCOUNT,
    PENSIONER,
    PUBLIC,
    REASON,
    RESIDENT,
    SERVICES,
    UNEMPLOYED,
)
from krimp.state.compile import allocating_kernel, helper, kernel, prefetch
from krimp.state.parameters import Parameter
from krimp.state.purposes import JOB_LEAVE, JOB_REENTRY, JOB_SEARCH, JOB_SLOT
from krimp.state.random import S32, draw, threshold, unit, words_of
from krimp.state.world import Series, World, emit

PARAMETERS = (
    Parameter(
        "labour_market.matching", 1.27, "exponent", "fixed", "[R] den Haan, Ramey & Watson 2000 AER", "l in the matching function",
        0.1, 10.0,
    ),
    Parameter(
        "labour_market.quit", 0.003, "per month", "lognormal(0.003, 0.4)", "[A] low turnover of old state sectors",
        "quits into joblessness at full pay", 0.0, 0.03,
    ),
    Parameter(
        "labour_market.quit_pay", 1.5, "ratio", "uniform(0.5, 3.0)", "[A] +20% per three months unpaid (mechanisms 6)",
        "rise of quits per unit of pay lost", 0.0, 10.0,
    ),
    Parameter(
        "labour_market.give_up", 0.03, "per month", "lognormal(0.03, 0.4)",
        "[A] half of those out of work stop looking within two years", "hazard of giving up the search", 0.0, 0.5,
    ),
    Parameter(
        "labour_market.women_heavy", 0.15, "weight", "uniform(0.05, 0.25)", "[R] women are barred from work underground",
        "fit of women for mine and building relative to men", 0.0, 1.0,
    ),
    Parameter(
        "labour_market.farm_entry", 0.3, "weight", "uniform(0.1, 0.6)", "[A] the young do not begin to farm",
        "fit of searchers for farming", 0.0, 1.0,
    ),
    Parameter(
        "labour_market.degree_public", 6.0, "weight", "uniform(3, 12)", "[A] posts need a degree",
        "fit of graduates for public posts relative to others", 0.0, 100.0,
    ),
)  # fmt: skip
SERIES = (
    Series("jobs", "persons", "stock", "residents in work"),
    Series("mining_jobs", "persons", "stock", "of these in the mine"),
    Series("farm_jobs", "persons", "stock", "on farms"),
    Series("public_jobs", "persons", "stock", "in schools, hospitals and offices"),
    Series("industry_jobs", "persons", "stock", "in factories and utilities"),
    Series("construction_jobs", "persons", "stock", "in building"),
    Series("service_jobs", "persons", "stock", "in shops and services, own account included"),
    Series("shop_jobs", "persons", "stock", "people who work in or own a shop of the shops table"),
    Series("unemployment_rate", "share", "rate", "looking for work / (in work + looking)"),
    Series("hires", "persons", "flow", "people who found work"),
    Series("layoffs", "persons", "flow", "people who lost work"),
    Series("quits", "persons", "flow", "people who gave up work"),
)
BRANCHES = (
    "labour_market.layoff", "labour_market.shop_layoff", "labour_market.quit", "labour_market.early_pension",
    "labour_market.hire", "labour_market.shop_hire", "labour_market.turned_down", "labour_market.gave_up",
    "labour_market.looks_again",
)  # fmt: skip

_START, _LOSS, _RETIRED = EVENT["job_start"], EVENT["job_loss"], EVENT["retired"]
_EARLY, _BY_QUIT = REASON["early_pension"], REASON["low_demand"]
#: Those in work are screened: one stands for so many.
_SCREEN = float(1 << LEAVE_BITS)
#: Event reason of a sector.
_REASON = np.array([REASON.get(name, 0) for name in jobs.NAMES], np.int64)


@kernel
def separate(
    P,
    S,
    E,
    month,
    rows,
    words,
    lay,
    quit,
    early,
    early_age,
    early_pay,
    floor,
    wanted,
    excess,
    jobs_now,
    reasons,
    laid,
    left,
    fired,
    most_laid,
    most_quits,
):
    """Layoffs, early pensions and quits among the screened `rows`, whose luck is `words`. `lay`, `quit`: probability by
    sector, times 32.

    wanted[shop]: staff it wants; excess[shop]: scratch. jobs_now[d, s] is kept up to date.
    """
    for j in range(wanted.size):
        # the share that is too many; np.divide does not ask whether the divisor is 0, so this is vector code
        staff = np.float64(S.staff[j])
        excess[j] = np.divide(max(staff - wanted[j], 0.0), max(staff, 1.0)) * _SCREEN
    for i in range(rows.size):
        if i + 16 < rows.size:
            prefetch((P.employer,), rows[i + 16])
        p = rows[i]
        if P.employer[p] == 0 and words[0, i] >= most_laid and words[1, i] >= most_quits:
            continue
        if P.state[p] != RESIDENT or P.activity[p] != EMPLOYED:
            continue
        shop = P.employer[p]
        if shop != 0 and S.owner[shop] == p:
            continue
        s = P.sector[p]
        d = P.district[p]
        chance = lay[s] if shop == 0 else excess[shop]
        if words[0, i] < threshold(chance):
            age = month - np.int64(P.birth[p])
            if shop != 0:
                fired[1] += 1
            if age >= early_age[P.sex[p], s] and words[2, i] < threshold(early[s]):
                P.pension[p] = max(np.int64(early_pay * P.wage[p]), floor)
                quit_job(P, S, p)
                P.activity[p] = PENSIONER
                emit(E, month, _RETIRED, _EARLY, d, p, P.household[p], 0, 0, P.pension[p])
                fired[3] += 1
            else:
                emit(E, month, _LOSS, reasons[s], d, p, P.household[p], 0, shop, P.wage[p])
                quit_job(P, S, p)
                P.activity[p] = UNEMPLOYED
                fired[0] += 1
            laid[d] += 1
            jobs_now[d, s] -= 1
        elif words[1, i] < threshold(quit[s]):
            emit(E, month, _LOSS, _BY_QUIT, d, p, P.household[p], 0, shop, P.wage[p])
            quit_job(P, S, p)
            P.activity[p] = UNEMPLOYED
            left[d] += 1
            jobs_now[d, s] -= 1
            fired[2] += 1


@kernel
def search(P, month, rows, words, found, give_up, weights, persons, turn, fired):
    """Searchers `rows`, whose luck is `words`, who find a post propose to a sector: `persons` and their `turn`, their hash
    behind the sector. weights[sex, schooling, district, sector]: open posts times fit, their sum at 0. Returns how many."""
    n = 0
    for i in range(rows.size):
        if i + 16 < rows.size and words[0, i + 16] < found:
            prefetch((P.state, P.activity, P.birth, P.sex, P.schooling, P.district), rows[i + 16])
        if words[0, i] >= found and words[3, i] >= give_up:
            continue
        p = rows[i]
        if P.state[p] != RESIDENT or P.activity[p] != UNEMPLOYED or month - np.int64(P.birth[p]) >= LAST_WORK:
            continue
        weight = weights[P.sex[p], P.schooling[p], P.district[p]]
        if words[0, i] < found and weight[0] > 0.0:
            mark = unit(words[1, i]) * weight[0]
            pick = 0
            for s in range(1, weight.size):
                if weight[s] > 0.0:
                    pick = s
                    mark -= weight[s]
                    if mark < 0.0:
                        break
            persons[n] = p
            turn[n] = (np.uint64(pick) << S32) | np.uint64(words[2, i])
            n += 1
        elif words[3, i] < give_up:
            P.activity[p] = INACTIVE
            fired[7] += 1
    return n


@kernel
def look_again(P, rows, words, chance, fired):
    """Screened idle adults look for work again."""
    for i in range(rows.size):
        if words[i] < chance:
            p = rows[i]
            if P.state[p] == RESIDENT and P.activity[p] == INACTIVE and P.pension[p] == 0:
                P.activity[p] = UNEMPLOYED
                fired[8] += 1


@helper
def _vacant(S, wanted, shop):
    return (S.state[shop] == OPEN) * max(np.int64(np.floor(wanted[shop] + 0.5)) - S.staff[shop], 0)


@allocating_kernel
def places(S, wanted, month, room):
    """Shop (int32, 0 = none) and hash (uint64) of each place in services: of shops that have fewer people than
    wanted[shop], then of none until there are `room`."""
    n = 0
    for j in range(wanted.size):
        n += _vacant(S, wanted, j)
    shops, marks = np.zeros(max(n, room), np.int32), np.empty(max(n, room), np.uint64)
    n = 0
    for j in range(wanted.size):
        for _ in range(_vacant(S, wanted, j)):
            shops[n] = j
            n += 1
    for k in range(shops.size):
        x = np.uint64(shops[k]) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(k) * np.uint64(0xD6E8FEB86659FD93)
        x = (x ^ np.uint64(month * 0x632BE5AB)) * np.uint64(0xFF51AFD7ED558CCD)
        marks[k] = (x ^ (x >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return shops, marks


@kernel
def hire(
    P, S, E, seed, month, persons, turn, open_posts, slots, pay, school_pay, jobs_now, reasons, hired, fired
):
    """Those who propose, by `turn`, start work until the open posts of their sector are filled. `slots`: shop (0 = none)
    of the k-th place filled in services, in keyed order."""
    k, last, n = 0, 0, 0
    for i in range(persons.size):
        if i + 8 < persons.size:
            p = persons[i + 8]
            prefetch(
                (P.key, P.activity, P.sector, P.employer, P.wage, P.schooling, P.district, P.household), p
            )  # fmt: skip
        p = persons[i]
        s = np.int64(turn[i] >> S32)
        n = n + 1 if s == last else 1
        last = s
        if n > open_posts[s]:
            fired[6] += 1
            continue
        shop = np.int32(0)
        if s == SERVICES and k < slots.size:
            shop = slots[k]
            k += 1
        u = unit(draw(seed, P.key[p], month, JOB_SLOT))
        P.activity[p] = EMPLOYED
        P.sector[p] = s
        P.employer[p] = shop
        P.wage[p] = np.int32(pay[s] * school_pay[P.schooling[p]] * (0.8 + 0.4 * u))
        if shop != 0:
            S.staff[shop] += 1
            fired[5] += 1
        d = P.district[p]
        jobs_now[d, s] += 1
        hired[d] += 1
        emit(E, month, _START, reasons[s], d, p, P.household[p], 0, shop, P.wage[p])
        fired[4] += 1


def start(world: World) -> None:
    """Re-entry that balances giving up at the base; nobody has been hired yet."""
    memory = world.memory
    looking = float(memory["household_income.unemployed"].sum())
    idle = float(len(memory["household_income.idle"])) * 2.0**IDLE_BITS
    memory["labour_market.looks_again"] = world.params["labour_market.give_up"] * looking / max(idle, 1.0)
    memory["labour_market.found0"] = 0.0
    memory["labour_market.months"] = 0


def matches(looking: float, open_posts: float, power: float) -> float:
    """Number of matches of searchers and open posts."""
    if looking <= 0.0 or open_posts <= 0.0:
        return 0.0
    ratio = min(looking, open_posts) / max(looking, open_posts)
    return min(looking, open_posts) / jobs.power(1.0 + jobs.power(ratio, power), 1.0 / power)


def _weights(world: World, open_posts: np.ndarray) -> np.ndarray:
    """float64[2, 5, nd, N_SECTORS] weight of a sector by sex, schooling and district: open posts times fit; sum at 0."""
    p = world.params
    sex = np.ones((2, 1, 1, N_SECTORS))
    sex[FEMALE, :, :, MINE] = sex[FEMALE, :, :, CONSTRUCTION] = p["labour_market.women_heavy"]
    school = np.ones((5, 1, N_SECTORS))
    school[4, :, PUBLIC] = p["labour_market.degree_public"]
    school[:, :, FARM] = p["labour_market.farm_entry"]
    school[4, :, MINE] = school[4, :, FARM] = 0.3
    here = jobs.employed(world).astype(np.float64)
    share = here / np.maximum(here.sum(axis=1, keepdims=True), 1.0)
    mean = here.sum(axis=0) / max(here.sum(), 1.0)
    place = np.clip(share / np.maximum(mean, 1e-9), 0.05, 5.0)
    out: np.ndarray = open_posts * sex * school * place
    out[..., 0] = np.cumsum(out[..., 1:], axis=-1)[..., -1]
    return out


def _layoffs(world: World, now: np.ndarray, fired: np.ndarray) -> None:
    p, memory = world.params, world.memory
    target = jobs.array(world, "jobs.target")
    have = now.sum(axis=0).astype(np.float64)
    cut = np.divide(np.maximum(have - target, 0.0), have, out=np.zeros(N_SECTORS), where=have > 0)
    pay = jobs.array(world, "jobs.pay_share", 1.0)
    quit = p["labour_market.quit"] * (1.0 + p["labour_market.quit_pay"] * np.maximum(0.0, 1.0 - pay))
    wanted, rows = memory["shops.wanted"], memory["household_income.leave"]
    world.events.reserve(len(rows))
    separate(
        world.persons.view(), world.shops.view(), world.events.view(), world.month, rows,
        words_of(world.seed, world.persons.key.take(rows), world.month, JOB_LEAVE), cut * _SCREEN, quit * _SCREEN,
        jobs.array(world, "jobs.early"), memory["pensions.tables"][3], pensions.replacement(world, MINE),
        np.int64(pensions.floor(world)), wanted, np.empty(len(wanted)), now, _REASON, world.counter("layoffs"),
        world.counter("quits"), fired, threshold(cut.max() * _SCREEN), threshold(quit.max() * _SCREEN),
    )  # fmt: skip


def _open_posts(world: World, now: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Open posts by sector (float64[N_SECTORS], whole numbers) and the shops' places among those in services."""
    open_posts = np.floor(np.maximum(jobs.array(world, "jobs.target") - now.sum(axis=0), 0.0) + 0.5)
    shops, marks = places(
        world.shops.view(), world.memory["shops.wanted"], world.month, int(open_posts[SERVICES])
    )
    open_posts[SERVICES] = len(shops)
    # places in an order that hangs on shop and month, not on position
    return open_posts, shops[np.argsort(marks, kind="stable")]


def _hires(world: World, now: np.ndarray, fired: np.ndarray) -> None:
    p, memory = world.params, world.memory
    rows = memory["household_income.seek"]
    open_posts, slots = _open_posts(world, now)
    looking = float(len(rows))
    found = (
        min(matches(looking, float(open_posts.sum()), p["labour_market.matching"]) / looking, 1.0)
        if looking
        else 0.0
    )
    months = int(memory["labour_market.months"])
    if months < 12:
        memory["labour_market.found0"] += found / 12.0
        memory["labour_market.months"] = months + 1
        brisk = 1.0
    else:
        brisk = min(max(found / max(memory["labour_market.found0"], 1e-6), 0.2), 3.0)
    weights = _weights(world, open_posts)
    view, keys = world.persons.view(), world.persons.key
    chances = threshold(found), threshold(p["labour_market.give_up"])

    def look(_: int, first: int, stop: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        mine = rows[first:stop]
        words = words_of(world.seed, keys.take(mine), world.month, JOB_SEARCH)
        persons, turn = np.empty(len(mine), np.int32), np.empty(len(mine), np.uint64)
        count = np.zeros_like(fired)
        n = search(view, world.month, mine, words, *chances, weights, persons, turn, count)
        return persons[:n], turn[:n], count

    parts = world.map_chunks(look, len(rows), 0, 8192)
    persons, turn = (np.concatenate([part[i] for part in parts]) for i in range(2))
    fired += sum(part[2] for part in parts)
    order = np.lexsort((keys[persons], turn))
    world.events.reserve(len(order))
    hire(
        view, world.shops.view(), world.events.view(), world.seed, world.month, persons[order], turn[order], open_posts, slots,
        wages.starting(world), wages.SCHOOL_PAY, now, _REASON, world.counter("hires"), fired,
    )  # fmt: skip
    again = memory["labour_market.looks_again"] * brisk * float(1 << IDLE_BITS)
    idle = memory["household_income.idle"]
    words = words_of(world.seed, keys.take(idle), world.month, JOB_REENTRY)
    look_again(view, idle, words[0], threshold(again), fired)


def step(world: World) -> None:
    """Losses, then hires, then those who take up the search."""
    fired = np.zeros(len(BRANCHES), np.int64)
    now = jobs.employed(world)
    _layoffs(world, now, fired)
    _hires(world, now, fired)
    for name, count in zip(BRANCHES, fired.tolist(), strict=True):
        world.fired[name] += count


def observe(world: World) -> dict[str, np.ndarray]:
    """Jobs by sector, counted at month end."""
    table, in_shops = world.memory["population.work"].sum(axis=3), population.by_flag(world, 2)
    table = np.concatenate([table, table.sum(axis=0, keepdims=True)])
    whole = table[:, EMPLOYED].astype(np.float64)
    work_all = whole.sum(axis=1)
    looking = table[:, UNEMPLOYED].sum(axis=1).astype(np.float64)
    return {
        "jobs": work_all,
        "mining_jobs": whole[:, MINE],
        "farm_jobs": whole[:, FARM],
        "public_jobs": whole[:, PUBLIC],
        "industry_jobs": whole[:, INDUSTRY],
        "construction_jobs": whole[:, CONSTRUCTION],
        "service_jobs": whole[:, SERVICES] + whole[:, OWN_ACCOUNT],
        "shop_jobs": np.append(in_shops, in_shops.sum()).astype(np.float64),
        "unemployment_rate": np.divide(
            looking, looking + work_all, out=np.zeros(world.nd + 1), where=(looking + work_all) > 0
        ),
    }
