"""`krimp claims`: what is said of a city, judged over many runs.

A claim (a row of the pack's `claims.csv`) names a rule. A rule is a small function of one run: it gives a number to show
and, for a claim of direction, whether it is true in that run. Some compare the run with another of the same seed and
parameter draw under a scenario that takes one cause away (`@rule(name, against=scenario)`).

Verdicts: a level is `inside` when the datum lies in the 80% interval over seeds and parameter draws, `uninformative`
when that interval is wider than the datum, else `outside`; a direction `holds` when true in at least 80% of the runs,
else `fails`. Claims about months up to the last observation that a calibration may use are `in sample`.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from krimp.intake import CityPack, load_city
from krimp.outputs import region, words
from krimp.outputs.folder import Run, open_run
from krimp.outputs.observed import value_at

LOW, HIGH = 0.1, 0.9
#: A direction holds when it is true in this share of the runs.
MOST = 0.8


@dataclass(frozen=True)
class Claim:
    """A row of `claims.csv`."""

    id: str
    text: str
    kind: str
    rule: str
    variable: str
    value: float
    unit: str
    tolerance: float
    month: str
    data: str
    source: str


@dataclass(frozen=True)
class Finding:
    """What a rule finds in one run: a number to show (nan if there is none), whether the claim is true (None for a
    level), and a word on it."""

    value: float
    true: bool | None = None
    why: str = ""


Rule = Callable[[Run, Run, Claim], Finding]


@dataclass(frozen=True)
class Judge:
    """A registered rule: the scenario it compares with ("" for none) and the unit of its number."""

    judge: Rule
    against: str
    unit: str


RULES: dict[str, Judge] = {}


def rule(name: str, against: str = "", unit: str = "") -> Callable[[Rule], Rule]:
    """Register a rule under the name that `claims.csv` uses."""

    def keep(judge: Rule) -> Rule:
        RULES[name] = Judge(judge, against, unit)
        return judge

    return keep


# -- levels


@rule("year_sum")
def year_sum(run: Run, other: Run, claim: Claim) -> Finding:
    """A flow summed over the year."""
    return Finding(value_at(run, claim.variable, claim.month))


@rule("year_sum_euro")
def year_sum_euro(run: Run, other: Run, claim: Claim) -> Finding:
    """The same at the rate of the article, so that both of its figures are told in one currency rate."""
    return Finding(_euro(run, value_at(run, claim.variable, claim.month), run.until))


@rule("ratio")
def ratio(run: Run, other: Run, claim: Claim) -> Finding:
    """One flow of a year over another."""
    top, bottom = claim.variable.split("/")
    return Finding(value_at(run, top, claim.month) / value_at(run, bottom, claim.month))


@rule("ask_total_p01")
def cheapest_percent(run: Run, other: Run, claim: Claim) -> Finding:
    """First percentile of asking prices, in euro."""
    return Finding(_euro(run, run.at("ask_total_p01", claim.month), claim.month))


@rule("new_core_two_room_p05")
def cheap_in_new_complex(run: Run, other: Run, claim: Claim) -> Finding:
    """5th percentile of asks of fitted two-room flats with a deed in the estates that the pack named beforehand."""
    estates = [s for s, about in run.settlements.items() if about.get("claims_estates")]
    offers = _offers(run, claim.month)
    here = offers.filter(
        pl.col("settlement").cast(pl.String).is_in(estates) & (pl.col("rooms") == 2) & pl.col("fitted")
        & (pl.col("title").cast(pl.String) == "full")
    )["ask"]  # fmt: skip
    if here.is_empty():
        return Finding(math.nan)
    low = float(here.quantile(0.05, "linear") or math.nan)
    dear = low > float(offers["ask"].median() or math.nan)  # type: ignore[arg-type]
    return Finding(_euro(run, low, claim.month), None, "above the city's median ask" if dear else "below it")


# -- homes


@rule("mine_rows_demolished", unit="share")
def mine_rows_demolished(run: Run, other: Run, claim: Claim) -> Finding:
    """Share of the homes that stood in mine-side rows at the base and were pulled down: above one half."""
    rows = [s for s, about in run.settlements.items() if about.get("kind") == "mine_row"]
    base = _day(run.base)
    old = run.dwellings.filter(
        pl.col("settlement").cast(pl.String).is_in(rows)
        & (pl.col("completed").is_null() | (pl.col("completed") <= base))
    )
    gone = old.filter(pl.col("state").cast(pl.String) == "demolished").height / max(old.height, 1)
    return Finding(gone, gone > 0.5)


@rule("neighbours_left", unit="homes")
def neighbours_left(run: Run, other: Run, claim: Claim) -> Finding:
    """Lived-in homes around a hold-out, on average, where there are hold-outs: at most the claim's number."""
    left = run.at("neighbours_left", claim.month)
    return Finding(left, run.at("holdouts", claim.month) > 0 and left <= claim.value)


@rule("holdout_reasons", unit="share")
def holdout_reasons(run: Run, other: Run, claim: Claim) -> Finding:
    """Both reasons occur, and "cannot afford" is commoner among hold-outs who are old or poor (65 and over, or less
    cash at the base than the median of hold-outs) than among the others; shown is the difference of the shares."""
    held = _events(run, "held_out").select("month", "reason", "household", "person")
    if held.is_empty():
        return Finding(math.nan, False, "no hold-outs")
    cash = run.table("households", run.base).select(household=pl.col("id").cast(pl.UInt32), cash="cash")
    born = run.persons.select(person=pl.col("id").cast(pl.UInt32), birth="birth")
    frame = held.join(born, on="person", how="left").join(cash, on="household", how="left")
    frame = frame.group_by("household").agg(
        poorly=(pl.col("reason").cast(pl.String) == "cannot_afford").any(),
        unwilling=(pl.col("reason").cast(pl.String) == "will_not_leave").any(),
        age=((pl.col("month") - pl.col("birth")).dt.total_days() / 365.25).max(),
        cash=pl.col("cash").first(),
    )
    weak = frame.filter((pl.col("age") >= 65) | (pl.col("cash") < frame["cash"].median()))
    rest = frame.filter((pl.col("age") < 65) & (pl.col("cash") >= frame["cash"].median()))
    if weak.is_empty() or rest.is_empty():
        return Finding(math.nan, False, "too few hold-outs")
    first, second = _mean(weak["poorly"]), _mean(rest["poorly"])
    both = bool(frame["poorly"].any() and frame["unwilling"].any())
    return Finding(first - second, both and first > second)


@rule("resettled", unit="households")
def resettled(run: Run, other: Run, claim: Claim) -> Finding:
    """Households that moved out of villages and mine rows into new quarters: some from each."""
    moves = _events(run, "resettled").filter(pl.col("dwelling") > 0)
    place = run.dwellings.select(
        id=pl.col("id").cast(pl.UInt32), settlement=pl.col("settlement").cast(pl.String)
    )
    moves = moves.join(place.rename({"id": "other", "settlement": "origin"}), on="other", how="left")
    moves = moves.join(place.rename({"id": "dwelling", "settlement": "target"}), on="dwelling", how="left")
    kind = {s: str(about.get("kind")) for s, about in run.settlements.items()}
    moves = moves.with_columns(
        origin=pl.col("origin").replace_strict(kind, default=None),
        target=pl.col("target").replace_strict(kind, default=None),
    ).filter(pl.col("target").is_in(["new_core", "resettlement_estate", "county_town"]))
    counts = [moves.filter(pl.col("origin") == k).height for k in ("village", "mine_row")]
    return Finding(float(sum(counts) * run.weight), min(counts) > 0)


@rule("cabbage", unit="yuan")
def cabbage(run: Run, other: Run, claim: Claim) -> Finding:
    """The joke fails: the cheapest ask is far above a cabbage (over a hundred times 5 yuan), yet below half a year's
    pay in a large city (the national mean of urban units)."""
    cheapest = float(_offers(run, claim.month)["ask"].min() or math.nan)  # type: ignore[arg-type]
    pay = _driver(run, "national_wage", claim.month)
    return Finding(cheapest, 500.0 < cheapest < pay / 2.0)


@rule("new_quarters_used", unit="share")
def new_quarters_used(run: Run, other: Run, claim: Claim) -> Finding:
    """In new quarters more than half of the homes are lived in or hostels; some are let, some are hostels."""
    quarters = [
        s for s, about in run.settlements.items() if about.get("kind") in ("new_core", "resettlement_estate")
    ]
    use = run.dwellings.filter(
        pl.col("settlement").cast(pl.String).is_in(quarters) & (pl.col("state").cast(pl.String) == "standing")
    )["use"].cast(pl.String)
    count = {name: int((use == name).sum()) for name in ("owner_occupied", "rented", "hostel")}
    share = sum(count.values()) / max(len(use), 1)
    return Finding(share, share > 0.5 and count["rented"] > 0 and count["hostel"] > 0)


@rule("newest_blocks_lit", unit="share")
def newest_blocks_lit(run: Run, other: Run, claim: Claim) -> Finding:
    """Lit windows of the newest tenth of new-core blocks: below the claim's share and below that of older blocks."""
    new, old = run.at("lit_share_newest", claim.month), run.at("lit_share_older", claim.month)
    return Finding(new, new < claim.value and new < old)


@rule("outsiders_two_rooms", unit="share")
def outsiders_two_rooms(run: Run, other: Run, claim: Claim) -> Finding:
    """Outsiders' share of sales of two-bedroom homes less their share of all other sales: above zero."""
    sold = _events(run, "sold").filter(pl.col("month") <= _day(claim.month)).select("reason", "dwelling")
    rooms = run.dwellings.select(dwelling=pl.col("id").cast(pl.UInt32), rooms="rooms")
    sold = sold.join(rooms, on="dwelling", how="left").with_columns(
        outside=pl.col("reason").cast(pl.String) == "outsider"
    )
    two = _mean(sold.filter(pl.col("rooms") == 2)["outside"])
    rest = _mean(sold.filter(pl.col("rooms") != 2)["outside"])
    return Finding(two - rest, two > rest)


# -- the budget


@rule("overbuilding_shortfall", against="no_overbuilding", unit="share")
def overbuilding_shortfall(run: Run, other: Run, claim: Claim) -> Finding:
    """Share of the year's shortfall that is gone without overbuilding. Above one half no other cause can be larger."""
    short, without = (value_at(r, claim.variable, claim.month) for r in (run, other))
    share = (short - without) / short if short > 0 else math.nan
    return Finding(share, short > 0 and share > 0.5)


@rule("real_tax_falls", unit="ratio")
def real_tax_falls(run: Run, other: Run, claim: Claim) -> Finding:
    """Tax of the year over that of 2014, in prices of the run's cost of living: below one."""
    now, then = (_real(run, claim.variable, year) for year in (int(claim.month[:4]), 2014))
    return Finding(now / then, now < then)


@rule("land_over", unit="share")
def land_over(run: Run, other: Run, claim: Claim) -> Finding:
    """Land income of the year, from developers and the platform, over that of the best year: below 40%."""
    years = [y for y in run.full_years() if y <= int(claim.month[:4])]
    sums = [run.year("land_revenue", y) + _zero(run.year("land_revenue_platform", y)) for y in years]
    share = sums[-1] / max(sums) if max(sums) > 0 else math.nan
    return Finding(share, share < 0.4)


@rule("covid_bill", unit="share")
def covid_bill(run: Run, other: Run, claim: Claim) -> Finding:
    """The pandemic's bill is positive from 2020 to 2022 and at least 1% of general spending in its dearest year."""
    years = range(2020, int(claim.month[:4]) + 1)
    bills = [run.year(claim.variable, y) for y in years]
    share = max(b / run.year("general_expenditure", y) for b, y in zip(bills, years, strict=True))
    return Finding(share, min(bills) > 0 and share >= 0.01)


@rule("tax_relief", unit="yuan")
def tax_relief(run: Run, other: Run, claim: Claim) -> Finding:
    """Tax relief in every year from 2020 on, made good in part by upper governments."""
    years = range(2020, int(claim.month[:4]) + 1)
    relief = [run.year(claim.variable, y) for y in years]
    good = run.ledger.filter(
        (pl.col("debit").cast(pl.String) == "flow.relief_compensation")
        & pl.col("month").dt.year().is_in(list(years))
    )["amount"].sum()
    paid = float(good) / run.minor_units
    return Finding(sum(relief), min(relief) > 0 and 0 < paid < sum(relief))


@rule("restructuring", unit="year")
def restructuring(run: Run, other: Run, claim: Claim) -> Finding:
    """Month in which restructuring starts: in 2021 or 2022. Beside it the month in which document 88 alone would ask."""
    start, document = _first(run, "restructuring"), _first(run, "document_88")
    return Finding(
        start, 2021.0 <= start < 2023.0, "" if math.isnan(document) else f"document 88 alone: {document:.1f}"
    )


@rule("no_bailout", against="bailout", unit="yuan")
def no_bailout(run: Run, other: Run, claim: Claim) -> Finding:
    """Advances rise until about 2020, then no new ones come, and arrears at the end are above those of the same run with
    advances that go on; shown is how far above."""
    year = int(claim.month[:4])
    levels = {y: run.at("advances_upper", f"{y}-12") for y in (2017, 2020, year - 1, year)}
    rise = levels[2020] > levels[2017]
    stop = levels[year] <= levels[year - 1] * 1.001 + 1.0
    more = run.at("arrears", f"{year}-12") - other.at("arrears", f"{year}-12")
    return Finding(more, rise and stop and more > 0)


@rule("heating_off", unit="share")
def heating_off(run: Run, other: Run, claim: Claim) -> Finding:
    """Least share of due heat that a district got in the winter up to the month: below one and above zero in some
    districts, in full in others (short and local)."""
    last = _day(claim.month)
    months = [dt.date(last.year - 1, 12, 1)] + [dt.date(last.year, m, 1) for m in range(1, last.month + 1)]
    least = [min(run.at("heat_share", m, d) for m in months) for d in run.districts]
    hit = [v for v in least if 0.0 < v < 0.999]
    return Finding(min(least), bool(hit) and max(least) > 0.999)


@rule("elsewhere", against="salaries_late", unit="months")
def elsewhere(run: Run, other: Run, claim: Claim) -> Finding:
    """Under a harsher scenario buses are cut and public pay is late; shown are the most months of pay overdue."""
    late = float(np.nanmax(other.line("wage_arrears_months")))
    return Finding(late, late > 0 and float(np.nanmin(other.line("bus_share"))) < 0.999)


# -- people and shops


@rule("one_child", against="no_birth_limits", unit="births")
def one_child(run: Run, other: Run, claim: Claim) -> Finding:
    """Births per woman and women of child-bearing age fall, and the same city without limits on births has more of
    them; shown is how many more, in all."""
    years = [y for y in run.full_years() if y <= int(claim.month[:4])]
    women = [run.at("women_15_49", f"{y}-12") for y in (years[0], years[-1])]
    per = [run.year("births", y) / w for y, w in zip((years[0], years[-1]), women, strict=True)]
    more = sum(other.year("births", y) - run.year("births", y) for y in years)
    return Finding(more, women[1] < women[0] and per[1] < per[0] and more > 0)


@rule("consumers", against="lockdown_goes_on", unit="ratio")
def consumers(run: Run, other: Run, claim: Claim) -> Finding:
    """Consumption of the month over that of the same run with lockdowns that go on: above one; shops open in the year
    before, coffee shops among them."""
    ratio = run.at("consumption", claim.month) / other.at("consumption", claim.month)
    since = _day(claim.month).replace(year=_day(claim.month).year - 1)
    new = run.shops.filter(pl.col("opened") > since)
    coffee = run.shops.filter(
        (pl.col("kind").cast(pl.String) == "coffee_shop") & (pl.col("opened") > _day(run.base))
    )
    return Finding(ratio, ratio > 1 and new.height > 0 and coffee.height > 0)


@rule("traffic", unit="ratio")
def traffic(run: Run, other: Run, claim: Claim) -> Finding:
    """Traffic of the month over the lowest of the year before: above one."""
    low = min(run.at("traffic_index", dt.date(int(claim.month[:4]) - 1, m, 1)) for m in range(1, 13))
    now = run.at("traffic_index", claim.month)
    return Finding(now / low, now > low)


@rule("cheap_living", against="cheapness_ignored", unit="arrivals")
def cheap_living(run: Run, other: Run, claim: Claim) -> Finding:
    """Living costs less than where housing is left out of its price, and fewer people come there; shown is how many
    more come with cheap homes, in all."""
    cheaper = run.at("cost_of_living", claim.month) < other.at("cost_of_living", claim.month)
    more = float(np.nansum(run.line("in_migrants")) - np.nansum(other.line("in_migrants")))
    return Finding(more, cheaper and more > 0)


@rule("trickle_back", unit="share")
def trickle_back(run: Run, other: Run, claim: Claim) -> Finding:
    """Returnees over leavers, the highest of all years: some every year, and well below (under one half)."""
    years = [y for y in run.full_years() if y <= int(claim.month[:4])]
    back = [run.year("returnees", y) for y in years]
    share = max(b / run.year("out_migrants", y) for b, y in zip(back, years, strict=True))
    return Finding(share, min(back) > 0 and share < 0.5)


@rule("bakery", unit="ratio")
def bakery(run: Run, other: Run, claim: Claim) -> Finding:
    """Shops founded a year and adult by people who came back, over the same of those who stayed, in the last five years:
    above one, and such shops exist."""
    last = _day(claim.month)
    since = last.replace(year=last.year - 5)
    opened = _events(run, "shop_opened").filter(pl.col("month") > since)["reason"].cast(pl.String)
    here = run.persons.filter(
        (pl.col("state").cast(pl.String) == "resident")
        & (pl.col("birth") <= last.replace(year=last.year - 18))
    )
    back = here.filter(pl.col("came").is_not_null() & pl.col("left").is_not_null()).height
    stayed = here.filter(pl.col("came").is_null()).height
    rates = [
        int((opened == name).sum()) / max(people, 1)
        for name, people in (("founder_returned", back), ("founder_stayed", stayed))
    ]
    return Finding(rates[0] / rates[1] if rates[1] else math.nan, rates[0] > rates[1])


@rule("region_loss", unit="people")
def region_loss(run: Run, other: Run, claim: Claim) -> Finding:
    """Context: people whom the provinces around lost between the pack's censuses; beside it the city's own change."""
    start, end = region.loss(run)
    model, _ = region.city_change(run)
    return Finding(
        end - start, None, f"provinces {words.change(start, end)}, the city {words.percent(model)}"
    )


# -- over many runs


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
            for k in ("id", "text", "kind", "variable", "unit", "month", "data", "source")
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
            out[claim.id] = Finding(math.nan, None if claim.kind == "level" else False, f"{error}")
    return out


def verdict(claim: Claim, findings: Sequence[Finding], last_fitted: str) -> dict[str, Any]:
    """One row of `krimp claims --json` from what was found in every run."""
    values = np.array([f.value for f in findings], np.float64)
    known = values[np.isfinite(values)]
    low, median, high = (float(np.quantile(known, q)) if len(known) else None for q in (LOW, 0.5, HIGH))
    true = [f.true for f in findings if f.true is not None]
    share = sum(true) / len(true) if true else None
    notes = [f.why for f in findings if f.why]
    common = max(set(notes), key=notes.count) if notes else ""
    result, reason = _judged(claim, low, median, high, share, len(known), len(findings))
    return {
        "id": claim.id, "text": claim.text, "variable": claim.variable,
        "data": claim.value if claim.kind == "level" else claim.data,
        "unit": claim.unit if claim.kind == "level" else RULES[claim.rule].unit or claim.unit,
        "median": median, "low": low, "high": high, "verdict": result, "runs": len(findings), "true_share": share,
        "basis": "in sample" if claim.month[:7] <= last_fitted[: len(claim.month[:7])] else "forecast",
        "reason": "; ".join(part for part in (reason, common) if part), "rule": claim.rule, "kind": claim.kind,
        "against": RULES[claim.rule].against, "source": claim.source,
    }  # fmt: skip


def _judged(
    claim: Claim, low: float | None, median: float | None, high: float | None, share: float | None, known: int, runs: int
) -> tuple[str, str]:  # fmt: skip
    """(verdict, reason) of a claim from the interval and the share of runs in which it is true."""
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
    per_run = []
    for number in range(runs):
        run = open_run(folders["baseline", number])
        others = {s: open_run(folders[s, number]) for s in needed}
        per_run.append(evaluate(run, others, asked))
    last = last_fitted(pack)
    rows = [verdict(c, [found[c.id] for found in per_run], last) for c in asked]
    return [row | {"scale": str(scale)} for row in rows]


def last_fitted(pack: CityPack) -> str:
    """Last date of the observations that may be fitted to; what is said of later times is a forecast."""
    table = pack.tables.get("observed")
    if table is None or table.height == 0:
        return pack.config.base
    dates = [str(d) for d, role in zip(table["date"], table["role"], strict=True) if role == "calibrate"]
    whole = [d if len(d) >= 7 else f"{d}-12" for d in dates]
    return max(whole, default=pack.config.base)


# -- what rules share


def _day(month: str) -> dt.date:
    return dt.date(int(month[:4]), int(month[5:7] or 1), 1)


def _euro(run: Run, amount: float, month: str) -> float:
    found = run.euro(amount, month)
    return math.nan if found is None else found


def _offers(run: Run, month: str) -> pl.DataFrame:
    return run.listings.filter(pl.col("month") == _day(month))


def _events(run: Run, name: str) -> pl.DataFrame:
    return run.scan_events().filter(pl.col("event").cast(pl.String) == name).collect()


def _mean(values: pl.Series) -> float:
    return float(values.mean() or 0.0) if len(values) else 0.0  # type: ignore[arg-type]


def _zero(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def _first(run: Run, variable: str) -> float:
    """Decimal year of the first month in which a 0/1 series is 1; nan if never."""
    for day, value in zip(run.months, run.line(variable), strict=True):
        if value >= 1.0:
            return day.year + (day.month - 1) / 12.0
    return math.nan


def _real(run: Run, variable: str, year: int) -> float:
    prices = [run.at("cost_of_living", dt.date(year, m, 1)) for m in range(1, 13)]
    return run.year(variable, year) / (sum(prices) / 12.0)


def _driver(run: Run, variable: str, month: str) -> float:
    """The pack's path at a month: the last dated row up to it."""
    table = run.inputs("drivers.csv")
    if table.is_empty():
        return math.nan
    rows = table.filter((pl.col("variable") == variable) & (pl.col("date") <= month)).sort("date")
    return float(rows["value"][-1]) if rows.height else math.nan
