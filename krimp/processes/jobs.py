"""Sectors of work as arrays: who pays, what is remembered of them, how a firm's overdraft is kept.

Not a process: helpers for the processes of work. Arrays by sector have `N_SECTORS` entries, index = sector code.
"""

from __future__ import annotations

import numpy as np

from krimp.state.codes import (
    CONSTRUCTION,
    FARM,
    INDUSTRY,
    LABELS,
    MINE,
    N_SECTORS,
    OWN_ACCOUNT,
    PUBLIC,
    SERVICES,
)
from krimp.state.portable import exp, log
from krimp.state.world import World

#: Money account that pays the wages of a sector.
PAYER: dict[int, str] = {
    MINE: "mine.cash", FARM: "farms.cash", PUBLIC: "city.cash", INDUSTRY: "industry.cash",
    CONSTRUCTION: "developers.cash", SERVICES: "services.cash", OWN_ACCOUNT: "services.cash",
}  # fmt: skip
#: Claim accounts of a sector's loans: what the debtor owes, what the bank holds.
LOANS: dict[int, tuple[str, str]] = {
    MINE: ("mine.loans", "banks.mine_loans"),
    FARM: ("firms.loans", "banks.firm_loans"),
    INDUSTRY: ("firms.loans", "banks.firm_loans"),
    SERVICES: ("firms.loans", "banks.firm_loans"),
    CONSTRUCTION: ("developers.loans", "banks.developer_loans"),
}
NAMES = [LABELS["sector"][s] for s in range(N_SECTORS)]


def array(world: World, name: str, fill: float = 0.0) -> np.ndarray:
    """A float64[N_SECTORS] array of the world's memory, made when it is missing."""
    found = world.memory.get(name)
    if found is None:
        found = world.memory[name] = np.full(N_SECTORS, fill)
    return np.asarray(found)


def employed(world: World) -> np.ndarray:
    """int64[districts, sectors] residents in work, kept up to date by hires and losses of the month."""
    return np.asarray(world.memory["household_income.jobs"])


def contract_wages(world: World) -> np.ndarray:
    """int64[N_SECTORS] monthly contract wages of all employed at the last pay day, minor units."""
    return np.asarray(world.memory["household_income.contract"]).sum(axis=0)


def years(world: World) -> float:
    """Years since the base."""
    return (world.month - world.base) / 12.0


def power(x: float, exponent: float) -> float:
    """x ** exponent for positive x by portable arithmetic."""
    return float(exp(exponent * log(max(x, 1e-12))))


def trend(exponent: float) -> float:
    """e ** exponent by portable arithmetic."""
    return float(exp(exponent))


def relative(world: World, driver: str, default: float = 1.0) -> float:
    """An exogenous path relative to its base value; `default` when the pack has no such path."""
    path = world.drivers.get(driver)
    if path is None or len(path) == 0 or path[0] == 0.0:
        return default
    return world.driver(driver) / float(path[0])


def grow(world: World, driver: str, rate: float) -> float:
    """An exogenous path relative to its base value, or growth at `rate` a year when the pack has no such path."""
    return relative(world, driver, float(exp(rate * years(world))))


def smooth(old: float, new: float, months: float) -> float:
    """Exponential mean with a memory of `months`."""
    return old + (new - old) / max(months, 1.0)


def debt(world: World, sector: int) -> int:
    """Overdraft of a sector in minor units."""
    return int(array(world, "jobs.debt")[sector])


def settle(world: World, sector: int, keep: int) -> int:
    """Overdraft: borrow when the sector's cash is below `keep`, repay from what is above. Returns borrowed (+) or repaid (-)."""
    account = PAYER[sector]
    owed, held = LOANS[sector]
    book = world.ledger
    due = array(world, "jobs.debt")
    short = keep - book[account]
    if short > 0:
        book.pay("overdraft", "banks.cash", account, short)
        book.pay("claims", owed, held, short)
        due[sector] += short
        return short
    back = min(-short, int(due[sector]))
    if back > 0:
        book.pay("overdraft", account, "banks.cash", back)
        book.pay("claims", held, owed, back)
        due[sector] -= back
    return -back


def cover(world: World) -> None:
    """At the month's end: what firms have paid beyond their cash is an overdraft."""
    for sector in LOANS:
        if world.ledger[PAYER[sector]] < 0:
            settle(world, sector, 0)


def support(world: World, sector: int, payer: str, limit: float) -> int:
    """Owners (`payer`: the state or the outside) pay down debt above `limit` minor units. Returns the amount."""
    over = debt(world, sector) - int(limit)
    if over <= 0:
        return 0
    owed, held = LOANS[sector]
    book = world.ledger
    book.pay("owner_support", payer, PAYER[sector], over)
    book.pay("overdraft", PAYER[sector], "banks.cash", over)
    book.pay("claims", held, owed, over)
    array(world, "jobs.debt")[sector] -= over
    return over


def interest(world: World, sector: int, rate: float) -> None:
    """A month's interest on the sector's overdraft, at `rate` a year."""
    amount = int(debt(world, sector) * rate / 12.0)
    if amount > 0:
        world.ledger.pay("interest", PAYER[sector], "banks.cash", amount)


def adjust_posts(posts: float, need: float, cut: float, add: float, floor: float = 0.0) -> float:
    """Partial adjustment of posts to the labour needed: monthly speed `cut` downwards, `add` upwards."""
    speed = cut if posts > need else add
    return max(posts + speed * (need - posts), floor)


def monthly(half_life_years: float) -> float:
    """Monthly speed of adjustment with a given half-life in years."""
    if half_life_years <= 0.0:
        return 1.0
    return 1.0 - power(0.5, 1.0 / (12.0 * half_life_years))
