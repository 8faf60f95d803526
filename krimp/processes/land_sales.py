"""Land: what private developers pay is posted where they start (`developers`); firms build shops and works; the platform
buys what the city must sell.

Land for shops, offices and works is worth something while building is:

    land = s * value added of industry and market services * min(1, max(0, 2 (P / RC - 1)))

with P / RC the price of a new flat over its cost (`developers`): below cost nobody wants plots at all.

A city short of cash offers land to its own platform, which borrows to pay for it (recorded as fund revenue and hidden
debt). The platform buys only while banks lend and the law lets it (`debt.may_borrow`), and less the nearer its loans are to their limit. It also offers more plots to private developers, who build on them only while prices cover their cost:

    plots offered / plots wished = 1 + push * min(1, gap / own revenue of a month)

Other fund revenue has accounts of its own: quotas of reclaimed plots sold elsewhere, upper grants to the fund budget.
"""

from __future__ import annotations

from krimp.processes import debt, gdp
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
        "land_sales.firms", 0.008, "share", "uniform(0.004, 0.016)",
        "[R] plots for trade and works brought some 1.5% of GDP in China in 2013, 2% of what their users add; half of it in a poor city",
        "land for firms over the value added of industry and services, at prices half above cost", 0.0, 0.2,
    ),
    Parameter(
        "land_sales.push", 0.5, "ratio", "uniform(0.0, 1.0)", "[A] land finance: cities short of cash offer more land",
        "extra plots offered at a gap of a month's own revenue", 0.0, 5.0,
    ),
    Parameter(
        "land_sales.grants_per_head", 300.0, "yuan/year", "lognormal(300, 0.4)",
        "[A] upper grants and fees in the fund budget; the split of 1.49 bn in 2020 was not published", "2010 prices", 0.0, 1e5,
    ),
    Parameter(
        "land_sales.quota_per_head", 250.0, "yuan/year", "lognormal(250, 0.6)",
        "[A] reclaimed plots of villages and rows, sold as building quotas to other places", "2010 prices", 0.0, 1e5,
    ),
)  # fmt: skip
SERIES: tuple[Series, ...] = ()
ACCOUNTS = (
    Account("flow.fund_grants", "flow", "upper grants and fees in the fund budget"),
    Account("flow.quota_sales", "flow", "building quotas sold to other places"),
)
BRANCHES = ("land_sales.firms", "land_sales.platform", "land_sales.other_fund", "land_sales.more_offered")


def step(world: World) -> None:
    """Other fund revenue, and land sold to the platform to fill last month's gap."""
    p, book, memory = world.params, world.ledger, world.memory
    people = float(memory["household_income.people"].sum())
    for flow, name, payer in (
        ("fund_grants", "grants_per_head", "upper.cash"), ("quota_sales", "quota_per_head", "rest.cash"),
    ):  # fmt: skip
        amount = world.fen(p[f"land_sales.{name}"] / 12.0 * world.driver("cpi", 1.0)) * int(people)
        book.pay(flow, payer, "city.fund_cash", amount)
        world.fired["land_sales.other_fund"] += amount > 0
    world.signal["starts_allowed"][:] = 1.0
    if not world.regime.land_finance or p["land_sales.scale"] <= 0:
        return
    made = memory.get("gdp.value_added")
    if made is not None:
        users = sum(float(made[gdp.PARTS.index(name)]) for name in ("industry", "services", "shops"))
        worth = min(1.0, max(0.0, 2.0 * (float(memory["developers.price_to_cost"][-1]) - 1.0)))
        plots = int(p["land_sales.scale"] * p["land_sales.firms"] * max(users, 0.0) * worth)
        book.pay("land", "services.cash", "city.fund_cash", plots)
        world.fired["land_sales.firms"] += plots > 0
    window = memory["transfers.own"]
    age = world.month - world.base
    own_year = 12.0 * float(window.sum()) / max(min(age, 24), 1)
    loans = -float(book["platform.loans"])
    room = (
        max(0.0, 1.0 - loans / max(p["land_sales.loan_limit"] * own_year, 1.0))
        if debt.may_borrow(world)
        else 0.0
    )
    gap = float(memory.get("public_spending.gap", 0))
    pressed = min(1.0, max(gap, 0.0) / max(own_year / 12.0, 1.0))
    world.signal["starts_allowed"][:] = 1.0 + p["land_sales.push"] * p["land_sales.scale"] * pressed
    world.fired["land_sales.more_offered"] += pressed > 0
    amount = int(p["land_sales.scale"] * p["land_sales.platform_share"] * max(gap, 0.0) * room)
    if amount > 0:
        book.pay("borrowing", "banks.cash", "platform.cash", amount)
        book.pay("claims", "platform.loans", "banks.platform_loans", amount)
        book.pay("land_platform", "platform.cash", "city.fund_cash", amount)
        world.fired["land_sales.platform"] += 1


def revenue(world: World) -> tuple[int, int]:
    """This month's land income from private buyers and from the platform, minor units."""
    book = world.ledger
    return book.flow("land", receiver="city.fund_cash"), book.flow("land_platform", receiver="city.fund_cash")
