"""The region around the city: what the pack knows of its people, and the places that the city's people compare home with.

Tables of the pack: `region` (people of provinces and prefectures at two censuses), `drivers` (`wage_`, `rent_` and
`jobs_` of each place). Neither is simulated; the run shows home beside them, and where its leavers went.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from krimp.outputs import words
from krimp.outputs.folder import Run


def people(run: Run, kind: str = "province") -> dict[str, tuple[float, float]]:
    """Place: people at the first and at the last year of the pack's `region` table."""
    table = run.inputs("region.csv")
    if table.is_empty():
        return {}
    table = table.filter(pl.col("kind") == kind).with_columns(pl.col("year", "persons").cast(pl.Int64))
    first, last = table["year"].min(), table["year"].max()
    counted = {(p, y): float(n) for p, y, n in table.select("place", "year", "persons").iter_rows()}
    return {
        p: (counted[p, first], counted[p, last])
        for p in table["place"].unique(maintain_order=True)
        if (p, first) in counted and (p, last) in counted
    }


def years(run: Run) -> tuple[int, int]:
    """First and last year of the `region` table."""
    counted = run.inputs("region.csv")["year"].cast(pl.Int64)
    return int(counted.min()), int(counted.max())  # type: ignore[arg-type]


def loss(run: Run) -> tuple[float, float]:
    """People of all provinces together at the first and the last year; (nan, nan) where the pack has none."""
    found = list(people(run).values())
    return (sum(a for a, _ in found), sum(b for _, b in found)) if found else (np.nan, np.nan)


def city_change(run: Run) -> tuple[float, float]:
    """Relative change of the city's people between the years of `region`: in the run, and by the pack's censuses."""
    first, last = (f"{y}{run.base[4:]}" for y in years(run))
    inside = run.base <= first and last <= run.until
    model = run.at("population", last) / run.at("population", first) - 1 if inside else np.nan
    table = run.inputs("population.csv")
    if table.is_empty():
        return model, np.nan
    table = table.with_columns(pl.col("year", "persons").cast(pl.Int64))
    a, b = (float(table.filter(pl.col("year") == y)["persons"].sum()) for y in years(run))
    return model, b / a - 1 if a and b else np.nan


def about(run: Run) -> str:
    """The section's text: what the provinces lost, and the city beside them."""
    text = "Context: the places outside are paths of the pack, not simulated."
    if people(run):
        (first, last), (start, end) = years(run), loss(run)
        model, census = city_change(run)
        inner = [f"{words.percent(model)} in this run"] if np.isfinite(model) else []
        inner += [f"{words.percent(census)} by its own censuses"] if np.isfinite(census) else []
        text = (
            f"The censuses count {start / 1e6:.1f} million people in {words.listed(list(people(run)))} in {first} and"
            f" {end / 1e6:.1f} million in {last}: {abs(end - start) / 1e6:.1f} million {'fewer' if end < start else 'more'}"
            f" ({words.change(start, end)}). The city changed by {words.listed(inner)}. {text}"
        )
    return text + (
        " People weigh pay, rent, prices and the chance of work there against home: a place that pays more draws more."
    )
