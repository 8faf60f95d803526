"""Bonds and hidden debt: issue within the year's limit, coupons, maturities, what the platform's loans demand.

New bonds of a year are what the budget lacks, at most a share of general revenue (the limit handed down); maturing bonds
are refinanced in part. Lives of bonds are the regime's. Where debt is swapped, recognised platform loans become bonds.

The platform borrows for the city's works (a share of GDP) while banks lend and the law lets it. It has no income of note:
its interest and maturities are the city's commitments (hidden debt). Loans have a long tranche and a short one:

    matures = long / life + short / 12;   due = interest + max((1 - rolled over) * matures, loans / years of paying down)

What is rolled over is lent anew for a loan's life; what falls due and is not paid (unpaid interest included) is short from
then on. Banks roll over less beyond the loan limit or under restructuring; once the law forbids new hidden debt it also
wants the old paid down within years.

Service is paid by `public_spending` after wages, basic living and operations. What the city cannot pay upper governments
advance while they are willing (`upper_advances`): that of bonds in full, since the province issued them.
"""

from __future__ import annotations

import numpy as np

from krimp.processes import upper_advances
from krimp.state.ledger import Account
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

LIFE = 96  # months over which the debt of the base matures
RING = 361  # months ahead for which maturities are kept
SHORT = 12.0  # months: short-term bank loans
#: Service by kind, as `public_spending` pays it.
KINDS = ("interest", "principal", "hidden_interest", "hidden_principal")

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
        "debt.platform_life", 42.0, "months", "uniform(30, 60)",
        "[R] audit of 2013: 45% of local debt fell due within eighteen months, 62, 73 and 81% by 2015, 2016 and 2017",
        "life of platform loans", 12.0, 600.0,
    ),
    Parameter(
        "debt.policy_rate", 0.042, "share a year", "uniform(0.035, 0.047)",
        "[R] development bank loans for shantytowns: the benchmark of 4.9% less up to 15%", "", 0.0, 0.5,
    ),
    Parameter(
        "debt.policy_grace", 60.0, "months", "uniform(36, 84)", "[A] grace before policy loans are repaid over 15 years",
        "", 0.0, 600.0,
    ),
    Parameter(
        "debt.rolled_over", 0.8, "share", "uniform(0.6, 0.9)",
        "[A] the audit of 2013 found 5% overdue of debt half of which fell due in two years: most was lent again",
        "platform maturities refinanced while it can borrow", 0.0, 1.0,
    ),
    Parameter(
        "debt.rolled_over_stress", 0.2, "share", "uniform(0.0, 0.4)", "[A] banks shorten and withdraw",
        "platform maturities refinanced beyond the loan limit or under restructuring", 0.0, 1.0,
    ),
    Parameter(
        "debt.paid_down", 7.5, "years", "uniform(5, 10)", "[R] central document 27 of 2018: hidden debt gone in five to ten years",
        "years in which hidden debt is to be paid down once no more may be made", 0.5, 100.0,
    ),
    Parameter(
        "debt.platform_works", 0.04, "share of GDP", "uniform(0.02, 0.05)",
        "[R] borrowing of platforms was 4-5% of GDP a year in 2010-17 (augmented deficit of the IMF)",
        "works a year that the platform borrows for", 0.0, 1.0,
    ),
    Parameter(
        "debt.swapped", 0.58, "share", "uniform(0.4, 0.7)",
        "[R] audit of 2013: 4.1 of 7.0 tn yuan owed by platforms were the governments' own debt",
        "platform loans recognised and swapped into bonds", 0.0, 1.0,
    ),
)  # fmt: skip
SERIES: tuple[Series, ...] = ()
ACCOUNTS = (
    Account("flow.bonds", "flow", "bonds issued"),
    Account("flow.platform_support", "flow", "city money for the platform's debt service"),
)
BRANCHES = (
    "debt.issued", "debt.refinanced", "debt.platform_due", "debt.platform_works", "debt.swapped", "debt.rolled_less",
    "debt.paid_down",
)  # fmt: skip


def start(world: World) -> None:
    """The debt of the base, maturing evenly over the life of a bond."""
    book = world.ledger
    factor = world.params["debt.opening"]
    if factor != 1.0:
        extra = int(-book["city.bonds_general"] * (factor - 1.0))
        book.balance[book.index["city.bonds_general"]] -= extra
        book.balance[book.index["banks.bonds_general"]] += extra
        book.opening[:] = book.balance
    maturing = np.zeros(RING, np.int64)
    maturing[(world.month + 1 + np.arange(LIFE)) % RING] = -book["city.bonds_general"] // LIFE
    world.memory["debt.maturing"] = maturing
    for name in ("issued", "new_general", "short", "swap", *(f"{k}_due" for k in KINDS), "hidden_due"):
        world.memory[f"debt.{name}"] = 0
    world.memory["debt.gdp"] = 0.0


def _schedule(world: World, amount: int) -> None:
    """Enter the maturities of bonds issued now."""
    terms: tuple[int, ...] = world.regime.bond_terms[0][1]
    for since, lives in world.regime.bond_terms:
        if world.month >= since:
            terms = lives
    for i, life in enumerate(terms):
        part = amount // len(terms) + (amount % len(terms) if i == 0 else 0)
        world.memory["debt.maturing"][(world.month + life) % RING] += part


def step(world: World) -> None:
    """What falls due this month, then new bonds."""
    p, book, memory = world.params, world.ledger, world.memory
    rate = world.driver("bond_yield", 0.035)
    bonds = -(book["city.bonds_general"] + book["city.bonds_special"])
    memory["debt.interest_due"] = int(bonds * rate / 12.0)
    slot = world.month % RING
    memory["debt.principal_due"] = int(min(memory["debt.maturing"][slot], bonds))
    memory["debt.maturing"][slot] = 0
    _swap(world)
    _platform_works(world)
    loans = -book["platform.loans"]
    short = min(int(memory["debt.short"]), loans)
    falls = int(short / SHORT)
    matures = int((loans - short) / p["debt.platform_life"]) + falls
    rolled = p["debt.rolled_over"]
    if not lent(world):
        rolled = min(rolled, p["debt.rolled_over_stress"])
        world.fired["debt.rolled_less"] += 1
    memory["debt.short"] = short - falls  # paid, lent anew, or short again in `_serve_hidden`
    interest = int(loans * (rate + p["debt.platform_spread"]) / 12.0)
    least = 0.0
    if world.regime.hidden_until is not None and world.month > world.regime.hidden_until:
        least = loans / (12.0 * p["debt.paid_down"])
        world.fired["debt.paid_down"] += least > matures * (1.0 - rolled)
    principal = int(max(matures * (1.0 - rolled), least))
    policy = -book["city.policy_loans"]
    memory["debt.policy_interest"] = int(policy * p["debt.policy_rate"] / 12.0)
    grace = world.month - world.base <= p["debt.policy_grace"] + 30
    memory["debt.policy_principal"] = 0 if grace else policy // 180
    memory["debt.hidden_interest_due"] = interest + int(memory["debt.policy_interest"])
    memory["debt.hidden_principal_due"] = principal + int(memory["debt.policy_principal"])
    memory["debt.hidden_due"] = memory["debt.hidden_interest_due"] + memory["debt.hidden_principal_due"]
    world.fired["debt.platform_due"] += memory["debt.hidden_due"] > 0
    _issue(world)


def can_borrow(world: World) -> bool:
    """Whether banks lend more to the platform: loans below the limit in years of the city's own revenue."""
    limit = world.params["land_sales.loan_limit"] * upper_advances.own_year(world)
    return -world.ledger["platform.loans"] < limit


def lent(world: World) -> bool:
    """Whether banks lend to the platform: below its limit and not under restructuring."""
    return can_borrow(world) and world.signal["restructuring"][-1] == 0.0


def may_borrow(world: World) -> bool:
    """Whether the platform can take up more: banks lend, and the law does not forbid new hidden debt."""
    until = world.regime.hidden_until
    return lent(world) and (until is None or world.month <= until)


def _swap(world: World) -> None:
    """Recognised platform loans become general bonds, in equal parts over the months of the swap."""
    book, memory = world.ledger, world.memory
    span = world.regime.debt_swap
    if span is None or not span[0] <= world.month <= span[1]:
        return
    loans = -book["platform.loans"]
    if world.month == span[0]:
        memory["debt.swap"] = int(loans * world.params["debt.swapped"]) // (span[1] - span[0] + 1)
    amount = min(int(memory["debt.swap"]), loans)
    book.pay("claims", "banks.platform_loans", "platform.loans", amount)
    book.pay("claims", "city.bonds_general", "banks.bonds_general", amount)
    _schedule(world, amount)
    world.fired["debt.swapped"] += amount > 0


def _platform_works(world: World) -> None:
    """The platform borrows and builds for the city while banks lend and the law lets it."""
    p, book, memory = world.params, world.ledger, world.memory
    if world.regime.hidden_until is None or not may_borrow(world) or p["debt.scale"] <= 0:
        return
    made = float(np.sum(memory.get("gdp.value_added", 0.0)))
    memory["debt.gdp"] += (made - memory["debt.gdp"]) / min(
        world.month - world.base, 12
    )  # harvests come once a year
    amount = int(p["debt.platform_works"] * p["debt.scale"] * memory["debt.gdp"])
    if amount <= 0:
        return
    book.pay("borrowing", "banks.cash", "platform.cash", amount)
    book.pay("claims", "platform.loans", "banks.platform_loans", amount)
    book.pay("construction", "platform.cash", "developers.cash", amount)
    world.fired["debt.platform_works"] += 1


def _issue(world: World) -> None:
    p, book, memory = world.params, world.ledger, world.memory
    again = int(memory["debt.principal_due"] * p["debt.refinanced"]) if p["debt.scale"] > 0 else 0
    share = p["debt.issue_share"] if world.year >= 2015 else p["debt.issue_share_before"]
    general = float(memory["taxes.tax"] + memory["taxes.nontax"] + memory["transfers.even"])
    wanted = max(0.0, float(memory["public_spending.gap"]))
    if world.signal["restructuring"][-1] > 0:
        wanted = 0.0  # capital works are frozen: only refinancing
    new = int(min(p["debt.scale"] * share * general, wanted))
    total, special = again + new, int((again + new) * p["debt.special_share"])
    fund = int(new * p["debt.special_share"])
    book.pay("bonds", "banks.cash", "city.fund_cash", fund)
    book.pay("bonds", "banks.cash", "city.cash", total - fund)
    book.pay("claims", "city.bonds_general", "banks.bonds_general", total - special)
    book.pay("claims", "city.bonds_special", "banks.bonds_special", special)
    _schedule(world, total)
    memory["debt.issued"] = total
    memory["debt.new_general"] = new - fund
    world.fired["debt.issued"] += new > 0
    world.fired["debt.refinanced"] += again > 0


def serve(world: World, interest: int, principal: int, hidden_interest: int, hidden_principal: int) -> None:
    """Pay service from the treasury; what bonds still lack is advanced, or owed to the banks."""
    book, memory = world.ledger, world.memory
    book.pay("interest", "city.cash", "banks.cash", interest)
    late_interest = int(memory["debt.interest_due"]) - interest
    late_principal = int(memory["debt.principal_due"]) - principal
    advanced = upper_advances.draw(world, late_interest + late_principal, "banks.cash", 1.0)
    stood_in = min(advanced, late_interest)
    late_interest -= stood_in
    late_principal -= advanced - stood_in
    book.pay("principal", "city.cash", "banks.cash", principal)
    _redeem(world, principal + advanced - stood_in)
    book.pay("claims", "city.payable_interest", "banks.interest_due", late_interest)
    # matured and unpaid: falls due again in a year
    memory["debt.maturing"][(world.month + 12) % RING] += late_principal
    _serve_hidden(world, hidden_interest, hidden_principal)


def _redeem(world: World, amount: int) -> None:
    """Bonds paid back, general ones first."""
    book = world.ledger
    general = min(amount, -book["city.bonds_general"])
    book.pay("claims", "banks.bonds_general", "city.bonds_general", general)
    book.pay("claims", "banks.bonds_special", "city.bonds_special", amount - general)


def _serve_hidden(world: World, interest: int, principal: int) -> None:
    """Policy loans and the platform's service, each in proportion to what is due; of the rest, part is advanced.

    What nobody pays stays in the loans: interest is added, maturities are short from now on.
    """
    book, memory = world.ledger, world.memory
    due_interest, due_principal = (
        int(memory["debt.hidden_interest_due"]),
        int(memory["debt.hidden_principal_due"]),
    )
    advanced = upper_advances.draw(world, due_interest + due_principal - interest - principal)
    stood_in = min(advanced, due_interest - interest)
    interest += stood_in
    principal += advanced - stood_in

    def part(paid: int, due: int, policy: int) -> tuple[int, int]:
        to_policy = paid * policy // due if due else 0
        return to_policy, paid - to_policy

    policy_interest, platform_interest = part(interest, due_interest, int(memory["debt.policy_interest"]))
    policy_principal, platform_principal = part(
        principal, due_principal, int(memory["debt.policy_principal"])
    )
    book.pay("interest", "city.cash", "upper.cash", policy_interest)
    book.pay("principal", "city.cash", "upper.cash", policy_principal)
    book.pay("claims", "upper.policy_loans", "city.policy_loans", policy_principal)
    unpaid = int(memory["debt.policy_interest"]) - policy_interest
    book.pay("claims", "city.advances", "upper.advances", unpaid)
    book.pay("platform_support", "city.cash", "platform.cash", platform_interest + platform_principal)
    book.pay("interest", "platform.cash", "banks.cash", platform_interest)
    book.pay("principal", "platform.cash", "banks.cash", platform_principal)
    book.pay("claims", "banks.platform_loans", "platform.loans", platform_principal)
    added = due_interest - int(memory["debt.policy_interest"]) - platform_interest
    book.pay("claims", "platform.loans", "banks.platform_loans", added)
    late = due_principal - int(memory["debt.policy_principal"]) - platform_principal
    memory["debt.short"] += added + late


def stock(world: World) -> int:
    """Official debt: general and special bonds outstanding, minor units."""
    return -(world.ledger["city.bonds_general"] + world.ledger["city.bonds_special"])


def hidden(world: World) -> int:
    """Hidden debt: platform loans and policy loans."""
    return -(world.ledger["platform.loans"] + world.ledger["city.policy_loans"])
