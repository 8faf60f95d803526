"""United States in small: a property tax on all homes, a local sales tax, no land sales, no advances, Chapter 9.

It exists to prove that institutions are a pack: the same engine, other rules.
"""

from __future__ import annotations

from typing import Any

from krimp.regimes.base import DistressRule, Regime, Tax, flow_accounts

TAXES = (
    Tax(
        "property",
        "home_values",
        ((0, 0.014),),
        ((0, 1.0),),
        "services.cash",
        "[R] about 1-3% of value a year",
    ),
    Tax("sales", "consumption", ((0, 0.07),), ((0, 0.15),), "services.cash", "[R] state and local sales tax"),
    Tax(
        "income",
        "wages",
        ((0, 0.12),),
        ((0, 0.08),),
        "services.cash",
        "[R] federal and state income tax, local part",
    ),
)


def opening(world: Any) -> None:
    """Cash of a fortnight's spending and municipal bonds of some 1,500 a head. [A]"""
    book = world.ledger
    people = float((world.persons.state == 1).sum()) * world.weight / world.copies
    for account, amount in (("city.cash", 300.0), ("upper.cash", 20000.0), ("rest.cash", 50000.0)):
        book.balance[book.index[account]] += world.minor(amount * people)
    debt = world.minor(1500.0 * people)
    book.balance[book.index["city.bonds_general"]] -= debt
    book.balance[book.index["banks.bonds_general"]] += debt


REGIME = Regime(
    name="united_states",
    taxes=TAXES,
    distress=DistressRule(
        1.0,
        1.0,
        1,
        0.0,
        1,
        0.30,
        "[R] 11 USC 109(c): state authority, insolvent, plan to adjust debts, good faith",
    ),
    land_finance=False,
    bailouts=False,
    accounts=flow_accounts(TAXES),
    opening=opening,
)
