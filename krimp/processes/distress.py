"""Fiscal restructuring: who must, when, what it does, and when it ends.

State Council document 88 of 2016: restructuring is obligatory when interest takes more than a tenth of general or of fund
spending; inability to pay is the practical trigger: debt service not paid in full, advances on transfers included, in two calendar years in a row,
with a decision some months later. While it lasts new hires and works by own wish are frozen and other spending is cut.
It ends when both interest shares stay below the regime's exit share, and service is paid, for two years.
"""

from __future__ import annotations

import numpy as np

from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter("distress.scale", 1.0, "flag", "fixed", "[A] 0 = no restructuring rule", "", 0.0, 1.0),
    Parameter(
        "distress.lag", 8.0, "months", "uniform(3, 18)", "[A] decision lag after the second unpaid year", "", 0.0, 120.0,
    ),
    Parameter(
        "distress.tolerance", 0.02, "share", "uniform(0.0, 0.05)", "[A] service short by less than this counts as paid",
        "", 0.0, 1.0,
    ),
    Parameter(
        "distress.cut", 0.10, "share", "uniform(0.05, 0.2)", "[A] other spending at zero growth or cut (document 88)",
        "cut of operations and upkeep under restructuring", 0.0, 1.0,
    ),
)  # fmt: skip
SERIES = (
    Series("restructuring", "0/1", "rate", "1 while the city is under fiscal restructuring", False),
    Series("document_88", "0/1", "rate", "1 when an interest share alone would demand restructuring", False),
)
BRANCHES = ("distress.unpaid_year",)


def start(world: World) -> None:
    """No year judged yet."""
    memory = world.memory
    memory["distress.due"] = 0
    memory["distress.unpaid"] = 0
    memory["distress.bad_years"] = 0
    memory["distress.good_years"] = 0
    memory["distress.decide"] = 0
    memory["distress.sums"] = np.zeros(4)
    memory["distress.document"] = 0


def step(world: World) -> None:
    """Add up the year; judge it in December; decide after the lag."""
    p, memory = world.params, world.memory
    rule = world.regime.distress
    service = memory["debt.interest_due"] + memory["debt.principal_due"] + memory["debt.hidden_due"]
    memory["distress.due"] += int(service)
    memory["distress.unpaid"] += int(memory["public_spending.debt_unpaid"])
    special = world.ledger["city.bonds_special"]
    bonds = special + world.ledger["city.bonds_general"]
    part = special / bonds if bonds else 0.0
    interest = float(memory["debt.interest_due"])
    memory["distress.sums"] += np.array(
        [interest * (1 - part), float(memory["public_spending.paid_general"]), interest * part,
         float(memory["public_spending.fund_spent"])]
    )  # fmt: skip
    if world.month_of_year == 12:
        _judge(world)
    if memory["distress.decide"] and world.month >= memory["distress.decide"] and p["distress.scale"] > 0:
        memory["distress.decide"] = 0
        if world.signal["restructuring"][-1] == 0.0:
            world.signal["restructuring"][:] = 1.0
            world.events.add(world.month, "restructuring_start", "no_cash", district=world.nd)
            if rule.discharge > 0:
                _discharge(world, rule.discharge)


def _judge(world: World) -> None:
    p, memory = world.params, world.memory
    rule = world.regime.distress
    unpaid = memory["distress.unpaid"] > p["distress.tolerance"] * max(memory["distress.due"], 1)
    general, spending, fund, fund_spending = memory["distress.sums"]
    shares = (general / max(spending, 1.0), fund / max(fund_spending, 1.0))
    memory["distress.document"] = int(
        shares[0] > rule.general_interest_share
        or (shares[1] > rule.fund_interest_share and fund_spending > 0)
    )
    memory["distress.bad_years"] = memory["distress.bad_years"] + 1 if unpaid else 0
    world.fired["distress.unpaid_year"] += unpaid
    good = not unpaid and max(shares) < rule.exit_share
    memory["distress.good_years"] = memory["distress.good_years"] + 1 if good else 0
    if memory["distress.bad_years"] >= rule.unpaid_years and not memory["distress.decide"]:
        memory["distress.decide"] = world.month + int(p["distress.lag"])
    if world.signal["restructuring"][-1] > 0 and memory["distress.good_years"] >= rule.exit_years:
        world.signal["restructuring"][:] = 0.0
        world.events.add(world.month, "restructuring_end", "cash", district=world.nd)
    memory["distress.due"] = 0
    memory["distress.unpaid"] = 0
    memory["distress.sums"] = np.zeros(4)


def _discharge(world: World, share: float) -> None:
    """A court's plan to adjust debts: creditors lose a share of the bonds (regimes with discharge only)."""
    book = world.ledger
    for kind in ("general", "special"):
        amount = int(-book[f"city.bonds_{kind}"] * share)
        book.pay("claims", f"banks.bonds_{kind}", f"city.bonds_{kind}", amount)


def observe(world: World) -> dict[str, np.ndarray]:
    """State of restructuring and whether document 88 alone would demand it."""
    out = np.full(world.nd + 1, np.nan)
    out[-1] = world.signal["restructuring"][-1]
    document = np.full(world.nd + 1, np.nan)
    document[-1] = float(world.memory["distress.document"])
    return {"restructuring": out, "document_88": document}
