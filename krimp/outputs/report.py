"""`write_report(runs, path)`: one self-contained HTML page with plots, tables, parameters and sources."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from krimp.outputs import plots, region, region_plots, words
from krimp.outputs.books import final_accounts, flow_matrix, funders, sector_balances
from krimp.outputs.folder import CITY, Run, RunError, open_run
from krimp.outputs.observed import FLOWS, Beside, beside, value_at
from krimp.outputs.plots import Plot

PROCESSES = Path(__file__).resolve().parent.parent / "processes"


def write_report(
    runs: Sequence[Run | str | Path] | Run | str | Path, path: str | Path | None = None, year: int | None = None,
    claims: str | Path | list[dict[str, Any]] | None = None,
) -> Path:  # fmt: skip
    """Write the page of one run, or of several laid over each other, and return its path.

    `year` is the year of the flow matrix; `claims` the output of `krimp claims --json` (a file or a list; by default
    claims.json in the first run's folder, if there). RunError when a run has nothing to report.
    """
    given = [runs] if isinstance(runs, (Run, str, Path)) else list(runs)
    opened = [open_run(r) for r in given]
    if not opened:
        raise RunError("no run to report on")
    for run in opened:
        if not run.has("series.parquet"):
            raise RunError(
                f"{run.path}: the run is {run.status} and has no series yet; krimp resume {run.path} goes on"
            )
    target = Path(path) if path is not None else opened[0].path / "report.html"
    page = render(opened, year, _claims(opened[0], claims))
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    temporary.write_text(page, encoding="utf-8")
    os.replace(temporary, target)
    return target


#: `krimp.report` of the Python interface.
report = write_report


def render(runs: Sequence[Run], year: int | None = None, claims: Sequence[dict[str, Any]] = ()) -> str:
    """The page as text."""
    from jinja2 import Environment, FileSystemLoader

    env = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    env.filters.update(number=words.number, percent=words.percent, plain=words.plain, seconds=words.seconds,
                       size=words.size, change=words.change)  # fmt: skip
    run = runs[0]
    rows = beside(run, all_rows=True)
    comparable = [b for b in rows if math.isfinite(b.model)]
    matrix_year = _matrix_year(run, year)
    return env.get_template("report.html.jinja").render(
        run=run, runs=runs, light=plots.css_variables(0), dark=plots.css_variables(1), lead=lead(run), cards=cards(run),
        facade=_facade(run), sections=sections(runs, rows), styles=_styles(runs), observed=comparable,
        not_compared=len(rows) - len(comparable), people=people_balance(run),
        matrix=flow_matrix(run, matrix_year) if matrix_year else None, year=matrix_year,
        accounts=final_accounts(run), funders=funders(run), balances=sector_balances(run), claims=claims, sentences=sentences(run, claims), parameters=_parameters(runs),
        sources=run.inputs("sources.csv").to_dicts(), settings=_settings(run),
        wall=sorted(run.manifest.get("wall", {}).items(), key=lambda item: -float(item[1])),
        fired=sorted(run.manifest.get("fired", {}).items()),
    )  # fmt: skip


# -- words and key figures


def lead(run: Run) -> list[str]:
    """What happened, in a few plain sentences."""
    out = []
    first, last = words.month_words(run.months[0]), words.month_words(run.months[-1])
    people = run.line("population") if run.has_series("population") else []
    if people:
        verb = "shrank" if people[-1] < people[0] else "grew"
        out.append(
            f"Between {first} and {last} the simulated city {verb} from {people[0]:,.0f} to {people[-1]:,.0f} people"
            f" ({words.change(people[0], people[-1])})."
        )
    totals = {
        v: float(np.nansum(run.line(v)))
        for v in ("births", "deaths", "out_migrants", "in_migrants")
        if run.has_series(v)
    }
    if len(totals) == 4:
        out.append(
            f"In that time {totals['births']:,.0f} were born and {totals['deaths']:,.0f} died, {totals['out_migrants']:,.0f}"
            f" left and {totals['in_migrants']:,.0f} came or came back."
        )
    if run.has_series("vacancy_rate"):
        ask = run.line("median_ask_m2")[-1] if run.has_series("median_ask_m2") else math.nan
        price = (
            f"; half of the homes on offer ask less than {words.number(ask)} {run.currency} a square metre"
            if math.isfinite(ask)
            else ""
        )
        out.append(
            f"At the end {words.percent(run.line('vacancy_rate')[-1])} of {words.number(run.line('dwellings')[-1])} homes"
            f" stand empty, against {words.percent(run.line('vacancy_rate')[0])} at the start{price}."
        )
    years = run.full_years()
    if years and all(run.has_series(v) for v in ("own_revenue", "transfers", "general_expenditure", "debt")):
        y = years[-1]
        out.append(
            f"In {y} the city earned {words.number(run.year('own_revenue', y))} {run.currency} itself, was given"
            f" {words.number(run.year('transfers', y))} by the governments above it and spent"
            f" {words.number(run.year('general_expenditure', y))}; its official debt stood at"
            f" {words.number(run.at('debt', f'{y}-12'))}."
        )
    return out


def cards(run: Run) -> list[dict[str, str]]:
    """Key figures with a small trend."""
    wanted = (
        ("people", "population", "n"), ("aged 65 and over", "population_65_plus", "n"), ("households", "households", "n"),
        ("homes empty", "vacancy_rate", "p"), ("median ask a m2", "median_ask_m2", "n"),
        ("cheapest homes (1%)", "ask_total_p01", "n"), ("official debt", "debt", "n"), ("jobs", "jobs", "n"),
    )  # fmt: skip
    out = []
    for i, (label, variable, kind) in enumerate(wanted):
        if not run.has_series(variable):
            continue
        line = run.line(variable)
        value = words.percent(line[-1]) if kind == "p" else words.number(line[-1])
        since = (
            f"{words.percent(line[0])} at the start"
            if kind == "p"
            else f"{words.change(line[0], line[-1])} since the start"
        )
        if variable == "ask_total_p01" and (euro := run.euro(line[-1])) is not None:
            since = f"{euro:,.0f} euro"
        out.append({"label": label, "value": value, "since": since, "svg": plots.spark(line, plots.C[i % 6])})
    return out


def _facade(run: Run) -> str:
    if not run.has_series("lit_share"):
        return ""
    line = [v for v in run.line("lit_share") if math.isfinite(v)]
    if not line:
        return ""
    return plots.facade(
        line[0], line[-1], words.month_words(run.months[0]), words.month_words(run.months[-1])
    )


# -- plots


def sections(runs: Sequence[Run], rows: Sequence[Beside]) -> list[dict[str, Any]]:
    """Title, anchor, text and plots of each part of the page; plots that a run has no data for are left out."""
    run = runs[0]
    parts: list[tuple[str, str, str, str, Sequence[Plot | None]]] = [
        ("People", "people", "three", "Shapes are the run, outlines the census.", pyramids(runs)),
        ("", "people", "", "", people_plots(runs, rows)),
        ("Homes and prices", "homes", "", "", home_plots(runs, rows)),
        ("The city's books", "books", "", f"All amounts in {run.currency}; years are calendar years.",
         money_plots(runs, rows)),
        ("Heating, buses, wages, schools", "services", "", "One means that all that was due was delivered.",
         service_plots(runs)),
        ("Work, shops, cost of living", "work", "", "", work_plots(runs, rows)),
        ("The region around it", "region", "", region.about(run), region_plots.drawn(runs)),
        ("District by district", "districts", "small", "People relative to the first month, share of empty homes, and the"
         " median asking price per square metre; the same scales everywhere.", district_plots(runs)),
    ]  # fmt: skip
    out: list[dict[str, Any]] = []
    for title, anchor, grid, text, found in parts:
        kept = [p for p in found if p is not None]
        if kept:
            first = not any(s["id"] == anchor for s in out)
            out.append(
                {
                    "title": title or ("People" if first else ""),
                    "id": anchor,
                    "text": text,
                    "plots": kept,
                    "grid": grid,
                }
            )
    return out


def pyramids(runs: Sequence[Run]) -> list[Plot | None]:
    """Pyramids at the base, at later census months that the pack knows, and at the end."""
    run = runs[0]
    census = census_tables(run)
    wanted: list[tuple[str, dict[str, np.ndarray] | None]] = []
    for year, counted in census.items():
        month = f"{year}{run.base[4:]}"
        if run.base <= month <= run.until:
            wanted.append((month, counted))
    if not any(month == run.base for month, _ in wanted):
        wanted.insert(0, (run.base, None))
    if wanted[-1][0] != run.until:
        wanted.append((run.until, None))
    found = []
    for month, table in wanted:
        each = [ages_of(r, month) for r in runs]
        found.append((month, table, each))
    if not found or found[0][2][0] is None:
        return []
    tops = [
        float(max(t["male"].max(), t["female"].max()))
        for _, table, each in found
        for t in (table, *each)
        if t is not None
    ]
    top = max(tops) * 1.06
    out: list[Plot | None] = []
    for month, table, each in found:
        if each[0] is not None:
            others = [e for e in each[1:] if e is not None]
            out.append(plots.pyramid(each[0], table, words.month_words(_day(month)), top, others))
    return out


def census_tables(run: Run) -> dict[int, dict[str, np.ndarray]]:
    """Persons by sex and five-year age of each census in the pack's population table."""
    table = run.inputs("population.csv")
    out: dict[int, dict[str, np.ndarray]] = {}
    if table.is_empty():
        return out
    for row in table.iter_rows(named=True):
        try:
            year, low, persons = int(row["year"]), int(row["age_from"]), float(row["persons"])
            high = int(row["age_to"]) if row["age_to"] else 120
        except (TypeError, ValueError, KeyError):
            continue
        bands = out.setdefault(year, {"female": np.zeros(len(plots.AGES)), "male": np.zeros(len(plots.AGES))})
        top = plots.AGES[-1]
        start, stop = min(low, top), min(max(high, low), top + 4)
        for age in range(start, stop + 1):  # a band wider than five years is spread evenly
            bands[row["sex"]][min(age, top) // 5] += persons / (stop - start + 1)
    return dict(sorted(out.items()))


def ages_of(run: Run, month: str) -> dict[str, np.ndarray] | None:
    """Residents by sex and five-year age in a month: from a snapshot, else rebuilt from the final table.

    Rebuilt means: born, not dead or gone, and already here by that month; those who left and came back later are
    missing then. None when the run kept no tables.
    """
    if month in run.snapshots:
        frame = run.table("persons", month).filter(pl.col("state").cast(pl.String) == "resident")
    elif not run.has("persons.parquet"):
        return None
    else:
        day = _day(month)
        frame = run.persons.filter(
            (pl.col("birth") <= day)
            & ((pl.col("state").cast(pl.String) == "resident") | (pl.col("left") > day))
            & (pl.col("came").is_null() | (pl.col("came") <= day))
        )
    number = int(month[:4]) * 12 + int(month[5:7])
    age = (number - (pl.col("birth").dt.year().cast(pl.Int32) * 12 + pl.col("birth").dt.month())) // 12
    counts = (
        frame.select(band=(age // 5).clip(0, len(plots.AGES) - 1), sex=pl.col("sex").cast(pl.String))
        .group_by("band", "sex").len()
    )  # fmt: skip
    out = {"female": np.zeros(len(plots.AGES)), "male": np.zeros(len(plots.AGES))}
    for band, sex, count in counts.iter_rows():
        out[sex][band] = count * run.weight
    return out


def people_plots(runs: Sequence[Run], rows: Sequence[Beside]) -> list[Plot | None]:
    """Population and its components, ages, households, migration by age."""
    run = runs[0]
    return [
        plots.lines(runs, [("population", "people"), ("registered_population", "registered here")], "Population",
                    observed=rows),
        plots.yearly_bars(run, [("births", "born"), ("in_migrants", "came or came back")],
                          [("deaths", "died"), ("out_migrants", "left")], "What changed it, people a year", "balance"),
        plots.stacked(run, [("population_0_14", "0-14"), ("population_15_59", "15-59"),
                            ("population_60_plus", "60 and over")], "People by age"),
        plots.by_age(migration_by_age(run), "Moves across the border by age, people a year",
                     "Leavers below the line, comers above."),
        plots.lines(runs, [("households", "households"), ("census_households", "as a census counts"),
                           ("one_person_households", "of one person")], "Households", observed=rows),
        plots.lines(runs, [("mean_household_size", "in the run"), ("census_household_size", "as a census counts")],
                    "Persons per household", zero=False, observed=rows),
    ]  # fmt: skip


MOVES = {
    "out_migration": "left",
    "student_exit": "students left",
    "return": "came back",
    "arrival": "new arrivals",
}


def migration_by_age(run: Run) -> list[tuple[str, np.ndarray]]:
    """Persons a year by single year of age for each kind of move, from the event log."""
    if not run.has_events or not run.has("persons.parquet"):
        return []
    years = max(len(run.months) - 1, 1) / 12
    births = run.persons.lazy().select(person="id", birth="birth")
    number = pl.col("month").dt.year().cast(pl.Int32) * 12 + pl.col("month").dt.month()
    born = pl.col("birth").dt.year().cast(pl.Int32) * 12 + pl.col("birth").dt.month()
    counts = (
        run.scan_events()
        .filter(pl.col("event").cast(pl.String).is_in(list(MOVES)) & (pl.col("person") > 0))
        .select("month", pl.col("event").cast(pl.String), pl.col("person").cast(pl.UInt32))
        .join(births, on="person", how="inner")
        .select("event", age=((number - born) // 12).clip(0, 99))
        .group_by("event", "age").len().collect()
    )  # fmt: skip
    out = []
    for event, text in MOVES.items():
        values = np.zeros(100)
        for age, count in counts.filter(pl.col("event") == event).select("age", "len").iter_rows():
            values[age] = count * run.weight / years
        out.append((text, values))
    return out


def home_plots(runs: Sequence[Run], rows: Sequence[Beside]) -> list[Plot | None]:
    """Stock by use, vacancy, prices, building, lit windows by building age, resettlement."""
    run = runs[0]
    uses = [("owner_occupied", "owners"), ("rented", "tenants"), ("hostel", "hostels"), ("second_home", "second homes"),
            ("vacant", "empty")]  # fmt: skip
    return [
        plots.stacked(run, uses, "Homes by use"),
        plots.lines(runs, [("vacancy_rate", "empty homes"), ("lit_share", "windows lit at dusk"),
                           ("lit_dwelling_share", "homes with a light")], "Empty homes and lit windows", "share",
                    observed=rows),
        plots.lines(runs, [("median_ask_m2", "asked"), ("median_sale_m2", "paid")],
                    f"Price of a square metre, {run.currency}", observed=rows),
        plots.lines(runs, [("ask_total_p50", "median home on offer"), ("ask_total_p01", "cheapest 1%")],
                    f"Asking price of a home, {run.currency}", observed=rows),
        plots.lines(runs, [("listed", "on offer"), ("listed_vacant", "empty and on offer"),
                           ("held_dark", "empty, kept off the market"), ("abandoned", "given up")],
                    "Homes on offer, held back or given up", observed=rows),
        plots.lines(runs, [("price_to_replacement_cost", "price / cost")], "Price against the cost of building anew",
                    observed=rows),
        plots.yearly_bars(run, [("completions", "completed")], [("demolitions", "pulled down")],
                          "Building and demolition, homes a year", line=[("starts", "started")], runs=runs),
        plots.yearly_bars(run, [("sales", "sold")], [], "Homes sold a year",
                          line=[("sales_new", "of them new"), ("sales_to_outsiders", "to outsiders")], runs=runs),
        time_on_market(run, rows),
        lit_by_age(run),
        plots.lines(runs, [("resettlement_offers", "offers a month"), ("resettled_households", "households moved a month"),
                           ("holdouts", "still holding out")], "Resettlement"),
        plots.lines(runs, [("neighbours_left", "per hold-out")], "Neighbours left to those who hold out"),
        plots.lines(runs, [("rent_m2", "rent")], f"Rent of a square metre, {run.currency} a month", observed=rows),
    ]  # fmt: skip


def time_on_market(run: Run, rows: Sequence[Beside]) -> Plot | None:
    """How long homes that sold had been on offer, and how long the board would last at the pace of the last year."""
    if not all(run.has_series(v) for v in ("months_on_market", "listed", "sales")):
        return None
    sold = np.array(run.line("sales"))
    year = np.array([sold[max(i - 11, 0) : i + 1].mean() for i in range(len(sold))])
    year[:12] = np.nan  # no whole year yet
    with np.errstate(divide="ignore", invalid="ignore"):
        lasts = np.where(year > 0, np.array(run.line("listed")) / year, np.nan)
    fig, ax = plots.figure(plots.HALF)
    ax.plot(
        run.months,
        run.line("months_on_market"),
        color=plots.C[0],
        label="homes that sold, since first offered",
    )
    ax.plot(run.months, lasts, color=plots.C[1], label="homes on offer over homes sold a month")
    plots.marks(ax, [r for r in rows if r.variable == "months_of_supply" and r.district == CITY], plots.C[1])
    plots.dress(ax)
    return plots.drawing(
        fig,
        "Time on the market, months",
        "Who does not sell stays on the board: homes that sold tell little of those that do not.",
    )


def lit_by_age(run: Run) -> Plot | None:
    """Share of lit windows and of occupied homes by decade of construction."""
    if not run.has("buildings.parquet"):
        return None
    frame = run.buildings
    if not {"built", "lit", "windows", "units", "occupied", "state"} <= set(frame.columns):
        return None
    groups = (
        frame.filter((pl.col("state").cast(pl.String) == "complete") & (pl.col("windows") > 0))
        .with_columns(span=pl.col("built").dt.year() // 10 * 10)
        .group_by("span")
        .agg(pl.col("lit", "windows", "units", "occupied").cast(pl.Int64).sum())
        .sort("span")
        .filter(pl.col("units") > 0)
    )
    if groups.is_empty() or groups["lit"].sum() == 0:
        return None
    labels = [f"{s}s" for s in groups["span"]]
    lit = (groups["lit"] / groups["windows"]).to_list()
    lived = (groups["occupied"] / groups["units"]).to_list()
    return plots.grouped_bars(
        labels, [("windows lit", lit), ("homes lived in", lived)], "Light by age of the building",
        "Buildings standing at the end, by the decade in which they were built.",
    )  # fmt: skip


def money_plots(runs: Sequence[Run], rows: Sequence[Beside]) -> list[Plot | None]:
    """Budget, debt, land, taxes and the pandemic, interest."""
    run = runs[0]
    return [
        plots.yearly_bars(run, [("own_revenue", "own revenue"), ("transfers", "transfers"), ("bailout", "bail-out")], [],
                          "General budget: in and out", line=[("general_expenditure", "spent")], runs=runs),
        plots.lines(runs, [("debt", "official debt"), ("hidden_debt", "hidden debt"), ("payables", "unpaid bills"),
                           ("advances_upper", "advances from above"), ("cash", "cash")], "Debt and cash", observed=rows),
        plots.yearly_bars(run, [("funding_shortfall", "shortfall")], [], "What each year's duties left unfunded",
                          line=[("commitments", "all commitments")], runs=runs),
        plots.yearly_bars(run, [("land_revenue", "to developers"), ("land_revenue_platform", "to the city's platform")],
                          [], "Land sold"),
        plots.yearly_bars(run, [("tax_revenue", "taxes kept")], [], "Taxes, and what the pandemic took",
                          line=[("pandemic_cost", "pandemic bill"), ("tax_relief", "tax relief")], runs=runs),
        plots.lines(runs, [("interest_share_general", "interest / general budget"),
                           ("interest_share_fund", "interest / fund budget"), ("restructuring", "restructuring (100% = on)")],
                    "Weight of interest; restructuring", "share"),
    ]  # fmt: skip


def service_plots(runs: Sequence[Run]) -> list[Plot | None]:
    """Heat, buses, wages, schools."""
    return [
        _heat(runs),
        plots.lines(runs, [("bus_share", "share of normal service")], "Buses running", "share"),
        plots.lines(runs, [("wage_arrears_months", "months overdue")], "Public wages overdue, months"),
        plots.lines(runs, [("school_places", "places"), ("pupils", "pupils")], "Schools"),
    ]


def _heat(runs: Sequence[Run]) -> Plot | None:
    run = runs[0]
    names = [d for d in run.districts if run.has_series("heat_share", d)]
    if not names:
        return plots.lines(runs, [("heat_share", "share of due heat")], "Heat delivered", "share")
    fig, ax = plots.figure()
    ranked = sorted(names, key=lambda d: np.nanmin(run.line("heat_share", d)))
    for i, district in enumerate(ranked[:6]):
        ax.plot(
            run.months,
            run.line("heat_share", district),
            color=plots.C[i],
            label=run.districts[district],
            linewidth=1.4,
        )
    plots.dress(ax, "share")
    ax.set_ylim(-0.02, 1.06)
    return plots.drawing(
        fig, "Heat delivered", "The districts with the worst months." if len(names) > 6 else ""
    )


def work_plots(runs: Sequence[Run], rows: Sequence[Beside]) -> list[Plot | None]:
    """Jobs, wages, shops, cost of living."""
    run = runs[0]
    kinds = [
        (f"{k}_jobs", text)
        for k, text in (("mining", "mine"), ("farm", "farms"), ("public", "public"), ("shop", "shops"))
    ]
    return [
        plots.lines(runs, [("jobs", "all jobs"), *kinds], "Jobs", observed=rows),
        plots.lines(runs, [("unemployment_rate", "unemployed")], "Unemployment", "share", observed=rows),
        plots.lines(runs, [("mean_wage", "mean wage")], f"Mean wage, {run.currency} a month", observed=rows),
        plots.yearly_bars(run, [("shop_openings", "opened")], [("shop_closures", "closed")], "Shops opened and closed a year",
                          "balance"),
        shops_by_kind(run),
        plots.lines(runs, [("cost_of_living", "cost of living"), ("traffic_index", "traffic")],
                    "Cost of living and traffic, start = 1", zero=False),
        plots.lines(runs, [("consumption", "consumption"), ("pension_income", "pensions")],
                    f"Spending and pensions, {run.currency} a month"),
    ]  # fmt: skip


def shops_by_kind(run: Run) -> Plot | None:
    """Open shops by kind: founders who never left, and founders who came back or came new."""
    frame = run.shops
    if frame.is_empty():
        return None
    open_now = frame.filter(pl.col("state").cast(pl.String) == "open").select(
        kind=pl.col("kind").cast(pl.String), comer=pl.col("founder_origin").cast(pl.String) != "here"
    )
    counts = (
        open_now.group_by("kind")
        .agg(n=pl.len(), comers=pl.col("comer").sum())
        .sort("n", "kind", descending=[True, False])
    )
    if counts.is_empty():
        return None
    labels = [words.plain(k) for k in counts["kind"]]
    stay = [(n - c) * run.weight for n, c in zip(counts["n"], counts["comers"], strict=True)]
    came = [c * run.weight for c in counts["comers"]]
    fig, ax = plots.figure(left=1.0)
    y = np.arange(len(labels))[::-1]
    ax.barh(y, stay, 0.7, color=plots.C[0], label="always lived here", linewidth=0)
    ax.barh(y, came, 0.7, left=stay, color=plots.LIT, label="came or came back", linewidth=0)
    ax.set_yticks(y, labels)
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=True)
    ax.xaxis.set_major_formatter(lambda v, _: plots.short(v))
    ax.tick_params(labelsize=9)
    return plots.drawing(
        fig, "Shops by founder", "Open at the end, by kind and by where the founder came from."
    )


def district_plots(runs: Sequence[Run]) -> list[Plot | None]:
    """A card for each district with common scales."""
    run = runs[0]
    limits: dict[str, tuple[float, float]] = {}
    for variable in ("population", "vacancy_rate", "median_ask_m2"):
        each = [
            plots.district_line(r, variable, d)
            for r in runs
            for d in r.districts
            if r.has_series(variable, d)
        ]
        known = np.concatenate([e[np.isfinite(e)] for e in each]) if each else np.zeros(0)
        if len(known):
            low = float(known.min()) * 0.95 if variable == "population" else 0.0
            limits[variable] = (low, max(float(known.max()) * 1.06, low + 1e-6))
    if not limits:
        return []
    return [plots.district_card(runs, d, name, limits) for d, name in run.districts.items()]


# -- tables


def people_balance(run: Run) -> list[dict[str, Any]]:
    """Calendar years: people at the start, births, deaths, comers, leavers, people at the end, and the residual (0)."""
    out: list[dict[str, Any]] = []
    need = ("population", "births", "deaths", "in_migrants", "out_migrants")
    if not all(run.has_series(v) for v in need):
        return out
    for year in run.full_years():
        start, end = run.at("population", f"{year - 1}-12"), run.at("population", f"{year}-12")
        flows = {v: run.year(v, year) for v in need[1:]}
        rest = end - (
            start + flows["births"] - flows["deaths"] + flows["in_migrants"] - flows["out_migrants"]
        )
        back = run.year("returnees", year) if run.has_series("returnees") else math.nan
        students = run.year("student_leavers", year) if run.has_series("student_leavers") else math.nan
        out.append(
            {
                "year": year,
                "start": start,
                **flows,
                "returnees": back,
                "students": students,
                "end": end,
                "rest": rest,
            }
        )
    return out


def sentences(run: Run, claims: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The pack's claims: meaning, kind, where it is in the code, what the data say, what the run shows, the verdict."""
    table = run.inputs("claims.csv")
    if table.is_empty():
        return []
    verdicts = {str(c.get("id")): c for c in claims}
    owners = series_owners()
    out = []
    for row in table.iter_rows(named=True):
        variable = row.get("variable") or ""
        named = re.findall(r"[a-z][a-z0-9_]+", variable)
        places = (row.get("code") or "").split() or list(
            dict.fromkeys(owners[w] for w in named if w in owners)
        )
        found = verdicts.get(str(row.get("id")), {})
        data = row.get("data") or row.get("value") or ""
        out.append({
            "id": row.get("id") or "", "text": row.get("text") or words.plain(row.get("id") or ""), "kind": row.get("kind") or "",
            "places": places, "data": _as_number(data),
            "unit": "" if row.get("data") else row.get("unit") or "",
            "shows": _over_runs(found) or _in_run(run, variable, row.get("month") or run.until),
            "verdict": found.get("verdict") or "", "basis": found.get("basis") or "", "reason": found.get("reason") or "", "shown": row.get("shown") or variable, "cause": row.get("cause") or "",
        })  # fmt: skip
    return out


def _over_runs(found: dict[str, Any]) -> str:
    if found.get("median") is None:
        return ""
    middle = words.number(float(found["median"]))
    if found.get("low") is None or found.get("high") is None:
        return middle
    return f"{middle} ({words.number(float(found['low']))} to {words.number(float(found['high']))})"


def _in_run(run: Run, variable: str, date: str) -> str:
    """What this one run shows of a claim's variable: its value then, or a flow's total over the run."""
    top, _, bottom = variable.partition("/")
    if not run.has_series(top):
        return ""
    if bottom:
        below = value_at(run, bottom, date)
        return f"this run: {words.number(value_at(run, top, date) / below)}" if below else ""
    if top in FLOWS and len(date) >= 7:
        return f"this run: {words.number(float(np.nansum(run.line(top))))} in all"
    value = value_at(run, top, date)
    return f"this run: {words.number(value)}" if math.isfinite(value) else ""


def _as_number(text: str) -> str:
    try:
        return words.number(float(text))
    except (TypeError, ValueError):
        return text or ""


def series_owners() -> dict[str, str]:
    """Series name to the file that owns it, read from the sources (nothing is imported or compiled)."""
    texts = {f"processes/{p.name}": p.read_text(encoding="utf-8") for p in sorted(PROCESSES.glob("*.py"))}
    out: dict[str, str] = {}
    for name, text in texts.items():
        for series in re.findall(r"Series\(\s*\"(\w+)\"", text):
            out[series] = name
    for name, text in texts.items():  # names that a loop turns into series
        start = text.find("SERIES")
        block = text[start : text.find("\n\n\n", start)] if start >= 0 else ""
        for series in re.findall(r"\"([a-z]\w+)\"", block):
            out.setdefault(series, name)
    return out


def _parameters(runs: Sequence[Run]) -> list[dict[str, Any]]:
    out = []
    for name, item in sorted(runs[0].manifest.get("parameters", {}).items()):
        values = [r.manifest.get("parameters", {}).get(name, {}).get("value") for r in runs]
        file, _, short = name.partition(".")
        source = str(item.get("source", ""))
        tag = re.match(r"\[(\w)\]\s*", source)
        out.append({
            "name": name, "file": file, "short": short, "values": [_exact(v) for v in values], "unit": item.get("unit", ""),
            "default": _exact(item.get("default")), "changed": item.get("default") is not None and item.get("value") != item.get("default"),
            "differs": len(set(values)) > 1, "prior": item.get("prior", ""), "tag": tag[1] if tag else "",
            "source": source[tag.end():] if tag else source, "doc": item.get("doc", ""),
        })  # fmt: skip
    return out


def _exact(value: Any) -> str:
    return f"{value:,.6g}" if isinstance(value, (int, float)) else "–" if value is None else str(value)


def _settings(run: Run) -> str:
    """The command that repeats the run."""
    return f"krimp run {run.path / 'run.json'} -o again"


def _styles(runs: Sequence[Run]) -> list[dict[str, str]]:
    names = ["solid", "dashed", "dotted", "dash-dot", "long dashes", "sparse dots"]
    return (
        [{"style": names[i % 6], "name": r.name, "path": str(r.path)} for i, r in enumerate(runs)]
        if len(runs) > 1
        else []
    )


def _claims(run: Run, given: str | Path | list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    if isinstance(given, list):
        return given
    place = Path(given) if given is not None else run.path / "claims.json"
    if not place.is_file():
        if given is not None:
            raise RunError(f"claims {place}: not found; krimp claims CITY --json > {place} writes it")
        return []
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise RunError(f"claims {place}: not valid JSON: {error}") from error
    if not isinstance(found, list):
        raise RunError(f"claims {place}: a list is expected, as krimp claims --json prints it")
    return found


def _matrix_year(run: Run, asked: int | None) -> int | None:
    years = run.full_years()
    if not run.has("ledger.parquet") or not years:
        return None
    if asked is not None and asked not in years:
        raise RunError(f"--year {asked}: allowed are the whole years of the run, {years[0]} to {years[-1]}")
    return asked or (2020 if 2020 in years else years[-1])


def _day(month: str) -> Any:
    from krimp.outputs.folder import to_date

    return to_date(month)
