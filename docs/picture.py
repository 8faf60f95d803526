"""Draws docs/images/hegang.svg from a run folder: python docs/picture.py runs/hegang-baseline-s1"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt
import polars as pl

import krimp

INK, SOFT, GRID, PAGE = "#20262d", "#68707a", "#e2e4e1", "#fbfaf7"
BLUE, RED, GREEN, GOLD = "#2b6390", "#cd5a35", "#5f8f47", "#c29319"


def main(folder: Path, target: Path) -> None:
    """Six charts of the run in `folder`, as one SVG."""
    run = krimp.open_run(folder)
    city = run.series.filter(pl.col("district") == "city")
    wide = city.pivot(on="variable", index="month", values="value").sort("month")
    yearly = (
        wide.group_by(pl.col("month").dt.year().alias("year"))
        .agg(
            pl.len().alias("months"),
            *(pl.col(v).sum() for v in ("own_revenue", "general_expenditure", "transfers")),
        )
        .filter(pl.col("months") == 12)
        .sort("year")
    )
    plt.rcParams.update({
        "svg.fonttype": "none", "svg.hashsalt": "krimp", "font.family": "sans-serif", "font.size": 9,
        "axes.edgecolor": SOFT, "axes.labelcolor": SOFT, "text.color": INK, "xtick.color": SOFT, "ytick.color": SOFT,
        "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False, "ytick.major.size": 0,
        "axes.grid": True, "axes.grid.axis": "y", "grid.color": GRID, "axes.axisbelow": True, "lines.linewidth": 1.8,
        "axes.titlelocation": "left", "axes.titlesize": 10, "axes.titleweight": "bold",
        "figure.facecolor": PAGE, "axes.facecolor": PAGE, "legend.frameon": False, "legend.fontsize": 8,
    })  # fmt: skip
    figure, axes = plt.subplots(2, 3, figsize=(10.4, 5.0))
    people, homes, price, dusk, budget, debt = axes.flat
    month = wide["month"]

    people.plot(month, wide["population"] / 1e3, color=BLUE, label="people")
    people.plot(month, wide["households"] / 1e3, color=GREEN, label="households")
    _title(people, "People and households, thousands")
    homes.plot(month, 100 * wide["vacancy_rate"], color=RED, label="vacant")
    _title(homes, "Vacant homes, %", legend=False)
    price.plot(month, wide["median_ask_m2"], color=RED, label="asked")
    price.plot(month, wide["median_sale_m2"].replace(0.0, None), color=GOLD, lw=1.0, label="paid")
    _title(price, "Median price, yuan per m²")
    dusk.plot(month, 100 * wide["lit_dwelling_share"], color=GOLD)
    _title(dusk, "Homes with light at dusk, %", legend=False)
    budget.plot(yearly["year"], yearly["general_expenditure"] / 1e9, color=RED, label="spending")
    budget.plot(yearly["year"], yearly["transfers"] / 1e9, color=SOFT, label="transfers")
    budget.plot(yearly["year"], yearly["own_revenue"] / 1e9, color=GREEN, label="own revenue")
    _title(budget, "The city's budget, bn yuan a year")
    debt.plot(month, wide["debt"] / 1e9, color=BLUE, label="official debt")
    debt.plot(month, wide["payables"] / 1e9, color=RED, label="unpaid bills")
    _title(debt, "Owed by the city, bn yuan")
    about = run.manifest
    figure.suptitle(
        f"{about['city'].capitalize()}, scenario {about['scenario']}, one run (seed {about['settings']['seed']})",
        x=0.012, ha="left", fontsize=9, color=SOFT,
    )  # fmt: skip
    figure.tight_layout()
    target.parent.mkdir(exist_ok=True)
    figure.savefig(target, metadata={"Date": None})


def _title(axes: plt.Axes, text: str, legend: bool = True) -> None:
    axes.set_title(text)
    axes.set_ylim(bottom=0)
    axes.locator_params(axis="y", nbins=5)
    if legend:
        axes.legend(loc="best")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parent / "images" / "hegang.svg")
