"""The rules that claims are judged by: each a small function of one run.

A rule gives a number to show and, for a claim of direction, which of its conditions are met; it may also give facts, from
which `because` writes the cause when the claim does not come out. Some compare the run with another of the same seed and
parameter draw under a scenario that takes one cause away (`@rule(name, against=scenario)`).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from krimp.outputs import region, words
from krimp.outputs.books import LINES, final_accounts
from krimp.outputs.folder import Run
from krimp.outputs.observed import value_at


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
    cause: str = ""


@dataclass(frozen=True)
class Finding:
    """What a rule finds in one run: a number to show (nan if there is none), whether the claim is true (None for a
    level), the conditions of a direction by their words, and facts that explain the number."""

    value: float
    true: bool | None = None
    met: Mapping[str, bool] = field(default_factory=dict)
    facts: Mapping[str, float] = field(default_factory=dict)


def direction(value: float, met: Mapping[str, bool], **facts: float) -> Finding:
    """A claim of direction: true when every condition is met."""
    return Finding(value, all(met.values()), met, facts)


Rule = Callable[[Run, Run, Claim], Finding]
#: Facts (their medians over the runs) and the claim to a sentence: why the claim does not come out.
Because = Callable[[Mapping[str, float], Claim], str]


@dataclass(frozen=True)
class Judge:
    """A registered rule: the scenario it compares with ("" for none), the unit of its number, its words on a miss, and
    those that stand beside any verdict."""

    judge: Rule
    against: str
    unit: str
    because: Because | None
    note: Because | None


RULES: dict[str, Judge] = {}


def rule(
    name: str, against: str = "", unit: str = "", because: Because | None = None, note: Because | None = None
) -> Callable[[Rule], Rule]:  # fmt: skip
    """Register a rule under the name that `claims.csv` uses."""

    def keep(judge: Rule) -> Rule:
        RULES[name] = Judge(judge, against, unit, because, note)
        return judge

    return keep


# -- levels


def _of_accounts(*wholes: str) -> Because:
    """Words on the lines of the published accounts that the miss comes from, largest first."""

    def because(facts: Mapping[str, float], claim: Claim) -> str:
        parts = []
        for whole in wholes:
            gaps = {n.split(":", 1)[1]: v for n, v in facts.items() if n.startswith(f"{whole}:") and v == v}
            if not gaps:
                continue
            side = -1.0 if sum(gaps.values()) < 0 else 1.0
            far = sorted((n for n in gaps if gaps[n] * side > 0), key=lambda n: -abs(gaps[n]))[:2]
            told = [f"{n.strip()} {words.signed(gaps[n])}" for n in far]
            why = {line: reason for line, reason in _REASONS if reason}.get(far[0], "") if far else ""
            parts.append(f"{whole}: mostly {words.listed(told)}" + (f" ({why})" if why else ""))
        return "; ".join(parts)

    return because


#: The parts that the published accounts give of a whole, by the series that is claimed.
_WHOLES = {
    "own_revenue": ("own revenue", ("tax revenue kept", "non-tax revenue")),
    "general_expenditure": (
        "general spending",
        ("  pay and benefits", "  goods, services, other", "  works", "  subsidies to firms, streets, heat, buses",
         "  to people and farms", "  to social insurance funds", "interest paid"),
    ),
}  # fmt: skip
_REASONS = tuple((name, reason) for name, (_, _, reason) in LINES.items())


def _gaps(run: Run, variable: str, year: str) -> dict[str, float]:
    """Run less published of the account lines that a series is the sum of: "whole:line" -> currency units."""
    lines = {line.name: line for line in final_accounts(run, int(year[:4]))}
    out = {}
    for name in variable.split("/"):
        whole, parts = _WHOLES.get(name, ("", ()))
        for part in parts:
            if part in lines:
                out[f"{whole}:{part}"] = lines[part].model - lines[part].observed
    return out


_BUDGET = _of_accounts("own revenue", "general spending")


@rule("year_sum", because=_BUDGET)
def year_sum(run: Run, other: Run, claim: Claim) -> Finding:
    """A flow summed over the year."""
    return Finding(value_at(run, claim.variable, claim.month), facts=_gaps(run, claim.variable, claim.month))


@rule("year_sum_euro", because=_BUDGET)
def year_sum_euro(run: Run, other: Run, claim: Claim) -> Finding:
    """The same at the rate of the article, so that both of its figures are told in one currency rate."""
    return Finding(
        _euro(run, value_at(run, claim.variable, claim.month), run.until),
        facts=_gaps(run, claim.variable, claim.month),
    )


@rule("ratio", because=_BUDGET)
def ratio(run: Run, other: Run, claim: Claim) -> Finding:
    """One flow of a year over another."""
    top, bottom = claim.variable.split("/")
    return Finding(
        value_at(run, top, claim.month) / value_at(run, bottom, claim.month),
        facts=_gaps(run, claim.variable, claim.month),
    )


def _ever_as_cheap(facts: Mapping[str, float], claim: Claim) -> str:
    if facts["years_as_cheap"] > 0:
        return (
            f"the cheapest homes ask that little in {100 * facts['years_as_cheap']:.0f}% of all months; at the claim's month they"
            f" ask {words.number(facts['metre'])} yuan a m2 against {words.number(facts['median_metre'])} at the median"
        )
    return (
        f"in no month do the cheapest homes ask that little; the least is {words.number(facts['least'])} euro"
    )


@rule("ask_total_p01", unit="euro", because=_ever_as_cheap)
def cheapest_percent(run: Run, other: Run, claim: Claim) -> Finding:
    """First percentile of asking prices, in euro."""
    line = [_euro(run, v, claim.month) for v in run.line("ask_total_p01")]
    known = [v for v in line if math.isfinite(v)]
    offers = _offers(run, claim.month)
    cheap = (
        offers.filter(pl.col("ask") <= offers["ask"].quantile(0.01, "higher")) if offers.height else offers
    )
    return Finding(
        _euro(run, run.at("ask_total_p01", claim.month), claim.month),
        facts={
            "least": min(known, default=math.nan),
            "years_as_cheap": sum(v <= claim.value for v in known) / max(len(known), 1),
            "metre": _metre(cheap),
            "median_metre": _metre(offers),
        },
    )


def _dear_quarter(facts: Mapping[str, float], claim: Claim) -> str:
    return (
        f"{facts['offers']:.0f} such flats are on offer in a run; the cheap ones ask {words.number(facts['metre'])} yuan a m2 at"
        f" {facts['area']:.0f} m2, the city's median is {words.number(facts['median_metre'])}: the complex asks"
        f" {facts['metre'] / facts['median_metre']:.1f} times the city, the claim would be"
        f" {facts['claimed'] / facts['median_metre']:.1f} times"
    )


def _beside_the_city(facts: Mapping[str, float], claim: Claim) -> str:
    return f"it is {facts['times']:.1f} times the median ask of all homes on offer in the city"


@rule("new_core_two_room_p05", unit="euro", because=_dear_quarter, note=_beside_the_city)
def cheap_in_new_complex(run: Run, other: Run, claim: Claim) -> Finding:
    """5th percentile of asks of fitted two-room flats with a deed in the estates that the pack named beforehand."""
    estates = [s for s, about in run.settlements.items() if about.get("claims_estates")]
    offers = _offers(run, claim.month)
    here = offers.filter(
        pl.col("settlement").cast(pl.String).is_in(estates) & (pl.col("rooms") == 2) & pl.col("fitted")
        & (pl.col("title").cast(pl.String) == "full")
    )  # fmt: skip
    if here.is_empty():
        return Finding(math.nan)
    low = float(here["ask"].quantile(0.05, "linear") or math.nan)
    cheap = here.filter(pl.col("ask") <= here["ask"].quantile(0.25, "higher"))
    area = _mean(cheap["area_m2"])
    return Finding(
        _euro(run, low, claim.month),
        facts={
            "times": low / float(offers["ask"].median() or math.nan),  # type: ignore[arg-type]
            "offers": float(here.height), "metre": _metre(cheap), "area": area, "median_metre": _metre(offers),
            "claimed": claim.value / (_euro(run, 1.0, claim.month) or math.nan) / max(area, 1.0),
        },
    )  # fmt: skip


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
    return direction(gone, {"more than half of the homes beside the mine are pulled down": gone > 0.5})


@rule("neighbours_left", unit="homes")
def neighbours_left(run: Run, other: Run, claim: Claim) -> Finding:
    """Lived-in homes around a hold-out, on average, where there are hold-outs: at most the claim's number."""
    left, held = run.at("neighbours_left", claim.month), run.at("holdouts", claim.month)
    return direction(
        left,
        {"somebody holds out": held > 0, f"at most {claim.value:g} homes are lived in": left <= claim.value},
    )


@rule("holdout_reasons", unit="share")
def holdout_reasons(run: Run, other: Run, claim: Claim) -> Finding:
    """Both reasons occur, and "cannot afford" is commoner among hold-outs who are old or poor (65 and over, or less
    cash at the base than the median of hold-outs) than among the others; shown is the difference of the shares."""
    held = _events(run, "held_out").select("month", "reason", "household", "person")
    if held.is_empty():
        return direction(math.nan, {"somebody holds out": False})
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
        return direction(math.nan, {"there are hold-outs of both kinds": False})
    first, second = _mean(weak["poorly"]), _mean(rest["poorly"])
    return direction(
        first - second,
        {
            "some cannot pay": bool(frame["poorly"].any()), "some will not go": bool(frame["unwilling"].any()),
            "more of the old and poor than of the others cannot pay": first > second,
        },
    )  # fmt: skip


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
    village, row = (moves.filter(pl.col("origin") == k).height for k in ("village", "mine_row"))
    return direction(
        float((village + row) * run.weight),
        {"some come from villages": village > 0, "some come from rows beside the mine": row > 0},
    )


@rule("cabbage", unit="yuan")
def cabbage(run: Run, other: Run, claim: Claim) -> Finding:
    """The joke fails: the cheapest ask is far above a cabbage (over a hundred times 5 yuan), yet below half a year's
    pay in a large city (the national mean of urban units)."""
    cheapest = float(_offers(run, claim.month)["ask"].min() or math.nan)  # type: ignore[arg-type]
    pay = _driver(run, "national_wage", claim.month)
    return direction(
        cheapest,
        {
            "the cheapest flat asks more than a hundred cabbages": cheapest > 500.0,
            f"it asks less than half a year's pay in a large city ({words.number(pay / 2.0)})": cheapest
            < pay / 2.0,
        },
    )


def _uses(facts: Mapping[str, float], claim: Claim) -> str:
    return (
        f"of the homes in new quarters {words.percent(facts['owner_occupied'])} are lived in by owners,"
        f" {words.percent(facts['rented'])} let and {words.percent(facts['hostel'])} hostels ({words.number(facts['hostels'])} of them in"
        " a run: few in a small city)"
    )


@rule("new_quarters_used", unit="share", because=_uses)
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
    return direction(
        share,
        {
            "more than half of the newer homes are used": share > 0.5, "some are let": count["rented"] > 0,
            "some are hostels": count["hostel"] > 0,
        },
        hostels=float(count["hostel"]), **{name: n / max(len(use), 1) for name, n in count.items()},
    )  # fmt: skip


def _why_lit(facts: Mapping[str, float], claim: Claim) -> str:
    return (
        f"{words.percent(facts['lived_in'], 0)} of the homes in the newest blocks are lived in, as {words.percent(facts['public'], 0)}"
        f" of them are public flats handed to resettled households, who move in at once; older blocks are"
        f" {words.percent(facts['older'], 0)} lit"
    )


@rule("newest_blocks_lit", unit="share", because=_why_lit)
def newest_blocks_lit(run: Run, other: Run, claim: Claim) -> Finding:
    """Lit windows of the newest tenth of new-core blocks: below the claim's share and below that of older blocks."""
    new, old = run.at("lit_share_newest", claim.month), run.at("lit_share_older", claim.month)
    core = [s for s, about in run.settlements.items() if about.get("kind") == "new_core"]
    blocks = run.buildings.filter(
        pl.col("settlement").cast(pl.String).is_in(core) & (pl.col("state").cast(pl.String) == "complete")
    ).sort("built", descending=True)
    blocks = blocks.head(max(blocks.height // 10, 1))
    units = max(float(blocks["units"].sum()), 1.0)
    public = float(blocks.filter(pl.col("public").cast(pl.Boolean))["units"].sum()) / units
    lived = float(blocks["occupied"].sum()) / units
    return direction(
        new,
        {f"less than {words.percent(claim.value, 0)} of the newest windows are lit": new < claim.value,
         "the newest blocks are darker than older ones": new < old},
        lived_in=lived, public=public, older=old,
    )  # fmt: skip


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
    return direction(
        two - rest,
        {
            "outsiders buy": bool(sold["outside"].any()),
            "they buy two-room homes more than others": two > rest,
        },
    )


# -- the budget


def _other_blows(facts: Mapping[str, float], claim: Claim) -> str:
    named = {
        "debt service": facts["service"], "spending and its backlog": facts["duties"],
        "revenue, transfers and bonds": facts["money"],
    }  # fmt: skip
    told = words.listed([f"{n} {words.signed(v)}" for n, v in named.items()])
    return (
        f"the runs are short of {words.number(facts['short'])} in the year, and of"
        f" {words.number(facts['without'])} without overbuilding; what overbuilding adds: {told}"
    )


@rule("overbuilding_shortfall", against="no_overbuilding", unit="share", because=_other_blows)
def overbuilding_shortfall(run: Run, other: Run, claim: Claim) -> Finding:
    """Share of the year's shortfall that is gone without overbuilding. Above one half no other cause can be larger."""
    short, without = (value_at(r, claim.variable, claim.month) for r in (run, other))
    share = (short - without) / short if short > 0 else math.nan

    def more(*names: str) -> float:
        return sum(_sum(run, n, claim.month) - _sum(other, n, claim.month) for n in names)

    service = more("interest_due", "principal_due")
    duties = more("commitments") - service
    return direction(
        share,
        {"the year's duties are not covered": short > 0,
         "more than half of the shortfall goes without overbuilding": share > 0.5},
        short=short, without=without, service=service, duties=duties, money=short - without - service - duties,
    )  # fmt: skip


@rule("real_tax_falls", unit="ratio")
def real_tax_falls(run: Run, other: Run, claim: Claim) -> Finding:
    """Tax of the year over that of 2014, in prices of the run's cost of living: below one."""
    now, then = (_real(run, claim.variable, year) for year in (int(claim.month[:4]), 2014))
    return direction(now / then, {"real tax income is below that of 2014": now < then})


def _who_buys_land(facts: Mapping[str, float], claim: Claim) -> str:
    return (
        f"in {claim.month[:4]} developers pay {words.number(facts['developers'])} and the city's own platform"
        f" {words.number(facts['platform'])}, in the best year ({facts['best']:.0f}) both paid {words.number(facts['most'])}:"
        + (
            " sales to developers are over, what is left are purchases of the platform with borrowed money"
            if facts["platform"] > facts["developers"]
            else " developers still buy land where homes sell"
        )
    )


@rule("land_over", unit="share", because=_who_buys_land)
def land_over(run: Run, other: Run, claim: Claim) -> Finding:
    """Land income of the year, from developers and the platform, over that of the best year: below 40%."""
    years = [y for y in run.full_years() if y <= int(claim.month[:4])]
    platform = [_zero(run.year("land_revenue_platform", y)) for y in years]
    sums = [run.year("land_revenue", y) + p for y, p in zip(years, platform, strict=True)]
    most = max(sums)
    share = sums[-1] / most if most > 0 else math.nan
    return direction(
        share,
        {"land was sold at all": most > 0, "the year brings less than 40% of the best one": share < 0.4},
        developers=sums[-1] - platform[-1], platform=platform[-1], most=most, best=float(years[sums.index(most)]),
    )  # fmt: skip


@rule("covid_bill", unit="share")
def covid_bill(run: Run, other: Run, claim: Claim) -> Finding:
    """The pandemic's bill is positive from 2020 to 2022 and at least 1% of general spending in its dearest year."""
    years = range(2020, int(claim.month[:4]) + 1)
    bills = [run.year(claim.variable, y) for y in years]
    share = max(b / run.year("general_expenditure", y) for b, y in zip(bills, years, strict=True))
    return direction(
        share,
        {
            "the bill is paid in each of the years": min(bills) > 0,
            "it takes 1% of spending in the dearest": share >= 0.01,
        },
    )


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
    return direction(
        sum(relief),
        {"relief is given in each of the years": min(relief) > 0, "upper governments make some of it good": paid > 0,
         "but not all": paid < sum(relief)},
    )  # fmt: skip


def _when_broke(facts: Mapping[str, float], claim: Claim) -> str:
    return (
        "it follows two years in which part of the debt service due is not paid, and the first such year is"
        f" {facts['unpaid']:.0f}: debt service passes what the city can pay earlier than it did"
        if facts["unpaid"] == facts["unpaid"]
        else "all debt service that falls due is paid in every year"
    )


def _document(facts: Mapping[str, float], claim: Claim) -> str:
    if facts["document"] != facts["document"]:
        return "the interest rule of document 88 alone would never ask for it"
    return f"the interest rule of document 88 alone would ask for it in {facts['document']:.1f}"


@rule("restructuring", unit="year", because=_when_broke, note=_document)
def restructuring(run: Run, other: Run, claim: Claim) -> Finding:
    """Month in which restructuring starts: in 2021 or 2022. Beside it the month in which document 88 alone would ask."""
    start = _first(run, "restructuring")
    unpaid = [y for y in run.full_years() if run.has_series("debt_unpaid") and run.year("debt_unpaid", y) > 0]
    ever = start == start
    return direction(
        start,
        {"restructuring starts": ever, "not before 2021": not ever or start >= 2021.0,
         "not after 2022": not ever or start < 2023.0},
        document=_first(run, "document_88"), unpaid=float(unpaid[0]) if unpaid else math.nan,
    )  # fmt: skip


def _why_advanced(facts: Mapping[str, float], claim: Claim) -> str:
    return (
        f"owed upward are {words.number(facts['then'])} at the end of 2017, {words.number(facts['middle'])} of 2020 and"
        f" {words.number(facts['last'])} of {claim.month[:4]} ({words.signed(facts['new'])} in the last year); unpaid bills and"
        f" service are {words.number(facts['arrears'])}, with advances that go on {words.number(facts['arrears_with'])}"
    )


def _advanced(run: Run, year: int) -> float:
    """Money upper governments advanced in a year, net of what was paid back."""
    rows = run.ledger.filter(pl.col("month").dt.year() == year)
    debit, credit = (pl.col(side).cast(pl.String) for side in ("debit", "credit"))
    given = rows.filter((debit == "flow.advance") & (credit == "upper.cash"))["amount"].sum()
    back = rows.filter((debit == "upper.cash") & (credit == "flow.advance"))["amount"].sum()
    return (float(given) - float(back)) / run.minor_units


@rule("no_bailout", against="bailout", unit="yuan", because=_why_advanced)
def no_bailout(run: Run, other: Run, claim: Claim) -> Finding:
    """What is owed upward rises until 2020, then hardly any money is advanced (at most a tenth of that of 2020, what is paid
    back taken off; unpaid dues owed upward are no money), and arrears are above those of the same run with advances that go
    on; shown is how far above."""
    year = int(claim.month[:4])
    owed = {y: run.at("advances_upper", f"{y}-12") for y in (2017, 2020, year)}
    before, new = (_advanced(run, y) for y in (2020, year))
    mine, theirs = (r.at("arrears", f"{year}-12") for r in (run, other))
    return direction(
        mine - theirs,
        {"advances rise from 2017 to 2020": owed[2020] > owed[2017],
         f"hardly any are added in {year}": new <= 0.1 * max(before, 0.0),
         "arrears are above those with advances that go on": mine > theirs},
        then=owed[2017], middle=owed[2020], last=owed[year], new=new, arrears=mine, arrears_with=theirs,
    )  # fmt: skip


def _other_winters(facts: Mapping[str, float], claim: Claim) -> str:
    if facts["winters"] > 0:
        return (
            f"outages fall in other winters: {facts['winters']:.1f} of them a run have one, the first in {facts['first']:.0f}, with"
            f" {words.percent(facts['least'], 0)} of the heat in the worst district"
        )
    return "in no winter does an operator run out of cash: fees, subsidy and loans cover the fuel"


@rule("heating_off", unit="share", because=_other_winters)
def heating_off(run: Run, other: Run, claim: Claim) -> Finding:
    """Least share of due heat that a district got in the winter up to the month: below one and above zero in some
    districts, in full in others (short and local)."""
    last = _day(claim.month)
    months = [dt.date(last.year - 1, 12, 1)] + [dt.date(last.year, m, 1) for m in range(1, last.month + 1)]
    least = [min(run.at("heat_share", m, d) for m in months) for d in run.districts]
    worst: dict[int, float] = {}
    for d in run.districts:
        for day, share in zip(run.months, run.line("heat_share", d), strict=True):
            winter = day.year + (day.month >= 9)  # named by its January
            worst[winter] = min(worst.get(winter, 1.0), share if share == share else 1.0)
    cold = [w for w, share in worst.items() if share < 0.999]
    return direction(
        min(least),
        {"some district is short of heat in that winter": any(0.0 < v < 0.999 for v in least),
         "none is without any": min(least) > 0.0, "others get all of theirs": max(least) > 0.999},
        winters=float(len(cold)), first=float(cold[0]) if cold else math.nan, least=min(worst.values()),
    )  # fmt: skip


@rule("elsewhere", against="salaries_late", unit="months")
def elsewhere(run: Run, other: Run, claim: Claim) -> Finding:
    """Under a harsher scenario buses are cut and public pay is late; shown are the most months of pay overdue."""
    late = float(np.nanmax(other.line("wage_arrears_months")))
    return direction(
        late,
        {"public pay is late": late > 0, "buses are cut": float(np.nanmin(other.line("bus_share"))) < 0.999},
    )


# -- people and shops


@rule("one_child", against="no_birth_limits", unit="births")
def one_child(run: Run, other: Run, claim: Claim) -> Finding:
    """Births per woman and women of child-bearing age fall, and the same city without limits on births has more of
    them; shown is how many more, in all."""
    years = [y for y in run.full_years() if y <= int(claim.month[:4])]
    women = [run.at("women_15_49", f"{y}-12") for y in (years[0], years[-1])]
    per = [run.year("births", y) / w for y, w in zip((years[0], years[-1]), women, strict=True)]
    more = sum(other.year("births", y) - run.year("births", y) for y in years)
    return direction(
        more,
        {"there are fewer women of 15 to 49": women[1] < women[0], "births per woman fall": per[1] < per[0],
         "more are born without limits": more > 0},
    )  # fmt: skip


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
    return direction(
        ratio,
        {"more is spent than with lockdowns that go on": ratio > 1, "shops open in the year before": new.height > 0,
         "a coffee shop opened": coffee.height > 0},
    )  # fmt: skip


@rule("traffic", unit="ratio")
def traffic(run: Run, other: Run, claim: Claim) -> Finding:
    """Traffic of the month over the lowest of the year before: above one."""
    low = min(run.at("traffic_index", dt.date(int(claim.month[:4]) - 1, m, 1)) for m in range(1, 13))
    now = run.at("traffic_index", claim.month)
    return direction(
        now / low, {"there is more traffic than in the lowest month of the year before": now > low}
    )


def _small_pull(facts: Mapping[str, float], claim: Claim) -> str:
    return (
        f"in these runs rents change by {words.percent(facts['rents'])} from the start and prices asked by"
        f" {words.percent(facts['asks'])}, all other prices by {words.percent(facts['others'])}, so that counting homes changes the"
        f" cost of living by {words.percent(-facts['cheaper'])} and arrivals by {words.percent(facts['arrivals'])}"
    )


@rule("cheap_living", against="cheapness_ignored", unit="arrivals", because=_small_pull)
def cheap_living(run: Run, other: Run, claim: Claim) -> Finding:
    """Living costs less than where housing is left out of its price, and more people come; shown is how many more come
    with cheap homes, in all."""
    here, there = (r.at("cost_of_living", claim.month) for r in (run, other))
    came, otherwise = (float(np.nansum(r.line("in_migrants"))) for r in (run, other))

    def grown(variable: str) -> float:
        line = [v for v in run.line(variable) if v == v and v > 0]
        return line[-1] / line[0] - 1.0 if line else math.nan

    return direction(
        came - otherwise,
        {"living costs less with homes counted": here < there, "more people come": came > otherwise},
        cheaper=1.0 - here / there, rents=grown("rent_m2"), asks=grown("median_ask_m2"), others=there - 1.0,
        arrivals=(came - otherwise) / max(came, 1.0),
    )  # fmt: skip


def _when_most(facts: Mapping[str, float], claim: Claim) -> str:
    return (
        f"the highest share is that of {facts['year']:.0f}: {words.number(facts['back'])} came back while"
        f" {words.number(facts['left'])} left; in the first year {words.number(facts['first'])} came back, and the more are away"
        " the more can return"
    )


@rule("trickle_back", unit="share", because=_when_most)
def trickle_back(run: Run, other: Run, claim: Claim) -> Finding:
    """Returnees over leavers, the highest of all years: some every year, and well below (under one half)."""
    years = [y for y in run.full_years() if y <= int(claim.month[:4])]
    back = [run.year("returnees", y) for y in years]
    share = max(b / run.year("out_migrants", y) for b, y in zip(back, years, strict=True))
    most = max(range(len(years)), key=lambda i: back[i] / run.year("out_migrants", years[i]))
    return direction(
        share, {"some come back every year": min(back) > 0, "never half as many as leave": share < 0.5},
        year=float(years[most]), back=back[most], left=run.year("out_migrants", years[most]), first=back[0],
    )  # fmt: skip


@rule("bakery", unit="ratio")
def bakery(run: Run, other: Run, claim: Claim) -> Finding:
    """Shops founded in the last five years by people who came back, per year that they were here at 20 to 54, over the
    same of those who stayed: above one, and such shops exist."""
    last = _day(claim.month)
    since = last.replace(year=last.year - 5)
    opened = _events(run, "shop_opened").filter(pl.col("month") > since)["reason"].cast(pl.String)
    here = run.persons.filter(pl.col("state").cast(pl.String) == "resident").select(
        back=pl.col("came").is_not_null() & pl.col("left").is_not_null(),
        stayed=pl.col("came").is_null(),
        years=(
            pl.min_horizontal(pl.lit(last), pl.col("birth").dt.offset_by("55y"))
            - pl.max_horizontal(pl.col("came"), pl.lit(since), pl.col("birth").dt.offset_by("20y"))
        ).dt.total_days().clip(0) / 365.25,
    )  # fmt: skip
    years = [float(here.filter(pl.col(k))["years"].sum()) for k in ("back", "stayed")]
    theirs = int((opened == "founder_returned").sum())
    rates = theirs / max(years[0], 1.0), int((opened == "founder_stayed").sum()) / max(years[1], 1.0)
    return direction(
        rates[0] / rates[1] if rates[1] else math.nan,
        {
            "people who came back open shops": theirs > 0,
            "more often than those who stayed": rates[0] > rates[1],
        },
    )


def _city_beside(facts: Mapping[str, float], claim: Claim) -> str:
    return f"the provinces changed by {words.percent(facts['region'])}, the city by {words.percent(facts['city'])} in the runs"


@rule("region_loss", unit="people", note=_city_beside)
def region_loss(run: Run, other: Run, claim: Claim) -> Finding:
    """Context: people whom the provinces around lost between the pack's censuses; beside it the city's own change."""
    start, end = region.loss(run)
    return Finding(end - start, facts={"region": end / start - 1.0, "city": region.city_change(run)[0]})


# -- what rules share


def _day(month: str) -> dt.date:
    return dt.date(int(month[:4]), int(month[5:7] or 1), 1)


def _euro(run: Run, amount: float, month: str) -> float:
    found = run.euro(amount, month)
    return math.nan if found is None else found


def _offers(run: Run, month: str) -> pl.DataFrame:
    return run.listings(_day(month))


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


def _metre(offers: pl.DataFrame) -> float:
    """Median ask of a square metre."""
    return float((offers["ask"] / offers["area_m2"]).median() or math.nan) if offers.height else math.nan  # type: ignore[arg-type]


def _sum(run: Run, variable: str, month: str) -> float:
    return run.year(variable, int(month[:4])) if run.has_series(variable) else math.nan
