"""A small made-up run folder in the formats of the contract, for tests of everything that reads one.

Not a model: a few hundred lives by simple dice, with books that balance, so that readers have all kinds of rows.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import random
from pathlib import Path
from typing import Any

import polars as pl

BASE, UNTIL, WEIGHT = 2010 * 12 + 10, 2023 * 12 + 2, 1000
DISTRICTS = {"north": "North Bank", "mine": "Minefield", "core": "Core"}
SETTLEMENTS = [
    {"id": "north_village", "name": "North village", "district": "north", "kind": "village"},
    {"id": "mine_rows", "name": "Mine rows", "district": "mine", "kind": "mine_row"},
    {"id": "old_core", "name": "Old core", "district": "core", "kind": "old_core"},
    {"id": "new_core", "name": "New core", "district": "core", "kind": "new_core"},
]
SECTORS = ["mine", "farm", "public", "industry", "services"]


def date(month: int) -> dt.date | None:
    return dt.date(month // 12, month % 12 + 1, 1) if month else None


class Fake:
    """Tables, events and books of the made-up town."""

    def __init__(self, seed: int, people: int) -> None:
        self.dice = random.Random(seed)
        self.month = BASE
        self.persons: list[dict[str, Any]] = []
        self.households: list[dict[str, Any]] = []
        self.dwellings: list[dict[str, Any]] = []
        self.buildings: list[dict[str, Any]] = []
        self.shops: list[dict[str, Any]] = []
        self.events: list[tuple[Any, ...]] = []
        self.series: dict[tuple[int, str, str], float] = {}
        self.ledger: list[tuple[Any, ...]] = []
        self.accounts: dict[str, int] = {}
        self.balances: list[tuple[Any, ...]] = []
        self.listings: list[dict[str, Any]] = []
        for kind in range(8):
            self.building(kind % 4, BASE - 400 + 40 * kind)
        while len(self.persons) < people:
            self.family(self.dice.randrange(3))

    def building(self, settlement: int, built: int) -> int:
        b = len(self.buildings) + 1
        place = SETTLEMENTS[settlement]
        floors = 7 if place["kind"] == "new_core" else 4
        self.buildings.append(
            dict(key=9000 + b, state="complete", district=place["district"], settlement=place["id"], built=date(built),
                 started=None, floors=floors, lift=int(floors > 6), public=0, programme=0, first=len(self.dwellings) + 1,
                 units=40, occupied=0, lit=0, windows=120)
        )  # fmt: skip
        for i in range(40):
            self.dwellings.append(
                dict(key=70000 + 100 * b + i, building=b, state="standing", district=place["district"],
                     settlement=place["id"], floor=1 + i * floors // 40, rooms=1 + i % 3, area=450 + 50 * (i % 9),
                     title="full", heating="district", fitted=1, condition=180, use="vacant", listed="no", abandoned=0,
                     heat_off=0, owner_kind="developer", owner=0, occupant=0, ask=0, rent=0, paid=0,
                     listed_since=None, vacant_since=None, bought=None, completed=date(built), ended=None, funder="none")
            )  # fmt: skip
        return b

    def emit(self, event: str, reason: str, district: str, **ids: int) -> None:
        self.events.append(
            (date(self.month), event, reason, district, ids.get("person", 0), ids.get("household", 0),
             ids.get("dwelling", 0), ids.get("other", 0), ids.get("amount", 0))
        )  # fmt: skip

    def person(self, age: int, sex: str, household: int, **more: Any) -> int:
        p = len(self.persons) + 1
        self.persons.append(
            dict(key=10**18 + p, birth=date(self.month - 12 * age - self.dice.randrange(12)), sex=sex, state="resident",
                 left=None, came=None, district=self.households[household - 1]["district"], household=household,
                 partner=0, mother=0, marital="single", parity=0, homes=0, collective="no", schooling="junior",
                 activity="child" if age < 6 else "pupil" if age < 16 else "pensioner" if age >= 60 else "employed",
                 sector="none" if age < 16 else self.dice.choice(SECTORS), wage=300000 if 16 <= age < 60 else 0,
                 pension=200000 if age >= 60 else 0, hukou=1, place="here", employer=0) | more
        )  # fmt: skip
        return p

    def family(self, district: int) -> int:
        name = list(DISTRICTS)[district]
        free = [i for i, d in enumerate(self.dwellings) if not d["occupant"] and d["district"] == name]
        if not free:
            self.building(district if district < 2 else 3, self.month)
            free = [len(self.dwellings) - 40]
        home = self.dice.choice(free) + 1
        h = len(self.households) + 1
        self.households.append(
            dict(key=5 * 10**17 + h, state="active", first=len(self.persons) + 1, size=0, district=name, dwelling=home,
                 tenure="owner", estate=home, owned=1, cash=self.dice.randrange(10**7), income=500000, spent=300000,
                 formed=date(self.month), left=None, moved=date(self.month), attachment=100, cars=0)
        )  # fmt: skip
        self.dwellings[home - 1].update(use="owner_occupied", occupant=h, owner=h, owner_kind="household")
        age = self.dice.choice([27, 34, 41, 47, 55, 63, 71])
        wife = self.person(age, "female", h)
        self.households[h - 1]["size"] = 1
        if self.dice.random() < 0.8:
            husband = self.person(age + 2, "male", h)
            self.marry(wife, husband)
            self.households[h - 1]["size"] = 2
            if age < 50:
                self.person(max(age - 26, 0), self.dice.choice(["female", "male"]), h, mother=wife)
                self.households[h - 1]["size"] = 3
        return h

    def marry(self, a: int, b: int) -> None:
        self.persons[a - 1].update(partner=b, marital="married")
        self.persons[b - 1].update(partner=a, marital="married")

    def leave_household(self, p: dict[str, Any]) -> None:
        h = p["household"]
        p["household"] = 0
        if h:
            home = self.households[h - 1]
            home["size"] -= 1
            if home["size"] == 0:
                home.update(state="dissolved", left=date(self.month))
                flat = self.dwellings[home["dwelling"] - 1]
                flat.update(use="vacant", occupant=0, vacant_since=date(self.month), listed="sale",
                            listed_since=date(self.month), ask=100 * self.dice.randrange(15000, 180000))  # fmt: skip
                self.emit("vacated", "death", flat["district"], household=h, dwelling=home["dwelling"])
                self.emit(
                    "listed", "inheritance", flat["district"], dwelling=home["dwelling"], amount=flat["ask"]
                )

    def step(self) -> dict[str, int]:
        self.month += 1
        n = dict.fromkeys(["births", "deaths", "out_migrants", "in_migrants", "returnees", "newcomers",
                           "student_leavers", "shop_openings", "shop_closures", "sales"], 0)  # fmt: skip
        for p, row in enumerate(list(self.persons), 1):
            age = (self.month - row["birth"].year * 12 - row["birth"].month + 1) // 12
            roll, ids = self.dice.random(), {"person": p, "household": row["household"]}
            if row["state"] == "dead":
                continue
            if row["state"] == "gone":
                if roll < 0.002 and age < 60:
                    h = self.family(self.dice.randrange(3))
                    row.update(state="resident", came=date(self.month), household=h, activity="employed",
                               sector="services", wage=250000, place="jiangsu")  # fmt: skip
                    self.households[h - 1]["size"] += 1
                    n["returnees"] += 1
                    n["in_migrants"] += 1
                    n["newcomers"] += self.households[h - 1]["size"] - 1
                    n["in_migrants"] += self.households[h - 1]["size"] - 1
                    self.emit("return", "parents_at_home", row["district"], person=p, household=h)
                    for other in range(len(self.persons), 0, -1):
                        if self.persons[other - 1]["household"] == h and other != p:
                            self.persons[other - 1]["came"] = date(self.month)
                            self.emit("arrival", "cheap_home", row["district"], person=other, household=h)
                    self.open_shop(p, n)
                continue
            if roll < 0.00002 * math.exp(0.085 * age):
                row.update(state="dead", left=date(self.month))
                self.emit("death", "age", row["district"], **ids)
                if row["partner"]:
                    self.persons[row["partner"] - 1].update(marital="widowed", partner=0)
                    self.emit("widowed", "death", row["district"], person=row["partner"])
                self.leave_household(row)
                n["deaths"] += 1
            elif 18 <= age < 19 and self.dice.random() < 0.04:
                row.update(state="gone", left=date(self.month), place="jiangsu", activity="student")
                self.emit("student_exit", "study", row["district"], **ids)
                self.leave_household(row)
                n["student_leavers"] += 1
                n["out_migrants"] += 1
            elif roll > 0.9985 and age > 20:
                row.update(state="gone", left=date(self.month), place="coast")
                self.emit("out_migration", "work", row["district"], **ids)
                self.leave_household(row)
                n["out_migrants"] += 1
            elif (
                row["sex"] == "female" and 22 <= age < 36 and self.dice.random() < 0.004 and row["household"]
            ):
                baby = self.person(0, self.dice.choice(["female", "male"]), row["household"], mother=p)
                self.households[row["household"] - 1]["size"] += 1
                row["parity"] += 1
                self.emit("birth", "none", row["district"], person=baby, household=row["household"], other=p)
                n["births"] += 1
            elif age == 60 and row["activity"] == "employed":
                row.update(activity="pensioner", pension=200000, wage=0)
                self.emit("retired", "pension_age", row["district"], person=p)
            elif 30 < age < 50 and self.dice.random() < 0.0004:
                self.open_shop(p, n)
        for flat in self.dwellings:
            if flat["listed"] == "sale" and self.dice.random() < 0.08:
                flat["ask"] = flat["ask"] * 95 // 100
        return n

    def open_shop(self, p: int, n: dict[str, int]) -> None:
        row = self.persons[p - 1]
        kind = self.dice.choice(["coffee_shop", "bakery", "restaurant", "broker", "grocery"])
        row.update(employer=len(self.shops) + 1, activity="employed", sector="services")
        self.shops.append(
            dict(key=3 * 10**16 + len(self.shops), state="open", kind=kind, district=row["district"], owner=p,
                 founder_origin=row["place"], opened=date(self.month), closed=None, staff=2, cash=10**6, sales=500000,
                 loss_months=0)
        )  # fmt: skip
        reason = "founder_returned" if row["came"] else "founder_stayed"
        self.emit("shop_opened", reason, row["district"], person=p, other=len(self.shops), amount=3 * 10**6)
        n["shop_openings"] += 1

    # -- recording
    def put(self, variable: str, value: float, district: str = "city") -> None:
        self.series[self.month, district, variable] = float(value)

    def record(self, n: dict[str, int]) -> None:
        t = (self.month - BASE) / 12
        at_home = [p for p in self.persons if p["state"] == "resident"]
        ages = [(self.month - p["birth"].year * 12 - p["birth"].month + 1) // 12 for p in at_home]
        for place in [*DISTRICTS, "city"]:
            here = [d for d in self.dwellings if place in (d["district"], "city")]
            vacant = sum(d["use"] == "vacant" for d in here)
            homes = [
                h for h in self.households if h["state"] == "active" and place in (h["district"], "city")
            ]
            self.put("population", WEIGHT * sum(place in (p["district"], "city") for p in at_home), place)
            self.put("dwellings", WEIGHT * len(here), place)
            self.put("owner_occupied", WEIGHT * (len(here) - vacant), place)
            self.put("vacant", WEIGHT * vacant, place)
            self.put("vacancy_rate", vacant / max(len(here), 1), place)
            self.put("households", WEIGHT * len(homes), place)
            self.put("one_person_households", WEIGHT * sum(h["size"] == 1 for h in homes), place)
            self.put("mean_household_size", sum(h["size"] for h in homes) / max(len(homes), 1), place)
            self.put("median_ask_m2", 2600 * math.exp(-0.04 * t) * (1.3 if place == "core" else 0.9), place)
            self.put("median_sale_m2", 2300 * math.exp(-0.04 * t), place)
            self.put(
                "heat_share", 0.8 if t > 12.1 and self.month % 12 == 0 and place != "core" else 1.0, place
            )
            self.put("lit_share", 0.6 - 0.2 * t / 12, place)
            for name in ("rented", "hostel", "second_home", "abandoned", "held_dark"):
                self.put(name, 0, place)
        bands = {"0_14": (0, 15), "15_59": (15, 60), "60_plus": (60, 200), "65_plus": (65, 200)}
        for band, (low, high) in bands.items():
            self.put(f"population_{band}", WEIGHT * sum(low <= a < high for a in ages))
        for name, value in n.items():
            self.put(name, WEIGHT * value)
        for name, value in {
            "listed": 40000 + 900 * t, "ask_total_p01": 20000 - 600 * t, "ask_total_p50": 110000 - 4000 * t,
            "rent_m2": 8 - 0.1 * t, "starts": 900, "completions": 800, "demolitions": 500, "own_revenue": 2.1e8,
            "tax_revenue": 1.3e8, "land_revenue": max(0.0, 5e7 - 4e6 * t), "transfers": 6e8 + 3e7 * t,
            "general_expenditure": 9e8 + 2e7 * t, "debt": 3e9 + 8e8 * t, "hidden_debt": 4e9, "payables": 2e8 * t,
            "arrears": 1e8 * t, "cash": 7e8, "interest": 1e7 + 1e6 * t, "commitments": 1e9, "bus_share": 1.0,
            "funding_shortfall": 1e7 * t, "wage_arrears_months": max(0.0, t - 10) / 4, "restructuring": float(t > 11),
            "jobs": 475000 - 13000 * t, "mining_jobs": 97000 - 5000 * t, "farm_jobs": 145000 - 6000 * t,
            "public_jobs": 60000, "shop_jobs": 80000, "unemployment_rate": 0.08, "mean_wage": 2500 + 150 * t,
            "shops": WEIGHT * len(self.shops), "cost_of_living": 1 + 0.01 * t, "traffic_index": 1.1,
            "holdouts": 300 - 10 * t, "resettled_households": 900, "floor_area_per_person": 22 + t, "pensioners": 14e4,
            "pandemic_cost": 2e7 if 9.1 < t < 12.2 else 0.0, "tax_relief": 1e7 if 9.1 < t < 12.2 else 0.0,
        }.items():  # fmt: skip
            self.put(name, value)

    def book(self) -> None:
        year = self.month // 12 - 2010
        if self.month > BASE:
            for flow, payer, receiver, amount in [
                ("wages", "city.cash", "households.cash", 50_000_000_00),
                ("wages", "mine.cash", "households.cash", 30_000_000_00),
                ("consumption", "households.cash", "shops.cash", 60_000_000_00),
                ("imports", "shops.cash", "rest.cash", 40_000_000_00),
                ("exports", "rest.cash", "mine.cash", 45_000_000_00),
                ("transfers", "upper.cash", "city.cash", (60 + year) * 1_000_000_00),
                ("taxes", "shops.cash", "city.cash", 10_000_000_00),
            ]:
                self.post(f"flow.{flow}", payer, amount)
                self.post(receiver, f"flow.{flow}", amount)
            self.post("banks.bonds_general", "flow.claims", 5_000_000_00)
            self.post("flow.claims", "city.bonds_general", 5_000_000_00)
            self.post("flow.borrowing", "banks.cash", 5_000_000_00)
            self.post("city.cash", "flow.borrowing", 5_000_000_00)
        for account, balance in sorted(self.accounts.items()):
            if not account.startswith("flow."):
                self.balances.append((date(self.month), account, balance))

    def post(self, debit: str, credit: str, amount: int) -> None:
        self.ledger.append((date(self.month), "city", debit, credit, amount))
        self.accounts[debit] = self.accounts.get(debit, 0) + amount
        self.accounts[credit] = self.accounts.get(credit, 0) - amount

    def offer(self) -> None:
        for number, d in enumerate(self.dwellings, 1):
            if d["listed"] == "sale":
                b = self.buildings[d["building"] - 1]
                kind = next(s["kind"] for s in SETTLEMENTS if s["id"] == d["settlement"])
                self.listings.append(
                    dict(month=date(self.month), dwelling=number, district=d["district"], settlement=d["settlement"],
                         settlement_kind=kind, floor=d["floor"], floors=b["floors"], lift=bool(b["lift"]),
                         rooms=d["rooms"], area_m2=d["area"] / 10, title=d["title"], fitted=bool(d["fitted"]),
                         ask=d["ask"] / 100, listed_since=d["listed_since"])
                )  # fmt: skip

    def tables(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("persons", "households", "dwellings", "buildings", "shops"):
            rows = [{"id": i, **row} for i, row in enumerate(getattr(self, name), 1)]
            ids = {"id", "household", "partner", "mother", "employer", "dwelling", "building", "occupant", "owner",
                   "first", "estate"}  # fmt: skip
            types = (
                {c: pl.UInt64 if c == "key" else pl.UInt32 for c in ({"key"} | ids) & set(rows[0])}
                if rows
                else {}
            )
            months = {c: pl.Date for c in ("left", "came", "moved", "listed_since", "vacant_since", "bought", "ended",
                                           "started", "closed", "opened") if rows and c in rows[0]}  # fmt: skip
            pl.DataFrame(rows, schema_overrides=types | months, infer_schema_length=None).write_parquet(
                folder / f"{name}.parquet"
            )


def write_fake_run(folder: Path, seed: int = 1, people: int = 400, **manifest: Any) -> Path:
    """Write a complete run folder; keyword arguments change `run.json`."""
    town = Fake(seed, people)
    folder.mkdir(parents=True, exist_ok=True)
    nothing = dict.fromkeys(town_flows := ["births", "deaths", "out_migrants", "in_migrants", "returnees", "newcomers",
                                           "student_leavers", "shop_openings", "shop_closures", "sales"], 0)  # fmt: skip
    assert len(town_flows) == len(nothing)
    town.record(nothing)
    town.accounts = {"city.cash": 8 * 10**10, "households.cash": 9 * 10**11, "mine.cash": 10**11, "shops.cash": 10**11,
                     "banks.cash": 10**12, "upper.cash": 10**12, "rest.cash": 10**12, "city.bonds_general": -3 * 10**11,
                     "banks.bonds_general": 3 * 10**11}  # fmt: skip
    town.book()
    town.tables(folder / "snapshots" / "2010-11")
    while town.month < UNTIL:
        flows = town.step()
        town.record(flows)
        town.book()
        if town.month % 12 == 11 or town.month == UNTIL:
            town.offer()
        if town.month == 2020 * 12 + 10:
            town.tables(folder / "snapshots" / "2020-11")
    town.tables(folder)
    write_frames(town, folder)
    write_inputs(folder / "inputs" / "pack")
    (folder / "run.json").write_text(json.dumps(manifest_of(seed) | manifest))
    return folder


def write_frames(town: Fake, folder: Path) -> None:
    """Series, ledger, balances, listings and events."""
    people = {"population", "births", "deaths"}
    pl.DataFrame(
        [(date(m), d, v, x, "persons" if v in people else "") for (m, d, v), x in town.series.items()],
        schema={
            "month": pl.Date,
            "district": pl.String,
            "variable": pl.String,
            "value": pl.Float64,
            "unit": pl.String,
        },
        orient="row",
    ).write_parquet(folder / "series.parquet")
    pl.DataFrame(
        town.ledger, orient="row",
        schema={"month": pl.Date, "district": pl.String, "debit": pl.String, "credit": pl.String, "amount": pl.Int64},
    ).write_parquet(folder / "ledger.parquet")  # fmt: skip
    pl.DataFrame(
        town.balances, schema={"month": pl.Date, "account": pl.String, "balance": pl.Int64}, orient="row"
    ).write_parquet(folder / "balances.parquet")
    (folder / "listings").mkdir()
    boards = pl.DataFrame(town.listings, schema_overrides={"dwelling": pl.UInt32})
    for (year,), part in boards.group_by(pl.col("month").dt.year(), maintain_order=True):
        part.write_parquet(folder / "listings" / f"{year}.parquet")
    (folder / "events").mkdir()
    frame = pl.DataFrame(
        town.events, orient="row",
        schema={"month": pl.Date, "event": pl.String, "reason": pl.String, "district": pl.String, "person": pl.UInt32,
                "household": pl.UInt32, "dwelling": pl.UInt32, "other": pl.UInt32, "amount": pl.Int64},
    )  # fmt: skip
    for year in range(2010, 2024):
        frame.filter(pl.col("month").dt.year() == year).write_parquet(folder / "events" / f"{year}.parquet")


def write_inputs(pack: Path) -> None:
    """The part of a pack that readers of a run use."""
    pack.mkdir(parents=True)
    names = "\n".join(f'[[districts]]\nid = "{k}"\nname = "{v}"' for k, v in DISTRICTS.items())
    (pack / "city.toml").write_text(
        f'name = "Fakeburg"\nbase = "2010-11"\ncurrency = "yuan"\nminor_units = 100\n{names}\n'
    )
    (pack / "observed.csv").write_text(
        "date,variable,district,value,unit,role,source\n"
        "2020-11,population,,350000,persons,calibrate,census20\n"
        "2020-11,households,,160000,households,calibrate,census20\n"
        "2020,own_revenue,,2300000000,yuan,calibrate,accounts\n"
        "2019-04,median_ask_m2,,2177,yuan/m2,validate,brokers\n"
        "2019-04,unknown_thing,,1,1,context,brokers\n"
    )
    (pack / "sources.csv").write_text(
        "id,title,url\ncensus20,Census of population 2020,\naccounts,Final accounts 2020,\nbrokers,Brokers' board,\n"
    )
    (pack / "claims.csv").write_text(
        "id,text,kind,variable,value,unit,tolerance,source\n"
        "revenue_2020,Revenue in 2020,level,own_revenue,2300000000,yuan,0.1,accounts\n"
        "trickle_back,People come back in small numbers,holds,returnees,,,,brokers\n"
    )
    (pack / "region.csv").write_text(
        "year,place,kind,persons,source\n2010,Upland,province,5000000,census20\n2020,Upland,province,4000000,census20\n"
        "2010,Pitville,prefecture,900000,census20\n2020,Pitville,prefecture,600000,census20\n"
    )
    (pack / "drivers.csv").write_text(
        "date,variable,value,unit,source\n2010-07,wage_coast,40000,yuan/year,brokers\n2023-07,wage_coast,90000,yuan/year,brokers\n"
    )
    rows = ["year,district,sex,age_from,age_to,persons,source"]
    for year, size in ((2010, 14000), (2020, 12000)):
        for sex in ("female", "male"):
            rows += [
                f"{year},core,{sex},{a},{a + 4},{size - 90 * abs(a - 40)},census20" for a in range(0, 85, 5)
            ]
            rows.append(f"{year},core,{sex},85,,1200,census20")
    (pack / "population.csv").write_text("\n".join(rows) + "\n")


def manifest_of(seed: int) -> dict[str, Any]:
    """run.json of the made-up run."""
    return {
        "status": "complete", "reason": "", "version": "0.1.0", "commit": "abc1234", "city": "fakeburg",
        "pack_hash": "0" * 16, "scenario": "baseline", "seed": seed, "scale": f"1/{WEIGHT}", "weight": WEIGHT,
        "copies": 1, "base": "2010-11", "until": "2023-03", "threads": 2, "events": True, "districts": list(DISTRICTS),
        "settlements": SETTLEMENTS, "currency": "yuan", "rates": {"EUR": {"2020": 7.87, "2023": 7.4}},
        "parameters": {
            "mortality.factor": {"value": 1.0, "default": 1.0, "unit": "1", "prior": "lognormal(1, 0.05)",
                                 "source": "[S] national life table", "doc": "all ages"},
            "heating.tariff": {"value": 26.0, "default": 25.0, "unit": "yuan/m2", "prior": "uniform(20, 32)",
                               "source": "[A] assumed", "doc": ""},
        },
        "fired": {"mortality.death": 120}, "wall": {"stepping": 3.2, "mortality": 1.1, "writing": 0.4},
        "peak_bytes": 400_000_000, "person_months": 62_000_000, "warnings": ["dwellings.csv is missing: filled"],
        "machine": {"platform": "test", "python": "3.11", "cpus": 2}, "settings": {"city": "fakeburg", "sets": {}},
    }  # fmt: skip


if __name__ == "__main__":
    import sys

    print(write_fake_run(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1))
