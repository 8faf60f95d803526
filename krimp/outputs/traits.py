"""Finding a person by traits: "woman, 75, mine", "bakery, returnee", "man, 30-40, unemployed, north"."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Callable

import polars as pl

from krimp.outputs.folder import Run, RunError

SEX = {"woman": "female", "female": "female", "girl": "female", "man": "male", "male": "male", "boy": "male"}
ACTIVITY = ("child", "pupil", "student", "employed", "unemployed", "pensioner", "inactive")
MARITAL = ("single", "married", "divorced", "widowed")
SECTOR = {
    "mine": "mine", "miner": "mine", "farm": "farm", "farmer": "farm", "public": "public", "official": "public",
    "industry": "industry", "construction": "construction", "services": "services", "own account": "own_account",
}  # fmt: skip
SETTLEMENT = {
    "mine": "mine_row", "mine row": "mine_row", "village": "village", "villager": "village", "state farm": "state_farm",
    "old core": "old_core", "new core": "new_core", "estate": "resettlement_estate",
    "resettlement estate": "resettlement_estate", "county town": "county_town",
}  # fmt: skip
SHOP = {
    "coffee": "coffee_shop", "coffee shop": "coffee_shop", "cafe": "coffee_shop", "bakery": "bakery", "baker": "bakery",
    "restaurant": "restaurant", "hostel": "hostel", "broker": "broker", "grocery": "grocery", "grocer": "grocery",
}  # fmt: skip
PLACE = {
    "near town": "near town", "provincial capital": "provincial capital", "capital": "provincial capital",
    "coast": "coast", "jiangsu": "jiangsu", "elsewhere": "elsewhere",
}  # fmt: skip
SCHOOLING = {
    "university": "tertiary",
    "tertiary": "tertiary",
    "studied": "tertiary",
    "senior school": "senior",
}
EVENT = {
    "returnee": "return", "returned": "return", "came back": "return", "newcomer": "arrival", "hold-out": "held_out",
    "holdout": "held_out", "held out": "held_out", "resettled": "resettled", "stays": "held_out",
    "studied away": "student_exit", "left to study": "student_exit", "lost job": "job_loss", "inherited": "inherited",
}  # fmt: skip
#: Reasons that an event of the household carries: (event, reason).
REASON = {
    "cannot afford": ("held_out", "cannot_afford"), "no money": ("held_out", "cannot_afford"),
    "will not leave": ("held_out", "will_not_leave"),
}  # fmt: skip
#: Once lived there: in the richer south, that is on the coast or in Jiangsu.
SOUTH = ("coast", "jiangsu")
STATE = {"dead": "dead", "gone": "gone", "left": "gone", "away": "gone"}
OTHER = ("founder", "shop owner", "poor", "rich", "alone", "own home", "tenant")


def find(run: Run, like: str, month: dt.date | None = None) -> tuple[int, int]:
    """(id of the person who fits best, how many fit). Age counts as near; every other trait must hold.

    Of those who fit, the nearest in age comes first, then the one with the longest history, then the smallest key.
    RunError names a word that is not known, or the trait that nobody has together with those before it.
    """
    when = month or run.months[-1]
    words = [w.strip().lower() for w in re.split(r"[,;]", like) if w.strip()]
    if not words:
        raise RunError(f'--like {like!r}: name traits, for example "woman, 75, mine"')
    people = run.persons.with_columns(
        pl.col("sex", "state", "activity", "marital", "sector", "place", "schooling", "district").cast(
            pl.String
        )
    )
    people = people.with_columns(
        age=(
            (when.year * 12 + when.month)
            - (pl.col("birth").dt.year().cast(pl.Int32) * 12 + pl.col("birth").dt.month())
        )
        // 12
    )
    if not any(w in STATE for w in words):
        people = people.filter(pl.col("state") == "resident")
    gap = pl.lit(0)
    for word in words:
        exact = re.fullmatch(r"(?:about |aged )?(\d{1,3})", word)
        span = re.fullmatch(r"(\d{1,3})\s*(?:-|to)\s*(\d{1,3})|(\d{1,3})\+", word)
        if exact:
            gap = gap + (pl.col("age") - int(exact[1])).abs()
            people = people.filter((pl.col("age") - int(exact[1])).abs() <= 5)
        elif span:
            low, high = (int(span[3]), 200) if span[3] else (int(span[1]), int(span[2]))
            people = people.filter(pl.col("age").is_between(low, high))
        else:
            people = _keep(run, people, word)
        if people.is_empty():
            raise RunError(f"--like {like!r}: nobody fits any more once {word!r} is asked for")
    people = people.with_columns(gap=gap, came_first=pl.col("came").is_not_null(), far=gap > 2)
    prefer = pl.lit(0)
    if "mine" in words:  # by the mine before formerly of the mine
        prefer = pl.when(pl.col("id").is_in(_living_in(run, "mine_row").implode())).then(0).otherwise(1)
    best = people.with_columns(prefer=prefer).sort("prefer", "far", "came_first", "gap", "birth", "key")
    return int(best["id"][0]), people.height


def _keep(run: Run, people: pl.DataFrame, word: str) -> pl.DataFrame:
    """Those of `people` who have the trait."""
    tests: list[pl.Expr] = []
    if word in SEX:
        tests.append(pl.col("sex") == SEX[word])
    if word in ACTIVITY:
        tests.append(pl.col("activity") == word)
    if word in MARITAL or word in ("widow", "widower"):
        tests.append(pl.col("marital") == ("widowed" if word.startswith("widow") else word))
    if word in SECTOR:
        tests.append(pl.col("sector") == SECTOR[word])
    if word in PLACE:
        tests.append(pl.col("place") == PLACE[word])
    if word == "south":
        tests.append(pl.col("place").is_in(SOUTH))
    if word in SCHOOLING:
        tests.append(pl.col("schooling") == SCHOOLING[word])
    if word in STATE:
        tests.append(pl.col("state") == STATE[word])
    known = {k.lower(): k for k in run.districts} | {v.lower(): k for k, v in run.districts.items()}
    if word in known:
        tests.append(pl.col("district") == known[word])
    sets: list[Callable[[], pl.Series]] = []
    if word in SETTLEMENT:
        sets.append(lambda: _living_in(run, SETTLEMENT[word]))
    if word in SHOP:
        sets.append(lambda: _owners(run, SHOP[word]))
    if word in ("founder", "shop owner"):
        sets.append(lambda: _owners(run, None, founded=word == "founder"))
    if word in EVENT:
        sets.append(lambda: _with_event(run, EVENT[word]))
    if word in REASON:
        sets.append(lambda: _last_held_out(run, REASON[word][1]))
    if word == "student":
        sets += [lambda: _with_event(run, "student_exit"), lambda: _graduates_away(run)]
    if word in ("poor", "rich"):
        sets.append(lambda: _by_cash(run, word == "poor"))
    if word in ("alone", "own home", "tenant"):
        sets.append(lambda: _by_household(run, word))
    if not tests and not sets:
        near = difflib.get_close_matches(word, allowed(run), 1, 0.6)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise RunError(f"--like: {word!r} is not a known trait; allowed are {', '.join(allowed(run))}{hint}")
    for ids in sets:
        tests.append(pl.col("id").is_in(ids().implode()))
    return people.filter(pl.any_horizontal(tests))


def allowed(run: Run) -> list[str]:
    """All words `--like` understands, besides ages (75, 70-79, 80+)."""
    groups = (
        SEX,
        ACTIVITY,
        MARITAL,
        SECTOR,
        SETTLEMENT,
        SHOP,
        EVENT,
        REASON,
        PLACE,
        ("south",),
        SCHOOLING,
        STATE,
        OTHER,
        run.districts,
    )
    return list(dict.fromkeys(word for group in groups for word in group)) + ["an age"]


def _living_in(run: Run, kind: str) -> pl.Series:
    places = [s for s, item in run.settlements.items() if item.get("kind") == kind]
    homes = run.dwellings.filter(
        pl.col("settlement").cast(pl.String).is_in(places) & (pl.col("occupant") > 0)
    )["occupant"]
    return run.persons.filter(pl.col("household").is_in(homes.implode()) & (pl.col("household") > 0))["id"]


def _owners(run: Run, kind: str | None, founded: bool = False) -> pl.Series:
    """Owners of open shops, of one kind, or of those opened during the run."""
    if run.shops.is_empty():
        return pl.Series([], dtype=pl.UInt32)
    shops = run.shops.filter((pl.col("owner") > 0) & (pl.col("state").cast(pl.String) == "open"))
    if founded:
        shops = shops.filter(pl.col("opened").is_not_null())
    if kind is not None:
        shops = shops.filter(pl.col("kind").cast(pl.String) == kind)
    return shops["owner"].cast(pl.UInt32)


def _with_event(run: Run, event: str) -> pl.Series:
    """People who had the event themselves, or live now in the household that had it."""
    if not run.has_events:
        raise RunError(
            f"{run.path}: the run kept no events, so {event.replace('_', ' ')} cannot be asked for"
        )
    found = (
        run.scan_events()
        .filter(pl.col("event").cast(pl.String) == event)
        .select("person", "household")
        .collect()
    )
    own = found["person"].filter(found["person"] > 0)
    if event not in ("held_out", "resettled", "inherited"):
        return own.unique().sort().cast(pl.UInt32)
    homes = found["household"].filter(found["household"] > 0)
    along = run.persons.filter(pl.col("household").is_in(homes.implode()))["id"]
    return pl.concat([own.cast(pl.UInt32), along.cast(pl.UInt32)]).unique().sort()


def _graduates_away(run: Run) -> pl.Series:
    """Those with a university education who lived elsewhere when the run began."""
    if run.base not in run.snapshots:
        return pl.Series([], dtype=pl.UInt32)
    first = run.table("persons", run.base).with_columns(pl.col("state", "schooling").cast(pl.String))
    return first.filter((pl.col("state") == "gone") & (pl.col("schooling") == "tertiary"))["id"]


def _last_held_out(run: Run, reason: str) -> pl.Series:
    """Members of households that still live in the home they would not give up, for the reason recorded last."""
    if not run.has_events:
        raise RunError(f"{run.path}: the run kept no events, so reasons to stay cannot be asked for")
    last = (
        run.scan_events()
        .filter(pl.col("event").cast(pl.String) == "held_out")
        .select("month", "household", "dwelling", pl.col("reason").cast(pl.String))
        .collect().sort("month", maintain_order=True).unique("household", keep="last")
    )  # fmt: skip
    last = last.filter(pl.col("reason") == reason)
    lived = run.dwellings.select(
        pl.col("id").cast(pl.Int64).alias("dwelling"), pl.col("occupant").cast(pl.Int64)
    )
    still = last.with_columns(pl.col("household", "dwelling").cast(pl.Int64)).join(lived, on="dwelling")
    homes = still.filter(pl.col("occupant") == pl.col("household"))["household"]
    return run.persons.filter(pl.col("household").cast(pl.Int64).is_in(homes.implode()))["id"]


def _by_cash(run: Run, poor: bool) -> pl.Series:
    active = run.households.filter(pl.col("state").cast(pl.String) == "active")
    edge = active["cash"].quantile(0.2 if poor else 0.8)
    homes = active.filter((pl.col("cash") <= edge) if poor else (pl.col("cash") >= edge))["id"]
    return run.persons.filter(pl.col("household").is_in(homes.implode()))["id"]


def _by_household(run: Run, word: str) -> pl.Series:
    tests = {"alone": pl.col("size") == 1, "own home": pl.col("tenure").cast(pl.String) == "owner",
             "tenant": pl.col("tenure").cast(pl.String) == "tenant"}  # fmt: skip
    homes = run.households.filter((pl.col("state").cast(pl.String) == "active") & tests[word])["id"]
    return run.persons.filter(pl.col("household").is_in(homes.implode()))["id"]
