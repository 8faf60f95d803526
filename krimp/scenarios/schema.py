"""Reading and checking a scenario file.

A scenario is a TOML file with a `name`, a `text` and dated `[[action]]` tables: `from` (first month), `until`
(last month, optional) and `set`, a table of parameter names and values that hold meanwhile.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from krimp.state import months

FOLDER = Path(__file__).parent


class ScenarioError(ValueError):
    """A scenario that cannot be used; the message names file and place, what was found and what is allowed."""


class Action(BaseModel):
    """Parameter values that hold from one month to another (inclusive; open-ended without `until`)."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    start: str = Field(alias="from")
    until: str | None = None
    set: dict[str, float]

    @field_validator("start", "until")
    @classmethod
    def _month(cls, value: str | None) -> str | None:
        if value is not None:
            months.parse(value)
        return value

    def holds(self, month: int) -> bool:
        """Whether the action is in force in this month."""
        if month < months.parse(self.start):
            return False
        return self.until is None or month <= months.parse(self.until)


class Scenario(BaseModel):
    """A named list of actions."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    text: str = ""
    action: tuple[Action, ...] = ()


def shipped() -> list[str]:
    """Names of the scenarios that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_scenario(name_or_file: str | Path) -> Scenario:
    """A shipped scenario by name or one from a file; ScenarioError says what is wrong and what is allowed."""
    path = Path(name_or_file)
    if path.suffix != ".toml":
        path = FOLDER / f"{name_or_file}.toml"
        if not path.is_file():
            raise ScenarioError(
                f"scenario {str(name_or_file)!r} is not shipped; allowed are a .toml file or one of: {', '.join(shipped())}"
            )
    elif not path.is_file():
        raise ScenarioError(f"scenario file {path}: not found")
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"scenario file {path.name}: not valid TOML: {error}") from error
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ScenarioError(
            f"scenario file {path.name}, {place}: {first['msg']} (found {first.get('input')!r}); "
            "allowed are name, text and [[action]] with from, until, set"
        ) from error
    for number, action in enumerate(scenario.action, 1):
        if action.until is not None and months.parse(action.until) < months.parse(action.start):
            raise ScenarioError(
                f"scenario file {path.name}, action {number}: until {action.until} lies before from {action.start}"
            )
    return scenario
