"""Plots of the region around the city (`region`): people, the paths of the places outside beside home, the leavers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import polars as pl

from krimp.outputs import plots, words
from krimp.outputs.folder import Run, to_date
from krimp.outputs.plots import Plot
from krimp.outputs.region import city_change, people, years


def drawn(runs: Sequence[Run]) -> list[Plot | None]:
    """All plots of the section."""
    run = runs[0]
    return [
        _counted(run),
        _changes(run),
        _paths(run, "wage", "Pay here and elsewhere", f"{run.currency} a month, mean of those in work", 12.0,
               run.line("mean_wage") if run.has_series("mean_wage") else []),
        _paths(run, "rent", "Rent here and elsewhere", f"{run.currency} a square metre and month", 1.0,
               run.line("rent_m2") if run.has_series("rent_m2") else []),
        _paths(run, "jobs", "Chance of work here and elsewhere", "share of those who want work", 1.0,
               [1.0 - v for v in run.line("unemployment_rate")] if run.has_series("unemployment_rate") else []),
        plots.lines(runs, [("home_appeal", "home")], "What home offers against elsewhere",
                    note="Log of real income that staying is worth, start = 0; one tenth is about 10% of income."),
        _leavers(run),
    ]  # fmt: skip


def _counted(run: Run) -> Plot | None:
    found = people(run)
    if not found:
        return None
    first, last = years(run)
    return plots.grouped_bars(
        list(found), [(str(first), [a for a, _ in found.values()]), (str(last), [b for _, b in found.values()])],
        "People of the provinces", "Censuses.", "number",
    )  # fmt: skip


def _changes(run: Run) -> Plot | None:
    """Change between the censuses of provinces and other cities, with the city and the run between them."""
    bars = [(n, b / a - 1, plots.C[7]) for n, (a, b) in people(run).items()]
    if not bars:
        return None
    bars += [(n, b / a - 1, plots.C[0]) for n, (a, b) in people(run, "prefecture").items()]
    model, census = city_change(run)
    bars += [(f"{run.title}, census", census, plots.LIT)] if np.isfinite(census) else []
    bars += [(f"{run.title}, this run", model, plots.C[1])] if np.isfinite(model) else []
    bars.sort(key=lambda bar: bar[1])
    fig, ax = plots.figure(left=1.35)
    y = np.arange(len(bars))
    ax.barh(y, [v for _, v, _ in bars], 0.7, color=[c for _, _, c in bars], linewidth=0)
    ax.set_yticks(y, [n for n, _, _ in bars])
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=True)
    ax.xaxis.set_major_formatter(lambda v, _: f"{100 * v:g}%")
    ax.tick_params(labelsize=9)
    first, last = years(run)
    return plots.drawing(
        fig,
        f"Change of people, {first} to {last}",
        "Grey: provinces; blue: other prefectures of the province.",
    )


def _paths(run: Run, what: str, title: str, note: str, divisor: float, home: Sequence[float]) -> Plot | None:
    """A path of every place, and home's own."""
    table = run.inputs("drivers.csv")
    if table.is_empty():
        return None
    names = [
        v.removeprefix(f"{what}_")
        for v in table["variable"].unique(maintain_order=True)
        if v.startswith(f"{what}_")
    ]
    if not names:
        return None
    days = np.array([m.toordinal() for m in run.months])
    fig, ax = plots.figure()
    for i, name in enumerate(names):
        rows = table.filter(pl.col("variable") == f"{what}_{name}").sort("date")
        dates = [
            to_date(d).toordinal() if len(d) >= 7 else dt.date(int(d), 7, 1).toordinal() for d in rows["date"]
        ]
        path = np.interp(days, dates, rows["value"].cast(pl.Float64).to_numpy()) / divisor
        ax.plot(run.months, path, color=plots.C[i % 8], label=words.plain(name).capitalize())
    if len(home):
        ax.plot(run.months, home, color=plots.INK, linewidth=2.4, label="Home, this run")
    plots.dress(ax, zero=what != "jobs")
    return plots.drawing(fig, title, note[:1].upper() + note[1:] + ".")


def _leavers(run: Run) -> Plot | None:
    """Where those who are away went, by kind of place."""
    if not run.has("persons.parquet"):
        return None
    away = run.persons.filter(pl.col("state").cast(pl.String) == "gone")
    counts = (
        away.group_by(place=pl.col("place").cast(pl.String))
        .len()
        .filter(pl.col("place") != "here")
        .sort("len", "place")
    )
    if counts.is_empty():
        return None
    fig, ax = plots.figure(left=1.35)
    y = np.arange(counts.height)
    ax.barh(y, counts["len"].to_numpy() * run.weight, 0.7, color=plots.C[0], linewidth=0)
    ax.set_yticks(y, [words.plain(p).capitalize() for p in counts["place"]])
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=True)
    ax.xaxis.set_major_formatter(lambda v, _: plots.short(v))
    ax.tick_params(labelsize=9)
    return plots.drawing(fig, "Where those who left are", "People who are away at the end of the run.")
