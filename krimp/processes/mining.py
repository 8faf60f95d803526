"""The mine: coal price to output, hours and pay first, posts late; losses become loans, then the owner's support.

Sales = S0 * q * p, with p the coal price relative to the base and output q = capacity * min(p_s^eps, 1), p_s the price
over the cost of living, smoothed over the lag from price to plan. Labour needed L = N0 * q * exp(-g t): closures of
small pits and mechanised faces raise output a worker. Posts follow L slowly (a half-life of years: hidden unemployment),
pay follows at once: pay share = 1 - theta_h (1 - L/N) - theta_l * max(0, loss / sales), never below a floor.
The company pays inputs and wages, borrows when cash is short, and beyond a limit of debt its owner (the state) puts in
money. Mechanisms: section 9; late adjustment of posts and halved pay in Longmay 2014-16 [S: NYT 2015, SCMP 2016].
"""

from __future__ import annotations

import numpy as np

from krimp.processes import jobs
from krimp.state.codes import MINE
from krimp.state.ledger import Account
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter(
        "mining.closure", 0.045, "per year", "normal(0.045, 0.02)",
        "[D] 300 pits at the peak to a dozen or so in 2023 [S], mostly small ones: capacity half-life about 15 years; "
        "used where the pack has no path coal_capacity", "fall of capacity", 0.0, 0.3,
    ),
    Parameter(
        "mining.productivity", 0.045, "per year", "normal(0.045, 0.015)",
        "[A] mechanised faces; national coal output a worker grew faster than this after 2013 [R]",
        "growth of output a worker", 0.0, 0.2,
    ),
    Parameter(
        "mining.price_response", 0.25, "elasticity", "uniform(0.1, 0.5)",
        "[A] marginal faces stop when the price falls", "output to real coal price below the base", 0.0, 3.0,
    ),
    Parameter(
        "mining.price_lag", 12.0, "months", "uniform(3, 24)", "[A] 0-2 years from price to hiring (mechanisms 9)",
        "memory of the price on which output is planned", 1.0, 60.0,
    ),
    Parameter(
        "mining.posts_half_life", 2.0, "years", "lognormal(2.0, 0.35)",
        "[D] Longmay's 40% cut of 2015 mostly delayed [S]; mining leads people by 4-5 years (Wang et al. 2022 [S])",
        "half-life of the gap between posts and the labour needed", 0.05, 20.0,
    ),
    Parameter(
        "mining.pay_hours", 0.8, "ratio", "uniform(0.4, 1.0)", "[A] short time cuts pay nearly in step",
        "theta_h: pay lost per share of hidden unemployment", 0.0, 2.0,
    ),
    Parameter(
        "mining.pay_losses", 0.5, "ratio", "uniform(0.2, 0.8)", "[A] pay halved in 2015-16 [S]",
        "theta_l: pay lost per share of sales lost", 0.0, 2.0,
    ),
    Parameter(
        "mining.pay_floor", 0.5, "share", "uniform(0.4, 0.6)", "[S] pay halved, not below (Longmay 2015, press)",
        "lowest share of contract pay", 0.0, 1.0,
    ),
    Parameter(
        "mining.labour_share", 0.36, "share", "uniform(0.30, 0.45)", "[A] labour-intensive state collieries before 2012; "
        "[D] agrees with 23 m t at 366 yuan: 200 yuan a tonne in December 2015 [S], taken back along the benchmark price",
        "wages in sales at the base", 0.05, 0.9,
    ),
    Parameter(
        "mining.input_share", 0.34, "share", "uniform(0.28, 0.42)", "[A] timber, power, machines, services",
        "inputs in sales at the base", 0.0, 0.9,
    ),
    Parameter(
        "mining.early_share", 0.35, "share", "uniform(0.2, 0.5)",
        "[A] internal retirement took a large part of the cut", "posts cut by early pensions, where age allows", 0.0, 1.0,
    ),
    Parameter(
        "mining.debt_limit", 10.0, "months of sales", "uniform(6, 18)",
        "[A] SOE credit limit; support of 3.6 bn for Longmay 2015 [S]", "debt above which the owner puts in money",
        0.0, 120.0,
    ),
    Parameter("mining.interest", 0.055, "per year", "fixed", "[R] bank lending rate 4.35-6%", "rate on loans", 0.0, 0.3),
)  # fmt: skip
SERIES = (
    Series("mine_pay_share", "share", "rate", "share of contract pay that the mine pays", by_district=False),
    Series("mine_output", "index", "rate", "coal output, base = 1", by_district=False),
    Series(
        "hidden_unemployment", "persons", "stock", "mining posts beyond the labour needed", by_district=False
    ),
)
ACCOUNTS = (Account("flow.owner_support", "flow", "money the state as owner puts into its firms"),)
BRANCHES = (
    "mining.pay_cut",
    "mining.posts_cut",
    "mining.loan",
    "mining.profit",
    "mining.hidden_unemployment",
)


def start(world: World) -> None:
    """Base sales follow from base wages; posts are those filled."""
    wages = float(jobs.contract_wages(world)[MINE])
    posts = float(jobs.employed(world)[:, MINE].sum())
    memory = world.memory
    memory["mining.sales0"] = wages / world.params["mining.labour_share"]
    memory["mining.posts0"] = memory["mining.posts"] = posts
    memory["mining.price"] = 1.0
    memory["mining.output"] = 1.0
    memory["mining.need"] = posts
    memory["mining.told"] = 1.0
    jobs.array(world, "jobs.pay_share", 1.0)
    jobs.array(world, "jobs.target")[MINE] = posts
    jobs.array(world, "jobs.early")[MINE] = world.params["mining.early_share"]


def step(world: World) -> None:
    """Sell coal, buy inputs, set the pay share and the posts, keep the cash."""
    p, memory, book = world.params, world.memory, world.ledger
    costs = float(world.signal["cost_of_living"][-1])
    price = jobs.relative(world, "coal_price", costs)
    memory["mining.price"] = jobs.smooth(
        memory["mining.price"], price / max(costs, 0.1), p["mining.price_lag"]
    )
    capacity = jobs.grow(world, "coal_capacity", -p["mining.closure"])
    output = capacity * min(jobs.power(memory["mining.price"], p["mining.price_response"]), 1.0)
    memory["mining.output"] = output
    need = memory["mining.posts0"] * output * jobs.trend(-p["mining.productivity"] * jobs.years(world))
    memory["mining.need"] = need
    # a mine with idle hands fills no place that falls free
    filled = float(jobs.employed(world)[:, MINE].sum())
    posts = float(memory["mining.posts"])
    if need < filled < posts:
        posts = filled
    moved = jobs.adjust_posts(posts, need, jobs.monthly(p["mining.posts_half_life"]), 0.05)
    memory["mining.posts"] = moved
    jobs.array(world, "jobs.target")[MINE] = moved
    jobs.array(world, "jobs.early")[MINE] = p["mining.early_share"]
    if moved < posts:
        world.fired["mining.posts_cut"] += 1

    sales = int(memory["mining.sales0"] * output * price)
    inputs = int(memory["mining.sales0"] * p["mining.input_share"] * output * costs)
    book.pay("exports", "rest.cash", "mine.cash", sales)
    book.pay("imports", "mine.cash", "rest.cash", inputs)
    wages = float(jobs.contract_wages(world)[MINE])
    idle = max(0.0, 1.0 - need / filled) if filled > 0.0 else 0.0
    loss = max(0.0, (inputs + wages - sales) / max(sales, 1))
    share = max(p["mining.pay_floor"], 1.0 - p["mining.pay_hours"] * idle - p["mining.pay_losses"] * loss)
    pay_share = jobs.array(world, "jobs.pay_share", 1.0)
    pay_share[MINE] = jobs.smooth(float(pay_share[MINE]), min(share, 1.0), 3.0)
    if idle > 0.0:
        world.fired["mining.hidden_unemployment"] += 1
    if pay_share[MINE] < memory["mining.told"] - 0.05:
        memory["mining.told"] = float(pay_share[MINE])
        world.events.add(
            world.month, "wage_cut", "mine", district=world.nd, amount=int(wages * pay_share[MINE])
        )
        world.fired["mining.pay_cut"] += 1
    elif pay_share[MINE] > memory["mining.told"] + 0.05:
        memory["mining.told"] = float(pay_share[MINE])
    _keep_cash(world, sales, int(wages * pay_share[MINE]))


def _keep_cash(world: World, sales: int, wages: int) -> None:
    """Interest; borrow for this month's pay; support above the debt limit; profits to the owner from spare cash."""
    p, book = world.params, world.ledger
    jobs.interest(world, MINE, p["mining.interest"])
    jobs.support(world, MINE, "upper.cash", p["mining.debt_limit"] * max(sales, 1))
    # cash for this month's pay and for taxes on its sales
    if jobs.settle(world, MINE, wages + sales // 5) > 0:
        world.fired["mining.loan"] += 1
    spare = book["mine.cash"] - 2 * wages - sales // 2
    if spare > 0 and jobs.debt(world, MINE) == 0:
        book.pay("profits", "mine.cash", "upper.cash", spare // 4)
        world.fired["mining.profit"] += 1


def observe(world: World) -> dict[str, np.ndarray]:
    """Pay share, output, hidden unemployment."""
    share, output, idle = np.zeros(world.nd + 1), np.zeros(world.nd + 1), np.zeros(world.nd + 1)
    share[-1] = jobs.array(world, "jobs.pay_share", 1.0)[MINE]
    output[-1] = world.memory["mining.output"]
    idle[-1] = max(0.0, float(jobs.employed(world)[:, MINE].sum()) - float(world.memory["mining.need"]))
    return {"mine_pay_share": share, "mine_output": output, "hidden_unemployment": idle}
