"""The pack's observations beside what a run shows for the same variable, place and time."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

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
    """The run's value for YYYY-MM (that month) or YYYY (a year); nan if it has none.

    A year of a flow is its sum, of a rate, price or index its mean, of a stock its value in December. Beside series it
    knows `change_2017_2020:x` (difference of two years), `growth:x` (on the year before), `population_15_19` (ages),
    `rented_share` (a use of homes / households), `population_..._districts` (districts without counties), families by
    their homes (`HOUSED`), `ask_second_over_top` (the spread between floors on a month's board), `months_of_supply`
    (homes on offer over those sold a month in that year),
    `sales_value_new` and `new_price_m2` (from the ledger and the event log).
    """
    if match := re.fullmatch(r"change_(\d{4})_(\d{4}):(\w+)", variable):
        return value_at(run, match[3], match[2], district) - value_at(run, match[3], match[1], district)
    if variable.startswith("growth:"):
        name, year = variable[7:], int(date[:4])
        before = value_at(run, name, str(year - 1), district)
        return value_at(run, name, str(year), district) / before - 1 if before else float("nan")
    if not run.has_series(variable, district):
        return _derived(run, variable, date, district)
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


def _derived(run: Run, variable: str, date: str, district: str) -> float:
    if match := re.fullmatch(r"population_(\d+)_(\d+)", variable):
        return _aged(run, int(match[1]), int(match[2]), date, district)
    if re.fullmatch(r"population_\w*districts", variable):
        inner = [
            str(d["id"])
            for d in run.pack_config.get("districts", [])
            if d.get("kind", "district") == "district"
        ]
        return (
            sum(run.at("population", date[:7], d) for d in inner)
            if inner and len(date) >= 7
            else float("nan")
        )
    if variable in HOUSED:
        return _housed(run, HOUSED[variable], date, district)
    if variable == "ask_second_over_top":
        return _second_over_top(run, date)
    if variable == "months_of_supply" and len(date) >= 7:
        deals = run.year("sales", int(date[:4]), district)
        return 12.0 * value_at(run, "listed", date, district) / deals if deals else float("nan")
    if variable.endswith("_share") and run.has_series(variable[:-6], district):
        whole = value_at(run, "households", date, district)
        return value_at(run, variable[:-6], date, district) / whole if whole else float("nan")
    year = int(date[:4])
    if variable == "sales_value_new" and run.has("ledger.parquet") and year in run.full_years():
        paid = run.ledger.filter(
            (pl.col("month").dt.year() == year)
            & (pl.col("debit").cast(pl.String) == "flow.new_home_purchase")
        )["amount"].sum()
        return float(paid) / run.minor_units
    if variable == "new_price_m2" and run.has_events and run.has("dwellings.parquet"):
        sold = (
            run.scan_events()
            .filter((pl.col("event").cast(pl.String) == "sold") & (pl.col("month").dt.year() == year)
                    & (pl.col("reason").cast(pl.String) == "developer_stock"))
            .select(dwelling=pl.col("dwelling").cast(pl.UInt32), amount="amount").collect()
            .join(run.dwellings.select(dwelling=pl.col("id").cast(pl.UInt32), area="area"), on="dwelling", how="inner")
        )  # fmt: skip
        metres = float(sold["area"].cast(pl.Int64).sum()) / 10
        return float(sold["amount"].sum()) / run.minor_units / metres if metres else float("nan")
    return float("nan")


def _aged(run: Run, low: int, high: int, date: str, district: str) -> float:
    """Residents of an age band in a month of which the tables were kept."""
    month = date[:7]
    if month not in run.snapshots and month != run.until:
        return float("nan")
    frame = run.table("persons", month if month in run.snapshots else None)
    number = int(month[:4]) * 12 + int(month[5:7])
    age = (number - (pl.col("birth").dt.year().cast(pl.Int32) * 12 + pl.col("birth").dt.month())) // 12
    keep = (pl.col("state").cast(pl.String) == "resident") & age.is_between(low, high)
    if district != CITY:
        keep &= pl.col("district").cast(pl.String) == district
    return float(frame.filter(keep).height * run.weight)


#: Families by the home they live in, as censuses count them: what must hold of tenure, deed and house.
_OWN = pl.col("tenure").cast(pl.String) == "owner"
_BUILT = (pl.col("title").cast(pl.String) == "homestead") | (pl.col("floors") == 1)
HOUSED = {
    "households_self_built": _OWN & _BUILT,
    "households_not_built": ~(_OWN & _BUILT) & (pl.col("tenure").cast(pl.String) != "tenant"),
    "households_with_lift": pl.col("lift") == 1,
}


def _housed(run: Run, holds: pl.Expr, date: str, district: str) -> float:
    """Families in a month of which the tables were kept whose home is of this kind."""
    month = date[:7]
    if month not in run.snapshots and month != run.until:
        return float("nan")
    families = _families(run, month)
    if district != CITY:
        families = families.filter(pl.col("district").cast(pl.String) == district)
    return float(families.filter(holds).height * run.weight)


@lru_cache(maxsize=2)
def _families(run: Run, month: str) -> pl.DataFrame:
    """Families in a month of which the tables were kept, with their homes."""
    of = month if month in run.snapshots else None
    homes = run.table("dwellings", of).select(dwelling="id", title="title", building="building")
    houses = run.table("buildings", of).select(building="id", lift="lift", floors="floors")
    families = run.table("households", of).filter(pl.col("state").cast(pl.String) == "active")
    joined = families.select("dwelling", "district", "tenure").join(homes, on="dwelling")
    return joined.join(houses, on="building")


def _second_over_top(run: Run, date: str) -> float:
    """Ask per m2 on the second floor, fitted out and with a deed, over that of a bare shell without one on the top floor,
    in houses of five floors and more without a lift: medians of a month's board."""
    board = run.listings(dt.date(int(date[:4]), int(date[5:7]), 1))
    if board.is_empty():
        return float("nan")
    walk = board.filter((pl.col("floors") >= 5) & ~pl.col("lift")).with_columns(
        m2=pl.col("ask") / pl.col("area_m2")
    )
    deed = pl.col("title").cast(pl.String) == "full"
    good = walk.filter((pl.col("floor") == 2) & pl.col("fitted") & deed)["m2"].median()
    poor = walk.filter((pl.col("floor") == pl.col("floors")) & ~pl.col("fitted") & ~deed)["m2"].median()
    return float(good) / float(poor) if good and poor else float("nan")  # type: ignore[arg-type]


def beside(run: Run, all_rows: bool = False) -> list[Beside]:
    """Observations of the pack with the run's value, in the pack's order.

    Without `all_rows` only those that the run can be compared with (variable known, date within the run).
    """
    table = run.inputs("observed.csv")
    out: list[Beside] = []
    if table.is_empty():
        return out
    for row in table.iter_rows(named=True):
        variable, district, date = (
            row.get("variable") or "",
            row.get("district") or CITY,
            row.get("date") or "",
        )
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
