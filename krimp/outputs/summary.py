"""The one screen at the end of a run: first and last values with a sparkline, the census beside, speed."""

from __future__ import annotations

import math
from typing import Any

from krimp.outputs import words
from krimp.outputs.folder import Run
from krimp.outputs.observed import beside

#: label, variable, kind: "count", "share", "price", "money" stock, "year" (last whole year's sum against the first)
LINES: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "People",
        (
            ("people", "population", "count"),
            ("aged 65 and over", "population_65_plus", "count"),
            ("births a year", "births", "year"),
            ("deaths a year", "deaths", "year"),
            ("left a year", "out_migrants", "year"),
            ("came or came back a year", "in_migrants", "year"),
            ("households", "households", "count"),
            ("persons per household", "mean_household_size", "price"),
        ),
    ),
    (
        "Homes",
        (
            ("dwellings", "dwellings", "count"),
            ("vacant", "vacancy_rate", "share"),
            ("windows lit at dusk", "lit_share", "share"),
            ("median ask a m2", "median_ask_m2", "price"),
            ("cheapest flats (1%)", "ask_total_p01", "price"),
        ),
    ),
    (
        "City",
        (
            ("own revenue a year", "own_revenue", "year"),
            ("transfers a year", "transfers", "year"),
            ("spending a year", "general_expenditure", "year"),
            ("official debt", "debt", "price"),
            ("shortfall a year", "funding_shortfall", "year"),
            ("heat delivered, worst month", "heat_share", "worst"),
            ("jobs", "jobs", "count"),
        ),
    ),
)


def rows(run: Run) -> list[dict[str, Any]]:
    """group, label, variable, first, last, change, line of the summary's rows that the run has."""
    out: list[dict[str, Any]] = []
    years = run.full_years()
    for group, lines in LINES:
        for label, variable, kind in lines:
            if not run.has_series(variable):
                continue
            line = run.line(variable)
            if kind == "year":
                line = [run.year(variable, y) for y in years]
            if kind == "worst":
                line = [min(line[i : i + 12]) for i in range(0, len(line), 12)]
            known = [v for v in line if math.isfinite(v)]
            if known:
                out.append(
                    dict(
                        group=group,
                        label=label,
                        variable=variable,
                        kind=kind,
                        first=known[0],
                        last=known[-1],
                        line=line,
                    )
                )
    return out


def as_dict(run: Run) -> dict[str, Any]:
    """The summary for a machine."""
    stepping = float(run.manifest.get("wall", {}).get("stepping", 0.0))
    months = int(run.manifest.get("person_months", 0))
    return {
        "path": str(run.path),
        "status": run.status,
        "city": run.city,
        "scenario": run.scenario,
        "seed": run.seed,
        "weight": run.weight,
        "base": run.base,
        "until": run.until,
        "rows": [{k: r[k] for k in ("group", "label", "variable", "first", "last")} for r in rows(run)],
        "wall_seconds": round(sum_wall(run), 3),
        "person_months": months,
        "person_months_per_second": round(months / stepping) if stepping else None,
        "peak_bytes": run.manifest.get("peak_bytes"),
        "warnings": run.warnings,
    }


def sum_wall(run: Run) -> float:
    """Wall seconds of the whole run: synthesis, stepping and writing."""
    wall = run.manifest.get("wall", {})
    return float(sum(wall.get(k, 0.0) for k in ("synthesis", "stepping", "writing")))


def print_summary(run: Run, width: int | None = None) -> None:
    """Print the summary, at most 80 columns wide."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    console = Console(width=width or 80, highlight=False)
    years = run.full_years()
    console.print(
        f"[bold]{run.title}[/bold], {run.base} to {run.until}: {run.scenario}, seed {run.seed}, scale {run.manifest.get('scale', 1)}"
    )
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    table.add_column("")
    table.add_column(run.base, justify="right")
    table.add_column(run.until, justify="right")
    table.add_column("change", justify="right")
    table.add_column("")
    group = ""
    for row in rows(run):
        if row["group"] != group and group:
            table.add_section()
        group = row["group"]
        share = row["kind"] in ("share", "worst")
        first, last = (words.percent(row[k]) if share else words.number(row[k]) for k in ("first", "last"))
        moved = (
            f"{100 * (row['last'] - row['first']):+.1f} pt"
            if share
            else words.change(row["first"], row["last"])
        )
        table.add_row(row["label"], first, last, moved, f"[cyan]{words.sparkline(row['line'])}[/cyan]")
    console.print(table)
    if years:
        console.print(f"[dim]yearly figures: {years[0]} and {years[-1]}; money in {run.currency}[/dim]")
    _observed(run, console)
    _speed(run, console)


def _observed(run: Run, console: Any) -> None:
    wanted = {"population": "people", "households": "households", "census_households": "households (as a census counts)",
              "census_household_size": "persons per household", "jobs": "jobs", "own_revenue": "own revenue",
              "general_expenditure": "spending", "transfers": "transfers", "debt": "official debt"}  # fmt: skip
    shown = []
    for b in beside(run):
        if (
            b.variable in wanted
            and b.district == "city"
            and b.date[:7] > run.base
            and b.role in ("calibrate", "validate")
        ):
            gap = f"{100 * b.difference:+.1f}%"
            shown.append(
                f"{b.date} {wanted[b.variable]}: {words.number(b.model)} / {words.number(b.observed)} ({gap}, {b.basis})"
            )
    if shown:
        console.print("[bold]Run / observed[/bold]")
        for line in shown[:7]:
            console.print("  " + line)


def _speed(run: Run, console: Any) -> None:
    facts = as_dict(run)
    parts = [f"{words.seconds(facts['wall_seconds'])} in all"]
    if facts["person_months_per_second"]:
        parts.append(f"{facts['person_months_per_second'] / 1e6:.2f} m person-months a second")
    if facts["peak_bytes"]:
        parts.append(f"{words.size(facts['peak_bytes'])} at most")
    console.print("[dim]" + ", ".join(parts) + "[/dim]")
    for warning in run.warnings[:3]:
        console.print(f"[yellow]note: {warning}[/yellow]")
