"""The budget's series: every money series is a sum of this month's ledger or a balance of an account."""

from __future__ import annotations

import numpy as np

from krimp.processes import debt, land_sales, public_spending
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS: tuple[Parameter, ...] = ()


def _money(name: str, doc: str) -> Series:
    return Series(name, "currency", "money", doc, False)


SERIES = (
    _money("own_revenue", "general public budget revenue, tax and non-tax"),
    _money("tax_revenue", "the local share of taxes"),
    _money("nontax_revenue", "fees, fines, leases, asset sales"),
    _money("fund_revenue", "government fund revenue"),
    _money("land_revenue", "land sold to private developers and firms"),
    _money("land_revenue_platform", "land sold to the platform"),
    _money("transfers", "upper grants to the general budget"),
    _money("general_expenditure", "general public budget spending, no principal"),
    _money("fund_expenditure", "fund budget spending"),
    _money("capital_expenditure", "works of both budgets"),
    _money("debt", "official bonds at month end"),
    _money("hidden_debt", "platform and policy loans at month end"),
    _money("advances_upper", "owed to treasury and upper governments at month end"),
    _money("payables", "unpaid bills at month end"),
    _money("arrears", "unpaid bills and late wages at month end"),
    _money("cash", "treasury cash at month end"),
    _money("interest", "interest on bonds paid"),
    _money("interest_due", "interest on bonds due"),
    _money("principal_due", "principal of bonds due"),
    _money("hidden_service_due", "service of hidden debt due"),
    _money("debt_unpaid", "debt service due and not paid"),
    _money("commitments", "what law, contracts and debt require"),
    _money("funding_shortfall", "commitments less own revenue, transfers and new bonds"),
    _money("social_security_expenditure", "welfare, retired staff, social insurance funds"),
    Series(
        "interest_share_general", "share", "rate", "interest due over general spending, twelve months", False
    ),
    Series(
        "interest_share_fund",
        "share",
        "rate",
        "special interest due over fund spending, twelve months",
        False,
    ),
    Series("wage_arrears_months", "months", "rate", "public wages overdue", False),
)


def start(world: World) -> None:
    """Twelve months of interest and spending for the shares."""
    world.memory["fiscal_series.year"] = np.zeros((12, 4))


def observe(world: World) -> dict[str, np.ndarray]:
    """All budget series, city-wide."""
    book, memory = world.ledger, world.memory

    def tax(receiver: str) -> int:
        return sum(book.flow(f"tax_{t.name}", receiver=receiver) for t in world.regime.taxes)

    taxes, nontax = tax("city.cash"), book.flow("nontax", receiver="city.cash")
    own = taxes + nontax
    transfers = (
        book.flow("transfers", receiver="city.cash") + book.flow("relief_compensation", receiver="city.cash")
        + book.flow("bailout", receiver="city.cash")
    )  # fmt: skip
    private, platform = land_sales.revenue(world)
    fund = (
        private + platform
        + sum(
            book.flow(name, receiver="city.fund_cash")
            for name in ("fund_grants", "quota_sales", "top_up", "home_purchase", "rent")
        )
    )  # fmt: skip
    spends = [a.name.split(".", 1)[1] for a in world.ledger.accounts if a.name.startswith("flow.spend_")]
    general = int(memory.get("public_spending.wages", 0)) + sum(
        book.flow(name, payer="city.cash") for name in (*spends, "heat_subsidy", "bus_subsidy", "pay_off")
    )
    # the ledger's interest of the city also holds that of policy loans (to upper governments)
    interest = book.flow("interest", payer="city.cash") - book.flow("interest", receiver="upper.cash")
    general += interest
    fund_spent = (
        book.flow("spend_fund_works", payer="city.fund_cash") + book.flow("construction", payer="city.fund_cash")
        + book.flow("compensation", payer="city.fund_cash") + book.flow("heating_fees", payer="city.fund_cash")
    )  # fmt: skip
    year = memory["fiscal_series.year"]
    bonds = max(debt.stock(world), 1)
    special = -book["city.bonds_special"] / bonds
    due = float(memory["debt.interest_due"])
    year[world.month % 12] = (due * (1 - special), float(general), due * special, float(fund_spent))
    sums = year.sum(axis=0)
    payables = public_spending.payables(world)
    values = {
        "own_revenue": own,
        "tax_revenue": taxes,
        "nontax_revenue": nontax,
        "fund_revenue": fund,
        "land_revenue": private,
        "land_revenue_platform": platform,
        "transfers": transfers,
        "general_expenditure": general,
        "fund_expenditure": fund_spent,
        "capital_expenditure": book.flow("spend_works", payer="city.cash") + fund_spent,
        "debt": debt.stock(world),
        "hidden_debt": debt.hidden(world),
        "advances_upper": -book["city.advances"],
        "payables": payables,
        "arrears": payables,
        "cash": book["city.cash"] + book["city.fund_cash"] + book["city.capital_cash"],
        "interest": interest,
        "interest_due": memory["debt.interest_due"],
        "principal_due": memory["debt.principal_due"],
        "hidden_service_due": memory["debt.hidden_due"],
        "debt_unpaid": memory["public_spending.debt_unpaid"],
        "commitments": memory["public_spending.commitments"],
        "funding_shortfall": memory["public_spending.commitments"] - own - transfers - book.flow("bonds"),
        "social_security_expenditure": sum(
            book.flow(f"spend_{n}", payer="city.cash") for n in ("welfare", "retired", "pension_gap")
        ),
    }
    if world.month == world.base:
        for name in ("commitments", "funding_shortfall"):
            values[name] = 0
    out = {name: _city(world, float(value)) for name, value in values.items()}
    out["interest_share_general"] = _city(world, sums[0] / max(sums[1], 1.0))
    out["interest_share_fund"] = _city(world, sums[2] / max(sums[3], 1.0))
    out["wage_arrears_months"] = _city(world, float(world.signal["wage_arrears_months"][-1]))
    return out


def _city(world: World, value: float) -> np.ndarray:
    out = np.full(world.nd + 1, np.nan)
    out[-1] = value
    return out
