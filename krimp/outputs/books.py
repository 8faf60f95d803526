"""The books of a run as the field prints them: a transaction-flow matrix and sectors' net balances."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import polars as pl

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
    flows = sorted({f for f, _ in cells}, key=lambda f: -sum(abs(v) for (g, _), v in cells.items() if g == f))
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
