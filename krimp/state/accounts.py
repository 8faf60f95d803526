"""Accounts and flows that every city has. A regime adds its own taxes, budgets and liabilities."""

from __future__ import annotations

from krimp.state.ledger import Account

_MONEY = {
    "households.cash": "deposits and cash of all households, held in households.cash",
    "shops.cash": "cash of shops and services, held in shops.cash",
    "services.cash": "cash of services that are no single shop (transport, trade, own account)",
    "mine.cash": "mining company",
    "farms.cash": "state farms and farmers' sales",
    "industry.cash": "industry and utilities",
    "developers.cash": "private developers and building firms",
    "heating.cash": "heating operators",
    "buses.cash": "bus company",
    "city.cash": "treasury: general public budget",
    "city.fund_cash": "treasury: government fund budget",
    "city.capital_cash": "treasury: state capital budget",
    "platform.cash": "financing platform (LGFV)",
    "upper.cash": "province and centre, with the provincial pension pool",
    "banks.cash": "banks and bond holders",
    "rest.cash": "rest of the world",
}
_CLAIMS = {
    "city.bonds_general": "general bonds owed (negative)",
    "banks.bonds_general": "general bonds held",
    "city.bonds_special": "special bonds owed (negative)",
    "banks.bonds_special": "special bonds held",
    "city.advances": "advances of treasury and province owed (negative)",
    "upper.advances": "advances given",
    "city.policy_loans": "policy bank loans on-lent by the province, owed (negative)",
    "upper.policy_loans": "policy bank loans on-lent",
    "platform.loans": "platform loans and bonds owed (negative)",
    "banks.platform_loans": "platform loans and bonds held",
    "city.payable_heating": "owed to heating operators (negative)",
    "heating.receivable": "heating subsidy not yet paid by the city",
    "city.payable_buses": "owed to the bus company (negative)",
    "buses.receivable": "bus subsidy not yet paid by the city",
    "city.payable_contractors": "owed to contractors (negative)",
    "developers.receivable": "works not yet paid by the city",
    "city.payable_staff": "wages owed to staff (negative)",
    "households.wages_due": "wages not yet paid by the city",
    "city.payable_interest": "debt service due and unpaid (negative)",
    "banks.interest_due": "debt service due and unpaid",
    "households.heat_debt": "heating fees unpaid by owners (negative)",
    "heating.fees_due": "heating fees unpaid",
    "developers.loans": "loans of developers owed (negative)",
    "banks.developer_loans": "loans to developers",
    "mine.loans": "loans of the mining company owed (negative)",
    "banks.mine_loans": "loans to the mining company",
    "firms.loans": "overdrafts of other firms owed (negative)",
    "banks.firm_loans": "overdrafts of other firms",
}
_FLOWS = {
    "wages": "wages paid",
    "pensions": "pensions paid",
    "benefits": "minimum living and other benefits",
    "consumption": "household spending on goods and services",
    "imports": "goods and inputs bought outside",
    "exports": "coal, farm and other goods sold outside",
    "profits": "profits paid out to owners",
    "rent": "rents paid",
    "home_purchase": "second-hand homes",
    "new_home_purchase": "new homes from developers",
    "home_costs": "fitting out, repairs, property fees",
    "heating_fees": "heating fees of households",
    "fares": "bus fares",
    "remittances": "money from people elsewhere",
    "tuition": "money to students elsewhere",
    "savings_out": "savings that leave with people",
    "savings_in": "savings that come with people",
    "inheritance_out": "estates that go to heirs elsewhere",
    "construction": "building and works",
    "land": "land sold to private developers and firms",
    "land_platform": "land sold to the platform",
    "compensation": "cash compensation for resettled homes",
    "top_up": "top-up paid for resettlement flats",
    "shop_start": "capital put into a shop",
    "shop_end": "what is left of a shop",
    "interest": "interest paid",
    "principal": "principal repaid",
    "borrowing": "money borrowed",
    "claims": "claims that come or go with borrowing, repayment and arrears",
    "overdraft": "overdrafts of firms",
}


def standard_accounts() -> list[Account]:
    """Money, claim and flow accounts in their fixed order."""
    return (
        [Account(name, "money", meaning) for name, meaning in _MONEY.items()]
        + [Account(name, "claim", meaning) for name, meaning in _CLAIMS.items()]
        + [Account(f"flow.{name}", "flow", meaning) for name, meaning in _FLOWS.items()]
    )
