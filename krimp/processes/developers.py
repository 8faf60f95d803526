"""Private developers: kinked supply (Glaeser & Gyourko 2005).

    starts = c0 * max(0, P / RC - 1.05)^e * stock / 12     while unsold homes last less than 18 months

P is the hedonic price of a new standard flat in the district's new quarter, RC = construction + land + fees + finance.
Below replacement cost nobody builds; above it supply is elastic. Land: developers never pay more than the residual that
expected sales leave, and the city gets it as land income. Unsold homes stay with the developer.
"""

from __future__ import annotations

import numpy as np

from krimp.processes import construction, hedonic_index
from krimp.state.codes import (
    BUILDING_SITE,
    BY_DEVELOPER,
    COUNTY_TOWN,
    FULL_TITLE,
    NEW_CORE,
    OLD_CORE,
    STANDING,
)
from krimp.state.compile import kernel
from krimp.state.counting import Dwindling
from krimp.state.parameters import Parameter
from krimp.state.portable import exp, log
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter("developers.scale", 1.0, "factor", "fixed", "[A] 0 = no private building", "", 0.0, 10.0),
    Parameter("developers.cost_walk_up", 1450.0, "yuan/m2", "uniform(1200, 1700)", "[A] 1,500-2,200 without land around 2015-19, at 2010 prices a quarter less", "walk-up, without land", 100.0, 1e5),
    Parameter("developers.cost_lift", 2000.0, "yuan/m2", "uniform(1700, 2400)", "[A] 2,200-3,000 with lift around 2015-19", "lift block, without land", 100.0, 1e5),
    Parameter("developers.fees_m2", 250.0, "yuan/m2", "uniform(150, 350)", "[A] fees, surveys, connections", "", 0.0, 1e4),
    Parameter("developers.finance", 0.08, "share", "uniform(0.05, 0.12)", "[A] interest over the lag", "of cost", 0.0, 1.0),
    Parameter("developers.land_least", 120.0, "yuan/m2", "uniform(60, 250)", "[A] floor of land price per m2 built", "", 0.0, 1e4),
    Parameter("developers.land_share", 0.35, "share", "uniform(0.2, 0.5)", "[A] part of the residual that goes into land", "", 0.0, 1.0),
    Parameter("developers.elasticity", 1.0, "elasticity", "uniform(0.6, 1.6)", "[A] of starts to price over cost less one; new supply 2.8-5.6 in price (Wang, Chan & Xu 2012)", "e", 0.1, 6.0),
    Parameter("developers.pace", 0.10, "share of stock a year", "lognormal(0.10, 0.4)", "[A] starts at a price of twice the cost", "c0", 0.0, 2.0),
    Parameter("developers.hurdle", 1.05, "ratio", "fixed", "[A] start when expected price exceeds 1.05 of cost", "", 0.5, 3.0),
    Parameter("developers.inventory", 18.0, "months", "fixed", "[S] 2017 rule: supply by months of stock", "most months of unsold homes", 1.0, 240.0),
    Parameter("developers.floor_share", 0.75, "share", "uniform(0.6, 0.9)", "[A] developers do not sell far below cost", "least price over cost", 0.0, 2.0),
    Parameter("developers.area", 88.0, "m2", "fixed", "[D] 35,000 m2 over about 400 homes in 2019", "mean new home", 20.0, 300.0),
    Parameter("developers.lift_share", 0.7, "share", "fixed", "[S] projects on sale in 2019 were all high-rise with lifts", "", 0.0, 1.0),
    Parameter("developers.lag", 24.0, "months", "uniform(20, 34)", "[R] start to completion 24-36 months", "", 3.0, 96.0),
    Parameter("developers.pipeline", 0.5, "share", "uniform(0.25, 0.75)", "[A] the rest were homes of employers and public ones", "private sites at the base over what was built per lag in the five years before", 0.0, 2.0),
    Parameter("developers.materials", 0.5, "share", "fixed", "[R] materials bought outside", "of cost", 0.0, 1.0),
)  # fmt: skip
SERIES = (
    Series("unsold_new", "dwellings", "stock", "developers' homes not yet sold, finished or not"),
    Series(
        "replacement_cost_m2",
        "yuan/m2",
        "rate",
        "construction, land, fees and finance of a new standard flat",
        False,
    ),
)
BRANCHES = ("developers.start", "developers.below_cost")


def site_units(world: World) -> int:
    """Records of one site: 48 flats, at small scales fewer records that stand for more."""
    return max(8, min(48, 48 * world.copies // world.weight))


def replacement_cost(world: World, lift: float | None = None) -> float:
    """Yuan per m2 this month, at the floor price of land; `lift` = share of blocks with one, as private builders build by default."""
    p = world.params
    lift = p["developers.lift_share"] if lift is None else lift
    build = (1.0 - lift) * p["developers.cost_walk_up"] + lift * p["developers.cost_lift"]
    index = world.driver("construction_cost_index", 1.0)
    return (build + p["developers.fees_m2"]) * index * (1.0 + p["developers.finance"]) + p[
        "developers.land_least"
    ]


#: Where private builders build, the more they like it the later.
_BUILT_IN = (OLD_CORE, COUNTY_TOWN, NEW_CORE)


def targets(world: World) -> np.ndarray:
    """Settlement of each district where private builders build (-1 = none): new core, county town, else old core."""
    out, best = np.full(world.nd, -1, np.int64), np.full(world.nd, -1)
    for i, kind in enumerate(hedonic_index.settlement_kinds(world).tolist()):
        if kind in _BUILT_IN:
            d, rank = world.districts.index(world.settlements[i].district), _BUILT_IN.index(kind)
            if rank >= best[d]:
                out[d], best[d] = i, rank
    return out


def expected_price(world: World, place: np.ndarray) -> np.ndarray:
    """Hedonic price of a new standard flat with lift, yuan per m2, by district (there in the settlement `place`) and for the
    city (last)."""
    m = world.memory
    beta, level = m["hedonic_index.beta"], m["hedonic_index.level"]
    places = m["hedonic_index.places"]
    core_km = hedonic_index.core_km(world)
    trend = world.params["listing.trend_weight"]
    out = np.zeros(world.nd + 1)
    for i in range(world.nd + 1):
        kind, km = NEW_CORE, core_km
        if i < world.nd and place[i] >= 0:
            kind, km = int(places[place[i], 0]), float(places[place[i], 1])
        x = hedonic_index.standard_flat(world, kind, km)
        total = float(level[i])
        total += float(hedonic_index.dot(x, beta))
        total += trend * float(world.signal["price_change_year"][i])
        out[i] = float(exp(total)) - float(beta[hedonic_index.FITTING])
    return out


#: Months before the base over which the pace of building is judged.
PAST = 60


def built_lately(world: World) -> np.ndarray:
    """Flats of the base by settlement that were built in the years before it."""
    d, b = world.dwellings, world.buildings
    young = (d.state == STANDING) & (d.completed > world.base - PAST) & (b.floors[d.building] > 1)
    return np.bincount(d.settlement[young], minlength=len(world.settlements))


def _sites(world: World) -> None:
    """Sites of the base: private building goes on at a part of the pace of the last years, at every stage."""
    p = world.params
    lag = int(p["developers.lag"])
    size, built = site_units(world), built_lately(world)
    for i, settlement in enumerate(targets(world)):
        units = (
            0
            if settlement < 0
            else int(built[settlement] * p["developers.pipeline"] * p["developers.scale"] * lag / PAST)
        )
        for first in range(0, units, size):
            construction.start_building(
                world, settlement=int(settlement), units=min(size, units - first), area=p["developers.area"],
                months_to_build=max(1, lag * (first + size // 2) // units), public=0, programme=0,
                owner_kind=BY_DEVELOPER, title=FULL_TITLE, lift_share=p["developers.lift_share"],
            )  # fmt: skip
        for name in ("starts", "starts_private"):
            world.counter(name)[i] = 0


def start(world: World) -> None:
    """The sites of the base; no sales seen yet."""
    _sites(world)
    m = world.memory
    m["developers.sold"] = np.zeros((12, world.nd))
    m["developers.carry"] = np.zeros(world.nd)
    m["developers.price_to_cost"] = expected_price(world, targets(world)) / replacement_cost(world)


#: Developers sell and never buy.
_OWN = Dwindling(lambda homes, rows: homes.owner_kind[rows] == BY_DEVELOPER)


@kernel
def _count_empty(D, rows, empty):
    """empty[d]: how many of `rows` are empty by district, on sites too, and in the whole city (last)."""
    for i in range(rows.size):
        d = rows[i]
        if D.occupant[d] == 0 and (D.state[d] == STANDING or D.state[d] == BUILDING_SITE):
            empty[D.district[d]] += 1
            empty[empty.size - 1] += 1


def _unsold(world: World) -> np.ndarray:
    """Developers' empty homes by district, on sites too, and in the city (last)."""
    unsold = np.zeros(world.nd + 1)
    _count_empty(world.dwellings.view(), _OWN.rows(world.dwellings), unsold)
    return unsold


def _standing(world: World) -> np.ndarray:
    """Standing homes of all owners by district: last month's count and what has been built and pulled down since."""
    since = world.counter("completions") - world.counter("demolitions")
    return (world.memory["home_stocks.counts"][0] + since[: world.nd]).astype(np.float64)


def step(world: World) -> None:
    """Compare price and cost, count stock, start."""
    p, m, d, nd = world.params, world.memory, world.dwellings, world.nd
    place, cost = targets(world), replacement_cost(world)
    price = expected_price(world, place)
    ratio = price / cost
    m["developers.price_to_cost"] = ratio
    sold = m["developers.sold"]
    sold[world.month % 12] = world.counter("sales_new")[:nd]
    unsold, stock = _unsold(world), _standing(world)
    seen = sold.sum(axis=0) / 12.0
    allowed = world.signal["starts_allowed"]
    size = site_units(world)
    for i in range(nd):
        margin = ratio[i] - p["developers.hurdle"]
        if margin <= 0.0 or place[i] < 0:
            world.fired["developers.below_cost"] += margin <= 0.0
            continue
        if unsold[i] > p["developers.inventory"] * max(seen[i], 0.0005 * stock[i] / 12.0) + size // 2:
            continue
        wish = (
            p["developers.scale"]
            * p["developers.pace"]
            * float(exp(p["developers.elasticity"] * log(margin)))
        )
        m["developers.carry"][i] += wish * stock[i] / 12.0 * float(allowed[i])
        if m["developers.carry"][i] < size:
            continue
        units = int(m["developers.carry"][i]) // size * size
        m["developers.carry"][i] -= units
        first, stop = construction.start_building(
            world, settlement=int(place[i]), units=units, area=p["developers.area"],
            months_to_build=int(p["developers.lag"]), public=0, programme=0, owner_kind=BY_DEVELOPER, title=FULL_TITLE,
            lift_share=p["developers.lift_share"],
        )  # fmt: skip
        area = float(d.area[first:stop].sum()) / 10.0
        residual = max(0.0, price[i] - cost) * p["developers.land_share"] + p["developers.land_least"]
        if world.regime.land_finance and p["land_sales.scale"] > 0:
            world.ledger.pay("land", "developers.cash", "city.fund_cash", world.fen(residual * area), i)
        world.ledger.pay(
            "imports", "developers.cash", "rest.cash", world.fen(cost * area * p["developers.materials"]), i
        )
        world.fired["developers.start"] += 1


def observe(world: World) -> dict[str, np.ndarray]:
    """Unsold homes and replacement cost."""
    cost = np.full(world.nd + 1, np.nan)
    cost[-1] = replacement_cost(world)
    return {"unsold_new": _unsold(world), "replacement_cost_m2": cost}
