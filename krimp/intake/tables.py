"""The tables of a city pack: columns, types and what is allowed in each (a Tabular Data Package schema)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SEX = ("female", "male")
ROLES = ("calibrate", "validate", "context")
STATUS = ("observed", "derived", "assumed")


@dataclass(frozen=True)
class Field:
    """One column. kind: text, integer, number, date ("YYYY", "YYYY-MM" or "YYYY-MM-DD"). `refers`: district,
    settlement or source ids. `key`: part of what makes a row unique."""

    name: str
    kind: str = "text"
    required: bool = True
    minimum: float | None = None
    allowed: tuple[str, ...] = ()
    refers: str = ""
    key: bool = False
    empty: bool = False


def _f(name: str, kind: str = "text", **more: Any) -> Field:
    return Field(name, kind, **more)


_YEAR = _f("year", "integer", minimum=1900, key=True)
_DISTRICT = _f("district", refers="district", key=True)
_SOURCE = (_f("source", refers="source"), _f("status", required=False, allowed=STATUS, empty=True))

SCHEMAS: dict[str, tuple[Field, ...]] = {
    "population": (
        _YEAR, _DISTRICT, _f("sex", allowed=SEX, key=True), _f("age_from", "integer", minimum=0, key=True),
        _f("age_to", "integer", minimum=0, empty=True), _f("persons", "integer", minimum=0), *_SOURCE,
    ),
    "collective": (
        _YEAR, _DISTRICT, _f("kind", allowed=("school", "camp", "care", "other"), key=True),
        _f("persons", "integer", minimum=0), *_SOURCE,
    ),
    "households": (
        _YEAR, _DISTRICT, _f("size", "integer", minimum=1, empty=True, key=True),
        _f("households", "integer", minimum=0), _f("persons", "integer", minimum=0), *_SOURCE,
    ),
    "dwellings": (
        _DISTRICT, _f("settlement", refers="settlement", key=True), _f("built_from", "integer", minimum=1800, key=True),
        _f("built_to", "integer", minimum=1800), _f("floors", "integer", minimum=1, key=True),
        _f("lift", "integer", minimum=0, key=True), _f("area_m2", "number", minimum=5),
        _f("dwellings", "integer", minimum=0), *_SOURCE,
    ),
    "fertility": (
        _YEAR, _f("age_from", "integer", minimum=0, key=True), _f("age_to", "integer", minimum=0, empty=True),
        _f("rate", "number", minimum=0), *_SOURCE,
    ),
    "mortality": (
        _YEAR, _f("sex", allowed=SEX, key=True), _f("age_from", "integer", minimum=0, key=True),
        _f("age_to", "integer", minimum=0, empty=True), _f("rate", "number", minimum=0), *_SOURCE,
    ),
    "migration": (
        _YEAR, _f("sex", allowed=SEX, key=True), _f("age_from", "integer", minimum=0, key=True),
        _f("age_to", "integer", minimum=0, empty=True), _f("rate", "number", minimum=-1), *_SOURCE,
    ),
    "accounts": (
        _YEAR, _f("account", key=True), _f("amount", "number"), _f("unit"), *_SOURCE,
        _f("note", required=False, empty=True),
    ),
    "economy": (
        _YEAR, _f("sector", key=True, allowed=(
            "mine", "farm", "public", "industry", "construction", "services", "own_account")),
        _f("jobs", "integer", minimum=0), _f("wage", "number", minimum=0), *_SOURCE,
    ),
    "observed": (
        _f("date", "date", key=True), _f("variable", key=True), _f("district", refers="district", empty=True, key=True),
        _f("value", "number"), _f("unit"), _f("role", allowed=ROLES), *_SOURCE, _f("note", required=False, empty=True),
    ),
    "claims": (
        _f("id", key=True), _f("text"), _f("kind", allowed=("level", "holds", "context")), _f("rule"),
        _f("variable", empty=True), _f("value", "number", empty=True), _f("unit", empty=True),
        _f("tolerance", "number", empty=True), _f("month", empty=True), _f("data", empty=True), *_SOURCE,
        _f("code", required=False, empty=True), _f("shown", required=False, empty=True),
        _f("cause", required=False, empty=True),
    ),
    "sources": (_f("id", key=True), _f("title"), _f("address", empty=True), _f("read", empty=True, required=False)),
    "schooling": (
        _YEAR, _DISTRICT, _f("level", allowed=("none", "primary", "junior", "senior", "tertiary"), key=True),
        _f("persons", "integer", minimum=0), *_SOURCE,
    ),
    "marital": (
        _YEAR, _DISTRICT, _f("state", allowed=("single", "married", "divorced", "widowed"), key=True),
        _f("persons", "integer", minimum=0), *_SOURCE,
    ),
    "tenure": (
        _YEAR, _DISTRICT, _f("tenure", allowed=("rented", "self_built", "purchased", "other"), key=True),
        _f("households", "integer", minimum=0), *_SOURCE,
    ),
    "registered": (
        _YEAR, _DISTRICT, _f("variable", key=True), _f("persons", "integer", minimum=0), *_SOURCE,
    ),
    "region": (
        _YEAR, _f("place", key=True), _f("kind", allowed=("province", "prefecture")),
        _f("persons", "integer", minimum=0), *_SOURCE,
    ),
    "drivers": (
        _f("date", "date", key=True), _f("variable", key=True), _f("value", "number"), _f("unit"), *_SOURCE,
    ),
    "assumptions": (
        _f("id", key=True), _f("value", "number"), _f("unit"), _f("low", "number"), _f("high", "number"), _f("prior"),
        _f("reason"), *_SOURCE,
    ),
    "programmes": (
        _f("id", key=True), _f("kind", allowed=("mine_subsidence", "shantytown", "village")),
        _f("from_settlements"), _f("to_settlements"), _f("start", "date"), _f("end", "date"),
        _f("units_low", "integer", minimum=0), _f("units_high", "integer", minimum=0), *_SOURCE,
    ),
}  # fmt: skip

COMPULSORY = ("population",)


def data_package(name: str, tables: list[str]) -> dict[str, Any]:
    """The `datapackage.json` of a pack: one Tabular Data Resource a table, with its schema."""
    types = {"text": "string", "integer": "integer", "number": "number", "date": "string"}
    resources = []
    for table in tables:
        fields = []
        for field in SCHEMAS[table]:
            rules: dict[str, Any] = {"required": field.required and not field.empty}
            if field.minimum is not None:
                rules["minimum"] = field.minimum
            if field.allowed:
                rules["enum"] = list(field.allowed)
            fields.append({"name": field.name, "type": types[field.kind], "constraints": rules})
        resources.append(
            {
                "name": table, "path": f"{table}.csv", "profile": "tabular-data-resource",
                "schema": {"fields": fields, "primaryKey": [f.name for f in SCHEMAS[table] if f.key]},
            }
        )  # fmt: skip
    return {"name": name, "profile": "tabular-data-package", "resources": resources}
