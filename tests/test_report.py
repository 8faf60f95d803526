"""The report: one self-contained page with every section, for one run and for several."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from fake_run import write_fake_run

from krimp.outputs.folder import RunError, open_run
from krimp.outputs.report import ages_of, census_tables, migration_by_age, people_balance, write_report


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_fake_run(tmp_path_factory.mktemp("runs") / "a")


@pytest.fixture(scope="module")
def page(folder):
    claims = [
        {
            "id": "revenue_2020",
            "median": 2.5e9,
            "low": 2.1e9,
            "high": 2.9e9,
            "verdict": "inside",
            "basis": "in sample",
        }
    ]
    return write_report(folder, claims=claims).read_text()


class Balanced(HTMLParser):
    """Counts tags that are opened and closed."""

    VOID = ("meta", "br", "link", "img", "hr", "input")

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes <{self.open[-1:]}>"
        self.open.pop()


def test_page_is_whole_and_needs_no_network(page):
    parser = Balanced()
    parser.feed(page)
    assert not parser.open
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    assert "@import" not in page and "<script" not in page and "url(http" not in page


def test_page_has_every_section(page):
    for title in ("People", "Homes and prices", "The city&#39;s books", "Heating, buses, wages, schools",
                  "Work, shops, cost of living", "The region around it", "District by district", "Balance sheets", "Against the data",
                  "Claims about the city, one by one", "Parameters", "How to reproduce this"):  # fmt: skip
        assert f"<h2>{title}</h2>" in page, title
    for plot in ("November 2010", "November 2020", "March 2023", "Population", "What changed it, people a year", "Households",
                 "Persons per household", "Homes by use", "Price of a square metre, yuan", "General budget: in and out",
                 "Debt and cash", "What each year&#39;s duties left unfunded", "Moves across the border by age, people a year",
                 "Heat delivered", "Buses running", "Public wages overdue, months", "Jobs", "Shops by founder",
                 "North Bank", "Minefield", "Core"):  # fmt: skip
        assert f"<h3>{plot}</h3>" in page, plot
    assert page.count("<svg") > 30
    assert page.index("<svg") < page.index("<table")  # plots before tables


def test_page_tells_what_happened(page):
    run_words = "Between November 2010 and March 2023 the simulated city shrank from 400,000"
    assert run_words in page
    assert "dwellings.csv is missing: filled" in page  # warnings
    assert "in sample" in page and "out of sample" in page
    assert "It closes to the last cent." in page
    assert "heating.tariff" in page and "uniform(20, 32)" in page and "assumed" in page
    assert "krimp run" in page and "run.json" in page
    assert re.search(r"revenue_2020.*?inside", page, re.S)
    assert "2.50 bn (2.10 bn to 2.90 bn)" in page


def test_region_around_the_city(page):
    assert (
        "count 5.0 million people in Upland in 2010 and 4.0 million in 2020: 1.0 million fewer (-20.0%)"
        in page
    )
    for plot in ("People of the provinces", "Change of people, 2010 to 2020", "Pay here and elsewhere"):
        assert f"<h3>{plot}</h3>" in page, plot
    assert "Pitville" in page and "Home, this run" in page


def test_colours_follow_the_page(page):
    drawn = "".join(re.findall(r"<svg.*?</svg>", page, re.S))
    assert "var(--c1)" in drawn and "DejaVu" not in drawn
    assert not re.search(r"(fill|stroke): #(?!fff|000)[0-9a-f]{6}", drawn)
    assert "prefers-color-scheme: dark" in page


def test_report_is_the_same_each_time(folder, tmp_path):
    a = write_report(folder, tmp_path / "a.html").read_bytes()
    b = write_report(folder, tmp_path / "b.html").read_bytes()
    assert a == b


def test_several_runs_are_laid_over_each_other(folder, tmp_path):
    other = write_fake_run(tmp_path / "b", seed=2, scenario="harsher")
    page = write_report([folder, other], tmp_path / "both.html").read_text()
    assert "fakeburg, harsher, seed 2" in page and "dashed" in page and "stroke-dasharray" in page
    assert "value 2" in page


def test_a_thin_run_still_reports(folder, tmp_path):
    import shutil

    thin = tmp_path / "thin"
    thin.mkdir()
    for name in ("run.json", "series.parquet"):
        shutil.copy(folder / name, thin / name)
    page = write_report(thin).read_text()
    assert "<h3>Population</h3>" in page and "Fakeburg" in page


def test_bad_requests_are_named(folder, tmp_path):
    with pytest.raises(RunError, match="2011 to 2022"):
        write_report(folder, year=1999)
    with pytest.raises(RunError, match="claims"):
        write_report(folder, claims=tmp_path / "none.json")
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "run.json").write_text(json.dumps({"status": "running"}))
    with pytest.raises(RunError, match="no series yet"):
        write_report(empty)


def test_pyramids_and_balance_agree_with_the_series(folder):
    run = open_run(folder)
    for month in ("2010-11", "2020-11", "2023-03"):
        bands = ages_of(run, month)
        assert sum(b.sum() for b in bands.values()) == run.at("population", month)
    census = census_tables(run)
    assert set(census) == {2010, 2020}
    assert census[2020]["female"][-1] == 1200
    assert all(row["rest"] == 0 for row in people_balance(run))


def test_migration_by_age_adds_up_to_the_flows(folder):
    run = open_run(folder)
    years = (len(run.months) - 1) / 12
    out = sum(values.sum() for text, values in migration_by_age(run) if text in ("left", "students left"))
    came = sum(
        values.sum() for text, values in migration_by_age(run) if text in ("came back", "new arrivals")
    )
    assert out * years == pytest.approx(sum(run.line("out_migrants")))
    assert came * years == pytest.approx(sum(run.line("in_migrants")))
