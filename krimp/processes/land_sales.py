"""Land: what private developers pay is posted where they start (`developers`); the platform buys what the city must sell.

A city short of cash offers land to its own platform, which borrows to pay for it (recorded as fund revenue and hidden
debt). The platform buys only while it can borrow: loans below a multiple of the city's own revenue, and less as private
buyers vanish. Other fund revenue (quota sales of reclaimed plots, upper grants) moves with prices and people.
"""

from __future__ import annotations

from krimp.state.ledger import Account
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter("land_sales.scale", 1.0, "factor", "fixed", "[A] 0 switches land sales off", "", 0.0, 5.0),
    Parameter(
        "land_sales.platform_share", 0.18, "share", "uniform(0.05, 0.35)",
        "[A] platform purchases fill a part of the budget gap; fund revenue was 1.49 bn in 2020, new homes sold 0.1 bn",
        "part of the month's shortage sold to the platform as land", 0.0, 1.0,
    ),
    Parameter(
        "land_sales.loan_limit", 4.0, "years of own revenue", "uniform(2, 6)", "[A] hidden debt of 12.6 bn against 2.3 bn",
        "platform loans at which banks stop lending", 0.0, 50.0,
    ),
    Parameter(
        "land_sales.other_fund_per_head", 550.0, "yuan/year", "lognormal(550, 0.4)",
        "[A] quota sales, fees and upper grants in the fund budget; the land part of 1.49 bn was not published",
        "fund revenue other than land, 2010 prices", 0.0, 1e5,
    ),
)  # fmt: skip
SERIES: tuple[Series, ...] = ()
ACCOUNTS = (Account("flow.fund_other", "flow", "fund revenue other than land"),)
BRANCHES = ("land_sales.platform", "land_sales.other_fund")


def step(world: World) -> None:
    """Other fund revenue, and land sold to the platform to fill last month's gap."""
    p, book, memory = world.params, world.ledger, world.memory
    people = float(memory["household_income.people"].sum())
    other = world.fen(p["land_sales.other_fund_per_head"] / 12.0 * world.driver("cpi", 1.0)) * int(people)
    book.pay("fund_other", "upper.cash", "city.fund_cash", other)
    world.fired["land_sales.other_fund"] += other > 0
    if not world.regime.land_finance or p["land_sales.scale"] <= 0:
        return
    window = memory["transfers.own"]
    age = world.month - world.base
    own_year = 12.0 * float(window.sum()) / max(min(age, 24), 1)
    loans = -float(book["platform.loans"])
    room = max(0.0, 1.0 - loans / max(p["land_sales.loan_limit"] * own_year, 1.0))
    gap = float(memory.get("public_spending.gap", 0))
    amount = int(p["land_sales.scale"] * p["land_sales.platform_share"] * max(gap, 0.0) * room)
    if amount > 0:
        book.pay("borrowing", "banks.cash", "platform.cash", amount)
        book.pay("claims", "platform.loans", "banks.platform_loans", amount)
        book.pay("land_platform", "platform.cash", "city.fund_cash", amount)
        world.fired["land_sales.platform"] += 1


def revenue(world: World) -> tuple[int, int]:
    """This month's land income from private developers and from the platform, minor units."""
    book = world.ledger
    return book.flow("land", receiver="city.fund_cash"), book.flow("land_platform", receiver="city.fund_cash")
