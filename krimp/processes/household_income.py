"""Pay day: wages, pensions, help from those away, costs of students away, booked by district and employer.

One pass over all persons a month. Each resident's wage is his contract wage times his sector's pay share (1 where all is
well); a public wage is paid as far as the treasury pays (`public_spending.wage_share`, above 1 old arrears are paid too),
the rest becomes a claim on the city. Own-account people draw what their trade leaves (`services.own_share`); shop owners
draw their shop's profit. Money of people in collective places leaves with them (they have no household here).
The pass also counts jobs and incomes and finds those who reach pension age, look for work, may lose or leave a job, or
may found a shop; these lists serve the next month. It adds up integers only, so its order does not matter.
Amounts sent home: a tenth to a fifth of migrants' pay to parents [A]; students away cost about a year's rural income [R].
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable

import numpy as np

from krimp.processes import jobs, pensions, shops
from krimp.state.codes import (
    ACTIVE,
    CLOSED,
    EMPLOYED,
    EVENT,
    FARM,
    FEMALE,
    GONE,
    INACTIVE,
    MALE,
    N_SECTORS,
    OWN_ACCOUNT,
    PENSIONER,
    PUBLIC,
    REASON,
    RESIDENT,
    STUDENT,
    UNEMPLOYED,
)
from krimp.state.columns import View
from krimp.state.compile import helper, inlined, kernel, prefetch
from krimp.state.counting import count_where, pack
from krimp.state.parameters import Parameter
from krimp.state.world import CHUNK, Series, World, emit

PARAMETERS = (
    Parameter(
        "household_income.remit_share", 0.25, "share", "uniform(0.1, 0.4)",
        "[A] people away who send money home; most children in cities do not", "givers among those who left to work",
        0.0, 1.0,
    ),
    Parameter(
        "household_income.remittance", 4000.0, "yuan/year", "lognormal(4000, 0.4)", "[A] one to two months' pay in 2010",
        "sent home by a giver at the base, growing with wages outside", 0.0, 1e5,
    ),
    Parameter("household_income.remit_years", 15.0, "years", "fixed", "[A] gifts stop when parents die or follow", "years of giving", 0.0, 60.0),
    Parameter(
        "household_income.tuition", 6500.0, "yuan/half-year", "lognormal(6500, 0.25)",
        "[R] fees of 4,000-5,000 yuan a year and living costs of 800 a month", "cost of a student away at the base", 0.0, 1e5,
    ),
    Parameter("household_income.study_months", 46.0, "months", "fixed", "[R] four-year degree", "length of study away", 0.0, 120.0),
)  # fmt: skip
SERIES = (
    Series("pension_income", "currency", "money", "pensions paid to residents"),
    Series("wage_income", "currency", "money", "wages and own-account incomes paid to residents"),
    Series("mean_wage", "currency/month", "rate", "mean contract wage of people in work"),
)
BRANCHES = (
    "household_income.wage", "household_income.own_account", "household_income.shop_wage", "household_income.pension",
    "household_income.remittance", "household_income.tuition", "household_income.shop_closed",
)  # fmt: skip

#: People looked at together, who stay in the processor's nearest cache.
BLOCK = 1024
#: Bits of the quick hash that screens people in work, idle adults and possible founders.
LEAVE_BITS, IDLE_BITS, FOUNDER_BITS = 5, 5, 7
FIRST_WORK, LAST_WORK = 16 * 12, 60 * 12

Tally = namedtuple(
    "Tally",
    [
        "count",
        "contract",
        "paid",
        "away",
        "shop_due",
        "shop_paid",
        "bill",
        "pension",
        "pension_away",
        "remitted",
    ],
)
#: Lists of people that the pass over them finds, in the order of `look_over` and of `look_at`; the others last a month.
LISTS = ("seek", "due", "study", "leave", "idle", "founder", "give")
_KEPT = ("seek", "due", "leave", "idle", "founder")
#: Activities counted.
N_ACTIVITIES = 7

_LOSS, _CLOSURE = EVENT["job_loss"], REASON["closure"]


@kernel
def pay_all(
    P, S, pay, earned, sums, shop_due, shop_paid, bill, away, pension_away, freed, flag, here, first, stop
):
    """Add the incomes of rows [first, stop) to `earned` by household, and to the sums; staff of closed shops lose their work.

    pay[s]: pay share of a sector in 1/65536. sums[d * 8 + s]: contract wages, wages paid from the sector's account,
    pensions, then people by activity; shop_due the contract part of shops' people, shop_paid by district and bill by
    shop: shops' wages; away, pension_away: to people without a household; freed: rows and shops of those whose shop has
    closed. `flag`, `here`: scratch for the residents of a block, found without a branch: a third of the rows have left or died,
    and no guess would tell which. One line of sums and unsigned indices do without most branches and checks (the wage of who
    is out of work is 0). Returns how many are in `freed` and how many shops have paid.
    """
    n_freed, n_paid = 0, 0
    for begin in range(first, stop, BLOCK):
        end = min(begin + BLOCK, stop)
        for i in range(begin, end):
            flag[np.uint64(i - begin)] = P.state[np.uint64(i)] == RESIDENT
        n = pack(flag[: end - begin], begin, here, 0)
        for k in range(n):
            if k + 16 < n:
                # late in a run members of a household are far apart, and it is far from the one before
                prefetch((earned,), P.household[np.uint64(here[k + 16])])
            row = here[k]
            p = np.uint64(row)
            h = np.uint32(P.household[p])
            s = np.uint8(P.sector[p])
            i = np.uint8(P.district[p]) * np.uint64(8) + s
            wage = np.int64(P.wage[p])
            pension = np.int64(P.pension[p])
            amount = (wage * pay[s]) >> 16
            income = amount + pension
            if P.employer[p] != 0:
                d, shop = P.district[p], P.employer[p]
                income = pension
                amount = np.int64(0)
                if S.state[shop] == CLOSED:
                    P.employer[p] = 0
                    P.wage[p] = 0
                    P.activity[p] = UNEMPLOYED
                    freed[0, n_freed] = row
                    freed[1, n_freed] = shop
                    n_freed += 1
                    wage = np.int64(0)
                else:
                    shop_due[d, s] += wage
                    if S.owner[shop] != row:
                        bill[shop] += wage
                        if h != 0:
                            shop_paid[d] += wage
                            income += wage
                        n_paid += 1
            line = sums[i]
            line[0] += wage
            line[1] += amount
            line[2] += pension
            line[np.uint8(3) + np.uint8(P.activity[p])] += 1
            earned[h] += income
            if h == 0:
                away[P.district[p], s] += amount
                pension_away[P.district[p]] += pension
    return n_freed, n_paid


@kernel
def tell_of_closures(P, E, month, freed):
    """Job losses of the staff of closed shops."""
    for i in range(freed.shape[1]):
        p = freed[0, i]
        emit(E, month, _LOSS, _CLOSURE, P.district[p], p, P.household[p], 0, freed[1, i], 0)


@kernel
def bank(earned, income, cash, pay_now, first, stop):
    """Incomes of households [first, stop) from all parts of the pass (whole numbers, so in any order), which become cash."""
    for begin in range(first, stop, BLOCK):
        end = min(begin + BLOCK, stop)
        for i in range(begin, end):
            income[np.uint64(i)] = earned[0, np.uint64(i)]
        for part in range(1, earned.shape[0]):
            for i in range(begin, end):
                income[np.uint64(i)] += earned[part, np.uint64(i)]
        if pay_now:
            for i in range(begin, end):
                cash[np.uint64(i)] += income[np.uint64(i)]


@inlined
def quick(key, month):
    """A quick hash of key and month; its first bits screen people for what few of them do in a month."""
    x = (key ^ (np.uint64(month) * np.uint64(0xD6E8FEB86659FD93))) * np.uint64(0x9E3779B97F4A7C15)
    return (x ^ (x >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)


@helper
def is_due(P, p, month, A):
    """Whether p works past the end of working life or has a pension to come."""
    age = np.int64(month) - np.int64(P.birth[p])
    sex, s, key = np.uint8(P.sex[p]), np.uint8(P.sector[p]), P.key[p]
    works, poor = P.activity[p] == EMPLOYED, P.pension[p] == 0
    idle = (P.activity[p] == UNEMPLOYED) | (P.activity[p] == INACTIVE)
    covered = np.int64((key >> np.uint64(40)) & np.uint64(255)) < A.covered[s]
    informal = A.stop_informal[sex, s] + np.int64((key >> np.uint64(48)) & np.uint64(63)) - 32
    formal = covered & ~(works & ((s == FARM) | (s == OWN_ACCOUNT)))
    limit = A.stop[sex, s] if formal else (informal if works else LAST_WORK)
    return ((age >= limit) | (poor & (age >= LAST_WORK))) & (works | (idle & poor))


@kernel
def pick(key, month, giver, first, stop, mark, hit, rows, count):
    """Rows of [first, stop) whom luck picks this month, whoever they are: rows[0, : count[0]] a 32nd to lose, leave or seek
    work, rows[1] a 128th to found a shop, rows[2] those whose turn it is to send money home. `mark`, `hit`: scratch of a block.
    """
    phase = np.uint32(month % 12)
    n0, n1, n2 = 0, 0, 0
    for begin in range(first, stop, BLOCK):
        end = min(begin + BLOCK, stop)
        for i in range(begin, end):
            luck = np.uint8(quick(key[np.uint64(i)], month) >> np.uint64(57))
            bits = np.uint32(key[np.uint64(i)] >> np.uint64(20))
            turn = ((bits >> np.uint32(12)) & np.uint32(0xFFFF)) % np.uint32(12) == phase
            gives = turn & ((bits & np.uint32(255)) < np.uint32(giver))
            mark[np.uint64(i - begin)] = (
                np.uint8(luck < 4) | np.uint8(luck == 5) << np.uint8(1) | np.uint8(gives) << np.uint8(2)
            )
        for i in hit[: pack(mark[: end - begin], begin, hit, 0)]:
            picks = np.int64(mark[np.uint64(i - begin)])
            rows[0, n0], rows[1, n1], rows[2, n2] = i, i, i
            n0 += picks & 1
            n1 += picks >> 1 & 1
            n2 += picks >> 2
    count[0], count[1], count[2] = n0, n1, n2


@kernel
def look_over(P, month, A, study_months, born, first, stop, flag, hit, rows, count, adults):
    """Lists of those of rows [first, stop) who seek, have reached an age, study away: rows[list, : count[list]]. adults[nd]:
    residents of working age. `flag`, `hit`: scratch of a block.

    Loops without branches over few columns and narrow numbers become vector code. born[own, sex] (int16): the last month of birth of
    those who may be due, own 1: who works on a farm or an own account; these few are looked at one by one.
    """
    studies = (month % 12 == 1) | (month % 12 == 8)
    woman, man, own_woman, own_man = born[0, FEMALE], born[0, MALE], born[1, FEMALE], born[1, MALE]
    until, after = np.int16(month - FIRST_WORK), np.int16(month - LAST_WORK)
    left_after = np.int16(month - study_months - 1)
    seek, due, study = 0, 0, 0
    for begin in range(first, stop, BLOCK):
        end = min(begin + BLOCK, stop)
        mine = flag[: end - begin]
        for i in range(begin, end):
            p = np.uint64(i)
            mine[np.uint64(i - begin)] = (P.activity[p] == UNEMPLOYED) & (P.state[p] == RESIDENT)
        seek = pack(mine, begin, rows[0], seek)
        for i in range(begin, end):
            p = np.uint64(i)
            of_age = (P.birth[p] > after) & (P.birth[p] <= until)
            mine[np.uint64(i - begin)] = (P.state[p] == RESIDENT) & of_age
        count_where(mine, 1, P.district[begin:end], adults, 0, end - begin)
        for i in range(begin, end):
            p = np.uint64(i)
            works = P.activity[p] == EMPLOYED
            own = works & ((P.sector[p] == FARM) | (P.sector[p] == OWN_ACCOUNT))
            last = (own_man if own else man) if P.sex[p] == MALE else (own_woman if own else woman)
            may_be = works | (P.pension[p] == 0)
            mine[np.uint64(i - begin)] = (P.birth[p] <= last) & may_be & (P.state[p] == RESIDENT)
        n = pack(mine, begin, hit, 0)
        for k in range(n):
            if k + 16 < n:
                prefetch((P.key,), hit[k + 16])
            rows[1, due] = hit[k]
            due += is_due(P, hit[k], month, A)
        if studies:
            for i in range(begin, end):
                p = np.uint64(i)
                away = (P.state[p] == GONE) & (P.left[p] > left_after)
                mine[np.uint64(i - begin)] = (P.activity[p] == STUDENT) & away
            study = pack(mine, begin, rows[2], study)
    count[0], count[1], count[2] = seek, due, study


@kernel
def look_at(P, month, first_pension, give_months, study_months, picked, rows, count):
    """Those of whom luck picks (`pick`) who may leave their work, are idle, may found, send money home: rows[list, : count[list]].
    `picked`: rows picked to lose, leave or seek work, to found, to send money."""
    leave, idle, found, give = 0, 0, 0, 0
    for k in range(picked[0].size):
        if k + 16 < picked[0].size:
            prefetch((P.state, P.birth, P.activity), picked[0][k + 16])
        i = picked[0][k]
        lives = P.state[i] == RESIDENT
        age = month - np.int64(P.birth[i])
        rows[0, leave], rows[1, idle] = i, i
        leave += lives & (P.activity[i] == EMPLOYED)
        idle += lives & (P.activity[i] == INACTIVE) & (age >= FIRST_WORK) & (age < first_pension)
    for i in picked[1]:
        age = month - np.int64(P.birth[i])
        able = (P.activity[i] == EMPLOYED) | (P.activity[i] == UNEMPLOYED)
        rows[2, found] = i
        found += able & (P.state[i] == RESIDENT) & (age >= 240) & (age < 660) & (P.household[i] != 0)
    for k in range(picked[2].size):
        if k + 16 < picked[2].size:
            prefetch((P.state, P.birth, P.activity, P.left), picked[2][k + 16])
        i = picked[2][k]
        away = month - np.int64(P.left[i])
        student = (P.activity[i] == STUDENT) & (away <= study_months)
        rows[3, give] = i
        give += (
            (P.state[i] == GONE)
            & (away <= give_months)
            & (month - np.int64(P.birth[i]) >= 216)
            & (not student)
        )
    count[0], count[1], count[2], count[3] = leave, idle, found, give


@kernel
def send_home(P, H, rows, amount, out, fired):
    """Those away send `amount` to the household they left, else to their mother's."""
    for i in range(rows.size):
        if i + 16 < rows.size:
            prefetch((P.former, P.mother), rows[i + 16])
        if i + 8 < rows.size:
            p = rows[i + 8]
            prefetch((H.state, H.district, H.income, H.cash), P.former[p])
            prefetch((P.state, P.household), P.mother[p])
        p = rows[i]
        h = P.former[p]
        m = P.mother[p]
        if (h == 0 or H.state[h] != ACTIVE) and m != 0 and P.state[m] == RESIDENT:
            h = P.household[m]
        if h != 0 and H.state[h] == ACTIVE and amount > 0:
            out[H.district[h]] += amount
            H.income[h] += amount
            H.cash[h] += amount
            fired[1] += 1


@kernel
def send_students(P, H, rows, cost, out, fired):
    """Households pay the half-year of a student away, as far as they have cash. out: fen by district."""
    for i in range(rows.size):
        h = P.former[rows[i]]
        if h == 0 or H.state[h] != ACTIVE:
            m = P.mother[rows[i]]
            h = P.household[m] if m != 0 and P.state[m] == RESIDENT else np.int32(0)
        if h == 0 or H.cash[h] <= 0:
            continue
        amount = min(cost, H.cash[h])
        H.cash[h] -= amount
        out[H.district[h]] += amount
        fired[0] += 1


def _run(world: World, pay_now: bool) -> Tally:
    persons, nd = world.persons, world.nd
    p, memory = world.params, world.memory
    ages = memory["pensions.tables"]
    pay_share = jobs.array(world, "jobs.pay_share", 1.0)
    # above 1 the treasury also pays off old arrears, as far as there are any
    arrears = -float(world.ledger["city.payable_staff"])
    public = float(memory["household_income.contract"][:, PUBLIC].sum()) if pay_now else 0.0
    most = 1.0 + max(arrears, 0.0) / public if public > 0.0 else 1.0
    pay_share[PUBLIC] = min(float(memory.get("public_spending.wage_share", 1.0)), most)
    shares = pay_share.copy()
    shares[OWN_ACCOUNT] = float(memory.get("services.own_share", 1.0))

    view, households = persons.view(), world.households.view()
    wages_outside = float(memory.get("outside_places.wage_index", 1.0))
    tally, freed, paid = _pay(world, (shares * 65536.0).astype(np.int64), pay_now)
    counts = np.array([paid, 0, freed], np.int64)
    found = _look(
        world,
        View(
            "ages",
            {
                "stop": ages[0], "stop_informal": ages[1], "first_pension": int(ages[2, 0, 0]),
                "covered": np.ascontiguousarray(ages[2, 1]),
            },
        ),
    )  # fmt: skip
    if pay_now:
        give = np.int64(world.fen(p["household_income.remittance"] * wages_outside))
        send_home(view, households, found["give"], give, tally.remitted, counts)
    memory["household_income.jobs"] = np.ascontiguousarray(tally.count[:, EMPLOYED])
    memory["household_income.contract"] = tally.contract
    memory["household_income.people"] = tally.count.sum(axis=(1, 2))
    memory["household_income.unemployed"] = tally.count[:, UNEMPLOYED].sum(axis=1)
    memory["household_income.pension"] = tally.pension - tally.pension_away
    if pay_now:
        _book(world, tally)
        spent, students = np.zeros(nd, np.int64), np.zeros(1, np.int64)
        send_students(
            view, households, found["study"], np.int64(world.fen(p["household_income.tuition"] * wages_outside)), spent, students,
        )  # fmt: skip
        world.ledger.pay_each("tuition", "households.cash", "rest.cash", spent)
        in_work = tally.count[:, EMPLOYED].sum(axis=0)
        for name, count in zip(
            BRANCHES,
            (
                int(in_work.sum() - in_work[OWN_ACCOUNT] - counts[0]), int(in_work[OWN_ACCOUNT]), int(counts[0]),
                int(tally.count[:, PENSIONER].sum()), int(counts[1]), int(students[0]), int(counts[2]),
            ), strict=True,
        ):  # fmt: skip
            world.fired[name] += count
    return tally


def _pay(world: World, shares: np.ndarray, pay_now: bool) -> tuple[Tally, int, int]:
    """The pass over all persons; also people freed and people paid by shops."""
    nd, view, shops_view = world.nd, world.persons.view(), world.shops.view()
    room = int(world.memory.get("shops.freed", 0)) + 64
    world.memory["shops.freed"] = 0
    homes = world.households
    earned = np.zeros((world.threads, homes.n), homes.income.dtype)

    def block(*shape: int) -> np.ndarray:
        return np.zeros(shape, np.int64)

    # what each thread adds up, in the order of `pay_all`: whole numbers, so it does not matter who adds what
    books = [
        (
            mine, block(nd * N_SECTORS, 3 + N_ACTIVITIES), block(nd, N_SECTORS), block(nd), block(world.shops.n),
            block(nd, N_SECTORS), block(nd),
        )
        for mine in earned
    ]  # fmt: skip
    idle = list(books)

    def work(_: int, first: int, stop: int) -> tuple[np.ndarray, int]:
        mine, freed = idle.pop(), np.zeros((2, room), np.int32)
        n_freed, n_paid = pay_all(
            view, shops_view, shares, *mine, freed, np.empty(BLOCK, np.uint8), np.empty(BLOCK + 1, np.int32), first, stop,
        )  # fmt: skip
        idle.append(mine)
        return freed[:, :n_freed], n_paid

    freed, n_paid = zip(*world.map_chunks(work, world.persons.n, chunk=2 * CHUNK), strict=True)
    sums, due, paid, bill, away, pension_away = (sum(parts) for parts in list(zip(*books, strict=True))[1:])
    world.map_chunks(
        lambda _, first, stop: bank(earned, homes.income, homes.cash, pay_now, first, stop), homes.n
    )
    gone = np.concatenate(freed, axis=1)
    world.events.reserve(gone.shape[1])
    tell_of_closures(view, world.events.view(), world.month, gone)
    table = sums.reshape(nd, N_SECTORS, 3 + N_ACTIVITIES)
    tally = Tally(
        count=table[:, :, 3:].transpose(0, 2, 1), contract=table[:, :, 0], paid=table[:, :, 1], away=away,
        shop_due=due, shop_paid=paid, bill=bill, pension=table[:, :, 2].sum(axis=1), pension_away=pension_away,
        remitted=block(nd),
    )  # fmt: skip
    return tally, gone.shape[1], sum(n_paid)


def _luck(world: World) -> Callable[[int, int, int], tuple[int, tuple[np.ndarray, ...]]]:
    """Where a chunk of rows ends and whom luck picks of it (`pick`)."""
    key, month = world.persons.key, world.month
    giver = int(256 * world.params["household_income.remit_share"])

    def work(_: int, first: int, stop: int) -> tuple[int, tuple[np.ndarray, ...]]:
        rows, count = np.empty((3, stop - first + 1), np.int32), np.zeros(3, np.int64)
        scratch = np.empty(BLOCK, np.uint8), np.empty(BLOCK + 1, np.int32)
        pick(key, month, giver, first, stop, *scratch, rows, count)
        return stop, tuple(rows[i, : int(count[i])].copy() for i in range(3))

    return work


def month_begun(world: World) -> None:
    """Begin with this month's luck, which hangs on keys alone."""
    world.ahead("household_income", _luck(world), world.persons.n)


def _look(world: World, ages: View) -> dict[str, np.ndarray]:
    """The lists of this month, in row order whatever the threads; those of next month's market go into memory."""
    p, memory, view = world.params, world.memory, world.persons.view()
    give_months, study_months = (
        int(12 * p["household_income.remit_years"]), int(p["household_income.study_months"]),
    )  # fmt: skip
    informal = ages.stop_informal - 32
    own = informal[:, [FARM, OWN_ACCOUNT]].min(axis=1)
    least = np.clip([np.minimum(ages.stop, informal).min(axis=1), own], ages.first_pension, LAST_WORK)
    born = (world.month - least).astype(np.int16)
    luck, draw = world.found_ahead("household_income"), _luck(world)

    def work(part: int, first: int, stop: int) -> tuple[list[np.ndarray], np.ndarray]:
        met, picked = luck[part] if part < len(luck) else draw(part, first, stop)
        if met < stop:
            # those born since are looked at as well
            picked = tuple(
                np.concatenate(both) for both in zip(picked, draw(part, met, stop)[1], strict=True)
            )
        rows, count = np.empty((len(LISTS), stop - first + 1), np.int32), np.zeros(len(LISTS), np.int64)
        hit, adults = np.empty(BLOCK + 1, np.int32), np.zeros(world.nd, np.int64)
        flag = np.empty(BLOCK, np.uint8)
        look_over(view, world.month, ages, study_months, born, first, stop, flag, hit, rows, count, adults)
        look_at(view, world.month, ages.first_pension, give_months, study_months, picked, rows[3:], count[3:])
        return [mine[:n].copy() for mine, n in zip(rows, count.tolist(), strict=True)], adults

    lists, adults = zip(*world.map_chunks(work, world.persons.n), strict=True)
    found = {name: np.concatenate(mine) for name, mine in zip(LISTS, zip(*lists, strict=True), strict=True)}
    for name in _KEPT:
        memory[f"household_income.{name}"] = found[name]
    memory["household_income.adults"] = sum(adults)
    return found


def _book(world: World, tally: Tally) -> None:
    """Post what the pass has paid, by district and employer; unpaid public wages become a claim on the city."""
    book = world.ledger
    home = tally.paid - tally.away
    for s in range(1, N_SECTORS):
        book.pay_each("wages", jobs.PAYER[s], "households.cash", home[:, s])
        book.pay_each("wages", jobs.PAYER[s], "rest.cash", tally.away[:, s])
    book.pay_each("wages", "shops.cash", "households.cash", tally.shop_paid)
    book.pay_each("pensions", "upper.cash", "households.cash", tally.pension - tally.pension_away)
    book.pay_each("pensions", "upper.cash", "rest.cash", tally.pension_away)
    book.pay_each("remittances", "rest.cash", "households.cash", tally.remitted)
    unpaid = tally.contract[:, PUBLIC] - tally.shop_due[:, PUBLIC] - tally.paid[:, PUBLIC]
    for d, late in enumerate(unpaid.tolist()):
        if late > 0:
            book.pay("claims", "city.payable_staff", "households.wages_due", late, d)
        elif late < 0:
            owed = min(-late, -book["city.payable_staff"])
            if owed > 0:
                book.pay("claims", "households.wages_due", "city.payable_staff", owed, d)
    book.pay("wages", "shops.cash", "rest.cash", int(tally.bill.sum() - tally.shop_paid.sum()))


def count_base(world: World) -> None:
    """Count people in work and incomes at the base, once; nothing is paid. The sectors' `start` rests on it."""
    if "household_income.jobs" in world.memory:
        return
    pensions.start(world)
    _run(world, False)
    signals(world)


def start(world: World) -> None:
    """See `count_base`."""
    count_base(world)


def signals(world: World) -> None:
    """Unemployment, mean wage, real wage and jobs per adult, for the city and by district."""
    memory, signal = world.memory, world.signal
    work = memory["household_income.jobs"].sum(axis=1).astype(np.float64)
    wages = memory["household_income.contract"].sum(axis=1).astype(np.float64)
    idle = memory["household_income.unemployed"].astype(np.float64)
    adults = memory["household_income.adults"].astype(np.float64)
    work, wages, idle, adults = (np.append(x, x.sum()) for x in (work, wages, idle, adults))
    unit = float(world.pack.config.minor_units)
    mean = (
        np.divide(wages, work, out=np.full(world.nd + 1, wages[-1] / max(work[-1], 1.0)), where=work > 0)
        / unit
    )
    ratio = np.divide(work, adults, out=np.ones(world.nd + 1), where=adults > 0)
    if "household_income.base" not in memory:
        memory["household_income.base"] = np.stack([mean, ratio])
    base = memory["household_income.base"]
    signal["unemployment_rate"][:] = np.divide(
        idle, idle + work, out=np.zeros(world.nd + 1), where=(idle + work) > 0
    )
    signal["mean_wage"][:] = mean
    with np.errstate(divide="ignore", invalid="ignore"):
        signal["real_wage"][:] = np.where(base[0] > 0, mean / base[0] / signal["cost_of_living"], 1.0)
        signal["employment_ratio"][:] = np.where(base[1] > 0, ratio / base[1], 1.0)


def step(world: World) -> None:
    """Pay day."""
    memory = world.memory
    share = float(memory.get("public_spending.wage_share", 1.0))
    if share < 1.0:
        world.events.add(world.month, "wage_late", "public", district=world.nd, amount=int(1000 * share))
    tally = _run(world, True)
    shops.pay_day(world, tally.bill)
    home = tally.paid - tally.away
    memory["household_income.paid"] = home.sum(axis=1) + tally.shop_paid
    memory["household_income.wages_paid"] = tally.paid.sum(axis=0)
    own = int(tally.contract[:, OWN_ACCOUNT].sum() - tally.shop_due[:, OWN_ACCOUNT].sum())
    memory["household_income.own_due"] = own
    signals(world)


def observe(world: World) -> dict[str, np.ndarray]:
    """Incomes and wages of the last pay day."""
    memory = world.memory
    zero = np.zeros(world.nd)

    def whole(values: np.ndarray) -> np.ndarray:
        return np.append(values, values.sum()).astype(np.float64)

    flowing = world.month > world.base
    return {
        "pension_income": whole(memory["household_income.pension"] if flowing else zero),
        "wage_income": whole(memory["household_income.paid"] if flowing else zero),
        "mean_wage": world.signal["mean_wage"],
    }
