"""Shops: coffee shops, bakeries, restaurants, hostels, brokers, groceries and others, each with an owner of the city.

Entry (Bresnahan & Reiss 1991 [R]): the viable number is N* = demand / s_min of the kind; monthly openings are
phi * max(0, N* - N), carried over in fractions. Founders are drawn among people of 20 to 54 with the capital, returned
migrants with higher odds (Demurger & Xu 2011 [S]); trades that are only spreading, coffee and bakeries, are likelier
opened by those of them who have lived or studied where these trades come from. Exit: Weibull hazard falling with age, with the rise to the third
year that registers show [S], times exp(theta * fall of sales), and when losses have used up the cash.
Sales come from the city's consumption (`consumption`) by kind, half of it spent near home, half anywhere in the city, in
proportion to a shop's appeal (drawn once); hostels live on visitors, brokers on a share of home sales.
Staff wanted = labour share * sales / wage. Owners add money when cash runs out and draw what is beyond a reserve; what
they cannot cover is an overdraft of the shops (firms.loans).
"""

from __future__ import annotations

import numpy as np

from krimp.processes import jobs
from krimp.processes.kin import quit_job
from krimp.state.codes import (
    BAKERY,
    CLOSED,
    COFFEE,
    EMPLOYED,
    EVENT,
    HERE,
    LABELS,
    N_SHOP_KINDS,
    NEAR_TOWN,
    OPEN,
    OWN_ACCOUNT,
    PUBLIC,
    REASON,
    RESIDENT,
    SERVICES,
    TERTIARY,
    UNEMPLOYED,
)
from krimp.state.compile import allocating_kernel, helper, kernel, prefetch
from krimp.state.counting import rows_where
from krimp.state.ledger import pay
from krimp.state.parameters import Parameter
from krimp.state.portable import exp_all, log, log_all
from krimp.state.purposes import KEY_SHOP, SHOP_EXIT, SHOP_FOUNDER, SHOP_KIND
from krimp.state.random import derive, draw, threshold, uniform
from krimp.state.world import Series, World, emit

#: Trades that come to small cities from larger ones.
SPREADING = (COFFEE, BAKERY)
KINDS = [LABELS["shop_kind"].get(k, "none") for k in range(N_SHOP_KINDS)]
#: kind: viable sales (yuan/month, base prices), share of consumption where the base has none, inputs in sales, labour in
#: sales, capital to start (yuan), yearly growth of taste, fall of sales in a full lockdown.
_BY_KIND: dict[str, tuple[float, float, float, float, float, float, float]] = {
    "coffee_shop": (11000, 0.0008, 0.38, 0.20, 60000, 0.10, 0.64),
    "bakery": (14000, 0.006, 0.45, 0.20, 50000, 0.04, 0.32),
    "restaurant": (24000, 0.06, 0.45, 0.22, 60000, 0.01, 0.64),
    "hostel": (7000, 0.0, 0.25, 0.20, 30000, 0.0, 0.59),
    "broker": (9000, 0.0, 0.10, 0.40, 15000, 0.0, 0.32),
    "grocery": (20000, 0.10, 0.78, 0.08, 40000, -0.01, 0.10),
    "other": (17000, 0.10, 0.65, 0.12, 40000, -0.01, 0.32),
}
_SOURCES = {
    "viable": ("yuan/month", "lognormal({v}, 0.3)", "[A] rent, inputs and a living for the owner", "sales at which a shop is viable"),
    "share": ("share", "fixed", "[A] urban food-away and retail shares", "consumption spent at this kind when the base has none"),
    "inputs": ("share", "fixed", "[R] trade margins of small retail and catering", "inputs in sales"),
    "labour": ("share", "fixed", "[R] pay in sales of small retail and catering", "staff pay in sales when the base has none"),
    "capital": ("yuan", "lognormal({v}, 0.3)", "[A] press cases of small openings", "capital to start at base prices"),
    "taste": ("per year", "normal({v}, 0.02)", "[A] coffee and bakeries spread, small grocers lose to the web", "growth of the share"),
    "lockdown": ("share", "fixed", "[S] -64% dining, -32% offline, -59% travel (Chen, Qian & Wen 2021); food at home [A]", "fall of sales in a full lockdown"),
}  # fmt: skip
PARAMETERS = tuple(
    Parameter(
        f"shops.{what}_{kind}", value, _SOURCES[what][0],
        _SOURCES[what][1].format(v=value) if value > 0 or what == "taste" else "fixed",
        _SOURCES[what][2], f"{_SOURCES[what][3]}: {kind}", -1.0 if what == "taste" else 0.0, 1e7,
    )
    for kind, values in _BY_KIND.items()
    for what, value in zip(_SOURCES, values, strict=True)
) + (
    Parameter("shops.entry", 0.12, "per month", "uniform(0.05, 0.25)", "[A]", "phi: part of the viable gap that opens in a month", 0.0, 1.0),
    Parameter("shops.slack", 1.1, "ratio", "uniform(1.0, 1.25)", "[A] shops at the base earn a little more than the least", "base sales per shop to viable sales", 0.5, 3.0),
    Parameter("shops.exit", 0.11, "per year", "lognormal(0.11, 0.3)", "[S]/[D] mean hazard 9.2% a year of small firms; restaurants 20-30% [R]", "hazard of a shop of five years", 0.0, 1.0),
    Parameter("shops.exit_shape", 0.8, "exponent", "uniform(0.6, 0.95)", "[A] Weibull, falling with age", "k", 0.1, 3.0),
    Parameter("shops.exit_fall", 2.0, "ratio", "uniform(1, 3)", "[A] theta 1-3 (mechanisms 7)", "exit to fall of log sales", 0.0, 10.0),
    Parameter("shops.loss_months", 9.0, "months", "fixed", "[A] deposits and a yearly lease are lost on closing: most sit out most of a year", "months of loss without cash that close a shop", 1.0, 120.0),
    Parameter("shops.rent_share", 0.08, "share", "uniform(0.05, 0.12)", "[A] rents are low", "shop rents in sales", 0.0, 0.5),
    Parameter("shops.near", 0.5, "share", "uniform(0.3, 0.7)", "[A]", "sales made to people of the own district", 0.0, 1.0),
    Parameter("shops.returnee_odds", 2.5, "odds", "lognormal(2.5, 0.35)", "[D] 20-35% of returnees in work self-employed [A around Demurger & Xu 2011] against a tenth of all in work: odds ratio 2-5; studies of China's returned migrants 1.5-2.5 [R]", "founding by returnees against stayers", 0.0, 50.0),
    Parameter("shops.newcomer_odds", 1.5, "odds", "lognormal(1.5, 0.3)", "[A]", "founding by newcomers against stayers", 0.0, 50.0),
    Parameter("shops.trade_known", 4.0, "odds", "lognormal(4, 0.4)", "[A] migrants bring home trades they have seen; no study of kinds", "spreading trades: founders with a degree or a life in bigger cities against others", 0.0, 50.0),
    Parameter("shops.commission", 0.015, "share", "uniform(0.01, 0.02)", "[R] brokers take 1-2%", "brokers' income in home sales", 0.0, 0.1),
    Parameter("shops.equipment", 0.6, "share", "fixed", "[A] the rest is the first stock and rent; moves money out once a shop", "capital spent on fittings bought outside", 0.0, 1.0),
    Parameter("shops.reserve", 2.0, "months", "fixed", "[A] a usual working balance; timing of profit only", "months of sales kept as cash before profit is drawn", 0.0, 24.0),
)  # fmt: skip
SERIES = (
    Series("shops", "shops", "stock", "open shops"),
    Series("shop_openings", "shops", "flow", "shops opened"),
    Series("shop_closures", "shops", "flow", "shops closed"),
    Series("coffee_shops", "shops", "stock", "open coffee shops and bakeries"),
    Series(
        "shops_by_returnees",
        "shops",
        "stock",
        "open shops founded by people who came back",
        by_district=False,
    ),
    Series("shop_sales", "currency", "money", "sales of all shops"),
)
BRANCHES = (
    "shops.opened_by_returnee", "shops.opened_by_stayer", "shops.opened_by_newcomer", "shops.closed_by_hazard",
    "shops.closed_by_losses", "shops.closed_owner_gone", "shops.owner_adds_money", "shops.overdraft", "shops.profit",
)  # fmt: skip

_OPENED, _CLOSED = EVENT["shop_opened"], EVENT["shop_closed"]
_RETURNED, _STAYED, _NEWCOMER = (
    REASON["founder_returned"],
    REASON["founder_stayed"],
    REASON["founder_newcomer"],
)
_HAZARD, _DEMAND, _LOCK, _GONE = (
    REASON["closure"],
    REASON["low_demand"],
    REASON["lockdown"],
    REASON["leaving_town"],
)


def by_kind(world: World, what: str) -> np.ndarray:
    """float64[N_SHOP_KINDS] of a parameter family."""
    out = np.zeros(N_SHOP_KINDS)
    for k in range(1, N_SHOP_KINDS):
        out[k] = world.params[f"shops.{what}_{KINDS[k]}"]
    return out


@allocating_kernel
def count_shops(P, S, rows, nd, kinds):
    """Of open shops (`rows`): how many by kind (int64[kinds, nd + 1], the whole city last), staff by kind, sales
    (int64[nd + 1]), and how many were founded by people who came back."""
    n, sales = np.zeros((kinds, nd + 1), np.int64), np.zeros(nd + 1, np.int64)
    staff = np.zeros(kinds, np.int64)
    back = 0
    for i in range(rows.size):
        if i + 16 < rows.size:
            prefetch((P.came, P.left), S.owner[rows[i + 16]])
        j = rows[i]
        for d in (np.int64(S.district[j]), nd):
            n[S.kind[j], d] += 1
            sales[d] += S.sales[j]
        staff[S.kind[j]] += S.staff[j]
        owner = S.owner[j]
        back += S.opened[j] != 0 and P.came[owner] != 0 and P.left[owner] != 0
    return n, staff, sales, back


@helper
def _looks(S, shop, month):
    """Whether this is the month of three in which the shop looks at how things go."""
    return S.key[shop] % np.uint64(3) == np.uint64(month % 3)


@kernel
def closing_chance(S, shops, month, base, fast, slow, rate, shape, theta, rows, chance, ages, falls):
    """Into `chance`: that those of `shops` that look close within three months, in order, by age and by how far sales have
    fallen. For all together, so that logs and exponentials are vector code. `rows`, `ages`, `falls`: scratch."""
    n = 0
    for i in range(shops.size):
        rows[n] = shops[i]
        n += _looks(S, shops[i], month)
    rows, chance, ages, falls = rows[:n], chance[:n], ages[:n], falls[:n]
    for i in range(rows.size):
        j = rows[i]
        opened = np.int64(S.opened[j])
        if opened == 0:
            opened = base - 6 - np.int64((S.key[j] >> np.uint64(8)) % np.uint64(114))
        age = max((month - opened) / 12.0, 1.0 / 12.0)
        chance[i], falls[i] = age / 5.0, max(slow[j], 1.0)
        ages[i] = age
    log_all(chance)
    log_all(falls)
    for i in range(rows.size):
        chance[i] = (shape - 1.0) * chance[i]
    exp_all(chance)
    for i in range(rows.size):
        chance[i] = rate * chance[i] * min(1.0, 0.4 + 0.2 * ages[i])
        ages[i] = max(fast[rows[i]], 1.0)
    log_all(ages)
    for i in range(rows.size):
        falls[i] = theta * min(max(0.0, falls[i] - ages[i]), 1.5)
    exp_all(falls)
    for i in range(rows.size):
        chance[i] = -(chance[i] * (falls[i] / 4.0))
    exp_all(chance)
    for i in range(rows.size):
        chance[i] = 1.0 - chance[i]


@kernel
def close_some(
    P, H, S, E, L, A, rows, seed, month, fast, slow, chance, patience, locked, numbers, closed, fired
):
    """Close open shops (`rows`) by `chance` (of those that look, in order), by losses or because the owner is
    gone; numbers[kind]: those that stay.

    Staff are freed on the next pay day; fired[9] counts them.
    """
    cash, rest, ends, shops_cash = A
    looked = 0
    for i in range(rows.size):
        if i + 16 < rows.size:
            owner = S.owner[rows[i + 16]]
            prefetch((P.state, P.employer), owner)
        j = rows[i]
        looks = _looks(S, j, month)
        looked += looks
        owner = S.owner[j]
        why = -1
        if owner == 0 or P.state[owner] != RESIDENT or P.employer[owner] != j:
            why = 2
        elif S.loss_months[j] >= patience and S.cash[j] <= S.sales[j]:
            why = 1
        elif looks and draw(seed, S.key[j], month, SHOP_EXIT) < threshold(chance[looked - 1]):
            why = 0
        if why < 0:
            numbers[S.kind[j]] += 1
            continue
        d = S.district[j]
        left = S.cash[j]
        h = P.household[owner] if owner != 0 and P.state[owner] == RESIDENT else np.int32(0)
        if left > 0:
            if h != 0:
                H.cash[h] += left
                pay(L, d, ends, shops_cash, cash, left)
            else:
                pay(L, d, ends, shops_cash, rest, left)
        S.cash[j] = 0
        S.state[j] = CLOSED
        S.closed[j] = month
        fired[9] += S.staff[j]
        S.staff[j] = 0
        S.sales[j] = 0
        if owner != 0 and P.employer[owner] == j:
            P.employer[owner] = 0
            P.wage[owner] = 0
            if P.state[owner] == RESIDENT and P.activity[owner] == EMPLOYED:
                P.activity[owner] = UNEMPLOYED
        reason = _HAZARD
        if why == 2:
            reason = _GONE
        elif why == 1:
            reason = _LOCK if locked else _DEMAND
        elif fast[j] < 0.9 * slow[j]:
            reason = _LOCK if locked else _DEMAND
        fired[3 + why] += 1
        closed[d] += 1
        emit(E, month, _CLOSED, reason, d, owner, h, 0, j, left)


@kernel
def score_founders(P, H, S, seed, month, rows, capital, returnee, newcomer, able, score):
    """Those of `rows` who can found, and score[i] = -ln(u) / odds of each: the lowest found first. Returns how many."""
    n = 0
    for i in range(rows.size):
        if i + 32 < rows.size:
            prefetch(
                (P.state, P.household, P.activity, P.employer, P.came, P.sector, P.schooling, P.key),
                rows[i + 32],
            )
        if i + 16 < rows.size:
            p = rows[i + 16]
            prefetch((H.cash,), P.household[p])
            prefetch((S.owner,), P.employer[p])
        p = rows[i]
        if P.state[p] != RESIDENT or P.household[p] == 0:
            continue
        if P.activity[p] != EMPLOYED and P.activity[p] != UNEMPLOYED:
            continue
        shop = P.employer[p]
        if shop != 0 and S.owner[shop] == p:
            continue
        if H.cash[P.household[p]] < capital:
            continue
        odds = 1.0
        if P.came[p] != 0:
            odds = returnee if P.left[p] != 0 else newcomer
        if P.activity[p] == UNEMPLOYED:
            odds *= 1.5
        elif P.sector[p] == PUBLIC:
            odds *= 0.1
        if P.schooling[p] == TERTIARY:
            odds *= 1.5
        if odds <= 0.0:
            continue
        u = uniform(seed, P.key[p], month, SHOP_FOUNDER)
        able[n], score[n] = p, -log(max(u, 1e-16)) / odds
        n += 1
    return n


@kernel
def know_trades(P, seed, month, rows, known, score):
    """score[i] = -ln(u) / odds of founder i to choose a trade that is only spreading."""
    for i in range(rows.size):
        p = rows[i]
        away = P.came[p] != 0 and P.place[p] != NEAR_TOWN and P.place[p] != HERE
        odds = known if away or P.schooling[p] == TERTIARY else 1.0
        u = uniform(seed, P.key[p], month, SHOP_KIND)
        score[i] = -log(max(u, 1e-16)) / max(odds, 1e-9)


@kernel
def found(P, H, S, E, L, A, month, rows, kinds, capital, equipment, wage, opened, fired):
    """The chosen put in their capital and open; those who no longer have it do not. Room must be reserved."""
    cash, rest, starts, imports, shops_cash = A
    n = 0
    for i in range(rows.size):
        p = rows[i]
        k = kinds[i]
        h = P.household[p]
        put = capital[k]
        if h == 0 or H.cash[h] < put:
            continue
        j = np.int32(S.used[0])
        S.used[0] += 1
        d = P.district[p]
        quit_job(P, S, p)
        P.activity[p] = EMPLOYED
        P.sector[p] = OWN_ACCOUNT
        P.employer[p] = j
        P.wage[p] = wage
        S.key[j] = derive(P.key[p], month, KEY_SHOP)
        S.state[j] = OPEN
        S.kind[j] = k
        S.district[j] = d
        S.owner[j] = p
        came = P.came[p] != 0
        S.founder_origin[j] = P.place[p] if came else 0
        S.opened[j] = month
        H.cash[h] -= put
        pay(L, d, starts, cash, shops_cash, put)
        fittings = np.int64(put * equipment)
        pay(L, d, imports, shops_cash, rest, fittings)
        S.cash[j] = put - fittings
        opened[d] += 1
        reason, branch = _STAYED, 1
        if came:
            reason, branch = (_RETURNED, 0) if P.left[p] != 0 else (_NEWCOMER, 2)
        fired[branch] += 1
        emit(E, month, _OPENED, reason, d, p, h, 0, j, put)
        n += 1
    return n


@allocating_kernel
def sell(S, near, demand, pool, sold):
    """Share out the demand of each kind: demand[k, d] to shops near home, pool[k] anywhere; sold[k] = what was placed.

    Rounded down; what is left of a kind goes to its first open shop, so that all of it is sold where there is a shop.
    """
    kinds, nd = demand.shape
    weight = np.zeros((kinds, nd))
    first = np.zeros(kinds, np.int64)
    for j in range(1, S.used[0]):
        if S.state[j] == OPEN:
            k = S.kind[j]
            weight[k, S.district[j]] += 0.5 + np.float64(S.key[j] >> np.uint64(56)) / 256.0
            if first[k] == 0:
                first[k] = j
    whole = np.zeros(kinds)
    local = np.zeros((kinds, nd))
    for k in range(kinds):
        free = np.float64(pool[k])
        for d in range(nd):
            whole[k] += weight[k, d]
            if weight[k, d] > 0.0:
                local[k, d] = demand[k, d] * near
                free += demand[k, d] - local[k, d]
            else:
                free += demand[k, d]
        if whole[k] > 0.0:
            whole[k] = free / whole[k]
    for k in range(kinds):
        sold[k] = 0
    for j in range(1, S.used[0]):
        if S.state[j] == OPEN:
            k, d = S.kind[j], S.district[j]
            appeal = 0.5 + np.float64(S.key[j] >> np.uint64(56)) / 256.0
            amount = np.int64(appeal * (local[k, d] / weight[k, d] + whole[k]))
            S.sales[j] = amount
            sold[k] += amount
    for k in range(kinds):
        if first[k] != 0:
            total = pool[k]
            for d in range(nd):
                total += demand[k, d]
            S.sales[first[k]] += total - sold[k]
            sold[k] = total


@kernel
def take_money(S, inputs, rent, fast, slow, bought, rents):
    """Sales come in, inputs and rents go out; sales are smoothed over a quarter and a year."""
    for j in range(1, S.used[0]):
        if S.state[j] == OPEN:
            sales = S.sales[j]
            goods = np.int64(sales * inputs[S.kind[j]])
            due = np.int64(sales * rent)
            S.cash[j] += sales - goods - due
            bought[S.district[j]] += goods
            rents[S.district[j]] += due
            if fast[j] <= 0.0:
                fast[j] = sales
                slow[j] = sales
            fast[j] += (sales - fast[j]) / 3.0
            slow[j] += (sales - slow[j]) / 12.0


@kernel
def settle_shops(P, H, S, rows, bill, inputs, rent, reserve, patience, added, drawn, away, short, fired):
    """Staff are paid; owners add money or draw profit; what is missing is an overdraft. Sums by district."""
    for k in range(rows.size):
        if k + 32 < rows.size:
            owner = S.owner[rows[k + 32]]
            prefetch((P.state, P.household), owner)
        if k + 16 < rows.size:
            h = P.household[S.owner[rows[k + 16]]]
            prefetch((H.cash, H.income), h)
        j = rows[k]
        d = S.district[j]
        S.cash[j] -= bill[j]
        if S.state[j] == OPEN:
            margin = np.int64(S.sales[j] * (1.0 - inputs[S.kind[j]] - rent)) - bill[j]
            S.loss_months[j] = S.loss_months[j] + 1 if margin < 0 else 0
        owner = S.owner[j]
        h = P.household[owner] if owner != 0 and P.state[owner] == RESIDENT else np.int32(0)
        if S.cash[j] < 0 and h != 0 and H.cash[h] > 0 and S.loss_months[j] < patience:
            put = min(-S.cash[j], H.cash[h] // 2)
            S.cash[j] += put
            H.cash[h] -= put
            added[d] += put
            fired[6] += 1
        if S.cash[j] < 0:
            short[d] -= S.cash[j]
            S.cash[j] = 0
            fired[7] += 1
        spare = S.cash[j] - np.int64(reserve * S.sales[j])
        if S.state[j] == OPEN and spare > 0:
            take = spare // 2
            S.cash[j] -= take
            if h != 0:
                H.cash[h] += take
                H.income[h] += take
                drawn[d] += take
            else:
                away[d] += take
            fired[8] += 1


@kernel
def want_staff(S, labour, fast, wage, wanted):
    """wanted[shop] = what an open one spends on labour of its sales / wage, in vector code."""
    for j in range(wanted.size):
        i = np.uint64(j)
        staff = np.divide(labour[np.uint64(S.kind[i])] * fast[i], wage)
        wanted[i] = staff if S.state[i] == OPEN else 0.0


def _tally(world: World) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    rows = rows_where(world.shops.state == OPEN)
    found: tuple[np.ndarray, np.ndarray, np.ndarray, int] = count_shops(
        world.persons.view(), world.shops.view(), rows, world.nd, N_SHOP_KINDS
    )
    return found


def start(world: World) -> None:
    """Demand by kind at the base from the shops that live on it."""
    numbers, staff, _, _ = _tally(world)
    memory = world.memory
    have = numbers[:, -1].astype(np.float64)
    unit = float(world.pack.config.minor_units)
    viable = by_kind(world, "viable") * unit
    memory["shops.viable"] = viable
    demand = have * viable * world.params["shops.slack"]
    memory["shops.demand"] = demand
    memory["shops.base_demand"] = demand.copy()
    people = jobs.employed(world).sum(axis=0)
    pay_mean = jobs.contract_wages(world)[SERVICES] / max(float(people[SERVICES]), 1.0)
    labour = by_kind(world, "labour")
    some = (demand > 0) & (staff > 0)
    labour[some] = staff[some] * pay_mean / demand[some]
    memory["shops.labour"] = np.minimum(labour, 0.6)
    memory["shops.carry"] = np.zeros(N_SHOP_KINDS)
    n = world.shops.n
    sales = viable[world.shops.kind] * world.params["shops.slack"]
    memory["shops.fast"], memory["shops.slow"] = sales.copy(), sales.copy()
    memory["shops.wanted"] = world.shops.staff.astype(np.float64)
    memory["shops.debt"] = 0
    memory["shops.rows"] = n
    memory["shops.sold"] = np.zeros(world.nd, np.int64)


def costs(world: World) -> float:
    """Price level against the base."""
    return float(world.signal["cost_of_living"][-1])


def step(world: World) -> None:
    """Closures, then openings, then the staff each shop wants."""
    p, memory = world.params, world.memory
    fired = np.zeros(len(BRANCHES) + 1, np.int64)
    world.events.reserve(world.shops.n)
    a = world.account
    book = world.ledger.view()
    shops = world.shops
    rows = rows_where(shops.state == OPEN)
    chance, ages, falls = np.empty((3, len(rows)))
    closing_chance(
        shops.view(), rows, world.month, world.base, memory["shops.fast"], memory["shops.slow"], p["shops.exit"],
        p["shops.exit_shape"], p["shops.exit_fall"], np.empty_like(rows), chance, ages, falls,
    )  # fmt: skip
    numbers = np.zeros(N_SHOP_KINDS, np.int64)
    close_some(
        world.persons.view(), world.households.view(), shops.view(), world.events.view(), book,
        (a("households.cash"), a("rest.cash"), a("flow.shop_end"), a("shops.cash")), rows, world.seed, world.month,
        memory["shops.fast"], memory["shops.slow"], chance, int(p["shops.loss_months"]), world.signal["lockdown"][-1] > 0.0,
        numbers, world.counter("shop_closures"), fired,
    )  # fmt: skip
    _open(world, numbers, fired)
    for name in ("shops.fast", "shops.slow"):
        memory[name] = np.append(memory[name], np.zeros(shops.n - len(memory[name])))
    people = jobs.employed(world).sum(axis=0)
    wage = float(jobs.contract_wages(world)[SERVICES]) / max(float(people[SERVICES]), 1.0)
    memory["shops.wanted"] = np.empty(shops.n)
    want_staff(
        shops.view(), memory["shops.labour"], memory["shops.fast"], max(wage, 1.0), memory["shops.wanted"]
    )
    memory["shops.freed"] = int(fired[-1])
    for name, count in zip(BRANCHES, fired[:-1].tolist(), strict=True):
        world.fired[name] += count


def _open(world: World, numbers: np.ndarray, fired: np.ndarray) -> None:
    """Founders for what is missing to the viable number of each kind; `numbers`: open shops by kind."""
    p, memory = world.params, world.memory
    level = costs(world)
    viable = memory["shops.viable"] * level
    gap = np.divide(memory["shops.demand"], viable, out=np.zeros(N_SHOP_KINDS), where=viable > 0) - numbers
    carry = memory["shops.carry"] + p["shops.entry"] * np.maximum(gap, 0.0) * (
        1.0 - world.signal["lockdown"][-1]
    )
    openings = np.floor(carry).astype(np.int64)
    openings[0] = 0
    memory["shops.carry"] = np.where(gap > 0, carry - openings, 0.0)
    total = int(openings.sum())
    if total == 0:
        return
    rows = memory["household_income.founder"]
    capital = (by_kind(world, "capital") * world.pack.config.minor_units * level).astype(np.int64)
    able, score = np.empty_like(rows), np.empty(len(rows))
    persons, households = world.persons.view(), world.households.view()
    n = score_founders(
        persons, households, world.shops.view(), world.seed, world.month, rows, np.int64(capital[1:].min()),
        p["shops.returnee_odds"], p["shops.newcomer_odds"], able, score,
    )  # fmt: skip
    able, score = able[:n], score[:n]
    if n > total:
        first = score <= np.partition(score, total - 1)[total - 1]
        able, score = able[first], score[first]
    chosen = able[np.lexsort((world.persons.key[able], score))][:total]
    wishes = np.repeat(np.arange(N_SHOP_KINDS), openings)
    if len(chosen) < total:
        wishes = wishes[np.linspace(0, total - 1, len(chosen)).astype(int)]
    # spreading trades to those who know them, the others to the first founders, dear kinds first
    trade = np.empty(len(chosen))
    know_trades(persons, world.seed, world.month, chosen, p["shops.trade_known"], trade)
    spreading = (wishes == COFFEE) | (wishes == BAKERY)
    knowing = np.lexsort((world.persons.key[chosen], trade))[: int(spreading.sum())]
    chosen = np.concatenate([chosen[knowing], np.delete(chosen, knowing)])
    wishes = np.concatenate([wishes[spreading], wishes[~spreading]])
    world.shops.reserve(len(chosen))
    world.events.reserve(len(chosen))
    a = world.account
    people = jobs.employed(world).sum(axis=0)
    wage = float(jobs.contract_wages(world)[OWN_ACCOUNT]) / max(float(people[OWN_ACCOUNT]), 1.0)
    found(
        persons, households, world.shops.view(), world.events.view(), world.ledger.view(),
        (a("households.cash"), a("rest.cash"), a("flow.shop_start"), a("flow.imports"), a("shops.cash")), world.month,
        chosen, wishes, capital, p["shops.equipment"], np.int32(wage), world.counter("shop_openings"), fired,
    )  # fmt: skip


def trade(world: World, demand: np.ndarray, visitors: np.ndarray) -> np.ndarray:
    """Sell: demand[k, d] of residents, visitors[k] from outside, minor units. Returns int64[kinds] in fact sold.

    Kinds without a shop sell nothing. Residents' and visitors' payments into shops.cash are the caller's to post for
    what is sold; inputs and rents are posted here.
    """
    memory, p = world.memory, world.params
    sold = np.zeros(N_SHOP_KINDS, np.int64)
    view = world.shops.view()
    sell(view, p["shops.near"], demand, visitors, sold)
    bought, rents = np.zeros(world.nd, np.int64), np.zeros(world.nd, np.int64)
    take_money(
        view,
        by_kind(world, "inputs"),
        p["shops.rent_share"],
        memory["shops.fast"],
        memory["shops.slow"],
        bought,
        rents,
    )
    world.ledger.pay_each("imports", "shops.cash", "rest.cash", bought)
    world.ledger.pay_each("rent", "shops.cash", "services.cash", rents)
    total = demand.sum(axis=1) + visitors
    # demand that the lockdown holds back is not what a founder plans on: he looks at a year
    memory["shops.demand"] = memory["shops.demand"] + (total - memory["shops.demand"]) / 12.0
    return sold


def pay_day(world: World, bill: np.ndarray) -> None:
    """After the wages of the pass: owners add money or draw profit; overdrafts are taken or repaid."""
    nd, book, p = world.nd, world.ledger, world.params
    added, drawn, away, short = (np.zeros(nd, np.int64) for _ in range(4))
    fired = np.zeros(len(BRANCHES), np.int64)
    s = world.shops
    # a closed one that is settled has no more to settle
    rows = rows_where((s.state == OPEN) | (s.cash != 0) | (bill != 0))
    settle_shops(
        world.persons.view(), world.households.view(), s.view(), rows, bill, by_kind(world, "inputs"),
        p["shops.rent_share"], p["shops.reserve"], int(p["shops.loss_months"]), added, drawn, away, short, fired,
    )  # fmt: skip
    book.pay_each("shop_start", "households.cash", "shops.cash", added)
    book.pay_each("profits", "shops.cash", "households.cash", drawn)
    book.pay_each("profits", "shops.cash", "rest.cash", away)
    book.pay_each("overdraft", "banks.cash", "shops.cash", short)
    book.pay_each("claims", "firms.loans", "banks.firm_loans", short)
    world.memory["shops.debt"] += int(short.sum())
    world.memory["shops.drawn"] = drawn
    for name, count in zip(BRANCHES, fired.tolist(), strict=True):
        world.fired[name] += count


def observe(world: World) -> dict[str, np.ndarray]:
    """Open shops and their sales."""
    numbers, _, sales, back = _tally(world)
    returned = np.zeros(world.nd + 1)
    returned[-1] = back
    return {
        "shops": numbers.sum(axis=0).astype(np.float64),
        "coffee_shops": (numbers[COFFEE] + numbers[BAKERY]).astype(np.float64),
        "shops_by_returnees": returned,
        "shop_sales": sales * float(world.month != world.base),
    }
