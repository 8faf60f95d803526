"""The housing market in small cities: loops bite, books and keys balance, sellers reckon as the equation says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from krimp.engine import month
from krimp.processes.listing import Terms, reservation
from krimp.processes.mortgages import means
from krimp.state import codes
from krimp.state.compile import kernel
from tests import small

MONTHS = 48
SEEDS = tuple(range(1, 6))


@kernel
def _reservation(worth, keep, q, terms, growth):
    return reservation(worth, keep, q, terms, growth)


@kernel
def _means(cash, credit, deed, ltv, least):
    return means(cash, credit, deed, ltv, least)


def _terms(r: float = 0.05, sd: float = 0.15) -> Terms:
    values = dict.fromkeys(Terms._fields, 0.0)
    values |= {"r": r, "trend": 0.13, "offer_sd": sd}
    return Terms(**values)


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


def _rises(variable: str, on: dict[str, float], off: dict[str, float], first: int = 24) -> float:
    return small.p_rises(small.paired(variable, MONTHS, on, off, seeds=SEEDS, first=first))


def _falls(variable: str, on: dict[str, float], off: dict[str, float], first: int = 24) -> float:
    return small.p_rises(-small.paired(variable, MONTHS, on, off, seeds=SEEDS, first=first))


def test_more_buyers_from_outside_buy_more_homes() -> None:
    many, none = {"second_homes.scale": 100.0}, {"second_homes.scale": 0.0}
    assert _rises("sales_to_outsiders", many, none, 0) < 0.01


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


def test_demolition_lowers_vacancy() -> None:
    pulled, left = {"demolition.programme": 0.03}, {"demolition.programme": 0.0}
    assert _falls("vacancy_rate", pulled, left) < 0.01


def test_dear_building_stops_private_starts() -> None:
    cheap, dear = (
        {"developers.cost_lift": 1000.0, "developers.cost_walk_up": 800.0},
        {"developers.cost_lift": 4000.0},
    )
    assert _rises("starts_private", cheap, dear, 0) < 0.01
    assert all(small.run(MONTHS, seed, 100, dear)["starts_private"].sum() == 0 for seed in SEEDS)
