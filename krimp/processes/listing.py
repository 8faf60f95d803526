"""Who offers a home, why, at what price, who cuts and who gives up selling.

The owner of a vacant home has a reservation price p*, of sequential search with a holding payoff (McCall; Krainer & LeRoy
2002; mechanisms 3.4):
    (1 - beta (1 + f g / 12)) p* = b + beta q E[max(p - p*, 0)],   ln p ~ N(ln V, sd),
    b = theta R - carry,   carry = (base) heating fee + property fee + distance,   R = rent of such a home,
g the expected growth, f = 0.44, q the chance of an offer. V and p* are net of what selling costs the seller himself: agent
and transfer, and for owners who live elsewhere the journey and the notary, lognormal between owners. theta, what the empty
home is still good for (own later use, children, a tenant), is lognormal by kind of owner and drawn once per home and owner;
for owners elsewhere it fades the longer the home stands empty, and looking after it from afar is a cost. Some heirs can never sell. The payoff is anchored in rents and
fees, not in prices: without it nothing would hold the price level. Listing costs nothing, so he offers the home if one
offer in ten would do, and keeps it dark else. He thinks about it with a monthly probability that is high just after the
home fell vacant and low later. Ask = min(mark-up V, p* / (1 - 1/e)), the second being the ask that earns most when the chance
of a sale q falls with it at elasticity e: who has no use for the home undercuts, down to q^(1/e) V, at which it is sold within
the month; times (paid / V)^loss if he paid more than
it is worth (Genesove & Mayer 2001), not below p*. Cuts come with probability 0.0703 a month, lognormal sizes (INET housing model). Owners who found no
buyer in a year begin to withdraw. Rents spread half as much as prices between homes of a district.
Households look at their own situation once a year, in the month given by their key: tenants and owners who want
another home seek one (or offer theirs first when they lack the cash), owners short of money offer theirs.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from krimp.processes import construction, demolition, developers, hedonic_index, tenancy, turns
from krimp.processes.hedonic_index import N_FEATURES, features, value
from krimp.state.codes import (
    ABSENT,
    ACTIVE,
    BUILDING_SITE,
    BY_CITY,
    BY_DEVELOPER,
    BY_EMPLOYER,
    BY_HEIR,
    BY_HOUSEHOLD,
    BY_INVESTOR,
    DISTRICT_HEAT,
    EVENT,
    FOR_BOTH,
    FOR_RENT,
    FOR_SALE,
    HOMESTEAD,
    NO_TITLE,
    NOT_LISTED,
    OWNER,
    REASON,
    STANDING,
    VACANT,
    WANT_INVEST,
    WANT_MOVE,
)
from krimp.state.columns import View
from krimp.state.compile import helper, kernel, prefetch
from krimp.state.counting import pack
from krimp.state.parameters import Parameter
from krimp.state.portable import exp, exp_all, log, log_all
from krimp.state.purposes import (
    HEAT_VALVE,
    INVEST,
    LISTING_ASK,
    LISTING_ATTENTION,
    LISTING_CUT,
    LISTING_HOLD,
    LISTING_RECONSIDER,
)
from krimp.state.random import draw4, fill, fill4, gauss, gauss_values, score, unit
from krimp.state.world import Series, World, emit

PARAMETERS: tuple[Parameter, ...] = (
    Parameter("listing.attention_fresh", 0.20, "1/month", "uniform(0.1, 0.35)", "[A] first half year after it fell vacant",
              "", 0.0, 1.0),
    Parameter("listing.attention_later", 0.03, "1/month", "uniform(0.01, 0.06)", "[A] later", "", 0.0, 1.0),
    Parameter("listing.withdrawal", 0.03, "1/month", "uniform(0.02, 0.05)",
              "[A] mechanisms 3.4: listed for long without a buyer", "after a year on the market", 0.0, 1.0),
    Parameter("listing.cut_probability", 0.0703, "1/month", "fixed", "[S] INET housing model, 2022 configuration", "",
              0.0, 1.0),
    Parameter("listing.cut_mu", 1.453, "log %", "fixed", "[S] INET housing model, 2022 configuration"),
    Parameter("listing.cut_sigma", 0.707, "log %", "fixed", "[S] INET housing model, 2022 configuration"),
    Parameter("listing.markup", 1.041, "ratio", "fixed", "[S] INET housing model, 2022 configuration"),
    Parameter("listing.markup_sd", 0.073, "ratio", "fixed", "[S] INET housing model, 2022 configuration"),
    Parameter("listing.elasticity", 5.0, "elasticity", "uniform(3, 8)",
              "[A] of the chance of a sale to the ask: a tenth less, some 60% more viewings that end in a sale", "e", 1.5, 50.0),
    Parameter("listing.loss_aversion", 0.30, "share of gap", "uniform(0.25, 0.35)", "[S] Genesove & Mayer 2001, QJE"),
    Parameter("listing.discount_year", 0.05, "1/year", "uniform(0.035, 0.08)",
              "[A] deposits paid 2.5-4.75% a year [R]; 5-8% in mechanisms 3.4", "of sellers and buyers", 0.0, 0.5),
    Parameter("listing.offer_sd", 0.15, "log", "uniform(0.10, 0.20)", "[A] mechanisms 3.4"),
    Parameter("listing.trend_weight", 0.44, "share", "fixed", "[S] INET housing model, 2022 configuration"),
    Parameter("listing.trend_lasts", 0.3, "share", "uniform(0.1, 0.5)",
              "[A] momentum of two to five years (Glaeser et al., mechanisms 3.4) over a holding period of 17",
              "part of the time a home is held for which the trend is believed in", 0.0, 1.0),
    Parameter("listing.theta_local", 0.65, "share of rent", "uniform(0.2, 1.1)", "[A] for children or parents, or a tenant if one is found",
              "median worth of keeping an empty home", 0.0, 5.0),
    Parameter("listing.theta_absent", 0.4, "share of rent", "uniform(0.1, 0.8)", "[A] left town, may come back", "", 0.0, 5.0),
    Parameter("listing.theta_heir", 0.25, "share of rent", "uniform(0.0, 0.5)", "[A] heirs elsewhere", "", 0.0, 5.0),
    Parameter("listing.theta_investor", 0.5, "share of rent", "uniform(0.2, 0.8)", "[A] let 0.7 of the months, running costs 0.3",
              "", 0.0, 5.0),
    Parameter("listing.theta_fades", 0.10, "1/year", "uniform(0.05, 0.2)",
              "[A] intentions to return weaken with the years away", "worth of keeping, for owners elsewhere, by years empty", 0.0, 2.0),
    Parameter("listing.distance", 25.0, "yuan/month", "uniform(10, 50)",
              "[A] somebody who looks after pipes and bills, a journey every few years", "owners elsewhere, at base prices", 0.0, 1e4),
    Parameter("listing.closing", 1000.0, "yuan", "uniform(500, 2000)", "[A] an agent's least fee, transfer of the deed",
              "what selling costs the seller, at base prices", 0.0, 1e6),
    Parameter("listing.closing_far", 3000.0, "yuan", "uniform(1500, 6000)",
              "[A] journeys, nights, a notary, heirs who must all sign", "what it costs owners elsewhere on top, median", 0.0, 1e6),
    Parameter("listing.closing_sd", 0.7, "log", "uniform(0.5, 0.9)", "[A] near or far, one heir or many", "", 0.0, 3.0),
    Parameter("listing.appraised", 0.9, "share", "uniform(0.8, 1.0)",
              "[R] state property is sold at its appraised value; below 90% of it only by leave of the owner's authority",
              "of the value, least price of the city's flats", 0.0, 1.0),
    Parameter("listing.unsettled", 0.15, "share", "uniform(0.05, 0.3)",
              "[A] every heir must sign before a notary; homes stay in the name of the dead for decades [R]",
              "homes of heirs that nobody can sell: heirs unknown, unreachable or at odds", 0.0, 1.0),
    Parameter("listing.theta_sd", 0.6, "log", "uniform(0.4, 0.8)", "[A] spread between owners", "", 0.001, 2.0),
    Parameter("listing.property_fee_lift", 0.8, "yuan/m2/month", "uniform(0.4, 1.2)", "[A] house with lift"),
    Parameter("listing.property_fee_walk", 0.2, "yuan/m2/month", "uniform(0.0, 0.4)", "[A] walk-up"),
    Parameter("listing.separate_valve", 0.7, "share", "uniform(0.5, 0.9)", "[A] houses where a single flat can be shut off",
              "", 0.0, 1.0),
    Parameter("listing.heat_fee_m2", 28.0, "yuan/m2/season", "fixed",
              "[S] one buyer's bill, low quality; used only without a heating process"),
    Parameter("listing.base_fee_share", 0.3, "share", "uniform(0.2, 0.5)",
              "[S] 20% elsewhere; used only without a heating process"),
    Parameter("listing.move_tenant", 0.25, "1/year", "normal(0.25, 0.08)", "[A] tenants who look for another home", "",
              0.0, 1.0),
    Parameter("listing.move_owner", 0.0588, "1/year", "fixed", "[S] INET housing model: owners hold 17 years", "", 0.0, 1.0),
    Parameter("listing.crowded_m2", 15.0, "m2/person", "fixed", "[A] below this the wish to move doubles"),
    Parameter("listing.sell_first_cash", 0.5, "share", "fixed", "[A] of the home's value; with less cash it is offered first"),
    Parameter("listing.need_months", 0.5, "months of income", "fixed", "[A] cash below this is need of money"),
    Parameter("listing.need_probability", 0.05, "1/year", "uniform(0.01, 0.1)", "[A] owners in need who offer their home", "",
              0.0, 1.0),
    Parameter("listing.invest_probability", 0.01, "1/year", "uniform(0.0, 0.02)", "[A] households who look for a second home",
              "", 0.0, 1.0),
    Parameter("listing.invest_cash", 1.5, "share", "fixed", "[A] cash beyond the value of the own home that makes an investor"),
    Parameter("listing.presale_months", 18.0, "months", "fixed", "[A] before completion; flats on a site go on sale"),
)  # fmt: skip
SERIES: tuple[Series, ...] = (
    Series("new_listings", "homes", "flow", "homes put up for sale"),
    Series("price_cuts", "listings", "flow", "asking prices cut"),
    Series("withdrawals", "listings", "flow", "homes taken off the market unsold"),
)
BRANCHES: tuple[str, ...] = (
    "listing.leaving_town", "listing.inheritance", "listing.second_flat", "listing.investor_exit",
    "listing.developer_stock", "listing.better_home", "listing.need_of_money", "listing.cut", "listing.withdrawn",
    "listing.held_dark", "listing.loss_averse", "listing.public_surplus", "listing.undercut",
)  # fmt: skip
(
    _LEAVING,
    _HEIR,
    _SECOND,
    _INVESTOR,
    _DEVELOPER,
    _BETTER,
    _NEED,
    _CUT,
    _WITHDRAWN,
    _DARK,
    _LOSS,
    _SURPLUS,
    _UNDERCUT,
) = range(13)
#: Offset of the draw that says whether an estate is settled, beside the owner's other traits.
UNSETTLED = 1 << 20
#: Months on the market before owners begin to withdraw.
PATIENCE = 12

_LISTED, _CUT_EVENT, _WITHDRAWN_EVENT = EVENT["listed"], EVENT["price_cut"], EVENT["withdrawn"]
_R_LEAVING, _R_HEIR, _R_SECOND = REASON["leaving_town"], REASON["inheritance"], REASON["second_flat"]
_R_INVESTOR, _R_DEVELOPER = REASON["investor_exit"], REASON["developer_stock"]
_R_BETTER, _R_NEED, _R_SURPLUS = REASON["better_home"], REASON["need_of_money"], REASON["low_demand"]

#: Offers made for a home, lognormal: standard scores and weights of five, highest first (Gauss-Hermite).
OFFERS = (
    (2.8569700138728, 0.0112574113277), (1.3556261799742, 0.2220759220057), (0.0, 0.5333333333333),
    (-1.3556261799742, 0.2220759220057), (-2.8569700138728, 0.0112574113277),
)  # fmt: skip
#: The highest asking price, in 10,000 fen: what an ask of four bytes holds.
MOST = 214_748
#: Homes and families whose luck is drawn together.
BLOCK = 1024
#: Segments of the market in each settlement: fitted out or bare shell, and up many stairs or not.
SEGMENTS = 4
#: Highest floor without a lift that people do not mind much.
HIGH = 4


@helper
def segment(D, B, d):
    """Segment of the market in which owners see how fast homes go."""
    stairs = B.lift[D.building[d]] == 0 and D.floor[d] > HIGH
    return SEGMENTS * D.settlement[d] + (2 if D.fitted[d] == 0 else 0) + (1 if stairs else 0)


@helper
def carry(D, B, d, terms):
    """Cost of keeping dwelling d empty, fen a month: (base) heating fee and property fee."""
    total = 0.0
    area = np.float64(D.area[d])
    if D.heating[d] == DISTRICT_HEAT:
        total += terms.heat * (terms.base_share if D.heat_off[d] else 1.0) * area
    if D.title[d] != HOMESTEAD:
        total += (terms.fee_lift if B.lift[D.building[d]] else terms.fee_walk) * area
    return total


@helper
def reservation(worth, keep, q, terms, growth):
    """Reservation price (fen, may be negative) of an owner whose home is worth `worth` and who gains `keep` a month
    by keeping it, with an offer a month with probability q."""
    beta = 1.0 - terms.r / 12.0
    k = max(1.0 - beta * (1.0 + terms.trend * growth / 12.0), 0.001)
    gain, mass = 0.0, 0.0
    price = keep / k
    for j in range(len(OFFERS)):
        offer = worth * terms.offers[j]
        if price >= offer:
            return price
        gain += OFFERS[j][1] * offer
        mass += OFFERS[j][1]
        price = (keep + beta * q * gain) / (k + beta * q * mass)
    return price


@helper
def elsewhere(D, H, d):
    """Whether the owner of d lives outside the city."""
    kind = D.owner_kind[d]
    return kind == BY_HEIR or kind == BY_INVESTOR or (kind == BY_HOUSEHOLD and H.state[D.owner[d]] == ABSENT)


@helper
def unsettled(D, d, terms, seed):
    """Whether d belongs to heirs who will never agree to sell it."""
    if D.owner_kind[d] != BY_HEIR:
        return False
    a, _, _, _ = draw4(seed, D.key[d], np.int64(D.bought[d]) + UNSETTLED, LISTING_HOLD)
    return unit(a) < terms.unsettled


@helper
def closing(D, H, d, terms, seed):
    """What selling d costs its seller himself, fen."""
    cost = terms.closing
    if elsewhere(D, H, d):
        _, _, a, b = draw4(seed, D.key[d], D.bought[d], LISTING_HOLD)
        cost += terms.closing_far * terms.dear[score(a, b)]
    return cost


@helper
def holding(D, B, H, d, worth, market, terms, seed, month):
    """Net benefit b of keeping dwelling d, fen a month: theta of its owner x likely rent, less the cost of an empty home.
    `market`: rent over the square root of price, of the district's mean home per m2. A home lived in is worth its rent, a
    bare shell what is left of it after the interest on fitting it out."""
    rent = market * np.sqrt(max(worth, 0.0) * D.area[d] / 10.0)
    if D.occupant[d] != 0:
        return rent
    if D.fitted[d] == 0:
        rent = max(rent - terms.r / 12.0 * terms.fitting * D.area[d], 0.0)
    kind = D.owner_kind[d]
    median = 0.0
    if kind == BY_HOUSEHOLD:
        median = terms.theta_absent if H.state[D.owner[d]] == ABSENT else terms.theta_local
    elif kind == BY_HEIR:
        median = terms.theta_heir
    elif kind == BY_INVESTOR:
        median = terms.theta_investor
    if median > 0.0:
        a, b, _, _ = draw4(seed, D.key[d], D.bought[d], LISTING_HOLD)
        rent *= median * terms.use[score(a, b)]
    else:
        rent = 0.0
    if elsewhere(D, H, d):
        rent = rent * terms.fades[month - D.vacant_since[d]] - terms.distance
    return rent - carry(D, B, d, terms)


@helper
def least_price(D, B, H, d, worth, market, q, growth, terms, seed, month):
    """Lowest price (fen) at which the owner of d sells: what selling costs him and his reservation price net of it.
    What belongs to the city goes at its appraised value, or a little under it when nobody bids."""
    if D.owner_kind[d] == BY_CITY:
        return terms.appraised * worth
    if unsettled(D, d, terms, seed):
        return 1e18
    cost = closing(D, H, d, terms, seed)
    keep = holding(D, B, H, d, worth, market, terms, seed, month)
    return cost + reservation(max(worth - cost, 0.0), keep, q, terms, growth)


@helper
def builder_floor(D, B, d, terms):
    """What a builder takes at least for d, fen: a share of what it costs to build such a flat."""
    return (terms.floor_lift if B.lift[D.building[d]] != 0 else terms.floor_walk) * D.area[d]


@helper
def first_ask(D, B, d, worth, floor, at_once, terms, seed, month, fired):
    """Opening asking price, fen, rounded to 10,000 fen: the usual mark-up, or less where a lower ask earns more. `at_once`:
    share of its worth at which the home is sold within the month (`sold_at_once`), and nobody asks less."""
    a, b, _, _ = draw4(seed, D.key[d], month, LISTING_ASK)
    noise = min(max(1.0 + terms.markup_sd * gauss(a, b), 0.8), 1.3)
    best = max(floor, 0.0) / (1.0 - 1.0 / terms.elastic)
    ask = worth * terms.markup
    if best < ask and D.owner_kind[d] != BY_DEVELOPER:
        ask = max(best, at_once * worth)
        fired[_UNDERCUT] += 1
    ask *= noise
    paid = np.float64(D.paid[d])
    if paid > worth:
        loss = terms.loss * (0.5 if D.owner_kind[d] == BY_INVESTOR else 1.0)
        ask *= exp(loss * log(paid / worth))
        fired[_LOSS] += 1
    ask = max(ask, floor)
    return min(max(np.int64(ask / 10000.0 + 0.5), 1), MOST) * 10000


@helper
def home_ahead(D, d):
    """Have what a seller knows of home d on its way from memory."""
    prefetch(
        (
            D.building, D.owner, D.owner_kind, D.occupant, D.settlement, D.key, D.bought, D.paid, D.area, D.condition,
            D.vacant_since, D.floor, D.title, D.heating, D.fitted, D.district, D.listed_since, D.ask, D.heat_off,
        ), d,
    )  # fmt: skip


@helper
def owner_ahead(D, B, H, d):
    """The same of its house and its owner, when `home_ahead` has told which."""
    b = D.building[d]
    prefetch((B.floors, B.built, B.key, B.units, B.occupied, B.lift, B.state), b)
    prefetch((H.state,), D.owner[d])


@kernel
def watch(D, first, stop, flag, out):
    """Rows [first, stop) of homes on sale or that may come on sale, into `out`; returns how many. `flag`: scratch of a block."""
    n = 0
    for begin in range(first, stop, flag.size):
        end = min(begin + flag.size, stop)
        for r in range(begin, end):
            d = np.uint64(r)
            standing, site = D.state[d] == STANDING, D.state[d] == BUILDING_SITE
            empty = standing & (D.use[d] == VACANT) & (D.abandoned[d] == 0) & (D.owner_kind[d] != BY_EMPLOYER)
            fresh = (D.listed[d] == NOT_LISTED) & (empty | site & (D.owner_kind[d] == BY_DEVELOPER))
            on_sale = (standing | site) & ((D.listed[d] == FOR_SALE) | (D.listed[d] == FOR_BOTH))
            flag[np.uint64(r - begin)] = (D.title[d] != HOMESTEAD) & (fresh | on_sale)
        n = pack(flag[: end - begin], begin, out, n)
    return n


@kernel
def scan(
    D, B, H, E, places, beta, level, growth, hazard, at_once, market, seed, month, terms, counts, fired, lowered, flag, scratch, x,
    first, stop,
):  # fmt: skip
    """Offer, cut, withdraw for rows [first, stop). counts[3, nd + 1]: new listings, cuts, withdrawals. Returns how many
    second-hand homes were lowered (rows in `lowered`, which first takes those looked at). Scratch: `x`; of a block `flag`, `scratch`."""
    n_lowered = 0
    n = watch(D, first, stop, flag, lowered)
    on_keys, off_keys, cuts, attention, acts, luck = scratch
    for begin in range(0, n, on_keys.size):
        # luck first: of those on sale whether to cut, of the others whether their owners think of it
        block = lowered[begin : min(begin + on_keys.size, n)]
        n_on, n_off = 0, 0
        for k in range(block.size):
            if D.listed[block[k]] != NOT_LISTED:
                on_keys[n_on] = D.key[block[k]]
                n_on += 1
            else:
                off_keys[n_off] = D.key[block[k]]
                n_off += 1
        fill4(seed, on_keys[:n_on], month, LISTING_CUT, cuts)
        fill(seed, off_keys[:n_off], month, LISTING_ATTENTION, attention)
        n_acts, n_on, n_off = 0, 0, 0
        for k in range(block.size):
            if k + 12 < block.size:
                prefetch(
                    (D.owner_kind, D.state, D.vacant_since, D.heating, D.heat_off, D.listed_since, D.building), block[k + 12],
                )  # fmt: skip
            d = np.int64(block[k])
            kind = D.owner_kind[d]
            acts[n_acts], luck[n_acts] = d, n_on
            if D.listed[d] == NOT_LISTED:
                word = attention[n_off]
                n_off += 1
                if D.state[d] == BUILDING_SITE and B.built[D.building[d]] - month > terms.presale:
                    continue
                if kind == BY_DEVELOPER:
                    n_acts += 1
                    continue
                if kind == BY_CITY and (D.funder[d] == 0 or month - D.completed[d] <= terms.surplus):
                    continue
                if D.heating[d] == DISTRICT_HEAT and D.heat_off[d] == 0 and D.vacant_since[d] < month:
                    v, _, _, _ = draw4(seed, B.key[D.building[d]], 0, HEAT_VALVE)
                    if unit(v) < terms.valve:
                        D.heat_off[d] = 1
                new = month - D.vacant_since[d] <= 6
                n_acts += (kind == BY_CITY) | (unit(word) < (terms.fresh if new else terms.later))
            else:
                a, b = cuts[0, n_on], cuts[1, n_on]
                n_on += 1
                n_acts += (D.listed_since[d] < month) & ((unit(a) < terms.withdrawal) | (unit(b) < terms.cut))
        for k in range(n_acts):
            if k + 8 < n_acts:
                home_ahead(D, acts[k + 8])
            if k + 4 < n_acts:
                owner_ahead(D, B, H, acts[k + 4])
            d = np.int64(acts[k])
            listed = D.listed[d]
            kind = D.owner_kind[d]
            i = D.district[d]
            if listed == NOT_LISTED:
                if kind == BY_DEVELOPER:
                    worth = value(D, B, places, d, month, x, beta, level)
                    D.ask[d] = first_ask(
                        D, B, d, worth, builder_floor(D, B, d, terms), 1.0, terms, seed, month, fired
                    )
                    D.listed[d] = FOR_SALE
                    D.listed_since[d] = month
                    counts[0, i] += 1
                    fired[_DEVELOPER] += 1
                    emit(E, month, _LISTED, _R_DEVELOPER, i, 0, 0, d, 0, D.ask[d])
                    continue
                worth = value(D, B, places, d, month, x, beta, level)
                q = hazard[segment(D, B, d)]
                floor = least_price(D, B, H, d, worth, market[i], q, growth[i], terms, seed, month)
                if floor > terms.best_offer * worth:
                    fired[_DARK] += 1
                    continue
                D.ask[d] = first_ask(
                    D, B, d, worth, floor, at_once[segment(D, B, d)], terms, seed, month, fired
                )
                D.listed[d] = FOR_SALE
                D.listed_since[d] = month
                counts[0, i] += 1
                owner = D.owner[d]
                reason = _R_SECOND
                if kind == BY_HEIR:
                    reason = _R_HEIR
                    fired[_HEIR] += 1
                elif kind == BY_INVESTOR:
                    reason = _R_INVESTOR
                    fired[_INVESTOR] += 1
                elif kind == BY_HOUSEHOLD and H.state[owner] == ABSENT:
                    reason = _R_LEAVING
                    fired[_LEAVING] += 1
                elif kind == BY_CITY:
                    reason = _R_SURPLUS
                    fired[_SURPLUS] += 1
                else:
                    fired[_SECOND] += 1
                emit(E, month, _LISTED, reason, i, 0, owner, d, 0, D.ask[d])
            else:
                a, b, c, e = cuts[0, luck[k]], cuts[1, luck[k]], cuts[2, luck[k]], cuts[3, luck[k]]
                patient = kind == BY_DEVELOPER or kind == BY_CITY or month - D.listed_since[d] <= PATIENCE
                if unit(a) < terms.withdrawal and not patient:
                    D.listed[d] = FOR_RENT if listed == FOR_BOTH else NOT_LISTED
                    D.listed_since[d] = month if listed == FOR_BOTH else 0
                    counts[2, i] += 1
                    fired[_WITHDRAWN] += 1
                    emit(E, month, _WITHDRAWN_EVENT, 0, i, 0, D.owner[d], d, 0, D.ask[d])
                elif unit(b) < terms.cut:
                    ask = D.ask[d] * (1.0 - min(terms.cuts[score(c, e)] / 100.0, 0.5))
                    if kind == BY_DEVELOPER:
                        floor = builder_floor(D, B, d, terms)
                    else:
                        worth = value(D, B, places, d, month, x, beta, level)
                        floor = least_price(
                            D,
                            B,
                            H,
                            d,
                            worth,
                            market[i],
                            hazard[segment(D, B, d)],
                            growth[i],
                            terms,
                            seed,
                            month,
                        )
                    new = np.int64(max(np.int64(max(ask, floor) / 10000.0 + 0.5), 1)) * 10000
                    if new < D.ask[d]:
                        D.ask[d] = new
                        counts[1, i] += 1
                        fired[_CUT] += 1
                        emit(E, month, _CUT_EVENT, 0, i, 0, D.owner[d], d, 0, new)
                        if kind != BY_DEVELOPER:
                            lowered[n_lowered] = d
                            n_lowered += 1
    return n_lowered


@kernel
def reconsider(
    H, D, B, E, places, beta, level, seed, month, terms, tenant, owner_rate, crowded, sell_first, need_months, need,
    invest, invest_cash, counts, fired, rows, out_h, out_motive, block, keys, words, lucky, x,
):  # fmt: skip
    """The yearly look of the households `rows` at their own situation. Returns how many seek (out_h, out_motive). `block`, `keys`,
    `words`, `lucky`: scratch of a block; `x`: scratch."""
    n = 0
    seldom = 2.0 * max(owner_rate, tenant)
    for begin in range(0, rows.size, keys.size):
        # luck first: all else about a family is far apart in memory
        size = 0
        for k in range(begin, min(begin + keys.size, rows.size)):
            if k + 16 < rows.size:
                prefetch((H.key, H.state), rows[k + 16])
            block[size], keys[size] = rows[k], H.key[rows[k]]
            size += H.state[rows[k]] == ACTIVE
        fill4(seed, keys[:size], month, LISTING_RECONSIDER, words)
        n_lucky = 0
        for k in range(size):
            lucky[n_lucky] = k
            n_lucky += (
                (unit(words[0, k]) < seldom) | (unit(words[1, k]) < need) | (unit(words[2, k]) < invest)
            )
        for i in range(n_lucky):
            if i + 12 < n_lucky:
                h = block[lucky[i + 12]]
                prefetch((H.dwelling, H.size, H.tenure, H.moved, H.owned, H.cash, H.income), h)
            if i + 6 < n_lucky:
                home_ahead(D, H.dwelling[block[lucky[i + 6]]])
            if i + 3 < n_lucky:
                owner_ahead(D, B, H, H.dwelling[block[lucky[i + 3]]])
            h = np.int64(block[lucky[i]])
            a, b, c = words[0, lucky[i]], words[1, lucky[i]], words[2, lucky[i]]
            often = 2.0 * (owner_rate if H.tenure[h] == OWNER else tenant)
            if unit(a) >= often and unit(b) >= need and unit(c) >= invest:
                continue
            d = H.dwelling[h]
            if d == 0 or H.size[h] < 1 or H.moved[h] >= month - 6:
                continue
            per_head = D.area[d] / 10.0 / max(H.size[h], 1)
            twice = 2.0 if per_head < crowded else 1.0
            if H.tenure[h] != OWNER:
                if unit(a) < min(tenant * twice, 1.0):
                    out_h[n] = h
                    out_motive[n] = WANT_MOVE
                    n += 1
                continue
            wish = unit(a) < min(owner_rate * twice, 1.0)
            short = H.cash[h] < need_months * H.income[h] and unit(b) < need
            rich = unit(c) < invest
            if not (wish or short or rich):
                continue
            worth = value(D, B, places, d, month, x, beta, level)
            i = D.district[d]
            if wish and (H.cash[h] >= sell_first * worth or D.title[d] == HOMESTEAD or H.owned[h] > 1):
                out_h[n] = h
                out_motive[n] = WANT_MOVE
                n += 1
            elif (wish or short) and D.title[d] != HOMESTEAD and D.listed[d] == NOT_LISTED:
                D.ask[d] = first_ask(D, B, d, worth, worth, 1.0, terms, seed, month, fired)
                D.listed[d] = FOR_SALE
                D.listed_since[d] = month
                counts[0, i] += 1
                fired[_BETTER if wish else _NEED] += 1
                emit(E, month, _LISTED, _R_BETTER if wish else _R_NEED, i, 0, h, d, 0, D.ask[d])
            elif rich and H.cash[h] >= invest_cash * worth:
                out_h[n] = h
                out_motive[n] = WANT_INVEST
                n += 1
    return n


@kernel
def open_market(D, B, H, places, beta, level, growth, hazard, at_once, market, seed, month, terms, fired, x):
    """Listings of the base month: willing owners of vacant homes are on offer with their long-run share. What is offered
    for little would have been sold."""
    for d in range(1, D.used[0]):
        if D.state[d] != STANDING or D.use[d] != VACANT or D.title[d] == HOMESTEAD:
            continue
        if D.owner_kind[d] == BY_CITY or D.owner_kind[d] == BY_EMPLOYER:
            continue
        if D.heating[d] == DISTRICT_HEAT and D.heat_off[d] == 0:
            v, _, _, _ = draw4(seed, B.key[D.building[d]], 0, HEAT_VALVE)
            if unit(v) < terms.valve:
                D.heat_off[d] = 1
        worth = value(D, B, places, d, month, x, beta, level)
        i = D.district[d]
        q = hazard[segment(D, B, d)]
        floor = least_price(D, B, H, d, worth, market[i], q, growth[i], terms, seed, month)
        a, b, _, _ = draw4(seed, D.key[d], month, LISTING_ATTENTION)
        ask = first_ask(D, B, d, worth, floor, at_once[segment(D, B, d)], terms, seed, month, fired)
        if D.owner_kind[d] != BY_DEVELOPER:
            sold = min(q * exp(terms.elastic * log(worth / ask)), 1.0)
            share = terms.later / (terms.later + terms.withdrawal + sold)
            if floor > terms.best_offer * worth or unit(a) >= share:
                continue
        D.ask[d] = ask
        D.listed[d] = FOR_SALE
        D.listed_since[d] = month - np.int64(unit(b) * 24.0)


def offers_of(sd: float) -> np.ndarray:
    """float64[5], the offers as shares of worth; `sd` of their logs."""
    return np.array([exp(sd * z - 0.5 * sd * sd) for z, _ in OFFERS])


def heat_terms(world: World) -> tuple[float, float]:
    """Full heating fee (yuan per m2 and season) and the share due while the heat is off."""
    p = world.params
    fee = p["heating.fee_m2"] if "heating.fee_m2" in p.declared else p["listing.heat_fee_m2"]
    base = (
        p["heating.base_fee_share"] if "heating.base_fee_share" in p.declared else p["listing.base_fee_share"]
    )
    return fee, base


@lru_cache(64)
def _lognormal(mu: float, sigma: float) -> np.ndarray:
    """exp(mu + sigma z) by the score of a draw; nobody writes to it."""
    table = mu + sigma * gauss_values()
    exp_all(table)
    return table


@lru_cache(4)
def _fading(a_year: float) -> np.ndarray:
    """exp(-rate) by months, as many as tables have room for; nobody writes to it."""
    table = -(a_year / 12.0) * np.arange(2.0**15)
    exp_all(table)
    return table


def terms_of(world: World) -> View:
    """This month's terms of keeping and selling: fees in fen per 0.1 m2 and month, offers as shares of worth; growth and
    hazards by district are in arrays apart. By the score of a draw: use owners have of a home, what a sale from afar costs,
    cuts in per cent; by months empty: what is left of its use to an owner who lives elsewhere."""
    p = world.params
    fee, base = heat_terms(world)
    ten = world.pack.config.minor_units / 10.0
    prices = float(world.driver("cpi", 1.0))
    yuan = world.pack.config.minor_units * prices
    floors = [
        p["developers.floor_share"] * developers.replacement_cost(world, lift) * ten for lift in (0.0, 1.0)
    ]
    return View(
        "terms",
        {
            "heat": float(fee / 12.0 * ten), "base_share": float(base), "fee_lift": p["listing.property_fee_lift"] * ten,
            "fee_walk": p["listing.property_fee_walk"] * ten, "r": p["listing.discount_year"],
            "trend": p["listing.trend_weight"] * p["listing.trend_lasts"], "offers": offers_of(p["listing.offer_sd"]),
            "loss": p["listing.loss_aversion"], "markup": p["listing.markup"], "markup_sd": p["listing.markup_sd"],
            "fresh": p["listing.attention_fresh"], "later": p["listing.attention_later"],
            "withdrawal": p["listing.withdrawal"], "cut": p["listing.cut_probability"],
            "cuts": _lognormal(p["listing.cut_mu"], p["listing.cut_sigma"]),
            "theta_local": p["listing.theta_local"], "theta_absent": p["listing.theta_absent"],
            "theta_heir": p["listing.theta_heir"], "theta_investor": p["listing.theta_investor"],
            "use": _lognormal(0.0, p["listing.theta_sd"]), "valve": p["listing.separate_valve"],
            "presale": p["listing.presale_months"], "floor_walk": floors[0], "floor_lift": floors[1],
            "surplus": p["resettlement.surplus_months"], "best_offer": float(exp(1.28 * p["listing.offer_sd"])),
            "fitting": float(p["fitting_out.cost_m2"] * ten * prices), "elastic": p["listing.elasticity"],
            "fades": _fading(p["listing.theta_fades"]), "distance": p["listing.distance"] * yuan,
            "closing": p["listing.closing"] * yuan, "closing_far": p["listing.closing_far"] * yuan,
            "dear": _lognormal(0.0, p["listing.closing_sd"]), "unsettled": p["listing.unsettled"],
            "appraised": p["listing.appraised"],
        },
    )  # fmt: skip


def market_of(world: World) -> np.ndarray:
    """Rent over the square root of price of the districts' mean homes, so that rent = market sqrt(value x m2), in fen."""
    price = np.maximum(world.signal["price_m2"], 1.0)
    return np.asarray(world.signal["rent_m2"] * np.sqrt(world.pack.config.minor_units / price), np.float64)


def sold_at_once(world: World) -> np.ndarray:
    """Share of its worth at which a home is sold within the month, by segment of the market: its chance of a sale a month at
    the usual price rises as price^-e."""
    share = world.memory["listing.sale_hazard"].copy()
    log_all(share)
    share /= world.params["listing.elasticity"]
    exp_all(share)
    return np.asarray(share)


def start(world: World) -> None:
    """Opening listings of the base city."""
    hedonic_index.start(world)
    world.memory["listing.sale_hazard"] = np.full(SEGMENTS * len(world.settlements) + 1, 0.04)
    world.memory["listing.lowered"] = np.zeros(0, np.int32)
    world.signal["rent_m2"][:] = tenancy.base_rent(world)
    m = world.memory
    open_market(
        world.dwellings.view(), world.buildings.view(), world.households.view(), m["hedonic_index.places"],
        m["hedonic_index.beta"], m["hedonic_index.level"], world.signal["price_change_year"], m["listing.sale_hazard"],
        sold_at_once(world), market_of(world), world.seed, world.month, terms_of(world), np.zeros(len(BRANCHES), np.int64),
        np.zeros(N_FEATURES),
    )  # fmt: skip


def step(world: World) -> None:
    """Homes marked for demolition are left, owners offer, cut and withdraw, households reconsider."""
    demolition.evict(world)
    construction.hand_over(world)
    m, p, nd = world.memory, world.params, world.nd
    terms = terms_of(world)
    H, D, B = world.households.view(), world.dwellings.view(), world.buildings.view()
    places, beta, level = m["hedonic_index.places"], m["hedonic_index.beta"], m["hedonic_index.level"]
    growth, market, at_once = world.signal["price_change_year"], market_of(world), sold_at_once(world)

    def tallies() -> tuple[np.ndarray, np.ndarray]:
        return np.zeros((3, nd + 1), np.int64), np.zeros(len(BRANCHES), np.int64)

    # owners and families decide each about homes of their own, so they can do it side by side
    def offer(log: View, first: int, stop: int) -> tuple[np.ndarray, ...]:
        found, lowered = tallies(), np.empty(stop - first + 1, np.int32)
        scratch = (
            np.empty(BLOCK, np.uint64), np.empty(BLOCK, np.uint64), np.empty((4, BLOCK), np.uint32), np.empty(BLOCK, np.uint32),
            np.empty(BLOCK + 1, np.int32), np.empty(BLOCK + 1, np.int32),
        )  # fmt: skip
        n = scan(
            D, B, H, log, places, beta, level, growth, m["listing.sale_hazard"], at_once, market, world.seed, world.month, terms,
            *found, lowered, np.empty(BLOCK, np.uint8), scratch, np.zeros(N_FEATURES), first, stop,
        )  # fmt: skip
        return *found, lowered[:n].copy()

    def look(log: View, first: int, stop: int) -> tuple[np.ndarray, ...]:
        found = tallies()
        rows = turn[first:stop]
        who, motive = np.empty(len(rows), np.int32), np.empty(len(rows), np.int8)
        n = reconsider(
            H, D, B, log, places, beta, level, world.seed, world.month, terms, p["listing.move_tenant"],
            p["listing.move_owner"], p["listing.crowded_m2"], p["listing.sell_first_cash"], p["listing.need_months"],
            p["listing.need_probability"], p["listing.invest_probability"], p["listing.invest_cash"], *found, rows, who, motive,
            np.empty(BLOCK, np.int32), np.empty(BLOCK, np.uint64), np.empty((4, BLOCK), np.uint32),
            np.empty(BLOCK + 1, np.int32), np.zeros(N_FEATURES),
        )  # fmt: skip
        return *found, who[:n].copy(), motive[:n].copy()

    offered = world.map_events(offer, world.dwellings.n)
    turn = turns.families(world, shift=40)
    looked = world.map_events(look, len(turn), first=0, chunk=4096)
    counts, fired = (sum(part[i] for part in (*offered, *looked)) for i in range(2))
    m["listing.lowered"] = np.concatenate([part[2] for part in offered])
    who, motive = (np.concatenate([part[i] for part in looked]) for i in (2, 3))
    for wish in (WANT_MOVE, WANT_INVEST):
        mine = who[motive == wish]
        world.seek(mine, wish, world.households.district[mine])
    for row, name in enumerate(("new_listings", "price_cuts", "withdrawals")):
        world.counter(name)[:] += counts[row]
    for branch, count in zip(BRANCHES, fired.tolist(), strict=True):
        world.fired[branch] += count


__all__ = ["BRANCHES", "INVEST", "NO_TITLE", "PARAMETERS", "SERIES", "features", "start", "step"]
