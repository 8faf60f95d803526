"""Two runs side by side: series at the end and where they differ most, and the people whose lives differ."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from krimp.outputs import screen, words
from krimp.outputs.folder import CITY, Run, open_run
from krimp.outputs.observed import FLOWS


@dataclass(frozen=True)
class Comparison:
    """`series`: variable, unit, over, a, b (end of the shorter run), difference, relative, peak, peak_month.

    Flows are sums over the twelve months up to then (`over` = "year"), all else the month's value ("month"). `people`: those alive in either run whose state, dwelling or activity differs at the end, by stable key;
    `born_or_came`: how many lives exist in one run only.
    """

    a: Run
    b: Run
    month: str
    series: pl.DataFrame
    people: pl.DataFrame
    counts: dict[str, int]

    def __repr__(self) -> str:
        n = self.counts
        return (
            f"Comparison({self.a.name} | {self.b.name}: {self.month}, {n['differ']:,} of {n['in_both']:,} lives differ; "
            "see .series, .people, .counts)"
        )

    def as_dict(self) -> dict[str, Any]:
        """For JSON; keys are strings there."""
        people = self.people.with_columns(pl.col("key").cast(pl.String)) if self.people.width else self.people
        return {
            "a": str(self.a.path),
            "b": str(self.b.path),
            "month": self.month,
            "series": self.series.to_dicts(),
            "counts": self.counts,
            "people": people.head(1000).to_dicts(),
        }


def compare(a: Run | str | Path, b: Run | str | Path) -> Comparison:
    """Compare two runs (of one city, usually: keys of lives are the same where nothing touched them)."""
    first, second = open_run(a), open_run(b)
    series, month = _series(first, second)
    people, counts = _people(first, second)
    return Comparison(first, second, month, series, people, counts)


def _series(a: Run, b: Run) -> tuple[pl.DataFrame, str]:
    def city(run: Run, name: str) -> pl.DataFrame:
        return run.series.filter(pl.col("district") == CITY).select(
            "month",
            pl.col("variable").cast(pl.String),
            pl.col("value").alias(name),
            pl.col("unit").cast(pl.String),
        )

    both = city(a, "a").join(city(b, "b").drop("unit"), on=["month", "variable"], how="inner")
    end: Any = both["month"].max()
    flow = pl.col("variable").is_in(list(FLOWS))
    year = [pl.col(c).rolling_sum(12, min_samples=1).over("variable", order_by="month") for c in ("a", "b")]
    both = both.with_columns(
        *(
            pl.when(flow).then(total).otherwise(pl.col(c)).alias(c)
            for c, total in zip(("a", "b"), year, strict=True)
        ),
        over=pl.when(flow).then(pl.lit("year")).otherwise(pl.lit("month")),
    )
    both = both.with_columns(gap=(pl.col("b") - pl.col("a")))
    peak = (
        both.filter(pl.col("gap").is_finite())
        .sort(pl.col("gap").abs(), descending=True, maintain_order=True)
        .group_by("variable", maintain_order=True)
        .agg(peak=pl.col("gap").first(), peak_month=pl.col("month").first())
    )
    frame = (
        both.filter(pl.col("month") == end)
        .join(peak, on="variable", how="left", maintain_order="left")
        .select(
            "variable", "unit", "over", "a", "b", difference="gap",
            relative=pl.when(pl.col("a") != 0).then(pl.col("gap") / pl.col("a")), peak="peak",
            peak_month=pl.when(pl.col("peak") != 0).then(pl.col("peak_month")),
        )
    )  # fmt: skip
    return frame, f"{end:%Y-%m}" if end else ""


def _lives(run: Run) -> pl.DataFrame:
    homes = run.dwellings.select(dwelling=pl.col("id"), home=pl.col("key"))
    where = run.households.select(household=pl.col("id"), dwelling=pl.col("dwelling")).join(
        homes, on="dwelling", how="left"
    )
    text = [pl.col(c).cast(pl.String) for c in ("sex", "state", "activity", "district", "place")]
    return (
        run.persons.select("id", "key", "birth", "household", "left", *text)
        .join(where.select("household", "home"), on="household", how="left")
        .with_columns(
            home=pl.when(pl.col("state") == "resident").then("home"),
            activity=pl.when(pl.col("state") == "resident").then("activity").otherwise(pl.lit("")),
        )
    )


def _people(a: Run, b: Run) -> tuple[pl.DataFrame, dict[str, int]]:
    left, right = _lives(a), _lives(b)
    both = left.join(right, on="key", how="inner", suffix="_b", maintain_order="left")
    flags = {
        "state": pl.col("state") != pl.col("state_b"),
        "home": (pl.col("home").ne_missing(pl.col("home_b")))
        & (pl.col("state") == "resident") & (pl.col("state_b") == "resident"),
        "activity": (pl.col("activity") != pl.col("activity_b"))
        & (pl.col("state") == "resident") & (pl.col("state_b") == "resident"),
        "month_left": (pl.col("left").ne_missing(pl.col("left_b"))) & (pl.col("state") == pl.col("state_b")),
    }  # fmt: skip
    both = both.with_columns([expression.alias(f"differs_{name}") for name, expression in flags.items()])
    any_flag = pl.any_horizontal([pl.col(f"differs_{name}") for name in flags])
    differing = both.filter(any_flag).select(
        "key", id_a="id", id_b="id_b", sex="sex", birth="birth", state_a="state", state_b="state_b", left_a="left",
        left_b="left_b", activity_a="activity", activity_b="activity_b", district_a="district",
        district_b="district_b", other_home="differs_home",
    )  # fmt: skip
    counts = {
        "in_both": both.height,
        "only_in_a": left.height - both.height,
        "only_in_b": right.height - both.height,
        "differ": differing.height,
        **{f"differ_in_{name}": int(both[f"differs_{name}"].sum()) for name in flags},
    }
    return differing, counts


def show(result: Comparison, people: int = 10) -> None:
    """Print a comparison."""
    console = screen.console()
    a, b = result.a, result.b
    console.print(f"[bold]A[/bold] {a.path}  ({a.name})\n[bold]B[/bold] {b.path}  ({b.name})")
    table = screen.table(
        "",
        "A",
        "B",
        "B - A",
        "",
        "largest gap",
        "when",
        title=f"{result.month}: series that differ",
        title_justify="left",
    )
    same = 0
    for row in result.series.iter_rows(named=True):
        if not row["peak"] or not math.isfinite(row["peak"]):
            same += 1
            continue
        relative = f"{100 * row['relative']:+.1f}%" if row["relative"] is not None else ""
        when = f"{row['peak_month']:%Y-%m}" if row["peak_month"] else ""
        label = words.plain(row["variable"]) + (", a year" if row["over"] == "year" else "")
        table.add_row(label, words.number(row["a"]), words.number(row["b"]), words.number(row["difference"]),
                      relative, words.number(row["peak"]), when)  # fmt: skip
    console.print(table)
    console.print(f"[dim]{same} series are the same in every month[/dim]")
    n = result.counts
    console.print(
        f"[bold]Lives[/bold]: {n['in_both']:,} people are in both runs; {n['differ']:,} of them live differently at the end"
        f" ({n['differ_in_state']:,} by being here, gone or dead, {n['differ_in_home']:,} by home,"
        f" {n['differ_in_activity']:,} by what they do); {n['only_in_a']:,} exist in A only, {n['only_in_b']:,} in B only."
    )
    for row in result.people.head(people).iter_rows(named=True):
        console.print("  " + _sentence(row))
    if result.people.height > people:
        console.print(
            f"[dim]  {result.people.height - people:,} more; krimp follow A {result.people['id_a'][0]} tells a life[/dim]"
        )


def _sentence(row: dict[str, Any]) -> str:
    who = f"{row['sex']} born {row['birth']:%Y-%m} (A {row['id_a']}, B {row['id_b']})"
    return f"{who}: in A {_fate(row, 'a')}, in B {_fate(row, 'b')}"


def _fate(row: dict[str, Any], which: str) -> str:
    state, left = row[f"state_{which}"], row[f"left_{which}"]
    if state != "resident":
        when = f" {left:%Y-%m}" if left else ""
        return {"dead": "died", "gone": "left"}.get(state, state) + when
    other = " in another home" if which == "b" and row["other_home"] else ""
    return f"{words.plain(row[f'activity_{which}'])} in {words.plain(row[f'district_{which}'])}{other}"
