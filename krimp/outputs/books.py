"""The books of a run as the field prints them: a transaction-flow matrix and sectors' net balances."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import polars as pl

from krimp import regimes
from krimp.outputs.folder import Run

#: Order of the sectors in tables; others follow by name.
SECTORS = (
    "households", "shops", "services", "mine", "farms", "industry", "developers", "heating", "buses", "city",
    "platform", "upper", "banks", "firms", "rest",
)  # fmt: skip


@dataclass(frozen=True)
class FlowMatrix:
    """Flows of a year by purpose (rows) and sector (columns), currency units; receipts +, payments -.

    Each row adds up to zero; each column to the change of the sector's money and claims (`change`, from the balances).
    """

    year: int
    sectors: list[str]
    rows: list[tuple[str, dict[str, float], float]]
    totals: dict[str, float]
    change: dict[str, float]

    @property
    def closes(self) -> bool:
        """Whether every row adds up to zero and every column to the change of the sector's balances."""
        return all(rest == 0 for _, _, rest in self.rows) and all(
            self.totals[s] == self.change[s] for s in self.sectors
        )


def flow_matrix(run: Run, year: int) -> FlowMatrix:
    """The transaction-flow matrix of a calendar year, whole city, from the ledger."""
    rows = (
        run.ledger.filter(pl.col("month").dt.year() == year)
        .group_by(pl.col("debit").cast(pl.String), pl.col("credit").cast(pl.String))
        .agg(pl.col("amount").sum())
    )
    cells: dict[tuple[str, str], int] = {}

    def add(flow: str, account: str, amount: int) -> None:
        key = flow, account.split(".")[0]
        cells[key] = cells.get(key, 0) + amount

    for debit, credit, amount in rows.iter_rows():
        into, out_of = debit.startswith("flow."), credit.startswith("flow.")
        if into and not out_of:
            add(debit[5:], credit, -amount)
        elif out_of and not into:
            add(credit[5:], debit, amount)
        elif not into:
            add("direct postings", debit, amount)
            add("direct postings", credit, -amount)
    change = _change(run, year)
    found = {sector for _, sector in cells} | {s for s, v in change.items() if v}
    sectors = [s for s in SECTORS if s in found] + sorted(found - set(SECTORS))
    minor = run.minor_units
    moved: dict[str, int] = {}
    for (flow, _), amount in cells.items():
        moved[flow] = moved.get(flow, 0) + abs(amount)
    # equal ones by name: the groups of a frame come in any order
    flows = sorted(moved, key=lambda flow: (-moved[flow], flow))
    table = []
    for flow in flows:
        line = {s: cells[flow, s] for s in sectors if cells.get((flow, s))}
        if line:
            table.append((flow, {s: v / minor for s, v in line.items()}, sum(line.values()) / minor))
    totals = {s: sum(v for (_, t), v in cells.items() if t == s) / minor for s in sectors}
    return FlowMatrix(year, sectors, table, totals, {s: change.get(s, 0) / minor for s in sectors})


def _change(run: Run, year: int) -> dict[str, int]:
    opening, closing = _net(run, dt.date(year - 1, 12, 1)), _net(run, dt.date(year, 12, 1))
    return {s: closing.get(s, 0) - opening.get(s, 0) for s in sorted(opening.keys() | closing.keys())}


def _net(run: Run, day: dt.date) -> dict[str, int]:
    frame = run.balances.filter(pl.col("month") == day).with_columns(
        sector=pl.col("account").cast(pl.String).str.split(".").list.first()
    )
    return dict(frame.group_by("sector").agg(pl.col("balance").sum()).sort("sector").iter_rows())


def sector_balances(run: Run) -> dict[str, Any] | None:
    """Money, claims and debts of each sector at the base, at the end of 2020 (or midway) and at the end.

    {"dates": [...], "rows": [(sector, [(assets, debts, net) ...]) ...], "accounts": [(account, [balance ...]) ...]}
    """
    if not run.has("balances.parquet"):
        return None
    days = run.months
    middle = dt.date(2020, 12, 1) if dt.date(2020, 12, 1) in days[1:-1] else days[len(days) // 2]
    dates = list(dict.fromkeys([days[0], middle, days[-1]]))
    frame = run.balances.filter(pl.col("month").is_in(dates)).with_columns(pl.col("account").cast(pl.String))
    held: dict[str, dict[dt.date, int]] = {}
    for month, account, balance in frame.select("month", "account", "balance").iter_rows():
        if not account.startswith("flow."):
            held.setdefault(account, {})[month] = balance
    minor = run.minor_units
    names = {a.split(".")[0] for a in held}
    rows = []
    for sector in [s for s in SECTORS if s in names] + sorted(names - set(SECTORS)):
        line = []
        for day in dates:
            values = [b.get(day, 0) for a, b in held.items() if a.split(".")[0] == sector]
            line.append(
                (
                    sum(v for v in values if v > 0) / minor,
                    sum(v for v in values if v < 0) / minor,
                    sum(values) / minor,
                )
            )
        if any(any(cell) for cell in line):
            rows.append((sector, line))
    accounts = [
        (a, [b.get(d, 0) / minor for d in dates])
        for a, b in sorted(held.items())
        if any(b.get(d) for d in dates)
    ]
    return {"dates": [f"{d:%Y-%m}" for d in dates], "rows": rows, "accounts": accounts}


@dataclass(frozen=True)
class Line:
    """A line of the final accounts: published and in the run (currency units), and why they differ if by much."""

    name: str
    observed: float
    model: float
    reason: str

    @property
    def difference(self) -> float:
        """Relative difference of the run from the published figure."""
        return self.model / self.observed - 1.0 if self.observed else float("nan")


_UNITS = {"100 million yuan": 1e8, "10,000 yuan": 1e4}
#: Differences above this have a reason beside them.
TOLERANCE = 0.15
_ECONOMY = "bases follow the modelled economy, rates are national ones; the province's share has a wide prior"
#: Lines whose reason also tells, tax by tax, what is kept of the product.
_TAXES = ("tax revenue kept", "own revenue")
_DEBT = "issue limits, the swap and works of the platform are national shares, not the city's contracts"
#: Line: accounts of the pack that add up to it, then what it is in a run: a series, or flows of the treasury as
#: (flow, payer, receiver, sign), and the reason when it is far off.
LINES: dict[str, tuple[tuple[str, ...], str | tuple[tuple[str, str, str, int], ...], str]] = {
    "tax revenue kept": (("tax_revenue",), "tax_revenue", _ECONOMY),
    "non-tax revenue": (("nontax_revenue",), "nontax_revenue", "sales of assets in a shortage are assumed"),
    "own revenue": (("own_revenue",), "own_revenue", _ECONOMY),
    "transfers": (("transfers",), "transfers", ""),
    "bonds issued": (("debt_revenue",), (("bonds", "banks.cash", "", 1),), "refinancing is included; " + _DEBT),
    "fund revenue": (
        ("fund_revenue",), "fund_revenue", "land, quotas and grants in it were not published: three assumed accounts",
    ),
    "general spending": (("general_expenditure",), "general_expenditure", ""),
    "  pay and benefits": (
        ("class_wages_government", "class_subsidy_institutions_wages"),
        (("wages", "city.cash", "", 1), ("offbudget_pay", "upper.cash", "", -1), ("spend_oncosts", "city.cash", "", 1)),
        "posts on the payroll are a fixed part of public posts in the census",
    ),
    "  goods, services, other": (
        ("class_goods_government", "class_subsidy_institutions", "class_other", "-class_subsidy_institutions_wages"),
        (("spend_operations", "city.cash", "", 1), ("spend_tests", "city.cash", "", 1)),
        "a fixed ratio to pay",
    ),
    "  works": (
        ("class_capital_1", "class_capital_2", "class_capital_institutions"),
        (("spend_works", "city.cash", "", 1),),
        "works follow grants, new bonds and cash in hand",
    ),
    "  subsidies to firms, streets, heat, buses": (
        ("class_subsidies_enterprises", "class_capital_enterprises"),
        (
            ("spend_firms", "city.cash", "", 1), ("spend_upkeep", "city.cash", "", 1),
            ("heat_subsidy", "city.cash", "", 1), ("bus_subsidy", "city.cash", "", 1),
        ),
        "streets and refuse may stand among goods and services in the accounts",
    ),
    "  to people and farms": (
        ("class_transfers_households",),
        tuple((f"spend_{n}", "city.cash", "", 1) for n in ("welfare", "retired", "farm")),
        "carried back by national wages and transfers",
    ),
    "  to social insurance funds": (
        ("class_social_funds_subsidy",),
        (("spend_pension_gap", "city.cash", "", 1),),
        "the split of the pension gap between city and province is assumed",
    ),
    "interest paid": (
        ("interest",), "interest",
        "the published figure leaves out what the province paid in the city's place; how early the city stopped paying is not known",
    ),
    "principal repaid": (("principal_repaid",), (("principal", "city.cash", "banks.cash", 1),), "lives of bonds are national"),
    "service not paid": (
        ("unpayable",), "debt_unpaid",
        "the published figure may add up several years and loans that no account shows",
    ),
    "fund spending": (
        ("fund_expenditure",), "fund_expenditure", "follows fund revenue; flats still under way are paid from it",
    ),
    "official debt": (("debt",), "debt", _DEBT),
    "hidden debt": (("hidden_debt",), "hidden_debt", "an analysts' estimate of all liabilities less bonds; " + _DEBT),
    "owed to upper governments": (
        ("payables_upper",), "advances_upper",
        "only unpaid service and bills are advanced; older loans from above are not known",
    ),
    "treasury cash": (("cash",), "cash", "city and counties are one treasury"),
}  # fmt: skip


def final_accounts(run: Run, year: int = 2020) -> list[Line]:
    """The pack's published accounts of a year line by line beside the run; empty when pack or run has none."""
    table = run.inputs("accounts.csv")
    if table.is_empty() or not run.has_series("own_revenue"):
        return []
    table = table.filter(pl.col("year").cast(pl.Int64) == year)
    known = {
        row["account"]: float(row["amount"]) * _UNITS[row["unit"]]
        for row in table.iter_rows(named=True)
        if row["unit"] in _UNITS
    }
    if not run.months[0] < dt.date(year, 1, 1) or run.months[-1] < dt.date(year, 12, 1):
        return []
    flows = run.ledger.filter(pl.col("month").dt.year() == year).select(
        pl.col("debit").cast(pl.String), pl.col("credit").cast(pl.String), "amount"
    )
    paid: dict[tuple[str, str], int] = {}
    for debit, credit, amount in flows.iter_rows():
        paid[debit, credit] = paid.get((debit, credit), 0) + amount
    stocks = ("debt", "hidden_debt", "advances_upper", "cash")
    out = []
    for name, (accounts, source, reason) in LINES.items():
        if any(a.lstrip("-") not in known for a in accounts):
            continue
        observed = sum(known[a.lstrip("-")] * (-1 if a.startswith("-") else 1) for a in accounts)
        if isinstance(source, str):
            model = run.at(source, dt.date(year, 12, 1)) if source in stocks else run.year(source, year)
        else:
            model = (
                sum(s * _flow(paid, f, payer, receiver) for f, payer, receiver, s in source) / run.minor_units
            )
        far = abs(model / observed - 1.0) > TOLERANCE
        if far and name in _TAXES:
            reason = f"{_kept(run, year, paid)}; {reason}"
        out.append(Line(name, observed, float(model), reason if far else ""))
    return out


def _kept(run: Run, year: int, paid: dict[tuple[str, str], int]) -> str:
    """What the city keeps of each group of taxes over its product, beside the country's cities; and how far the product is off."""
    product = run.year("gdp", year)
    if not product > 0:
        return "the product of the run is not known"
    parts = [
        f"{name} {sum(_flow(paid, f'tax_{t}', '', 'city.cash') for t in taxes) / run.minor_units / product:.1%} ({nation:.1%})"
        for name, taxes, nation in regimes.load(str(run.pack_config["regime"])).kept
    ]
    known = run.inputs("observed.csv")
    if not known.is_empty():
        known = known.filter((pl.col("variable") == "gdp") & (pl.col("date").cast(pl.String) == str(year)))
    off = "" if known.is_empty() else f"the product is {product / float(known['value'][0]) - 1.0:+.0%} off; "
    return f"{off}kept of the product, in brackets by all cities of the country: {', '.join(parts)}"


@dataclass(frozen=True)
class Drift:
    """Change of a sector's net wealth over some years, its mean income a year, and why wealth drifts if by more than that."""

    sector: str
    change: float
    income: float
    reason: str

    @property
    def years(self) -> float:
        """The change in years of the sector's income."""
        return self.change / self.income if self.income else 0.0


#: Sectors whose wealth may drift by more than a year of their income, and why.
DRIFTS = {
    "households": "they save a fifth of their income, and nobody's estate leaves the books",
    "city": "works are paid with debt",
    "platform": "it borrows for works and land and has no income of its own",
    "upper": "its transfers are paid from the taxes of the whole country, of which only the city's own are in the books",
    "banks": "counterpart of the debts of all others: they have no income but interest",
    "firms": "debts of operators to banks, whose money stands in their own accounts",
    "rest": "the world outside: counterpart of the city's trade, migration and savings",
}
#: Flows that are no income: money lent or paid back, and what claims are booked through.
_NO_INCOME = ("claims", "overdraft", "borrowing", "bonds", "principal", "advance", "direct postings")


def wealth_drifts(run: Run, first: int, last: int) -> list[Drift]:
    """Each sector's drift from the end of the year before `first` to the end of `last`."""
    opening, closing = _net(run, dt.date(first - 1, 12, 1)), _net(run, dt.date(last, 12, 1))
    income: dict[str, float] = {}
    for year in range(first, last + 1):
        for flow, line, _ in flow_matrix(run, year).rows:
            if flow not in _NO_INCOME:
                for sector, amount in line.items():
                    income[sector] = income.get(sector, 0.0) + max(amount, 0.0) / (last - first + 1)
    return [
        Drift(
            s,
            (closing.get(s, 0) - opening.get(s, 0)) / run.minor_units,
            income.get(s, 0.0),
            DRIFTS.get(s, ""),
        )
        for s in sorted(opening.keys() | closing.keys())
    ]


def _flow(paid: dict[tuple[str, str], int], flow: str, payer: str, receiver: str) -> int:
    """A year's payments of a flow by a payer, or what a receiver got of it."""
    if receiver:
        return paid.get((receiver, f"flow.{flow}"), 0) - paid.get((f"flow.{flow}", receiver), 0)
    return paid.get((f"flow.{flow}", payer), 0) - paid.get((payer, f"flow.{flow}"), 0)


def funders(run: Run) -> list[tuple[str, int]]:
    """Publicly built homes by who paid, most first, in dwellings."""
    if not run.has("dwellings.parquet") or "funder" not in run.dwellings.columns:
        return []
    counts = (
        run.dwellings.filter(pl.col("funder").cast(pl.String) != "none")
        .group_by(pl.col("funder").cast(pl.String))
        .len()
        .sort("len", "funder", descending=[True, False])
    )
    return [(name, int(n) * run.weight) for name, n in counts.iter_rows()]
