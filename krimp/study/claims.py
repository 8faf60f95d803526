"""`krimp claims`: what is said of a city, judged over many runs.

A claim (a row of the pack's `claims.csv`) names a rule (`claim_rules`).

Verdicts: a level is `inside` when the datum lies in the 80% interval over seeds and parameter draws, `uninformative`
when that interval is wider than the datum, else `outside`; a direction `holds` when true in at least 80% of the runs,
else `fails`. Claims about months up to the last observation that a calibration may use are `in sample`.

A verdict that is not good for the model says why: the conditions that were missed and in how many runs, the rule's own
words on the medians of its facts, the one parameter that the number goes with if there is one beyond doubt, and what the
pack's table keeps beside the claim (`cause`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from krimp.intake import CityPack, load_city
from krimp.outputs import words
from krimp.outputs.folder import Run, open_run
from krimp.study.claim_rules import RULES, Because, Claim, Finding

LOW, HIGH = 0.1, 0.9
#: A direction holds when it is true in this share of the runs.
MOST = 0.8
#: A parameter is named as what a number goes with when chance would do the same in this share of all claims.
DOUBT = 0.01


def read_claims(pack: CityPack) -> list[Claim]:
    """The pack's claims; ValueError names a rule that does not exist."""
    table = pack.tables.get("claims")
    if table is None or table.height == 0:
        raise ValueError(f"{pack.name}: the pack has no claims.csv, so there is nothing to judge")
    out = []
    for number, row in enumerate(table.iter_rows(named=True), 2):
        name = str(row["rule"] or "")
        if name not in RULES:
            raise ValueError(
                f"{pack.name}/claims.csv, row {number}, column rule: found {name!r}, allowed are {', '.join(sorted(RULES))}"
            )
        text = {
            k: str(row.get(k) or "")
            for k in ("id", "text", "kind", "variable", "unit", "month", "data", "source", "cause")
        }
        value, tolerance = (
            float(row[k]) if row.get(k) not in (None, "") else math.nan for k in ("value", "tolerance")
        )
        out.append(Claim(rule=name, value=value, tolerance=tolerance, **text))
    return out


def evaluate(run: Run, others: Mapping[str, Run], claims: Sequence[Claim]) -> dict[str, Finding]:
    """Every claim in one run; a claim whose run lacks what the rule needs is a nan with the reason."""
    out = {}
    for claim in claims:
        judge = RULES[claim.rule]
        try:
            with np.errstate(all="ignore"):
                out[claim.id] = judge.judge(run, others.get(judge.against, run), claim)
        except (ValueError, ZeroDivisionError, IndexError, KeyError) as error:
            true = None if claim.kind == "level" else False
            out[claim.id] = Finding(math.nan, true, {f"the run has what the rule needs ({error})": False})
    return out


def verdict(
    claim: Claim, findings: Sequence[Finding], last_fitted: str, draws: Sequence[Mapping[str, float]] = ()
) -> dict[str, Any]:  # fmt: skip
    """One row of `krimp claims --json` from what was found in every run; `draws` are the runs' parameters."""
    values = np.array([f.value for f in findings], np.float64)
    known = values[np.isfinite(values)]
    low, median, high = (float(np.quantile(known, q)) if len(known) else None for q in (LOW, 0.5, HIGH))
    true = [f.true for f in findings if f.true is not None]
    share = sum(true) / len(true) if true else None
    result, reason = _judged(claim, low, median, high, share, len(known), len(findings))
    judge = RULES.get(claim.rule)
    parts = [reason, said(judge.note if judge else None, claim, findings)]
    if result in ("fails", "outside", "uninformative"):
        misses = [f for f in findings if f.true is not True]
        parts += [
            missed(findings),
            said(judge.because if judge else None, claim, misses),
            goes_with(values, draws),
            claim.cause,
        ]
    return {
        "id": claim.id, "text": claim.text, "variable": claim.variable,
        "data": claim.value if claim.kind == "level" else claim.data,
        "unit": claim.unit if claim.kind == "level" else RULES[claim.rule].unit or claim.unit,
        "median": median, "low": low, "high": high, "verdict": result, "runs": len(findings), "true_share": share,
        "basis": "in sample" if claim.month[:7] <= last_fitted[: len(claim.month[:7])] else "forecast",
        "reason": ". ".join(part[0].upper() + part[1:] for part in parts if part), "rule": claim.rule, "kind": claim.kind,
        "against": RULES[claim.rule].against, "source": claim.source,
    }  # fmt: skip


def missed(findings: Sequence[Finding]) -> str:
    """The conditions of a direction that were not met, most often missed first."""
    names = list(dict.fromkeys(name for f in findings for name in f.met))
    count = {n: sum(not f.met.get(n, True) for f in findings) for n in names}
    told = [f'"{n}" in {count[n]}' for n in sorted(names, key=lambda n: -count[n]) if count[n]]
    return f"missed: {words.listed(told)}" if told else ""


def said(words_of: Because | None, claim: Claim, findings: Sequence[Finding]) -> str:
    """A rule's words on the medians of its facts."""
    chosen = [f for f in findings if f.facts]
    if words_of is None or not chosen:
        return ""
    facts = {}
    for name in dict.fromkeys(n for f in chosen for n in f.facts):
        known = [f.facts[name] for f in chosen if math.isfinite(f.facts.get(name, math.nan))]
        facts[name] = float(np.median(known)) if known else math.nan
    return words_of(facts, claim)


def goes_with(values: np.ndarray, draws: Sequence[Mapping[str, float]]) -> str:
    """The parameter whose draws the number follows most closely (Spearman), if that is beyond doubt among so many."""
    known = np.isfinite(values)
    if len(draws) != len(values) or known.sum() < 8 or np.ptp(values[known]) == 0.0:
        return ""
    from scipy import stats

    best, found, tried = 1.0, "", 0
    for name in sorted(draws[0]):
        drawn = np.array([d.get(name, math.nan) for d in draws])[known]
        if not np.isfinite(drawn).all() or np.ptp(drawn) == 0.0:
            continue
        tried += 1
        rank = stats.spearmanr(drawn, values[known])
        if rank.pvalue < best:
            best, found = float(rank.pvalue), f"{name} (rank correlation {rank.statistic:+.2f})"
    return f"of the drawn parameters it goes most with {found}" if best * tried < DOUBT else ""


def _judged(
    claim: Claim, low: float | None, median: float | None, high: float | None, share: float | None, known: int, runs: int
) -> tuple[str, str]:  # fmt: skip
    """(verdict, what was counted or measured) of a claim from the interval and the share of runs in which it is true."""
    if claim.kind == "context":
        return "context", "shown beside, not judged"
    if claim.kind == "level":
        if low is None or high is None or median is None or known < MOST * runs:
            return "outside", f"the value exists in {known} of {runs} runs only"
        off = median / claim.value - 1.0
        near = "within" if abs(off) <= claim.tolerance else "beyond"
        reason = f"median {100 * off:+.0f}%, {near} the {100 * claim.tolerance:.0f}% the figure is good for"
        if high - low > abs(claim.value):
            return "uninformative", f"the 80% interval is wider than the figure; {reason}"
        return ("inside" if low <= claim.value <= high else "outside"), reason
    if share is None:
        return "fails", "could not be judged in any run"
    return ("holds" if share >= MOST else "fails"), f"true in {round(share * runs)} of {runs} runs"


def claims(
    city: str, runs: int = 40, scale: str | float = "1/10", posterior: str | None = None, workers: int = 0,
    out: str | Path = "runs/claims", progress: Callable[[int, int], None] | None = None, **settings: Any,
) -> list[dict[str, Any]]:  # fmt: skip
    """The claims of a city over `runs` runs (seeds x parameter draws); finished runs in `out` are reused."""
    from krimp.study.ensemble import ensemble

    pack = load_city(city)
    asked = read_claims(pack)
    needed = sorted({RULES[c.rule].against for c in asked} - {""})
    until = max([c.month for c in asked if len(c.month) >= 7], default=None)
    found = ensemble(
        city, ("baseline", *needed), runs, out, posterior, workers, progress, scale=scale, until=until,
        full=("baseline",), **settings,
    )  # fmt: skip
    folders = {(scenario, number): folder for scenario, number, folder in found.runs}
    per_run, draws = [], []
    for number in range(runs):
        run = open_run(folders["baseline", number])
        parameters = run.manifest.get("parameters", {})
        draws.append({name: float(item["value"]) for name, item in parameters.items()})
        others = {s: open_run(folders[s, number]) for s in needed}
        per_run.append(evaluate(run, others, asked))
    last = last_fitted(pack)
    rows = [verdict(c, [found[c.id] for found in per_run], last, draws) for c in asked]
    return [row | {"scale": str(scale)} for row in rows]


def last_fitted(pack: CityPack) -> str:
    """Last date of the observations that may be fitted to; what is said of later times is a forecast."""
    table = pack.tables.get("observed")
    if table is None or table.height == 0:
        return pack.config.base
    dates = [str(d) for d, role in zip(table["date"], table["role"], strict=True) if role == "calibrate"]
    whole = [d if len(d) >= 7 else f"{d}-12" for d in dates]
    return max(whole, default=pack.config.base)
