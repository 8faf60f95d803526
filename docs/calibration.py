"""Writes the two tables of `docs/calibration.md` anew from the shipped posteriors and one run with each.

python docs/calibration.py
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import polars as pl

from krimp.engine.month import all_parameters
from krimp.engine.run import Settings, execute
from krimp.intake import load_city
from krimp.study.draws import read_posterior

ROWS = {
    "population": "population", "0-14": "population_0_14", "15-59": "population_15_59",
    "60 and over": "population_60_plus", "65 and over": "population_65_plus", "15-19": "population_15_19",
    "20-24": "population_20_24", "25-29": "population_25_29", "30-34": "population_30_34",
    "family households": "census_households", "persons per household": "census_household_size",
    "one-person households": "census_one_person_households",
    "people in collective households": "census_collective_population",
    "six districts together": "population_urban_districts", "Luobei": "population@luobei", "Suibin": "population@suibin",
    "jobs (not fitted)": "jobs", "mining jobs (not fitted)": "mining_jobs", "farm jobs (not fitted)": "farm_jobs",
    "floor area per person (not fitted)": "floor_area_per_person", "rented share (not fitted)": "rented_share",
}  # fmt: skip


def run(draws: dict[str, float]) -> dict[str, float]:
    """November 2020 of one run at 1/10, seed 1: variable[@district] -> value."""
    with tempfile.TemporaryDirectory() as folder:
        asked = Settings("hegang", until="2020-11", scale="1/10", draws=draws, events=False, tables=False)
        series = pl.read_parquet(execute(asked, Path(folder) / "run") / "series.parquet")
    last = series.filter(pl.col("month") == series["month"].max())
    return {
        v if d == "city" else f"{v}@{d}": value
        for v, d, value in last.select("variable", "district", "value").iter_rows()
    }


def main() -> None:
    """Both tables."""
    pack = load_city("hegang")
    fitted, others = (read_posterior(pack.path / f"{name}.csv") for name in ("posterior", "prior"))
    priors = {p.name: p.prior for p in all_parameters()}
    point = fitted.point()
    lines = [
        "| parameter | declared prior | other prefectures: middle 80% | posterior: point, middle 80% |",
        "|---|---|---|---|",
    ]
    for name in fitted.frame.columns:
        low, high = (fitted.frame[name].quantile(q) for q in (0.1, 0.9))
        if name in others.frame.columns:
            elsewhere = " to ".join(f"{others.frame[name].quantile(q):.3g}" for q in (0.1, 0.9))
        else:
            elsewhere = "as declared"
        lines.append(
            f"| `{name}` | {priors[name]} | {elsewhere} | {point[name]:.3g}, {low:.3g} to {high:.3g} |"
        )
    table = pack.tables["observed"].filter(pl.col("date") == "2020-11")
    census = {
        v if not d else f"{v}@{d}": value
        for v, d, value in table.select("variable", "district", "value").iter_rows()
    }
    ours, theirs = run(point), run(others.point())
    off = ["| | census | posterior | other prefectures only |", "|---|---|---|---|"]
    for label, key in ROWS.items():
        seen = float(census[key])
        shown = f"{seen:,.0f}" if seen > 1000 else f"{seen:.3g}"
        off.append(f"| {label} | {shown} | {ours[key] / seen - 1:+.1%} | {theirs[key] / seen - 1:+.1%} |")
    page = Path(__file__).parent / "calibration.md"
    text = page.read_text()
    for block, heading in ((lines, r"\| parameter \|"), (off, r"\| \| census \|")):
        text = re.sub(heading + r".*?(?=\n\n)", lambda _, b=block: "\n".join(b), text, count=1, flags=re.S)
    page.write_text(text)


if __name__ == "__main__":
    main()
