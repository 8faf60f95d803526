"""Farms: state farms and farmers sell to the outside and the city; machines and ageing take the jobs, not the land.

Sales = S0 * price * exp(y t), y the growth of yields on constant land, S0 from the value added of farms where the pack
knows it: on state farms most of it is rent, wear of machines and profit of the farm group, not income of residents.
Labour needed L = N0 * exp(-g t): mechanisation. Posts follow with a half-life; old farmers stop (`pensions`) and few of the young begin. What sales leave after inputs
and rents is shared by those who still farm: pay share = farm income / contract incomes, so fewer farmers earn more.
"""

from __future__ import annotations

from krimp.processes import jobs
from krimp.state.codes import FARM
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter(
        "farming.mechanisation", 0.075, "per year", "normal(0.075, 0.013)",
        "[D] people working on farms 2010-20 in 17 other north-eastern prefectures of the two long forms: -7.5% a year, sd 1.3; the nation -4.5% [R]",
        "fall of labour needed on constant land", 0.0, 0.3,
    ),
    Parameter(
        "farming.merge", 0.5, "share", "uniform(0.3, 0.8)", "[A] land lease and trusteeship: few of the young begin",
        "farms given up that neighbours take over, so that the post is gone", 0.0, 1.0,
    ),
    Parameter(
        "farming.half_life", 1.5, "years", "lognormal(1.5, 0.4)", "[A] land is given up at the turn of a lease",
        "half-life of the gap between posts and labour needed", 0.05, 20.0,
    ),
    Parameter(
        "farming.yields", 0.02, "per year", "normal(0.02, 0.01)", "[R] grain output of Heilongjiang 50 to 75 m t, 2010-20, "
        "more than half of it area", "growth of output on constant land", -0.1, 0.1,
    ),
    Parameter(
        "farming.labour_share", 0.45, "share", "uniform(0.35, 0.55)", "[A] family and contract farming before rents; "
        "a pack with the value added of farms gives the share itself", "incomes of farm people in sales at the base", 0.05, 0.95,
    ),
    Parameter("farming.input_share", 0.40, "share", "uniform(0.3, 0.5)", "[R] seed, fertiliser, machines", "inputs in sales", 0.0, 0.9),
    Parameter(
        "farming.rent_share", 0.10, "share", "uniform(0.05, 0.15)", "[R] state farms' land charge",
        "sales due to the state farm group", 0.0, 0.5,
    ),
    Parameter("farming.interest", 0.06, "per year", "fixed", "[R] rural credit", "rate on overdrafts", 0.0, 0.3),
)  # fmt: skip
SERIES: tuple[Series, ...] = ()
BRANCHES = ("farming.posts_cut", "farming.profit")

#: Debt in months of sales above which owners put in money. [A]
DEBT_MONTHS = 6.0


def start(world: World) -> None:
    """Base sales follow from base incomes."""
    posts = float(jobs.employed(world)[:, FARM].sum())
    memory, p = world.memory, world.params
    wages = float(jobs.contract_wages(world)[FARM])
    added = world.pack.assumption(f"value_added_farms_{world.year}")
    memory["farming.sales0"] = (
        wages / p["farming.labour_share"]
        if added is None
        else world.minor(added) / 12.0 / (1.0 - p["farming.input_share"])
    )
    memory["farming.labour"] = wages / max(memory["farming.sales0"], 1.0)
    world.memory["farming.posts0"] = world.memory["farming.posts"] = posts
    world.memory["farming.local"] = 0.0
    jobs.array(world, "jobs.target")[FARM] = posts
    jobs.array(world, "jobs.pay_share", 1.0)


def step(world: World) -> None:
    """Sell the month's share of the harvest, buy inputs, pay the land charge, set posts and the income share."""
    p, memory, book = world.params, world.memory, world.ledger
    t = jobs.years(world)
    costs = float(world.signal["cost_of_living"][-1])
    growth = jobs.trend(p["farming.yields"] * t)
    gross = memory["farming.sales0"] * growth * jobs.relative(world, "farm_price", costs)
    # what the city ate last month was paid for at home (consumption), the rest goes outside
    sold = int(max(gross - memory["farming.local"], 0.0))
    book.pay("exports", "rest.cash", "farms.cash", sold)
    inputs = int(memory["farming.sales0"] * growth * p["farming.input_share"] * costs)
    book.pay("imports", "farms.cash", "rest.cash", inputs)
    rent = int(gross * p["farming.rent_share"])
    book.pay("profits", "farms.cash", "upper.cash", rent)

    need = memory["farming.posts0"] * jobs.trend(-p["farming.mechanisation"] * t)
    posts = float(memory["farming.posts"])
    # the land of those who stop goes in part to neighbours
    filled = float(jobs.employed(world)[:, FARM].sum())
    posts -= p["farming.merge"] * max(posts - filled, 0.0)
    memory["farming.posts"] = jobs.adjust_posts(posts, need, jobs.monthly(p["farming.half_life"]), 0.02)
    jobs.array(world, "jobs.target")[FARM] = memory["farming.posts"]
    if memory["farming.posts"] < posts:
        world.fired["farming.posts_cut"] += 1
    income = gross - inputs - rent
    labour = float(memory["farming.labour"]) / max(
        1.0 - p["farming.input_share"] - p["farming.rent_share"], 0.05
    )
    contract = float(jobs.contract_wages(world)[FARM])
    share = min(max(labour * income / max(contract, 1.0), 0.3), 2.5)
    pay_share = jobs.array(world, "jobs.pay_share", 1.0)
    pay_share[FARM] = jobs.smooth(float(pay_share[FARM]), share, 6.0)
    wages = int(contract * pay_share[FARM])
    jobs.support(world, FARM, "upper.cash", DEBT_MONTHS * gross)
    jobs.interest(world, FARM, p["farming.interest"])
    jobs.settle(world, FARM, wages + int(gross) // 20)
    spare = book["farms.cash"] - wages - int(gross)
    if spare > 0 and jobs.debt(world, FARM) == 0:
        book.pay("profits", "farms.cash", "upper.cash", spare // 4)
        world.fired["farming.profit"] += 1
