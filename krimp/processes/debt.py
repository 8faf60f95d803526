"""Bonds and hidden debt: issue within the year's limit, coupons, maturities, what the platform's loans demand.

New bonds of a year are what the budget lacks, at most a share of general revenue (the limit handed down); maturing
bonds are refinanced in part. Official principal falls due after a fixed life; the base debt matures evenly over it.
The platform has no income of note: its interest and maturities are the city's commitments (hidden debt). Service is
paid by `public_spending` after wages, basic living and operations; what is not paid becomes `city.payable_interest`.
"""

from __future__ import annotations

import numpy as np

from krimp.state.ledger import Account
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

LIFE = 96  # months; mean issue term 8 years in January 2021 [S]

PARAMETERS = (
    Parameter("debt.scale", 1.0, "factor", "fixed", "[A] 0 = no new bonds", "", 0.0, 5.0),
    Parameter("debt.opening", 1.0, "factor", "fixed", "[A] multiplies the debt at the base", "", 0.0, 100.0),
    Parameter(
        "debt.issue_share", 0.13, "share of general revenue", "uniform(0.08, 0.18)",
        "[D] new bonds of 1.73 bn in 2020 over own revenue and transfers of 12.76 bn (in sample)",
        "limit on new bonds of a year, from 2015", 0.0, 2.0,
    ),
    Parameter(
        "debt.issue_share_before", 0.03, "share of general revenue", "uniform(0.0, 0.06)",
        "[A] bonds were issued for cities by the ministry on a small scale before 2015", "", 0.0, 1.0,
    ),
    Parameter("debt.special_share", 0.15, "share", "uniform(0.1, 0.25)", "[D] 2.0 of 13.1 bn at the end of 2020", "special bonds", 0.0, 1.0),
    Parameter(
        "debt.refinanced", 0.85, "share", "uniform(0.7, 0.95)", "[R] most maturing bonds are rolled over by new issues",
        "", 0.0, 1.0,
    ),
    Parameter(
        "debt.platform_spread", 0.025, "share a year", "uniform(0.015, 0.04)", "[A] 1.5-4 points in the north-east (5.4)",
        "platform loan rate over bond yield", 0.0, 0.5,
    ),
    Parameter(
        "debt.platform_life", 84.0, "months", "uniform(60, 120)", "[A] five to ten years", "life of platform loans", 12.0, 600.0,
    ),
    Parameter("debt.policy_rate", 0.018, "share a year", "uniform(0.012, 0.03)", "[R] subsidised policy bank loans", "", 0.0, 0.5),
    Parameter(
        "debt.policy_grace", 60.0, "months", "uniform(36, 84)", "[A] grace before policy loans are repaid over 15 years",
        "", 0.0, 600.0,
    ),
    Parameter(
        "debt.rolled_over", 0.5, "share", "uniform(0.3, 0.8)", "[A] banks roll over half of the platform's maturities",
        "platform maturities refinanced while it can borrow", 0.0, 1.0,
    ),
)  # fmt: skip
SERIES: tuple[Series, ...] = ()
ACCOUNTS = (
    Account("flow.bonds", "flow", "bonds issued"),
    Account("flow.platform_support", "flow", "city money for the platform's debt service"),
)
BRANCHES = ("debt.issued", "debt.refinanced", "debt.platform_due")


def start(world: World) -> None:
    """The debt of the base, maturing evenly over the life of a bond."""
    book = world.ledger
    factor = world.params["debt.opening"]
    if factor != 1.0:
        extra = int(-book["city.bonds_general"] * (factor - 1.0))
        book.balance[book.index["city.bonds_general"]] -= extra
        book.balance[book.index["banks.bonds_general"]] += extra
        book.opening[:] = book.balance
    world.memory["debt.maturing"] = np.full(LIFE, -book["city.bonds_general"] // LIFE, np.int64)
    for name in ("interest_due", "principal_due", "hidden_due", "issued", "yield_sum"):
        world.memory[f"debt.{name}"] = 0


def step(world: World) -> None:
    """What falls due this month, then new bonds."""
    p, book, memory = world.params, world.ledger, world.memory
    rate = world.driver("bond_yield", 0.035)
    bonds = -float(book["city.bonds_general"] + book["city.bonds_special"])
    policy = -float(book["city.policy_loans"])
    loans = -float(book["platform.loans"])
    memory["debt.interest_due"] = int(bonds * rate / 12.0)
    slot = world.month % LIFE
    memory["debt.principal_due"] = int(min(memory["debt.maturing"][slot], bonds))
    repay_policy = policy / 180.0 if world.month - world.base > p["debt.policy_grace"] + 30 else 0.0
    due_loans = loans * (
        (rate + p["debt.platform_spread"]) / 12.0 + (1.0 - p["debt.rolled_over"]) / p["debt.platform_life"]
    )
    memory["debt.hidden_due"] = int(due_loans + policy * p["debt.policy_rate"] / 12.0 + repay_policy)
    world.fired["debt.platform_due"] += due_loans > 0
    _issue(world, slot)


def _issue(world: World, slot: int) -> None:
    p, book, memory = world.params, world.ledger, world.memory
    again = int(memory["debt.principal_due"] * p["debt.refinanced"]) if p["debt.scale"] > 0 else 0
    since_2015 = world.year >= 2015
    share = p["debt.issue_share"] if since_2015 else p["debt.issue_share_before"]
    general = float(memory["taxes.tax"] + memory["taxes.nontax"] + memory["transfers.paid"])
    limit = p["debt.scale"] * share * general
    wanted = max(0.0, float(memory.get("public_spending.gap", 0)))
    if world.signal["restructuring"][-1] > 0:
        wanted = 0.0  # capital works are frozen: only refinancing
    new = int(min(limit, wanted))
    for amount, special in ((int((again + new) * (1.0 - p["debt.special_share"])), False),
                            (int((again + new) * p["debt.special_share"]), True)):  # fmt: skip
        if amount <= 0:
            continue
        owed, held = (
            ("city.bonds_special", "banks.bonds_special")
            if special
            else ("city.bonds_general", "banks.bonds_general")
        )
        book.pay("bonds", "banks.cash", "city.fund_cash" if special and new > again else "city.cash", amount)
        book.pay("claims", owed, held, amount)
    total = again + new
    memory["debt.maturing"][slot] = total
    memory["debt.issued"] = total
    memory["debt.new"] = new
    world.fired["debt.issued"] += new > 0
    world.fired["debt.refinanced"] += again > 0


def serve(world: World, interest: int, principal: int, hidden: int) -> None:
    """Pay service from the treasury; the rest of what is due is entered as payable to the banks."""
    book, memory = world.ledger, world.memory
    book.pay("interest", "city.cash", "banks.cash", interest)
    general = min(principal, -book["city.bonds_general"])
    special = min(principal - general, -book["city.bonds_special"])
    for amount, owed, held in ((general, "city.bonds_general", "banks.bonds_general"),
                               (special, "city.bonds_special", "banks.bonds_special")):  # fmt: skip
        book.pay("principal", "city.cash", "banks.cash", amount)
        book.pay("claims", held, owed, amount)
    if hidden > 0:
        _serve_hidden(world, hidden)
    late_interest = memory["debt.interest_due"] - interest
    late_principal = memory["debt.principal_due"] - principal
    if late_interest > 0:
        book.pay("claims", "city.payable_interest", "banks.interest_due", late_interest)
    if late_principal > 0:
        # matured and unpaid: falls due again in a year
        memory["debt.maturing"][(world.month + 12) % LIFE] += late_principal


def _serve_hidden(world: World, amount: int) -> None:
    """Platform interest and maturities and policy loans, in proportion to what is due."""
    p, book = world.params, world.ledger
    policy = -book["city.policy_loans"]
    due = max(world.memory["debt.hidden_due"], 1)
    policy_due = policy * p["debt.policy_rate"] / 12.0
    policy_principal = policy / 180.0 if world.month - world.base > p["debt.policy_grace"] + 30 else 0.0
    share = amount / due
    to_policy = int(min(policy_due * share, amount))
    back_policy = int(min(policy_principal * share, amount - to_policy))
    book.pay("interest", "city.cash", "upper.cash", to_policy)
    book.pay("principal", "city.cash", "upper.cash", back_policy)
    book.pay("claims", "upper.policy_loans", "city.policy_loans", back_policy)
    rest = amount - to_policy - back_policy
    loans = -book["platform.loans"]
    rate = world.driver("bond_yield", 0.035) + p["debt.platform_spread"]
    interest = min(rest, int(loans * rate / 12.0 * share))
    principal = min(rest - interest, loans)
    book.pay("platform_support", "city.cash", "platform.cash", interest + principal)
    book.pay("interest", "platform.cash", "banks.cash", interest)
    book.pay("principal", "platform.cash", "banks.cash", principal)
    book.pay("claims", "banks.platform_loans", "platform.loans", principal)


def stock(world: World) -> int:
    """Official debt: general and special bonds outstanding, minor units."""
    return -(world.ledger["city.bonds_general"] + world.ledger["city.bonds_special"])


def hidden(world: World) -> int:
    """Hidden debt: platform loans and policy loans."""
    return -(world.ledger["platform.loans"] + world.ledger["city.policy_loans"])
