"""What the city must spend, and what it pays: commitments by class, a waterfall under the cash limit, payables.

Commitments of a month: wages of public staff (next month's pay day), basic living (welfare, the city's part of the
pension gap, retired staff, farm subsidies), the pandemic bill, operations and the subsidies of heat and buses, debt
service, works. Priority of the three guarantees: basic living, wages, operations; then debt service; then building
[R/A, mechanisms 5.4]. Cash never goes below zero: what cannot be paid is owed (payables to staff, heating, buses,
contractors, banks) or advanced by upper governments (`upper_advances`), and paid off later when there is cash.

Levels are identified by the classes of the 2020 accounts (in sample), carried to other years by prices, wages, people
and national transfers.
"""

from __future__ import annotations

import numpy as np

from krimp.processes import debt, upper_advances
from krimp.state.codes import PUBLIC
from krimp.state.ledger import Account
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter(
        "public_spending.welfare_per_head", 290.0, "yuan/year", "lognormal(290, 0.12)",
        "[D] welfare and relief of 0.69 bn in 2020 over 0.89 m people, carried back by the national wage (2.67 times)",
        "basic living at 2010 wages", 0.0, 1e6,
    ),
    Parameter(
        "public_spending.farm_per_head", 330.0, "yuan/year", "lognormal(330, 0.15)",
        "[D] 0.76 bn in 2020 over registered people, carried back by national transfers", "farm subsidies passed on", 0.0, 1e6,
    ),
    Parameter(
        "public_spending.retired_per_post", 2100.0, "yuan/year", "lognormal(2100, 0.15)",
        "[D] 0.31 bn in 2020 over posts, carried back by the national wage", "the city's part of retired staff's pay", 0.0, 1e6,
    ),
    Parameter(
        "public_spending.pension_gap_share", 0.5, "share", "uniform(0.35, 0.65)",
        "[D] 2.14 bn to the funds in 2020 against pensions less contributions; the split with the province is assumed",
        "part of the pension gap that the city pays to the pool", 0.0, 1.0,
    ),
    Parameter(
        "public_spending.contribution_rate", 0.24, "share of wages", "uniform(0.2, 0.28)",
        "[R] employers 16-20% and workers 8%, on part of the pay", "", 0.0, 1.0,
    ),
    Parameter(
        "public_spending.operations_share", 0.42, "share of the wage bill", "uniform(0.35, 0.5)",
        "[D] goods and services of 1.46 bn in 2020 over pay of 3.52 bn", "", 0.0, 5.0,
    ),
    Parameter(
        "public_spending.on_costs", 1.30, "ratio", "uniform(1.15, 1.5)",
        "[R] insurance and housing fund on top of pay; paid into the pool", "pay and benefits over wages", 1.0, 3.0,
    ),
    Parameter(
        "public_spending.upkeep_per_home", 260.0, "yuan/year", "lognormal(260, 0.3)",
        "[A] roads, light, refuse, water per standing dwelling; network costs do not shrink with people", "2010 prices", 0.0, 1e5,
    ),
    Parameter(
        "public_spending.earmarked_works", 0.25, "share of transfers", "uniform(0.18, 0.32)",
        "[D] capital spending of 3.68 bn in 2020, most of it from special grants", "works paid by earmarked grants", 0.0, 1.0,
    ),
    Parameter(
        "public_spending.own_works", 0.10, "share of transfers", "uniform(0.05, 0.15)",
        "[A] works by the city's own wish, cut first", "", 0.0, 1.0,
    ),
    Parameter(
        "public_spending.pay_off", 0.15, "share a month", "uniform(0.05, 0.3)", "[A] spare cash used to pay off old bills",
        "", 0.0, 1.0,
    ),
    Parameter(
        "public_spending.land_cost_share", 0.8, "share", "uniform(0.75, 0.85)",
        "[R] 15-25% of land income is left after costs (mechanisms 5.2)", "fund revenue spent on works", 0.0, 1.0,
    ),
    Parameter(
        "public_spending.cash_buffer", 0.25, "months", "uniform(0.1, 1.0)", "[D] 0.7 bn of cash against 13.7 bn of spending in 2020",
        "months of wages kept beyond the next pay day", 0.0, 24.0,
    ),
)  # fmt: skip
SERIES: tuple[Series, ...] = ()
ACCOUNTS = tuple(
    Account(f"flow.{name}", "flow", meaning)
    for name, meaning in (
        ("spend_welfare", "basic living paid to households"),
        ("spend_pension_gap", "city's part of the pension gap, to the provincial pool"),
        ("spend_oncosts", "insurance of public staff, to the provincial pool"),
        ("spend_retired", "retired staff"),
        ("spend_farm", "farm subsidies passed on"),
        ("spend_operations", "goods and services of offices, schools, hospitals"),
        ("spend_upkeep", "streets, water, refuse"),
        ("spend_works", "works of the general budget"),
        ("spend_fund_works", "works of the fund budget"),
        ("spend_tests", "tests and quarantine"),
        ("heat_subsidy", "heating subsidy"),
        ("bus_subsidy", "bus subsidy"),
        ("pay_off", "old bills paid"),
        ("fund_to_general", "fund money moved to the general budget"),
    )
)
BRANCHES = ("public_spending.paid_in_full", "public_spending.payables_grow", "public_spending.old_bills_paid")

#: (class, receiver of the money) of the items paid after wages, in the order of priority.
_BASIC = ("welfare", "retired", "farm", "pension_gap", "oncosts")


def start(world: World) -> None:
    """No payables at the base; wages are paid in full."""
    memory = world.memory
    memory["public_spending.wage_share"] = 1.0
    for name in (
        "gap",
        "payables",
        "commitments",
        "paid_general",
        "works",
        "fund_spent",
        "debt_unpaid",
        "new_payables",
    ):
        memory[f"public_spending.{name}"] = 0
    memory["public_spending.lines"] = np.zeros(12)


def commitments(world: World) -> dict[str, int]:
    """What this month's law and contracts require, by class, in minor units (debt service is `debt`'s)."""
    p, memory, book = world.params, world.memory, world.ledger
    people = float(memory["household_income.people"].sum())
    wage_index = world.driver("national_wage", 36539.0) / float(
        world.drivers.get("national_wage", np.array([36539.0]))[0]
    )
    price = world.driver("cpi", 1.0)
    pool = world.driver("transfer_pool", price)
    bill = float(memory["household_income.contract"][:, PUBLIC].sum())
    posts = float(memory["household_income.jobs"][:, PUBLIC].sum())
    wages_formal = (
        float(memory["household_income.wages_paid"][1:].sum())
        if "household_income.wages_paid" in memory
        else bill
    )
    pensions = float(book.flow("pensions"))
    gap = max(0.0, pensions - p["public_spending.contribution_rate"] * wages_formal)
    registered = float(people)
    homes = float(np.count_nonzero(world.dwellings.state == 1))
    frozen = world.signal["restructuring"][-1] > 0
    cut = 1.0 - p["distress.cut"] if frozen else 1.0
    transfers = float(memory["transfers.paid"])
    return {
        "wages": int(bill),
        "welfare": int(world.fen(p["public_spending.welfare_per_head"]) * people * wage_index / 12.0),
        "retired": int(world.fen(p["public_spending.retired_per_post"]) * posts * wage_index / 12.0),
        "farm": int(world.fen(p["public_spending.farm_per_head"]) * registered * pool / 12.0),
        "pension_gap": int(gap * p["public_spending.pension_gap_share"]),
        "oncosts": int(bill * (p["public_spending.on_costs"] - 1.0)),
        "tests": int(memory.get("pandemic_bill.due", 0)),
        "heating": int(memory.get("heating.subsidy_due", 0)),
        "buses": int(memory.get("buses.subsidy_due", 0)),
        "operations": int(bill * p["public_spending.operations_share"] * cut),
        "upkeep": int(world.fen(p["public_spending.upkeep_per_home"]) * homes * price * cut / 12.0),
        "works": int(
            transfers
            * (p["public_spending.earmarked_works"] + (0.0 if frozen else p["public_spending.own_works"]))
        ),
    }


def step(world: World) -> None:
    """The waterfall."""
    p, book, memory = world.params, world.ledger, world.memory
    due = commitments(world)
    service = int(memory["debt.interest_due"] + memory["debt.principal_due"] + memory["debt.hidden_due"])
    reserve = int(due["wages"] * (1.0 + p["public_spending.cash_buffer"]))
    priority = sum(due[k] for k in (*_BASIC, "tests", "heating", "buses", "operations", "upkeep"))
    upper_advances.draw(world, reserve + priority + service - book["city.cash"])
    # next month's pay day comes first: the reserve is not touched
    available = max(0, book["city.cash"] - reserve)
    paid: dict[str, int] = {}
    for name in (*_BASIC, "tests", "heating", "buses", "operations", "upkeep"):
        paid[name] = min(due[name], available)
        available -= paid[name]
    parts = [min(int(memory[f"debt.{k}_due"]), available) for k in ("interest",)]
    available -= parts[0]
    principal = min(int(memory["debt.principal_due"]), available)
    available -= principal
    hidden = min(int(memory["debt.hidden_due"]), available)
    available -= hidden
    paid["works"] = min(due["works"], available)
    available -= paid["works"]
    _post(world, due, paid)
    debt.serve(world, parts[0], principal, hidden)
    unpaid_service = service - parts[0] - principal - hidden
    _pay_off(world, int(available * p["public_spending.pay_off"]))
    _fund_budget(world)
    general = int(book.flow("wages", payer="city.cash")) + sum(paid.values()) + parts[0]
    memory["public_spending.paid_general"] = general
    memory["public_spending.debt_unpaid"] = unpaid_service
    memory["public_spending.commitments"] = sum(due.values()) + service
    memory["public_spending.works"] = paid["works"]
    revenue = memory["taxes.tax"] + memory["taxes.nontax"] + memory["transfers.paid"]
    memory["public_spending.gap"] = int(memory["public_spending.commitments"] - revenue)
    new = sum(due.values()) - due["wages"] - sum(paid.values())
    memory["public_spending.new_payables"] = new
    memory["public_spending.payables"] = payables(world)
    world.fired["public_spending.payables_grow" if new > 0 else "public_spending.paid_in_full"] += 1
    # next pay day: as much of the bill as there is cash for, and old wages when there is plenty
    bill = max(due["wages"], 1)
    share = book["city.cash"] / bill
    owed = -book["city.payable_staff"] / bill
    memory["public_spending.wage_share"] = float(
        min(1.0 + min(owed, max(0.0, share - 1.25)), max(share, 0.0))
    )
    world.signal["wage_arrears_months"][:] = max(0.0, -book["city.payable_staff"] / bill)
    memory["public_spending.lines"] = np.array(
        [float(general), *(float(paid[k]) for k in (*_BASIC, "tests", "operations", "upkeep", "works"))]
        + [float(paid["heating"] + paid["buses"])] + [0.0] * 12
    )[:12]  # fmt: skip


def _post(world: World, due: dict[str, int], paid: dict[str, int]) -> None:
    """Book what is paid and owe the rest."""
    book, memory = world.ledger, world.memory
    people = memory["household_income.people"].astype(np.float64)
    world_share = people / max(people.sum(), 1.0)
    _to_households(world, "spend_welfare", paid["welfare"], world_share)
    _to_households(world, "spend_retired", paid["retired"], world_share)
    book.pay("spend_farm", "city.cash", "farms.cash", paid["farm"])
    for name, flow, receiver in (
        ("pension_gap", "spend_pension_gap", "upper.cash"), ("oncosts", "spend_oncosts", "upper.cash"),
        ("tests", "spend_tests", "rest.cash"), ("operations", "spend_operations", "services.cash"),
        ("upkeep", "spend_upkeep", "services.cash"), ("works", "spend_works", "developers.cash"),
        ("heating", "heat_subsidy", "heating.cash"), ("buses", "bus_subsidy", "buses.cash"),
    ):  # fmt: skip
        book.pay(flow, "city.cash", receiver, paid[name])
    memory["heating.subsidy_paid"] = paid["heating"]
    memory["buses.subsidy_paid"] = paid["buses"]
    for name, owed, held in (
        ("heating", "city.payable_heating", "heating.receivable"), ("buses", "city.payable_buses", "buses.receivable"),
    ):  # fmt: skip
        book.pay("claims", owed, held, due[name] - paid[name])
    # unpaid dues to the pension pool are owed upward, unpaid works, goods and upkeep to contractors
    upward = sum(due[k] - paid[k] for k in ("pension_gap", "oncosts", "tests", "welfare", "retired", "farm"))
    book.pay("claims", "city.advances", "upper.advances", upward)
    contractors = sum(due[k] - paid[k] for k in ("operations", "upkeep", "works"))
    book.pay("claims", "city.payable_contractors", "developers.receivable", contractors)


def _to_households(world: World, flow: str, amount: int, share: np.ndarray) -> None:
    """Benefits to households, by district in proportion to people, in equal parts within a district."""
    if amount <= 0:
        return
    h = world.households
    active = np.nonzero(h.state == 1)[0]
    counts = np.bincount(h.district[active], minlength=world.nd)
    each = np.zeros(world.nd, np.int64)
    for d in range(world.nd):
        if counts[d]:
            each[d] = int(amount * share[d]) // counts[d]
            world.ledger.pay(flow, "city.cash", "households.cash", int(each[d] * counts[d]), d)
    h.cash[active] += each[h.district[active]]


def _pay_off(world: World, spare: int) -> None:
    """Old bills, oldest creditors in turn, from spare cash."""
    book = world.ledger
    for owed, held, receiver in (
        ("city.payable_heating", "heating.receivable", "heating.cash"),
        ("city.payable_buses", "buses.receivable", "buses.cash"),
        ("city.payable_interest", "banks.interest_due", "banks.cash"),
        ("city.payable_contractors", "developers.receivable", "developers.cash"),
    ):
        amount = min(spare, -book[owed])
        if amount > 0:
            book.pay("pay_off", "city.cash", receiver, amount)
            book.pay("claims", held, owed, amount)
            spare -= amount
            world.fired["public_spending.old_bills_paid"] += 1
            if receiver == "heating.cash":
                world.memory["heating.subsidy_paid"] += amount


def _fund_budget(world: World) -> None:
    """The fund budget: costs of the land sold and works; a hole is filled by the platform's borrowing."""
    p, book, memory = world.params, world.ledger, world.memory
    inflow = (
        book.flow("land", receiver="city.fund_cash") + book.flow("land_platform", receiver="city.fund_cash")
        + book.flow("fund_other", receiver="city.fund_cash") + book.flow("bonds", receiver="city.fund_cash")
    )  # fmt: skip
    works = int(min(inflow * p["public_spending.land_cost_share"], max(0, book["city.fund_cash"])))
    book.pay("spend_fund_works", "city.fund_cash", "developers.cash", works)
    memory["public_spending.fund_spent"] = works
    hole = -book["city.fund_cash"]
    if hole > 0:
        book.pay("borrowing", "banks.cash", "platform.cash", hole)
        book.pay("claims", "platform.loans", "banks.platform_loans", hole)
        book.pay("land_platform", "platform.cash", "city.fund_cash", hole)
    else:
        spare = int(-hole * 0.1)
        book.pay("fund_to_general", "city.fund_cash", "city.cash", spare)


def payables(world: World) -> int:
    """All that the city owes for bills unpaid: staff, heating, buses, contractors, banks (not upper governments)."""
    book = world.ledger
    return -sum(
        book[f"city.payable_{who}"] for who in ("staff", "heating", "buses", "contractors", "interest")
    )
