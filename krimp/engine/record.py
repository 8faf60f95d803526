"""What a run leaves on disk: series, ledger, balances, events by year, listings, tables and snapshots.

A file is written once, from whole data, to a temporary name, synced and renamed, so that a crash never leaves
half a file and the same data give the same bytes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from krimp.state import months
from krimp.state.codes import EVENTS, FOR_SALE, LABELS, REASONS
from krimp.state.counting import rows_where
from krimp.state.tables import Table, month_series, named
from krimp.state.world import World

ROW_GROUP = 1 << 18


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame atomically: temporary file, fsync, rename. OSError (disk full) passes through."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with open(temporary, "wb") as file:
            frame.rechunk().write_parquet(
                file, compression="zstd", compression_level=1, row_group_size=ROW_GROUP
            )
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


class Recorder:
    """Collects the monthly rows of a run; its state travels in checkpoints."""

    def __init__(self, world: World) -> None:
        self.variables = list(world.series)
        self.values: list[np.ndarray] = []  # one [variables, districts + 1] a month
        self.months: list[int] = []
        self.ledger: list[np.ndarray] = []  # int64 [rows, 5]: month, district, debit, credit, amount
        self.balances: list[np.ndarray] = []
        self.listings: list[np.ndarray] = []  # int32 [5, homes]: month, dwelling, ask, listed since, fitted
        self.person_months = 0

    def month(self, world: World, observed: dict[str, np.ndarray]) -> None:
        """Add the month that has just ended."""
        rows = np.full((len(self.variables), world.nd + 1), np.nan)
        for i, name in enumerate(self.variables):
            if name in observed:
                rows[i] = observed[name]
        self.values.append(rows)
        self.months.append(world.month)
        district, debit, credit, amount = world.ledger.rows()
        block = np.empty((len(amount), 5), np.int64)
        block[:, 0] = world.month
        block[:, 1], block[:, 2], block[:, 3] = district, debit, credit
        block[:, 4] = amount * world.weight
        self.ledger.append(block)
        self.balances.append(world.ledger.balance * world.weight)

    def listing_month(self, world: World) -> None:
        """Add what is on offer for sale now: month, dwelling row, ask, listed since, fitted out."""
        d = world.dwellings
        rows = rows_where((d.listed & FOR_SALE) != 0)  # FOR_BOTH holds its bit
        block = np.empty((5, len(rows)), np.int32)
        block[0], block[1], block[2], block[3], block[4] = (
            world.month, rows, d.ask[rows], d.listed_since[rows], d.fitted[rows],
        )  # fmt: skip
        self.listings.append(block)

    def take_listings(self, world: World) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """The boards since the last call (`listing_month`) and the columns of what does not change of the homes on them, which
        may be looked up later."""
        block = self._listed()
        self.listings = []
        d, b = world.dwellings, world.buildings
        fixed = {
            name: getattr(d, name)
            for name in ("building", "district", "settlement", "floor", "rooms", "area", "title")
        }
        return block, fixed | {"floors": b.floors, "lift": b.lift}

    def _listed(self) -> np.ndarray:
        return np.concatenate(self.listings, axis=1) if self.listings else np.zeros((5, 0), np.int32)

    # -- checkpoint
    def state(self) -> dict[str, np.ndarray]:
        """Arrays that restore the recorder."""
        return {
            "values": np.array(self.values),
            "months": np.array(self.months, np.int64),
            "ledger": np.concatenate(self.ledger) if self.ledger else np.zeros((0, 5), np.int64),
            "balances": np.array(self.balances),
            "listings": self._listed(),
            "person_months": np.array([self.person_months], np.int64),
        }

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Take up where `state` was taken."""
        self.values = list(state["values"])
        self.months = [int(m) for m in state["months"]]
        self.ledger = [state["ledger"]]
        self.balances = list(state["balances"])
        self.listings = [state["listings"]]
        self.person_months = int(state["person_months"][0])

    # -- frames
    def series_frame(self, world: World) -> pl.DataFrame:
        """month, district, variable, value, unit; district series first by variable, then month, then district."""
        cube = np.stack(self.values, axis=1)  # variable, month, district
        names = [*world.districts, "city"]
        dates = [months.date(m) for m in self.months]
        parts = []
        for i, name in enumerate(self.variables):
            series = world.series[name]
            take = list(range(world.nd + 1)) if series.by_district else [world.nd]
            block = cube[i][:, take]
            keep = ~np.isnan(block)
            if not keep.any():
                continue
            parts.append(
                pl.DataFrame(
                    {
                        "month": pl.Series(np.repeat(np.arange(len(dates)), len(take))),
                        "district": pl.Series(np.tile(take, len(dates))),
                        "value": block.ravel(),
                    }
                )
                .filter(pl.Series(keep.ravel()))
                .with_columns(variable=pl.lit(name), unit=pl.lit(series.unit))
            )
        frame = pl.concat(parts)
        return frame.select(
            pl.col("month").replace_strict(list(range(len(dates))), dates, return_dtype=pl.Date),
            pl.col("district").replace_strict(list(range(len(names))), names, return_dtype=pl.String),
            "variable",
            "value",
            "unit",
        )

    def ledger_frame(self, world: World) -> pl.DataFrame:
        """month, district, debit, credit, amount (int64 minor units)."""
        block = np.concatenate(self.ledger)
        accounts = [a.name for a in world.ledger.accounts]
        names = [*world.districts, "city"]
        return pl.DataFrame(
            {
                "month": month_series(block[:, 0]),
                "district": named(block[:, 1], names),
                "debit": named(block[:, 2], accounts),
                "credit": named(block[:, 3], accounts),
                "amount": block[:, 4],
            }
        )

    def balances_frame(self, world: World) -> pl.DataFrame:
        """month, account, balance (int64 minor units) for all accounts that are no flows."""
        keep = [i for i, a in enumerate(world.ledger.accounts) if a.kind != "flow"]
        cube = np.array(self.balances)[:, keep]
        return pl.DataFrame(
            {
                "month": month_series(np.repeat(np.array(self.months), len(keep))),
                "account": named(np.tile(keep, len(self.months)), [a.name for a in world.ledger.accounts]),
                "balance": cube.ravel(),
            }
        )


def listings_frame(
    block: np.ndarray,
    fixed: dict[str, np.ndarray],
    minor_units: float,
    districts: list[str],
    settlements: list[str],
    kinds: list[str],
) -> pl.DataFrame:
    """month, dwelling and its traits, ask: what was on offer each month (`Recorder.take_listings`)."""
    month, rows, ask, since, fitted = block
    home = {name: column[rows] for name, column in fixed.items() if name not in ("floors", "lift")}
    building, settlement = home["building"], home["settlement"]
    return pl.DataFrame(
        {
            "month": month_series(month),
            "dwelling": rows.astype(np.uint32),
            "district": named(home["district"], districts),
            "settlement": named(settlement, settlements),
            "settlement_kind": named(settlement, kinds),
            "floor": home["floor"],
            "floors": fixed["floors"][building],
            "lift": fixed["lift"][building] == 1,
            "rooms": home["rooms"],
            "area_m2": home["area"] / 10.0,
            "title": named(home["title"], ["none", *LABELS["title"].values()]),
            "fitted": fitted == 1,
            "ask": ask / minor_units,
            "listed_since": month_series(since),
        }
    )


def events_frame(columns: list[np.ndarray], districts: list[str]) -> pl.DataFrame:
    """Event columns of one year with names for codes; district is null where an event has none."""
    month, event, reason, district, person, household, dwelling, other, amount = columns
    return pl.DataFrame(
        {
            "month": month_series(month),
            "event": named(event, list(EVENTS)),
            "reason": named(reason, list(REASONS)),
            "district": named(district, [*districts, "city"]),
            "person": person,
            "household": household,
            "dwelling": dwelling,
            "other": other,
            "amount": amount,
        }
    )


#: Tables that a run leaves.
TABLES = ("persons", "households", "dwellings", "buildings", "shops")


def tables_of(world: World, keep: bool = False) -> dict[str, Table]:
    """The tables to write, by name; with `keep` copies that no later month touches."""
    return {name: getattr(world, name).copy() if keep else getattr(world, name) for name in TABLES}


def write_tables(
    tables: Mapping[str, Table], districts: list[str], settlements: list[str], folder: Path
) -> None:
    """Each table as Parquet, districts and settlements by name."""
    folder.mkdir(parents=True, exist_ok=True)

    def write(name: str) -> None:
        frame = tables[name].frame()
        extra: dict[str, Any] = {}
        if "district" in frame.columns:
            extra["district"] = named(frame["district"].to_numpy(), districts)
        if "settlement" in frame.columns:
            extra["settlement"] = named(frame["settlement"].to_numpy(), settlements)
        write_parquet(frame.with_columns(**extra), folder / f"{name}.parquet")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, tables))
