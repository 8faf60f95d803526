"""`krimp bench`: what it reports, not how fast anything is."""

from __future__ import annotations

import pytest

from krimp.study import bench


@pytest.fixture(scope="module")
def result() -> dict:
    return bench.bench(scales=("1/100", "1/50"), threads=(1,), months=2, late="2011-02")


def test_cases_have_the_fields_of_the_contract(result: dict) -> None:
    assert {"machine", "commit", "cases"} <= set(result)
    assert [(c["scale"], c["from"]) for c in result["cases"]] == [
        ("1/100", "2010-11"), ("1/100", "2011-02"), ("1/50", "2010-11"), ("1/50", "2011-02"),
    ]  # fmt: skip
    for case in result["cases"]:
        for name in (
            "threads", "months", "events", "seconds_per_month", "person_months_per_s", "r_ratio", "bytes_per_person",
            "peak_bytes", "startup_s",
        ):  # fmt: skip
            assert case[name] > 0, name
        assert case["person_months_per_s"] * case["seconds_per_month"] == pytest.approx(
            case["persons"], rel=0.02
        )
        inside = sum(case["processes"].values())
        assert 0.5 * case["seconds_per_month"] < inside < 1.05 * case["seconds_per_month"]
        assert {"housing_search", "recount and observe"} <= set(case["processes"])


def test_growth_and_comparison(result: dict) -> None:
    assert set(result["growth"]) == {"size, 1 thread", "listings, 1 thread"}
    first = result["first_month"]
    assert min(first["warm_s"], first["built_s"]) > 0 and "cold_s" not in first
    same = bench.against(result, result)
    assert len(same) == 4 and all(row["ratio"] == row["r_ratio"] == 1.0 for row in same)
    market = {
        "processes": {"listing": 1.0, "tenancy": 1.0, "housing_search": 2.0},
        "scale": "1",
        "threads": 1,
    }
    before, after = ({**market, "from": m, "persons": 9, "listings": n, "seconds_per_month": 9.0}
                     for m, n in (("2010-11", 100), ("2020-12", 200)))  # fmt: skip
    after["processes"] = {name: 2.0 * cost for name, cost in market["processes"].items()}
    assert bench.growth([before, after]) == {"listings, 1 thread": pytest.approx(1.0)}
    small, large = ({"scale": s, "threads": 1, "from": "2010-11", "persons": n, "seconds_per_month": t}
                    for s, n, t in (("1", 1000, 1.0), ("10", 10000, 10.0)))  # fmt: skip
    assert bench.growth([small, large])["size, 1 thread"] == pytest.approx(1.0)
