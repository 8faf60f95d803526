"""The housing market in small cities: loops bite, books and keys balance, sellers reckon as the equation says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
from scipy import optimize

from krimp.app import cli
from krimp.engine import month
from krimp.engine.run import prepare
from krimp.outputs.listings import listings
from krimp.processes import hedonic_index, maintenance, turns
from krimp.processes.listing import offers_of, reservation
from krimp.processes.mortgages import means
from krimp.state import codes
from krimp.state.columns import View
from krimp.state.compile import kernel
from krimp.state.world import World
from tests import small

Sets = Mapping[str, float]


class Market(NamedTuple):
    world: World
    series: dict[str, np.ndarray]
    deals: np.ndarray
    looks: np.ndarray
    months: np.ndarray


#: The whole period: surplus homes come late in it. Means are of the months from `LATE` on.
MONTHS, LATE = 148, 84
SEEDS = small.SEEDS
FLEE = {
    "out_migration.level_young": 0.03,
    "out_migration.level_working": 0.035,
    "out_migration.level_old": 0.04,
}
COME = {"newcomers.level": 0.03}


@kernel
def _reservation(worth, keep, q, terms, growth):
    return reservation(worth, keep, q, terms, growth)


@kernel
def _means(cash, credit, deed, ltv, least):
    return means(cash, credit, deed, ltv, least)


def _terms(r: float = 0.05, sd: float = 0.15) -> View:
    return View("terms", {"r": r, "trend": 0.13, "offers": offers_of(sd)})


@pytest.mark.parametrize("keep", [-200.0, 0.0, 300.0, 900.0])
@pytest.mark.parametrize("q", [0.005, 0.05, 0.4])
def test_reservation_price_solves_its_equation(keep: float, q: float) -> None:
    """(1 - beta) p = b + beta q E[max(offer - p, 0)] with lognormal offers, by quadrature of another kind."""
    worth, r, sd = 100_000.0, 0.05, 0.15
    beta = 1.0 - r / 12.0
    z = np.linspace(-6.0, 6.0, 4001)
    weight = np.exp(-z * z / 2.0)
    offers, weight = worth * np.exp(sd * z - sd * sd / 2.0), weight / weight.sum()

    def gap(p: float) -> float:
        return (1.0 - beta) * p - keep - beta * q * float((weight * np.maximum(offers - p, 0.0)).sum())

    exact = optimize.brentq(gap, -1e6, 1e7)
    assert _reservation(worth, keep, q, _terms(r, sd), 0.0) == pytest.approx(exact, abs=0.04 * worth)


def test_reservation_price_rises_with_what_the_home_is_good_for() -> None:
    terms = _terms()
    kept = [_reservation(1e5, b, 0.02, terms, 0.0) for b in (-3000.0, -100.0, 0.0, 200.0, 500.0)]
    assert all(a < b for a, b in zip(kept, kept[1:], strict=False)) and kept[0] < 0.0
    chance = [_reservation(1e5, 0.0, q, terms, 0.0) for q in (0.0, 0.01, 0.1, 0.5)]
    assert chance[0] == 0.0 and all(a < b for a, b in zip(chance, chance[1:], strict=False))
    assert _reservation(1e5, 100.0, 0.02, terms, 0.05) > _reservation(1e5, 100.0, 0.02, terms, -0.05)


def test_banks_lend_on_deeds_only() -> None:
    assert _means(100, 1000, False, 0.5, 10) == 100
    assert _means(100, 1000, True, 0.5, 10) == 200  # at most as much as the down payment
    assert _means(100, 50, True, 0.5, 10) == 150
    assert _means(100, 5, True, 0.5, 10) == 100  # below the least loan


def test_homes_owners_and_sales_balance_each_month() -> None:
    """Homes by use, owner and occupant each month; sales move money and a deed (the recount checks the money)."""
    w = small.world(seed=3)
    for _ in range(15):
        month.advance(w)
        d, h = w.dwellings, w.households
        standing = d.state == codes.STANDING
        uses = np.bincount(d.use[standing], minlength=6)
        assert uses[0] == 0 and uses[1:].sum() == standing.sum()
        active = h.state == codes.ACTIVE
        housed = active & (h.dwelling > 0)
        assert (active & (h.size > 0) & (h.dwelling == 0)).sum() == 0
        homes = h.dwelling[housed]
        assert len(np.unique(homes)) == len(homes) and (d.occupant[homes] == np.nonzero(housed)[0]).all()
        assert (d.occupant > 0).sum() == len(homes)
        assert (d.owner_kind[standing] > 0).all()
        mine = (d.owner_kind == codes.BY_HOUSEHOLD) & (d.state != codes.DEMOLISHED)
        assert (np.bincount(d.owner[mine], minlength=h.n)[: h.n] == h.owned).all()
        deals = w.memory["housing_search.deals"]
        assert len(np.unique(deals[:, 0])) == len(deals) == w.counter("sales")[: w.nd].sum()
        assert (d.bought[deals[:, 0]] == w.month).all() and (d.paid[deals[:, 0]] == deals[:, 2]).all()
        book = w.ledger
        for flow, fresh in (("home_purchase", 0), ("new_home_purchase", 1)):
            assert book.flow(flow) == deals[deals[:, 6] == fresh, 2].sum()
        assert int(h.loan.sum()) == book["banks.home_loans"] >= 0


def _rises(variable: str, on: Sets, off: Sets, first: int = LATE) -> float:
    return small.p_rises(small.paired(variable, MONTHS, on, off, seeds=SEEDS, first=first))


def _falls(variable: str, on: Sets, off: Sets, first: int = LATE) -> float:
    return small.p_rises(-small.paired(variable, MONTHS, on, off, seeds=SEEDS, first=first))


def test_more_empty_homes_lower_prices() -> None:
    """The larger and the smaller published size of the resettlement programme, on the same demand."""
    more, fewer = ({"resettlement.high_count": share} for share in (1.0, 0.0))
    assert _rises("vacancy_rate", more, fewer) < 0.01
    assert _falls("median_ask_m2", more, fewer) < 0.01


def test_demolition_lowers_vacancy_and_slows_the_fall_of_prices() -> None:
    """Prices are compared in the last two years, in which they fall."""
    pulled: Sets = {"demolition.programme": 0.03}
    assert _falls("vacancy_rate", pulled, {}) < 0.01
    assert _rises("price_index_m2", pulled, {}, MONTHS - 24) < 0.01


def test_low_prices_stop_private_building() -> None:
    """Builders start while homes cost more than their replacement, and no more once they cost less."""
    starts, ratio = (
        np.concatenate([small.run(MONTHS, s)[v] for s in SEEDS])
        for v in ("starts_private", "price_to_replacement_cost")
    )
    assert starts[ratio > 1.05].sum() > 0.0 and starts[ratio < 0.95].sum() == 0.0


def test_a_falling_population_lowers_prices_more_than_a_rising_one_lifts_them() -> None:
    """Durable homes (Glaeser & Gyourko 2005): change of log prices per change of log households, down over up, in the
    years in which homes cost more than their replacement."""
    seeds, first, stop = SEEDS, 48, 96

    def slopes(variable: str, sets: Sets) -> np.ndarray:
        def change(name: str, seed: int) -> float:
            now, then = (small.run(stop, seed, 100, x)[name][first:].mean() for x in (sets, {}))
            return float(np.log(now / then))

        return np.array([change(variable, s) / change("households", s) for s in seeds])

    down, up = slopes("price_index_m2", FLEE), slopes("price_index_m2", COME)
    assert small.p_rises(down) < 0.01 and small.p_rises(down - up) < 0.01
    starts = small.paired("starts_private", stop, COME, FLEE, seeds=seeds, first=24)
    assert small.p_rises(starts) < 0.01


def test_raised_fees_for_empty_flats_bring_listings_and_lower_prices() -> None:
    """The city has half of its time behind it when heat that is off becomes free or costs as much as heat: owners of empty
    flats think again within months and offer more of them, asks are lowered, and a year later homes ask less."""
    gaps: dict[str, list[float]] = {}
    for seed in SEEDS:
        free, dear = (_under_fees(seed, share) for share in (0.0, 1.0))
        gaps.setdefault("listings", []).append(
            dear["new_listings"][:6].sum() - free["new_listings"][:6].sum()
        )
        gaps.setdefault("cuts", []).append(dear["price_cuts"][:12].sum() - free["price_cuts"][:12].sum())
        gaps.setdefault("asks", []).append(
            free["median_ask_m2"][12:].mean() - dear["median_ask_m2"][12:].mean()
        )
    assert max(small.p_rises(np.array(gap)) for gap in gaps.values()) < 0.01


def _under_fees(seed: int, share: float) -> dict[str, np.ndarray]:
    """Series of a year and a half after the base fee became `share` of the full one, seven years after the base."""
    w = small.world(seed, weight=50)
    for _ in range(LATE):
        month.advance(w)
    w.params.overlay({"heating.base_fee_share": share})
    series: dict[str, list[float]] = {}
    for _ in range(18):
        month.advance(w)
        for name, values in month.observe(w).items():
            series.setdefault(name, []).append(float(values[-1]))
    return {name: np.array(values) for name, values in series.items()}


def _boards(seed: int, sets: Sets) -> list[dict[int, int]]:
    """Asks by key of the homes for sale, every fourth month of the last two years of eight."""
    w = small.world(seed, sets=sets)
    boards = []
    for t in range(96):
        month.advance(w)
        if t >= 72 and t % 4 == 0:
            d = w.dwellings
            sale = (d.listed == codes.FOR_SALE) | (d.listed == codes.FOR_BOTH)
            boards.append(dict(zip(d.key[sale].tolist(), d.ask[sale].tolist(), strict=True)))
    return boards


def test_buyers_from_outside_lift_the_cheap_end_first() -> None:
    """Many buyers with some years' savings: homes on offer with and without them ask more, the cheapest quarter most.
    The same homes are compared, since what is bought leaves a dearer board behind."""
    many, none = {"second_homes.scale": 100.0, "second_homes.money": 150_000.0}, {"second_homes.scale": 0.0}
    rises = []
    for seed in SEEDS:
        cheap, dear = [], []
        for with_them, without in zip(_boards(seed, many), _boards(seed, none), strict=True):
            quarter, half = np.quantile(list(without.values()), [0.25, 0.5])
            for key in with_them.keys() & without.keys():
                change = float(np.log(with_them[key] / without[key]))
                if without[key] <= quarter:
                    cheap.append(change)
                elif without[key] > half:
                    dear.append(change)
        rises.append((np.mean(cheap), np.mean(dear)))
    low, high = np.array(rises).T
    assert small.p_rises(low) < 0.01 and small.p_rises(low - high) < 0.01


def test_higher_base_fees_bring_listings_and_lower_asks() -> None:
    """The same owners of the same empty homes at the base month, under two fees for heat that is off."""
    offered, asks = [], []
    for seed in SEEDS[:3]:
        boards = []
        for share in (0.0, 1.0):
            w = small.world(seed, sets={"heating.base_fee_share": share})
            d = w.dwellings
            sale = ((d.listed == codes.FOR_SALE) | (d.listed == codes.FOR_BOTH)) & (
                d.owner_kind != codes.BY_DEVELOPER
            )
            boards.append((sale, d.ask.copy()))
        (free, ask_free), (dear, ask_dear) = boards
        offered.append(int(dear.sum()) - int(free.sum()))
        both = free & dear
        assert (ask_dear[both] <= ask_free[both]).all()
        asks.append(float((ask_free[both] - ask_dear[both]).sum()))
    assert min(offered) >= 0 and sum(offered) > 0 and min(asks) > 0.0


@pytest.fixture(scope="module")
def market() -> Market:
    """A city of twenty thousand over the whole period with all its sales and what they looked like."""
    w = small.world(seed=2, weight=50)
    series: dict[str, list[float]] = {}
    deals, looks, months = [], [], []
    for _ in range(MONTHS):
        month.advance(w)
        for name, values in month.observe(w).items():
            series.setdefault(name, []).append(float(values[-1]))
        deals.append(w.memory["housing_search.deals"])
        looks.append(w.memory["housing_search.deal_features"])
        months.append(np.full(len(deals[-1]), w.month))
    return Market(
        w,
        {k: np.array(v) for k, v in series.items()},
        np.concatenate(deals),
        np.concatenate(looks),
        np.concatenate(months),
    )


def test_high_floors_without_lift_sell_for_less(market: Market) -> None:
    """Log price per m2 on floor, month, settlement, area and state: about -4% a floor above the third, more on top."""
    x, w = market.looks, market.world
    walk = (x[:, hedonic_index.LIFT] == 0) & (
        w.buildings.floors[w.dwellings.building[market.deals[:, 0]]] >= 4
    )
    y = np.log(market.deals[walk, 2] / market.deals[walk, 3])
    places, periods = (
        np.unique(v, return_inverse=True)[1]
        for v in (w.dwellings.settlement[market.deals[walk, 0]], market.months[walk] // 6)
    )
    dummies = [np.eye(v.max() + 1)[v] for v in (places, periods)]
    own = x[walk][:, [hedonic_index.FLOOR_ABOVE_3, hedonic_index.TOP, hedonic_index.AGE, hedonic_index.CONDITION,
                      hedonic_index.SHELL, hedonic_index.LOG_AREA, hedonic_index.NEW, hedonic_index.UNTITLED]]  # fmt: skip
    slope = np.linalg.lstsq(np.column_stack([own, *dummies]), y, rcond=None)[0]
    assert -0.10 < slope[0] < -0.01, "floors above the third"
    assert -0.20 < slope[1] < -0.01, "top floor"
    assert slope[4] < -0.1, "bare shells"


def test_second_floors_ask_more_than_top_floors(market: Market) -> None:
    d, b = market.world.dwellings, market.world.buildings
    sale = ((d.listed == codes.FOR_SALE) | (d.listed == codes.FOR_BOTH)) & (d.state == codes.STANDING)
    walk = (b.floors[d.building] >= 5) & (b.lift[d.building] == 0)
    rows = np.nonzero(sale & walk)[0]
    m2 = np.log(d.ask[rows] / d.area[rows])
    group = d.settlement[rows] * 2 + d.fitted[rows]
    top, second = d.floor[rows] == b.floors[d.building[rows]], d.floor[rows] == 2
    gaps, weights = [], []
    for g in np.unique(group):
        here = group == g
        if (here & top).sum() >= 3 and (here & second).sum() >= 3:
            gaps.append(np.median(m2[here & second]) - np.median(m2[here & top]))
            weights.append(min((here & top).sum(), (here & second).sum()))
    assert 0.05 < np.average(gaps, weights=weights) < 1.5
    assert np.exp(np.quantile(m2, 0.95) - np.quantile(m2, 0.02)) > 3.0, "cheap and dear homes in one month"


def test_asks_cuts_and_sales_keep_to_known_ranges(market: Market) -> None:
    """Cuts 5.5-7% of listings a month where owners have room to cut, sales a little below the last ask."""
    s = market.series
    share = s["price_cuts"][LATE:].sum() / s["listed"][LATE:].sum()
    assert 0.02 < share < 0.09
    used = market.deals[market.deals[:, 6] == 0]
    discount = 1.0 - used[:, 2] / used[:, 4]
    assert 0.0 < discount.mean() < 0.15
    # above the ask only where another buyer had bid
    assert (discount < 0).sum() <= market.world.fired["housing_search.second_bid"]
    years = np.arange(24, MONTHS - 11, 12)
    change, people = (
        np.array([np.log(s[v][y + 11] / s[v][y - 1]) for y in years])
        for v in ("price_index_m2", "population")
    )
    assert (people < 0).all() and change[-4:].mean() < 0 and (change[change < 0] < 0).sum() >= 3


def test_light_and_occupancy_by_building_are_what_the_tables_say(market: Market) -> None:
    d, b, s = market.world.dwellings, market.world.buildings, market.series
    standing = np.nonzero(d.state == codes.STANDING)[0]
    used = standing[
        (d.occupant[standing] > 0)
        | (d.use[standing] == codes.HOSTEL)
        | (d.use[standing] == codes.SECOND_HOME)
    ]
    assert (np.bincount(d.building[used], minlength=b.n) >= b.occupied[: b.n]).all()
    lived = np.bincount(d.building[d.occupant > 0], minlength=b.n)
    assert (lived <= b.occupied[: b.n]).all()
    assert (b.lit <= b.windows).all() and (b.lit[b.occupied == 0] == 0).all()
    assert s["lit_share"][-1] == pytest.approx(b.lit.sum() / b.windows.sum())
    rate = 1.0 - s["vacancy_rate"][-1]
    assert 0.6 * rate < s["lit_dwelling_share"][-1] < rate


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_light_that_is_certain(chance: float) -> None:
    """At the ends of what a chance can be, all windows of every home in use are lit, or none."""
    sets = {f"lit_windows.{name}": chance for name in ("home", "hostel", "second", "window")}
    city = small.world(weight=500, sets=sets)
    d, b = city.dwellings, city.buildings
    used = (d.occupant > 0) | (d.use == codes.HOSTEL) | (d.use == codes.SECOND_HOME)
    used &= d.state == codes.STANDING
    windows = np.minimum(d.rooms[used] + 2, 5)
    assert b.lit.sum() == chance * windows.sum() and (b.lit <= b.windows).all()
    assert b.occupied.sum() == used.sum()


def test_flats_are_given_up_by_heirs_who_cannot_sell(market: Market) -> None:
    d = market.world.dwellings
    assert market.world.fired["abandonment.flat"] > 0
    flats = (d.abandoned == 1) & (d.heating == codes.DISTRICT_HEAT) & (d.state == codes.STANDING)
    assert flats.sum() > 0 and (d.owner_kind[flats] == codes.BY_HEIR).mean() > 0.5
    assert (d.listed[flats] == 0).all()
    settled = small.world(seed=2, weight=50, sets={"listing.unsettled": 0.0, "listing.closing_far": 0.0})
    for _ in range(40):
        month.advance(settled)
    assert settled.fired["abandonment.flat"] == 0, "who can sell at no cost of his own does not give up"


def test_listings_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The broker's board of a run shows what the tables hold, cheapest first, and takes its filters."""
    folder = tmp_path / "run"
    args = ["run", "hegang", "--scale", "1/200", "--until", "2011-06", "-o", str(folder)]
    cli.app(args, standalone_mode=False)
    board = listings(folder)
    homes = pl.read_parquet(folder / "dwellings.parquet")
    assert board.height == homes.filter(pl.col("listed").cast(pl.String).is_in(["sale", "both"])).height > 0
    assert board["ask"].is_sorted() and (board["ask"] > 0).all()
    assert (board["ask_m2"] - board["ask"] / board["area_m2"]).abs().max() <= 0.5
    limit = float(board["ask"].median())
    two = listings(folder, max_price=limit, district="gongnong", rooms=2)
    assert 0 < two.height < board.height and two["ask"].max() <= limit and set(two["rooms"]) == {2}
    capsys.readouterr()
    cli.app(["listings", str(folder), "--rooms", "2", "--max-price", str(limit)], standalone_mode=False)
    assert "homes on offer fit" in capsys.readouterr().out


def test_prices_that_would_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hedonic_index, "base_price", lambda world: 50_000.0)
    with pytest.raises(ValueError, match=r"minor_units: 100 makes .* count money in larger units"):
        small.world(weight=500)


def test_months_without_a_sale_teach_nothing() -> None:
    """Lowered asks that count for nothing are no news in a month in which nothing is sold."""
    w = small.world(weight=1000, sets={"hedonic_index.news_of_cuts": 0.0})
    for _ in range(8):
        month.advance(w)
    assert np.isfinite(w.memory["hedonic_index.level"]).all() and (w.signal["price_m2"] > 0.0).all()
    before = w.memory["hedonic_index.level"].copy()
    w.memory["housing_search.deals"] = w.memory["housing_search.deals"][:0]
    w.memory["housing_search.deal_features"] = w.memory["housing_search.deal_features"][:0]
    sale = np.nonzero((w.dwellings.listed == codes.FOR_SALE) & (w.dwellings.ask > 0))[0]
    w.memory["listing.lowered"] = sale.astype(np.int32)
    w.dwellings.ask[sale] //= 4
    hedonic_index.step(w)
    assert (w.memory["hedonic_index.level"] == before).all()


def test_each_family_has_its_turn_once_a_year() -> None:
    """The list that is kept and only added to names whom a list made anew names, those founded meanwhile included."""
    world = small.world()
    key = world.households.key
    counted = np.zeros(len(key), np.int64)
    for _ in range(12):
        world.month += 1
        rows = turns.families(world, shift=40)
        assert (np.diff(rows) > 0).all()
        counted[rows] += 1
    assert counted[0] == 0 and (counted[1:] == 1).all()
    founded = np.arange(1, 1001, dtype=np.uint64) << np.uint64(40)
    first = world.households.append(key=founded)
    for _ in range(12):
        world.month += 1
        anew = (world.households.key[1:] >> np.uint64(40)) % np.uint64(12) == world.month % 12
        rows = turns.families(world, shift=40)
        assert rows.tolist() == (np.flatnonzero(anew) + 1).tolist() and rows[-1] >= first


def test_a_year_wears_homes_at_the_rate_of_how_they_are_used() -> None:
    """Empty ones more, cold ones most; who is kept up loses least; nothing falls below 0 or that does not stand."""
    city = prepare("hegang", scale="1/50")
    d, p = city.dwellings, city.params
    while city.month_of_year != 1:
        city.month += 1
    rows = np.arange(d.n)
    standing, empty = d.state == codes.STANDING, d.occupant == 0
    d.heat_off[:] = rows % 2
    d.condition[:] = 200
    worn_out = standing & (rows % 50 == 0)
    d.condition[worn_out] = 1
    maintenance.step(city)
    assert set(d.condition[worn_out].tolist()) == {0}  # even who is kept up loses two points
    assert set(d.condition[~standing].tolist()) <= {200}
    lost = 200.0 - d.condition
    whole = standing & ~worn_out
    for cold, name in ((0, "decay_empty"), (1, "decay_cold")):
        mine = lost[whole & empty & (d.heat_off == cold)]
        expected = 255.0 * p[f"maintenance.{name}"]
        assert set(mine.tolist()) == {np.floor(expected), np.ceil(expected)}
        # a fraction of a point by a draw: four standard errors of a coin
        assert abs(mine.mean() - expected) < 4 * 0.5 / np.sqrt(len(mine))
    lived_in, most = lost[whole & ~empty], 255.0 * p["maintenance.decay"]
    assert most * (1.0 - p["maintenance.upkeep_share"]) < lived_in.mean() < most
    assert lived_in.max() == np.ceil(most)


@pytest.mark.parametrize(
    "decay", [0.0, 0.02, 0.2, np.nextafter(0.2, 0.0), np.nextafter(0.2, 1.0), 0.3137, 0.5]
)
def test_rates_of_wear_are_whole_points_and_the_chance_of_one_more(decay: float) -> None:
    """Up to a draw in 2**32, also where 255 times the rate is a whole number but for the last bit."""
    p = prepare("hegang", scale="1/500").params
    p.set("maintenance.decay", decay)
    whole, limits = maintenance.rates(p)
    upkept = decay * (1.0 - p["maintenance.upkeep_share"])
    for k, rate in ((0, decay), (1, upkept)):
        assert abs(int(whole[k]) + int(limits[k]) / 2.0**32 - 255.0 * rate) <= 2.0**-32
