"""Hedonic valuation and price index, learnt each month from the run's own sales.

ln p = level(district, t) + x . beta, p in yuan per m2 (Rosen 1974). beta by sequential ridge regression with decaying
normal equations around the prior coefficients below:
    (G + lambda I) beta = m + lambda beta0,  G <- decay G + sum (x - xbar)(x - xbar)',  m likewise with y,
where xbar, y are centred within the month, so that levels do not enter. The level is a local-level filter on the mean
residual of the month, city first, then each district's difference from it, with gain 1 - 0.25**(1/12) a month
(a moving average whose weight beyond one year is 0.25) reduced by n / (n + n0) where sales are few.
It is what sellers and reports look at: an observation of deals, never the rule that makes them. An ask that was lowered
below what such a home is held to be worth, and still found no buyer, is a bound on the price and counts as a part of a deal. Walk-up floors -4% above
the third, top floor -8%, no deed -25%, age -10% a decade, half-empty house -10%: mechanisms 3.2 and 4.4.
A bare shell is worth the fitted flat less what fitting out costs: an amount, not a share, so the cheapest flats lose most.
The character of a house and of a flat (damp, view, layout, neighbours) is seen by all who look at it, and by no table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from krimp.state import codes
from krimp.state.codes import COMPLETE, FULL_TITLE, NO_TITLE, STANDING, STOVE
from krimp.state.compile import allocating_kernel, helper, kernel, prefetch
from krimp.state.counting import group, rows_where
from krimp.state.parameters import Parameter
from krimp.state.portable import exp, exp_all, log, log_all
from krimp.state.world import Series, World

#: Features: 1-7 settlement kinds (old core = reference), then the rest by these positions.
(
    FLOOR_ABOVE_3, GROUND, TOP, LIFT_FLOOR, LIFT, AGE, CONDITION, UNTITLED, OWN_STOVE, SHELL, LOG_AREA, EMPTY_HOUSE, NEW, CHARACTER, KM,
) = range(8, 23)  # fmt: skip
N_FEATURES = 23
#: Behind the coefficients: what buyers take off a bare shell, yuan per m2.
FITTING = N_FEATURES
#: Least worth of a bare shell, as a share of the flat fitted out.
LEAST_SHELL = 0.15
#: State of repair and floor area (m2) at which a home's coefficients for them do not count.
REFERENCE_CONDITION, REFERENCE_AREA = 0.8, 60.0
#: A large home's floor area, m2, and what it may cost at the base, minor units: an eighth of what prices have room for.
DEAR_M2, DEAREST = 200.0, 2.0**28
#: Months over which people judge the trend of prices: two years in the INET model, 2022 configuration [S].
TREND_MONTHS = 24

_A = "[A] sweep; mechanisms 3.2"
PARAMETERS: tuple[Parameter, ...] = (
    Parameter("hedonic_index.base_price_m2", 2000.0, "yuan/m2", "lognormal(2000, 0.15)",
              "[A] no 2010 figure; used only where the pack has no price at the base", "mean value of marketable homes",
              200.0, 50000.0),
    Parameter("hedonic_index.floor_above_3", -0.04, "log/floor", "normal(-0.04, 0.01)",
              "[S] Chen et al. 2022, IRER: -4.2% a floor; mechanisms 3.2", "walk-up, each floor above the third"),
    Parameter("hedonic_index.top_floor", -0.08, "log", "uniform(-0.10, -0.05)", _A, "top floor of a walk-up"),
    Parameter("hedonic_index.lift_floor", 0.0055, "log/floor", "fixed", "[S] Chen et al. 2022, IRER", "each floor with lift"),
    Parameter("hedonic_index.lift", 0.10, "log", "normal(0.10, 0.05)", _A, "house with lift"),
    Parameter("hedonic_index.age", -0.10, "log/10 years", "normal(-0.10, 0.04)",
              "[R] Harding et al. 2007: 2% a year net; part of it is in condition", "age of the house"),
    Parameter("hedonic_index.condition", 0.5, "log", "normal(0.5, 0.15)", _A, "from ruined (0) to as new (1)"),
    Parameter("hedonic_index.no_title", -0.25, "log", "uniform(-0.40, -0.20)", "[A] mechanisms 3.2", "no deed"),
    Parameter("hedonic_index.stove", -0.10, "log", "uniform(-0.15, -0.05)", _A, "own stove, no district heat"),
    Parameter("hedonic_index.shell", 0.0, "log", "normal(0.0, 0.05)", "[A] the cost of fitting out is taken off apart",
              "bare shell, beyond that cost"),
    Parameter("hedonic_index.fitting_share", 0.7, "share", "uniform(0.35, 1.0)",
              "[A] between a simple and a full job (fitting_out)", "of the cost of fitting out, taken off a bare shell"),
    Parameter("hedonic_index.character", 0.14, "log", "uniform(0.10, 0.20)",
              "[A] spread of offers for like homes, mechanisms 3.4", "a house and flat better than others by one sd"),
    Parameter("hedonic_index.log_area", -0.10, "log/log m2", "normal(-0.10, 0.05)", _A, "price per m2 by area"),
    Parameter("hedonic_index.empty_house", -0.20, "log", "uniform(-0.3, -0.1)", "[A] mechanisms 4.4",
              "share of vacant homes in the building"),
    Parameter("hedonic_index.new", 0.25, "log", "normal(0.25, 0.1)", _A, "first sale of a new home"),
    Parameter("hedonic_index.village", -0.50, "log", "normal(-0.5, 0.2)", _A, "village"),
    Parameter("hedonic_index.state_farm", -0.30, "log", "normal(-0.3, 0.2)", _A, "state farm"),
    Parameter("hedonic_index.mine_row", -0.60, "log", "normal(-0.6, 0.2)", _A, "mine-side row"),
    Parameter("hedonic_index.new_core", 0.20, "log", "normal(0.2, 0.1)", _A, "new core"),
    Parameter("hedonic_index.km", -0.05, "log/km", "uniform(-0.08, -0.02)", "[A] mechanisms 3.2", "distance from the centre of the city"),
    Parameter("hedonic_index.estate", -0.05, "log", "normal(-0.05, 0.05)", "[A] raw surroundings; distance and the missing deed are apart",
              "resettlement estate"),
    Parameter("hedonic_index.county_town", -0.10, "log", "normal(-0.1, 0.1)", _A, "county town"),
    Parameter("hedonic_index.ridge", 30.0, "sales", "fixed", "[A] weight of the prior coefficients in sales"),
    Parameter("hedonic_index.decay", 0.97, "1/month", "fixed", "[A] window of about three years for beta"),
    Parameter("hedonic_index.memory_year", 0.25, "share", "fixed",
              "[S] INET housing model: moving average, weight beyond one year", "", 0.0, 0.99),
    Parameter("hedonic_index.few_sales", 10.0, "sales", "fixed", "[A] n0 of the level's gain"),
    Parameter("hedonic_index.news_of_cuts", 0.5, "sales", "uniform(0.0, 1.0)",
              "[A] portals show asks, not deals: 'average prices' of Chinese cities are averages of asks [R]",
              "what an ask that was lowered tells about the level, in sales", 0.0, 10.0),
)  # fmt: skip

SERIES: tuple[Series, ...] = (
    Series("median_ask_m2", "yuan/m2", "rate", "median asking price of homes for sale"),
    Series("median_sale_m2", "yuan/m2", "rate", "median price of the month's sales, second-hand and new"),
    Series("median_sale_new_m2", "yuan/m2", "rate", "median price of the month's sales of new homes"),
    Series("ask_total_p01", "yuan", "rate", "first percentile of asking prices, whole flats"),
    Series("ask_total_p50", "yuan", "rate", "median asking price, whole flats"),
    Series("price_index_m2", "yuan/m2", "rate", "hedonic price of the base month's mean marketable home"),
    Series("rent_m2", "yuan/m2/month", "rate", "rent of the base month's mean marketable home"),
    Series(
        "months_on_market", "months", "rate", "mean time from listing to sale of the homes sold this month"
    ),
    Series(
        "price_to_replacement_cost",
        "ratio",
        "rate",
        "hedonic price of a new standard flat / replacement cost",
    ),
    Series("ask_to_sale", "ratio", "rate", "mean last ask / price of the month's sales"),
)
BRANCHES: tuple[str, ...] = ("hedonic_index.month_with_sales",)


@helper
def mix(key):
    """32 well mixed bits of a stable key."""
    k = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    k ^= k >> np.uint64(29)
    k *= np.uint64(0xBF58476D1CE4E5B9)
    return np.int64(k >> np.uint64(33))


@helper
def character(key):
    """About normal(0, 1), fixed by the key: the sum of four uniform bytes."""
    bits = mix(key)
    total = (bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 23 & 255)
    return (total - 510.0) / 147.8


@helper
def facts(D, B, places, d, month, x):
    """Hedonic features of dwelling d into x[N_FEATURES], the area as a ratio whose log is the feature: logs of many homes are
    taken together. `places`: kind and km from the centre of each settlement."""
    for k in range(N_FEATURES):
        x[k] = 0.0
    b = D.building[d]
    s = D.settlement[d]
    x[np.int64(places[s, 0])] = 1.0
    x[KM] = places[s, 1]
    floor, floors, walk = np.int64(D.floor[d]), np.int64(B.floors[b]), B.lift[b] == 0
    x[LIFT] = 0.0 if walk else 1.0
    x[LIFT_FLOOR] = 0.0 if walk else floor - 1.0
    x[FLOOR_ABOVE_3] = floor - 3.0 if walk & (floor > 3) else 0.0
    x[GROUND] = 1.0 if walk & (floor == 1) & (floors > 1) else 0.0
    x[TOP] = 1.0 if walk & (floor == floors) & (floors >= 4) else 0.0
    age = (month - np.int64(B.built[b])) / 120.0
    x[AGE] = min(max(age, 0.0), 5.0)
    x[CONDITION] = D.condition[d] / 255.0 - REFERENCE_CONDITION
    x[UNTITLED] = 1.0 if D.title[d] == NO_TITLE else 0.0
    x[OWN_STOVE] = 1.0 if D.heating[d] == STOVE else 0.0
    x[SHELL] = 1.0 if D.fitted[d] == 0 else 0.0
    x[LOG_AREA] = max(np.float64(D.area[d]) / 10.0, 5.0) / REFERENCE_AREA
    empty = 1.0 - min(B.occupied[b] / np.float64(max(B.units[b], 1)), 1.0)
    x[EMPTY_HOUSE] = empty if (B.state[b] == COMPLETE) & (age > 0.1) & (B.units[b] > 1) else 0.0
    x[NEW] = 1.0 if (D.paid[d] == 0) & (D.bought[d] == 0) & (age < 0.3) else 0.0
    x[CHARACTER] = 0.7071 * (character(B.key[b]) + character(D.key[d]))


@helper
def features(D, B, places, d, month, x):
    """Hedonic features of dwelling d into x[N_FEATURES]."""
    facts(D, B, places, d, month, x)
    x[LOG_AREA] = log(x[LOG_AREA])


@kernel
def dot(x, beta):
    """x . beta, summed in order."""
    total = 0.0
    for k in range(N_FEATURES):
        total += x[k] * beta[k]
    return total


@helper
def value(D, B, places, d, month, x, beta, level):
    """Hedonic value of dwelling d in fen (float): what sellers believe it would fetch. x is scratch."""
    features(D, B, places, d, month, x)
    m2 = exp(level[D.district[d]] + dot(x, beta))
    if D.fitted[d] == 0:
        m2 = max(m2 - beta[FITTING], LEAST_SHELL * m2)
    return m2 * D.area[d] * 10.0


@allocating_kernel
def mean_features(D, B, places, month, nd, out, count):
    """Mean features of standing homes with a full deed by district: out[nd + 1, N_FEATURES], count[nd + 1]."""
    x = np.zeros(N_FEATURES)
    for d in range(1, D.used[0]):
        if D.state[d] != STANDING or D.title[d] != FULL_TITLE:
            continue
        features(D, B, places, d, month, x)
        i = D.district[d]
        count[i] += 1
        count[nd] += 1
        for k in range(N_FEATURES):
            out[i, k] += x[k]
            out[nd, k] += x[k]
    for i in range(nd + 1):
        if count[i] > 0:
            for k in range(N_FEATURES):
                out[i, k] /= count[i]


@allocating_kernel
def features_of(D, B, places, rows, month, x):
    """Features of the dwellings in `rows` into x[n, N_FEATURES]."""
    areas = np.empty(rows.size)
    for s in range(rows.size):
        if s + 16 < rows.size:
            d = rows[s + 16]
            prefetch(
                (D.building, D.settlement, D.floor, D.condition, D.title, D.heating, D.fitted, D.area), d
            )
            prefetch((D.paid, D.bought, D.key), d)
        if s + 8 < rows.size:
            b = D.building[rows[s + 8]]
            prefetch((B.floors, B.lift, B.built, B.occupied, B.units, B.state, B.key), b)
        facts(D, B, places, rows[s], month, x[s])
        areas[s] = x[s, LOG_AREA]
    log_all(areas)
    for s in range(rows.size):
        x[s, LOG_AREA] = areas[s]


@kernel
def keep_low(D, rows, level, fit, discount, fitting, x, ask, district):
    """Keep of `rows`, with features x and their worth `fit` beside the level, those asked for less than that: x, log of the ask
    per m2 less `discount`, district. Returns how many."""
    for s in range(rows.size):
        d = rows[s]
        ask[s] = D.ask[d] * (1.0 - discount) / 10.0 / D.area[d] + x[s, SHELL] * fitting
    log_all(ask)
    n = 0
    for s in range(rows.size):
        i = D.district[rows[s]]
        if ask[s] < level[i] + fit[s]:
            for k in range(N_FEATURES):
                x[n, k] = x[s, k]
            ask[n], district[n] = ask[s], i
            n += 1
    return n


@allocating_kernel
def learn(x, y, district, weight, beta, beta0, level, city, gram, moment, ridge, decay, gain, few):
    """One month of prices (features x[n], log price per m2 y[n], weight[n]) into beta, gram, moment, level[nd + 1], city[1]."""
    n, k = x.shape
    nd = level.size - 1
    for i in range(k):
        moment[i] *= decay
        for j in range(k):
            gram[i, j] *= decay
    total = weight.sum()
    if total <= 0.0:
        return
    mean_x = np.zeros(k)
    mean_y = 0.0
    for s in range(n):
        mean_y += weight[s] * (y[s] - (level[district[s]] - city[0]))
        for i in range(k):
            mean_x[i] += weight[s] * x[s, i]
    mean_y /= total
    for i in range(k):
        mean_x[i] /= total
    row = np.zeros(k)
    for s in range(n):
        for i in range(k):
            row[i] = x[s, i] - mean_x[i]
        e = y[s] - (level[district[s]] - city[0]) - mean_y
        for i in range(k):
            if row[i] != 0.0:
                moment[i] += weight[s] * row[i] * e
                for j in range(k):
                    gram[i, j] += weight[s] * row[i] * row[j]
    # ridge around the prior, by Cholesky in place
    a = np.zeros((k, k))
    for i in range(k):
        for j in range(k):
            a[i, j] = gram[i, j]
        a[i, i] += ridge
    b = np.zeros(k)
    for i in range(k):
        b[i] = moment[i] + ridge * beta0[i]
    for i in range(k):
        for j in range(i + 1):
            total = a[i, j]
            for m in range(j):
                total -= a[i, m] * a[j, m]
            if i == j:
                a[i, i] = np.sqrt(max(total, 1e-12))
            else:
                a[i, j] = total / a[j, j]
    for i in range(k):
        total = b[i]
        for m in range(i):
            total -= a[i, m] * b[m]
        b[i] = total / a[i, i]
    for i in range(k - 1, -1, -1):
        total = b[i]
        for m in range(i + 1, k):
            total -= a[m, i] * b[m]
        b[i] = total / a[i, i]
    for i in range(k):
        beta[i] = b[i]
    # levels: the city, then each district's difference from it
    residual = np.zeros(nd + 1)
    count = np.zeros(nd + 1)
    for s in range(n):
        fit = 0.0
        for i in range(k):
            fit += x[s, i] * beta[i]
        r = y[s] - fit
        i = district[s]
        residual[nd] += weight[s] * (r - (level[i] - city[0]))
        residual[i] += weight[s] * r
        count[i] += weight[s]
        count[nd] += weight[s]
    old = city[0]
    city[0] += gain * count[nd] / (count[nd] + few) * (residual[nd] / count[nd] - city[0])
    for i in range(nd):
        apart = level[i] - old
        if count[i] > 0:
            apart += gain * count[i] / (count[i] + 3.0 * few) * (residual[i] / count[i] - city[0] - apart)
        level[i] = city[0] + apart
    level[nd] = city[0]


def prior(world: World) -> np.ndarray:
    """Coefficients before any deal."""
    p = world.params
    beta = np.zeros(N_FEATURES)
    for kind, name in (
        (codes.VILLAGE, "village"), (codes.STATE_FARM, "state_farm"), (codes.MINE_ROW, "mine_row"),
        (codes.NEW_CORE, "new_core"), (codes.ESTATE, "estate"), (codes.COUNTY_TOWN, "county_town"),
        (FLOOR_ABOVE_3, "floor_above_3"), (TOP, "top_floor"), (LIFT_FLOOR, "lift_floor"), (LIFT, "lift"), (AGE, "age"),
        (CONDITION, "condition"), (UNTITLED, "no_title"), (OWN_STOVE, "stove"), (SHELL, "shell"),
        (LOG_AREA, "log_area"), (EMPTY_HOUSE, "empty_house"), (NEW, "new"), (CHARACTER, "character"), (KM, "km"),
    ):  # fmt: skip
        beta[kind] = p[f"hedonic_index.{name}"]
    beta[NEW] = world.memory.get("hedonic_index.new", beta[NEW])
    return beta


def fitting(world: World) -> float:
    """What buyers take off a bare shell this month, yuan per m2."""
    p = world.params
    return float(p["hedonic_index.fitting_share"] * p["fitting_out.cost_m2"] * world.driver("cpi", 1.0))


def standard_flat(world: World, kind: int, km: float) -> np.ndarray:
    """Features of a new flat as developers build and sell them, in a settlement of this kind."""
    p = world.params
    x = np.zeros(N_FEATURES)
    if kind != codes.OLD_CORE:
        x[kind] = 1.0
    x[LIFT] = p["developers.lift_share"]
    x[LIFT_FLOOR] = x[LIFT] * p["construction.storeys_lift"] / 2.0
    x[LOG_AREA] = log(p["developers.area"] / REFERENCE_AREA)
    x[CONDITION] = 1.0 - REFERENCE_CONDITION
    x[SHELL] = x[NEW] = 1.0
    x[KM] = km
    return x


#: Codes of the kinds of settlements by name.
_KINDS = {name: code for code, name in codes.LABELS["settlement_kind"].items()}


def settlement_kinds(world: World) -> np.ndarray:
    """Kind of every settlement as int8 (settlements of the pack carry a code or its name)."""
    kinds: list[Any] = [getattr(settlement, "kind", codes.OLD_CORE) for settlement in world.settlements]
    return np.array(
        [_KINDS.get(kind, codes.OLD_CORE) if isinstance(kind, str) else int(kind) for kind in kinds]
        or [codes.OLD_CORE], np.int8,
    )  # fmt: skip


def settlement_places(world: World) -> np.ndarray:
    """Kind and distance from the city's centre (0 in counties and outside towns, markets of their own) by settlement."""
    kinds = settlement_kinds(world)
    city = {x.id for x in world.pack.config.districts if x.kind == "district"}
    out = np.zeros((len(kinds), 2))
    out[:, 0] = kinds
    for i, settlement in enumerate(world.settlements):
        if settlement.district in city and kinds[i] not in (
            codes.VILLAGE,
            codes.STATE_FARM,
            codes.COUNTY_TOWN,
        ):
            out[i, 1] = settlement.km_from_centre
    return out


def core_km(world: World) -> float:
    """Mean distance of the new quarters from the centre."""
    places = world.memory.get("hedonic_index.places")
    if places is None:
        places = settlement_places(world)
    found = places[places[:, 0] == codes.NEW_CORE, 1]
    return float(found.sum()) / len(found) if len(found) else 0.0


def base_price(world: World) -> float:
    """Mean value of homes with a full deed at the base, yuan per m2: the pack's assumption, else the parameter."""
    found = world.pack.assumption("second_hand_price_m2", world.params["hedonic_index.base_price_m2"])
    return float(found)


def _mean_new(world: World, beta: np.ndarray, level: float) -> float:
    """Mean worth per m2, fitted out, of new flats where private builders have built lately."""
    from krimp.processes import developers  # late: builders look at these prices

    places, built = settlement_places(world), developers.built_lately(world)
    total, weight = 0.0, 0.0
    for target in developers.targets(world):
        if target >= 0:
            x = standard_flat(world, int(places[target, 0]), float(places[target, 1]))
            total += (built[target] + 1e-6) * exp(level + dot(x, beta))
            weight += built[target] + 1e-6
    return float(total / weight)


def start(world: World) -> None:
    """Prior coefficients; levels such that the base's mean home with a deed is worth the base price, and the premium of
    new homes such that builders' flats are worth the pack's price of new homes on average, if it has one.

    Raises ValueError when homes cost so many minor units that their prices would not fit in four bytes.
    """
    if "hedonic_index.beta" in world.memory:
        return
    dear = base_price(world) * DEAR_M2 * world.pack.config.minor_units
    if dear > DEAREST:
        raise ValueError(
            f"city.toml, minor_units: {world.pack.config.minor_units} makes {dear:.3g} minor units of a large home at"
            f" {base_price(world):,.0f} a square metre; allowed is up to {DEAREST:.3g}: count money in larger units"
        )
    nd, d = world.nd, world.dwellings
    places = settlement_places(world)
    beta = prior(world)
    world.buildings.occupied[:] = np.bincount(d.building[d.occupant > 0], minlength=world.buildings.n)
    mean = np.zeros((nd + 1, N_FEATURES))
    mean_features(
        world.dwellings.view(),
        world.buildings.view(),
        places,
        world.month,
        nd,
        mean,
        np.zeros(nd + 1, np.int64),
    )
    level = np.zeros(nd + 1)
    for i in range(nd + 1):
        level[i] = log(base_price(world)) - dot(mean[nd], beta)
    fresh = world.pack.assumption("new_price_m2", 0.0)
    if fresh > 0.0:
        beta[NEW] += log((fresh + fitting(world)) / _mean_new(world, beta, float(level[nd])))
        world.memory["hedonic_index.new"] = float(beta[NEW])
    world.memory["hedonic_index.beta"] = np.append(beta, fitting(world))
    world.memory["hedonic_index.places"] = places
    world.memory["hedonic_index.base_mean"] = mean
    world.memory["hedonic_index.level"] = level
    world.memory["hedonic_index.city"] = level[nd:].copy()
    world.memory["hedonic_index.gram"] = np.zeros((N_FEATURES, N_FEATURES))
    world.memory["hedonic_index.moment"] = np.zeros(N_FEATURES)
    world.memory["hedonic_index.history"] = np.tile(log_index(world), (TREND_MONTHS + 1, 1))
    world.memory["hedonic_index.sales"] = np.full((nd + 1, 4), np.nan)
    publish(world)


def log_index(world: World) -> np.ndarray:
    """Log price of the base month's mean home by district (float64[nd + 1])."""
    m = world.memory
    out = np.zeros(world.nd + 1)
    for i in range(world.nd + 1):
        out[i] = m["hedonic_index.level"][i] + dot(m["hedonic_index.base_mean"][i], m["hedonic_index.beta"])
    return out


def publish(world: World) -> None:
    """Signals of the price level and its yearly change, as people see it: the mean of two years."""
    history = world.memory["hedonic_index.history"]
    world.signal["price_m2"][:] = history[-1]
    exp_all(world.signal["price_m2"])
    world.signal["price_change_year"][:] = (history[-1] - history[0]) * 12.0 / TREND_MONTHS


def step(world: World) -> None:
    """Learn from this month's deals (left by the search in memory) and publish."""
    m, p = world.memory, world.params
    deals = m["housing_search.deals"]  # columns: dwelling, district, price, area, ask, months, new, outsider
    x = m["housing_search.deal_features"]
    if len(deals):
        world.fired["hedonic_index.month_with_sales"] += 1
    d, level, beta = world.dwellings, m["hedonic_index.level"], m["hedonic_index.beta"]
    beta[FITTING] = fitting(world)
    price = deals[:, 2] / 10.0 / deals[:, 3]
    y = price + x[:, SHELL] * beta[FITTING]
    log_all(y)
    # what did not sell at less than such homes are held to be worth: they must be worth less
    lowered = m["listing.lowered"][d.listed[m["listing.lowered"]] > 0]
    homes, buildings, discount = d.view(), world.buildings.view(), float(m["housing_search.discount"])

    def too_dear(_: int, first: int, stop: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows, n = lowered[first:stop], stop - first
        seen, ask, district = np.empty((n, N_FEATURES)), np.empty(n), np.empty(n, np.int64)
        features_of(homes, buildings, m["hedonic_index.places"], rows, world.month, seen)
        fit = (seen * beta[:N_FEATURES]).sum(axis=1)
        n = keep_low(homes, rows, level, fit, discount, beta[FITTING], seen, ask, district)
        return seen[:n], ask[:n], district[:n]

    xs, asks, districts = zip(*world.map_chunks(too_dear, len(lowered), 0, 1024), strict=True)
    x, y = np.concatenate([x, *xs]), np.concatenate([y, *asks])
    weight = np.full(len(y), p["hedonic_index.news_of_cuts"])
    weight[: len(deals)] = 1.0
    # a record stands for many homes at small scales: fewer of them tell as much
    share = max(world.copies / world.weight, 0.05)
    learn(
        x, y, np.concatenate([deals[:, 1], *districts]), weight, beta, prior(world), level, m["hedonic_index.city"],
        m["hedonic_index.gram"], m["hedonic_index.moment"], p["hedonic_index.ridge"] * share, p["hedonic_index.decay"],
        1.0 - exp(log(max(p["hedonic_index.memory_year"], 1e-9)) / 12.0),
        p["hedonic_index.few_sales"] * share,
    )  # fmt: skip
    history = m["hedonic_index.history"]
    history[:-1] = history[1:].copy()
    history[-1] = log_index(world)
    publish(world)
    m["hedonic_index.sales"] = _sales(world, deals, price)


@kernel
def sum_deals(deals, sums, over):
    """By district and for the city (last), sums[4]: deals, months on offer, paid for second-hand and for new homes; `over`: of
    asks over prices."""
    for s in range(deals.shape[0]):
        for i in (deals[s, 1], over.size - 1):
            sums[0, i] += 1
            sums[1, i] += deals[s, 5]
            sums[2 + deals[s, 6], i] += deals[s, 2]
            over[i] += deals[s, 4] / deals[s, 2]


def _sales(world: World, deals: np.ndarray, price: np.ndarray) -> np.ndarray:
    """float64[n_districts + 1, 4] of the month's deals: median price per m2, of new homes, mean months on offer, ask over price;
    nan where nothing was sold. Their value becomes a signal."""
    nd, district, fresh = world.nd, deals[:, 1].astype(np.int8), deals[:, 6] == 1
    sums, over = np.zeros((4, nd + 1), np.int64), np.zeros(nd + 1)
    sum_deals(deals, sums, over)
    for name, paid in zip(("deal_value_used", "deal_value_new"), sums[2:], strict=True):
        world.signal[name][:] = paid / 100.0 * world.weight
    table = np.full((nd + 1, 4), np.nan)
    (table[:, 0],) = _each(price, district, nd, median)
    (table[:, 1],) = _each(price[fresh], district[fresh], nd, median)
    sold = sums[0] > 0
    table[sold, 2], table[sold, 3] = sums[1, sold] / sums[0, sold], over[sold] / sums[0, sold]
    return table


def neighbours(values: np.ndarray, *places: int) -> list[tuple[float, float]]:
    """The value at each place (the highest first) and the one behind it (at the end itself), were they in rising order.

    numpy finds what belongs to one place in a third of the time of its sort, but to two places in three times as much; what
    belongs to a lower one is looked for in what lies below.
    """
    found: list[tuple[float, float]] = []
    for place in places:
        parted = np.partition(values, place)
        here, behind = float(parted[place]), parted[place + 1 :]
        # nothing is left behind at the end of all, and where the place before was the same
        found.append((here, float(behind.min()) if len(behind) else found[-1][1] if found else here))
        values = parted[: place + 1]
    return found


def median(values: np.ndarray) -> tuple[float]:
    """Middle value, or the mean of the two in the middle; nan of none."""
    n = len(values)
    if n == 0:
        return (np.nan,)
    ((low, high),) = neighbours(values, (n - 1) // 2)
    return (low if n % 2 else (low + high) / 2.0,)


def quantiles(values: np.ndarray, *shares: float) -> tuple[float, ...]:
    """Quantiles, the highest first, by numpy's default rule: a straight line between neighbours; nan of none."""
    if len(values) == 0:
        return (np.nan,) * len(shares)
    places = [(len(values) - 1) * share for share in shares]
    out = []
    for place, (a, b) in zip(places, neighbours(values, *map(int, places)), strict=True):
        t = place - int(place)
        out.append(a + (b - a) * t if t < 0.5 else b - (b - a) * (1.0 - t))
    return tuple(out)


def _each(
    values: np.ndarray, district: np.ndarray, nd: int, of: Callable[[np.ndarray], tuple[float, ...]]
) -> np.ndarray:
    """float64[figures, nd + 1]: the figures `of` the values by district, and of all (last)."""
    start, order = np.zeros(nd + 2, np.int64), np.empty(len(values), np.int32)
    group(district, start, order)
    grouped = values[order]
    return np.array([*(of(grouped[start[i] : start[i + 1]]) for i in range(nd)), of(values)]).T


@kernel
def asks_of(D, rows, district, ask, m2):
    """District and asking price of the homes `rows`, yuan, whole and per m2."""
    for s in range(rows.size):
        d = rows[s]
        district[s] = D.district[d]
        ask[s] = D.ask[d] / 100.0
        m2[s] = ask[s] / (D.area[d] / 10.0)


def _asks(world: World) -> dict[str, np.ndarray]:
    """Asking prices on offer, 0 where there are none."""
    d, nd = world.dwellings, world.nd
    rows = rows_where((d.listed & codes.FOR_SALE) != 0)  # FOR_BOTH holds its bit
    district, (ask, m2) = np.empty(len(rows), np.int8), np.empty((2, len(rows)))
    asks_of(d.view(), rows, district, ask, m2)
    middle, low = _each(ask, district, nd, lambda asks: quantiles(asks, 0.5, 0.01))
    (m2_middle,) = _each(m2, district, nd, median)
    found = {"median_ask_m2": m2_middle, "ask_total_p01": low, "ask_total_p50": middle}
    return {name: np.where(np.isnan(values), 0.0, values) for name, values in found.items()}


def homes_settled(world: World) -> None:
    """Begin to look at asking prices."""
    world.ahead("hedonic_index", lambda *_: _asks(world), 2)


def observe(world: World) -> dict[str, np.ndarray]:
    """Asking prices on offer, prices paid, the index."""
    (out,) = world.map_begun("hedonic_index", lambda *_: _asks(world), 2)
    table = world.memory["hedonic_index.sales"]
    out["median_sale_m2"], out["median_sale_new_m2"] = table[:, 0], table[:, 1]
    out["months_on_market"], out["ask_to_sale"] = table[:, 2], table[:, 3]
    out["price_index_m2"] = world.signal["price_m2"].copy()
    out["rent_m2"] = world.signal["rent_m2"].copy()
    out["price_to_replacement_cost"] = world.memory["developers.price_to_cost"].copy()
    return out
