"""The pack's observations beside what a run shows for the same variable, place and time."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

from krimp.outputs.folder import CITY, Run

#: What a comparison with a row of this role can be called.
BASIS = {"calibrate": "in sample", "validate": "out of sample", "context": "shown only"}
#: Variables that are flows of a month, so that a year is the sum of its months. All others are stocks or rates.
FLOWS = frozenset(
    (
        "births", "deaths", "out_migrants", "in_migrants", "returnees", "newcomers", "student_leavers", "moved_in",
        "moved_out", "starts", "completions", "demolitions", "sales", "sales_new", "sales_to_outsiders",
        "resettlement_offers", "resettled_households", "own_revenue", "tax_revenue", "fund_revenue", "land_revenue",
        "land_revenue_platform", "transfers", "bailout", "general_expenditure", "fund_expenditure",
        "capital_expenditure", "interest", "interest_due", "principal_due", "commitments", "funding_shortfall",
        "pandemic_cost", "tax_relief", "pension_income", "consumption", "gdp", "shop_openings", "shop_closures",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Beside:
    """One observation and the run's value."""

    date: str
    variable: str
    district: str
    observed: float
    model: float
    unit: str
    role: str
    source: str

    @property
    def basis(self) -> str:
        """in sample, out of sample or shown only."""
        return BASIS.get(self.role, self.role)

    @property
    def difference(self) -> float:
        """Relative difference of the run from the observation."""
        return self.model / self.observed - 1 if self.observed else float("nan")


def value_at(run: Run, variable: str, date: str, district: str = CITY) -> float:
    """The run's value for YYYY-MM (that month) or YYYY (a year's sum of a flow, a stock at its end); nan if none.

    A year of a rate, price or index is its mean over the year's months.
    """
    if len(date) >= 7:
        return run.at(variable, date[:7], district)
    year = int(date)
    if variable in FLOWS:
        return run.year(variable, year, district)
    if variable.endswith(("_rate", "_share", "_m2", "_index", "_wage")) or variable.startswith("ask_total"):
        known = [run.at(variable, dt.date(year, m, 1), district) for m in range(1, 13)]
        known = [v for v in known if math.isfinite(v)]
        return sum(known) / len(known) if known else float("nan")
    return run.at(variable, dt.date(year, 12, 1), district)


def beside(run: Run, all_rows: bool = False) -> list[Beside]:
    """Observations of the pack with the run's value, in the pack's order.

    Without `all_rows` only those that the run can be compared with (variable known, date within the run).
    """
    table = run.inputs("observed.csv")
    out: list[Beside] = []
    if table.is_empty():
        return out
    for row in table.iter_rows(named=True):
        variable, district, date = row.get("variable") or "", row.get("district") or CITY, row.get("date") or ""
        try:
            observed = float(row.get("value") or "nan")
            model = value_at(run, variable, date, district)
        except ValueError:
            continue
        if all_rows or (math.isfinite(observed) and math.isfinite(model)):
            out.append(
                Beside(date, variable, district, observed, model, row.get("unit") or "", row.get("role") or "",
                       row.get("source") or "")
            )  # fmt: skip
    return out
