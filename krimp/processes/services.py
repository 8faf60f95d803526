"""Market services that are no single shop of the table: transport, trade, banks, own account.

Receipts (spending at home, shop rents, freight and trade for the outside, and what the treasury and fitting-out of homes
bring beyond their first year, which the posts of the base already serve) carry posts: posts wished = kappa * receipts
/ wage with kappa of the base, a constant labour share; posts follow with a half-life. Own-account people share what
their part of the receipts brings, so their income falls before their number does. Freight for the outside follows the
mine's and the farms' volumes. Inputs are bought outside; a surplus beyond a reserve goes to owners elsewhere (chains,
banks), a gap is an overdraft.
"""

from __future__ import annotations

import numpy as np

from krimp.processes import jobs
from krimp.state.codes import OWN_ACCOUNT, SERVICES
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter("services.outside_share", 0.15, "share", "uniform(0.08, 0.22)", "[A] rail and road freight, wholesale, border trade", "receipts from outside at the base", 0.0, 0.8),
    Parameter("services.coal_freight", 0.5, "share", "uniform(0.3, 0.7)", "[A]", "part of outside receipts that moves with coal output", 0.0, 1.0),
    Parameter("services.input_share", 0.22, "share", "uniform(0.15, 0.30)", "[A] inputs of services are 40-50% [R], half of them local or rents; services also carry the taxes on trade", "inputs bought outside in receipts", 0.0, 0.9),
    Parameter("services.half_life", 0.75, "years", "lognormal(0.75, 0.4)", "[A]", "half-life of the gap in posts", 0.02, 10.0),
    Parameter("services.memory", 6.0, "months", "fixed", "[A] half a year evens out the seasons; speed only, not level", "smoothing of receipts", 1.0, 60.0),
    Parameter("services.productivity", 0.005, "per year", "normal(0.005, 0.01)", "[A] banks, posts and shops need fewer hands", "fall of the labour share", -0.1, 0.1),
    Parameter("services.interest", 0.06, "per year", "fixed", "[R] small firms' bank lending rate of the 2010s", "rate on overdrafts", 0.0, 0.3),
)  # fmt: skip
SERIES: tuple[Series, ...] = ()
BRANCHES = ("services.posts_cut", "services.surplus")
#: Flows that are receipts of market services, known at the base or only from the first year on.
RECEIPTS = ("consumption", "rent", "exports")
LATER = ("spend_operations", "spend_upkeep", "home_costs")
YEAR = 12
#: Debt in months of sales above which owners put in money. [A]
DEBT_MONTHS = 6.0


def start(world: World) -> None:
    """Labour shares of the base."""
    memory, p = world.memory, world.params
    wages, people = jobs.contract_wages(world).astype(np.float64), jobs.employed(world).sum(axis=0)
    receipts = float(memory["services.receipts0"]) / max(1.0 - p["services.outside_share"], 0.05)
    memory["services.receipts"] = memory["services.base"] = receipts
    staff = world.shops.staff[world.shops.state == 1].sum() if world.shops.n > 1 else 0
    shop_pay = wages[SERVICES] * float(staff) / max(float(people[SERVICES]), 1.0)
    owners = float(np.count_nonzero(world.shops.state == 1))
    own_pay = (
        wages[OWN_ACCOUNT]
        * max(float(people[OWN_ACCOUNT]) - owners, 0.0)
        / max(float(people[OWN_ACCOUNT]), 1.0)
    )
    memory["services.kappa"] = max(wages[SERVICES] - shop_pay, 0.0) / max(receipts, 1.0)
    memory["services.kappa_own"] = own_pay / max(receipts, 1.0)
    memory["services.posts"] = max(float(people[SERVICES]) - float(staff), 0.0)
    memory["services.own"] = float(people[OWN_ACCOUNT]) - owners
    memory["services.own_share"] = 1.0
    memory["services.last"] = memory["services.sold"] = receipts
    memory["services.first_year"] = 0.0
    target = jobs.array(world, "jobs.target")
    target[SERVICES], target[OWN_ACCOUNT] = float(people[SERVICES]), float(people[OWN_ACCOUNT])


def step(world: World) -> None:
    """Sell outside, buy inputs, set posts and the share of own-account people."""
    p, memory, book = world.params, world.memory, world.ledger
    costs = float(world.signal["cost_of_living"][-1])
    lock = float(world.signal["lockdown"][-1])
    part = p["services.coal_freight"]
    volume = part * float(memory["mining.output"]) + 1.0 - part
    outside = int(p["services.outside_share"] * memory["services.base"] * volume * costs * (1.0 - 0.3 * lock))
    book.pay("exports", "rest.cash", "services.cash", outside)
    latest = float(memory["services.last"])
    memory["services.receipts"] = jobs.smooth(
        float(memory["services.receipts"]), latest, p["services.memory"]
    )
    receipts = float(memory["services.receipts"])
    book.pay(
        "imports", "services.cash", "rest.cash", int(p["services.input_share"] * memory["services.sold"])
    )

    people, wages = jobs.employed(world).sum(axis=0), jobs.contract_wages(world).astype(np.float64)
    fewer = jobs.trend(-p["services.productivity"] * jobs.years(world))
    speed = jobs.monthly(p["services.half_life"])
    wage = wages[SERVICES] / max(float(people[SERVICES]), 1.0)
    posts = float(memory["services.posts"])
    need = memory["services.kappa"] * fewer * receipts / max(wage, 1.0)
    memory["services.posts"] = jobs.adjust_posts(posts, need, speed, speed)
    if memory["services.posts"] < posts:
        world.fired["services.posts_cut"] += 1
    own_wage = wages[OWN_ACCOUNT] / max(float(people[OWN_ACCOUNT]), 1.0)
    own_need = memory["services.kappa_own"] * fewer * receipts / max(own_wage, 1.0)
    memory["services.own"] = jobs.adjust_posts(float(memory["services.own"]), own_need, speed, speed)
    open_shops = world.shops.state == 1
    target = jobs.array(world, "jobs.target")
    target[SERVICES] = memory["services.posts"] + float(np.floor(memory["shops.wanted"] + 0.5).sum())
    target[OWN_ACCOUNT] = memory["services.own"] + float(np.count_nonzero(open_shops))
    due = float(memory.get("household_income.own_due", 0))
    if due > 0.0:
        share = min(max(memory["services.kappa_own"] * receipts / due, 0.3), 2.0)
        memory["services.own_share"] = jobs.smooth(float(memory["services.own_share"]), share, 3.0)
    bill = int(wages[SERVICES] + wages[OWN_ACCOUNT])
    jobs.support(world, SERVICES, "rest.cash", DEBT_MONTHS * latest)
    jobs.interest(world, SERVICES, p["services.interest"])
    jobs.settle(world, SERVICES, bill + int(latest) // 10)
    spare = book["services.cash"] - 2 * bill - int(latest) // 5
    if spare > 0 and jobs.debt(world, SERVICES) == 0:
        book.pay("profits", "services.cash", "rest.cash", spare // 4)
        world.fired["services.surplus"] += 1


def record(world: World) -> None:
    """Remember this month's receipts (called when all payments are made)."""
    book, memory = world.ledger, world.memory

    def total(flows: tuple[str, ...]) -> float:
        known = (flow for flow in flows if f"flow.{flow}" in book.index)
        return float(sum(book.flow(flow, receiver="services.cash") for flow in known))

    early, later = total(RECEIPTS), total(LATER)
    months = world.month - world.base
    if months <= YEAR:
        memory["services.first_year"] += (later - memory["services.first_year"]) / max(months, 1)
        beyond = 0.0
    else:
        beyond = later - memory["services.first_year"]
    memory["services.last"] = max(early + beyond, 0.0)
    memory["services.sold"] = early + later
