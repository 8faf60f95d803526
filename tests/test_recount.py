"""The recount sees what is wrong in a list, a couple, a deed or a home, and nothing in a whole city."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from krimp.engine.run import prepare
from krimp.state import recount
from krimp.state.codes import BY_HOUSEHOLD, DEAD, RESIDENT
from krimp.state.counting import Dwindling, Grouped, count_both, count_where, pack, tally, tally_some
from krimp.state.tables import Table
from krimp.state.world import World


@pytest.fixture(scope="module")
def world() -> World:
    return prepare("hegang", scale="1/50")


def _two(world: World, table: str, column: str) -> np.ndarray:
    """Two rows that name two others."""
    values = getattr(getattr(world, table), column)
    if column == "partner":
        values = np.where(world.persons.state == RESIDENT, values, 0)
    if column == "owner":
        values = np.where(world.dwellings.owner_kind == BY_HOUSEHOLD, values, 0)
    rows = np.nonzero(values)[0]
    return rows[[len(rows) // 3, 2 * len(rows) // 3]]


@pytest.mark.parametrize(
    ("table", "column", "words"),
    [
        ("persons", "partner", "partners who do not know each other"),
        ("persons", "household", "household members out of their household's list"),
        ("persons", "next", "household members out of their household's list"),
        ("households", "first", "household members out of their household's list"),
        ("dwellings", "owner", "dwellings out of their owner's list"),
        ("dwellings", "next_owned", "dwellings out of their owner's list"),
        ("dwellings", "occupant", "dwellings whose occupant lives elsewhere"),
    ],
)
def test_two_rows_that_swap_what_they_name(world: World, table: str, column: str, words: str) -> None:
    """Found by a whole recount, and by just one of three months that ask in turn."""
    assert recount.faults(world) == []
    values = getattr(world, table).columns[column]
    a, b = _two(world, table, column)
    values[[a, b]] = values[[b, a]]
    found = recount.faults(world)
    in_turn = []
    for _ in recount.TURNS:
        world.month += 1
        in_turn += recount.faults(world, whole=False)
    values[[a, b]] = values[[b, a]]
    world.month -= len(recount.TURNS)
    assert any(words in fault for fault in found)
    assert len([fault for fault in in_turn if words in fault]) == 1


def test_widows_keep_their_late_spouse_but_no_other(world: World) -> None:
    a, b = _two(world, "persons", "partner")
    persons = world.persons.columns
    late, other = persons["partner"][a], persons["partner"][b]
    home = {name: persons[name][late] for name in ("state", "partner")}
    persons["state"][late] = DEAD
    assert not any("partners" in fault for fault in recount.faults(world))
    persons["partner"][late] = other
    assert "1 partners who do not know each other" in recount.faults(world)
    for name, value in home.items():
        persons[name][late] = value


@pytest.mark.parametrize("districts", [3, 8, 19])
def test_counting_by_district(districts: int) -> None:
    rng = np.random.default_rng(districts)
    state, district = rng.integers(0, 3, 5000, np.int8), rng.integers(0, districts, 5000, np.int8)
    district[1000:3000] = districts - 1
    out = np.zeros(districts, np.int64)
    count_where(state, 1, district, out, 1, 5000)
    np.testing.assert_array_equal(out, np.bincount(district[1:][state[1:] == 1], minlength=districts))


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (0, 63), (1, 65), (7, 200), (64, 1000), (999, 1000)])
def test_counting_what_two_columns_say(start: int, stop: int) -> None:
    """Whole vectors, and the rows that are left; numbers below 0 too."""
    dice = np.random.default_rng(stop)
    first, second = dice.integers(-2, 2, (2, 1000), np.int8)
    for a, b in ((-2, 1), (0, 0), (1, -1)):
        both = (first[start:stop] == a) & (second[start:stop] == b)
        assert count_both(first, a, second, b, start, stop) == both.sum()


@pytest.mark.parametrize("seed", range(5))
def test_what_dwindles_is_what_a_full_look_finds(seed: int) -> None:
    """Whenever it is asked, in a table that grows while bare shells are fitted out, and in a table cut short."""
    dice = np.random.default_rng(seed)
    homes, shells = Table("dwellings", 2), Dwindling(lambda table, rows: table.fitted[rows] == 0)
    for month in range(30):
        if month == 20:
            homes.used[0] = 1 + homes.n // 2
        if dice.random() < 0.7:
            homes.append(fitted=dice.integers(0, 2, int(dice.integers(1, 40))))
        homes.fitted[dice.random(homes.n) < 0.1] = 1
        if dice.random() < 0.6:
            assert np.array_equal(shells.rows(homes), np.flatnonzero(homes.fitted == 0))


@pytest.mark.parametrize("seed", range(5))
def test_rows_by_code_are_those_of_a_stable_sort(seed: int) -> None:
    """Whenever they are asked for, in a table that grows and in one cut short; also of a code that no row has."""
    dice = np.random.default_rng(seed)
    homes, by_district = Table("dwellings", 2), Grouped("district")
    for month in range(20):
        if month == 15:
            homes.used[0] = 1 + homes.n // 2
        if dice.random() < 0.7:
            homes.append(district=dice.integers(0, 5, int(dice.integers(1, 40))))
        begin, rows = by_district.rows(homes, 7)
        assert np.array_equal(rows, np.argsort(homes.district, kind="stable"))
        assert np.array_equal(np.diff(begin), np.bincount(homes.district, minlength=7))


def _closed_up() -> None:
    """Rows flagged, however many, into room for one more: behind what is there, and nothing beyond that room."""
    dice = np.random.default_rng(1)
    for kind, place in ((np.uint8, np.int32), (np.bool_, np.int64)):
        for size in (0, 1, 15, 16, 17, 1000):
            for share in (0.0, 0.03, 0.7, 1.0):
                # whatever is not 0 is a flag
                flags = (dice.integers(1, 200, size) * (dice.random(size) < share)).astype(kind)
                n = int(np.count_nonzero(flags))
                kept = np.full(5 + n + 1 + 20, -7, place)
                assert pack(flags, 100, kept[: 5 + n + 1], 5) == 5 + n
                assert kept[5 : 5 + n].tolist() == (100 + np.flatnonzero(flags)).tolist()
                assert set(kept[:5].tolist()) == set(kept[5 + n + 1 :].tolist()) == {-7}


def test_flagged_rows_are_closed_up() -> None:
    _closed_up()


def test_flagged_rows_are_closed_up_without_wide_vectors(tmp_path: Path) -> None:
    """The same kernels for a processor that has no instruction for it."""
    plain = {"NUMBA_CPU_NAME": "x86-64-v3", "NUMBA_CPU_FEATURES": "+avx2", "KRIMP_CACHE": str(tmp_path)}
    code = "from krimp.state import compile; assert not compile._CLOSES_UP; import test_recount; test_recount._closed_up()"
    subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parent, env={**os.environ, **plain}, check=True
    )


def test_tallies_add_up_in_four_lines() -> None:
    dice = np.random.default_rng(3)
    cell, some = dice.integers(0, 9, 1003, np.int32), np.flatnonzero(dice.random(1003) < 0.3).astype(np.int32)
    every, chosen = np.zeros((2, 4, 9), np.int32)
    tally(cell, every)
    tally_some(cell, some, chosen)
    assert np.array_equal(every.sum(axis=0), np.bincount(cell, minlength=9))
    assert np.array_equal(chosen.sum(axis=0), np.bincount(cell[some], minlength=9))
