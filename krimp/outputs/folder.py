"""Reading a run folder: `open_run(path)` gives a `Run` whose tables are read when first asked for."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

TABLES = ("persons", "households", "dwellings", "buildings", "shops")
#: Name of the whole city in the `district` column of series, ledger and events.
CITY = "city"


#: Everyday names of currencies by their codes.
CURRENCIES = {"CNY": "yuan", "EUR": "euro", "USD": "dollars", "JPY": "yen"}


class RunError(ValueError):
    """A folder that cannot be read as a run; the message names what is missing."""


class Run:
    """One run folder. Frames are polars; every one is read once, at first use."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.manifest: dict[str, Any] = _manifest(self.path)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}, {self.name}, {self.base} to {self.until}, {self.status})"

    # -- what it is
    @property
    def status(self) -> str:
        """running, complete, failed or interrupted."""
        return str(self.manifest.get("status", "unknown"))

    @property
    def city(self) -> str:
        """Name of the city's pack."""
        return str(self.manifest.get("city", ""))

    @property
    def title(self) -> str:
        """The city's name as people write it."""
        return str(self.pack_config.get("name") or self.city.replace("_", " ").title() or "City")

    @cached_property
    def pack_config(self) -> dict[str, Any]:
        """The pack's city.toml as it was copied into the run folder; empty where there is none."""
        place = self.path / "inputs" / "pack" / "city.toml"
        return tomllib.loads(place.read_text(encoding="utf-8")) if place.is_file() else {}

    @property
    def scenario(self) -> str:
        """Name of the scenario."""
        return str(self.manifest.get("scenario", "baseline"))

    @property
    def seed(self) -> int:
        """Seed of all draws."""
        return int(self.manifest.get("seed", 0))

    @property
    def name(self) -> str:
        """City, scenario and seed in one line."""
        return f"{self.city}, {self.scenario}, seed {self.seed}"

    @property
    def weight(self) -> int:
        """How many people, homes and shops one record stands for."""
        return int(self.manifest.get("weight", 1))

    @property
    def base(self) -> str:
        """First month, YYYY-MM."""
        return str(self.manifest.get("base", ""))

    @property
    def until(self) -> str:
        """Month asked for as the last, YYYY-MM."""
        return str(self.manifest.get("until", ""))

    @property
    def minor_units(self) -> int:
        """Minor units (fen, cents) in one unit of the currency."""
        return int(self.pack_config.get("minor_units", 100))

    @property
    def currency(self) -> str:
        """The currency's name as people say it."""
        code = str(self.manifest.get("currency") or "")
        return CURRENCIES.get(code.upper(), code or "currency units")

    @property
    def warnings(self) -> list[str]:
        """What the run wants its reader to know."""
        return [str(w) for w in self.manifest.get("warnings", [])]

    @cached_property
    def districts(self) -> dict[str, str]:
        """District id to name, in the pack's order."""
        names = {
            str(d["id"]): str(d.get("name") or d["id"]) for d in _items(self.pack_config.get("districts", []))
        }
        return {
            str(d["id"]): names.get(str(d["id"]), str(d["id"]))
            for d in _items(self.manifest.get("districts", []))
        }

    @cached_property
    def settlements(self) -> dict[str, dict[str, Any]]:
        """Settlement id to what the manifest says of it (name, kind, district)."""
        out: dict[str, dict[str, Any]] = {}
        for item in _items(self.manifest.get("settlements", [])):
            out[str(item["id"])] = item
        return out

    def euro(self, amount: float, month: str | None = None) -> float | None:
        """Currency units in euro at the pack's rate of the month's year (nearest year known); None without a rate."""
        rate = euro_rate(self.manifest.get("rates", {}), month or self.until)
        return None if rate is None else amount / rate

    # -- tables
    @cached_property
    def series(self) -> pl.DataFrame:
        """month, district, variable, value, unit: flows of the month, stocks at its end."""
        return self._read("series.parquet")

    @cached_property
    def ledger(self) -> pl.DataFrame:
        """month, district, debit, credit, amount in minor units."""
        return self._read("ledger.parquet")

    @cached_property
    def balances(self) -> pl.DataFrame:
        """month, account, balance in minor units."""
        return self._read("balances.parquet")

    @cached_property
    def events(self) -> pl.DataFrame:
        """All state changes of all years, in order."""
        return self.scan_events().collect()

    def scan_events(self) -> pl.LazyFrame:
        """The events as a lazy frame: filter before collecting, there are many."""
        files = sorted((self.path / "events").glob("[0-9][0-9][0-9][0-9].parquet"))
        if not files:
            return pl.LazyFrame(schema=EVENT_SCHEMA)
        return pl.concat([pl.scan_parquet(f) for f in files], how="vertical_relaxed")

    @property
    def has_events(self) -> bool:
        """Whether the run kept its event log."""
        return any((self.path / "events").glob("*.parquet"))

    @cached_property
    def persons(self) -> pl.DataFrame:
        """Everyone who ever lived in the city, with the state at the end; the dead and the gone keep their row."""
        return self.table("persons")

    @cached_property
    def households(self) -> pl.DataFrame:
        """All households ever formed."""
        return self.table("households")

    @cached_property
    def dwellings(self) -> pl.DataFrame:
        """All dwellings ever built."""
        return self.table("dwellings")

    @cached_property
    def buildings(self) -> pl.DataFrame:
        """All buildings."""
        return self.table("buildings")

    @cached_property
    def shops(self) -> pl.DataFrame:
        """All shops; empty where the run wrote none."""
        return self.table("shops") if self.has("shops.parquet") else pl.DataFrame()

    @cached_property
    def listing_months(self) -> list[dt.date]:
        """Months of which the homes on offer were kept."""
        found = [pl.scan_parquet(f).select(pl.col("month").unique()).collect() for f in self._listing_files()]
        return sorted(pl.concat(found)["month"].to_list()) if found else []

    def listings(self, month: dt.date) -> pl.DataFrame:
        """Homes on offer in a month; empty if it was not kept."""
        named = [f for f in self._listing_files() if f.stem == f"{month:%Y}"]
        if not named:
            return pl.DataFrame()
        return self._labelled(pl.scan_parquet(named[0]).filter(pl.col("month") == month).collect())

    def _listing_files(self) -> list[Path]:
        return sorted((self.path / "listings").glob("[0-9][0-9][0-9][0-9].parquet"))

    def has(self, name: str) -> bool:
        """Whether a file of this name is in the folder."""
        return (self.path / name).is_file()

    def table(self, name: str, month: str | None = None) -> pl.DataFrame:
        """A table at the end of the run, or of a snapshot month (YYYY-MM)."""
        place = f"{name}.parquet" if month is None else f"snapshots/{month}/{name}.parquet"
        return self._labelled(self._read(place))

    @cached_property
    def snapshots(self) -> list[str]:
        """Months of which the tables were kept."""
        return sorted(p.name for p in (self.path / "snapshots").glob("[0-9][0-9][0-9][0-9]-[0-9][0-9]"))

    def inputs(self, name: str) -> pl.DataFrame:
        """A CSV table of the pack as it was copied into the run folder, all text; empty if the pack has none."""
        for place in (self.path / "inputs" / "pack" / name, self.path / "inputs" / name):
            if place.is_file():
                return pl.read_csv(place, infer_schema=False, encoding="utf8-lossy")
        return pl.DataFrame()

    # -- series made easy
    @cached_property
    def months(self) -> list[dt.date]:
        """Months of the series, in order."""
        return self.series["month"].unique().sort().to_list()

    @cached_property
    def _wide(self) -> dict[tuple[str, str], dict[dt.date, float]]:
        out: dict[tuple[str, str], dict[dt.date, float]] = {}
        frame = self.series.select(
            "month", pl.col("district").cast(pl.String), pl.col("variable").cast(pl.String), "value"
        )
        for (variable, district), part in frame.group_by(["variable", "district"], maintain_order=True):
            out[str(variable), str(district)] = dict(zip(part["month"], part["value"], strict=True))
        return out

    def has_series(self, variable: str, district: str = CITY) -> bool:
        """Whether the run has this variable."""
        return (variable, district) in self._wide

    def line(self, variable: str, district: str = CITY) -> list[float]:
        """All monthly values, in the order of `months`; nan where there is none."""
        found = self._wide.get((variable, district), {})
        return [found.get(m, float("nan")) for m in self.months]

    def at(self, variable: str, month: str | dt.date, district: str = CITY) -> float:
        """One month's value; nan if the run has none."""
        day = to_date(month) if isinstance(month, str) else month
        return self._wide.get((variable, district), {}).get(day, float("nan"))

    def year(self, variable: str, year: int, district: str = CITY) -> float:
        """Sum of a flow over a calendar year; nan unless all twelve months after the base are there."""
        found = self._wide.get((variable, district), {})
        days = [dt.date(year, m, 1) for m in range(1, 13)]
        if any(d not in found for d in days) or days[0] <= self.months[0]:
            return float("nan")
        return float(sum(found[d] for d in days))

    def full_years(self) -> list[int]:
        """Calendar years of which all twelve months were simulated."""
        have = set(self.months[1:])
        years = sorted({m.year for m in have})
        return [y for y in years if all(dt.date(y, m, 1) in have for m in range(1, 13))]

    # -- inside
    def _read(self, name: str) -> pl.DataFrame:
        place = self.path / name
        if not place.is_file():
            state = (
                ""
                if self.status == "complete"
                else f" (the run is {self.status}; `krimp resume {self.path}` goes on)"
            )
            raise RunError(f"{self.path}: {name} is not there{state}")
        return pl.read_parquet(place)

    def _labelled(self, frame: pl.DataFrame) -> pl.DataFrame:
        """District and settlement numbers as ids."""
        for column, names in (("district", [*self.districts, CITY]), ("settlement", [*self.settlements])):
            if column in frame.columns and frame[column].dtype.is_integer() and names:
                frame = frame.with_columns(
                    pl.col(column)
                    .cast(pl.Int64)
                    .replace_strict(list(range(len(names))), names, default=None, return_dtype=pl.Enum(names))
                )
        return frame


EVENT_SCHEMA: dict[str, Any] = {
    "month": pl.Date, "event": pl.String, "reason": pl.String, "district": pl.String, "person": pl.UInt32,
    "household": pl.UInt32, "dwelling": pl.UInt32, "other": pl.UInt32, "amount": pl.Int64,
}  # fmt: skip


def open_run(path: str | Path | Run) -> Run:
    """The run in a folder (or of a `run.json`); RunError says what is missing."""
    if isinstance(path, Run):
        return path
    place = Path(path)
    if place.name == "run.json":
        place = place.parent
    return Run(place)


def to_date(month: str) -> dt.date:
    """First day of "YYYY-MM"; ValueError with what is allowed."""
    try:
        return dt.datetime.strptime(month[:7], "%Y-%m").date()
    except ValueError:
        raise ValueError(f"month {month!r}: allowed is YYYY-MM, for example 2020-11") from None


def euro_rate(rates: Any, month: str) -> float | None:
    """Currency units per euro from a manifest's `rates`: a number, {"EUR": number} or {"EUR": {"2020": number}}."""
    if isinstance(rates, dict):
        by_name = {str(k).lower(): v for k, v in rates.items()}
        rates = by_name.get("eur", by_name.get("euro", by_name.get("per_euro")))
    if isinstance(rates, dict) and rates:
        year = int(month[:4])
        best = min(rates, key=lambda k: (abs(int(str(k)[:4]) - year), str(k)))
        rates = rates[best]
    return float(rates) if isinstance(rates, (int, float)) and rates > 0 else None


def _manifest(path: Path) -> dict[str, Any]:
    place = path / "run.json"
    if not place.is_file():
        what = "is not there" if not path.exists() else "has no run.json, so it is not a run folder"
        raise RunError(f"{path} {what}; `krimp run CITY -o {path}` would make one")
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise RunError(f"{place}: not valid JSON: {error}") from error
    if not isinstance(found, dict):
        raise RunError(f"{place}: a JSON object is expected, found {type(found).__name__}")
    return found


def _items(found: Any) -> list[dict[str, Any]]:
    if isinstance(found, dict):
        return [{"id": k, **(v if isinstance(v, dict) else {"name": v})} for k, v in found.items()]
    return [item if isinstance(item, dict) else {"id": item, "name": item} for item in found]
