"""The base city that is kept in the cache: the same bytes, found by what it depends on, and no fault when it is broken."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from krimp.engine import base_city, stored
from krimp.engine.run import Settings, empty_world, execute
from krimp.intake import CityPack, load_city
from krimp.state import months
from krimp.state.world import World
from tests.test_run import digest, harm

SCALE = "1/200"
#: As they are outside of tests, where no city is kept.
FIND, KEEP = base_city.find, base_city.keep


@pytest.fixture(scope="module")
def pack() -> CityPack:
    return load_city("hegang")


@pytest.fixture
def shelves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, in which small cities are kept too."""
    monkeypatch.setattr(base_city, "find", FIND)
    monkeypatch.setattr(base_city, "keep", KEEP)
    monkeypatch.setattr(base_city, "LEAST_PEOPLE", 0)
    monkeypatch.setattr(base_city.cache, "home", lambda: tmp_path / "cache")
    return tmp_path / "cache" / "cities"


def fresh(pack: CityPack, **settings: object) -> World:
    asked = Settings("hegang", scale=SCALE, **settings)  # type: ignore[arg-type]
    return empty_world(pack, asked, months.parse("2011-02"))


def kept(shelves: Path) -> list[Path]:
    return sorted(shelves.glob("*/*"))


def same(one: World, other: World) -> bool:
    ours, theirs = dict(stored.columns_of(one)), dict(stored.columns_of(other))
    assert ours.keys() == theirs.keys()
    for name, column in ours.items():
        assert column.dtype == theirs[name].dtype and column.tobytes() == theirs[name].tobytes(), name
    return stored.numbers_of(one) == stored.numbers_of(other)


def test_a_kept_city_is_the_city(shelves: Path, pack: CityPack, tmp_path: Path) -> None:
    """All columns, numbers and memories, and the same files after a year."""
    built, taken = fresh(pack), fresh(pack)
    assert not base_city.begin(built) and base_city.begin(taken)
    assert built.params is not taken.params and built.params.values == taken.params.values
    assert same(built, taken)
    runs = [Settings("hegang", scale="1/100", until="2011-11", seed=3) for _ in range(2)]
    first, second = (execute(asked, tmp_path / str(i)) for i, asked in enumerate(runs))
    assert len(kept(shelves)) == 2
    assert digest(first) == digest(second)
    said = [json.loads((folder / "run.json").read_text())["base_city"] for folder in (first, second)]
    assert said == ["synthesised", "kept"]


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({}, True),
        ({"threads": 2}, True),
        ({"until": "2030-01"}, True),
        ({"sets": {"mortality.level": 1.1}}, True),  # not read before the first month
        ({"sets": {"tenancy.rent_m2": 9.0}}, False),
        ({"draws": {"pack.vacancy_2010": 0.12}}, False),
        ({"seed": 2}, False),
        ({"scale": "1/201"}, False),
        ({"events": False}, False),
    ],
)
def test_what_a_city_depends_on(
    shelves: Path, pack: CityPack, settings: dict[str, object], found: bool
) -> None:
    """What is found is what would have been built."""
    base_city.begin(fresh(pack))
    asked = Settings(**{"city": "hegang", "scale": SCALE, **settings})  # type: ignore[arg-type]
    taken, built = (empty_world(pack, asked, months.parse(asked.until or "2011-02")) for _ in range(2))
    assert base_city.begin(taken) == found
    assert len(kept(shelves)) == 2 - found
    shutil.rmtree(shelves)
    assert not base_city.begin(built)
    assert same(taken, built)


def test_a_pack_changed_in_memory_is_another(shelves: Path, pack: CityPack) -> None:
    base_city.begin(fresh(pack))
    assumptions = pack.tables["assumptions"]
    dearer = assumptions.with_columns(value=pl.col("value") * 1.01)
    assert replace(pack).content_hash() == pack.content_hash()
    for name, table in {"assumptions": dearer, "more": assumptions}.items():
        assert replace(pack, tables={**pack.tables, name: table}).content_hash() != pack.content_hash()
    assert not base_city.begin(fresh(replace(pack, tables={**pack.tables, "more": assumptions})))


def test_a_change_of_the_sources_is_noticed(
    shelves: Path, pack: CityPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    base_city.begin(fresh(pack))
    monkeypatch.setattr(base_city.cache, "sources", lambda: "edited")
    assert not base_city.begin(fresh(pack))


@pytest.mark.parametrize(
    "break_it", [lambda f: harm(f, "persons.birth"), lambda f: (f / "columns.bin").unlink()]
)
def test_a_broken_city_is_built_anew(
    shelves: Path, pack: CityPack, break_it: Callable[[Path], object]
) -> None:
    base_city.begin(fresh(pack))
    break_it(*kept(shelves))
    world = fresh(pack)
    assert not base_city.begin(world) and world.persons.n > 1000
    assert base_city.begin(fresh(pack))  # in its place


def test_the_cities_used_last_are_kept(
    shelves: Path, pack: CityPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    base_city.begin(fresh(pack))
    size = (kept(shelves)[0] / "columns.bin").stat().st_size
    monkeypatch.setattr(base_city, "MOST_BYTES", 5 * size // 2)
    base_city.begin(fresh(pack, seed=2))
    for age, folder in enumerate(kept(shelves), 1):
        os.utime(folder, (age, age))
    assert base_city.begin(fresh(pack, seed=1))  # used just now
    base_city.begin(fresh(pack, seed=3))
    assert len(kept(shelves)) == 2
    assert base_city.begin(fresh(pack, seed=1)) and not base_city.begin(fresh(pack, seed=2))


def test_a_cache_that_cannot_be_written_is_no_fault(
    shelves: Path, pack: CityPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelves.parent.mkdir()
    shelves.write_text("a file where the folder should be")
    world = fresh(pack)
    assert not base_city.begin(world) and world.persons.n > 1000


def test_what_was_read_is_noted_whatever_the_way(shelves: Path, pack: CityPack) -> None:
    """By name it is noted; all at once it cannot be read."""
    world = fresh(pack)
    with pytest.raises(AttributeError):
        _ = base_city._Noted(world.params).values  # type: ignore[attr-defined]
    base_city.begin(world)
    read = stored.read_state(*kept(shelves))["parameters"]
    assert "tenancy.rent_m2" in read and "mortality.level" not in read
    assert read == {name: world.params[name] for name in read}
