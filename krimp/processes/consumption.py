"""Consumption: what households spend, and where it goes.

C = conf * season * (1 - fall) * (c0 * n_eq * P + c_y * Y + c_w * W), never more than cash; n_eq = 1 + 0.6 (size - 1),
Y the month's income, W deposits, P the cost of living. c0 is set at the base so that the mean propensity is the
published one. Confidence follows unemployment, pay that is late and falling home values with a lag. In a lockdown the
kinds of spending fall by their own shares (dining -64%, offline -32%: Chen, Qian & Wen 2021 [S]); what is not spent
stays as deposits and comes back through c_w, and a part of it soon: the rebound,
    B' = B + rho * (spending that the lockdown prevented) - r B,    r = (1 - lockdown) / memory,
r B spent on top, in proportion to what each household spends (what was put off is bought later; a meal not eaten is
not). Spending is split into shops by kind, bills of utilities, food from the
city's farms, goods ordered from outside (a growing share), and services of the city (`services`).
What is earned and not spent piles up: deposits a head grow from 24,000 to some 60,000 yuan in ten years (China: 23,000 to
66,000 [R]), the one sector whose wealth moves by more than a year of its income.
A lost mining wage is thus lost to shops and services next door: the local multiplier.
"""

from __future__ import annotations

import numpy as np

from krimp.processes import jobs, shops, vouchers
from krimp.state.codes import ACTIVE, BROKER, HOSTEL_SHOP, N_SHOP_KINDS
from krimp.state.compile import kernel
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter("consumption.propensity", 0.70, "share", "uniform(0.65, 0.75)", "[R] Chinese urban average propensity 0.65-0.72 (mechanisms 7); heat and rent apart", "consumption in income at the base", 0.1, 1.2),
    Parameter("consumption.income", 0.55, "share", "uniform(0.45, 0.65)", "[R] 0.3-0.6 out of transitory income (mechanisms 7), more out of lasting income", "c_y", 0.0, 1.0),
    Parameter("consumption.wealth", 0.04, "per year", "uniform(0.02, 0.06)", "[R] out of deposits 3-5% a year", "c_w", 0.0, 0.5),
    Parameter("consumption.imports", 0.12, "share", "uniform(0.08, 0.18)", "[A] goods bought directly outside at the base; shops buy theirs outside too", "share ordered outside", 0.0, 0.9),
    Parameter("consumption.online", 0.012, "per year", "normal(0.012, 0.004)", "[R] online share of goods, China: 3% (2010) to 25% (2020), less in old poor towns [A]", "rise of the share ordered outside", -0.05, 0.1),
    Parameter("consumption.imports_most", 0.35, "share", "fixed", "[A] what is served or heated on the spot cannot be ordered: a cap on the trend", "highest share ordered outside", 0.0, 1.0),
    Parameter("consumption.utilities", 0.05, "share", "uniform(0.04, 0.06)", "[R] water, power, gas in urban budgets", "share of utility bills", 0.0, 0.5),
    Parameter("consumption.local_food", 0.05, "share", "uniform(0.02, 0.08)", "[A] grain, milk and vegetables from the farms around", "share bought from local farms", 0.0, 0.5),
    Parameter("consumption.confidence_jobs", 1.0, "ratio", "uniform(0.5, 1.5)", "[A]", "fall of confidence per point of unemployment above the base", 0.0, 10.0),
    Parameter("consumption.confidence_arrears", 0.02, "per month", "uniform(0.0, 0.05)", "[A] half of late pay is counted on (mechanisms 6)", "fall per month of public pay overdue", 0.0, 1.0),
    Parameter("consumption.confidence_homes", 0.1, "ratio", "uniform(0.0, 0.2)", "[R] small housing wealth effects", "to the yearly change of home prices", 0.0, 1.0),
    Parameter("consumption.confidence_memory", 6.0, "months", "fixed", "[A] half a year of news; speed only, not level", "memory of confidence", 1.0, 60.0),
    Parameter("consumption.fall_services", 0.4, "share", "fixed", "[S] -32% offline, -59% travel (Chen, Qian & Wen 2021)", "fall of services of the city in a full lockdown", 0.0, 1.0),
    Parameter("consumption.fall_imports", 0.1, "share", "fixed", "[A] parcels are late", "fall of orders outside in a full lockdown", 0.0, 1.0),
    Parameter("consumption.rebound", 0.15, "share", "uniform(0.05, 0.25)", "[S] 5-10% of forced savings as the central, 15-25% as the high view (TD Economics 2021, United States); none for China", "rho: part of the spending prevented by lockdowns that is made up soon after", 0.0, 1.0),
    Parameter("consumption.rebound_memory", 6.0, "months", "fixed", "[A] half a year: goods put off are bought by the next season; speed only", "mean time until it is made up", 1.0, 60.0),
    Parameter("consumption.season", 0.15, "share", "fixed", "[R] spring festival and new year", "more in January and February, less in March and April", 0.0, 1.0),
    Parameter("consumption.lockdown_scale", 1.0, "factor", "fixed", "[A] 1 = as dated in the pack; a policy may lengthen or lift it", "multiplies the lockdown path", 0.0, 10.0),
    Parameter("consumption.lockdown_least", 0.0, "share of the month", "fixed", "[A] policy: 0 = as dated in the pack", "lockdown that holds whatever the path says", 0.0, 1.0),
    Parameter("consumption.visitors", 1.0, "ratio", "lognormal(1.0, 0.4)", "[A] the curious come with the news", "rise of hostel demand at a news pulse of 1", 0.0, 20.0),
)  # fmt: skip
SERIES = (
    Series(
        "consumption", "currency", "money", "household spending on goods and services, rent and heat apart"
    ),
    Series("confidence", "index", "rate", "consumers' confidence, normal = 1", by_district=False),
    Series("lockdown", "share", "rate", "share of the month under lockdown", by_district=False),
)
BRANCHES = (
    "consumption.cash_limited",
    "consumption.lockdown",
    "consumption.rebound",
    "consumption.visitors",
)

#: Most that a household can spend in a month, fen.
MOST = float(np.iinfo(np.int32).max)
_SEASON = (1.0, 1.0, -0.5, -0.5, 0.0, -0.25, -0.25, -0.25, 0.25, 0.25, -0.25, -0.5)


@kernel
def spend(H, c0, c_y, c_w, factor, extra, first, stop, spent, fired):
    """Consumption of households [first, stop): taken from cash, added up by district in four lines in
    turn. `extra`: fen more each (vouchers)."""
    short = 0
    for i in range(first, stop):
        h = np.uint64(i)
        here = (H.state[h] == ACTIVE) & (H.size[h] != 0)
        cash = H.cash[h]
        wish = c0 * (1.0 + 0.6 * (np.float64(H.size[h]) - 1.0)) + c_y * np.float64(H.income[h])
        wish += c_w * np.float64(max(cash, 0))
        # 32 bits, as `spent` has: narrow vectors cannot turn numbers into 64-bit integers
        amount = np.int64(np.int32(min(wish * factor, MOST))) + extra
        amount = amount if here else np.int64(0)
        short += here & (amount > cash)
        amount = min(amount, max(cash, 0))
        H.cash[h] = cash - amount
        H.spent[h] = amount
    for i in range(first, stop):
        h = np.uint64(i)
        spent[h & np.uint64(3), np.uint64(np.uint8(H.district[h]))] += H.spent[h]
    fired[0] += short


@kernel
def heads(H):
    """(equivalent persons, income, cash) of all active households."""
    people = 0.0
    income = np.int64(0)
    cash = np.int64(0)
    for h in range(1, H.used[0]):
        if H.state[h] == ACTIVE and H.size[h] > 0:
            people += 1.0 + 0.6 * (np.float64(H.size[h]) - 1.0)
            income += H.income[h]
            cash += max(H.cash[h], 0)
    return people, income, cash


def _shares(world: World, lock: float) -> tuple[np.ndarray, np.ndarray]:
    """Shares of spending: float64[N_SHOP_KINDS + 4] shops by kind, then utilities, farms, outside, services; and what is
    left of each in the lockdown."""
    p, memory = world.params, world.memory
    t = jobs.years(world)
    out = np.zeros(N_SHOP_KINDS + 4)
    taste = shops.by_kind(world, "taste")
    for k in range(1, N_SHOP_KINDS):
        out[k] = memory["consumption.kind_share"][k] * jobs.trend(taste[k] * t)
    out[BROKER] = memory["consumption.broker_share"]
    out[N_SHOP_KINDS] = p["consumption.utilities"]
    out[N_SHOP_KINDS + 1] = p["consumption.local_food"]
    out[N_SHOP_KINDS + 2] = min(
        p["consumption.imports"] + p["consumption.online"] * t, p["consumption.imports_most"]
    )
    used = float(out.sum())
    if used > 0.95:
        out *= 0.95 / used
        used = 0.95
    out[N_SHOP_KINDS + 3] = 1.0 - used
    left = np.ones(N_SHOP_KINDS + 4)
    left[:N_SHOP_KINDS] = 1.0 - lock * shops.by_kind(world, "lockdown")
    left[N_SHOP_KINDS + 2] = 1.0 - lock * p["consumption.fall_imports"]
    left[N_SHOP_KINDS + 3] = 1.0 - lock * p["consumption.fall_services"]
    return out, np.maximum(left, 0.0)


def start(world: World) -> None:
    """c0 from the mean propensity; shares of shops from the shops there are; the base receipts of services."""
    p, memory = world.params, world.memory
    people, income, cash = heads(world.households.view())
    total = p["consumption.propensity"] * float(income)
    rest = total - p["consumption.income"] * float(income) - p["consumption.wealth"] / 12.0 * float(cash)
    memory["consumption.c0"] = max(rest, 0.0) / max(people, 1.0)
    memory["consumption.level"] = total
    memory["consumption.last"] = np.zeros(world.nd, np.int64)
    demand = memory["shops.demand"]
    share = np.where(demand > 0, demand / max(total, 1.0), shops.by_kind(world, "share"))
    share[0] = share[HOSTEL_SHOP] = share[BROKER] = 0.0
    if share.sum() > 0.55:
        # more shops than the spending can carry: they are smaller than thought
        down = 0.55 / float(share.sum())
        share *= down
        for name in ("shops.viable", "shops.demand", "shops.base_demand"):
            memory[name] = memory[name] * down
        for name in ("shops.fast", "shops.slow"):
            memory[name] = memory[name] * down
        memory["shops.labour"] = np.minimum(memory["shops.labour"] / down, 0.6)
    memory["consumption.kind_share"] = share
    memory["consumption.broker_share"] = float(demand[BROKER]) / max(total, 1.0)
    memory["consumption.visitors"] = float(demand[HOSTEL_SHOP])
    memory["consumption.jobless0"] = float(world.signal["unemployment_rate"][-1])
    memory["consumption.news"] = 0.0
    memory["consumption.put_off"] = 0.0
    shares, _ = _shares(world, 0.0)
    memory["services.receipts0"] = total * float(shares[-1]) + world.params["shops.rent_share"] * float(
        demand.sum()
    )


def confidence(world: World) -> float:
    """This month's confidence."""
    p, signal = world.params, world.signal
    target = 1.0
    target -= p["consumption.confidence_jobs"] * max(
        0.0, float(signal["unemployment_rate"][-1]) - world.memory["consumption.jobless0"]
    )
    target -= p["consumption.confidence_arrears"] * float(signal["wage_arrears_months"][-1])
    target += p["consumption.confidence_homes"] * min(max(float(signal["price_change_year"][-1]), -0.5), 0.5)
    target = min(max(target, 0.7), 1.1)
    return jobs.smooth(float(signal["confidence"][-1]), target, p["consumption.confidence_memory"])


def step(world: World) -> None:
    """Households spend; the money reaches shops, firms and the outside."""
    p, memory, signal = world.params, world.memory, world.signal
    lock = min(world.driver("lockdown", 0.0) * p["consumption.lockdown_scale"], 1.0)
    lock = max(lock, p["consumption.lockdown_least"])
    signal["lockdown"][:] = lock
    signal["confidence"][:] = confidence(world)
    if lock > 0.0:
        world.fired["consumption.lockdown"] += 1
    _brokers(world)
    shares, left = _shares(world, lock)
    vouchers.hand_out(world)
    season = 1.0 + p["consumption.season"] * _SEASON[world.month_of_year - 1]
    kept = float((shares * left).sum())
    made_up = _made_up(world, lock)
    factor = float(signal["confidence"][-1]) * season * kept * (1.0 + made_up)
    level = float(signal["cost_of_living"][-1])
    households = world.households.view()
    extra = np.int64(vouchers.extra_each(world))
    rules = (
        memory["consumption.c0"] * level, p["consumption.income"], p["consumption.wealth"] / 12.0, factor, extra,
    )  # fmt: skip

    def work(_: int, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        spent, fired = np.zeros((4, world.nd), np.int64), np.zeros(1, np.int64)
        spend(households, *rules, first, stop, spent, fired)
        return spent.sum(axis=0), fired

    spent = np.zeros(world.nd, np.int64)
    for part, fired in world.map_chunks(work, world.households.n):
        spent += part
        world.fired["consumption.cash_limited"] += int(fired[0])
    memory["consumption.last"] = spent
    _put_off(world, float(spent.sum()), kept, made_up)
    _split(world, spent, shares * left / max(float((shares * left).sum()), 1e-9), left)


def _made_up(world: World, lock: float) -> float:
    """What is made up this month of spending put off, relative to spending as it would be."""
    put_off = float(world.memory["consumption.put_off"])
    if put_off <= 0.0:
        return 0.0
    world.fired["consumption.rebound"] += 1
    now = put_off * (1.0 - lock) / world.params["consumption.rebound_memory"]
    return now / max(float(world.memory["consumption.level"]), 1.0)


def _put_off(world: World, spent: float, kept: float, made_up: float) -> None:
    """Keep the account of spending put off: what the lockdown prevented this month is added, what was made up is gone."""
    usual = spent / (1.0 + made_up)
    prevented = usual * (1.0 / max(kept, 0.05) - 1.0)
    world.memory["consumption.put_off"] += world.params["consumption.rebound"] * prevented - (spent - usual)


def _brokers(world: World) -> None:
    deals = float(world.signal["deal_value_used"][-1]) * world.pack.config.minor_units
    level = max(float(world.memory["consumption.level"]), 1.0)
    if deals > 0.0:
        share = min(world.params["shops.commission"] * deals / level, 0.05)
        world.memory["consumption.broker_share"] = jobs.smooth(
            world.memory["consumption.broker_share"], share, 12.0
        )


def _split(world: World, spent: np.ndarray, shares: np.ndarray, left: np.ndarray) -> None:
    """Post the month's spending by receiver and district."""
    book, memory = world.ledger, world.memory
    parts = np.floor(spent[None, :] * shares[:, None]).astype(np.int64)
    parts[-1] += spent - parts.sum(axis=0)
    demand = np.ascontiguousarray(parts[:N_SHOP_KINDS])
    news = float(memory["consumption.news"])
    memory["consumption.news"] = max(world.driver("buzz", 0.0), 0.8 * news)
    visitors = np.zeros(N_SHOP_KINDS, np.int64)
    more = 1.0 + world.params["consumption.visitors"] * memory["consumption.news"]
    visitors[HOSTEL_SHOP] = int(
        memory["consumption.visitors"] * shops.costs(world) * more * left[HOSTEL_SHOP]
    )
    sold = shops.trade(world, demand, visitors)
    # a kind without an open shop: residents spend it on services instead, visitors do not come
    missing = np.nonzero((demand.sum(axis=1) + visitors > 0) & (sold == 0))[0]
    for k in missing:
        parts[-1] += demand[k]
        parts[k] = 0
        visitors[k] = 0
    book.pay_each("consumption", "households.cash", "shops.cash", parts[:N_SHOP_KINDS].sum(axis=0))
    book.pay_each("consumption", "households.cash", "industry.cash", parts[N_SHOP_KINDS])
    book.pay_each("consumption", "households.cash", "farms.cash", parts[N_SHOP_KINDS + 1])
    book.pay_each("imports", "households.cash", "rest.cash", parts[N_SHOP_KINDS + 2])
    book.pay_each("consumption", "households.cash", "services.cash", parts[N_SHOP_KINDS + 3])
    if visitors.sum() > 0:
        book.pay("exports", "rest.cash", "shops.cash", int(visitors.sum()))
        world.fired["consumption.visitors"] += 1
    memory["industry.local"] = float(parts[N_SHOP_KINDS].sum())
    memory["farming.local"] = float(parts[N_SHOP_KINDS + 1].sum())
    memory["consumption.level"] = jobs.smooth(float(memory["consumption.level"]), float(spent.sum()), 12.0)


def observe(world: World) -> dict[str, np.ndarray]:
    """Spending of the month, confidence and lockdown."""
    spent = world.memory["consumption.last"]
    one, two = np.zeros(world.nd + 1), np.zeros(world.nd + 1)
    one[-1], two[-1] = world.signal["confidence"][-1], world.signal["lockdown"][-1]
    return {
        "consumption": np.append(spent, spent.sum()).astype(np.float64),
        "confidence": one,
        "lockdown": two,
    }
