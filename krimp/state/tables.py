"""State in columns: each table is declared once, with dtype, unit, meaning and one owning process.

Row number is identity: row 0 of every table is nobody ("none"), so an id of 0 means none and ids are dense
uint32 in files. Rows are never reused: the dead, the gone and the demolished keep theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from krimp.state import codes
from krimp.state.columns import View


@dataclass(frozen=True)
class Column:
    """One column: numpy dtype, unit ("id:persons" refers to a table, "code:sex" to `codes.LABELS`), meaning, owner."""

    name: str
    dtype: str
    unit: str
    meaning: str
    owner: str


def _columns(*rows: tuple[str, str, str, str, str]) -> tuple[Column, ...]:
    return tuple(Column(*row) for row in rows)


PERSONS = _columns(
    ("key", "u8", "key", "stable key of the life; draws hang on it", "synthesis"),
    ("birth", "i2", "month", "month of birth", "fertility"),
    ("sex", "i1", "code:sex", "sex", "fertility"),
    ("state", "i1", "code:person_state", "resident, dead or gone", "mortality"),
    ("left", "i2", "month", "month of death or of last leaving the city, 0 if never", "out_migration"),
    (
        "came",
        "i2",
        "month",
        "month of last arrival in the city, 0 if born or present at the base",
        "return_migration",
    ),
    ("district", "i1", "index", "district of residence (last one, for the gone)", "housing_search"),
    (
        "counted",
        "i1",
        "index",
        "district in which the stocks and flows of people last counted the person",
        "population",
    ),
    ("household", "i4", "id:households", "family household, 0 in a collective place or gone", "families"),
    ("next", "i4", "id:persons", "next member of the same household", "families"),
    ("partner", "i4", "id:persons", "spouse; of the widowed and the dead the late spouse", "unions"),
    ("mother", "i4", "id:persons", "mother", "fertility"),
    ("marital", "i1", "code:marital", "marital state", "unions"),
    ("parity", "i1", "count", "children born", "fertility"),
    ("homes", "i1", "count", "households this person has founded", "families"),
    (
        "collective",
        "i1",
        "code:collective",
        "kind of collective place, 0 for family life",
        "collective_living",
    ),
    ("schooling", "i1", "code:schooling", "highest level completed or attended", "schooling"),
    ("activity", "i1", "code:activity", "what the person does", "labour_market"),
    ("sector", "i1", "code:sector", "sector of work, also of the last job of the retired", "labour_market"),
    ("wage", "i4", "fen/month", "contract wage of the employed", "wages"),
    ("pension", "i4", "fen/month", "pension in payment", "pensions"),
    ("hukou", "i1", "flag", "1 = household registration in the city", "out_migration"),
    ("place", "i1", "code:place", "residents: where last come from; gone: where they live", "out_migration"),
    ("employer", "i4", "id:shops", "shop worked in or owned, 0 for none", "shops"),
    (
        "former",
        "i4",
        "id:households",
        "household lived in when leaving the city, 0 if never left",
        "out_migration",
    ),
)
HOUSEHOLDS = _columns(
    ("key", "u8", "key", "stable key from founder and ordinal", "families"),
    ("state", "i1", "code:household_state", "active, dissolved, absent owner", "families"),
    ("first", "i4", "id:persons", "first member", "families"),
    ("size", "i2", "persons", "members", "families"),
    ("district", "i1", "index", "district", "housing_search"),
    ("dwelling", "i4", "id:dwellings", "home", "housing_search"),
    ("tenure", "i1", "code:tenure", "owner, tenant or rent-free", "housing_search"),
    (
        "estate",
        "i4",
        "id:dwellings",
        "first dwelling owned (list goes on in dwellings.next_owned)",
        "families",
    ),
    ("owned", "i2", "dwellings", "dwellings owned in the city", "families"),
    ("cash", "i8", "fen", "deposits and cash", "consumption"),
    ("loan", "i4", "fen", "mortgage owed to banks", "mortgages"),
    ("income", "i4", "fen/month", "disposable money income of the last month", "household_income"),
    ("spent", "i4", "fen/month", "consumption of the last month, rent and heat apart", "consumption"),
    ("formed", "i2", "month", "month of formation", "families"),
    ("left", "i2", "month", "month of dissolution or leaving", "families"),
    ("moved", "i2", "month", "month of the last move of home", "housing_search"),
    ("attachment", "u1", "0-255", "attachment to home and neighbours, drawn at formation", "families"),
    ("cars", "i1", "count", "cars", "traffic"),
)
DWELLINGS = _columns(
    ("key", "u8", "key", "stable key from building and ordinal", "construction"),
    ("building", "i4", "id:buildings", "building", "construction"),
    ("state", "i1", "code:dwelling_state", "standing, demolished, building site", "construction"),
    ("district", "i1", "index", "district", "construction"),
    ("settlement", "i2", "index", "settlement", "construction"),
    ("floor", "i1", "floor", "floor, ground = 1", "construction"),
    ("rooms", "i1", "rooms", "bedrooms", "construction"),
    ("area", "i2", "0.1 m2", "floor area", "construction"),
    ("title", "i1", "code:title", "deed", "construction"),
    ("heating", "i1", "code:heating", "district heating or stove", "construction"),
    ("fitted", "i1", "flag", "1 = fitted out, 0 = bare shell", "fitting_out"),
    ("condition", "u1", "0-255", "state of repair, 255 = as new", "maintenance"),
    ("use", "i1", "code:use", "use; 0 on a building site or after demolition", "housing_search"),
    ("listed", "i1", "code:listed", "on offer", "listing"),
    ("abandoned", "i1", "flag", "1 = given up by its owner", "abandonment"),
    ("heat_off", "i1", "flag", "1 = owner has stopped the heat (base fee due)", "listing"),
    ("owner_kind", "i1", "code:owner_kind", "kind of owner", "housing_search"),
    (
        "owner",
        "i4",
        "id:households",
        "owning household (active or absent), 0 for other kinds",
        "housing_search",
    ),
    ("next_owned", "i4", "id:dwellings", "next dwelling of the same owner", "families"),
    ("occupant", "i4", "id:households", "household living here", "housing_search"),
    ("ask", "i4", "fen", "asking price while for sale", "listing"),
    ("rent", "i4", "fen/month", "rent agreed, or asked while to let", "tenancy"),
    ("paid", "i4", "fen", "last purchase price, 0 if never sold in the run", "housing_search"),
    ("listed_since", "i2", "month", "month listed, 0 if not", "listing"),
    ("vacant_since", "i2", "month", "month vacated, 0 if in use", "housing_search"),
    ("bought", "i2", "month", "month of the last change of owner", "housing_search"),
    ("completed", "i2", "month", "month of completion", "construction"),
    ("ended", "i2", "month", "month of demolition, 0 if standing", "demolition"),
    ("funder", "i1", "code:funder", "who paid, for publicly built dwellings", "resettlement"),
)
BUILDINGS = _columns(
    ("key", "u8", "key", "stable key", "construction"),
    ("state", "i1", "code:building_state", "site, complete, cleared", "construction"),
    ("district", "i1", "index", "district", "construction"),
    ("settlement", "i2", "index", "settlement", "construction"),
    ("built", "i2", "month", "month of completion (expected, on a site)", "construction"),
    ("started", "i2", "month", "month of start, 0 at the base", "construction"),
    ("floors", "i1", "floors", "storeys", "construction"),
    ("lift", "i1", "flag", "1 = has a lift", "construction"),
    ("public", "i1", "flag", "1 = built by the resettlement programme", "resettlement"),
    ("programme", "i1", "index", "resettlement programme that clears or built it, 0 none", "resettlement"),
    ("first", "i4", "id:dwellings", "first dwelling (they are contiguous)", "construction"),
    ("units", "i2", "dwellings", "number of dwellings", "construction"),
    ("occupied", "i2", "dwellings", "dwellings with someone living in them", "observation"),
    ("lit", "i2", "windows", "lit windows at the last observation", "lit_windows"),
    ("windows", "i2", "windows", "all windows", "lit_windows"),
)
SHOPS = _columns(
    ("key", "u8", "key", "stable key from founder and ordinal", "shops"),
    ("state", "i1", "code:shop_state", "open or closed", "shops"),
    ("kind", "i1", "code:shop_kind", "kind of shop", "shops"),
    ("district", "i1", "index", "district", "shops"),
    ("owner", "i4", "id:persons", "founder and owner", "shops"),
    ("founder_origin", "i1", "code:place", "where the founder came from, 0 = always here", "shops"),
    ("opened", "i2", "month", "month opened, 0 at the base", "shops"),
    ("closed", "i2", "month", "month closed, 0 while open", "shops"),
    ("staff", "i2", "persons", "people employed", "shops"),
    ("cash", "i8", "fen", "cash of the shop", "shops"),
    ("sales", "i8", "fen/month", "sales of the last month", "shops"),
    ("loss_months", "i2", "months", "months in a row with a loss", "shops"),
)
SEEKERS = _columns(
    ("household", "i4", "id:households", "who looks", "housing_search"),
    ("motive", "i1", "code:motive", "why", "housing_search"),
    ("budget", "i8", "fen", "most that can be paid at once, beside own cash", "housing_search"),
    ("district", "i1", "index", "district looked in first", "housing_search"),
)

SCHEMAS: dict[str, tuple[Column, ...]] = {
    "persons": PERSONS,
    "households": HOUSEHOLDS,
    "dwellings": DWELLINGS,
    "buildings": BUILDINGS,
    "shops": SHOPS,
    "seekers": SEEKERS,
}


class _Held(dict[str, np.ndarray]):
    """Columns by name, and the view of them that kernels were last given."""

    view: View | None = None

    def __setitem__(self, name: str, column: np.ndarray) -> None:
        self.view = None
        super().__setitem__(name, column)


class Table:
    """Columns of one kind of thing. `view()` gives them to kernels, with `used` (int64[1], rows used)."""

    def __init__(self, name: str, capacity: int = 1024) -> None:
        self.name = name
        self.schema = SCHEMAS[name]
        self.used = np.ones(1, np.int64)
        self.columns = _Held({c.name: np.zeros(max(capacity, 2), c.dtype) for c in self.schema})

    @property
    def n(self) -> int:
        """Rows in use, the empty row 0 included."""
        return int(self.used[0])

    @property
    def capacity(self) -> int:
        """Rows there is room for."""
        return len(self.columns[self.schema[0].name])

    def __getattr__(self, name: str) -> np.ndarray:
        try:
            column: np.ndarray = self.__dict__["columns"][name]
        except KeyError:
            raise AttributeError(name) from None
        return column[: self.__dict__["used"].item()]

    def view(self) -> View:
        """All columns at full capacity for kernels; taken anew after every `reserve`."""
        if self.columns.view is None:
            self.columns.view = View(self.name, {**self.columns, "used": self.used})
        return self.columns.view

    def reserve(self, extra: int) -> None:
        """Make room for `extra` more rows; arrays move, so views taken before are stale."""
        need = self.n + extra
        if need <= self.capacity:
            return
        capacity = max(need, self.capacity + self.capacity // 16 + 1024)
        for name, old in self.columns.items():
            new = np.zeros(capacity, old.dtype)
            new[: self.n] = old[: self.n]
            self.columns[name] = new

    def append(self, **values: Any) -> int:
        """Append equally long arrays, or numbers that all rows share after the first of them (missing columns are 0); returns
        the first new row."""
        count = len(next(iter(values.values())))
        self.reserve(count)
        start = self.n
        for name, value in values.items():
            self.columns[name][start : start + count] = value
        self.used[0] = start + count
        return start

    def copy(self) -> Table:
        """The rows in use as a table of its own."""
        out = Table(self.name, 2)
        out.columns = _Held({name: values[: self.n].copy() for name, values in self.columns.items()})
        out.used[0] = self.n
        return out

    def clear(self) -> None:
        """Forget all rows (for tables that live one month)."""
        self.used[0] = 1

    def frame(self) -> pl.DataFrame:
        """The table as a frame with `id`, codes as names, months as dates (null for 0)."""
        data: dict[str, Any] = {"id": np.arange(1, self.n, dtype=np.uint32)}
        for column in self.schema:
            if column.name in ("next", "next_owned"):
                continue
            values = self.columns[column.name][1 : self.n]
            if column.unit.startswith("code:"):
                names = codes.LABELS[column.unit[5:]]
                data[column.name] = named(values, [names.get(code, "none") for code in range(max(names) + 1)])
            elif column.unit == "month":
                data[column.name] = month_series(values)
            elif column.unit.startswith("id:"):
                data[column.name] = values.astype(np.uint32)
            else:
                data[column.name] = values
        return pl.DataFrame(data)


def named(index: np.ndarray, names: Sequence[str]) -> pl.Series:
    """Names for index numbers as an Enum series (names may repeat)."""
    unique = list(dict.fromkeys(names))
    position = np.array([unique.index(name) for name in names], np.uint32)
    dtype = pl.Enum(unique)
    if not len(index):
        return pl.Series([], dtype=dtype)
    return pl.Series(unique, dtype=dtype)[position[np.asarray(index, np.int64)]]


def month_series(values: np.ndarray) -> pl.Series:
    """Month numbers as a Date series (first of the month), null where 0."""
    if not values.size:
        return pl.Series([], dtype=pl.Date)
    first = int(values.min())
    months = np.arange(first, int(values.max()) + 1) - 1970 * 12
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int32)
    series = pl.Series(days[np.asarray(values, np.int64) - first]).cast(pl.Date)
    unknown = values == 0
    return series.set(pl.Series(unknown), None) if unknown.any() else series
