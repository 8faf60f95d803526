"""The rest of the street bites: resettlement, comers, births policy, schools, care; and every sentence has its place."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest

import krimp
from krimp.engine import month
from krimp.processes import home_appeal, schools
from krimp.processes.resettlement import WILL_NOT_LEAVE
from tests.small import SEEDS, p_rises, paired, run, world

DEFAULT: dict[str, float] = {}
PACKAGE = Path(krimp.__file__).parent
CLAIMS = PACKAGE / "cities" / "hegang" / "claims.csv"
SENTENCES = PACKAGE.parent / "docs" / "sentences.md"


def change(
    variable: str, months: int, on: dict[str, float], first: int = 0, off: dict[str, float] = DEFAULT,
    seeds: tuple[int, ...] = SEEDS,
) -> np.ndarray:  # fmt: skip
    return paired(variable, months, on, off, weight=200, seeds=seeds, first=first)


def test_resettlement_builds_and_clears_and_leaves_homes_empty() -> None:
    """Without it there are fewer public flats, no demolition beyond ruins, fewer empty homes."""
    off = {"resettlement.scale": 0.0}
    for variable in ("completions", "demolitions", "vacant"):
        assert p_rises(-change(variable, 66, off, 56)) < 0.01, variable


def test_a_dearer_flat_leaves_more_who_cannot_pay() -> None:
    dear = {"resettlement.top_up_m2": 4000.0}
    assert p_rises(change("holdouts", 66, dear, 56, seeds=SEEDS)) < 0.01


def _attached(seed: int, weight: float) -> float:
    """Mean attachment (0 to 1) of those who will not leave their designated home, above that of all households."""
    w = world(seed, 100, {"resettlement.refuse_attached": weight})
    held: set[int] = set()
    for _ in range(66):
        month.advance(w)
        unwilling = w.memory["resettlement.row"][w.memory["resettlement.reason"] == WILL_NOT_LEAVE]
        held.update(w.dwellings.occupant[unwilling].tolist())
    attachment = w.households.attachment[1:] / 255.0
    return float(attachment[np.array(sorted(held - {0})) - 1].mean() - attachment.mean())


def test_attachment_makes_people_stay() -> None:
    """Who will not leave is more attached than others, and is not where attachment counts for nothing."""
    at_default = np.array([_attached(s, 2.0) for s in SEEDS])
    blind = np.array([_attached(s, 0.0) for s in SEEDS])
    assert p_rises(at_default) < 0.01
    assert p_rises(at_default - blind) < 0.01


def test_no_returns_without_the_hazard() -> None:
    off = {"return_migration.level": 0.0, "return_migration.student_share": 0.0}
    assert p_rises(-change("returnees", 24, off)) < 0.01
    assert run(24, 1, 200, off)["returnees"].sum() == 0.0


def test_newcomers_without_work_do_not_all_stay_the_winter() -> None:
    assert p_rises(change("out_migrants", 24, {"newcomers.level": 0.02, "out_migration.winter": 0.9}, 0,
                          {"newcomers.level": 0.02, "out_migration.winter": 0.0})) < 0.01  # fmt: skip


def _arrivals(seed: int, news: float) -> float:
    w = world(seed, 200, {"newcomers.cheap": 2000.0})
    total = 0
    for _ in range(4):
        w.memory["newcomers.buzz"] = news
        month.advance(w)
        total += int(w.counter("newcomers").sum())
    return float(total)


def test_news_brings_newcomers() -> None:
    assert p_rises(np.array([_arrivals(s, 3.0) - _arrivals(s, 0.0) for s in SEEDS])) < 0.01


def _leavers(seed: int, weight: float) -> float:
    """Leavers of a year in which buses stop and most schools close, by how much people mind."""
    w = world(seed, 200, {"home_appeal.bus": weight, "home_appeal.school": weight})
    total = 0
    for _ in range(12):
        w.signal["bus_share"][:] = 0.0
        w.signal["school_share"][:] = 0.2
        home_appeal.step(w)
        month.advance(w)
        total += int(w.counter("out_migrants").sum())
    return float(total)


def test_people_leave_where_services_fail() -> None:
    assert p_rises(np.array([_leavers(s, 1.0) - _leavers(s, 0.0) for s in SEEDS])) < 0.01


def test_a_dearer_life_sends_people_away() -> None:
    """Prices rise from the base on: who does not mind them leaves less (cheap homes: tests of the economy)."""
    off = {"home_appeal.prices": 0.0}
    assert p_rises(-change("out_migrants", 36, off, 12, seeds=SEEDS)) < 0.01


def test_a_birth_grant_costs_money_and_brings_births() -> None:
    on = {"birth_grant.amount": 60000.0, "birth_grant.response": 1.0}
    assert p_rises(change("births", 24, on, 10)) < 0.01
    assert p_rises(change("birth_grants", 24, on)) < 0.01
    assert p_rises(change("general_expenditure", 24, on)) < 0.01


def test_schools_follow_pupils_down_but_never_turn_one_away() -> None:
    w = world(1, 200)
    pupils = w.memory["schools.pupils"].copy()
    w.memory["schools.places"] = pupils * 2
    while w.month_of_year != 9:
        w.month += 1
    schools.step(w)
    assert (w.memory["schools.places"] >= pupils).all()
    assert w.memory["schools.places"].sum() < 2 * pupils.sum()
    assert w.fired["schools.merged"] > 0


def test_an_older_city_needs_more_care() -> None:
    series = run(36, 1, 200)
    assert series["care_need"][-1] > series["care_need"][0] > 0
    assert (
        0.35 * series["population_80_plus"][-1]
        < series["care_need"][-1]
        < 0.35 * series["population_60_plus"][-1]
    )


def _table() -> dict[str, list[str]]:
    lines = [
        line.strip("|").split(" | ")
        for line in SENTENCES.read_text("utf-8").splitlines()
        if line.startswith("| ")
    ]
    return {cells[0].strip(): cells for cells in lines[1:]}


@pytest.mark.parametrize("claim", [row["id"] for row in csv.DictReader(CLAIMS.open(encoding="utf-8"))])
def test_every_sentence_has_its_place(claim: str) -> None:
    cells = _table()[claim]
    assert len(cells) == 9 and all(cell.strip() for cell in cells)
    files = re.findall(r"`([a-z_/]+\.py)`", cells[3])
    assert len(files) >= 2
    for file in files:
        assert (PACKAGE / file).is_file(), file
    known = {s.name for s in month.all_series()}
    for name in re.findall(r"`([a-z0-9_]+)`", cells[4]):
        assert name in known or name.startswith("ask_total"), name
