"""China: shared taxes, land finance, four budgets, transfers, document 88, the one-, two- and three-child rules."""

from __future__ import annotations

from typing import Any

from krimp.regimes.base import Dated, DistressRule, Regime, Tax, flow_accounts


def _m(year: int, month: int = 1) -> int:
    return 12 * year + month - 1


def _flat(value: float) -> Dated:
    return ((0, value),)


#: VAT: 25% local until April 2016, half since (with business tax, wholly local until then, folded into services). [S]
_VAT_LOCAL: Dated = ((0, 0.25), (_m(2016, 5), 0.50))
_SERVICE_LOCAL: Dated = ((0, 0.70), (_m(2016, 5), 0.50))

TAXES = (
    Tax("vat_services", "services_sales", ((0, 0.055), (_m(2016, 5), 0.050), (_m(2019, 4), 0.045)), _SERVICE_LOCAL,
        "services.cash", "[D] VAT and business tax of services were some 8% of national household spending, small traders"
        " owe 3%: the middle; on spending, freight and trade for the outside, and bills of homes", True),
    Tax("vat_coal", "coal_sales", ((0, 0.090), (_m(2018, 5), 0.085), (_m(2019, 4), 0.070)), _VAT_LOCAL, "mine.cash",
        "[D] 17/16/13% on a value added of some 55% of sales", True),
    Tax("vat_industry", "industry_sales", ((0, 0.040), (_m(2019, 4), 0.032)), _VAT_LOCAL, "industry.cash",
        "[D] 17/16/13% on a value added of a quarter of sales", True),
    Tax("income_firms", "profits", _flat(0.20), _flat(0.40), "services.cash",
        "[D] corporate income tax of 3.6 tn over pre-tax profits of some 21 tn in 2020, as a share of profits paid out;"
        " local 40%", True),
    Tax("income_persons", "wages", _flat(0.008), _flat(0.40), "services.cash",
        "[R] personal income tax, local 40%; most local pay is below the threshold"),
    Tax("resource", "coal_sales", ((0, 0.010), (_m(2014, 12), 0.020)), _flat(1.0), "mine.cash",
        "[R] coal resource tax: by weight, ad valorem 2% in Heilongjiang since December 2014"),
    Tax("deed", "home_sales", _flat(0.020), _flat(1.0), "services.cash",
        "[D] 1-1.5% for a first home, 3-4% otherwise and on land: 0.71 tn of deed tax on homes and land of 33 tn in 2020"),
    Tax("land_appreciation", "new_home_sales", _flat(0.020), _flat(1.0), "developers.cash", "[R] prepaid at about 2%"),
    Tax("vat_construction", "construction", _flat(0.030), ((0, 1.0), (_m(2016, 5), 0.50)), "developers.cash",
        "[R] business tax of 3% of the contract, wholly local; since May 2016 VAT, 3% by the simple method", True),
    Tax("vat_purchases", "public_purchases", ((0, 0.034), (_m(2016, 5), 0.030), (_m(2019, 4), 0.026)), _SERVICE_LOCAL,
        "services.cash", "[A] as on household spending: what suppliers of offices, schools and streets pay", True),
    Tax("maintenance", "vat", _flat(0.10), _flat(1.0), "services.cash", "[R] 7% of VAT and 3% education surcharge"),
    Tax("property_and_land_use", "urban_homes", _flat(850.0), _flat(1.0), "services.cash",
        "[D] property tax of firms, urban land use, farmland, vehicle and stamp duties: 1.0% of GDP nationally in 2010 and in"
        " 2017; by area and book value, not by income: 850 yuan a year per urban dwelling at 2010 prices", indexed="cpi"),
)  # fmt: skip

_SPENDING = (
    "operations", "welfare", "pension_gap", "farm_subsidy", "retired_staff", "capital", "upkeep", "health",
)  # fmt: skip


def opening(world: Any) -> None:
    """Opening books of city, platform and upper governments from the pack's assumptions; every debt has a holder."""
    book, pack = world.ledger, world.pack
    balance = book.balance

    def put(account: str, amount: float, holder: str = "") -> None:
        value = world.minor(amount)
        balance[book.index[account]] += -value if holder else value
        if holder:
            balance[book.index[holder]] += value

    people = float((world.persons.state == 1).sum()) * world.weight / world.copies
    put("city.cash", pack.assumption("cash_2010", 470.0 * people))
    put("city.fund_cash", 0.2 * pack.assumption("cash_2010", 470.0 * people))
    put("platform.cash", 0.1 * pack.assumption("cash_2010", 470.0 * people))
    put("upper.cash", 20000.0 * people)
    put("rest.cash", 100000.0 * people)
    put("city.bonds_general", pack.assumption("debt_2010", 1100.0 * people), "banks.bonds_general")
    put("platform.loans", pack.assumption("hidden_debt_2010", 1900.0 * people), "banks.platform_loans")


REGIME = Regime(
    name="china",
    taxes=TAXES,
    distress=DistressRule(
        0.10, 0.10, 2, 0.08, 2, 0.0,
        "[S] State Council document 88 of 2016 (10% of either budget); [A] inability to pay in two consecutive years, exit",
    ),
    land_finance=True,
    bailouts=True,
    withheld=True,  # [R] unpaid service of on-lent bonds is kept from the city's transfers at the year's settlement
    # [R] bonds of 2015-18: lives of 3, 5, 7 and 10 years in similar parts; [S] mean of 8 years in January 2021, 13-17 later
    bond_terms=((0, (60, 96, 120)), (_m(2015), (36, 60, 84, 120)), (_m(2019), (60, 84, 120, 180))),
    debt_swap=(_m(2015), _m(2018, 8)),  # [R] the swap of recognised debt of 2014 ended in August 2018
    hidden_until=_m(2018, 8),  # [R] central document 27 of August 2018: no new hidden debt
    kept=(  # [R] local tax revenue of 2020 over a GDP of 101.4 tn yuan
        ("VAT", ("vat_services", "vat_coal", "vat_industry", "vat_construction", "vat_purchases"), 0.028),
        ("company income", ("income_firms",), 0.013),
        ("personal income", ("income_persons",), 0.0046),
        ("resources", ("resource",), 0.0017),
        ("deeds and land gains", ("deed", "land_appreciation"), 0.0134),
        ("maintenance", ("maintenance",), 0.0044),
        ("property, land, vehicles, stamps", ("property_and_land_use",), 0.0086),
    ),
    special_grants=(4, 12),  # [R] special transfers are told after the budget is passed in March (budget law of 2014)
    birth_policy=(
        (_m(2014, 1), 2, 0.25),  # couples with one only child: from 2014 by province [S dates; share A]
        (_m(2016, 1), 2, 1.0),
        (_m(2021, 6), 3, 1.0),
    ),
    accounts=flow_accounts(TAXES),
    opening=opening,
    spending=dict.fromkeys(_SPENDING, 1.0),
)  # fmt: skip
