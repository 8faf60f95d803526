"""Loading and checking a city pack: every fault is found and said at once, with file, row, column and what is allowed."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import ValidationError

from krimp.intake import schedules as national
from krimp.intake.config import CityConfig
from krimp.intake.tables import COMPULSORY, SCHEMAS, Field, data_package

CITIES = Path(__file__).resolve().parent.parent / "cities"


@dataclass(frozen=True)
class Fault:
    """One thing wrong in a pack. `row` counts lines as an editor does (the heading is 1); 0 = the whole file."""

    file: str
    row: int
    column: str
    found: str
    allowed: str

    def __str__(self) -> str:
        place = (
            self.file
            + (f", row {self.row}" if self.row else "")
            + (f", column {self.column}" if self.column else "")
        )
        return f"{place}: found {self.found}; allowed: {self.allowed}"


class PackError(ValueError):
    """A pack that cannot be used; `faults` lists everything that is wrong."""

    def __init__(self, name: str, faults: list[Fault]) -> None:
        self.faults = faults
        shown = "\n".join(f"  {fault}" for fault in faults[:20])
        more = f"\n  ... and {len(faults) - 20} more" if len(faults) > 20 else ""
        super().__init__(f"city pack {name}: {len(faults)} fault{'s' * (len(faults) != 1)}\n{shown}{more}")


@dataclass(frozen=True)
class CityPack:
    """A checked pack: `config` from city.toml, `tables` by name, `schedules` of births and deaths, `hash` of all files.

    `filled` says what the pack does not have and the regime's defaults supply.
    """

    name: str
    path: Path
    config: CityConfig
    tables: dict[str, pl.DataFrame]
    schedules: national.Schedules
    hash: str
    filled: list[str] = field(default_factory=list)

    def table(self, name: str) -> pl.DataFrame | None:
        """A table, or None when the pack has none of this name."""
        return self.tables.get(name)

    def assumption(self, name: str, default: float | None = None) -> float | None:
        """Value of a row of assumptions.csv, else `default`."""
        table = self.tables.get("assumptions")
        if table is None:
            return default
        rows = table.filter(pl.col("id") == name)
        return float(rows["value"][0]) if rows.height else default

    def assuming(self, values: Mapping[str, float]) -> CityPack:
        """The pack with other values in the rows `values` names."""
        table = self.tables.get("assumptions")
        if not values or table is None:
            return self
        value = [values.get(i, v) for i, v in table.select("id", "value").iter_rows()]
        return replace(
            self, tables={**self.tables, "assumptions": table.with_columns(value=pl.Series(value))}
        )

    def content_hash(self) -> str:
        """SHA-256 over what the pack says now; `hash` is that of its files, from which tables may have been changed since."""
        digest = hashlib.sha256(self.config.model_dump_json().encode())
        for name, table in sorted(self.tables.items()):
            digest.update(f"{name} {table.schema}".encode())
            digest.update(table.hash_rows().to_numpy().tobytes())
        for name, array in sorted(vars(self.schedules).items()):
            digest.update(f"{name} {array.shape}".encode() + array.tobytes())
        return digest.hexdigest()

    def account(self, name: str, year: int, default: float | None = None) -> float | None:
        """Amount of an account in a year in currency units (the row's unit is applied), else `default`."""
        table = self.tables.get("accounts")
        if table is None:
            return default
        rows = table.filter((pl.col("account") == name) & (pl.col("year") == year))
        if rows.height == 0:
            return default
        unit = str(rows["unit"][0])
        factor = 1e8 if unit.startswith("100 million") else 1e4 if unit.startswith("10,000") else 1.0
        return float(rows["amount"][0]) * factor


def find(name_or_path: str | Path) -> Path:
    """Folder of a shipped city or of a pack; PackError when there is none."""
    path = Path(name_or_path)
    if path.is_dir() and (path / "city.toml").is_file():
        return path
    shipped = CITIES / str(name_or_path)
    if "/" not in str(name_or_path) and (shipped / "city.toml").is_file():
        return shipped
    names = sorted(p.name for p in CITIES.iterdir() if (p / "city.toml").is_file()) if CITIES.is_dir() else []
    if path.is_dir():
        raise PackError(
            path.name, [Fault("city.toml", 0, "", "no such file", "a pack has city.toml and population.csv")]
        )
    raise PackError(
        str(name_or_path),
        [
            Fault(
                str(name_or_path),
                0,
                "",
                "no such city or folder",
                f"a pack folder or one of: {', '.join(names)}",
            )
        ],
    )


def check_city(name_or_path: str | Path) -> list[Fault]:
    """Every fault of a pack in one list, by file and row."""
    return _read(find(name_or_path))[0]


def load_city(name_or_path: str | Path) -> CityPack:
    """A pack by shipped name or folder; PackError lists all faults."""
    path = find(name_or_path)
    faults, config, tables = _read(path)
    if faults or config is None:
        raise PackError(path.name, faults)
    filled = [
        f"{name}.csv is not in the pack: the regime's default shape is used"
        for name in (
            "households",
            "collective",
            "dwellings",
            "economy",
            "accounts",
            "schooling",
            "marital",
            "tenure",
        )
        if name not in tables
    ]
    filled += [
        f"{name}.csv is not in the pack: the national schedule {getattr(config.schedules, name)!r} is used"
        for name in ("mortality", "fertility")
        if name not in tables
    ]
    return CityPack(config.id, path, config, tables, _schedules(config, tables), pack_hash(path), filled)


def pack_hash(path: Path) -> str:
    """SHA-256 over the names and contents of a pack's files."""
    digest = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        digest.update(str(file.relative_to(path)).encode() + b"\0")
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _schedules(config: CityConfig, tables: dict[str, pl.DataFrame]) -> national.Schedules:
    base = national.load(config.schedules.mortality, config.schedules.fertility)
    changes: dict[str, Any] = {}
    if "mortality" in tables:
        own = tables["mortality"].select("year", "sex", age=pl.col("age_from"), rate=pl.col("rate"))
        made = national.from_frames(own, _any_births(), _any_years())
        changes.update(death_year=made.death_year, death_age=made.death_age, death=made.death)
    if "fertility" in tables:
        own = tables["fertility"].select("year", age=pl.col("age_from"), share=pl.col("rate"))
        totals = tables["fertility"].group_by("year").agg(tfr=pl.col("rate").sum() * 5).sort("year")
        made = national.from_frames(_any_deaths(), own, totals.with_columns(boys_per_girl=pl.lit(1.06)))
        changes.update(
            shape_year=made.shape_year,
            birth_age=made.birth_age,
            shape=made.shape,
            tfr_year=made.tfr_year,
            tfr=made.tfr,
        )
    return national.Schedules(**{**base.__dict__, **changes}) if changes else base


def _any_births() -> pl.DataFrame:
    return pl.DataFrame({"year": [2010], "age": [15], "share": [1.0]})


def _any_years() -> pl.DataFrame:
    return pl.DataFrame({"year": [2010], "tfr": [1.0], "boys_per_girl": [1.06]})


def _any_deaths() -> pl.DataFrame:
    return pl.DataFrame(
        {"year": [2010, 2010], "sex": ["female", "male"], "age": [0, 0], "rate": [0.01, 0.01]}
    )


def _read(path: Path) -> tuple[list[Fault], CityConfig | None, dict[str, pl.DataFrame]]:
    faults: list[Fault] = []
    config = _read_config(path, faults)
    districts = [d.id for d in config.districts] if config else []
    settlements = [s.id for s in config.settlements] if config else []
    for name in COMPULSORY:
        if not (path / f"{name}.csv").is_file():
            faults.append(
                Fault(f"{name}.csv", 0, "", "no such file", "every pack has city.toml and population.csv")
            )
    sources = _source_ids(path)
    tables: dict[str, pl.DataFrame] = {}
    for name, fields in SCHEMAS.items():
        file = path / f"{name}.csv"
        if not file.is_file():
            continue
        refers = {"district": districts, "settlement": settlements, "source": sources}
        frame = _read_table(file, fields, refers if config else {"source": sources}, faults)
        if frame is not None:
            tables[name] = frame
    if not faults and config is not None:
        faults += _across(config, tables)
    return faults, config, tables


def _read_config(path: Path, faults: list[Fault]) -> CityConfig | None:
    try:
        data = tomllib.loads((path / "city.toml").read_text(encoding="utf-8"))
        return CityConfig.model_validate(data)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        faults.append(Fault("city.toml", 0, "", str(error), "valid TOML in UTF-8"))
    except ValidationError as error:
        for item in error.errors():
            place = ".".join(str(part) for part in item["loc"])
            faults.append(Fault("city.toml", 0, place, repr(item.get("input"))[:80], item["msg"]))
    return None


def _source_ids(path: Path) -> list[str] | None:
    file = path / "sources.csv"
    if not file.is_file():
        return None
    try:
        with open(file, encoding="utf-8", newline="") as text:
            return [row.get("id") or "" for row in csv.DictReader(text)]
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def _read_table(
    file: Path, fields: tuple[Field, ...], refers: dict[str, list[str] | None], faults: list[Fault]
) -> pl.DataFrame | None:
    try:
        with open(file, encoding="utf-8-sig", newline="") as text:
            rows = list(csv.reader(text))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        faults.append(Fault(file.name, 0, "", str(error), "a CSV table in UTF-8"))
        return None
    if not rows:
        faults.append(Fault(file.name, 0, "", "an empty file", "a heading line and rows"))
        return None
    heading = rows[0]
    known = {f.name: f for f in fields}
    before = len(faults)
    # a pack without sources.csv may leave the source column out
    needed = [
        f.name for f in fields if f.required and not (f.refers == "source" and refers.get("source") is None)
    ]
    for name in needed:
        if name not in heading:
            faults.append(Fault(file.name, 1, name, "no such column", f"columns {', '.join(needed)}"))
    for name in heading:
        if name not in known:
            faults.append(Fault(file.name, 1, name, "an unknown column", f"columns {', '.join(known)}"))
    if len(set(heading)) != len(heading):
        faults.append(Fault(file.name, 1, "", "a column named twice", "each column once"))
    if len(faults) > before:
        return None
    columns: dict[str, list[Any]] = {name: [] for name in heading}
    seen: dict[tuple[str, ...], int] = {}
    keys = [f.name for f in fields if f.key and f.name in heading]
    for number, row in enumerate(rows[1:], 2):
        if not row:
            continue
        if len(row) != len(heading):
            faults.append(
                Fault(file.name, number, "", f"{len(row)} cells", f"{len(heading)} cells as in the heading")
            )
            continue
        cells = dict(zip(heading, row, strict=True))
        for name, cell in cells.items():
            columns[name].append(_value(file.name, number, known[name], cell.strip(), refers, faults))
        key = tuple(cells[name].strip() for name in keys)
        if keys and key in seen:
            faults.append(
                Fault(
                    file.name,
                    number,
                    ", ".join(keys),
                    f"the same cell as row {seen[key]} ({', '.join(key)})",
                    "one row a cell",
                )
            )
        seen.setdefault(key, number)
    if len(faults) > before:
        return None
    types = {"text": pl.String, "date": pl.String, "integer": pl.Int64, "number": pl.Float64}
    return pl.DataFrame({n: pl.Series(v, dtype=types[known[n].kind]) for n, v in columns.items()})


def _value(
    file: str, row: int, rule: Field, cell: str, refers: dict[str, list[str] | None], faults: list[Fault]
) -> Any:
    if cell == "":
        if not (rule.empty or not rule.required):
            faults.append(Fault(file, row, rule.name, "an empty cell", f"a {rule.kind}"))
        return None if rule.kind in ("integer", "number") else ""
    if rule.kind in ("integer", "number"):
        try:
            value: float = int(cell) if rule.kind == "integer" else float(cell)
        except ValueError:
            faults.append(
                Fault(
                    file,
                    row,
                    rule.name,
                    repr(cell),
                    "a whole number" if rule.kind == "integer" else "a number",
                )
            )
            return None
        if value != value or abs(value) == float("inf"):
            faults.append(Fault(file, row, rule.name, repr(cell), "a finite number"))
            return None
        if rule.kind == "integer" and abs(value) > 2**53:
            faults.append(Fault(file, row, rule.name, repr(cell), "a whole number below 2**53"))
            return None
        if rule.minimum is not None and value < rule.minimum:
            faults.append(Fault(file, row, rule.name, cell, f"{rule.minimum:g} or more"))
        return value
    if rule.kind == "date" and not _is_date(cell):
        faults.append(Fault(file, row, rule.name, repr(cell), "YYYY, YYYY-MM or YYYY-MM-DD"))
    if rule.allowed and cell not in rule.allowed:
        faults.append(Fault(file, row, rule.name, repr(cell), f"one of {', '.join(rule.allowed)}"))
    known = refers.get(rule.refers) if rule.refers else None
    if (
        known is not None
        and cell not in known
        and not (rule.refers == "district" and cell == "city" and rule.empty)
    ):
        near = ", ".join(known[:12]) + (" ..." if len(known) > 12 else "")
        faults.append(
            Fault(file, row, rule.name, f"unknown {rule.refers} {cell!r}", near or "nothing is declared")
        )
    return cell


def _is_date(text: str) -> bool:
    parts = text.split("-")
    if not 1 <= len(parts) <= 3 or len(parts[0]) != 4 or not all(p.isdigit() for p in parts):
        return False
    return all(1 <= int(p) <= top for p, top in zip(parts[1:], (12, 31), strict=False))


def _across(config: CityConfig, tables: dict[str, pl.DataFrame]) -> list[Fault]:
    """Faults between rows and tables: overlapping ages, dates out of order, households larger than the population."""
    faults: list[Fault] = []
    population = tables["population"]
    base_year = int(config.base[:4])
    years = set(population["year"].to_list())
    if base_year not in years:
        faults.append(
            Fault("population.csv", 0, "year", f"years {sorted(years)}", f"rows of the base year {base_year}")
        )
    present = set(population.filter(pl.col("year") == base_year)["district"].to_list())
    for district in config.districts:
        if base_year in years and district.id not in present:
            faults.append(
                Fault(
                    "population.csv", 0, "district", f"no rows of {district.id}", "every district at the base"
                )
            )
    for (year, district, sex), rows in population.group_by(["year", "district", "sex"], maintain_order=True):
        ordered = rows.sort("age_from")
        end = -1
        for age_from, age_to in zip(ordered["age_from"], ordered["age_to"], strict=True):
            top = 130 if age_to is None else age_to
            if age_from <= end or top < age_from:
                faults.append(
                    Fault("population.csv", 0, "age_from, age_to", f"{year} {district} {sex}: group {age_from}-{age_to}",
                          "groups that follow one another without overlap")
                )  # fmt: skip
            end = max(end, top)
    faults += _dates_in_order(tables)
    assumed = tables.get("assumptions", pl.DataFrame())
    for number, row in enumerate(assumed.iter_rows(named=True), 2):
        if not row["low"] <= row["value"] <= row["high"]:
            faults.append(
                Fault("assumptions.csv", number, "value", f"{row['value']:g}", f"{row['low']:g} to {row['high']:g}")
            )  # fmt: skip
    faults += _households_fit(base_year, tables)
    return faults


def _dates_in_order(tables: dict[str, pl.DataFrame]) -> list[Fault]:
    faults: list[Fault] = []
    drivers = tables.get("drivers")
    if drivers is not None:
        last: dict[str, str] = {}
        for number, row in enumerate(drivers.iter_rows(named=True), 2):
            name, date = str(row["variable"]), str(row["date"])
            if name in last and date < last[name]:
                faults.append(
                    Fault(
                        "drivers.csv",
                        number,
                        "date",
                        f"{date} after {last[name]} for {name}",
                        "dates in order",
                    )
                )
            last[name] = date
    programmes = tables.get("programmes")
    if programmes is not None:
        for number, row in enumerate(programmes.iter_rows(named=True), 2):
            if str(row["end"]) < str(row["start"]):
                faults.append(
                    Fault(
                        "programmes.csv", number, "end", str(row["end"]), f"not before start {row['start']}"
                    )
                )
    dwellings = tables.get("dwellings")
    if dwellings is not None:
        for number, row in enumerate(dwellings.iter_rows(named=True), 2):
            if row["built_to"] < row["built_from"]:
                faults.append(
                    Fault(
                        "dwellings.csv",
                        number,
                        "built_to",
                        str(row["built_to"]),
                        f"not before {row['built_from']}",
                    )
                )
    return faults


def _households_fit(base_year: int, tables: dict[str, pl.DataFrame]) -> list[Fault]:
    faults: list[Fault] = []
    households = tables.get("households")
    if households is None:
        return faults
    people = (
        tables["population"]
        .filter(pl.col("year") == base_year)
        .group_by("district")
        .agg(pl.col("persons").sum())
    )
    total = dict(people.iter_rows())
    for number, row in enumerate(households.iter_rows(named=True), 2):
        if row["persons"] < row["households"]:
            faults.append(
                Fault(
                    "households.csv",
                    number,
                    "persons",
                    str(row["persons"]),
                    f"at least the {row['households']} households",
                )
            )
        if (
            row["year"] == base_year
            and row["size"] is None
            and row["persons"] > total.get(row["district"], 0)
        ):
            faults.append(
                Fault("households.csv", number, "persons", str(row["persons"]),
                      f"at most the {total.get(row['district'], 0)} people of {row['district']} in population.csv")
            )  # fmt: skip
    return faults


def new_city(
    folder: str | Path, name: str, regime: str, base: str, population: str | Path, **tables: str | Path
) -> Path:
    """Write a pack from standard tables (CSV files named population, households, dwellings, accounts, observed).

    Districts are those of the population table. The new folder is removed again when the pack has faults (PackError).
    """
    folder = Path(folder)
    if folder.exists():
        raise PackError(folder.name, [Fault(str(folder), 0, "", "a folder that exists", "a new folder")])
    files = {"population": Path(population), **{k: Path(v) for k, v in tables.items()}}
    for key, file in files.items():
        if not file.is_file():
            raise PackError(folder.name, [Fault(str(file), 0, "", "no such file", f"a CSV file for {key}")])
    ids = _districts_of(files["population"])
    slug = "".join(c if c.isalnum() else "_" for c in name.lower()).strip("_") or "city"
    lines = [f'id = "{slug}"', f"name = {json.dumps(name)}", f'regime = "{regime}"', f'base = "{base}"', ""]
    for district in ids:
        lines += ["[[districts]]", f"id = {json.dumps(district)}", f"name = {json.dumps(district)}", ""]
    folder.mkdir(parents=True)
    try:
        for key, file in files.items():
            shutil.copyfile(file, folder / f"{key}.csv")
        (folder / "city.toml").write_text("\n".join(lines), encoding="utf-8")
        write_data_package(folder, slug)
        faults = check_city(folder)
        if faults:
            raise PackError(folder.name, faults)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def write_data_package(folder: Path, name: str) -> None:
    """Write `datapackage.json` for the tables a pack has."""
    present = [table for table in SCHEMAS if (folder / f"{table}.csv").is_file()]
    text = json.dumps(data_package(name, present), indent=1, ensure_ascii=False)
    (folder / "datapackage.json").write_text(text + "\n", encoding="utf-8")


def _districts_of(file: Path) -> list[str]:
    try:
        with open(file, encoding="utf-8-sig", newline="") as text:
            found: Iterable[str] = (row.get("district") or "" for row in csv.DictReader(text))
            return [d for d in dict.fromkeys(found) if d]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PackError(file.name, [Fault(file.name, 0, "", str(error), "a CSV table in UTF-8")]) from error
