"""Reading run folders: tables, listings, comparisons, life stories, the books of a year."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import shutil

import polars as pl
import pytest
from fake_run import SETTLEMENTS, write_fake_run

from krimp.outputs import words
from krimp.outputs.books import flow_matrix, sector_balances
from krimp.outputs.compare import compare
from krimp.outputs.folder import RunError, euro_rate, open_run
from krimp.outputs.follow import follow, tell
from krimp.outputs.listings import listings
from krimp.outputs.observed import beside, value_at
from krimp.outputs.summary import as_dict, print_summary
from krimp.outputs.traits import split


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_fake_run(tmp_path_factory.mktemp("runs") / "a")


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    return write_fake_run(tmp_path_factory.mktemp("runs") / "b", seed=2)


@pytest.fixture(scope="module")
def run(folder):
    return open_run(folder)


def test_run_reads_what_the_folder_holds(run, folder):
    assert (run.base, run.until, run.title, run.weight, run.currency) == (
        "2010-11",
        "2023-03",
        "Fakeburg",
        1000,
        "yuan",
    )
    assert run.months[0] == dt.date(2010, 11, 1) and run.months[-1] == dt.date(2023, 3, 1)
    resident = run.persons.filter(pl.col("state") == "resident").height
    assert run.at("population", "2023-03") == 1000 * resident
    assert sum(run.at("population", "2023-03", d) for d in run.districts) == 1000 * resident
    assert open_run(folder / "run.json").seed == 1
    assert run.full_years() == list(range(2011, 2023))
    assert math.isnan(run.year("births", 2010))
    assert len(run.events) == run.scan_events().collect().height > 100


def test_numbered_districts_become_names(run, folder, tmp_path):
    copy = tmp_path / "numbered"
    shutil.copytree(folder, copy)
    names = list(run.districts)
    frame = pl.read_parquet(folder / "persons.parquet")
    frame.with_columns(
        pl.col("district").replace_strict(names, [0, 1, 2], return_dtype=pl.Int8)
    ).write_parquet(copy / "persons.parquet")
    assert open_run(copy).persons["district"].cast(pl.String).to_list() == frame["district"].to_list()


def test_what_is_no_run_says_so(tmp_path):
    with pytest.raises(RunError, match="is not there"):
        open_run(tmp_path / "none")
    with pytest.raises(RunError, match=r"no run\.json"):
        open_run(tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(RunError, match="not valid JSON"):
        open_run(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps({"status": "interrupted"}))
    with pytest.raises(RunError, match=r"interrupted.*krimp resume"):
        _ = open_run(tmp_path).series


def test_euro_rates():
    assert euro_rate({"eur": {"2010": 8.0, "2023": 7.0}}, "2022-05") == 7.0
    assert euro_rate({"EUR": 7.5}, "2022-05") == 7.5
    assert euro_rate({}, "2022-05") is None


# -- listings


def test_listings_are_cheapest_first_and_filtered(run):
    everything = listings(run)
    assert everything["month"].unique().to_list() == [dt.date(2023, 3, 1)]
    assert everything["ask"].is_sorted() and everything.height > 5
    bound = float(everything["ask"].median())
    cheap = listings(run, max_price=bound)
    assert cheap["ask"].max() <= bound and cheap.height == (everything["ask"] <= bound).sum()
    two = listings(run, rooms=2)
    assert set(two["rooms"]) == {2} and two.height == (everything["rooms"] == 2).sum()
    core = listings(run, district="Core", month="2022-12")
    assert set(core["district"]) == {"core"} and core["month"][0] == dt.date(2022, 12, 1)
    assert listings(run, max_price=1).height == 0


def test_listings_in_euro_and_per_square_metre(run):
    row = listings(run).row(0, named=True)
    assert row["ask_euro"] == pytest.approx(row["ask"] / 7.4, abs=0.51)
    assert row["ask_m2"] == pytest.approx(row["ask"] / row["area_m2"], abs=0.51)
    since = row["months_listed"]
    assert since >= 0


def test_listings_name_what_can_be_asked_for(run):
    with pytest.raises(RunError, match=r"there are some for .* to 2023-03"):
        listings(run, month="2024-07")
    with pytest.raises(RunError, match="did you mean minefield"):
        listings(run, district="Minefeld")
    with pytest.raises(ValueError, match="YYYY-MM"):
        listings(run, month="July")


# -- following a life


def test_every_life_can_be_told(run):
    for person in range(1, run.persons.height + 1, 7):
        life = follow(run, person)
        assert life.id == person and life.story
        text = tell(life)
        assert str(run.persons["key"][person - 1]) in text
        assert "none" not in text.lower().replace("no one", "")
        json.dumps(life.as_dict(), default=str)


def test_a_life_is_found_by_key(run):
    key = int(run.persons["key"][11])
    assert follow(run, key).id == 12
    with pytest.raises(RunError, match="allowed are ids"):
        follow(run, 10**9)


def test_likeness_keeps_every_trait(run):
    life = follow(run, like="woman, 75, mine")
    person = life.person
    rows = {s["id"] for s in SETTLEMENTS if s["kind"] == "mine_row"}
    assert person["sex"] == "female" and person["state"] == "resident"
    age = 2023 - person["birth"].year - (person["birth"].month > 3)
    assert 70 <= age <= 80
    assert person["sector"] == "mine" or life.dwelling["settlement"] in rows
    assert life.fits >= 1


def test_founders_and_returnees_are_found(run):
    for like in (
        "bakery",
        "coffee shop",
        "founder",
        "returnee",
        "founder, returnee",
        "dead, man",
        "gone",
        "poor",
        "alone",
    ):
        life = follow(run, like=like)
        if "returnee" in like:
            assert any(r["event"] == "return" for r in life.rows)
        if like in ("bakery", "coffee shop", "founder"):
            assert any(r["event"] == "shop_opened" for r in life.rows)
            assert "opened a" in tell(life)
        if "dead" in like:
            assert life.person["state"] == "dead" and "died" in tell(life)


@pytest.mark.parametrize(
    ("wording", "traits"),
    [
        ("woman of about 75 by the mine who stays for lack of money", "woman 75 mine_row stays cannot_afford"),
        ("a 75-year-old widow who could not afford to move", "75 widowed woman cannot_afford"),
        ("founder of a coffee shop", "founder coffee_shop"),
        ("an estate agent in North Bank, in her thirties", "broker north_bank 30-39"),
        ("a woman who studied away, worked in the richer south, came back and opened a bakery",
         "woman studied_away south returnee founder bakery"),
        ("laid-off miner over 50, or a man of 30-40", "lost_job miner 50+ man 30-40"),
    ],
)  # fmt: skip
def test_a_reporters_wording_is_understood(run, wording, traits):
    assert [t.replace(" ", "_") for t in split(run, wording)] == traits.split()


def test_company_is_told_by_kinship(run):
    with_children = run.persons.filter(
        (pl.col("mother") > 0) & (pl.col("household") > 0) & (pl.col("state").cast(pl.String) == "resident")
    )
    pairs = with_children.select(pl.col("mother").alias("id"), child_home="household").join(
        run.persons.filter(pl.col("state").cast(pl.String) == "resident").select("id", "household"), on="id"
    )
    mother = pairs.filter(pl.col("child_home") == pl.col("household"))["id"][0]
    assert re.search(r"lives with .*(son|daughter)", tell(follow(run, int(mother)), 10_000))


def test_unknown_traits_are_named(run):
    with pytest.raises(RunError, match="did you mean woman"):
        follow(run, like="womn, 75")
    with pytest.raises(RunError, match="nobody fits"):
        follow(run, like="child, widowed")


def test_story_tells_births_deaths_and_shared_events_once(run):
    mothers = run.persons.filter((pl.col("mother") > 0) & (pl.col("birth") > dt.date(2010, 11, 1)))
    mother = int(mothers["mother"][0])
    told = [t for _, t in follow(run, mother).story if "she had a" in t]
    assert len(told) == mothers.filter(pl.col("mother") == mother).height
    widow = int(run.events.filter(pl.col("event") == "widowed")["person"][0])
    assert sum("died" in t for _, t in follow(run, widow).story) >= 1


# -- comparing


def test_a_run_equals_itself(run):
    result = compare(run, run)
    assert result.people.is_empty() and result.counts["differ"] == 0
    assert result.counts["in_both"] == run.persons.height
    assert (result.series["difference"].fill_nan(0) == 0).all()


def test_lives_that_differ_are_matched_by_key(run, other):
    result = compare(run, other)
    b = open_run(other)
    assert result.month == "2023-03"
    population = result.series.filter(pl.col("variable") == "population").row(0, named=True)
    assert (
        population["b"] - population["a"]
        == population["difference"]
        == b.at("population", "2023-03") - run.at("population", "2023-03")
    )
    assert abs(population["peak"]) >= abs(population["difference"])
    assert result.counts["in_both"] + result.counts["only_in_a"] == run.persons.height
    assert result.counts["in_both"] + result.counts["only_in_b"] == b.persons.height
    row = result.people.row(0, named=True)
    assert run.persons["key"][row["id_a"] - 1] == b.persons["key"][row["id_b"] - 1] == row["key"]
    assert (
        (row["state_a"], row["activity_a"]) != (row["state_b"], row["activity_b"])
        or row["other_home"]
        or row["left_a"] != row["left_b"]
    )


# -- books


def test_flow_matrix_rows_and_columns_close(run):
    for year in (2011, 2020, 2022):
        matrix = flow_matrix(run, year)
        assert matrix.closes
        wages = dict((name, line) for name, line, _ in matrix.rows)["wages"]
        assert wages == {"households": 12 * 80e6, "city": -12 * 50e6, "mine": -12 * 30e6}


def test_flow_matrix_puts_the_largest_flows_first_and_equal_ones_by_name(run):
    rows = flow_matrix(run, 2020).rows
    moved = [(-sum(abs(v) for v in line.values()), name) for name, line, _ in rows]
    assert moved == sorted(moved)
    assert len({size for size, _ in moved}) < len(moved)  # the fake run has equal ones


def test_sector_balances_add_up_to_the_opening_total(run):
    found = sector_balances(run)
    assert found["dates"] == ["2010-11", "2020-12", "2023-03"]
    for i in range(3):
        assert sum(line[i][2] for _, line in found["rows"]) == pytest.approx(
            sum(line[0][2] for _, line in found["rows"])
        )
    city = dict(found["rows"])["city"]
    assert city[0][1] < 0 < city[0][0]


# -- observations


def test_observations_carry_their_basis(run):
    rows = {b.variable: b for b in beside(run)}
    assert set(rows) == {"population", "households", "own_revenue", "median_ask_m2"}
    assert rows["population"].basis == "in sample" and rows["median_ask_m2"].basis == "out of sample"
    assert rows["own_revenue"].model == pytest.approx(12 * 2.1e8)
    assert len(beside(run, all_rows=True)) == 5


def test_derived_observations(run):
    assert value_at(run, "growth:transfers", "2019") == pytest.approx(
        run.year("transfers", 2019) / run.year("transfers", 2018) - 1
    )
    change = value_at(run, "change_2017_2020:debt", "2020")
    assert change == pytest.approx(run.at("debt", "2020-12") - run.at("debt", "2017-12"))
    bands = [value_at(run, f"population_{a}_{a + 4}", "2020-11") for a in range(0, 120, 5)]
    assert sum(bands) == run.at("population", "2020-11")
    assert math.isnan(value_at(run, "nothing_known", "2020-11"))
    families = run.table("households", "2020-11").filter(pl.col("state").cast(pl.String) == "active")
    owners, tenants = (
        families.filter(pl.col("tenure").cast(pl.String) == x).height for x in ("owner", "tenant")
    )
    built, bought = (value_at(run, f"households_{x}", "2020-11") for x in ("self_built", "not_built"))
    assert (
        built + bought + tenants * run.weight == families.height * run.weight and built < owners * run.weight
    )
    assert 0 < value_at(run, "households_with_lift", "2020-11") < families.height * run.weight
    assert math.isnan(value_at(run, "households_self_built", "2015-06")), "no tables were kept of that month"
    assert math.isnan(value_at(run, "ask_second_over_top", "2009-01")), "no board was kept of that month"


# -- summary and words


def test_summary_is_one_screen(run, capsys):
    print_summary(run)
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines) <= 80 and len(lines) <= 48
    text = "\n".join(lines)
    for part in (
        "people",
        "households",
        "vacant",
        "official debt",
        "heat delivered",
        "in sample",
        "person-months a second",
    ):
        assert part in text
    facts = as_dict(run)
    assert facts["person_months_per_second"] == round(62_000_000 / 3.2)
    json.dumps(facts)


def test_numbers_in_words():
    assert words.number(1058665) == "1,058,665"
    assert words.number(13.68e9) == "13.68 bn"
    assert words.number(312e6) == "312.0 m"
    assert words.number(float("nan")) == "–"
    assert words.number(0.0) == "0"
    assert words.change(100, 84) == "-16.0%"
    assert len(words.sparkline(list(range(100)), 16)) == 16
    assert words.sparkline([1.0, float("nan"), 2.0]) == "▁ █"
    assert words.listed(["a", "b", "c"]) == "a, b and c"


def test_every_kind_of_event_can_be_told(run, folder, tmp_path):
    from krimp.state.codes import EVENTS, REASONS

    copy = tmp_path / "eventful"
    shutil.copytree(folder, copy)
    shape = pl.read_parquet(folder / "events" / "2015.parquet").clear()
    person = next(
        p
        for p in run.persons.iter_rows(named=True)
        if p["state"] == "resident" and p["partner"] and p["household"]
    )
    home = int(run.households["dwelling"][person["household"] - 1])
    rows = []
    for i, event in enumerate(EVENTS[1:]):
        month = dt.date(2015, 1 + i % 12, 1)
        ids = {
            "person": person["id"],
            "household": person["household"],
            "dwelling": home,
            "other": 1,
            "amount": 4_200_000,
        }
        public = dict.fromkeys(ids, 0)
        for reason in REASONS[i % 3 :: 7]:
            rows.append(
                {"month": month, "event": event, "reason": reason, "district": person["district"], **ids}
            )
        rows.append(
            {"month": month, "event": event, "reason": "none", "district": person["district"], **public}
        )
    pl.DataFrame(rows, schema=shape.schema).write_parquet(copy / "events" / "2015.parquet")
    life = follow(copy, person["id"])
    text = " ".join(tell(life).split())
    for words_of_it in ("the heating failed", "was put up for sale for 42,000 yuan", "opened a", "the marriage ended in divorce",
                        "offered to resettle", "said no and stayed", "locked down"):  # fmt: skip
        assert words_of_it in text, words_of_it
    assert "_" not in text
    own = [r for r in rows if r["person"]]
    assert sum(r["role"] == "self" and r["month"].year == 2015 for r in life.rows) == len(own)


def test_member_of_a_household_hears_of_its_events(run, folder, tmp_path):
    copy = tmp_path / "moved"
    shutil.copytree(folder, copy)
    couple = next(
        p for p in run.persons.iter_rows(named=True) if p["state"] == "resident" and p["partner"] and p["household"]
        and run.persons["household"][p["partner"] - 1] == p["household"]
    )  # fmt: skip
    shape = pl.read_parquet(folder / "events" / "2016.parquet").clear()
    row = {"month": dt.date(2016, 6, 1), "event": "moved_home", "reason": "none", "district": couple["district"],
           "person": couple["partner"], "household": couple["household"], "dwelling": 5, "other": 0, "amount": 0}  # fmt: skip
    far = next(p for p in run.persons.iter_rows(named=True) if p["household"] not in (0, couple["household"]))
    stranger = row | {"household": far["household"], "person": far["id"], "month": dt.date(2016, 7, 1)}
    pl.DataFrame([row, stranger], schema=shape.schema).write_parquet(copy / "events" / "2016.parquet")
    told = [t for m, t in follow(copy, couple["id"]).story if m and m.year == 2016]
    assert [t for t in told if "In June they moved to a" in t] and not [t for t in told if "July" in t]
