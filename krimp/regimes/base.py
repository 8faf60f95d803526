"""What a country's institutions must supply: taxes, budgets, transfers, debt rules, births policy, opening books."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from krimp.state.ledger import Account

#: (first month it holds, value), ascending: a rule that changes on dates.
Dated = tuple[tuple[int, float], ...]


def at(rule: Dated, month: int) -> float:
    """Value of a dated rule in a month (the first value before its first date)."""
    value = rule[0][1]
    for since, item in rule:
        if month >= since:
            value = item
    return value


@dataclass(frozen=True)
class Tax:
    """One tax: `rate` on `base` (a name that `taxes.bases` knows), the share of it that stays in the city.

    `local` is the local share by law; `pooled` says that the province takes its part of the local share
    (parameter `taxes.province_share`). `payer` is the account that pays. `source` has its tag.
    """

    name: str
    base: str
    rate: Dated
    local: Dated
    payer: str
    source: str
    pooled: bool = False
    indexed: str = ""


@dataclass(frozen=True)
class DistressRule:
    """When a city must restructure: interest shares of the two budgets, years of unpaid service, and what ends it."""

    general_interest_share: float
    fund_interest_share: float
    unpaid_years: int
    exit_share: float
    exit_years: int
    discharge: float
    source: str


@dataclass(frozen=True)
class Regime:
    """A country's block of rules. `accounts` are flows beyond the standard ones; `opening` sets the public balances.

    `land_finance`: whether the city sells land use rights; `bailouts`: whether upper governments advance money;
    `withheld`: whether they keep service they no longer advance out of the city's transfers; `bond_terms`: (since month,
    lives of a new bond in months, in equal parts); `debt_swap`: first and last month in which platform loans become bonds;
    `hidden_until`: last month in which a platform may borrow for works; `special_grants`: first and last month of the year in
    which grants tied to projects are paid;
    `kept`: groups of taxes and what all cities of the country keep of them, as a share of its GDP, to compare with;
    `birth_policy`: (since month, children allowed, share of couples concerned); `tax_names` follow from `taxes`.
    """

    name: str
    taxes: tuple[Tax, ...]
    distress: DistressRule
    land_finance: bool
    bailouts: bool
    withheld: bool = False
    bond_terms: tuple[tuple[int, tuple[int, ...]], ...] = ((0, (120,)),)
    debt_swap: tuple[int, int] | None = None
    hidden_until: int | None = None
    special_grants: tuple[int, int] = (1, 12)
    kept: tuple[tuple[str, tuple[str, ...], float], ...] = ()
    birth_policy: tuple[tuple[int, int, float], ...] = ()
    nontax_per_head: float = 0.0
    accounts: tuple[Account, ...] = ()
    opening: Callable[[Any], None] | None = None
    spending: dict[str, float] = field(default_factory=dict)


def flow_accounts(taxes: tuple[Tax, ...]) -> tuple[Account, ...]:
    """One flow account per tax."""
    return tuple(
        Account(f"flow.tax_{tax.name}", "flow", f"{tax.name.replace('_', ' ')}: paid to all levels")
        for tax in taxes
    )
