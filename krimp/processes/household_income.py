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

import numpy as np

from krimp.processes import jobs, pensions, shops
from krimp.processes.jobs import cheap
from krimp.state.codes import (
    ACTIVE,
    CLOSED,
    EMPLOYED,
    EVENT,
    FARM,
    GONE,
    INACTIVE,
    N_SECTORS,
    OWN_ACCOUNT,
    PUBLIC,
    REASON,
    RESIDENT,
    SERVICES,
    STUDENT,
    UNEMPLOYED,
)
from krimp.state.compile import kernel
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World, emit

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

#: Bits of the quick hash that screens people in work, idle adults and possible founders.
LEAVE_BITS, IDLE_BITS, FOUNDER_BITS = 5, 5, 7
FIRST_WORK, LAST_WORK = 16 * 12, 60 * 12

Tables = namedtuple("Tables", ["pay_share", "own_share", "stop", "stop_informal", "first_pension", "covered"])
Tally = namedtuple(
    "Tally",
    [
        "jobs", "contract", "due", "paid", "away", "shop_paid", "bill", "people", "adults", "unemployed", "pensioners",
        "pension", "pension_away", "remitted",
    ],
)  # fmt: skip
Lists = namedtuple("Lists", ["seek", "leave", "idle", "due", "founder", "study", "count"])

_LOSS, _CLOSURE = EVENT["job_loss"], REASON["closure"]


@kernel
def income_pass(P, H, S, E, month, pay_now, T, give, give_months, giver, study_months, tally, lists, fired):
    """Pay everybody and count. `pay_now` False only counts (the base). `give`: fen sent home by a giver this month.

    tally.due: contract wages by district and sector; paid: wages in fact paid from the sector's account to households,
    away: to people without a household; shop wages apart (shop_paid by district, bill by shop).
    """
    used_h = H.used[0]
    for h in range(used_h):
        H.income[h] = 0
    phase = month % 12
    n_seek, n_leave, n_idle, n_due, n_founder, n_study = 0, 0, 0, 0, 0, 0
    for p in range(1, P.used[0]):
        state = P.state[p]
        if state == RESIDENT:
            h = P.household[p]
            d = P.district[p]
            activity = P.activity[p]
            age = month - np.int64(P.birth[p])
            tally.people[d] += 1
            income = np.int64(0)
            if FIRST_WORK <= age < LAST_WORK:
                tally.adults[d] += 1
            if activity == EMPLOYED:
                s = P.sector[p]
                shop = P.employer[p]
                if shop != 0 and S.state[shop] == CLOSED:
                    P.employer[p] = 0
                    P.wage[p] = 0
                    P.activity[p] = UNEMPLOYED
                    activity = UNEMPLOYED
                    emit(E, month, _LOSS, _CLOSURE, d, p, h, 0, shop, 0)
                    fired[6] += 1
                else:
                    wage = np.int64(P.wage[p])
                    tally.jobs[d, s] += 1
                    tally.contract[d, s] += wage
                    if shop != 0 and S.owner[shop] == p:
                        pass
                    elif shop != 0:
                        tally.bill[shop] += wage
                        if h != 0:
                            tally.shop_paid[d] += wage
                            income += wage
                        fired[2] += 1
                    else:
                        share = T.own_share if s == OWN_ACCOUNT else T.pay_share[s]
                        amount = np.int64(wage * share)
                        tally.due[d, s] += wage
                        if h != 0:
                            tally.paid[d, s] += amount
                            income += amount
                        else:
                            tally.away[d, s] += amount
                        fired[1 if s == OWN_ACCOUNT else 0] += 1
                    if cheap(P.key[p], month, 5) == 0:
                        lists.leave[n_leave] = p
                        n_leave += 1
            if activity == UNEMPLOYED:
                tally.unemployed[d] += 1
                lists.seek[n_seek] = p
                n_seek += 1
            pension = np.int64(P.pension[p])
            if pension > 0:
                tally.pensioners[d] += 1
                if h != 0:
                    tally.pension[d] += pension
                    income += pension
                else:
                    tally.pension_away[d] += pension
                fired[3] += 1
            if h != 0 and income > 0:
                H.income[h] += income
                if pay_now:
                    H.cash[h] += income
            if age >= T.first_pension:
                # works past the end of working life, or has a pension to come
                s = P.sector[p]
                sex = P.sex[p]
                covered = np.int64((P.key[p] >> np.uint64(40)) & np.uint64(255)) < T.covered[s]
                if activity == EMPLOYED:
                    if covered and s != FARM and s != OWN_ACCOUNT:
                        limit = T.stop[sex, s]
                    else:
                        limit = (
                            T.stop_informal[sex, s]
                            + np.int64((P.key[p] >> np.uint64(48)) & np.uint64(63))
                            - 32
                        )
                    if age >= limit or (pension == 0 and age >= LAST_WORK):
                        lists.due[n_due] = p
                        n_due += 1
                elif pension == 0 and activity in (UNEMPLOYED, INACTIVE):
                    if age >= LAST_WORK or (covered and age >= T.stop[sex, s]):
                        lists.due[n_due] = p
                        n_due += 1
            elif activity == INACTIVE and age >= FIRST_WORK and cheap(P.key[p], month, 5) == 0:
                lists.idle[n_idle] = p
                n_idle += 1
            if 240 <= age < 660 and h != 0 and activity in (EMPLOYED, UNEMPLOYED):
                if cheap(P.key[p] >> np.uint64(3), month, 7) == 0:
                    lists.founder[n_founder] = p
                    n_founder += 1
        elif state == GONE:
            away = month - np.int64(P.left[p])
            if P.activity[p] == STUDENT and away <= study_months:
                if phase == 1 or phase == 8:
                    lists.study[n_study] = p
                    n_study += 1
            elif away <= give_months and np.int64((P.key[p] >> np.uint64(32)) % np.uint64(12)) == phase:
                if (
                    np.int64((P.key[p] >> np.uint64(20)) & np.uint64(255)) < giver
                    and month - np.int64(P.birth[p]) >= 216
                ):
                    h = P.former[p]
                    m = P.mother[p]
                    if (h == 0 or H.state[h] != ACTIVE) and m != 0 and P.state[m] == RESIDENT:
                        h = P.household[m]
                    if h != 0 and H.state[h] == ACTIVE and give > 0:
                        tally.remitted[H.district[h]] += give
                        H.income[h] += give
                        if pay_now:
                            H.cash[h] += give
                        fired[4] += 1
    lists.count[0] = n_seek
    lists.count[1] = n_leave
    lists.count[2] = n_idle
    lists.count[3] = n_due
    lists.count[4] = n_founder
    lists.count[5] = n_study


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
        fired[5] += 1


def _run(world: World, pay_now: bool) -> Tally:
    persons, nd = world.persons, world.nd
    n = persons.n
    p, memory = world.params, world.memory
    ages = memory["pensions.tables"]
    pay_share = jobs.array(world, "jobs.pay_share", 1.0)
    # above 1 the treasury also pays off old arrears, as far as there are any
    arrears = -float(world.ledger["city.payable_staff"])
    public = float(memory["household_income.contract"][:, PUBLIC].sum()) if pay_now else 0.0
    most = 1.0 + max(arrears, 0.0) / public if public > 0.0 else 1.0
    pay_share[PUBLIC] = min(float(memory.get("public_spending.wage_share", 1.0)), most)
    tables = Tables(
        pay_share, float(memory.get("services.own_share", 1.0)), ages[0], ages[1], int(ages[2, 0, 0]),
        np.ascontiguousarray(ages[2, 1]),
    )  # fmt: skip

    def block(*shape: int) -> np.ndarray:
        return np.zeros(shape, np.int64)

    tally = Tally(
        block(nd, N_SECTORS), block(nd, N_SECTORS), block(nd, N_SECTORS), block(nd, N_SECTORS), block(nd, N_SECTORS),
        block(nd), block(world.shops.n), block(nd), block(nd), block(nd), block(nd), block(nd), block(nd), block(nd),
    )  # fmt: skip
    lists = Lists(*(np.empty(n, np.int32) for _ in range(6)), np.zeros(6, np.int64))
    wages_outside = float(memory.get("outside_places.wage_index", 1.0))
    fired = np.zeros(len(BRANCHES), np.int64)
    world.events.reserve(int(world.shops.columns["staff"][: world.shops.n].sum()) + 64)
    give = world.fen(p["household_income.remittance"] * wages_outside) if pay_now else 0
    income_pass(
        persons.view(), world.households.view(), world.shops.view(), world.events.view(), world.month, pay_now, tables,
        give, int(12 * p["household_income.remit_years"]), int(256 * p["household_income.remit_share"]),
        int(p["household_income.study_months"]), tally, lists, fired,
    )  # fmt: skip
    for i, name in enumerate(("seek", "leave", "idle", "due", "founder")):
        memory[f"household_income.{name}"] = lists[i][: int(lists.count[i])].copy()
    memory["household_income.jobs"] = tally.jobs
    memory["household_income.contract"] = tally.contract
    memory["household_income.people"] = tally.people
    memory["household_income.adults"] = tally.adults
    memory["household_income.unemployed"] = tally.unemployed
    memory["household_income.pensioners"] = tally.pensioners
    memory["household_income.pension"] = tally.pension
    if pay_now:
        _book(world, tally)
        spent = np.zeros(nd, np.int64)
        send_students(
            persons.view(), world.households.view(), lists.study[: int(lists.count[5])],
            np.int64(world.fen(p["household_income.tuition"] * wages_outside)), spent, fired,
        )  # fmt: skip
        for d in range(nd):
            world.ledger.pay("tuition", "households.cash", "rest.cash", int(spent[d]), d)
        for name, count in zip(BRANCHES, fired.tolist(), strict=True):
            world.fired[name] += count
    return tally


def _book(world: World, tally: Tally) -> None:
    """Post what the pass has paid, by district and employer; unpaid public wages become a claim on the city."""
    book = world.ledger
    for d in range(world.nd):
        for s in range(1, N_SECTORS):
            account = jobs.PAYER[s]
            book.pay("wages", account, "households.cash", int(tally.paid[d, s]), d)
            book.pay("wages", account, "rest.cash", int(tally.away[d, s]), d)
        book.pay("wages", "shops.cash", "households.cash", int(tally.shop_paid[d]), d)
        book.pay("pensions", "upper.cash", "households.cash", int(tally.pension[d]), d)
        book.pay("pensions", "upper.cash", "rest.cash", int(tally.pension_away[d]), d)
        book.pay("remittances", "rest.cash", "households.cash", int(tally.remitted[d]), d)
        late = int(tally.due[d, PUBLIC] - tally.paid[d, PUBLIC] - tally.away[d, PUBLIC])
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
    memory["household_income.paid"] = tally.paid.sum(axis=1) + tally.shop_paid
    memory["household_income.wages_paid"] = (tally.paid + tally.away).sum(axis=0)
    memory["household_income.services_due"] = np.array(
        [float(tally.due[:, SERVICES].sum()), float(tally.due[:, OWN_ACCOUNT].sum())]
    )
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
