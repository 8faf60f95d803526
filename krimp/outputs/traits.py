"""Finding a person by traits: "woman, 75, mine", or "a woman who studied away, came back and opened a bakery"."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Callable, Sequence

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
    "returnee": "return", "newcomer": "arrival", "hold-out": "held_out",
    "holdout": "held_out", "held out": "held_out", "resettled": "resettled", "stays": "held_out",
    "studied away": "student_exit", "left to study": "student_exit", "lost job": "job_loss", "inherited": "inherited",
}  # fmt: skip
#: Reasons that an event of the household carries: (event, reason).
REASON = {
    "cannot afford": ("held_out", "cannot_afford"), "will not leave": ("held_out", "will_not_leave"),
}  # fmt: skip
#: Once lived there: in the richer south, that is on the coast or in Jiangsu.
SOUTH = ("coast", "jiangsu")
STATE = {"dead": "dead", "gone": "gone", "left": "gone", "away": "gone"}
OTHER = ("founder", "shop owner", "poor", "rich", "alone", "own home", "tenant")


#: Other ways to say a trait: what a reporter would write, and the known word or words for it ("by the mine" is a place
#: to live, "at the mine" work).
SAID: dict[str, tuple[str, ...]] = {
    "by the mine": ("mine row",), "beside the mine": ("mine row",), "near the mine": ("mine row",),
    "next to the mine": ("mine row",), "mine rows": ("mine row",), "at the mine": ("miner",), "mines": ("mine",),
    "coal miner": ("miner",), "former miner": ("miner",), "lady": ("woman",),
    "grandmother": ("woman", "60+"), "grandfather": ("man", "60+"), "old": ("65+",), "elderly": ("65+",),
    "young": ("18-35",), "retired": ("pensioner",), "pension": ("pensioner",), "jobless": ("unemployed",),
    "out of work": ("unemployed",), "widow": ("widowed", "woman"), "widower": ("widowed", "man"),
    "lack of money": ("cannot afford",), "want of money": ("cannot afford",), "no money": ("cannot afford",),
    "without money": ("cannot afford",), "cannot pay": ("cannot afford",), "could not pay": ("cannot afford",),
    "can not afford": ("cannot afford",), "could not afford": ("cannot afford",), "too poor": ("cannot afford",),
    "will not go": ("will not leave",), "would not leave": ("will not leave",), "would not go": ("will not leave",),
    "refuses to leave": ("will not leave",), "refused to leave": ("will not leave",), "stayed": ("stays",),
    "staying": ("stays",), "stay": ("stays",), "held on": ("stays",), "holds out": ("stays",), "neighbours gone": ("stays",),
    "estate agent": ("broker",), "real estate agent": ("broker",), "real estate broker": ("broker",), "realtor": ("broker",),
    "sells flats": ("broker",), "coffeeshop": ("coffee shop",), "coffee bar": ("coffee shop",), "café": ("coffee shop",),
    "opened": ("founder",), "opens": ("founder",), "founded": ("founder",), "founder of": ("founder",),
    "started": ("founder",), "set up": ("founder",), "owner": ("shop owner",), "owns": ("shop owner",),
    "runs": ("shop owner",), "owner of": ("shop owner",), "shop": ("shop owner",), "entrepreneur": ("founder",),
    "bakes": ("bakery",), "hotel": ("hostel",), "guesthouse": ("hostel",), "shopkeeper": ("shop owner",),
    "returned": ("returnee",), "returns": ("returnee",), "return": ("returnee",), "came home": ("returnee",),
    "came back": ("returnee",), "come back": ("returnee",), "back home": ("returnee",), "back": ("returnee",),
    "studied elsewhere": ("studied away",), "studied outside": ("studied away",), "went away to study": ("studied away",),
    "went to university": ("studied away",), "studied in another city": ("studied away",),
    "left for university": ("studied away",), "richer south": ("south",), "rich south": ("south",),
    "southern china": ("south",), "moved here": ("newcomer",), "outsider": ("newcomer",), "new arrival": ("newcomer",),
    "lives alone": ("alone",), "on her own": ("alone",), "on his own": ("alone",), "civil servant": ("official",),
    "teacher": ("official",), "government worker": ("official",), "peasant": ("farmer",), "moved to a new flat": ("resettled",),
    "was moved": ("resettled",), "relocated": ("resettled",), "rents": ("tenant",), "lost her job": ("lost job",),
    "lost his job": ("lost job",), "laid off": ("lost job",), "laid-off": ("lost job",), "left the city": ("away",),
    "in her twenties": ("20-29",), "in his twenties": ("20-29",), "in her thirties": ("30-39",),
    "in his thirties": ("30-39",), "in her forties": ("40-49",), "in his forties": ("40-49",), "in her fifties": ("50-59",),
    "in his fifties": ("50-59",), "in her sixties": ("60-69",), "in his sixties": ("60-69",),
    "in her seventies": ("70-79",), "in his seventies": ("70-79",), "in her eighties": ("80-89",),
    "in his eighties": ("80-89",),
}  # fmt: skip
_BETWEEN = """
    a an the of by who whom whose and or her his their its she he they it in on at to from for with as that which was is
    has had have been be but then when where while still now once about around aged age some someone person people one
    year years year-old years-old lived living lives worked working works work moved moving move went going leave pay
    because after before there here this since only just money again home own city house flat homes near next
"""
#: Words between traits that say nothing of a person.
BETWEEN = frozenset(_BETWEEN.split())


def split(run: Run, like: str) -> list[str]:
    """The traits of a wording, longest known phrases first; RunError names a word that is not understood."""
    ranges = r"\d{1,3}\s*(?:-|to)\s*\d{1,3}|\d{1,3}\+|\d{1,3}"
    known = sorted(
        {*allowed(run)[:-1], *SAID, *(n.lower() for n in run.districts.values())}, key=len, reverse=True
    )
    out: list[str] = []
    rest = re.sub(
        r"(?:-| )years?(?:-| )old\b", " ", re.sub(r"\s+", " ", like.lower().replace(run.title.lower(), " "))
    ).strip()
    while rest:
        rest = rest.lstrip(" ,;.:!?\"'()")
        if not rest:
            break
        if match := re.match(r"(?:over|older than) (\d{1,3})(?!\w)", rest):
            out.append(f"{match[1]}+")
        elif match := re.match(r"(?:under|younger than) (\d{1,3})(?!\w)", rest):
            out.append(f"0-{match[1]}")
        elif match := re.match(rf"(?:{ranges})(?!\w)", rest):
            out.append(match[0])
        else:
            phrase = next((k for k in known if re.match(rf"{re.escape(k)}(?![\w-])", rest)), None)
            match = re.match(re.escape(phrase) if phrase else r"[^\s,;.]+", rest)
            assert match is not None
            if phrase:
                out += SAID.get(phrase, (phrase,))
            elif match[0] not in BETWEEN:
                near = difflib.get_close_matches(match[0], known, 1, 0.6)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise RunError(
                    f"--like: {match[0]!r} is not a known trait; allowed are {', '.join(allowed(run))}{hint}"
                )
        rest = rest[match.end() :]
    return list(dict.fromkeys(out))


def find(run: Run, like: str, month: dt.date | None = None) -> tuple[int, int]:
    """(id of the person who fits best, how many fit). Age counts as near; every other trait must hold.

    Of those who fit, the ones near in age come first, and of these the one with most to tell: the most kinds of events,
    then the nearest in age, then the eldest. RunError names a word that is not known, or the trait that nobody has together
    with those before it.
    """
    when = month or run.months[-1]
    traits = split(run, like)
    if not traits:
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
    if not any(w in STATE for w in traits):
        people = people.filter(pl.col("state") == "resident")
    gap = pl.lit(0)
    for word in traits:
        span = re.fullmatch(r"(\d{1,3})\s*(?:-|to)\s*(\d{1,3})|(\d{1,3})\+", word)
        if word.isdigit():
            gap = gap + (pl.col("age") - int(word)).abs()
            people = people.filter((pl.col("age") - int(word)).abs() <= 5)
        elif span:
            low, high = (int(span[3]), 200) if span[3] else (int(span[1]), int(span[2]))
            people = people.filter(pl.col("age").is_between(low, high))
        else:
            people = _keep(run, people, word, traits)
        if people.is_empty():
            raise RunError(f"--like {like!r}: nobody fits any more once {word!r} is asked for")
    first = [lambda: _owners(run, None)] if "founder" in traits else []  # whose shop is still open
    if (
        "mine" in traits or "mine row" in traits
    ):  # by the mine before formerly of the mine or in other old rows
        first += [lambda: _living_in(run, "mine_row", "mine"), lambda: _living_in(run, "mine_row")]
    if {"stays", "hold-out", "holdout", "held out", *REASON} & set(traits):  # those who never moved
        first.append(lambda: _never_moved(run))
    prefer = pl.sum_horizontal(pl.lit(0), *(~pl.col("id").is_in(ids().implode()) for ids in first))
    people = people.with_columns(gap=gap).with_columns(far=pl.col("gap") > 2, prefer=prefer)
    people = people.join(_to_tell(run, people["id"]), on="id", how="left").with_columns(
        pl.col("kinds").fill_null(0)
    )
    best = people.sort(
        "prefer", "far", "kinds", "gap", "birth", "key", descending=[False, False, True, False, False, False]
    )
    return int(best["id"][0]), people.height


def _to_tell(run: Run, ids: pl.Series) -> pl.DataFrame:
    """Kinds of events that each of these people had: id, kinds."""
    if not run.has_events:
        return pl.DataFrame(
            {"id": ids, "kinds": [0] * len(ids)}, schema={"id": ids.dtype, "kinds": pl.UInt32}
        )
    return (
        run.scan_events()
        .select(id=pl.col("person").cast(ids.dtype), kind="event")
        .filter(pl.col("id").is_in(ids.implode()))
        .group_by("id")
        .agg(kinds=pl.col("kind").n_unique())
        .collect()
    )


def _keep(run: Run, people: pl.DataFrame, word: str, traits: Sequence[str]) -> pl.DataFrame:
    """Those of `people` who have the trait, one of `traits`."""
    tests: list[pl.Expr] = []
    if word in SEX:
        tests.append(pl.col("sex") == SEX[word])
    if word in ACTIVITY:
        tests.append(pl.col("activity") == word)
    if word in MARITAL:
        tests.append(pl.col("marital") == word)
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
    if word == "student":
        sets += [lambda: _with_event(run, "student_exit"), lambda: _graduates_away(run)]
    if word == "studied away":
        sets.append(lambda: _graduates_away(run))
    if word in SETTLEMENT:
        sets.append(lambda: _living_in(run, SETTLEMENT[word]))
    if word in SHOP:
        sets.append(lambda: _owners(run, SHOP[word], founded="founder" in traits))
    if word in ("founder", "shop owner"):
        sets.append(lambda: _owners(run, None, founded=word == "founder"))
    if word in EVENT:
        sets.append(lambda: _with_event(run, EVENT[word]))
    if word in REASON:
        sets.append(lambda: _last_held_out(run, REASON[word][1]))
    if word in ("poor", "rich"):
        sets.append(lambda: _by_cash(run, word == "poor"))
    if word in ("alone", "own home", "tenant"):
        sets.append(lambda: _by_household(run, word))
    if not tests and not sets:
        raise RunError(f"--like: {word!r} is not a known trait; allowed are {', '.join(allowed(run))}")
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


def _living_in(run: Run, kind: str, name: str = "") -> pl.Series:
    """People in settlements of a kind, or only in those whose name holds a word."""
    places = [
        s
        for s, item in run.settlements.items()
        if item.get("kind") == kind and name in str(item.get("name") or s).lower()
    ]
    homes = run.dwellings.filter(
        pl.col("settlement").cast(pl.String).is_in(places) & (pl.col("occupant") > 0)
    )["occupant"]
    return run.persons.filter(pl.col("household").is_in(homes.implode()) & (pl.col("household") > 0))["id"]


def _owners(run: Run, kind: str | None, founded: bool = False) -> pl.Series:
    """Owners of open shops, of one kind; or those who opened one during the run, whatever became of it."""
    if run.shops.is_empty():
        return pl.Series([], dtype=pl.UInt32)
    shops = run.shops.filter(pl.col("owner") > 0)
    open_now = pl.col("state").cast(pl.String) == "open"
    shops = shops.filter(pl.col("opened").is_not_null() if founded else open_now)
    if kind is not None:
        shops = shops.filter(pl.col("kind").cast(pl.String) == kind)
    return shops["owner"].cast(pl.UInt32).unique()


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


def _never_moved(run: Run) -> pl.Series:
    """Members of households that live where they did at the start."""
    since = run.households.filter(pl.col("moved").is_null() | (pl.col("moved") <= run.months[0]))["id"]
    return run.persons.filter(pl.col("household").is_in(since.implode()))["id"]


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
