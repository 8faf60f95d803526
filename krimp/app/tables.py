"""Tables that commands print about many runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from krimp.outputs import words


def _console() -> Console:
    import sys

    return Console(highlight=False, width=None if sys.stdout.isatty() else 110)


def _table(*columns: str, left: int = 1) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for i, title in enumerate(columns):
        table.add_column(title, justify="left" if i < left else "right")
    return table


def intervals(last: Any, path: Path) -> None:
    """Median and 80% interval of every series in the last month."""
    console = _console()
    many = last["scenario"].n_unique() > 1
    table = _table(
        *(["scenario"] if many else []), "series", "low (10%)", "median", "high (90%)", left=2 if many else 1
    )
    for row in last.sort("variable", "scenario").iter_rows(named=True):
        cells = [row["variable"], *(words.number(row[k]) for k in ("low", "median", "high"))]
        table.add_row(*([row["scenario"]] if many else []), *cells)
    console.print(f"[bold]{last['month'][0]:%Y-%m}[/bold], over parameter draws and seeds")
    console.print(table)
    console.print(f"Ensemble     {path}")


def claims(rows: list[dict[str, Any]]) -> None:
    """The claims beside data and model, one row each."""
    console = _console()
    table = _table("claim", "data", "verdict", "median", "80% interval", "why", left=3)
    for row in rows:
        low, high, middle, unit = row["low"], row["high"], row["median"], str(row["unit"] or "")
        show = (lambda v: f"{v:.1f}") if unit == "year" else words.number
        span = f"{show(low)} to {show(high)}" if low is not None and high is not None else ""
        verdict = str(row["verdict"])
        colour = {"inside": "green", "holds": "green", "outside": "red", "fails": "red"}.get(verdict, "dim")
        data = row["data"]
        table.add_row(
            str(row["id"]), words.number(data, unit) if isinstance(data, (int, float)) else str(data or ""),
            f"[{colour}]{verdict}[/{colour}], {row['basis']}", f"{show(middle)} {unit}" if middle is not None else "",
            span, str(row["reason"]),
        )  # fmt: skip
    console.print(table)
    if rows:
        console.print(
            f"[dim]{rows[0]['runs']} runs (seeds x parameter draws) at scale {rows[0]['scale']}; a direction holds when "
            "true in 80% of them[/dim]"
        )


def calibration(found: dict[str, Any]) -> None:
    """What was fitted, and how far the last wave's runs are from the observations."""
    console = _console()
    table = _table("parameter", "prior", "point", "80% interval", left=2)
    for name, item in found["parameters"].items():
        table.add_row(
            name,
            item["prior"],
            words.number(item["point"]),
            f"{words.number(item['low'])} to {words.number(item['high'])}",
        )
    console.print(table)
    rows = _table("observation (in sample)", "observed", "mean of the last wave")
    for row in found["rows"]:
        place = "" if row["district"] == "city" else f", {row['district']}"
        rows.add_row(
            f"{row['date']} {row['variable']}{place}",
            words.number(row["observed"]),
            f"{100 * row['distance_last_wave']:+.1f}%",
        )
    console.print(rows)
    console.print(f"Posterior    {found['path']}")


def benchmark(found: dict[str, Any], ratios: list[dict[str, Any]]) -> None:
    """The benchmark cases, and the dearest processes of the largest case."""
    console = _console()
    machine = found["machine"]
    console.print(
        f"{machine.get('processor') or machine.get('platform')}, {machine.get('cpus')} CPUs, Python {machine.get('python')}"
    )
    table = _table(
        "scale",
        "threads",
        "from",
        "s a month",
        "person-months a s",
        "R",
        "bytes a person",
        "peak",
        "start-up s",
    )
    for c in found["cases"]:
        table.add_row(
            str(c["scale"]), str(c["threads"]), str(c["from"]), f"{c['seconds_per_month']:.4f}",
            f"{c['person_months_per_s']:,.0f}", f"{c['r_ratio']:.1f}", f"{c['bytes_per_person']:.0f}",
            words.size(c["peak_bytes"]), f"{c['startup_s']:.1f}",
        )  # fmt: skip
    console.print(table)
    largest = max(found["cases"], key=lambda c: c["seconds_per_month"])
    parts = sorted(largest.get("processes", {}).items(), key=lambda item: -item[1])[:12]
    slow = _table("process (largest case)", "ms a month", "share")
    for name, cost in parts:
        slow.add_row(name, f"{1000 * cost:.1f}", words.percent(cost / largest["seconds_per_month"], 0))
    console.print(slow)
    for row in ratios:
        console.print(
            f"scale {row['scale']}, {row['threads']} threads, from {row['from']}: {row['ratio']:.2f} x the time of before"
        )
