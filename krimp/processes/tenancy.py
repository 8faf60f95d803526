"""Renting: what landlords ask, who pays whom, and how the rent level moves.

Owners of fitted empty homes put some of them to let; an unlet home's rent is cut with probability 0.106 a month by a
lognormal share (INET housing model). The level of a district follows local pay and slack: d ln R = e d ln w - k (V - Vn) / 12 (Rosen & Smith 1983).
Each month tenants pay their landlords: families of the city, absent owners, employers, the city.
"""

from __future__ import annotations

import numpy as np

from krimp.state.codes import (
    ACTIVE,
    BY_CITY,
    BY_DEVELOPER,
    BY_EMPLOYER,
    BY_HOUSEHOLD,
    FOR_BOTH,
    FOR_RENT,
    FOR_SALE,
    HOMESTEAD,
    NOT_LISTED,
    RENTED,
    STANDING,
    VACANT,
)
from krimp.state.compile import kernel, prefetch
from krimp.state.counting import pack
from krimp.state.parameters import Parameter
from krimp.state.portable import exp, log
from krimp.state.purposes import RENT_CUT, TENANCY_END
from krimp.state.random import fill4, gauss, unit
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter("tenancy.rent_m2", 7.0, "yuan/m2 and month", "uniform(5, 10)", "[A] no rents are published; used where the pack has none", "rent at the base", 0.1, 1e4),
    Parameter("tenancy.offer", 0.04, "per month", "uniform(0.02, 0.08)", "[A]", "empty fitted homes put to let", 0.0, 1.0),
    Parameter("tenancy.offer_again", 0.5, "per month", "uniform(0.3, 0.7)", "[A]", "homes let before and empty again", 0.0, 1.0),
    Parameter("tenancy.withdraw", 0.05, "per month", "uniform(0.02, 0.1)", "[A]", "homes to let taken off", 0.0, 1.0),
    Parameter("tenancy.cut_probability", 0.106, "per month", "fixed", "[S] INET housing model, 2022 configuration", "", 0.0, 1.0),
    Parameter("tenancy.slack", 0.10, "per year", "uniform(0.03, 0.25)", "[A] k 0.02-0.3 (mechanisms 3.4)", "fall of rents per unit of excess vacancy", 0.0, 2.0),
    Parameter("tenancy.natural_vacancy", 0.125, "share", "uniform(0.10, 0.15)", "[A] shrinking Chinese city 10-15%", "Vn", 0.0, 1.0),
    Parameter("tenancy.wage_follow", 0.4, "elasticity", "uniform(0.2, 0.6)", "[A]", "rents to local pay", 0.0, 2.0),
)  # fmt: skip
SERIES = (Series("rent_paid", "currency", "money", "rents paid by tenants", False),)
BRANCHES = ("tenancy.offered", "tenancy.cut", "tenancy.withdrawn", "tenancy.paid", "tenancy.unpaid")


def base_rent(world: World) -> float:
    """Rent at the base, yuan per m2 and month: the pack's assumption, else the parameter."""
    return float(world.pack.assumption("rent_m2", world.params["tenancy.rent_m2"]))


def _sifted(world: World) -> list[np.ndarray]:
    D = world.dwellings.view()

    def work(_: int, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        empty, let = np.empty((2, stop - first + 1), np.int32)
        n_empty, n_let = sift(D, np.empty(BLOCK, np.uint8), empty, let, first, stop)
        return empty[:n_empty], let[:n_let]

    return [np.concatenate(rows) for rows in zip(*world.map_chunks(work, world.dwellings.n), strict=True)]


def start(world: World) -> None:
    """Rent level of the base; empty homes are to let with their long-run share."""
    p = world.params
    level = np.full(world.nd + 1, float(log(base_rent(world))))
    share = p["tenancy.offer"] / max(p["tenancy.offer"] + p["tenancy.withdraw"], 1e-9)
    offer(
        world.dwellings.view(), _sifted(world)[0], level, world.seed, world.month, share, share, 0.0, 0.0, _scratch(),
        np.zeros(len(BRANCHES), np.int64),
    )  # fmt: skip
    world.memory["tenancy.level"] = level
    world.signal["rent_m2"][:] = base_rent(world)
    world.memory["tenancy.wage"] = 0.0
    world.memory["tenancy.paid"] = 0


#: Homes whose luck is drawn together.
BLOCK = 1024
#: Accounts of those who are paid rent, in the order of `collect`.
OWNERS = ("households.cash", "city.fund_cash", "mine.cash", "rest.cash")


@kernel
def sift(D, flag, empty, let, first, stop):
    """Homes of rows [first, stop) that are to let or may be put to let into `empty`, let ones into `let`; returns how many each.
    `flag`: scratch of a block."""
    n_empty, n_let = 0, 0
    for begin in range(first, stop, flag.size):
        end = min(begin + flag.size, stop)
        some = flag[: end - begin]
        for r in range(begin, end):
            d = np.uint64(r)
            offered = (D.listed[d] == FOR_RENT) | (D.listed[d] == FOR_BOTH)
            may = offered | (D.fitted[d] != 0) & (D.owner_kind[d] != BY_DEVELOPER)
            may &= (D.state[d] == STANDING) & (D.use[d] == VACANT)
            some[np.uint64(r - begin)] = may & (D.title[d] != HOMESTEAD) & (D.abandoned[d] == 0)
        n_empty = pack(some, begin, empty, n_empty)
        for r in range(begin, end):
            some[np.uint64(r - begin)] = D.use[np.uint64(r)] == RENTED
        n_let = pack(some, begin, let, n_let)
    return n_empty, n_let


@kernel
def offer(D, rows, level, seed, month, first_time, again, withdraw, cut, scratch, fired):
    """Put to let, cut, withdraw. `scratch`: of a block, see `_scratch`."""
    on_keys, off_keys, on, off, acts, luck = scratch
    for begin in range(0, rows.size, on_keys.size):
        # luck first: of those to let whether something becomes of it, of the others whether they come to let
        block = rows[begin : min(begin + on_keys.size, rows.size)]
        n_on, n_off = 0, 0
        for k in range(block.size):
            if k + 16 < block.size:
                prefetch((D.listed, D.key, D.rent), block[k + 16])
            d = block[k]
            let = (D.listed[d] == FOR_RENT) | (D.listed[d] == FOR_BOTH)
            on_keys[n_on], off_keys[n_off] = D.key[d], D.key[d]
            n_on += let
            n_off += not let
        fill4(seed, on_keys[:n_on], month, RENT_CUT, on)
        fill4(seed, off_keys[:n_off], month, TENANCY_END, off)
        n_acts, n_on, n_off = 0, 0, 0
        for k in range(block.size):
            d = block[k]
            let = (D.listed[d] == FOR_RENT) | (D.listed[d] == FOR_BOTH)
            acts[n_acts], luck[n_acts] = d, n_on if let else n_off
            leaves = (unit(on[0, n_on]) < withdraw) | (unit(on[1, n_on]) < cut)
            comes = unit(off[0, n_off]) < (again if D.rent[d] > 0 else first_time)
            n_acts += leaves if let else comes
            n_on += let
            n_off += not let
        for k in range(n_acts):
            d, j = np.int64(acts[k]), luck[k]
            listed = D.listed[d]
            if listed == FOR_RENT or listed == FOR_BOTH:
                if unit(on[0, j]) < withdraw:
                    D.listed[d] = FOR_SALE if listed == FOR_BOTH else NOT_LISTED
                    if listed == FOR_RENT:
                        D.listed_since[d] = 0
                    fired[2] += 1
                else:
                    share = min(exp(1.656 + 0.786 * gauss(on[2, j], on[3, j])) / 100.0, 0.5)
                    D.rent[d] = max(np.int64(D.rent[d] * (1.0 - share)), np.int64(D.area[d]) * 5)
                    fired[1] += 1
                continue
            spread = 1.0 + 0.1 * gauss(off[1, j], off[2, j])
            D.rent[d] = np.int64(exp(level[D.district[d]]) * D.area[d] * 10.0 * spread)
            D.listed[d] = FOR_BOTH if listed == FOR_SALE else FOR_RENT
            if D.listed_since[d] == 0:
                D.listed_since[d] = month
            fired[0] += 1


def _scratch() -> tuple[np.ndarray, ...]:
    """For `offer`: keys and words of homes to let, of others, and homes with something to do, with the place of their luck."""
    return (
        *np.empty((2, BLOCK), np.uint64), *np.empty((2, 4, BLOCK + 1), np.uint32), *np.empty((2, BLOCK + 1), np.int32),
    )  # fmt: skip


@kernel
def collect(D, rows, H, paid, fired):
    """Rents of the month, as far as tenants can pay; by district into paid[d]: to residents, city, employer, those elsewhere."""
    for k in range(rows.size):
        # who lives in a home and who owns it are far apart in memory
        if k + 32 < rows.size:
            d = np.int64(rows[k + 32])
            prefetch((D.occupant, D.owner, D.owner_kind, D.rent, D.district), d)
        if k + 16 < rows.size:
            d = np.int64(rows[k + 16])
            prefetch((H.cash,), D.occupant[d])
            prefetch((H.state, H.cash), D.owner[d])
        d = np.int64(rows[k])
        if D.rent[d] <= 0:
            continue
        h = D.occupant[d]
        amount = min(np.int64(D.rent[d]), max(H.cash[h], np.int64(0)))
        if amount < D.rent[d]:
            fired[4] += 1
        if amount <= 0:
            continue
        fired[3] += 1
        kind = D.owner_kind[d]
        H.cash[h] -= amount
        to = 3
        if kind == BY_HOUSEHOLD and H.state[D.owner[d]] == ACTIVE:
            H.cash[D.owner[d]] += amount
            to = 0
        elif kind == BY_CITY:
            to = 1
        elif kind == BY_EMPLOYER:
            to = 2
        paid[D.district[d], to] += amount


def step(world: World) -> None:
    """Offers, rents, the level."""
    p, m = world.params, world.memory
    fired = np.zeros((2, len(BRANCHES)), np.int64)
    paid = np.zeros((world.nd, 4), np.int64)
    D, (empty, let) = world.dwellings.view(), _sifted(world)

    def landlords() -> None:
        offer(
            D, empty, m["tenancy.level"], world.seed, world.month, p["tenancy.offer"], p["tenancy.offer_again"],
            p["tenancy.withdraw"], p["tenancy.cut_probability"], _scratch(), fired[0],
        )  # fmt: skip

    def tenants() -> None:
        collect(D, let, world.households.view(), paid, fired[1])

    # an empty home and one that is let are never the same
    world.side_by_side((landlords, tenants))
    for owner, amounts in zip(OWNERS, paid.T, strict=True):
        world.ledger.pay_each("rent", "households.cash", owner, amounts)
    m["tenancy.paid"] = int(paid.sum())
    for name, count in zip(BRANCHES, fired.sum(axis=0).tolist(), strict=True):
        world.fired[name] += count
    level = m["tenancy.level"]
    vacancy = world.signal["vacancy_rate"]
    wage = float(world.signal["mean_wage"][-1])
    drift = 0.0
    if m["tenancy.wage"] > 0 and wage > 0:
        drift = p["tenancy.wage_follow"] * float(log(wage / m["tenancy.wage"]))
    m["tenancy.wage"] = wage
    for i in range(world.nd + 1):
        excess = min(float(vacancy[i]), 0.30) - p["tenancy.natural_vacancy"]
        level[i] += drift - p["tenancy.slack"] / 12.0 * excess
        world.signal["rent_m2"][i] = float(exp(level[i]))


def observe(world: World) -> dict[str, np.ndarray]:
    """Rents paid."""
    out = np.full(world.nd + 1, np.nan)
    out[-1] = float(world.memory["tenancy.paid"])
    return {"rent_paid": out}
