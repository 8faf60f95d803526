"""Many runs: draws, ensembles that resume, claims, calibration."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from krimp.engine.month import all_parameters
from krimp.engine.run import declared_parameters, prepare
from krimp.intake import CityPack, load_city
from krimp.outputs.folder import open_run
from krimp.state.parameters import Parameter
from krimp.study import claims as judged
from krimp.study.calibrate import calibrate, design, fit, to_parameters
from krimp.study.claim_rules import RULES, Claim, Finding, direction
from krimp.study.claims import evaluate, read_claims, verdict
from krimp.study.draws import draw, posterior_of, prior_draw, read_posterior
from krimp.study.ensemble import Task, complete, run_all
from tests.fake_run import write_fake_run


def task(name: str, **more: object) -> Task:
    settings = {
        "city": "hegang", "until": "2010-12", "seed": 1, "scale": "1/400", "threads": 1, "events": False,
        "tables": False, "checkpoint_every": 0, "scenario": "baseline", "draws": {}, **more,
    }  # fmt: skip
    return Task(name, settings)


# -- draws


def test_a_draw_depends_on_its_own_name_only() -> None:
    declared = all_parameters()
    whole = prior_draw(declared, 3)
    assert whole == prior_draw(reversed(declared), 3)
    fewer = prior_draw(declared[::2], 3)
    assert fewer and all(whole[name] == value for name, value in fewer.items())
    assert whole != prior_draw(declared, 4) and prior_draw(declared, 0) == {}
    assert all(p.low <= whole[p.name] <= p.high for p in declared if p.name in whole)


def test_a_posterior_replaces_only_its_own_parameters(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_text("mortality.level,fertility.level\n0.9,0.4\n1.0,0.5\n1.1,0.6\n")
    fitted = read_posterior(file)
    assert fitted.point() == {"mortality.level": 1.0, "fertility.level": 0.5}
    assert draw([], 0, fitted) == fitted.point()
    assert draw([], 1, fitted)["mortality.level"] == 0.9 == draw([], 4, fitted)["mortality.level"]
    assert draw([], 1, fitted, {"mortality.level": 0.7})["mortality.level"] == 0.7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mortality.level\nhigh\n", "found text"),
        ("mortality.level\n", "no draws|found text"),
        ("mortality.level,fertility.level\n1,\n", "empty cell|found text"),
    ],
)
def test_a_bad_posterior_says_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "p.csv"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_posterior(file)
    with pytest.raises(ValueError, match="not found"):
        posterior_of(load_city("hegang"), str(tmp_path / "none.csv"))


def test_shipped_draws_are_allowed_values() -> None:
    declared = {p.name: p for p in all_parameters()}
    pack = load_city("hegang")
    for asked in ("prior", "shipped"):
        found = posterior_of(pack, asked)
        if found is None:
            continue
        assert found.provenance, "draws come with their provenance"
        for name in found.frame.columns:
            column = found.frame[name]
            assert declared[name].low <= column.min() and column.max() <= declared[name].high  # type: ignore[operator]


# -- ensembles


def test_an_ensemble_goes_on_after_a_kill_and_runs_nothing_twice(tmp_path: Path) -> None:
    todo = [task(f"r{i}", seed=i + 1) for i in range(3)]
    code = (
        "import sys\nfrom pathlib import Path\nfrom tests.test_study import task\n"
        "from krimp.study.ensemble import run_all\n"
        "if __name__ == '__main__':\n"
        "    run_all([task(f'r{i}', seed=i + 1) for i in range(3)], Path(sys.argv[1]), 1)\n"
    )
    script = tmp_path / "go.py"
    script.write_text(code)
    root = str(Path(__file__).resolve().parent.parent)
    child = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "e")], start_new_session=True,
        env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip
    folder = tmp_path / "e"
    while child.poll() is None and not complete(folder / "r0", todo[0]):
        time.sleep(0.05)
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    stamps = {
        t.name: (folder / t.name / "run.json").stat().st_mtime_ns
        for t in todo
        if complete(folder / t.name, t)
    }
    assert "r0" in stamps
    seen: list[tuple[int, int]] = []
    run_all(todo, folder, 1, lambda done, total: seen.append((done, total)))
    assert all(complete(folder / t.name, t) for t in todo)
    assert seen[0] == (len(stamps), 3) and seen[-1] == (3, 3)
    for name, stamp in stamps.items():
        assert (folder / name / "run.json").stat().st_mtime_ns == stamp, "a finished run was done again"
    assert not complete(folder / "r0", task("r0", seed=1, scale="1/200")), "another scale is another run"


# -- claims


def claim(name: str, kind: str = "holds", **more: object) -> Claim:
    fields = {"id": name, "text": "", "kind": kind, "rule": name, "variable": "", "value": 1.0, "unit": "", "tolerance": 0.1,
              "month": "2023-03", "data": "", "source": ""}  # fmt: skip
    return Claim(**(fields | more))  # type: ignore[arg-type]


def test_every_claim_of_the_pack_has_a_rule_and_a_shipped_counterpart() -> None:
    from krimp.scenarios.schema import shipped

    asked = read_claims(load_city("hegang"))
    assert len(asked) == 30 and len({c.id for c in asked}) == 30
    assert {c.rule for c in asked} == set(RULES)
    assert {judge.against for judge in RULES.values()} - {""} <= set(shipped())


def test_verdicts() -> None:
    level = claim("year_sum", "level", value=100.0, month="2020")
    spread = [Finding(v) for v in np.linspace(90, 120, 11)]
    row = verdict(level, spread, "2020-12")
    assert row["verdict"] == "inside" and row["basis"] == "in sample" and row["low"] < 100 < row["high"]
    assert verdict(level, [Finding(v) for v in np.linspace(150, 160, 11)], "2020-12")["verdict"] == "outside"
    assert (
        verdict(level, [Finding(v) for v in np.linspace(0, 300, 11)], "2020-12")["verdict"] == "uninformative"
    )
    assert verdict(level, [Finding(float("nan"))] * 5, "2020-12")["verdict"] == "outside"
    yes, no = Finding(1.0, True), Finding(0.0, False)
    assert verdict(claim("traffic"), [yes] * 8 + [no] * 2, "2020-12")["verdict"] == "holds"
    late = verdict(claim("traffic"), [yes] * 7 + [no] * 3, "2020-12")
    assert late["verdict"] == "fails" and late["basis"] == "forecast" and "7 of 10" in late["reason"]
    assert (
        verdict(claim("region_loss", "context"), [Finding(float("nan"))], "2020-12")["verdict"] == "context"
    )


def test_a_verdict_that_does_not_come_out_says_why() -> None:
    """Conditions missed and how often, the rule's words on the runs that miss, the parameter, the pack's own sentence."""
    kept = claim("heating_off", cause="fuel is dear")
    yes = direction(1.0, {"cold": True, "local": True}, winters=0.0)
    no = direction(0.5, {"cold": False, "local": True}, winters=2.0, first=2015.0, least=0.7)
    reason = verdict(kept, [yes] * 3 + [no] * 7, "2020-12")["reason"]
    assert "3 of 10 runs" in reason and '"cold" in 7' in reason and '"local"' not in reason
    assert "first in 2015, with 70% of the heat" in reason and reason.endswith("Fuel is dear")
    assert "Fuel" not in verdict(kept, [yes] * 9 + [no], "2020-12")["reason"]
    rng = np.random.default_rng(1)
    draws = [{"a": float(a), "b": float(b)} for a, b in rng.normal(size=(40, 2))]
    level = claim("year_sum", "level", value=100.0)
    followed = verdict(level, [Finding(d["a"]) for d in draws], "2020-12", draws)["reason"]
    assert "goes most with a (rank correlation +1.00)" in followed
    blind = verdict(level, [Finding(float(v)) for v in rng.normal(size=40)], "2020-12", draws)["reason"]
    assert "goes most" not in blind


def test_every_claim_that_may_miss_has_a_cause_kept_beside_it() -> None:
    assert all(c.cause for c in read_claims(load_city("hegang")))


def test_rules_on_a_made_up_run(tmp_path: Path) -> None:
    run = open_run(write_fake_run(tmp_path / "a", seed=3))
    found = evaluate(
        run, {},
        [
            claim("year_sum", "level", variable="own_revenue", month="2020"),
            claim("year_sum_euro", "level", variable="own_revenue", month="2020"),
            claim("ratio", "level", variable="general_expenditure/own_revenue", month="2020"),
            claim("ask_total_p01", "level"),
            claim("land_over", variable="land_revenue", month="2022"),
            claim("real_tax_falls", variable="tax_revenue", month="2020"),
            claim("restructuring", month="2022"),
            claim("heating_off", variable="heat_share"),
            claim("covid_bill", variable="pandemic_cost", month="2022"),
            claim("neighbours_left"),
        ],
    )  # fmt: skip
    assert found["year_sum"].value == pytest.approx(12 * 2.1e8)
    assert found["year_sum_euro"].value == pytest.approx(12 * 2.1e8 / 7.4)
    assert found["ratio"].value == pytest.approx(5.24, abs=0.1)
    assert found["ask_total_p01"].value == pytest.approx((20000 - 600 * 148 / 12) / 7.4, rel=0.02)
    assert found["land_over"].true and found["land_over"].value < 0.4
    assert found["real_tax_falls"].true, "the same money at higher prices"
    assert found["restructuring"].true and 2021.9 <= found["restructuring"].value < 2022.2
    assert found["heating_off"].true and found["heating_off"].value == pytest.approx(0.8)
    assert found["covid_bill"].true
    assert found["neighbours_left"].true is False, "a run that lacks the series does not make a claim true"


def test_a_paired_rule_compares_with_the_other_run(tmp_path: Path) -> None:
    run = open_run(write_fake_run(tmp_path / "a", seed=3))
    other = open_run(write_fake_run(tmp_path / "b", seed=3))
    short = claim("overbuilding_shortfall", variable="funding_shortfall", month="2020")
    assert evaluate(run, {"no_overbuilding": other}, [short])["overbuilding_shortfall"].true is False
    frame = pl.read_parquet(tmp_path / "b" / "series.parquet").with_columns(
        value=pl.when(pl.col("variable") == "funding_shortfall")
        .then(0.2 * pl.col("value"))
        .otherwise("value")
    )
    frame.write_parquet(tmp_path / "b" / "series.parquet")
    less = evaluate(run, {"no_overbuilding": open_run(tmp_path / "b")}, [short])["overbuilding_shortfall"]
    assert less.true and less.value == pytest.approx(0.8)


def test_an_unknown_rule_is_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judged, "RULES", {})
    with pytest.raises(ValueError, match=r"row 2, column rule"):
        read_claims(load_city("hegang"))


# -- calibration


def test_the_fit_recovers_a_linear_world() -> None:
    rng = np.random.default_rng(5)
    truth, slope = np.array([1.0, -0.5, 0.3]), rng.normal(size=(3, 8))
    z = design(60, 3, 1, np.zeros(3), np.eye(3))
    summaries = 2.0 + z @ slope + 0.02 * rng.normal(size=(60, 8))
    found = fit(z, summaries, 2.0 + truth @ slope, np.full(8, 0.01))
    assert np.abs(found.mean - truth).max() < 0.1
    assert (np.abs(found.mean - truth) < 4 * np.sqrt(np.diag(found.cov))).all()
    level = Parameter("a.b", 1.0, "1", "lognormal(1.0, 0.2)", "[A]", "", 0.0, 3.0)
    assert to_parameters([level], np.zeros(1))["a.b"] == pytest.approx(1.0)


def test_calibration_recovers_a_known_parameter_in_a_tiny_city(tmp_path: Path) -> None:
    """Observations are made by the model itself with one census practice; the fit must find it and beat the prior."""
    from krimp.engine.run import Settings, execute
    from krimp.outputs.observed import value_at
    from krimp.study.calibrate import targets

    name, centre, truth = "census_observation.apart", 0.08, 0.095
    made = execute(
        Settings("hegang", until="2020-11", seed=99, scale="1/400", threads=1, events=False, tables=False,
                 checkpoint_every=0, draws={name: truth}),
        tmp_path / "truth",
    )  # fmt: skip
    run, rows = open_run(made), targets(load_city("hegang"))
    observed = {(t.variable, t.district): value_at(run, t.variable, t.date, t.district) for t in rows}
    about = calibrate(
        "hegang", runs=5, waves=1, scale="1/400", out=tmp_path / "c", free=(name,), workers=1, observed=observed,
        trust=0.0,
    )  # fmt: skip
    found = about["parameters"][name]
    assert abs(found["point"] - truth) < 0.4 * (truth - centre), found
    written = read_posterior(tmp_path / "c" / "posterior.csv")
    assert written.frame.columns == [name] and written.frame.height == about["draws"]
    kept = json.loads((tmp_path / "c" / "posterior.json").read_text())
    assert kept["rows"] and kept["seed"] == 1 and kept["scale"] == "1/400"


def test_calibration_refuses_what_cannot_be_fitted(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="allowed are 1 to 6"):
        calibrate("hegang", free=(), out=tmp_path)
    with pytest.raises(ValueError, match="too few"):
        calibrate("hegang", runs=3, out=tmp_path)
    with pytest.raises(ValueError, match="with a prior"):
        calibrate("hegang", free=("fertility.twins",), out=tmp_path)


def test_every_assumption_of_a_pack_is_drawn_and_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's guess stands outside the intervals, and no row of the table is idle."""
    pack = load_city("hegang")
    names = {p.name for p in declared_parameters(pack) if p.name.startswith("pack.")}
    assert names <= set(draw(declared_parameters(pack), 1, None))
    read: set[str] = set()
    ask = CityPack.assumption

    def recorded(self: CityPack, name: str, default: float | None = None) -> float | None:
        read.add(f"pack.{name}")
        return ask(self, name, default)

    monkeypatch.setattr(CityPack, "assumption", recorded)
    prepare("hegang", scale="1/100")
    assert names <= read


def test_a_drawn_assumption_moves_the_base_city() -> None:
    few, many = (
        prepare("hegang", scale="1/100", draws={"pack.vacancy_2010": v, "pack.debt_2010": v * 1e10})
        for v in (0.06, 0.14)
    )
    for world, vacancy in ((few, 0.06), (many, 0.14)):
        empty = float(world.dwellings.occupant[1:].astype(bool).mean())
        assert 1.0 - empty == pytest.approx(vacancy, abs=0.01)
    assert few.ledger["city.bonds_general"] > many.ledger["city.bonds_general"]
