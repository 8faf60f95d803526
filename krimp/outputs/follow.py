"""One person's life as a story and as rows: `follow(run, person)` or `follow(run, like="woman, 75, mine")`.

The story is put together from the event log and the tables: the person, the households lived in, the home, the
building's neighbours, work and shops, and what happened to the district and the city meanwhile.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from krimp.outputs import screen, words
from krimp.outputs.folder import CITY, Run, RunError, open_run, to_date
from krimp.outputs.traits import find

SECTOR_WORDS = {
    "mine": "at the mine", "farm": "on the land", "public": "for the public service", "industry": "in industry",
    "construction": "in building", "services": "in shops and services", "own_account": "on own account",
}  # fmt: skip
PLACE_WORDS = {
    "near town": "in a town nearby", "provincial capital": "in the provincial capital", "coast": "on the coast",
    "jiangsu": "in Jiangsu", "elsewhere": "elsewhere in the country",
}  # fmt: skip
SHOP_WORDS = {
    "coffee_shop": "coffee shop", "broker": "broker's office for homes", "grocery": "grocer's shop", "other": "shop",
}  # fmt: skip
REASON_WORDS = {
    "study": "to study", "work": "for work", "family": "with the family", "job_loss": "after the job was lost",
    "parents_at_home": "because of parents at home", "cheap_home": "because homes are cheap", "news": "after the news stories",
    "attachment": "out of attachment", "slow_pace": "for the slower pace", "savings": "with savings", "retired": "in retirement",
    "cannot_afford": "because the money is not there", "will_not_leave": "because leaving is out of the question",
    "winter": "after the winter", "cold": "because of the cold", "inheritance": "it was inherited",
    "leaving_town": "the owners leave town", "need_of_money": "money is needed", "second_flat": "it is one too many",
    "better_home": "a better home is wanted", "investor_exit": "the investor wants out", "evicted": "after losing the old one",
    "compulsory": "by order", "subsidence": "because the ground sinks over the mine", "shantytown": "to clear the old rows",
    "village": "to clear the village", "in_kind": "for a new flat", "in_cash": "for money", "cash": "for money",
    "founder_returned": "with savings from away", "low_demand": "for want of customers", "lockdown": "in the lockdowns",
    "pension_age": "at pension age", "early_pension": "on an early pension", "lonely_parent": "not to be alone in old age",
}  # fmt: skip
MOVE_WORDS = {
    "new_household": ", the household's first home", "better_home": ", in search of something better",
    "arrival": " on coming to the city", "resettled": " with the money for the old home", "evicted": ", having lost the old one",
}  # fmt: skip
#: Events of a household that all its members live through (the log names its first member only).
HOUSEHOLD_EVENTS = (
    "moved_home", "sold", "let", "listed", "price_cut", "withdrawn", "resettlement_offer", "resettled", "held_out",
    "fitted_out", "second_home_bought", "inherited", "evicted", "heat_stopped", "birth", "death", "abandoned", "vacated",
)  # fmt: skip
CITY_EVENTS = (
    "heat_stopped", "bus_stopped", "school_merged", "restructuring_start", "restructuring_end", "lockdown", "wage_late",
    "wage_cut", "grant",
)  # fmt: skip


@dataclass(frozen=True)
class Life:
    """A person's traits, the story as (month, sentence), the rows it rests on, who lives along and where."""

    run: Run
    person: dict[str, Any]
    story: list[tuple[dt.date | None, str]]
    rows: list[dict[str, Any]]
    members: list[dict[str, Any]]
    dwelling: dict[str, Any]
    fits: int | None = field(default=None)
    asked: str | None = field(default=None)

    def __repr__(self) -> str:
        return tell(self)

    @property
    def id(self) -> int:
        """Row number of the person in persons.parquet."""
        return int(self.person["id"])

    def as_dict(self) -> dict[str, Any]:
        """For JSON; stable keys are strings there."""
        person = {k: str(v) if k == "key" else v for k, v in self.person.items()}
        return {
            "run": str(self.run.path),
            "person": person,
            "asked": self.asked,
            "fits": self.fits,
            "story": [{"month": f"{m:%Y-%m}" if m else None, "text": t} for m, t in self.story],
            "rows": [{**r, "month": f"{r['month']:%Y-%m}"} for r in self.rows],
            "household": [{k: str(v) if k == "key" else v for k, v in m.items()} for m in self.members],
            "dwelling": {k: str(v) if k == "key" else v for k, v in self.dwelling.items()},
        }


def follow(
    run: Run | str | Path, person: int | None = None, like: str | None = None, month: str | None = None
) -> Life:
    """The life of a person given by id or stable key, or of the one who fits `like` best (`month`: when the age is meant)."""
    opened = open_run(run)
    persons = opened.persons
    fits = None
    if like is not None:
        number, fits = find(opened, like, to_date(month) if month else None)
    elif person is None:
        raise RunError('say whom to follow: an id or key, or --like "woman, 75, mine"')
    else:
        row = persons.filter(
            (pl.col("id") == person) if person <= persons.height else (pl.col("key") == person)
        )
        if row.is_empty():
            raise RunError(
                f"person {person}: allowed are ids 1 to {persons.height} and stable keys of this run"
            )
        number = int(row["id"][0])
    return _Teller(opened, number).life(fits, like)


def tell(life: Life, width: int = 0) -> str:
    """The story as text, a paragraph a year; `width` columns, by default the screen's, at most 88."""
    import textwrap

    width = width or min(screen.width(), 88)
    p = life.person
    out = []
    if life.fits is not None:
        fit = "person fits" if life.fits == 1 else "people fit"
        out += [*textwrap.wrap(f'{life.fits:,} {fit} "{life.asked}"; this is one of them.', width), ""]
    sex = {"female": "A woman", "male": "A man"}[str(p["sex"])]
    out.append(f"{sex} born in {words.month_words(p['birth'])} (person {p['id']}, key {p['key']})")
    out.append("")
    years: dict[str, list[str]] = {}
    for month, text in life.story:
        years.setdefault(str(month.year) if month else "", []).append(text)
    for year, sentences in years.items():
        body = textwrap.wrap(" ".join(sentences), width - 6)
        out += [f"{year if i == 0 else '':<6}{line}" for i, line in enumerate(body)]
    if not life.run.has_events:
        out.append("\n(The run kept no events, so only its tables speak.)")
    return "\n".join(out)


class _Teller:
    """Gathers what the run knows of one person and puts it into sentences."""

    def __init__(self, run: Run, number: int) -> None:
        self.run = run
        self.p = self._row(run.persons, number)
        self.start, self.end = run.months[0], run.months[-1]
        female = str(self.p["sex"]) == "female"
        self.he, self.his, self.him = ("she", "her", "her") if female else ("he", "his", "him")
        self.spouse = "husband" if female else "wife"
        self.child = "daughter" if female else "son"

    # -- gathering
    @staticmethod
    def _row(frame: pl.DataFrame, number: int | None) -> dict[str, Any]:
        if not number or number > frame.height:
            return {}
        row = frame.row(int(number) - 1, named=True)  # ids are row numbers
        if row["id"] != number:
            found = frame.filter(pl.col("id") == number)
            row = found.row(0, named=True) if found.height else {}
        return row

    def _events(self, condition: pl.Expr) -> list[dict[str, Any]]:
        text = [pl.col(c).cast(pl.String) for c in ("event", "reason", "district")]
        frame = self.run.scan_events().filter(condition).with_columns(text).collect()
        return frame.to_dicts()

    def gather(self) -> list[dict[str, Any]]:
        """Events of the person, of the households lived in, and of the city, in order of time."""
        me = self.p["id"]
        own = self._events(
            (pl.col("person") == me)
            | (
                (pl.col("other") == me)
                & pl.col("event").cast(pl.String).is_in(["birth", "marriage", "divorce", "household_formed"])
            )
        )
        for e in own:
            e["role"] = "self"
        spans = self.spans(own)
        shared: list[dict[str, Any]] = []
        homes = sorted({h for _, h in spans if h})
        if homes:
            for e in self._events(
                pl.col("household").is_in(homes)
                & pl.col("event").cast(pl.String).is_in(list(HOUSEHOLD_EVENTS))
            ):
                if (
                    e["person"] != me
                    and e["other"] != me
                    and self.household_at(spans, e["month"]) == e["household"]
                ):
                    shared.append(e | {"role": "household"})
        public = [e | {"role": "city"} for e in self._events(
            (pl.col("person") == 0) & (pl.col("household") == 0) & (pl.col("dwelling") == 0)
            & pl.col("event").cast(pl.String).is_in(list(CITY_EVENTS))
        ) if self.here(e["month"]) and e["district"] in (None, CITY, str(self.p["district"]))]  # fmt: skip
        order = {"self": 0, "household": 1, "city": 2}
        return sorted(
            [*own, *shared, *public],
            key=lambda e: (e["month"], e["event"] != "resettlement_offer", order[e["role"]]),
        )

    def spans(self, own: list[dict[str, Any]]) -> list[tuple[dt.date, int]]:
        """(month, household) at every change that the events show, the base and the end included."""
        me = self.p["id"]
        out: list[tuple[dt.date, int]] = []
        base = f"{self.start:%Y-%m}"
        if base in self.run.snapshots:
            first = self.run.table("persons", base)
            if me <= first.height:
                out.append((self.start, int(self._row(first, me).get("household", 0))))
        for e in own:
            kind = e["event"]
            if kind in (
                "birth",
                "household_formed",
                "marriage",
                "return",
                "arrival",
                "out_of_collective",
            ) and (kind != "birth" or e["person"] == me):
                out.append((e["month"], int(e["household"])))
            elif kind == "left_home":
                out.append(
                    (e["month"], int(e["household"] if e["reason"] == "lonely_parent" else e["other"]))
                )
            elif kind in ("out_migration", "student_exit", "death", "into_collective"):
                out.append((e["month"], 0))
        last = int(self.p["household"])
        if last and (not out or out[-1][1] != last):
            formed = self._row(self.run.households, last).get("formed")
            since = max([d for d in (formed, out[-1][0] if out else self.start) if d is not None])
            out.append((since, last))
        return out

    @staticmethod
    def household_at(spans: list[tuple[dt.date, int]], month: dt.date) -> int:
        """Household lived in during a month (a change in that month counts)."""
        found = 0
        for since, household in spans:
            if since <= month:
                found = household
        return found

    def here(self, month: dt.date) -> bool:
        """Whether the person was in the city then, as far as the final table tells."""
        born, left, came = self.p["birth"], self.p["left"], self.p["came"]
        if month < born or (str(self.p["state"]) == "dead" and left and month > left):
            return False
        if str(self.p["state"]) == "gone" and left and month > left:
            return False
        return not (came and month < came and not (left and month <= left))

    # -- telling
    def life(self, fits: int | None, asked: str | None) -> Life:
        """Everything put together."""
        events = self.gather()
        story = [*self.opening(), *self.middle(events), *self.closing()]
        rows = [{k: e[k] for k in ("month", "event", "reason", "district", "role", "household", "dwelling", "other", "amount")}
                | {"amount": e["amount"] / self.run.minor_units} for e in events]  # fmt: skip
        members = (
            self.run.persons.filter((pl.col("household") == self.p["household"]) & (pl.col("id") != self.p["id"])
                                    & (pl.col("state").cast(pl.String) == "resident"))
            .select("id", "key", "sex", "birth", "activity", "mother", "partner").to_dicts()
            if self.p["household"] else []
        )  # fmt: skip
        home = self._row(
            self.run.dwellings, self._row(self.run.households, self.p["household"]).get("dwelling")
        )
        return Life(self.run, self.p, story, rows, members, home, fits, asked)

    def age(self, month: dt.date) -> int:
        """Completed years of life."""
        born = self.p["birth"]
        return (month.year * 12 + month.month - born.year * 12 - born.month) // 12

    def opening(self) -> list[tuple[dt.date | None, str]]:
        """Who the person is when the story starts."""
        base = f"{self.start:%Y-%m}"
        p = self.p
        if p["birth"] > self.start:
            mother = self._row(self.run.persons, p["mother"])
            if mother:
                years = (
                    p["birth"].year * 12
                    + p["birth"].month
                    - mother["birth"].year * 12
                    - mother["birth"].month
                ) // 12
                return [
                    (
                        p["birth"],
                        f"{self.he.title()} was born in {self.place(p['district'])}, {self.his} mother was {years}.",
                    )
                ]
            return [(p["birth"], f"{self.he.title()} was born in {words.month_words(p['birth'])}.")]
        if base not in self.run.snapshots:
            return [(self.start, f"In {words.month_words(self.start)} {self.he} was {self.age(self.start)}.")]
        first = self.run.table("persons", base)
        if p["id"] > first.height:
            return []
        was = self._row(first, p["id"])
        if str(was["state"]) != "resident":
            return [
                (
                    self.start,
                    f"In {words.month_words(self.start)} {self.he} was {self.age(self.start)} and lived {PLACE_WORDS.get(str(was['place']), 'elsewhere')}{', with a degree' if str(was['schooling']) == 'tertiary' else ''}.",
                )
            ]
        self._works = str(was["activity"]) == "employed"
        state = "" if self.age(self.start) < 20 else f", {was['marital']},"
        text = f"In {words.month_words(self.start)} {self.he} was {self.age(self.start)}{state} and {self.doing(was, self.age(self.start))}."
        out: list[tuple[dt.date | None, str]] = [(self.start, text)]
        h = self._row(self.run.table("households", base), was["household"])
        if h:
            company = self.company(int(was["household"]), base)
            out.append(
                (self.start, f"{self.he.title()} lived {company} in {self.home(h['dwelling'], base)}.")
            )
        elif str(was["collective"]) != "no":
            out.append((self.start, f"{self.he.title()} lived in a {was['collective']} hostel or home."))
        return out

    def doing(self, row: dict[str, Any], age: int) -> str:
        """What a person does, as a clause."""
        activity, sector = str(row["activity"]), str(row["sector"])
        minor = self.run.minor_units
        if activity == "employed":
            pay = f" for {row['wage'] / minor:,.0f} {self.run.currency} a month" if row["wage"] else ""
            return f"worked {SECTOR_WORDS.get(sector, 'in town')}{pay}"
        if activity == "pensioner":
            once = f", once {SECTOR_WORDS[sector]}" if sector in SECTOR_WORDS else ""
            pay = f" of {row['pension'] / minor:,.0f} {self.run.currency} a month" if row["pension"] else ""
            return f"drew a pension{pay}{once}"
        return {"child": "was too young for school", "pupil": "went to school", "student": "studied",
                "unemployed": "looked for work", "inactive": "kept the house" if self.he == "she" and age < 55 else "had neither job nor pension",}.get(activity, activity)  # fmt: skip

    def place(self, district: Any) -> str:
        """A district by name."""
        return self.run.districts.get(str(district), words.plain(district))

    def home(self, dwelling: int, month: str | None = None) -> str:
        """A dwelling as a clause."""
        d = self._row(self.run.dwellings, dwelling)
        if not d:
            return "a home of which nothing is known"
        b = self._row(self.run.buildings, d["building"])
        place = self.run.settlements.get(str(d["settlement"]), {})
        floor = (
            f", floor {d['floor']} of {b['floors']}{' with a lift' if b.get('lift') else ''}"
            if b and b["floors"] > 1
            else ""
        )
        name = place.get("name") or words.plain(d["settlement"])
        kind = "a house" if b and b["floors"] <= 1 else "a flat"
        return f"{kind} of {d['area'] / 10:.0f} m² in {name} ({self.place(d['district'])}{floor})"

    def middle(self, events: list[dict[str, Any]]) -> list[tuple[dt.date | None, str]]:
        """Sentences for the events, those of the city grouped by year."""
        out: list[tuple[dt.date | None, str]] = []
        groups: dict[tuple[int, str], int] = {}
        for e in events:
            if e["role"] == "city":
                key = (e["month"].year, e["event"])
                groups[key] = groups.get(key, 0) + 1
        told: set[tuple[int, str]] = set()
        cuts: dict[int, int] = {}
        taken = {(e["month"], e["dwelling"], e["event"]) for e in events}
        for e in events:
            if e["event"] == "price_cut":
                cuts[e["dwelling"]] = cuts.get(e["dwelling"], 0) + 1
                continue
            bought = {(e["month"], e["dwelling"], kind) in taken for kind in ("sold", "let")}
            if e["event"] == "moved_home" and True in bought:
                continue  # told with the purchase or the lease
            e["moved"] = (e["month"], e["dwelling"], "moved_home") in taken
            if e["role"] == "city":
                key = (e["month"].year, e["event"])
                if key in told or (e["event"] == "school_merged" and self._school_told):
                    continue
                told.add(key)
                text = self.public(e, groups[key])
            else:
                text = self.sentence(e, cuts)
            if text:
                out.append((e["month"], text))
        out += [*self.lockdowns(), *self.pulled_down()]
        return sorted(out, key=lambda item: item[0] or self.start)

    def lockdowns(self) -> list[tuple[dt.date | None, str]]:
        """Weeks of each year that the city was locked down while the person lived there."""
        if not self.run.has_series("lockdown"):
            return []
        weeks: dict[int, float] = {}
        first: dict[int, dt.date] = {}
        for month, share in zip(self.run.months, self.run.line("lockdown"), strict=True):
            if share > 0 and self.here(month):
                weeks[month.year] = weeks.get(month.year, 0.0) + share * 52 / 12
                first.setdefault(month.year, month)
        return [
            (
                first[year],
                f"From {words.MONTHS[first[year].month - 1]} on the city was locked down for {n:.0f} weeks of the year.",
            )
            for year, n in weeks.items()
            if n >= 1.5
        ]

    def pulled_down(self) -> list[tuple[dt.date | None, str]]:
        """Homes in the row of the last home that were pulled down while the person lived there."""
        home = self._row(self.run.households, self.p["household"]).get("dwelling")
        d = self._row(self.run.dwellings, home)
        if (
            not d
            or not self.run.has_events
            or str(self.p["state"]) != "resident"
            or self.row_or_building(d) != "row"
        ):
            return []
        since = max(
            [m for m in (self._row(self.run.households, self.p["household"]).get("moved"), self.start) if m]
        )
        same = self.run.dwellings.filter((pl.col("building") == d["building"]) & (pl.col("id") != d["id"]))[
            "id"
        ]
        gone = self._events(
            (pl.col("event").cast(pl.String) == "demolished") & (pl.col("month") >= since)
            & pl.col("dwelling").cast(same.dtype).is_in(same.implode())
        )  # fmt: skip
        years: dict[int, list[dt.date]] = {}
        for e in gone:
            years.setdefault(e["month"].year, []).append(e["month"])
        return [
            (
                max(months),
                f"By {words.MONTHS[max(months).month - 1]} {words.counted(len(months), 'home')} of the row had been pulled down that"
                " year.",
            )
            for months in years.values()
        ]

    def row_or_building(self, d: dict[str, Any]) -> str:
        """What a home is part of."""
        block = self._row(self.run.buildings, d["building"])
        return "row" if block and block["floors"] <= 1 else "building"

    def company(self, household: int, month: str | None = None) -> str:
        """Who lives along, by kinship: "with her husband, two sons and a grandchild"."""
        everyone = self.run.table("persons", month) if month else self.run.persons
        me = self.p["id"]
        along = everyone.filter(
            (pl.col("household") == household)
            & (pl.col("id") != me)
            & (pl.col("state").cast(pl.String) == "resident")
        ).to_dicts()
        if not along:
            return "alone"
        mine = self._row(everyone, me)
        mother, partner = mine.get("mother") or 0, mine.get("partner") or 0
        spouse = self._row(everyone, partner)
        parents = {i for i in (me, partner) if i}
        children = {m["id"] for m in along if m["mother"] in parents}
        father = (self._row(everyone, mother).get("partner") or 0) if mother else 0
        counts: dict[str, int] = {}
        for m in along:
            female = str(m["sex"]) == "female"
            if m["id"] == partner:
                kin = self.spouse
            elif m["id"] in children:
                kin = "daughter" if female else "son"
            elif m["id"] in (mother, father) and m["id"]:
                kin = "mother" if m["id"] == mother else "father"
            elif (
                spouse
                and m["id"] in (spouse["mother"], self._row(everyone, spouse["mother"]).get("partner"))
                and m["id"]
            ):
                kin = "mother-in-law" if female else "father-in-law"
            elif mother and m["mother"] == mother:
                kin = "sister" if female else "brother"
            elif m["partner"] and m["partner"] in children:
                kin = "daughter-in-law" if female else "son-in-law"
            elif m["mother"] and (
                m["mother"] in children or self._row(everyone, m["mother"]).get("partner") in children
            ):
                kin = "grandchild"
            else:
                kin = "other"
            counts[kin] = counts.get(kin, 0) + 1
        order = [self.spouse, "son", "daughter", "son-in-law", "daughter-in-law", "grandchild", "mother", "father",
                 "mother-in-law", "father-in-law", "brother", "sister", "other"]  # fmt: skip
        said = []
        for kin in order:
            n = counts.get(kin, 0)
            if n and kin in ("mother", "father", "mother-in-law", "father-in-law", self.spouse):
                said.append(f"{self.his} {kin}")
            elif n:
                said.append(words.counted(n, kin))
        return f"with {words.listed(said)}"

    _school_told = False
    _works = False

    def concerns_school(self, month: dt.date) -> bool:
        """Whether the person or a child of the person was of school age then."""
        if 6 <= self.age(month) < 18:
            return True
        if not hasattr(self, "_births"):
            self._births = self.run.persons.filter(pl.col("mother").is_in([self.p["id"], self.p["partner"] or -1]))["birth"].to_list()  # fmt: skip
        return any(6 <= (month.year - born.year) < 18 for born in self._births)

    def public(self, e: dict[str, Any], times: int) -> str:
        """What happened around the person."""
        if e["event"] == "school_merged":
            if not self.concerns_school(e["month"]):
                return ""
            self._school_told = True
        where = "the whole city" if e["district"] in (None, CITY) else self.place(e["district"])
        again = "" if times == 1 else f" ({times} months that year)"
        month = words.MONTHS[e["month"].month - 1]
        texts = {
            "heat_stopped": f"In {month} the heating failed in {where}{again}.",
            "bus_stopped": f"In {month} buses stopped running in {where}{again}.",
            "school_merged": f"In {month} a school in {where} was merged into another, and more in the years after.",
            "restructuring_start": f"In {month} the city's finances were put under restructuring.",
            "restructuring_end": f"In {month} the restructuring of the city's finances ended.",
            "lockdown": f"In {month} {where} was locked down{again}.",
            "grant": f"In {month} the city paid out a grant.",
        }
        if e["event"] in ("wage_late", "wage_cut"):
            if str(self.p["sector"]) != "public":
                return ""
            what = "came late" if e["event"] == "wage_late" else "was cut"
            return f"In {month} public pay {what}{again}."
        return texts.get(e["event"], "")

    def sentence(self, e: dict[str, Any], cuts: dict[int, int]) -> str:
        """One event of the person or the household."""
        me, he, his = self.p["id"], self.he, self.his
        month = words.MONTHS[e["month"].month - 1]
        reason = REASON_WORDS.get(str(e["reason"]), "")
        because = f" {reason}" if reason else ""
        paid = e["amount"] / self.run.minor_units
        money = f"{paid:,.0f} {self.run.currency}"
        kind, mine, old = e["event"], e["person"] == me, self.age(e["month"])
        if kind == "birth":
            if mine:
                return ""
            baby = self._row(self.run.persons, e["person"])
            word = {"female": "girl", "male": "boy"}[str(baby["sex"])] if baby else "child"
            if e["other"] == me:
                return f"In {month}, at {old}, {he} had a {word}."
            if e["other"] == self.p["partner"]:
                return f"In {month} {his} wife had a {word}."
            return f"In {month} a {word} was born into the household."
        if kind == "death":
            if mine:
                return ""
            gone = self._row(self.run.persons, e["person"])
            years = (
                e["month"].year * 12 + e["month"].month - gone["birth"].year * 12 - gone["birth"].month
            ) // 12
            if gone["partner"] == me or gone["id"] == self.p["partner"]:
                return ""  # told by `widowed`
            who = f"{his} mother" if gone["id"] == self.p["mother"] else f"{his} {'daughter' if str(gone['sex']) == 'female' else 'son'}" \
                if gone["mother"] == me else "someone of the household"  # fmt: skip
            return f"In {month} {who} died, aged {years}."
        if kind == "widowed":
            return f"In {month} {his} {self.spouse} died; {he} was {old}."
        if kind == "marriage":
            other = self._row(self.run.persons, e["other"] if mine else e["person"])
            years = (
                e["month"].year * 12 + e["month"].month - other["birth"].year * 12 - other["birth"].month
            ) // 12
            return f"In {month}, at {old}, {he} married a {'man' if self.spouse == 'husband' else 'woman'} of {years}."
        if kind == "divorce":
            return f"In {month} the marriage ended in divorce."
        if kind == "left_home":
            if e["reason"] == "lonely_parent":
                return f"In {month} {he} moved in with {his} child, not to be alone."
            return f"In {month}, at {old}, {he} left {his} parents' home."
        if kind in ("household_formed", "household_ended", "vacated", "second_home_bought"):
            if kind == "second_home_bought" and mine:
                return f"In {month} {he} bought a second home for {money}."
            return (
                f"In {month} {he} set up a household of {his} own."
                if kind == "household_formed" and e["reason"] != "marriage" and mine
                else ""
            )
        if kind == "student_exit":
            return f"In {month}, at {old}, {he} left the city to study."
        if kind == "out_migration":
            return f"In {month}, at {old}, {he} left the city{because}{self.target()}."
        if kind == "return":
            away = (
                f" from a life {PLACE_WORDS[str(self.p['place'])]}"
                if str(self.p["place"]) in PLACE_WORDS
                else ""
            )
            return f"In {month}, at {old}, {he} came back{away}{because}."
        if kind == "arrival":
            away = (
                f", until then {PLACE_WORDS[str(self.p['place'])]},"
                if str(self.p["place"]) in PLACE_WORDS
                else ""
            )
            return f"In {month}{away} {he} came to the city{because}."
        if kind in ("into_collective", "out_of_collective"):
            what = {"care": "a care home", "school": "a school's boarding house", "camp": "a work camp"}.get(
                str(e["reason"]), "a collective home"
            )
            return f"In {month} {he} {'moved into' if kind == 'into_collective' else 'left'} {what}."
        if kind == "moved_home":
            return f"In {month} {'they' if not mine else he} moved to {self.home(e['dwelling'])}{MOVE_WORDS.get(str(e['reason']), '')}."
        if kind == "job_start":
            self._works = True
            where = SECTOR_WORDS.get(str(e["reason"]), "")
            pay = f" for {money} a month" if paid else ""
            return f"In {month} {he} found work {where}{pay}."
        if kind == "job_loss":
            self._works = False
            why = " for want of work" if e["reason"] == "low_demand" else because
            return f"In {month} {he} lost {his} job{why}."
        if kind == "retired" and not self._works:
            return f"In {month}, at {old}, {his} pension began."
        if kind == "retired":
            self._works = False
            return f"In {month}, at {old}, {he} retired{because}."
        if kind == "school_end":
            return f"In {month} {he} finished school."
        if kind == "sold":
            buyer = self.household_at(self._spans(), e["month"]) == e["household"]
            what = self.home(e["dwelling"])
            moved = " and moved in" if buyer and e.get("moved") else ""
            return f"In {month} the household {'bought' if buyer else 'sold'} {what} for {money}{moved}."
        if kind == "let":
            moved = " and moved in" if e.get("moved") else ""
            return f"In {month} the household rented {self.home(e['dwelling'])} for {money} a month{moved}."
        if kind == "listed":
            why = f": {reason}" if reason else ""
            return f"In {month} {self.home(e['dwelling'])} was put up for sale for {money}{why}."
        if kind == "withdrawn":
            n = cuts.get(e["dwelling"], 0)
            after = f" after {n} price cut{'s' * (n > 1)}" if n else ""
            return f"In {month} it was taken off the market again{after}."
        if kind == "inherited":
            extra = f" and {money}" if paid else ""
            return f"In {month} {he if mine else 'the household'} inherited {self.home(e['dwelling']) if e['dwelling'] else 'what was left'}{extra}."
        if kind == "resettlement_offer":
            return f"In {month} the city offered to resettle the household{because}."
        if kind == "resettled":
            topped = f", with {money} {'on top' if e['dwelling'] else 'paid out'}" if paid else ""
            return f"In {month} they gave up the old home{because}{topped}."
        if kind == "held_out":
            bill = f" ({money} would have been due)" if paid and e["reason"] == "cannot_afford" else ""
            return f"In {month} the household said no and stayed{because}{bill}."
        if kind == "shop_opened":
            shop = self._row(self.run.shops, e["other"])
            what = SHOP_WORDS.get(str(shop["kind"]), words.plain(shop["kind"])) if shop else "shop"
            capital = f", with {money} put in" if paid else ""
            return f"In {month}, at {old}, {he} opened a {what}{because}{capital}."
        if kind == "shop_closed":
            shop = self._row(self.run.shops, e["other"])
            return f"In {month} {he} closed the {SHOP_WORDS.get(str(shop['kind']), words.plain(shop['kind'])) if shop else 'shop'}{because}."
        if kind == "fitted_out":
            return f"In {month} the bare flat was fitted out for {money}."
        if kind == "heat_stopped":
            return f"In {month} the heating of the home was stopped."
        if kind in ("abandoned", "wage_late", "wage_cut"):
            return {"abandoned": f"In {month} {self.home(e['dwelling'])}, long empty, was given up.", "wage_late": f"In {month} {his} pay came late.",
                    "wage_cut": f"In {month} {his} pay was cut."}[kind]  # fmt: skip
        return f"In {month}: {words.plain(kind)}{because}." if mine else ""

    def _spans(self) -> list[tuple[dt.date, int]]:
        if not hasattr(self, "_kept"):
            self._kept = self.spans(self._events(pl.col("person") == self.p["id"]))
        return self._kept

    def target(self) -> str:
        """Where someone who has left lives now."""
        place = str(self.p["place"])
        return (
            f" and has lived {PLACE_WORDS[place]} since"
            if str(self.p["state"]) == "gone" and place in PLACE_WORDS
            else ""
        )

    def closing(self) -> list[tuple[dt.date | None, str]]:
        """How the person is at the end of the run."""
        p, he = self.p, self.he
        if str(p["state"]) == "dead":
            when = words.month_words(p["left"])
            return [(p["left"], f"{he.title()} died in {when}, aged {self.age(p['left'])}.")]
        if str(p["state"]) == "gone":
            where = PLACE_WORDS.get(str(p["place"]), "elsewhere")
            return [
                (
                    self.end,
                    f"In {words.month_words(self.end)} {he} is {self.age(self.end)} and lives {where}.",
                )
            ]
        out: list[tuple[dt.date | None, str]] = []
        doing = self.doing(p, self.age(self.end))
        now = {"worked": "works", "drew": "draws", "went": "goes", "was": "is", "studied": "studies", "looked": "looks",
               "kept": "keeps", "had": "has"}  # fmt: skip
        first, _, rest = doing.partition(" ")
        status = "" if self.age(self.end) < 20 else f", {p['marital']},"
        text = f"In {words.month_words(self.end)} {he} is {self.age(self.end)}{status} and {now.get(first, first)} {rest}".rstrip()
        out.append((self.end, text + "."))
        shop = self._row(self.run.shops, p["employer"]) if not self.run.shops.is_empty() else {}
        if shop and shop["owner"] == p["id"] and str(shop["state"]) == "open":
            out.append(
                (
                    self.end,
                    f"{he.title()} runs a {SHOP_WORDS.get(str(shop['kind']), words.plain(shop['kind']))}.",
                )
            )
        h = self._row(self.run.households, p["household"])
        if h:
            out += self.household_now(h)
        return out

    def household_now(self, h: dict[str, Any]) -> list[tuple[dt.date | None, str]]:
        """Home, tenure, money and neighbours at the end."""
        he = self.he
        company = self.company(int(h["id"]))
        tenure = {"owner": "owned", "tenant": "rented", "rent_free": "rent-free"}.get(str(h["tenure"]), "")
        text = f"{he.title()} lives {company} in {self.home(h['dwelling'])}{f', {tenure}' if tenure else ''}"
        text += f", and the household has {h['cash'] / self.run.minor_units:,.0f} {self.run.currency} put by."
        out: list[tuple[dt.date | None, str]] = [(self.end, text)]
        d = self._row(self.run.dwellings, h["dwelling"])
        if not d:
            return out
        same = self.run.dwellings.filter(pl.col("building") == d["building"])
        units, lived = same.height, int((same["occupant"] > 0).sum())
        pulled = int((same["state"].cast(pl.String) == "demolished").sum())
        base = f"{self.start:%Y-%m}"
        before = ""
        if base in self.run.snapshots:
            then = self.run.table("dwellings", base).filter(pl.col("building") == d["building"])
            if then.height:
                before = f"; in {words.month_words(self.start)} it was {int((then['occupant'] > 0).sum())}"
        if units > 1:
            gone = (
                f", {words.counted(pulled)} {'is' if pulled == 1 else 'are'} pulled down"
                if pulled and self.row_or_building(d) == "row"
                else ""
            )
            here = "all are" if lived == units else "one is" if lived == 1 else f"{lived} are"
            out.append(
                (
                    self.end,
                    f"Of the {units} homes in the {self.row_or_building(d)} {here} lived in{gone}{before}.",
                )
            )
        return out
