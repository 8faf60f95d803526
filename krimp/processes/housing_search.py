"""Who looks for a home, what they see, what they bid, and who gets it: a search market without order.

Each seeker sees the listings in a few buckets (a bucket = listings of a district and price band whose key hashes to the
same number) among the bands within reach, drawn by a keyed hash: a stable sample, never a position in the listing. A home gives w = alpha Y q (1 + s z) a
month, q = (area / (a0 sqrt(size)))^gamma exp(taste): income, size, comfort and a match of one's own. Owning at price p
leaves w - running costs - user cost (p + fitting out) / 12, renting w - heat - rent (1 + psi); user cost = r + wear -
f g (+ premium without a deed). The bid is the price that makes the best home just as good as the second best, the
rented one or the present one, at most what can be paid (cash, parents' help, money brought along): never the index.
Rounds: all propose against a frozen state; a home takes the best by (bid, keyed hash, key); the price is half-way
between the seller's reservation price and the bid (Nash 0.5), at most the ask unless a second bid is higher; losers go
on. Sellers who lived in what they sold look in the next wave. Whoever is left moves into any vacant home (rent or
loan), or to relatives, or to a collective place: everybody is housed within the month.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from krimp.processes.hedonic_index import LOG_AREA, N_FEATURES, dot, facts, features, mix, value
from krimp.processes.listing import (
    builder_floor,
    home_ahead,
    least_price,
    market_of,
    owner_ahead,
    segment,
    terms_of,
)
from krimp.processes.mortgages import means
from krimp.state.codes import (
    ACTIVE,
    BUILDING_SITE,
    BY_CITY,
    BY_DEVELOPER,
    BY_EMPLOYER,
    BY_HOUSEHOLD,
    BY_INVESTOR,
    DISTRICT_HEAT,
    EMPLOYED,
    EVENT,
    FOR_BOTH,
    FOR_RENT,
    FOR_SALE,
    FULL_TITLE,
    HOMESTEAD,
    HOSTEL,
    NO_TITLE,
    OTHER_COLLECTIVE,
    OWNER,
    REASON,
    SECOND_HOME,
    STANDING,
    VACANT,
    WANT_HOSTEL,
    WANT_INVEST,
    WANT_NEW,
    WANT_SECOND,
)
from krimp.state.columns import View
from krimp.state.compile import helper, kernel, prefetch, typed
from krimp.state.counting import Grouped, rows_where
from krimp.state.families import end_household, inherit, move_person, occupy, own, unlink, vacate
from krimp.state.ledger import pay
from krimp.state.parameters import Parameter
from krimp.state.portable import exp, exp_all, log, log_all
from krimp.state.purposes import OUTSIDE_BUYER_TASTE, SEARCH_BUCKET, SEARCH_FALLBACK, SEARCH_TASTE, SEARCH_TIE
from krimp.state.random import LOW, S32, bell, draw4, philox, unit
from krimp.state.world import Series, World, emit

PARAMETERS: tuple[Parameter, ...] = (
    Parameter("housing_search.budget_share", 0.34, "share of income", "normal(0.34, 0.05)",
              "[D] the mean household of 2010 just values its mean home at user cost, heat and fees: 0.40, or 0.28 if the dislike of moving is counted",
              "alpha: value of housing service incl. heat at reference comfort", 0.05, 0.8),
    Parameter("housing_search.comfort", 0.6, "elasticity", "normal(0.6, 0.1)", "[A] value of floor area", "gamma", 0.1, 1.0),
    Parameter("housing_search.reference_area", 40.0, "m2", "fixed", "[A] of a one-person household, times sqrt(size)"),
    Parameter("housing_search.match_sd", 0.15, "share", "uniform(0.08, 0.25)", "[A] taste for a particular home"),
    Parameter("housing_search.taste", 0.7, "ratio", "uniform(0.4, 1.0)",
              "[A] comfort tastes relative to the published hedonic coefficients"),
    Parameter("housing_search.wear_year", 0.02, "1/year", "uniform(0.015, 0.025)", "[R] Harding et al. 2007"),
    Parameter("housing_search.user_cost_floor", 0.03, "1/year", "fixed", "[A] bound of the user cost"),
    Parameter("housing_search.no_title_premium", 0.02, "1/year", "uniform(0.01, 0.04)", "[A] risk of a home without deed"),
    Parameter("housing_search.renting_penalty", 1.2, "share of rent", "uniform(0.4, 2.0)",
              "[A] above the 0.4 of the INET model [S]: 80-90% of urban Chinese families own [R], a home of one's own goes with marriage and school",
              "what renting costs beyond the rent", 0.0, 10.0),
    Parameter("housing_search.buckets_home", 16.0, "buckets", "fixed", "[A] limited attention: in the district looked in first"),
    Parameter("housing_search.buckets_other", 8.0, "buckets", "fixed", "[A] limited attention: elsewhere in the city"),
    Parameter("housing_search.other_district", -0.10, "log", "normal(-0.1, 0.05)", "[A] taste for another district"),
    Parameter("housing_search.reach", 20.0, "km", "lognormal(20, 0.4)",
              "[A] few travel more than half an hour to work; a home beyond means another job", "looks elsewhere fall as exp(-km / reach)",
              1.0, 1e6),
    Parameter("housing_search.rounds", 4.0, "rounds", "fixed", "[A] offers a seeker can make in a month", "", 1.0, 20.0),
    Parameter("housing_search.rounds_homeless", 16.0, "rounds", "fixed",
              "[A] who has no home yet goes on asking until one is found", "", 1.0, 64.0),
    Parameter("housing_search.reserve_months", 2.0, "months of income", "fixed", "[A] cash kept when buying"),
    Parameter("housing_search.parents_share", 0.5, "share", "uniform(0.3, 0.7)", "[A] of parents' cash for a first home", "",
              0.0, 1.0),
    Parameter("housing_search.income_floor", 0.3, "share of mean wage", "fixed", "[A] seekers without own income"),
    Parameter("housing_search.cold_loss", 0.5, "share", "uniform(0.2, 0.8)", "[A] value lost by a flat that is not heated"),
    Parameter("housing_search.heat_yuan_stove", 1.5, "yuan/m2/month", "uniform(1.0, 2.5)", "[A] fuel for an own stove"),
    Parameter("housing_search.staying", 0.10, "share of income", "uniform(0.05, 0.2)", "[A] dislike of moving, a month"),
    Parameter("housing_search.invest_occupancy", 0.7, "share", "uniform(0.5, 0.9)", "[A] months let, as investors reckon"),
    Parameter("housing_search.invest_premium", 0.02, "1/year", "uniform(0.0, 0.04)", "[A] investors' extra return"),
    Parameter("housing_search.bargain", 0.5, "share", "fixed", "[R] Nash bargaining, mechanisms 3.3", "", 0.0, 1.0),
    Parameter("housing_search.developer_discount", 0.05, "share", "uniform(0.02, 0.1)", "[A] most a developer yields"),
    Parameter("housing_search.old_floor_extra", -0.04, "log/floor", "uniform(-0.08, 0.0)",
              "[A] each walk-up floor above the third for households over 60"),
)  # fmt: skip
SERIES: tuple[Series, ...] = (
    Series("sales", "homes", "flow", "homes sold, new and second-hand"),
    Series("sales_new", "homes", "flow", "new homes sold by developers"),
    Series("sales_to_outsiders", "homes", "flow", "homes sold to buyers registered outside the city"),
    Series("sales_two_bedroom", "homes", "flow", "two-bedroom homes sold"),
    Series(
        "sales_two_bedroom_outsiders",
        "homes",
        "flow",
        "two-bedroom homes sold to buyers registered outside the city",
    ),
    Series("lettings", "homes", "flow", "homes let to a new tenant"),
    Series("home_seekers", "seekers", "flow", "households and outside buyers who looked for a home"),
    Series(
        "last_resort_homes",
        "households",
        "flow",
        "households housed outside the market (loan, any vacant home)",
    ),
)
BRANCHES: tuple[str, ...] = (
    "housing_search.bought", "housing_search.rented", "housing_search.own_vacant", "housing_search.refused",
    "housing_search.outbid", "housing_search.displaced_seller", "housing_search.last_resort",
    "housing_search.parents_help", "housing_search.stayed", "housing_search.second_bid", "housing_search.lent",
)  # fmt: skip
(_BOUGHT, _RENTED, _OWN, _REFUSED, _OUTBID, _DISPLACED, _LAST, _PARENTS, _STAYED, _SECOND_BID, _LENT) = range(
    11
)
#: Last resorts that a normal run never needs; counted apart, tested apart.
_RELATIVES, _COLLECTIVE = 11, 12

_SOLD, _LET, _MOVED = EVENT["sold"], EVENT["let"], EVENT["moved_home"]
_R_OUTSIDER, _R_NEW, _R_BETTER, _R_NONE = (
    REASON["outsider"],
    REASON["developer_stock"],
    REASON["better_home"],
    0,
)
#: Reason of a move by the seeker's motive.
WHY = (
    0, REASON["new_household"], REASON["better_home"], REASON["arrival"], REASON["resettled"], REASON["evicted"], 0, 0, 0,
)  # fmt: skip
#: Draws, of three homes each, at each stage of the last resort.
TRIES = 64
#: Most candidates a seeker keeps.
CANDIDATES = 32
#: Upper edges of the price bands people search by, times the value of a mean home of 60 m2.
BANDS = np.array([0.2, 0.35, 0.6, 1.0, 1.6])
#: Least share of the ask in a seeker's money for which he goes to see a home.
WITHIN_REACH = 0.7
#: Listings that most buckets hold at most.
FEW = 3
#: Listings indexed at a time, which stay in the processor's nearest cache.
BLOCK = 256
#: Seekers of a part: few, so that threads share a month's few thousands evenly.
SEEKERS = 256
#: The pick of a seeker to whom no home left is worth more than staying.
CONTENT = -2
#: Homes by district, in which the last resort looks.
_BY_DISTRICT = Grouped("district")
DEAL_COLUMNS = 9  # dwelling, district, price, area, ask, months, new, outsider, segment

#: What seekers ask of a listing, in one place: looking at a listing is one look into memory instead of a dozen. Money in
#: fen, costs a month; `above` counts the walk-up floors over the third, `lets` is the likely rent.
OFFER = np.dtype(
    [
        ("key", "u8"), ("ask", "i8"), ("quality", "f8"), ("run", "f8"), ("fit", "f8"), ("lets", "f8"), ("rent", "i4"),
        ("owner", "i4"), ("district", "i1"), ("rooms", "i1"), ("above", "i1"), ("title", "i1"), ("site", "i1"),
    ],
    align=True,
)  # fmt: skip
#: The best bid for a listing in a round, fen, with its lot among equals and its seeker, and the second bid.
BID = np.dtype([("amount", "i8"), ("tie", "u8"), ("seeker", "i8"), ("second", "i8")])


@kernel
def index_listings(
    D, B, places, tastes, month, rows, heat_share, rules, terms, rent_level, edges, hashed, band, segments, offers, x, sizes, q, lets,
    first, stop,
):  # fmt: skip
    """Hash, price band, segment of the market and what seekers value (`OFFER`) of listed rows [first, stop): quality q, running
    and fitting cost, likely rent. A block at a time, so that logs and exponentials are taken together. `x`, `sizes`, `q`,
    `lets`: scratch."""
    for begin in range(first, stop, BLOCK):
        n = min(begin + BLOCK, stop) - begin
        for j in range(n):
            if begin + j + 16 < rows.size:
                d = rows[begin + j + 16]
                prefetch(
                    (
                        D.settlement, D.floor, D.condition, D.title, D.heating, D.fitted, D.area, D.key, D.paid, D.bought,
                    ), d,
                )  # fmt: skip
            if begin + j + 8 < rows.size:
                b = D.building[rows[begin + j + 8]]
                prefetch((B.floors, B.built, B.key, B.units, B.occupied, B.lift, B.state), b)
            d = rows[begin + j]
            facts(D, B, places, d, month, x[j])
            lets[j] = x[j, LOG_AREA]
            sizes[j] = max(D.area[d] / 10.0, 5.0) / rules.area0
        log_all(lets[:n])
        log_all(sizes[:n])
        for j in range(n):
            x[j, LOG_AREA] = lets[j]
            taste = dot(x[j], tastes)
            q[j] = rules.gamma * sizes[j] + taste
            lets[j] = rent_level[D.district[rows[begin + j]]] + 0.5 * taste
        exp_all(q[:n])
        exp_all(lets[:n])
        for j in range(n):
            if begin + j + 16 < rows.size:
                prefetch(
                    (D.rent, D.owner, D.owner_kind, D.rooms, D.state, D.ask, D.district), rows[begin + j + 16]
                )
            at = begin + j
            d = rows[at]
            i = D.district[d]
            hashed[at] = mix(D.key[d])
            b = B.lift[D.building[d]]
            cost = (terms.fee_lift if b != 0 else terms.fee_walk) * D.area[d]
            heated = D.heating[d] == DISTRICT_HEAT
            cost += (terms.heat if heated else rules.stove) * D.area[d]
            warmth = 1.0 - rules.cold * (1.0 - min(max(heat_share[i], 0.0), 1.0))
            quality = q[j] * (warmth if heated else 1.0)
            above = 0
            for edge in edges:
                above += D.ask[d] >= edge
            band[at] = above
            segments[at] = segment(D, B, d)
            offer = offers[at]
            offer.key = D.key[d]
            offer.ask = D.ask[d]
            offer.quality = quality
            offer.run = cost
            offer.fit = rules.fitting * D.area[d] if D.fitted[d] == 0 else 0.0
            offer.lets = lets[j] * D.area[d] * 10.0
            offer.rent = D.rent[d]
            offer.owner = D.owner[d] if D.owner_kind[d] == BY_HOUSEHOLD else 0
            offer.district = i
            offer.rooms = D.rooms[d]
            offer.above = max(D.floor[d] - 3, 0) if b == 0 else 0
            offer.title = D.title[d]
            offer.site = D.state[d] == BUILDING_SITE


@helper
def members_income(P, H, h):
    """Wages and pensions of the members, fen a month, or last month's income if that is more."""
    total = np.int64(0)
    p = H.first[h]
    while p != 0:
        if P.activity[p] == EMPLOYED:
            total += P.wage[p]
        total += P.pension[p]
        p = P.next[p]
    return max(total, H.income[h])


@helper
def parent_household(P, H, h, which):
    """Household of the first member's mother (which 0) or of his or her partner's mother (1); 0 if none in town."""
    p = H.first[h]
    if p == 0:
        return 0
    if which == 1:
        p = P.partner[p]
        if p == 0:
            return 0
    mother = P.mother[p]
    if mother == 0:
        return 0
    g = P.household[mother]
    if g == 0 or g == h or H.state[g] != ACTIVE:
        return 0
    return g


@helper
def seller_account(D, H, d, money):
    """Account that receives the price of d."""
    kind = D.owner_kind[d]
    if kind == BY_HOUSEHOLD:
        return money.households if H.state[D.owner[d]] == ACTIVE else money.rest
    if kind == BY_DEVELOPER:
        return money.developers
    if kind == BY_CITY:
        return money.fund
    if kind == BY_EMPLOYER:
        return money.mine
    return money.rest


@helper
def leave_home(H, D, h, month):
    """Household h gives up its present home; a let one stays with its landlord, its own falls vacant."""
    if H.dwelling[h] != 0:
        vacate(H, D, h, month)


@kernel
def name_once(S, H, first, taken, out):
    """out[s] = 1 where seeker s of [first, end) is an active family that none of them names before; `taken`: zeros, and again
    after the call."""
    for s in range(first, S.used[0]):
        h = S.household[s]
        if h != 0 and H.state[h] == ACTIVE and H.size[h] >= 1 and taken[h] == 0:
            taken[h] = 1
            out[s] = 1
    for s in range(first, S.used[0]):
        taken[S.household[s]] = 0


@kernel
def prepare(S, P, H, D, B, places, tastes, growth, level_value, seed, month, rules, terms, floor_income, annuity, family, out_key,
            out_w, out_budget, out_credit, out_stay, out_uc, out_old, x, first, stop):  # fmt: skip
    """What seekers [first, stop) bring: key, value per unit of quality, money, surplus of the present home, user cost, age.
    out_key 0 = no seeker (gone, ended or named twice: `family` 0). `x`: scratch."""
    for s in range(first, stop):
        if s + 12 < stop:
            h = S.household[s + 12]
            prefetch((H.first, H.dwelling, H.key, H.size, H.cash, H.income, H.loan, H.tenure, H.state), h)
        if s + 8 < stop:
            h = S.household[s + 8]
            prefetch((P.activity, P.wage, P.pension, P.next, P.birth), H.first[h])
            home_ahead(D, H.dwelling[h])
        if s + 4 < stop:
            owner_ahead(D, B, H, H.dwelling[S.household[s + 4]])
        h = S.household[s]
        motive = S.motive[s]
        i = S.district[s]
        uc = max(rules.r + rules.wear - rules.trend * growth[i], rules.uc_floor)
        if motive == WANT_INVEST or motive == WANT_HOSTEL:
            uc += rules.premium
        out_uc[s] = uc
        out_credit[s] = 0
        out_stay[s] = 0.0
        out_key[s] = 0
        if h == 0:
            # an outside buyer: slot number s of the month; its money and taste are in the row
            a, b, _, _ = draw4(
                seed, np.uint64(S.budget[s]) * np.uint64(64) + np.uint64(motive), month, OUTSIDE_BUYER_TASTE
            )
            out_key[s] = (np.uint64(a) << np.uint64(32)) | np.uint64(b) | np.uint64(1)
            out_budget[s] = S.budget[s]
            # part-time use: service worth a yearly share of the money meant for it
            out_w[s] = S.budget[s] * uc / 12.0 * 1.2
            continue
        if family[s] == 0:
            continue
        out_key[s] = H.key[h]
        income = max(np.float64(members_income(P, H, h)), floor_income)
        size = max(np.float64(H.size[h]), 1.0)
        # (area / (a0 sqrt(size)))^gamma with a0 in quality already
        w = rules.alpha * income * exp(-0.5 * rules.gamma * log(size))
        out_w[s] = w
        cash = max(H.cash[h] - np.int64(rules.reserve * income), 0)
        help_money = np.int64(0)
        if motive == WANT_NEW:
            for which in range(2):
                g = parent_household(P, H, h, which)
                if g != 0:
                    help_money += np.int64(rules.parents * max(H.cash[g], 0))
        out_budget[s] = cash + help_money + S.budget[s]
        p = H.first[h]
        years = min(np.int64(rules.last_age - (month - np.int64(P.birth[p])) / 12.0), annuity.size - 1)
        if years > 0 and H.loan[h] == 0 and motive != WANT_INVEST and motive != WANT_HOSTEL:
            out_credit[s] = np.int64(rules.debt_share * members_income(P, H, h) * annuity[years])
        out_old[s] = 1 if month - np.int64(P.birth[p]) >= 720 else 0
        d = H.dwelling[h]
        if d != 0 and motive != WANT_INVEST:
            features(D, B, places, d, month, x)
            q = exp(rules.gamma * log(max(D.area[d] / 10.0, 5.0) / rules.area0) + dot(x, tastes))
            cost = (terms.fee_lift if B.lift[D.building[d]] else terms.fee_walk) * D.area[d]
            cost += (terms.heat if D.heating[d] == DISTRICT_HEAT else rules.stove) * D.area[d]
            if H.tenure[h] == OWNER:
                cost += uc / 12.0 * 0.9 * level_value[i] * exp(dot(x, tastes)) * D.area[d] * 10.0
            else:
                cost += D.rent[d] * (1.0 + rules.psi)
            out_stay[s] = w * q - cost + rules.staying * income


@helper
def where_cheap(board, reach, u):
    """District of a listing within reach, by their number: buyers from outside look at the whole city on a screen."""
    total = 0
    for i in range(board.size.shape[0]):
        for m in range(reach + 1):
            total += board.size[i, m]
    rest = u * total
    for i in range(board.size.shape[0]):
        for m in range(reach + 1):
            rest -= board.size[i, m]
        if rest < 0.0:
            return i
    return board.size.shape[0] - 1


@typed("void(uint64, uint64, uint32, uint32[::1], uint32[::1], uint32[::1], uint32[::1])")
def look_around(seed, key, month, a, b, c, e):
    """Four words for each bucket a seeker looks into, in vector code."""
    low, high = np.uint32(key & LOW), np.uint32(key >> S32)
    s0, s1 = np.uint32(seed & LOW), np.uint32(seed >> S32)
    for i in range(a.size):
        t = np.uint64(i)
        purpose = np.uint32(SEARCH_BUCKET) + np.uint32(4096) * np.uint32(i)
        a[t], b[t], c[t], e[t] = philox(low, high, month, purpose, s0, s1)


@typed("void(uint64, uint64[::1], float64, float64[::1])")
def tastes_for(seed, keys, sd, out):
    """Lasting tastes for particular homes, in vector code; keys of seeker and home together."""
    s0, s1 = np.uint32(seed & LOW), np.uint32(seed >> S32)
    for i in range(keys.size):
        m = np.uint64(i)
        k = keys[m]
        a, b, _, _ = philox(
            np.uint32(k & LOW), np.uint32(k >> S32), np.uint32(0), np.uint32(SEARCH_TASTE), s0, s1
        )
        out[m] = max(1.0 + sd * bell(a, b), 0.2)


@kernel
def sample(
    S, D, H, rows, offers, sale, rent, edges, share, seed, month, rules, key, w, budget, credit, uc, old, cand, kind, surplus, worth,
    n_cand, vacant_only, eyes, first, stop,
):  # fmt: skip
    """Candidates of seekers [first, stop): listing number, kind (1 buy, 2 rent), surplus a month, value w - run.

    First the listings within reach are collected, then tastes for them drawn together, then they are valued."""
    nd = share.shape[0]
    draws = np.int64(rules.home_buckets) + np.int64(rules.other_buckets)
    found, where = eyes.found, eyes.where
    limits, away, keys, z = eyes.limits, eyes.away, eyes.keys, eyes.tastes
    for s in range(first, stop):
        n_cand[s] = 0
        if s + 4 < stop:
            prefetch((H.dwelling, H.tenure), S.household[s + 4])
        if key[s] == 0:
            continue
        h = S.household[s]
        motive = S.motive[s]
        home = S.district[s]
        homeless = h != 0 and H.dwelling[h] == 0
        wants_home = motive != WANT_INVEST and motive != WANT_SECOND and motive != WANT_HOSTEL
        markets = 2 if wants_home and (homeless or H.tenure[h] != OWNER) else 1
        reach = 0
        most = means(budget[s], credit[s], True, rules.ltv, rules.least_loan)
        while reach < edges.size and most >= WITHIN_REACH * edges[reach]:
            reach += 1
        look_around(seed, key[s], month, eyes.a, eyes.b, eyes.c, eyes.e)
        # what lies in the buckets looked into. Nearly every choice here and below is a guess to the processor, so counts and
        # masks stand where branches would; the first few places of a bucket are copied whatever its length
        n_found = 0
        for t in range(draws):
            i = home
            if h == 0:
                i = where_cheap(sale, reach, unit(eyes.c[t]))
            elif t >= rules.home_buckets:
                u = unit(eyes.c[t])
                i = 0
                for d in range(nd - 1):
                    i += u >= share[home, d]
            for market in range(markets):
                board = sale if market == 0 else rent
                looked = eyes.sale if market == 0 else eyes.rent
                band = 0
                if market == 0:
                    v = unit(eyes.e[t]) * board.upto[i, reach]
                    for m in range(reach):
                        band += v >= board.upto[i, m]
                if board.size[i, band] == 0:
                    continue
                word = eyes.a[t] if market == 0 else eyes.b[t]
                k = board.offset[i, band] + (np.int64(word) & (board.size[i, band] - 1))
                if looked[k] == s:
                    continue
                looked[k] = s
                begin, end = board.start[k], board.start[k + 1]
                for e in range(FEW):
                    found[n_found + e] = board.listing[begin + e]
                    where[n_found + e] = 2 * market + (i != home)
                for e in range(FEW, end - begin):
                    found[n_found + e] = board.listing[begin + e]
                    where[n_found + e] = 2 * market + (i != home)
                n_found += end - begin
        for t in range(n_found):
            prefetch((offers,), found[t])
        n = 0
        for t in range(n_found):
            if n == CANDIDATES:
                break
            j = found[t]
            home_offer = offers[j]
            lets = where[t] >= 2
            cash = budget[s] - np.int64(rules.simple * home_offer.fit)
            limit = means(cash, credit[s], home_offer.title == FULL_TITLE, rules.ltv, rules.least_loan)
            fits = lets | (limit >= WITHIN_REACH * home_offer.ask)
            fits &= (h == 0) | (home_offer.owner != h)
            fits &= (home_offer.site == 0) | ((not homeless) & (not lets) & (motive != WANT_HOSTEL))
            if vacant_only:
                fits &= D.occupant[rows[j]] == 0
            cand[s, n], kind[s, n] = j, 1 + lets
            limits[n], away[n] = limit, where[t] & 1
            keys[n] = key[s] ^ (home_offer.key * np.uint64(0xD6E8FEB86659FD93))
            n += fits
        n_cand[s] = n
        tastes_for(seed, keys[:n], rules.match, z[:n])
        for m in range(n):
            home_offer = offers[cand[s, m]]
            if motive == WANT_INVEST:
                gross = home_offer.lets * rules.occupancy * z[m] - (home_offer.run * 0.3)
            elif motive == WANT_HOSTEL:
                gross = rules.hostel_month * max(home_offer.rooms, 1) * z[m] - home_offer.run
            else:
                gain = w[s] * home_offer.quality * z[m]
                if old[s] != 0:
                    gain *= 1.0 + rules.old_floor * home_offer.above
                if away[m]:
                    gain *= 1.0 + rules.other
                if motive == WANT_SECOND and home_offer.rooms == 2:
                    gain *= 1.0 + 0.1
                gross = gain - (home_offer.run * (0.5 if motive == WANT_SECOND else 1.0))
            cost = (uc[s] + (rules.untitled if home_offer.title == NO_TITLE else 0.0)) / 12.0
            price = min((1.0 - rules.usual_discount) * home_offer.ask, np.float64(limits[m]))
            buys = kind[s, m] == 1
            surplus[s, m] = gross - (
                cost * (price + home_offer.fit) if buys else home_offer.rent * (1.0 + rules.psi)
            )
            worth[s, m] = gross - (cost * home_offer.fit if buys else 0.0)


@kernel
def rounds(
    S, P, H, D, B, E, L, rows, places, beta, level, growth, hazard, market, seed, month, rules, terms, money, key, budget, credit,
    stay, uc, offers, cand, kind, surplus, worth, n_cand, bids, pick, outside, offer, looking, asking, x, n_rounds, most_rounds, first,
    stop, deals, deal_x, displaced, counts, fired, lettings,
):  # fmt: skip
    """Propose, choose, settle, in rounds. counts[9, nd + 1]; returns (deals, displaced sellers, lettings)."""
    n_deals, n_out, n_let = 0, 0, 0
    # `looking`: seekers not yet housed who have homes left to ask for; `asking`: those who ask this time. Who did not ask last
    # time is content or has asked often enough; that changes for those alone whose home has been sold since
    n_looking, asked, n_before = 0, 0, -1
    for s in range(first, stop):
        pick[s] = -1
        if key[s] != 0 and n_cand[s] > 0:
            looking[n_looking] = s
            n_looking += 1
    for turn in range(most_rounds):
        # proposals against the frozen state
        everyone = n_out != n_before
        again, n_again = (looking, n_looking) if everyone else (asking, asked)
        asked, left, n_before = 0, 0, n_out
        for place in range(n_again):
            if place + 4 < n_again:
                prefetch((H.dwelling,), S.household[again[place + 4]])
            s = again[place]
            if key[s] == 0:
                continue
            if everyone:
                looking[left] = s
            left += 1
            h = S.household[s]
            homeless = h != 0 and H.dwelling[h] == 0
            if not homeless and (turn >= n_rounds or pick[s] == CONTENT):
                continue
            m_best, top, next_best = -1, -1e30, -1e30
            for m in range(n_cand[s]):
                v = surplus[s, m]
                m_best = m if v > top else m_best
                next_best = max(next_best, min(v, top))
                top = max(top, v)
            if m_best < 0:
                left -= 1
                continue
            if not homeless and top <= stay[s]:
                pick[s] = CONTENT
                continue
            pick[s] = m_best
            asking[asked] = s
            asked += 1
            outside[s] = max(next_best, stay[s])
            prefetch((cand[s], kind[s], worth[s]), m_best)
        # bids for what they chose
        for place in range(asked):
            if place + 8 < asked:
                s = asking[place + 8]
                prefetch((offers, bids, rows), cand[s, pick[s]])
            s = asking[place]
            m_best = pick[s]
            j = cand[s, m_best]
            home_offer, rival = offers[j], bids[j]
            if kind[s, m_best] == 1:
                cost = uc[s] + (rules.untitled if home_offer.title == NO_TITLE else 0.0)
                most = (worth[s, m_best] - outside[s]) * 12.0 / cost
                cash = budget[s] - np.int64(rules.simple * home_offer.fit)
                limit = means(cash, credit[s], home_offer.title == FULL_TITLE, rules.ltv, rules.least_loan)
                bid = np.int64(min(max(most, 0.0), np.float64(limit)))
            else:
                most = (worth[s, m_best] - outside[s]) / (1.0 + rules.psi)
                bid = np.int64(min(max(most, np.float64(D.rent[rows[j]])), 1e15))
            offer[s] = bid
            a, b, _, _ = draw4(
                seed, key[s] ^ (home_offer.key * np.uint64(0xD6E8FEB86659FD93)), month, SEARCH_TIE
            )
            tie = (np.uint64(a) << np.uint64(32)) | np.uint64(b)
            better = (
                rival.seeker == 0
                or bid > rival.amount
                or (
                    bid == rival.amount
                    and (tie > rival.tie or (tie == rival.tie and key[s] > key[rival.seeker]))
                )
            )
            if better:
                if rival.seeker != 0:
                    rival.second = max(rival.second, rival.amount)
                rival.amount = bid
                rival.tie = tie
                rival.seeker = s
            else:
                rival.second = max(rival.second, bid)
        n_looking = left if everyone else n_looking
        if asked == 0:
            break
        # settlement
        for place in range(asked):
            if place + 8 < asked:
                s = asking[place + 8]
                d = rows[cand[s, pick[s]]]
                home_ahead(D, d)
                prefetch((D.listed, D.use), d)
            if place + 4 < asked:
                s = asking[place + 4]
                owner_ahead(D, B, H, rows[cand[s, pick[s]]])
            s = asking[place]
            m = pick[s]
            j = cand[s, m]
            d = rows[j]
            surplus[s, m] = -1e30
            if bids[j].seeker != s:
                fired[_OUTBID] += 1
                continue
            h = S.household[s]
            motive = S.motive[s]
            i = D.district[d]
            if kind[s, m] == 2:
                if D.occupant[d] != 0 or D.listed[d] == 0 or D.use[d] != VACANT:
                    continue
                leave_home(H, D, h, month)
                occupy(P, H, D, h, d, month)
                key[s] = 0
                counts[5, i] += 1
                fired[_RENTED] += 1
                lettings[n_let, 0] = d
                lettings[n_let, 1] = j
                n_let += 1
                emit(E, month, _LET, 0, i, H.first[h], h, d, D.owner[d], D.rent[d])
                emit(E, month, _MOVED, WHY[motive], i, H.first[h], h, d, 0, 0)
                continue
            if D.listed[d] == 0 or D.listed[d] == FOR_RENT:
                continue
            # the seller's side
            ask = D.ask[d]
            bid = offer[s]
            owner_kind = D.owner_kind[d]
            occupant = D.occupant[d]
            expected = value(D, B, places, d, month, x, beta, level)
            if owner_kind == BY_DEVELOPER:
                least = max(builder_floor(D, B, d, terms), (1.0 - rules.discount) * ask)
            elif owner_kind == BY_EMPLOYER:
                least = 0.9 * ask
            else:
                least = least_price(
                    D, B, H, d, expected, market[i], hazard[segment(D, B, d)], growth[i], terms, seed, month
                )
            least = min(max(least, 50000.0), np.float64(ask))
            if bid < least:
                fired[_REFUSED] += 1
                continue
            price = min(least + rules.bargain * (bid - least), np.float64(ask))
            if bids[j].second > price:
                price = min(np.float64(bids[j].second), np.float64(bid))
                fired[_SECOND_BID] += 1
            amount = np.int64(price)
            # the buyer's money
            payer = money.rest
            if h != 0:
                payer = money.households
                short = amount - max(H.cash[h], 0)
                if short > 0:
                    brought = min(short, S.budget[s])
                    if motive == WANT_NEW:
                        for which in range(2):
                            g = parent_household(P, H, h, which)
                            if g != 0 and short > brought:
                                gift = min(short - brought, np.int64(rules.parents * max(H.cash[g], 0)))
                                if gift > 0:
                                    H.cash[g] -= gift
                                    H.cash[h] += gift
                                    short -= gift
                                    fired[_PARENTS] += 1
                    lent = short - brought
                    if lent > credit[s] or (lent > 0 and D.title[d] != FULL_TITLE):
                        continue
                    if lent > 0:
                        pay(L, i, money.borrowing, money.banks, money.households, lent)
                        pay(L, i, money.claims, money.owed, money.held, lent)
                        H.loan[h] += lent
                        H.cash[h] += lent
                        fired[_LENT] += 1
                        counts[8, i] += 1
                    short = min(short, brought)
                    if short > 0:
                        pay(L, i, money.savings_in, money.rest, money.households, short)
                        H.cash[h] += short
                H.cash[h] -= amount
            receiver = seller_account(D, H, d, money)
            seller = D.owner[d]
            if receiver == money.households:
                H.cash[seller] += amount
            fresh = 1 if owner_kind == BY_DEVELOPER else 0
            pay(L, i, money.new if fresh else money.used, payer, receiver, amount)
            features(D, B, places, d, month, x)
            for k in range(N_FEATURES):
                deal_x[n_deals, k] = x[k]
            deals[n_deals, 0] = d
            deals[n_deals, 1] = i
            deals[n_deals, 2] = amount
            deals[n_deals, 3] = D.area[d]
            deals[n_deals, 4] = ask
            deals[n_deals, 5] = month - D.listed_since[d]
            deals[n_deals, 6] = fresh
            deals[n_deals, 7] = 1 if h == 0 else 0
            deals[n_deals, 8] = segment(D, B, d)
            n_deals += 1
            # as the housing bureau counts: by where the buyer is registered
            outsider = h == 0 or P.hukou[H.first[h]] == 0
            counts[0, i] += 1
            counts[1, i] += fresh
            if outsider:
                counts[2, i] += 1
            if D.rooms[d] == 2:
                counts[3, i] += 1
                if outsider:
                    counts[4, i] += 1
            fired[_BOUGHT] += 1
            emit(E, month, _SOLD, _R_OUTSIDER if outsider else (_R_NEW if fresh else _R_NONE), i,
                 H.first[h] if h != 0 else 0, h, d, seller, amount)  # fmt: skip
            # the deed and the keys
            if occupant != 0:
                vacate(H, D, occupant, month)
                displaced[n_out] = occupant
                n_out += 1
                fired[_DISPLACED] += 1
            D.listed[d] = 0
            D.listed_since[d] = 0
            if h != 0:
                own(H, D, d, BY_HOUSEHOLD, h, month)
            else:
                own(H, D, d, BY_INVESTOR, 0, month)
            D.paid[d] = amount
            key[s] = 0
            if D.state[d] == STANDING:
                if h == 0:
                    if motive == WANT_SECOND:
                        D.use[d] = SECOND_HOME
                        D.vacant_since[d] = 0
                        D.heat_off[d] = 0
                    elif motive == WANT_HOSTEL:
                        D.use[d] = HOSTEL
                        D.vacant_since[d] = 0
                        D.heat_off[d] = 0
                    else:
                        D.vacant_since[d] = month
                elif motive == WANT_HOSTEL:
                    D.use[d] = HOSTEL
                    D.vacant_since[d] = 0
                    D.heat_off[d] = 0
                elif motive != WANT_INVEST:
                    leave_home(H, D, h, month)
                    occupy(P, H, D, h, d, month)
                    emit(E, month, _MOVED, WHY[motive], i, H.first[h], h, d, 0, 0)
                else:
                    D.vacant_since[d] = month
        # forget this round's offers
        for s in asking[:asked]:
            bid_made = bids[cand[s, pick[s]]]
            bid_made.amount = 0
            bid_made.tie = 0
            bid_made.seeker = 0
            bid_made.second = 0
    return n_deals, n_out, n_let


@kernel
def own_vacant(S, P, H, D, B, E, places, tastes, month, key, w, rules, stay, x, first, stop, fired):
    """Seekers who own an empty standing home move into the best of them (movers only if it is better)."""
    for s in range(first, stop):
        if s + 16 < stop:
            prefetch((H.estate,), S.household[s + 16])
        if s + 8 < stop:
            prefetch((D.state, D.use, D.occupant, D.next_owned), H.estate[S.household[s + 8]])
        h = S.household[s]
        if key[s] == 0 or h == 0 or S.motive[s] == WANT_INVEST or S.motive[s] == WANT_HOSTEL:
            continue
        pick, top = 0, -1e30
        d = H.estate[h]
        while d != 0:
            if D.state[d] == STANDING and D.use[d] == VACANT and D.occupant[d] == 0:
                features(D, B, places, d, month, x)
                v = w[s] * exp(rules.gamma * log(max(D.area[d] / 10.0, 5.0) / rules.area0) + dot(x, tastes))
                if v > top or (v == top and D.key[d] > D.key[pick]):
                    top = v
                    pick = d
            d = D.next_owned[d]
        if pick == 0 or (H.dwelling[h] != 0 and top <= stay[s]):
            continue
        leave_home(H, D, h, month)
        occupy(P, H, D, h, pick, month)
        key[s] = 0
        fired[_OWN] += 1
        emit(E, month, _MOVED, WHY[S.motive[s]], D.district[pick], H.first[h], h, pick, 0, 0)


@helper
def last_rent(D, d, rules):
    """Rent agreed at the last resort: the one asked, else a cheap one; homes of city and employer and village houses are lent."""
    if D.owner_kind[d] == BY_CITY or D.owner_kind[d] == BY_EMPLOYER or D.title[d] == HOMESTEAD:
        return np.int64(0)
    if D.rent[d] > 0:
        return np.int64(D.rent[d])
    return np.int64(rules.fallback_rent * D.area[d])


@helper
def usable(D, B, d, village):
    """Whether a family in need can be put into d: empty, not given up, not kept for a programme or for
    buyers of new homes; village houses if asked."""
    if D.use[d] != VACANT or D.state[d] != STANDING or D.abandoned[d] != 0:
        return False
    reserved = D.owner_kind[d] == BY_DEVELOPER or (
        D.owner_kind[d] == BY_CITY and B.public[D.building[d]] != 0
    )
    return not reserved and (village or D.title[d] != HOMESTEAD)


@helper
def probe(D, B, order, begin, last_slot, i, word, village):
    """A usable home of district i in the slot that the word names, else 0. Slots are a power of two, places in the
    district's list of homes, which only grows at its end: whoever asks again finds the same homes."""
    place = begin[i] + (np.int64(word) & last_slot[i])
    if place >= begin[i + 1]:
        return 0
    d = np.int64(order[place])
    return d if d > 0 and usable(D, B, d, village) else 0


@kernel
def last_resort(
    S, P, H, D, B, E, L, order, begin, last_slot, share, seed, month, rules, money, first, stop, counts, fired
):
    """House every homeless household of rows [first, stop): own, a vacant home of the district, one in a village of it that
    is lent, one within reach, any, relatives, a collective place. `order`: homes by district, those of i from begin[i];
    last_slot[i]: see `probe`."""
    nd = share.shape[0]
    nothing_left = False
    for s in range(first, stop):
        h = S.household[s]
        if h == 0 or H.state[h] != ACTIVE or H.size[h] < 1 or H.dwelling[h] != 0:
            continue
        found = 0
        d = H.estate[h]
        while d != 0:
            if D.state[d] == STANDING and D.use[d] == VACANT and D.occupant[d] == 0:
                found = d
            d = D.next_owned[d]
        home = np.int64(S.district[s])
        if found == 0 and not nothing_left:
            for t in range(3 * TRIES):
                a, b, c, e = draw4(seed, H.key[h], month, SEARCH_FALLBACK + 4096 * t)
                i = home
                if t >= 2 * TRIES:
                    i = 0
                    while i < nd - 1 and unit(e) >= share[home, i]:
                        i += 1
                for word in (a, b, c):
                    if found == 0:
                        found = probe(D, B, order, begin, last_slot, i, word, TRIES <= t < 2 * TRIES)
                if found != 0:
                    break
            if found == 0:
                # whatever is empty, the own district first
                a, _, _, _ = draw4(seed, H.key[h], month, SEARCH_FALLBACK)
                for t in range(order.size):
                    d = np.int64(
                        order[
                            (begin[home] + np.int64(a) % max(begin[home + 1] - begin[home], 1) + t)
                            % order.size
                        ]
                    )
                    if d > 0 and D.use[d] == VACANT and D.state[d] == STANDING:
                        found = d
                        break
                if found == 0:
                    nothing_left = True
        if found != 0:
            d = found
            D.rent[d] = (
                last_rent(D, d, rules) if not (D.owner_kind[d] == BY_HOUSEHOLD and D.owner[d] == h) else 0
            )
            occupy(P, H, D, h, d, month)
            fired[_LAST] += 1
            counts[7, D.district[d]] += 1
            emit(E, month, _MOVED, WHY[S.motive[s]], D.district[d], H.first[h], h, d, 0, 0)
            continue
        # no vacant home in the whole city: with relatives, else a collective place
        target = 0
        for which in range(2):
            g = parent_household(P, H, h, which)
            if g != 0 and target == 0 and H.dwelling[g] != 0:
                target = g
        i = H.district[h]
        if target != 0:
            fired[_RELATIVES] += 1
            while H.first[h] != 0:
                move_person(P, H, H.first[h], target)
            H.cash[target] += H.cash[h]
            inherit(H, D, h, target, month)
        else:
            fired[_COLLECTIVE] += 1
            while H.first[h] != 0:
                p = H.first[h]
                unlink(P, H, p)
                P.collective[p] = OTHER_COLLECTIVE
            if H.cash[h] > 0:
                pay(L, i, money.savings_out, money.households, money.rest, H.cash[h])
            elif H.cash[h] < 0:
                pay(L, i, money.savings_in, money.rest, money.households, -H.cash[h])
            inherit(H, D, h, 0, month)
        H.cash[h] = 0
        end_household(H, D, h, month, False)


def rules_of(world: World) -> View:
    """This month's rules of search as plain floats; money in fen, areas in 0.1 m2 where they multiply columns."""
    p = world.params
    ten = world.pack.config.minor_units / 10.0
    g = lambda name: float(p[f"housing_search.{name}"])  # noqa: E731
    rent = exp(float(world.memory["tenancy.level"][-1]))
    room = p["hostels.room_night"] * p["hostels.occupancy"] * 30.0 * (1.0 - p["hostels.running_share"])
    return View(
        "rules",
        {
            "alpha": g("budget_share"), "gamma": g("comfort"), "area0": g("reference_area"), "match": g("match_sd"),
            "wear": g("wear_year"), "uc_floor": g("user_cost_floor"), "untitled": g("no_title_premium"),
            "psi": g("renting_penalty"), "home_buckets": g("buckets_home"), "other_buckets": g("buckets_other"),
            "other": g("other_district"), "reserve": g("reserve_months"), "parents": g("parents_share"),
            "income_floor": g("income_floor"), "cold": g("cold_loss"), "stove": g("heat_yuan_stove") * ten,
            "staying": g("staying"), "occupancy": g("invest_occupancy"), "premium": g("invest_premium"),
            "bargain": g("bargain"), "discount": g("developer_discount"), "old_floor": g("old_floor_extra"),
            "fitting": float(p["fitting_out.cost_m2"] * ten * world.driver("cpi", 1.0)), "r": p["listing.discount_year"],
            "trend": p["listing.trend_weight"] * p["listing.trend_lasts"],
            "usual_discount": float(world.memory["housing_search.discount"]),
            "hostel_month": float(room * 10.0 * ten) / p["hostels.hurdle"], "fallback_rent": float(0.6 * rent * ten),
            "debt_share": p["mortgages.income_share"], "ltv": p["mortgages.ltv"], "least_loan": p["mortgages.least"] * ten * 10.0,
            "last_age": p["mortgages.last_age"], "simple": p["fitting_out.simple"],
        },
    )  # fmt: skip


#: Accounts between which homes are paid for.
_MONEY = {
    "households": "households.cash", "rest": "rest.cash", "developers": "developers.cash", "fund": "city.fund_cash",
    "mine": "mine.cash", "used": "flow.home_purchase", "new": "flow.new_home_purchase", "savings_in": "flow.savings_in",
    "savings_out": "flow.savings_out", "banks": "banks.cash", "borrowing": "flow.borrowing", "claims": "flow.claims",
    "owed": "households.home_loans", "held": "banks.home_loans",
}  # fmt: skip


def money_of(world: World) -> View:
    """Account numbers for the kernels."""
    return View("money", {name: world.account(account) for name, account in _MONEY.items()})


def start(world: World) -> None:
    """No deals yet; other districts are looked at in proportion to the base stock and the less the further off."""
    m, nd = world.memory, world.nd
    m["housing_search.deals"] = np.zeros((0, DEAL_COLUMNS), np.int64)
    m["housing_search.deal_features"] = np.zeros((0, N_FEATURES))
    m["housing_search.lettings"] = np.zeros((0, 4))
    m["housing_search.discount"] = 0.05
    stock = np.bincount(world.dwellings.district[1:], minlength=nd)[:nd].astype(np.float64)
    km = np.array([place.km_from_centre for place in world.pack.config.districts])
    apart = np.abs(km[:, None] - km[None, :]) / world.params["housing_search.reach"]
    weight = np.array([[s * float(exp(-a)) for s, a in zip(stock, row, strict=True)] for row in apart])
    m["housing_search.share"] = np.cumsum(weight, axis=1) / np.maximum(
        weight.sum(axis=1, keepdims=True), 1e-9
    )


@kernel
def lay_out(number, district, band, hashed, size, offset, upto, start, bucket, listing):
    """Put the listings `number` into buckets by district, band and hash; as many buckets as the power of two at or below the
    listings of a district and band. size, offset, upto[nd, bands]: buckets, the first one, buckets up to each band;
    start[bucket]: its first place in `listing`. `bucket`: scratch. Returns how many listings the fullest bucket has."""
    for j in number:
        size[district[j], band[j]] += 1
    before = 0
    for d in range(size.shape[0]):
        within = 0
        for m in range(size.shape[1]):
            buckets = np.int64(size[d, m] > 0)
            while 0 < 2 * buckets <= size[d, m]:
                buckets *= 2
            size[d, m], offset[d, m] = buckets, before + within
            within += buckets
            upto[d, m] = within
        before += within
    for i in range(number.size):
        j = number[i]
        d, m = district[j], band[j]
        bucket[i] = offset[d, m] + (hashed[j] & (size[d, m] - 1))
        start[bucket[i] + 2] += 1
    fullest = np.int32(0)
    for k in range(2, start.size):
        fullest = max(fullest, start[k])
        start[k] += start[k - 1]
    for i in range(number.size):
        place = start[bucket[i] + 1]
        listing[place] = number[i]
        start[bucket[i] + 1] = place + 1
    return fullest


def _board(number: np.ndarray, district: np.ndarray, band: np.ndarray, hashed: np.ndarray, nd: int) -> View:
    """The listings `number` in buckets (`lay_out`); `fullest`: how many listings a bucket has at most."""
    size, offset, upto = np.zeros((3, nd, len(BANDS) + 1), np.int64)
    # a listing has at most one bucket to itself; whole buckets may be read past the last one
    start, bucket = np.zeros(len(number) + 3, np.int32), np.empty(len(number), np.int32)
    listing = np.zeros(len(number) + FEW, np.int32)
    fullest = lay_out(number, district, band, hashed, size, offset, upto, start, bucket, listing)
    return View(
        "board",
        {"size": size, "offset": offset, "upto": upto, "start": start, "listing": listing, "fullest": fullest},
    )  # fmt: skip


def _part(work: Callable[..., Any], known: tuple[Any, ...], _: int, first: int, stop: int) -> None:
    work(*known, np.zeros(N_FEATURES), first, stop)


def _index(known: tuple[Any, ...], _: int, first: int, stop: int) -> None:
    index_listings(*known, np.empty((BLOCK, N_FEATURES)), *np.empty((3, BLOCK)), first, stop)


def _eyes(sale: View, rent: View, buckets: int) -> View:
    """What a seeker who looks around needs in mind: words for buckets, the last seeker who looked into each bucket (nobody
    sees it twice); listings found there, in which market (2: to let) and whether in another district (1); of those noted the
    most that can be paid, whether in another district, the key of the taste and the taste."""
    words = np.empty((4, buckets), np.uint32)
    most = int(buckets * (sale.fullest + rent.fullest)) + FEW
    return View(
        "eyes",
        {
            "a": words[0], "b": words[1], "c": words[2], "e": words[3], "sale": np.zeros(len(sale.start), np.int32),
            "rent": np.zeros(len(rent.start), np.int32), "found": np.empty(most, np.int32), "where": np.empty(most, np.int8),
            "limits": np.empty(CANDIDATES, np.int64), "away": np.empty(CANDIDATES, np.bool_),
            "keys": np.empty(CANDIDATES, np.uint64), "tastes": np.empty(CANDIDATES),
        },
    )  # fmt: skip


def _look(
    known: tuple[Any, ...], spare: list[View], fresh: Callable[[], View], _: int, first: int, stop: int
) -> None:
    """`sample` for a part, with eyes that another part has used if there are any: they are in near memory."""
    try:
        eyes = spare.pop()
    except IndexError:
        eyes = fresh()
    sample(*known, eyes, first, stop)
    spare.append(eyes)


def step(world: World) -> None:
    """House everybody who looks, in waves of rounds."""
    m, p, nd = world.memory, world.params, world.nd
    S, P, H, D, B = world.seekers, world.persons, world.households, world.dwellings, world.buildings
    rules, terms, money = rules_of(world), terms_of(world), money_of(world)
    places, beta, level = m["hedonic_index.places"], m["hedonic_index.beta"], m["hedonic_index.level"]
    growth, market = world.signal["price_change_year"], market_of(world)
    from krimp.processes import hedonic_index  # late: it observes the developers, who use this module

    tastes = hedonic_index.prior(world) * p["housing_search.taste"]
    tastes[[hedonic_index.SHELL, hedonic_index.UNTITLED, hedonic_index.LOG_AREA, hedonic_index.OWN_STOVE]] = (
        0.0
    )
    rows = rows_where(D.listed > 0)
    nl = len(rows)
    listed, district = D.listed[rows], D.district[rows]
    hashed, band, segments = np.empty(nl, np.int64), np.empty(nl, np.int8), np.empty(nl, np.int64)
    offers = np.empty(nl, OFFER)
    edges = BANDS * float(world.signal["price_m2"][-1]) * 60.0 * world.pack.config.minor_units
    listed_homes = (
        D.view(), B.view(), places, tastes, world.month, rows, world.signal["heat_share"], rules, terms, m["tenancy.level"], edges,
        hashed, band, segments, offers,
    )  # fmt: skip
    world.map_chunks(partial(_index, listed_homes), nl, 0, 4096)
    for_sale = rows_where((listed == FOR_SALE) | (listed == FOR_BOTH))
    to_let = rows_where((listed == FOR_RENT) | (listed == FOR_BOTH))
    sale, rent = world.side_by_side(
        [
            lambda: _board(for_sale, district, band, hashed, nd),
            lambda: _board(to_let, district, np.zeros_like(band), hashed, nd),
        ]
    )
    begin, order = _BY_DISTRICT.rows(D, nd)
    counts = np.zeros((9, nd + 1), np.int64)
    fired = np.zeros(len(BRANCHES) + 2, np.int64)
    bids = np.zeros(nl, BID)
    level_value = np.array([exp(float(v)) for v in level])
    all_deals, all_x, all_lettings = [], [], []
    wage = world.signal["mean_wage"][-1]
    floor_income = float(rules.income_floor * (wage if wage > 0 else 1500.0) * world.pack.config.minor_units)
    first, taken = 1, np.zeros(H.n, np.uint8)
    eyes: list[View] = []
    fresh_eyes = partial(_eyes, sale, rent, int(rules.home_buckets + rules.other_buckets))
    for wave in range(3):
        stop = S.n
        if stop == first:
            break
        size = stop
        key, old = np.zeros(size, np.uint64), np.zeros(size, np.int8)
        w, stay, uc, offer = np.zeros(size), np.zeros(size), np.zeros(size), np.zeros(size, np.int64)
        credit = np.zeros(size, np.int64)
        budget, n_cand, pick = np.zeros(size, np.int64), np.zeros(size, np.int64), np.full(size, -1, np.int64)
        # only what `n_cand` counts of these is ever read
        cand, kind = np.empty((size, CANDIDATES), np.int32), np.empty((size, CANDIDATES), np.int8)
        surplus, worth = np.empty((2, size, CANDIDATES))
        counts[6, :nd] += np.bincount(S.district[first:stop], minlength=nd)[:nd]
        world.events.reserve(4 * (stop - first) + 16)
        E = world.events.view()
        family = np.zeros(size, np.int8)
        name_once(S.view(), H.view(), first, taken, family)
        lives = (
            S.view(), P.view(), H.view(), D.view(), B.view(), places, tastes, growth, level_value, world.seed, world.month, rules,
            terms, floor_income, m["mortgages.annuity"], family, key, w, budget, credit, stay, uc, old,
        )  # fmt: skip
        # each seeker's rows are his own, so seekers can think and look side by side
        world.map_chunks(partial(_part, prepare, lives), stop, first, SEEKERS)
        own_vacant(
            S.view(), P.view(), H.view(), D.view(), B.view(), E, places, tastes, world.month, key, w, rules, stay, np.zeros(N_FEATURES),
            first, stop, fired,
        )  # fmt: skip
        sights = (
            S.view(), D.view(), H.view(), rows, offers, sale, rent, edges, m["housing_search.share"], world.seed, world.month,
            rules, key, w, budget, credit, uc, old, cand, kind, surplus, worth, n_cand, wave > 0,
        )  # fmt: skip
        world.map_chunks(partial(_look, sights, eyes, fresh_eyes), stop, first, SEEKERS)
        deals = np.zeros((stop - first, DEAL_COLUMNS), np.int64)
        deal_x = np.zeros((stop - first, N_FEATURES))
        displaced = np.zeros(stop - first, np.int64)
        lettings = np.zeros((stop - first, 2), np.int64)
        n_deals, n_out, n_let = rounds(
            S.view(), P.view(), H.view(), D.view(), B.view(), E, world.ledger.view(), rows, places, beta, level, growth,
            m["listing.sale_hazard"], market, world.seed, world.month, rules, terms, money, key, budget, credit, stay,
            uc, offers, cand, kind, surplus, worth, n_cand, bids, pick, np.empty(size), offer, np.empty(size, np.int32), np.empty(size, np.int32),
            np.zeros(N_FEATURES), int(p["housing_search.rounds"]),
            int(p["housing_search.rounds_homeless"]), first, stop, deals, deal_x, displaced, counts, fired, lettings,
        )  # fmt: skip
        all_deals.append(deals[:n_deals])
        all_x.append(deal_x[:n_deals])
        let = lettings[:n_let]
        all_lettings.append(
            np.column_stack(
                [D.district[let[:, 0]], D.rent[let[:, 0]] / np.maximum(offers["lets"][let[:, 1]], 1.0)]
            )
        )
        homed = int(((key[first:] != 0) & (S.household[first:stop] != 0)).sum())
        fired[_STAYED] += homed
        out = displaced[:n_out]
        out = out[H.dwelling[out] == 0]
        first = stop
        if len(out):
            world.seek(out.astype(np.int32), WANT_NEW_HOME, H.district[out])
    last_slot = np.array([(1 << max(n - 1, 0).bit_length()) - 1 for n in np.diff(begin).tolist()])
    last_resort(
        S.view(), P.view(), H.view(), D.view(), B.view(), world.events.view(), world.ledger.view(), order, begin, last_slot,
        m["housing_search.share"], world.seed, world.month, rules, money, 1, S.n, counts, fired,
    )  # fmt: skip
    m["housing_search.deals"] = (
        np.concatenate(all_deals) if all_deals else np.zeros((0, DEAL_COLUMNS), np.int64)
    )
    m["housing_search.deal_features"] = np.concatenate(all_x) if all_x else np.zeros((0, N_FEATURES))
    m["housing_search.lettings"] = np.concatenate(all_lettings) if all_lettings else np.zeros((0, 2))
    _learn_market(world, segments[for_sale])
    names = ("sales", "sales_new", "sales_to_outsiders", "sales_two_bedroom", "sales_two_bedroom_outsiders", "lettings",
             "home_seekers", "last_resort_homes", "mortgages_taken")  # fmt: skip
    for row, name in enumerate(names):
        world.counter(name)[:] += counts[row]
    for branch, count in zip(BRANCHES, fired.tolist(), strict=False):
        world.fired[branch] += count


def _learn_market(world: World, on_offer: np.ndarray) -> None:
    """What sellers and buyers know of the market: chance of a sale a month by segment, usual discount."""
    m = world.memory
    hazard = m["listing.sale_hazard"]
    n = len(hazard) - 1
    offered = np.bincount(on_offer, minlength=n)
    sold = np.bincount(m["housing_search.deals"][:, 8], minlength=n)
    few = max(12.0 * world.copies / world.weight, 2.0)
    hazard[n] += 0.15 * ((sold.sum() + 0.5) / (offered.sum() + 12.0) - hazard[n])
    hazard[:n] += 0.15 * ((sold + few * hazard[n]) / (offered + few) - hazard[:n])
    deals = m["housing_search.deals"]
    used = deals[deals[:, 6] == 0]
    if len(used):
        gap = sum((1.0 - used[:, 2] / used[:, 4]).tolist()) / len(used)
        weight = 0.1 * len(used) / (len(used) + 10.0)
        m["housing_search.discount"] += weight * (min(max(gap, 0.0), 0.5) - m["housing_search.discount"])


#: Motive under which a seller who sold his own home looks for the next one.
WANT_NEW_HOME = 2
