"""Factories, utilities and builders.

Factories and utilities: sales = S0 * price * exp(d t) * coal^w (part of them serves or burns the mine), sold outside, and
utility bills at home; labour needed L = N0 * (volume) * exp(-g t); posts follow with a half-life.
Builders (`developers.cash`): posts = N0 * (w0 / w) * (s w / w0 + (1 - s) R / R0), with R the smoothed receipts from
public works, fitting-out and new homes, R0 those of the first year, and s the crews that work elsewhere and bring their
pay home. Materials of public works are bought outside; what is left beyond a reserve goes to contractors elsewhere.
"""

from __future__ import annotations

from krimp.processes import jobs
from krimp.state.codes import CONSTRUCTION, INDUSTRY
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter(
        "industry.volume", 0.005, "per year", "normal(0.005, 0.01)", "[A] stagnant old industry",
        "growth of real sales apart from coal", -0.2, 0.2,
    ),
    Parameter(
        "industry.productivity", 0.04, "per year", "normal(0.04, 0.015)",
        "[R] China's manufacturing 5-7% a year; old firms slower [A]", "growth of output a worker", 0.0, 0.3,
    ),
    Parameter(
        "industry.coal_link", 0.4, "elasticity", "uniform(0.2, 0.6)",
        "[A] coal washing, coking, machine repair, power: coal is 82% of larger industry (2023) [S]", "sales to coal output",
        0.0, 2.0,
    ),
    Parameter("industry.half_life", 1.5, "years", "lognormal(1.5, 0.4)", "[A]", "half-life of the gap in posts", 0.05, 20.0),
    Parameter("industry.labour_share", 0.16, "share", "uniform(0.10, 0.25)", "[R] pay is about 40% of value added of China's industry (input-output table 2012); small and old firms more", "wages in sales at the base", 0.05, 0.9),
    Parameter("industry.input_share", 0.55, "share", "uniform(0.45, 0.65)", "[R] intermediate inputs of industry in input-output tables, less what is bought here", "inputs in sales", 0.0, 0.9),
    Parameter("industry.interest", 0.055, "per year", "fixed", "[R] bank lending rate", "rate on overdrafts", 0.0, 0.3),
    Parameter("industry.building_inputs", 0.6, "share", "uniform(0.5, 0.7)", "[R] materials and hired machines in building costs", "inputs bought outside in receipts of builders", 0.0, 0.9),
    Parameter(
        "industry.building_outside", 0.5, "share", "uniform(0.3, 0.7)", "[A] crews on sites elsewhere",
        "builders who work outside at the base", 0.0, 1.0,
    ),
    Parameter("industry.building_memory", 18.0, "months", "fixed", "[A] crews outlast a site", "smoothing of receipts", 1.0, 60.0),
)  # fmt: skip
SERIES: tuple[Series, ...] = ()
BRANCHES = ("industry.posts_cut", "industry.profit", "industry.builders_profit")

#: Debt in months of sales above which owners put in money. [A]
DEBT_MONTHS = 6.0
#: Months of receipts builders keep for the next sites; the rest is profit. [A]
BUILDERS_RESERVE = 4.0
YEAR = 12


def start(world: World) -> None:
    """Base sales from base wages; builders' receipts likewise."""
    memory, p = world.memory, world.params
    wages, posts = jobs.contract_wages(world), jobs.employed(world).sum(axis=0)
    memory["industry.sales0"] = float(wages[INDUSTRY]) / p["industry.labour_share"]
    memory["industry.posts0"] = memory["industry.posts"] = float(posts[INDUSTRY])
    memory["industry.local"] = 0.0
    memory["industry.receipts"] = memory["industry.building"] = memory["industry.first_year"] = 0.0
    memory["industry.materials"] = 0.0
    memory["industry.builders0"] = float(posts[CONSTRUCTION])
    memory["industry.wage0"] = float(wages[CONSTRUCTION]) / max(float(posts[CONSTRUCTION]), 1.0)
    target = jobs.array(world, "jobs.target")
    target[INDUSTRY], target[CONSTRUCTION] = float(posts[INDUSTRY]), float(posts[CONSTRUCTION])


def step(world: World) -> None:
    """Factories, then builders."""
    _factories(world)
    _builders(world)


def _factories(world: World) -> None:
    p, memory, book = world.params, world.memory, world.ledger
    t = jobs.years(world)
    costs = float(world.signal["cost_of_living"][-1])
    volume = jobs.trend(p["industry.volume"] * t) * jobs.power(
        max(float(memory["mining.output"]), 0.01), p["industry.coal_link"]
    )
    gross = memory["industry.sales0"] * volume * jobs.relative(world, "industry_price", costs)
    sold = int(max(gross - memory["industry.local"], 0.0))
    inputs = int(gross * p["industry.input_share"])
    book.pay("exports", "rest.cash", "industry.cash", sold)
    book.pay("imports", "industry.cash", "rest.cash", inputs)
    need = memory["industry.posts0"] * volume * jobs.trend(-p["industry.productivity"] * t)
    posts = float(memory["industry.posts"])
    filled = float(jobs.employed(world)[:, INDUSTRY].sum())
    if need < filled < posts:
        posts = filled
    memory["industry.posts"] = jobs.adjust_posts(posts, need, jobs.monthly(p["industry.half_life"]), 0.05)
    jobs.array(world, "jobs.target")[INDUSTRY] = memory["industry.posts"]
    if memory["industry.posts"] < posts:
        world.fired["industry.posts_cut"] += 1
    wages = int(jobs.contract_wages(world)[INDUSTRY])
    jobs.support(world, INDUSTRY, "rest.cash", DEBT_MONTHS * gross)
    jobs.interest(world, INDUSTRY, p["industry.interest"])
    jobs.settle(world, INDUSTRY, wages + int(gross) // 10)
    spare = book["industry.cash"] - 2 * wages - int(gross) // 2
    if spare > 0 and jobs.debt(world, INDUSTRY) == 0:
        book.pay("profits", "industry.cash", "rest.cash", spare // 4)
        world.fired["industry.profit"] += 1


def _builders(world: World) -> None:
    p, memory, book = world.params, world.memory, world.ledger
    wages, posts = jobs.contract_wages(world), jobs.employed(world).sum(axis=0)
    wage = (
        float(wages[CONSTRUCTION]) / max(float(posts[CONSTRUCTION]), 1.0)
        if posts[CONSTRUCTION]
        else memory["industry.wage0"]
    )
    outside = p["industry.building_outside"]
    pay = wage / max(memory["industry.wage0"], 1.0)
    book.pay("exports", "rest.cash", "developers.cash", int(outside * memory["industry.builders0"] * wage))
    book.pay(
        "imports",
        "developers.cash",
        "rest.cash",
        int(p["industry.building_inputs"] * memory["industry.materials"]),
    )
    receipts = float(memory["industry.receipts"])
    months = world.month - world.base
    if months <= YEAR:
        # no account of the base says what is built: the first year does, and crews stay as they are
        memory["industry.first_year"] += (receipts - memory["industry.first_year"]) / max(months - 1, 1)
        memory["industry.building"] = memory["industry.first_year"]
        work = 1.0
    else:
        memory["industry.building"] = jobs.smooth(
            memory["industry.building"], receipts, p["industry.building_memory"]
        )
        work = memory["industry.building"] / max(memory["industry.first_year"], 1.0)
    target = memory["industry.builders0"] * (outside + (1.0 - outside) * work / max(pay, 0.01))
    jobs.array(world, "jobs.target")[CONSTRUCTION] = target
    due = int(wages[CONSTRUCTION])
    jobs.support(world, CONSTRUCTION, "rest.cash", DEBT_MONTHS * memory["industry.building"])
    jobs.interest(world, CONSTRUCTION, p["industry.interest"])
    jobs.settle(world, CONSTRUCTION, due)
    spare = book["developers.cash"] - 2 * due - int(BUILDERS_RESERVE * memory["industry.building"])
    if spare > 0 and jobs.debt(world, CONSTRUCTION) == 0:
        book.pay("profits", "developers.cash", "rest.cash", spare // 4)
        world.fired["industry.builders_profit"] += 1


#: Receipts of builders: works, which need materials, and sales of new homes, whose materials developers bought before.
_WORKS = ("construction", "home_costs", "spend_works", "spend_fund_works")
_NEW_HOMES = ("new_home_purchase",)


def record(world: World) -> None:
    """Remember this month's receipts of builders for next month's jobs (called when all payments are made)."""
    book = world.ledger
    works, homes = (
        sum(book.flow(flow, receiver="developers.cash") for flow in flows if f"flow.{flow}" in book.index)
        for flows in (_WORKS, _NEW_HOMES)
    )
    # work done for a treasury that does not pay is work too
    works += book.flow("claims", receiver="developers.receivable")
    world.memory["industry.receipts"] = float(works + homes)
    world.memory["industry.materials"] = float(works)
