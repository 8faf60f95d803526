"""Opening balances and shops: what families hold, who keeps a shop, what every sector starts with.

All balances add up to zero: the banks owe what the others hold.
"""

from __future__ import annotations

import numpy as np

from krimp.state.codes import (
    BAKERY,
    BROKER,
    COFFEE,
    EMPLOYED,
    GROCERY,
    HOSTEL_SHOP,
    OPEN,
    OTHER_SHOP,
    OWN_ACCOUNT,
    RESIDENT,
    RESTAURANT,
    SERVICES,
)
from krimp.state.purposes import KEY_SHOP, SYNTH_CASH, SYNTH_SHOP
from krimp.state.world import World
from krimp.synthesis.dice import choose, lognormal, new_keys, uniform

#: Kinds of the shops at the base, shares. [A]
SHOP_MIX = (
    (GROCERY, 0.36),
    (RESTAURANT, 0.22),
    (BAKERY, 0.02),
    (COFFEE, 0.003),
    (HOSTEL_SHOP, 0.02),
    (BROKER, 0.004),
)
#: Hired staff of a shop at the base. [A]
STAFF_PER_SHOP = 1.6
CASH_SPREAD = 0.9


def fill(world: World) -> None:
    """Deposits of households, shops with owner and staff, opening cash of the sectors."""
    _deposits(world)
    _shops(world)
    _accounts(world)


def _deposits(world: World) -> None:
    h = world.households
    if h.n <= 1:
        return
    per_person = world.pack.assumption("deposits_per_person", 12000.0) * world.pack.config.minor_units
    persons = world.persons
    head, size = h.first[1:], h.size[1:].astype(np.int64)
    age = (world.base - persons.birth[head].astype(np.int64)) / 12.0
    by_age = np.interp(age, [20, 35, 50, 62, 80], [0.4, 0.9, 1.25, 1.2, 0.8])
    # wages and pensions of the members, per head against the mean: those who earn more have saved more
    earned = np.bincount(
        persons.household, weights=(persons.wage + persons.pension).astype(np.float64), minlength=h.n
    )[1:]
    mean = max(float(int(earned.astype(np.int64).sum()) / max(int(size.sum()), 1)), 1.0)
    by_income = 0.4 + 0.6 * earned / (size * mean)
    amount = per_person * size * by_age * by_income * lognormal(h.key[1:], SYNTH_CASH, CASH_SPREAD)
    h.cash[1:] = amount.astype(np.int64)


def _shops(world: World) -> None:
    persons = world.persons
    residents = int((persons.state == RESIDENT).sum())
    per_1000 = world.pack.assumption("shops_per_1000", 11.0)
    owner_pool = np.nonzero(
        (persons.activity == EMPLOYED) & (persons.sector == OWN_ACCOUNT) & (persons.state == RESIDENT)
    )[0]
    count = min(int(per_1000 * residents / 1000.0), len(owner_pool))
    owners = owner_pool[choose(persons.key[owner_pool], SYNTH_SHOP, np.ones(len(owner_pool)), count)]
    keys = new_keys(persons.key[owners], np.zeros(len(owners), np.int64), KEY_SHOP)
    u = uniform(keys, SYNTH_SHOP)
    kind = np.full(len(owners), OTHER_SHOP, np.int8)
    at = 0.0
    for code, share in SHOP_MIX:
        kind[(u >= at) & (u < at + share)] = code
        at += share
    first = world.shops.append(
        key=keys, state=np.full(len(owners), OPEN, np.int8), kind=kind, district=persons.district[owners], owner=owners,
    )  # fmt: skip
    ids = np.arange(first, first + len(owners))
    persons.employer[owners] = ids
    shops = world.shops
    _staff(world, ids)
    monthly = 4000.0 * world.pack.config.minor_units
    shops.cash[ids] = (monthly * (1 + shops.staff[ids]) * (0.5 + uniform(keys, SYNTH_CASH))).astype(np.int64)


def _staff(world: World, ids: np.ndarray) -> None:
    """Hired people of the shops: services workers of the same district, in turn."""
    persons, shops = world.persons, world.shops
    serving = (persons.activity == EMPLOYED) & (persons.sector == SERVICES) & (persons.state == RESIDENT)
    for d in range(world.nd):
        mine = ids[shops.district[ids] == d]
        workers = np.nonzero(serving & (persons.district == d))[0]
        count = min(int(STAFF_PER_SHOP * len(mine)), len(workers))
        if count == 0:
            continue
        hired = workers[choose(persons.key[workers], SYNTH_SHOP, np.ones(len(workers)), count)]
        employer = mine[np.arange(count) % len(mine)]
        persons.employer[hired] = employer
        shops.staff[mine] = np.bincount(np.arange(count) % len(mine), minlength=len(mine))


def _accounts(world: World) -> None:
    """Two months of wages for firms; the regime adds budgets and debts; banks take the other side."""
    book, persons = world.ledger, world.persons
    balance = book.balance
    working = persons.activity == EMPLOYED
    wages = np.bincount(
        persons.sector[working], weights=persons.wage[working].astype(np.float64), minlength=8
    )
    for account, sectors in {
        "mine.cash": (1,), "farms.cash": (2,), "industry.cash": (4,), "developers.cash": (5,), "services.cash": (6, 7),
    }.items():  # fmt: skip
        balance[book.index[account]] = int(2 * sum(wages[s] for s in sectors))
    homes = world.dwellings.n - 1
    balance[book.index["heating.cash"]] = world.fen(300.0) * homes
    balance[book.index["buses.cash"]] = world.fen(20.0) * int((persons.state == RESIDENT).sum())
    balance[book.index["households.cash"]] = int(world.households.cash.sum())
    balance[book.index["shops.cash"]] = int(world.shops.cash.sum())
    opening = getattr(world.regime, "opening", None)
    if opening is not None:
        opening(world)
    balance[book.index["banks.cash"]] -= int(balance.sum())
    book.opening[:] = balance
