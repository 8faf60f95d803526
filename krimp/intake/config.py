"""`city.toml`: a city's identity, districts, settlements, rates and parameter overrides."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

SettlementKind = Literal[
    "village", "state_farm", "mine_row", "old_core", "new_core", "resettlement_estate", "county_town"
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class District(_Strict):
    """A district or county of the city."""

    id: str
    name: str
    kind: Literal["district", "county"] = "district"
    km_from_centre: float = 0.0


class Settlement(_Strict):
    """A part of a district with one kind of housing; `claims_estates` marks where claims look at flats."""

    id: str
    name: str
    district: str
    kind: SettlementKind
    km_from_centre: float = 0.0
    claims_estates: bool = False


class Schedules(_Strict):
    """Names of shipped national schedules."""

    mortality: str = "china"
    fertility: str = "china"


class CityConfig(_Strict):
    """A city's `city.toml`. `rates`: euro = currency units per euro by year ("2023" = 7.4)."""

    id: str
    name: str
    country: str = ""
    regime: str = "china"
    currency: str = "CNY"
    minor_units: int = Field(default=100, ge=1)
    base: str
    article_month: str | None = None
    rates: dict[str, dict[str, float]] = {}
    districts: tuple[District, ...]
    settlements: tuple[Settlement, ...] = ()
    schedules: Schedules = Schedules()
    parameters: dict[str, float] = {}

    @model_validator(mode="before")
    @classmethod
    def _somewhere(cls, data: object) -> object:
        """A district without settlements is one old core."""
        if not isinstance(data, dict) or not isinstance(data.get("districts"), list | tuple):
            return data
        settlements = data.get("settlements", [])
        if not isinstance(settlements, list | tuple):
            return data
        known = {s.get("district") for s in settlements if isinstance(s, dict)}
        bare = [d for d in data["districts"] if isinstance(d, dict) and d.get("id") and d["id"] not in known]
        cores = [
            {"id": f"{d['id']}_core", "name": d.get("name", d["id"]), "district": d["id"], "kind": "old_core"}
            for d in bare
        ]
        return {**data, "settlements": [*settlements, *cores]}

    @field_validator("base", "article_month")
    @classmethod
    def _month(cls, value: str | None) -> str | None:
        if value is not None:
            year, _, number = value.partition("-")
            if not (len(year) == 4 and year.isdigit() and number.isdigit() and 1 <= int(number) <= 12):
                raise ValueError("allowed is YYYY-MM")
        return value

    @field_validator("regime")
    @classmethod
    def _regime(cls, value: str) -> str:
        known = ("china", "united_states")
        if value not in known:
            raise ValueError(f"allowed are {', '.join(known)}")
        return value

    @model_validator(mode="after")
    def _whole(self) -> CityConfig:
        if not self.districts:
            raise ValueError("districts: at least one is needed")
        ids = [d.id for d in self.districts]
        if len(set(ids)) != len(ids) or "city" in ids:
            raise ValueError("districts: ids must differ and none may be 'city'")
        names = [s.id for s in self.settlements]
        if len(set(names)) != len(names):
            raise ValueError("settlements: two have the same id")
        for settlement in self.settlements:
            if settlement.district not in ids:
                raise ValueError(
                    f"settlement {settlement.id}: unknown district {settlement.district!r}; allowed are {', '.join(ids)}"
                )
        return self
