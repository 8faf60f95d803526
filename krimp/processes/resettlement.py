"""Resettlement: mine-side rows, shanties and villages are cleared and their people offered flats in new quarters.

Each programme of the pack (kind of origin, units, first and last month, destination settlements) starts buildings
evenly over its life whatever the market says, and designates homes for clearing as flats are finished. An owner in a
designated home is offered a flat for it (2011 State Council Decree 590: market value, in kind or in cash), with a
top-up for the extra floor area. He goes when he can pay and is willing; the chance that he is still unwilling is

    P(refuse) = logistic(a0 + a_old [65+] + a_att (attachment - 1/2) - a_gone * share of neighbours gone) * 2^(-t / half-life)

compared with one number drawn for the household, so nobody changes his mind back and forth. Who cannot pay stays for
that reason: the old keep money back for illness and burial (precautionary saving, Chamon & Prasad 2010 [R]), so the
same bill stops them sooner. Flats are the programme's own, in the same district while there are any; those beyond the
families to be housed stay with the city, as second flats of owners or empty. Emptied homes are pulled down one by one;
a hold-out is left among stones. Theory of hold-outs: Eckart
1985, Strange 1995, Miceli & Segerson 2012 [R]; no Chinese estimate is known, the reduced form is assumed [A].
Who pays for a flat is drawn from the programme's funding shares and recorded on the dwelling.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from krimp.processes import construction, demolition
from krimp.state import months
from krimp.state.codes import (
    ACTIVE,
    BY_CITY,
    BY_HEIR,
    BY_HOUSEHOLD,
    CENTRAL_GRANT,
    COMPLETE,
    EVENT,
    HOUSEHOLD_TOP_UP,
    MINE_FUND,
    NO_TITLE,
    PLATFORM,
    PROVINCE_LOAN,
    REASON,
    STANDING,
    VACANT,
    WANT_EVICTED,
    WANT_RESETTLED,
)
from krimp.state.compile import helper, kernel, prefetch
from krimp.state.counting import Dwindling, rows_where
from krimp.state.families import occupy, own, vacate
from krimp.state.ledger import Account, pay
from krimp.state.parameters import Parameter
from krimp.state.portable import exp_all, logistic
from krimp.state.purposes import (
    RESETTLEMENT_BLOCK,
    RESETTLEMENT_FLAT,
    RESETTLEMENT_ORDER,
    RESETTLEMENT_REFUSE,
    RESETTLEMENT_SECOND_FLAT,
)
from krimp.state.random import draw, unit
from krimp.state.world import Series, World, emit

PARAMETERS = (
    Parameter(
        "resettlement.high_count", 0.5, "share", "uniform(0, 1)",
        "[D] sources differ: 110,000 units 2013-18 (The Paper, 2019-04-19) is 0, 166,000 (government work report) is 1; half-way until one is shown wrong",
        "where between the low and the high published count the programme's size lies", 0.0, 1.0,
    ),
    Parameter(
        "resettlement.scale", 1.0, "factor", "fixed", "[A] 1 = as published; 0 switches the programmes off",
        "multiplies the units of all programmes", 0.0, 5.0,
    ),
    Parameter(
        "resettlement.units_per_home", 1.3, "flats per home", "uniform(1.0, 1.8)",
        "[A] census 2010-20: 80,000 or more homes pulled down or left against 110-166,000 units (demography.md, Homes)",
        "public flats finished for each home designated for clearing", 0.5, 5.0,
    ),
    Parameter(
        "resettlement.second_flat_share", 0.5, "share", "uniform(0.3, 0.8)",
        "[D] 1.3 flats for each home cleared (units_per_home), a tenth paid in cash: about half of the owners of larger homes got two, as in press cases (CGTN, 2019-04)",
        "owners of larger homes who receive a second flat", 0.0, 1.0,
    ),
    Parameter(
        "resettlement.surplus_months", 18.0, "months", "uniform(12, 36)", "[A] flats nobody was moved into are sold off",
        "time a finished flat is kept for families to come", 1.0, 600.0,
    ),
    Parameter(
        "resettlement.public_rent_m2", 1.5, "yuan/m2 and month", "uniform(0.5, 3)", "[A] low-rent housing",
        "rent of public flats let to former tenants", 0.0, 100.0,
    ),
    Parameter(
        "resettlement.cash_share", 0.1, "share", "uniform(0.0, 0.3)",
        "[R] national cash share 9% in 2014, higher later; Hegang built in kind", "owners who take cash", 0.0, 1.0,
    ),
    Parameter(
        "resettlement.cash_premium", 0.1, "share", "uniform(0.0, 0.3)", "[R] Decree 590: market value plus moving costs",
        "cash paid above the market value", 0.0, 2.0,
    ),
    Parameter(
        "resettlement.top_up_m2", 900.0, "yuan/m2", "uniform(500, 1500)",
        "[A] below construction cost; household share of the programme (facts: 143,000 yuan a household in all)",
        "price of floor area beyond that of the old home", 0.0, 1e4,
    ),
    Parameter(
        "resettlement.fixed_top_up", 4000.0, "yuan", "uniform(0, 10000)", "[A] repair fund, fees and removal",
        "payment due from every household that moves", 0.0, 1e5,
    ),
    Parameter(
        "resettlement.reserve_old", 10000.0, "yuan", "uniform(0, 20000)",
        "[A] size, half a year to a year of a pension then; [R] form: Chamon & Prasad 2010, savings of the old for illness",
        "money a household with a head of 65 or more does not spend on the top-up", 0.0, 1e6,
    ),
    Parameter(
        "resettlement.refuse_base", -1.4, "logit", "normal(-1.4, 0.5)", "[A] a fifth hesitate at first",
        "unwillingness to leave at the first offer", -6.0, 6.0,
    ),
    Parameter(
        "resettlement.refuse_old", 0.8, "logit", "normal(0.8, 0.3)", "[A] the old move less willingly",
        "extra for a head of 65 or more", -3.0, 3.0,
    ),
    Parameter(
        "resettlement.refuse_attached", 2.0, "logit", "normal(2.0, 0.5)", "[A]", "per unit of attachment (0 to 1)",
        -5.0, 5.0,
    ),
    Parameter(
        "resettlement.refuse_gone", 1.0, "logit", "normal(1.0, 0.4)",
        "[A] complements: signing neighbours weaken the hold-out (mechanisms 4.1, a2)", "per share of neighbours gone",
        0.0, 5.0,
    ),
    Parameter(
        "resettlement.half_life", 7.5, "months", "uniform(6, 9)", "[A] refusal decays with contact (mechanisms 4.1)",
        "half-life of unwillingness", 0.5, 600.0,
    ),
    Parameter(
        "resettlement.never", 0.02, "share", "uniform(0.01, 0.03)", "[A] final share of hold-outs 1-3% (mechanisms 4.1)",
        "households that no contact persuades", 0.0, 1.0,
    ),
    Parameter(
        "resettlement.unit_area", 55.0, "m2", "uniform(48, 62)", "[D] press cases of 50 to 60 m2 (facts 2019)",
        "mean floor area of a resettlement flat", 20.0, 200.0,
    ),
    Parameter(
        "resettlement.build_months", 24.0, "months", "uniform(18, 30)", "[R] construction lag (mechanisms 3.6)",
        "months from start to completion", 3.0, 72.0,
    ),
    Parameter(
        "resettlement.whole_cost", 1.45, "ratio", "uniform(1.2, 1.7)",
        "[D] 143,000 yuan a household in all (over 20 bn for 140,000, mechanisms 4.1) against some 97,000 of building: sites,"
        " networks, clearing", "cost of a programme's flat over its building cost", 1.0, 5.0,
    ),
    Parameter("resettlement.fund_central", 0.30, "share", "uniform(0.15, 0.40)", "[A] central grants", "", 0.0, 1.0),
    Parameter(
        "resettlement.fund_loan", 0.35, "share", "uniform(0.20, 0.50)",
        "[A] policy bank loans on-lent by the province (15 bn for four cities in 2015, mechanisms 4.1)", "", 0.0, 1.0,
    ),
    Parameter("resettlement.fund_mine", 0.05, "share", "uniform(0.0, 0.1)", "[A] mining company", "", 0.0, 1.0),
    Parameter("resettlement.fund_top_up", 0.10, "share", "uniform(0.05, 0.15)", "[A] households' payments", "", 0.0, 1.0),
)  # fmt: skip

SERIES = (
    Series("resettlement_offers", "households", "flow", "households newly offered a flat for their home"),
    Series("resettled_households", "households", "flow", "households that moved under a programme"),
    Series("resettlement_units", "dwellings", "flow", "public flats started"),
    Series(
        "holdouts", "households", "stock", "households still in a designated home six months after the offer"
    ),
    Series(
        "neighbours_left", "households", "rate", "mean occupied homes around a hold-out", by_district=False
    ),
)

ACCOUNTS = (Account("flow.housing_grant", "flow", "upper grants for public housing"),)

BRANCHES = (
    "resettlement.offer", "resettlement.accept_in_kind", "resettlement.accept_cash", "resettlement.cannot_afford",
    "resettlement.will_not_leave", "resettlement.second_flat", "resettlement.tenant_rehoused",
    "resettlement.absent_owner_paid", "resettlement.absent_owner_in_kind", "resettlement.cleared",
)  # fmt: skip

#: Neighbouring homes are dwellings of the same settlement whose rows lie in one block of this many.
BLOCK = 32
HOLDOUT_MONTHS = 6
_KIND_REASON = {"mine_subsidence": "subsidence", "shantytown": "shantytown", "village": "village"}


def start(world: World) -> None:
    """Read the pack's programmes and rank origin homes for clearing (keyed, near the mine first)."""
    world.memory["resettlement.started"] = np.zeros(len(programmes(world)), np.int64)
    world.memory["resettlement.designated"] = np.zeros(len(programmes(world)), np.int64)
    world.memory["resettlement.row"] = np.zeros(0, np.int32)
    world.memory["resettlement.since"] = np.zeros(0, np.int16)
    world.memory["resettlement.reason"] = np.zeros(0, np.int8)
    world.memory["resettlement.cleared_homes"] = 0


#: Programmes of each world, read once: its pack does not change.
_PROGRAMMES: WeakKeyDictionary[World, list[dict[str, Any]]] = WeakKeyDictionary()


def programmes(world: World) -> list[dict[str, Any]]:
    """The pack's resettlement programmes, in file order, with settlement indices and months resolved."""
    if world not in _PROGRAMMES:
        _PROGRAMMES[world] = _read_programmes(world)
    return _PROGRAMMES[world]


def _read_programmes(world: World) -> list[dict[str, Any]]:
    table = world.pack.tables.get("programmes")
    if table is None:
        return []
    ids = [s.id for s in world.settlements]
    out = []
    for row in table.iter_rows(named=True):
        origin_names = str(row["from_settlements"]).split()
        target_names = str(row["to_settlements"]).split()
        origin = [
            i for i, s in enumerate(world.settlements) if s.kind in origin_names or s.id in origin_names
        ]
        target = [
            i for i, s in enumerate(world.settlements) if s.kind in target_names or s.id in target_names
        ]
        assert all(0 <= i < len(ids) for i in origin + target)
        out.append(
            {
                "origin": np.array(origin, np.int64),
                "target": np.array(target, np.int64),
                "first": months.parse(str(row["start"])[:7]),
                "last": months.parse(str(row["end"])[:7]),
                "low": float(row["units_low"]),
                "high": float(row["units_high"]),
                "reason": REASON[_KIND_REASON.get(str(row["kind"]), "compulsory")],
            }
        )
    return out


def step(world: World) -> None:
    """One month: start buildings, designate homes, make offers, move those who agree, clear emptied homes."""
    rows = programmes(world)
    if not rows:
        return
    _start_buildings(world, rows)
    _designate(world, rows)
    if len(world.memory["resettlement.row"]):
        _negotiate(world, rows)


def _start_buildings(world: World, rows: list[dict[str, Any]]) -> None:
    p = world.params
    started = world.memory["resettlement.started"]
    for i, programme in enumerate(rows):
        if not programme["first"] <= world.month <= programme["last"] or not len(programme["target"]):
            continue
        units = _units(world, programme)
        span = programme["last"] - programme["first"] + 1
        due = units * (world.month - programme["first"] + 1) // span - int(started[i])
        if due <= 0:
            continue
        # one destination a month in turn, so that estates grow as whole quarters
        target = int(programme["target"][(world.month - programme["first"]) % len(programme["target"])])
        first, stop = construction.start_building(
            world, settlement=target, units=due, area=p["resettlement.unit_area"],
            months_to_build=int(p["resettlement.build_months"]), public=1, programme=i + 1, owner_kind=BY_CITY,
            title=NO_TITLE,
        )  # fmt: skip
        started[i] += stop - first
        world.dwellings.funder[first:stop] = _fund(world, first, stop, target)
        district = world.settlements[target].district
        world.counter("resettlement_units")[world.districts.index(district)] += stop - first


def _units(world: World, programme: dict[str, Any]) -> int:
    share = world.params["resettlement.high_count"]
    published = programme["low"] + share * (programme["high"] - programme["low"])
    return int(published * world.params["resettlement.scale"] * world.copies / world.weight)


def _fund(world: World, first: int, stop: int, settlement: int) -> np.ndarray:
    """Draw who pays for each flat and post the payments to the builders; returns the funder code per dwelling."""
    p = world.params
    d = world.dwellings
    shares = np.array(
        [p["resettlement.fund_central"], p["resettlement.fund_loan"], p["resettlement.fund_mine"],
         p["resettlement.fund_top_up"]]
    )  # fmt: skip
    if shares.sum() > 1.0:
        shares = shares / shares.sum()
    cuts = np.cumsum(shares)
    u = _keyed_units(d.key[first:stop], world.seed, RESETTLEMENT_ORDER)
    codes = np.array([CENTRAL_GRANT, PROVINCE_LOAN, MINE_FUND, HOUSEHOLD_TOP_UP, PLATFORM], np.int8)
    funder = codes[np.searchsorted(cuts, u, side="right")]
    cost_m2 = construction.cost_m2(world, settlement) * p["resettlement.whole_cost"]
    area = d.area[first:stop].astype(np.float64) / 10.0
    district = world.districts.index(world.settlements[settlement].district)
    book = world.ledger
    for code in codes:
        cost = world.fen(float(area[funder == code].sum()) * cost_m2)
        if cost == 0:
            continue
        if code == CENTRAL_GRANT:
            book.pay("housing_grant", "upper.cash", "city.fund_cash", cost, district)
            book.pay("construction", "city.fund_cash", "developers.cash", cost, district)
        elif code == PROVINCE_LOAN:
            book.pay("borrowing", "upper.cash", "city.fund_cash", cost, district)
            book.pay("claims", "city.policy_loans", "upper.policy_loans", cost, district)
            book.pay("construction", "city.fund_cash", "developers.cash", cost, district)
        elif code == MINE_FUND and book["mine.cash"] >= cost:
            book.pay("construction", "mine.cash", "developers.cash", cost, district)
        else:
            # the platform borrows for its own flats, for what households repay later and for what the mine cannot pay
            book.pay("borrowing", "banks.cash", "platform.cash", cost, district)
            book.pay("claims", "platform.loans", "banks.platform_loans", cost, district)
            book.pay("construction", "platform.cash", "developers.cash", cost, district)
            if code == MINE_FUND:
                funder[funder == code] = PLATFORM
    return funder


@kernel
def _units_of_keys(keys, seed, purpose, out):
    for i in range(keys.size):
        out[i] = unit(draw(seed, keys[i], 0, purpose))


def _keyed_units(keys: np.ndarray, seed: np.uint64, purpose: int) -> np.ndarray:
    out = np.empty(len(keys))
    _units_of_keys(np.ascontiguousarray(keys), seed, purpose, out)
    return out


@kernel
def _clearable(B, origin, flags, homes):
    """Flag buildings of the settlements `origin` that no programme has cleared or built yet; their homes by block."""
    for block in range(homes.size):
        total = np.int64(0)
        for row in range(block * BLOCK, min(block * BLOCK + BLOCK, flags.size)):
            b = np.uint64(row)
            old = (B.state[b] == COMPLETE) & (B.public[b] == 0) & (B.programme[b] == 0)
            flags[b] = old & origin[np.uint64(B.settlement[b])]
            total += np.int64(B.units[b]) * flags[b]
        homes[np.uint64(block)] = total


@kernel
def _not_given(D, flats, place, free, kept, upto):
    """Into `kept`: those of `flats` that nobody has been given yet, in order. upto[c + 1]: how many of them are in cells 0 to c;
    the cell, a programme and a district, is what stands before the point of `place`. `free`: scratch by dwelling."""
    first = D.used[0]
    for i in range(flats.size):
        first = min(first, np.int64(flats[i]))
    for row in range(first, free.size):
        d = np.uint64(row)
        given = (D.use[d] != VACANT) | (D.owner_kind[d] != BY_CITY) | (D.listed[d] != 0)
        free[d] = (D.funder[d] != 0) & (D.state[d] == STANDING) & (not given)
    n = 0
    for i in range(flats.size):
        kept[n] = flats[i]
        n += free[np.uint64(flats[i])]
        upto[np.int64(place[i]) + 1] = n
    for c in range(1, upto.size):
        upto[c] = max(upto[c], upto[c - 1])


#: Buildings of the programmes: a building is public from its start or never.
_PUBLIC = Dwindling(lambda buildings, rows: buildings.public[rows] == 1)


def _designate(world: World, rows: list[dict[str, Any]]) -> None:
    """Designate origin homes in proportion to the flats finished so far, in a keyed order of their buildings."""
    d, b = world.dwellings, world.buildings
    designated = world.memory["resettlement.designated"]
    finished = _PUBLIC.rows(b)
    finished = finished[b.state[finished] == COMPLETE]
    ready = np.bincount(b.programme[finished], b.units[finished], minlength=len(rows) + 1)
    for i, programme in enumerate(rows):
        if world.month < programme["first"]:
            continue
        target = int(ready[i + 1] / world.params["resettlement.units_per_home"])
        need = target - int(designated[i])
        if need <= 0:
            continue
        chosen = _block_by_block(world, programme["origin"], need)
        if not len(chosen):
            continue
        b.programme[chosen] = i + 1
        homes = construction.homes_of(world, chosen)
        homes = homes[d.state[homes] == STANDING].astype(np.int32)
        designated[i] += len(homes)
        memory = world.memory
        memory["resettlement.row"] = np.concatenate([memory["resettlement.row"], homes])
        memory["resettlement.since"] = np.concatenate(
            [memory["resettlement.since"], np.full(len(homes), world.month, np.int16)]
        )
        memory["resettlement.reason"] = np.concatenate(
            [memory["resettlement.reason"], np.zeros(len(homes), np.int8)]
        )
        lived_in = homes[d.occupant[homes] > 0]
        offers = world.counter("resettlement_offers")
        np.add.at(offers, d.district[lived_in], 1)
        world.fired["resettlement.offer"] += len(lived_in)
        world.events.reserve(len(lived_in))
        _offer_events(world.events.view(), world.dwellings.view(), world.month, lived_in, programme["reason"])


def _block_by_block(world: World, settlements: np.ndarray, need: int) -> np.ndarray:
    """Buildings to be cleared in `settlements`, ascending, that have `need` homes together; all if they have fewer. Blocks of
    neighbours are cleared together, in keyed order."""
    b = world.buildings
    origin, flags = np.zeros(len(world.settlements), bool), np.zeros(b.n, bool)
    origin[settlements] = True
    homes = np.empty(-(-b.n // BLOCK), np.int64)
    _clearable(b.view(), origin, flags, homes)
    blocks = np.flatnonzero(homes)
    order = _keyed_units(blocks.astype(np.uint64) * np.uint64(2654435761), world.seed, RESETTLEMENT_BLOCK)
    blocks = blocks[np.argsort(order, kind="stable")]
    whole = int(np.searchsorted(np.cumsum(homes[blocks]), need))
    chosen: list[np.ndarray] = [np.zeros(0, np.int64)]
    for block in blocks[: whole + 1]:
        mine = np.flatnonzero(flags[block * BLOCK : (block + 1) * BLOCK]) + block * BLOCK
        upto = int(np.searchsorted(np.cumsum(b.units[mine]), need)) + 1
        chosen.append(mine[:upto])
        need -= int(homes[block])
    return np.sort(np.concatenate(chosen))


@kernel
def _offer_events(E, D, month, homes, reason):
    for i in range(homes.size):
        d = homes[i]
        emit(E, month, OFFER_EVENT, reason, D.district[d], 0, D.occupant[d], d, 0, 0)


OFFER_EVENT = EVENT["resettlement_offer"]
RESETTLED_EVENT = EVENT["resettled"]
HELD_OUT_EVENT = EVENT["held_out"]
CANNOT_AFFORD = REASON["cannot_afford"]
WILL_NOT_LEAVE = REASON["will_not_leave"]
IN_KIND = REASON["in_kind"]
IN_CASH = REASON["cash"]


@kernel
def _decide(
    P, H, D, B, E, L, seed, month, rows, since, reason, gone, flats, head_of, stop_of, params, still, prices, accounts, emptied,
    tenants, cash_out, resettled, fired,
):  # fmt: skip
    """Every designated home in turn: owners who live there decide, homes without residents are bought out.

    params: base, old, attached, gone weight, never, top-up fen/m2, fixed top-up fen, second-flat share,
    cash share, cash premium, public rent, reserve of the old. `still`: unwillingness left by months since the offer.
    `flats`: free public flats by programme and district in keyed order; those of programme g in district q not yet given
    away are flats[head_of[g, q]:stop_of[g, q]].
    Returns counts of homes emptied, tenants without a flat and households paid in cash.
    """
    n_empty = 0
    n_tenants = 0
    n_cash = 0
    for i in range(rows.size):
        if i + 24 < rows.size:
            d = rows[i + 24]
            prefetch((D.occupant, D.owner, D.owner_kind, D.key, D.district, D.building), d)
        if i + 16 < rows.size:
            h = D.occupant[rows[i + 16]]
            prefetch((H.first, H.key, H.attachment, H.cash), h)
            prefetch((B.programme,), D.building[rows[i + 16]])
        if i + 8 < rows.size:
            prefetch((P.birth,), H.first[D.occupant[rows[i + 8]]])
        d = rows[i]
        h = D.occupant[d]
        months_on = month - since[i]
        # a flat of the own programme in the own district, else where most are left
        g = np.int64(B.programme[D.building[d]]) - 1
        q = np.int64(D.district[d])
        if head_of[g, q] >= stop_of[g, q]:
            for other in range(head_of.shape[1]):
                if stop_of[g, other] - head_of[g, other] > stop_of[g, q] - head_of[g, q]:
                    q = np.int64(other)
        offered = flats[head_of[g, q]] if head_of[g, q] < stop_of[g, q] else np.int32(0)
        if h == 0:
            # nobody lives here: the owner, if any, gets a flat like everybody or is paid the value, and the home falls
            owner_kind = D.owner_kind[d]
            in_cash = unit(draw(seed, D.key[d], 1, RESETTLEMENT_REFUSE)) < params[8] or offered == 0
            if (owner_kind == BY_HOUSEHOLD or owner_kind == BY_HEIR) and not in_cash:
                own(H, D, offered, owner_kind, D.owner[d], month)
                head_of[g, q] += 1
                fired[8] += 1
            elif owner_kind == BY_HOUSEHOLD or owner_kind == BY_HEIR:
                value = np.int64(prices[D.district[d]] * D.area[d] * 0.1 * (1.0 + params[9]))
                o = D.owner[d]
                if owner_kind == BY_HOUSEHOLD and H.state[o] == ACTIVE:
                    pay(L, D.district[d], accounts[0], accounts[1], accounts[2], value)
                    H.cash[o] += value
                else:
                    pay(L, D.district[d], accounts[0], accounts[1], accounts[3], value)
                fired[7] += 1
            own(H, D, d, BY_CITY, 0, month)
            emptied[n_empty] = d
            n_empty += 1
            continue
        if D.owner[d] != h or D.owner_kind[d] != BY_HOUSEHOLD:
            # tenants and people in employers' homes get a public flat to rent, or look for another home
            if months_on >= 3:
                vacate(H, D, h, month)
                fired[6] += 1
                if offered != 0:
                    head_of[g, q] += 1
                    D.rent[offered] = np.int64(params[10] * D.area[offered] * 0.1)
                    occupy(P, H, D, h, offered, month)
                    resettled[D.district[d]] += 1
                    emit(E, month, RESETTLED_EVENT, IN_KIND, D.district[d], H.first[h], h, offered, d, 0)
                else:
                    tenants[n_tenants] = h
                    n_tenants += 1
                own(H, D, d, BY_CITY, 0, month)
                emptied[n_empty] = d
                n_empty += 1
            continue
        head = H.first[h]
        old = (month - P.birth[head]) // 12 >= 65
        x = params[0] + params[2] * (H.attachment[h] / 255.0 - 0.5) - params[3] * gone[i]
        if old:
            x += params[1]
        u = unit(draw(seed, H.key[h], 0, RESETTLEMENT_REFUSE))
        # the exponential comes first: most draws are above it already
        decay = still[months_on]
        refuses = u < params[4] or (u < decay and u < logistic(x) * decay)
        takes_cash = not refuses and unit(draw(seed, H.key[h], 1, RESETTLEMENT_REFUSE)) < params[8]
        flat = 0
        bill = np.int64(0)
        if not refuses and not takes_cash:
            if offered == 0:
                continue
            flat = offered
            extra = max(0.0, (D.area[flat] - D.area[d]) * 0.1)
            bill = np.int64(extra * params[5] + params[6])
        spare = H.cash[h] - (np.int64(params[11]) if old else 0)
        if refuses or (flat != 0 and spare < bill):
            why = WILL_NOT_LEAVE if refuses else CANNOT_AFFORD
            if reason[i] != why:
                reason[i] = why
                emit(E, month, HELD_OUT_EVENT, why, D.district[d], head, h, d, 0, bill)
                if refuses:
                    fired[4] += 1
                else:
                    fired[3] += 1
            continue
        origin = D.district[d]
        vacate(H, D, h, month)
        own(H, D, d, BY_CITY, 0, month)
        if flat != 0:
            head_of[g, q] += 1
            pay(L, origin, accounts[4], accounts[2], accounts[1], bill)
            H.cash[h] -= bill
            own(H, D, flat, BY_HOUSEHOLD, h, month)
            occupy(P, H, D, h, flat, month)
            fired[1] += 1
            emit(E, month, RESETTLED_EVENT, IN_KIND, origin, head, h, flat, d, bill)
            second = unit(draw(seed, H.key[h], 0, RESETTLEMENT_SECOND_FLAT)) < params[7]
            if second and head_of[g, q] < stop_of[g, q] and D.area[d] >= 400:
                own(H, D, flats[head_of[g, q]], BY_HOUSEHOLD, h, month)
                head_of[g, q] += 1
                fired[5] += 1
        else:
            value = np.int64(prices[origin] * D.area[d] * 0.1 * (1.0 + params[9]))
            pay(L, origin, accounts[0], accounts[1], accounts[2], value)
            H.cash[h] += value
            cash_out[n_cash] = h
            n_cash += 1
            fired[2] += 1
            emit(E, month, RESETTLED_EVENT, IN_CASH, origin, head, h, 0, d, value)
        resettled[origin] += 1
        emptied[n_empty] = d
        n_empty += 1
    return n_empty, n_tenants, n_cash


#: Flats built for programmes as `_ranked` gives them, and how many homes were looked at. No checkpoint needs them.
_RANKED: WeakKeyDictionary[World, tuple[int, np.ndarray, np.ndarray]] = WeakKeyDictionary()


def _ranked(world: World) -> tuple[np.ndarray, np.ndarray]:
    """Flats built for programmes (int32 rows) by programme and district, in keyed order within, and each one's place: the
    number of its programme and district, and behind the point its draw. Neither ever changes, so new flats are put between
    the others."""
    d = world.dwellings
    seen, flats, place = _RANKED.get(world, (1, np.zeros(0, np.int32), np.zeros(0)))
    if seen > d.n:
        seen, flats, place = 1, flats[:0], place[:0]
    new = (rows_where(d.funder[seen:] != 0) + seen).astype(np.int32)
    if len(new):
        programme = world.buildings.programme[d.building[new]].astype(np.int64) - 1
        at = programme * world.nd + d.district[new]
        at = at + _keyed_units(d.key[new], world.seed, RESETTLEMENT_FLAT)
        order = np.argsort(at, kind="stable")
        new, at = new[order], at[order]
        where = np.searchsorted(place, at, side="right")
        flats, place = np.insert(flats, where, new), np.insert(place, where, at)
    _RANKED[world] = d.n, flats, place
    return flats, place


def _negotiate(world: World, rows: list[dict[str, Any]]) -> None:
    p, memory = world.params, world.memory
    d = world.dwellings
    row, since, reason = (
        memory["resettlement.row"],
        memory["resettlement.since"],
        memory["resettlement.reason"],
    )
    # homes that fell or changed hands to the city meanwhile are done with
    flats, place = _ranked(world)
    kept, upto = np.empty_like(flats), np.zeros(len(rows) * world.nd + 1, np.int64)
    _not_given(d.view(), flats, place, np.empty(d.n, bool), kept, upto)
    head_of, stop_of = (of.reshape(len(rows), world.nd).copy() for of in (upto[:-1], upto[1:]))
    gone = np.empty(len(row))
    _share_gone(d.view(), row, gone)
    price = world.signal["price_m2"] * world.pack.config.minor_units
    params = np.array(
        [
            p["resettlement.refuse_base"], p["resettlement.refuse_old"], p["resettlement.refuse_attached"],
            p["resettlement.refuse_gone"], p["resettlement.never"],
            p["resettlement.top_up_m2"] * world.pack.config.minor_units,
            p["resettlement.fixed_top_up"] * world.pack.config.minor_units, p["resettlement.second_flat_share"],
            p["resettlement.cash_share"], p["resettlement.cash_premium"],
            p["resettlement.public_rent_m2"] * world.pack.config.minor_units,
            p["resettlement.reserve_old"] * world.pack.config.minor_units,
        ]
    )  # fmt: skip
    accounts = np.array(
        [world.account(a) for a in
         ("flow.compensation", "city.fund_cash", "households.cash", "rest.cash", "flow.top_up")]
    )  # fmt: skip
    n = len(row)
    still = -0.6931471805599453 * np.arange(world.month - int(since.min()) + 1) / p["resettlement.half_life"]
    exp_all(still)
    emptied, tenants, cash_out = np.zeros(n, np.int32), np.zeros(n, np.int32), np.zeros(n, np.int32)
    fired = np.zeros(9, np.int64)
    world.events.reserve(2 * n)
    n_empty, n_tenants, n_cash = _decide(
        world.persons.view(), world.households.view(), d.view(), world.buildings.view(), world.events.view(),
        world.ledger.view(), world.seed, world.month, row, since, reason, gone, kept, head_of, stop_of, params, still, price,
        accounts, emptied, tenants, cash_out, world.counter("resettled_households"), fired,
    )  # fmt: skip
    for name, count in zip(
        ("accept_in_kind", "accept_cash", "cannot_afford", "will_not_leave", "second_flat", "tenant_rehoused",
         "absent_owner_paid", "absent_owner_in_kind"), fired[1:], strict=True,
    ):  # fmt: skip
        world.fired[f"resettlement.{name}"] += int(count)
    h = world.households
    for homeless, motive in ((tenants[:n_tenants], WANT_EVICTED), (cash_out[:n_cash], WANT_RESETTLED)):
        world.seek(homeless, motive, h.district[homeless])
    emptied = emptied[:n_empty]
    if n_empty:
        cleared_by = world.buildings.programme[d.building[emptied]]
        for i, programme in enumerate(rows):
            mine = emptied[cleared_by == i + 1]
            if len(mine):
                demolition.clear(world, np.sort(mine), programme["reason"])
        world.fired["resettlement.cleared"] += n_empty
        memory["resettlement.cleared_homes"] += n_empty
    keep = world.dwellings.state[row] == STANDING
    for name in ("row", "since", "reason"):
        memory[f"resettlement.{name}"] = memory[f"resettlement.{name}"][keep]


@helper
def _neighbours(D, home):
    """Occupied homes and all homes ever built in the block around a dwelling, itself included."""
    start, here = (home // BLOCK) * BLOCK, D.settlement[home]
    lived_in, homes = np.int32(0), np.int32(0)
    for d in range(start, min(start + BLOCK, D.used[0])):
        same = D.settlement[np.uint64(d)] == here
        homes += np.int32(same)
        lived_in += np.int32(same & (D.occupant[np.uint64(d)] > 0))
    return lived_in, homes


@helper
def _fetch_block(D, home):
    """Ask for a block, whose occupants fill two lines of memory."""
    start = (home // BLOCK) * BLOCK
    prefetch((D.settlement, D.occupant), start)
    prefetch((D.occupant,), start + BLOCK // 2)


@kernel
def _share_gone(D, row, gone):
    """Into `gone`: the part of the homes in the block of each dwelling of `row` where nobody lives any more."""
    for i in range(row.size):
        if i + 16 < row.size:
            _fetch_block(D, row[i + 16])
        lived_in, homes = _neighbours(D, row[i])
        gone[i] = 1.0 - lived_in / homes


@kernel
def _hold_outs(D, row, since, month, held):
    """held[d]: households offered a flat for their home in `row` long ago, by district, the whole city last. Returns the
    occupied homes around all of them, their own not counted."""
    left = 0
    for i in range(row.size):
        if i + 16 < row.size:
            _fetch_block(D, row[i + 16])
        d = row[i]
        if D.occupant[d] > 0 and month - since[i] >= HOLDOUT_MONTHS:
            held[D.district[d]] += 1
            held[held.size - 1] += 1
            left += _neighbours(D, d)[0] - 1
    return left


def observe(world: World) -> dict[str, np.ndarray]:
    """`holdouts` by district and the mean number of neighbours they have left."""
    held, mean = np.zeros(world.nd + 1), np.full(world.nd + 1, np.nan)
    row, since = world.memory["resettlement.row"], world.memory["resettlement.since"]
    left = _hold_outs(world.dwellings.view(), row, since, world.month, held)
    mean[-1] = left / held[-1] if held[-1] else 0.0
    return {"holdouts": held, "neighbours_left": mean}
