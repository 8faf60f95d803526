"""What the city must spend, and what it pays: commitments by class, a waterfall under the cash limit, payables.

Commitments of a month: wages of public staff (next month's pay day), basic living (welfare, the city's part of the
pension gap, retired staff, farm subsidies), the pandemic bill, operations and the subsidies of heat, buses and firms, debt
service, works. Of pay only what national scales set is guaranteed: local allowances, bonuses and staff outside the ranks come
after operations and the interest that keeps bank loans alive, so they are the first to be late. Works tied to new bonds (which by the budget law of 2014 pay for nothing else [R]) and to earmarked grants
come first, as far as grants are not diverted; then the three guarantees: basic living, wages, operations; then the rest of
earmarked works, since grants may be diverted to wages and bills but not to creditors; then principal of banks that could
stop lending; then bonds, for which the province stands in (interest recorded in 2020 was 1% of the bonds); then works by the
city's own wish [R/A, mechanisms 5.4]. Service that
upper governments no longer advance they keep from transfers, before anything else is paid. Money left is spent on works,
since unspent budgets are called back. Cash never goes below zero: what cannot be paid is owed (payables to staff,
heating, buses, contractors, banks) or advanced (`upper_advances`), and paid off later when there is cash.

Of all public posts a part is on the city's payroll; hospitals, vertical administrations and state farms pay the others,
through an account of the treasury. Levels are identified by the classes of the 2020 accounts (in sample), carried to other
years by prices, wages, people and national transfers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from krimp.processes import debt, upper_advances
from krimp.state.codes import ACTIVE, FARM, OWN_ACCOUNT, PUBLIC, STANDING
from krimp.state.compile import kernel
from krimp.state.counting import count_both, count_where
from krimp.state.ledger import Account
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter(
        "public_spending.welfare_per_head", 300.0, "yuan/year", "lognormal(300, 0.4)",
        "[A] minimum living, health aid and care of the poor in a poor province",
        "basic living at 2010 wages", 0.0, 1e6,
    ),
    Parameter(
        "public_spending.farm_per_head", 90.0, "yuan/year", "lognormal(90, 0.5)",
        "[R] the four farm subsidies of 2010, some 0.12 tn yuan over 1.34 bn people", "farm subsidies passed on", 0.0, 1e6,
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
        "[R] employers 16-20% and workers 8%, on part of the pay of employees", "", 0.0, 1.0,
    ),
    Parameter(
        "public_spending.residents_funds", 115.0, "yuan/year", "lognormal(115, 0.2)",
        "[D] subsidy of residents' medical insurance (550 yuan in 2020 [R]) for some 55% of people, carried back by the"
        " national wage", "to residents' insurance per head at 2010 wages", 0.0, 1e5,
    ),
    Parameter(
        "public_spending.budget_posts", 0.555, "share", "normal(0.555, 0.04)",
        "[D] pay of 3.52 bn at 115,000 yuan a head is 30,600 posts, of 55,161 public ones in the 2020 census (in sample)",
        "public posts on the city's payroll", 0.0, 1.0,
    ),
    Parameter(
        "public_spending.operations_share", 0.45, "share of pay", "uniform(0.38, 0.52)",
        "[D] goods, services and other spending of 1.59 bn in 2020 over pay and benefits of 3.52 bn", "", 0.0, 5.0,
    ),
    Parameter(
        "public_spending.on_costs", 1.42, "ratio", "uniform(1.3, 1.5)",
        "[R] pension 16-20%, annuity 8%, medical 6-8%, housing fund 8-12% on top of pay; paid into the pool", "pay and benefits over wages", 1.0, 3.0,
    ),
    Parameter(
        "public_spending.upkeep_per_home", 260.0, "yuan/year", "lognormal(260, 0.3)",
        "[A] roads, light, refuse, water per standing dwelling; network costs do not shrink with people", "2010 prices", 0.0, 1e5,
    ),
    Parameter(
        "public_spending.firms_share", 0.055, "share of transfers", "uniform(0.03, 0.07)",
        "[D] subsidies to firms of 0.70 bn in 2020 over transfers, less those of heat and buses", "", 0.0, 1.0,
    ),
    Parameter(
        "public_spending.diverted", 0.5, "share", "uniform(0.2, 0.8)",
        "[A] earmarked money is used for wages and bills (9.7 bn of suspect receivables at the end of 2020)",
        "earmarked grants for works that are not kept apart", 0.0, 1.0,
    ),
    Parameter(
        "public_spending.spend_surplus", 0.3, "share a month", "uniform(0.1, 0.6)",
        "[A] unspent budget money is called back, so it is spent", "of cash beyond the reserve, on works", 0.0, 1.0,
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
        "public_spending.pay_off", 0.05, "share a month", "uniform(0.02, 0.1)", "[A] creditors of old bills wait for years",
        "of old bills, paid before debt service", 0.0, 1.0,
    ),
    Parameter(
        "public_spending.land_cost_share", 0.8, "share", "uniform(0.75, 0.85)",
        "[R] 15-25% of land income is left after costs (mechanisms 5.2)", "fund revenue spent on works", 0.0, 1.0,
    ),
    Parameter(
        "public_spending.local_pay", 0.25, "share", "uniform(0.15, 0.35)",
        "[R] the three guarantees cover pay by national standards only; allowances, bonuses and staff outside the ranks are a"
        " fifth to a third of pay", "part of the wage bill that is not guaranteed", 0.0, 1.0,
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
        ("spend_pension_gap", "to the social insurance funds: pension gap, residents' insurance"),
        ("spend_firms", "subsidies to firms"),
        ("offbudget_pay", "pay of public staff who are not on the city's payroll"),
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
BRANCHES = (
    "public_spending.paid_in_full", "public_spending.payables_grow", "public_spending.old_bills_paid",
    "public_spending.surplus_spent", "public_spending.withheld",
)  # fmt: skip

_BASIC = ("welfare", "retired", "farm", "pension_gap", "oncosts", "tests")
_RUNNING = ("operations", "heating", "buses", "upkeep", "firms")
_BONDS = ("interest", "principal")
_SERVICE = (*_BONDS, "hidden_interest", "hidden_principal")


def pay_in_order(cash: int, due: Mapping[str, int], order: Iterable[str]) -> dict[str, int]:
    """What is paid of each item when `cash` goes to them in order: all of an item before anything of the next."""
    left = max(cash, 0)
    paid = {}
    for name in order:
        paid[name] = min(max(due[name], 0), left)
        left -= paid[name]
    return paid


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
        "purchases",
    ):
        memory[f"public_spending.{name}"] = 0


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
    on_budget = bill * p["public_spending.budget_posts"]
    pay = on_budget * p["public_spending.on_costs"]
    posts = float(memory["household_income.jobs"][:, PUBLIC].sum())
    by_sector = memory["household_income.wages_paid"]
    wages_formal = float(by_sector[1:].sum() - by_sector[FARM] - by_sector[OWN_ACCOUNT])
    pensions = float(book.flow("pensions"))
    gap = max(0.0, pensions - p["public_spending.contribution_rate"] * wages_formal)
    registered = float(people)
    state = world.dwellings.state
    homes = float(count_both(state, STANDING, state, STANDING, 1, state.size))
    frozen = world.signal["restructuring"][-1] > 0
    cut = 1.0 - p["distress.cut"] if frozen else 1.0
    transfers = float(memory["transfers.even"])
    residents = float(world.fen(p["public_spending.residents_funds"])) * people * wage_index / 12.0
    earmarked = memory["transfers.special"]
    from_bonds = int(memory["debt.new_general"])
    own_works = int(transfers * p["public_spending.own_works"] * memory["transfers.season"]) - from_bonds
    return {
        "wages": int(bill),
        "welfare": int(world.fen(p["public_spending.welfare_per_head"]) * people * wage_index / 12.0),
        "retired": int(world.fen(p["public_spending.retired_per_post"]) * posts * wage_index / 12.0),
        "farm": int(world.fen(p["public_spending.farm_per_head"]) * registered * pool / 12.0),
        "pension_gap": int(gap * p["public_spending.pension_gap_share"] + residents),
        "oncosts": int(pay - on_budget),
        "tests": int(memory.get("pandemic_bill.due", 0)),
        "heating": int(memory.get("heating.subsidy_due", 0)),
        "buses": int(memory.get("buses.subsidy_due", 0)),
        "operations": int(pay * p["public_spending.operations_share"] * cut),
        "upkeep": int(world.fen(p["public_spending.upkeep_per_home"]) * homes * price * cut / 12.0),
        "firms": int(transfers * p["public_spending.firms_share"]),
        "tied": int(earmarked * (1.0 - p["public_spending.diverted"])) + from_bonds,
        "earmarked": int(earmarked * p["public_spending.diverted"]),
        "works": 0 if frozen else max(0, own_works),
    }


def step(world: World) -> None:
    """The waterfall."""
    p, book, memory = world.params, world.ledger, world.memory
    due = commitments(world)
    bill = due["wages"]
    others = bill - int(bill * p["public_spending.budget_posts"])
    book.pay("offbudget_pay", "upper.cash", "city.cash", others)
    service = {k: int(memory[f"debt.{k}_due"]) for k in _SERVICE}
    # next month's pay day is an item like others: what is set aside for it stays in the treasury
    local = p["public_spending.local_pay"]
    reserve = int(bill * (1.0 - local))
    late = -book["city.payable_staff"]
    soft = late + int(bill * (local + p["public_spending.cash_buffer"]))
    first = reserve + sum(due[k] for k in ("tied", *_BASIC, *_RUNNING))
    old = int(p["public_spending.pay_off"] * (payables(world) - late))
    whole = first + soft + due["earmarked"] + old + sum(service.values())
    upper_advances.hand_down(world, whole - book["city.cash"])
    upper_advances.draw(world, first - book["city.cash"])
    withheld = world.regime.withheld and not upper_advances.willing(world)
    items = {**due, **service, "reserve": reserve, "soft": soft, "old": old}
    items["ahead"] = int(memory["upper_advances.ahead"])
    items["surplus"] = _surplus(world, items)
    order: tuple[str, ...] = (
        "tied", *_BASIC, "reserve", *_RUNNING, "hidden_interest", "soft", "earmarked", "old", "hidden_principal", *_BONDS,
        "ahead", "works", "surplus",
    )  # fmt: skip
    if withheld:
        order = (*_BONDS, *(name for name in order if name not in _BONDS))
        world.fired["public_spending.withheld"] += 1
    paid = pay_in_order(book["city.cash"], items, order)
    paid["works"] += paid.pop("tied") + paid.pop("earmarked") + paid.pop("surplus")
    due["works"] += due.pop("tied") + due.pop("earmarked")
    for name in ("reserve", "soft"):
        paid.pop(name)
    old = paid.pop("old")
    upper_advances.settle(world, paid.pop("ahead"))
    served = {k: paid.pop(k) for k in service}
    debt.serve(world, *(served[k] for k in _SERVICE))
    _post(world, due, paid)
    _pay_off(world, old)
    _fund_budget(world)
    memory["public_spending.debt_unpaid"] = sum(service.values()) - sum(served.values())
    _remember(world, due, paid, sum(service.values()), served["interest"])
    # next pay day: as much of the bill, and then of late pay, as there is cash for
    owed = late / max(bill, 1)
    memory["public_spending.wage_share"] = float(min(1.0 + owed, max(book["city.cash"] / max(bill, 1), 0.0)))
    world.signal["wage_arrears_months"][:] = max(0.0, owed)


def _surplus(world: World, items: Mapping[str, int]) -> int:
    """Money beyond all that is due, of which a part is spent on works."""
    if world.signal["restructuring"][-1] > 0:
        return 0
    left = world.ledger["city.cash"] - sum(amount for name, amount in items.items() if name != "wages")
    world.fired["public_spending.surplus_spent"] += left > 0
    return int(max(left, 0) * world.params["public_spending.spend_surplus"])


def _remember(
    world: World, due: Mapping[str, int], paid: Mapping[str, int], service: int, interest: int
) -> None:
    """Totals for the other processes of the budget and for the series."""
    book, memory, p = world.ledger, world.memory, world.params
    wages = int(book.flow("wages", payer="city.cash") * p["public_spending.budget_posts"])
    memory["public_spending.wages"] = wages
    memory["public_spending.paid_general"] = wages + sum(paid.values()) + interest
    owed = sum(due.values()) - due["wages"] * (1.0 - p["public_spending.budget_posts"]) + service
    memory["public_spending.commitments"] = int(owed)
    memory["public_spending.works"] = paid["works"]
    memory["public_spending.purchases"] = paid["operations"] + paid["upkeep"]
    revenue = memory["taxes.tax"] + memory["taxes.nontax"] + memory["transfers.even"]
    memory["public_spending.gap"] = memory["public_spending.commitments"] - int(revenue)
    short = any(paid[name] < due[name] for name in paid)
    memory["public_spending.payables"] = payables(world)
    world.fired["public_spending.payables_grow" if short else "public_spending.paid_in_full"] += 1


def _post(world: World, due: dict[str, int], paid: dict[str, int]) -> None:
    """Book what is paid and owe the rest."""
    book, memory = world.ledger, world.memory
    people = memory["household_income.people"].astype(np.float64)
    world_share = people / max(people.sum(), 1.0)
    benefits = {"spend_welfare": paid["welfare"], "spend_retired": paid["retired"]}
    _to_households(world, {flow: amount for flow, amount in benefits.items() if amount > 0}, world_share)
    book.pay("spend_farm", "city.cash", "farms.cash", paid["farm"])
    for name, flow, receiver in (
        ("pension_gap", "spend_pension_gap", "upper.cash"), ("oncosts", "spend_oncosts", "upper.cash"),
        ("tests", "spend_tests", "rest.cash"), ("operations", "spend_operations", "services.cash"),
        ("upkeep", "spend_upkeep", "services.cash"), ("works", "spend_works", "developers.cash"),
        ("firms", "spend_firms", "services.cash"),
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
    contractors = sum(max(due[k] - paid[k], 0) for k in ("operations", "upkeep", "firms", "works"))
    book.pay("claims", "city.payable_contractors", "developers.receivable", contractors)


@kernel
def give_each(state, district, each, cash, first, stop):
    """each[1, district] to every active household of rows [first, stop), each[0] to the others: a look instead of a guess."""
    for i in range(first, stop):
        h = np.uint64(i)
        cash[h] += each[np.uint64(state[h] == ACTIVE), np.uint64(np.uint8(district[h]))]


def _to_households(world: World, benefits: dict[str, int], share: np.ndarray) -> None:
    """Benefits (flow -> amount) to households, by district in proportion to people, in equal parts within a district."""
    if not benefits:
        return
    h = world.households
    counts = np.zeros(world.nd, np.int64)
    count_where(h.state, ACTIVE, h.district, counts, 1, h.n)
    each = np.zeros((2, world.nd), np.int64)
    for flow, amount in benefits.items():
        part = np.where(counts > 0, (amount * share).astype(np.int64) // np.maximum(counts, 1), 0)
        each[1] += part
        world.ledger.pay_each(flow, "city.cash", "households.cash", part * counts)
    world.map_chunks(lambda _, first, stop: give_each(h.state, h.district, each, h.cash, first, stop), h.n)


def _pay_off(world: World, spare: int) -> None:
    """Old bills, creditors in turn."""
    book = world.ledger
    world.fired["public_spending.old_bills_paid"] += spare > 0
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
            if receiver == "heating.cash":
                world.memory["heating.subsidy_paid"] += amount


def _fund_budget(world: World) -> None:
    """The fund budget: costs of the land sold and works; a hole is filled by the platform's borrowing."""
    p, book, memory = world.params, world.ledger, world.memory
    inflow = (
        book.flow("land", receiver="city.fund_cash") + book.flow("land_platform", receiver="city.fund_cash")
        + book.flow("fund_grants", receiver="city.fund_cash") + book.flow("quota_sales", receiver="city.fund_cash")
        + book.flow("bonds", receiver="city.fund_cash")
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
