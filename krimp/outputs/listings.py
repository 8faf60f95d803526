"""What is on offer: the broker's board of a run."""

from __future__ import annotations

import datetime as dt
import difflib
from pathlib import Path

import polars as pl

from krimp.outputs import screen, words
from krimp.outputs.folder import Run, RunError, open_run, to_date


def listings(
    run: Run | str | Path,
    month: str | None = None,
    max_price: float | None = None,
    district: str | None = None,
    rooms: int | None = None,
) -> pl.DataFrame:
    """Homes for sale in `month` (the last one by default), cheapest first, with price per m2 and in euro.

    Columns: month, dwelling, district, settlement, floor, floors, lift, rooms, area_m2, title, fitted, ask, ask_m2,
    ask_euro (null without a rate), months_listed. RunError names the months or districts that can be asked for.
    """
    opened = open_run(run)
    kept = opened.listing_months
    if not kept:
        raise RunError(f"{opened.path}: the run kept no listings, or nothing was on offer")
    day = to_date(month) if month else kept[-1]
    if day not in kept:
        raise RunError(
            f"month {month}: no listings; there are some for {kept[0]:%Y-%m} to {kept[-1]:%Y-%m}"
            if not kept[0] <= day <= kept[-1]
            else f"month {month}: nothing was on offer, or its listings were not kept"
        )
    frame = opened.listings(day)
    if district is not None:
        frame = frame.filter(pl.col("district").cast(pl.String) == district_id(opened, district))
    if rooms is not None:
        frame = frame.filter(pl.col("rooms") == rooms)
    if max_price is not None:
        frame = frame.filter(pl.col("ask") <= max_price)
    rate = opened.euro(1.0, f"{day:%Y-%m}")
    return (
        frame.with_columns(
            ask_m2=(pl.col("ask") / pl.col("area_m2")).round(0),
            ask_euro=pl.lit(None, pl.Float64) if rate is None else (pl.col("ask") * rate).round(0),
            months_listed=_months_between(day),
        )
        .sort("ask", "dwelling")
        .select(
            "month", "dwelling", "district", "settlement", "floor", "floors", "lift", "rooms", "area_m2", "title",
            "fitted", "ask", "ask_m2", "ask_euro", "months_listed",
        )
    )  # fmt: skip


def _months_between(day: dt.date) -> pl.Expr:
    since = pl.col("listed_since")
    return (day.year * 12 + day.month) - (
        since.dt.year().cast(pl.Int64) * 12 + since.dt.month().cast(pl.Int64)
    )


def district_id(run: Run, name: str) -> str:
    """The district's id from its id or name (case does not matter); RunError with near misses."""
    known = {key.lower(): key for key in run.districts} | {v.lower(): k for k, v in run.districts.items()}
    found = known.get(name.strip().lower())
    if found is None:
        near = difflib.get_close_matches(name.lower(), known, 1, 0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise RunError(f"district {name!r}: allowed are {', '.join(run.districts)}{hint}")
    return found


def board(run: Run | str | Path, frame: pl.DataFrame, limit: int = 25) -> None:
    """Print listings as a broker's board would show them."""
    opened = open_run(run)
    console = screen.console()
    if frame.is_empty():
        console.print("nothing on offer fits")
        return
    day = frame["month"][0]
    console.print(
        f"[bold]{opened.title}, {words.month_words(day)}[/bold]: {frame.height:,} homes on offer fit; prices in {opened.currency}"
    )
    wide = screen.width() >= 100
    extra = ("a m2", "months") if wide else ()
    table = screen.table(
        "where", "ask", "euro", "m2", "rooms", "floor", "lift", "deed", "fitted", *extra, "home"
    )
    shown = frame if limit == 0 else frame.head(limit)
    for row in shown.iter_rows(named=True):
        place = opened.settlements.get(str(row["settlement"]), {}).get("name") or words.plain(
            row["settlement"]
        )
        district = opened.districts.get(str(row["district"]), str(row["district"]))
        table.add_row(
            place if district.split()[0] in place else f"{place}, {district}",
            f"{row['ask']:,.0f}",
            f"{row['ask_euro']:,.0f}" if row["ask_euro"] is not None else "–",
            f"{row['area_m2']:.0f}",
            str(row["rooms"]),
            f"{row['floor']}/{row['floors']}",
            "yes" if row["lift"] else "no",
            {"full": "yes", "none": "no"}.get(str(row["title"]), words.plain(row["title"])),
            "yes" if row["fitted"] else "no",
            *((f"{row['ask_m2']:,.0f}", _text(row["months_listed"])) if wide else ()),
            str(row["dwelling"]),
        )
    console.print(table)
    if shown.height < frame.height:
        console.print(f"[dim]{frame.height - shown.height:,} more; --limit 0 shows all[/dim]")
    if opened.weight > 1:
        console.print(f"[dim]each row stands for {opened.weight} homes[/dim]")


def _text(value: object) -> str:
    return "" if value is None else str(value)
