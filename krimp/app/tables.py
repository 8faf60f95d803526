"""Tables that commands print about many runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from krimp.outputs import screen, words


def intervals(last: Any, path: Path) -> None:
    """Median and 80% interval of every series in the last month."""
    console = screen.console()
    many = last["scenario"].n_unique() > 1
    table = screen.table(
        *(["scenario"] if many else []), "series", "low (10%)", "median", "high (90%)", left=2 if many else 1
    )
    for row in last.sort("variable", "scenario").iter_rows(named=True):
        cells = [row["variable"], *(words.number(row[k]) for k in ("low", "median", "high"))]
        table.add_row(*([row["scenario"]] if many else []), *cells)
    console.print(f"[bold]{last['month'][0]:%Y-%m}[/bold], over parameter draws and seeds")
    console.print(table)
    console.print(f"Ensemble     {path}")


def claims(rows: list[dict[str, Any]]) -> None:
    """The claims beside data and model, one row each; under it why a claim does not come out."""
    console = screen.console()
    table = screen.table("claim", "verdict", "runs (80% of them)", "data", left=4, whole=("claim", "verdict"))
    colours = {"inside": "green", "holds": "green", "outside": "red", "fails": "red"}
    for row in rows:
        low, high, middle, unit = row["low"], row["high"], row["median"], str(row["unit"] or "")
        show = (lambda v: f"{v:.1f}") if unit == "year" else words.number
        span = f"{show(low)} to {show(high)}" if low is not None and high is not None else ""
        verdict, data = str(row["verdict"]), row["data"]
        table.add_row(
            str(row["id"]), f"[{colours.get(verdict, 'dim')}]{verdict}[/]",
            f"{show(middle)} {unit if unit != 'year' else ''} ({span})" if middle is not None else "",
            words.number(data, unit) if isinstance(data, (int, float)) else str(data or ""),
        )  # fmt: skip
    console.print(table)
    if rows:
        forecast = [str(row["id"]) for row in rows if row["basis"] == "forecast"]
        sample = [str(row["id"]) for row in rows if row["basis"] != "forecast"]
        console.print(
            f"[dim]{rows[0]['runs']} runs (seeds x parameter draws) at scale {rows[0]['scale']}; a direction holds when true in"
            f" 80% of them. In sample: {words.listed(sample) or 'none'}; {'all others are' if sample else 'all are'} forecasts."
            f"[/dim]" if forecast else "[dim]all in sample[/dim]"
        )  # fmt: skip
    off = [row for row in rows if row["verdict"] in ("fails", "outside", "uninformative")]
    if off:
        console.print("\n[bold]Why a claim does not come out[/bold]")
    for row in off:
        console.print(
            f"[{colours.get(str(row['verdict']), 'dim')}]{row['id']}[/], {row['verdict']}. {row['reason']}.\n",
            highlight=False,
        )


def calibration(found: dict[str, Any]) -> None:
    """What was fitted, and how far the last wave's runs are from the observations."""
    console = screen.console()
    table = screen.table("parameter", "prior", "point", "80% interval", left=2)
    for name, item in found["parameters"].items():
        table.add_row(
            name,
            item["prior"],
            words.number(item["point"]),
            f"{words.number(item['low'])} to {words.number(item['high'])}",
        )
    console.print(table)
    rows = screen.table("observation (in sample)", "observed", "mean of the last wave")
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
    console = screen.console()
    machine = found["machine"]
    console.print(
        f"{machine.get('processor') or machine.get('platform')}, {machine.get('cpus')} CPUs, Python {machine.get('python')}"
    )
    table = screen.table(
        "scale", "threads", "from", "s a\nmonth", "person-months\na second", "R", "bytes a\nperson", "peak", "start,\ns", whole=("scale",),
    )  # fmt: skip
    for c in found["cases"]:
        table.add_row(
            str(c["scale"]), str(c["threads"]), str(c["from"]), f"{c['seconds_per_month']:.4f}",
            f"{c['person_months_per_s']:,.0f}", f"{c['r_ratio']:.1f}", f"{c['bytes_per_person']:.0f}",
            words.size(c["peak_bytes"]), f"{c['startup_s']:.1f}",
        )  # fmt: skip
    console.print(table)
    first = found["first_month"]
    built = f", {first['built_s']:.1f} s when the base city is synthesised" if "built_s" in first else ""
    cold = f", {first['cold_s']:.0f} s when nothing is compiled" if "cold_s" in first else ""
    console.print(
        f"From the command to the end of the first month, scale {first['scale']}: {first['warm_s']:.1f} s{built}{cold}"
    )
    grows = ", ".join(f"{name} {exponent:.2f}" for name, exponent in found["growth"].items())
    console.print(f"Cost grows with these powers: {grows or 'more than one case is needed'}")
    largest = max(found["cases"], key=lambda c: c["seconds_per_month"])
    parts = sorted(largest.get("processes", {}).items(), key=lambda item: -item[1])[:12]
    slow = screen.table("process (largest case)", "ms a month", "share")
    for name, cost in parts:
        slow.add_row(name, f"{1000 * cost:.1f}", words.percent(cost / largest["seconds_per_month"], 0))
    console.print(slow)
    for row in ratios:
        console.print(
            f"scale {row['scale']}, {row['threads']} threads, from {row['from']}: {row['ratio']:.2f} x the time of before"
        )
