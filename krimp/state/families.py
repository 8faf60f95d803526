"""Who lives with whom and who owns what: the only code that edits membership and ownership lists.

Helpers for event-sized loops (a few thousand calls a month). `P`, `H`, `D` are views of persons, households
and dwellings. Every helper keeps the lists, sizes and ids in step; the month's recount checks them.
"""

from __future__ import annotations

import numpy as np

from krimp.state.codes import (
    ABSENT,
    ACTIVE,
    BY_HEIR,
    BY_HOUSEHOLD,
    DISSOLVED,
    FREE,
    NO_TENURE,
    OWNER,
    OWNER_OCCUPIED,
    RENTED,
    TENANT,
    VACANT,
)
from krimp.state.compile import helper, prefetch
from krimp.state.purposes import KEY_HOUSEHOLD
from krimp.state.random import derive


@helper
def foresee(P, H, rows, i):
    """At place i of a loop over the people in `rows`: have their rows, families and housemates to come on their way from
    memory, in the order in which one is found from the other."""
    if i + 24 < rows.size:
        p = rows[i + 24]
        prefetch(
            (P.state, P.birth, P.key, P.sex, P.activity, P.marital, P.household, P.partner, P.district, P.left, P.next), p,
        )  # fmt: skip
    if i + 16 < rows.size:
        h, q = P.household[rows[i + 16]], P.partner[rows[i + 16]]
        prefetch((H.first, H.size, H.state, H.dwelling, H.cash), h)
        prefetch((P.household, P.state), q)
    if i + 8 < rows.size:
        q = H.first[P.household[rows[i + 8]]]
        prefetch((P.birth, P.next), q)


@helper
def unlink(P, H, p):
    """Take person p out of his household's list; an emptied household keeps its home until `end_household`."""
    h = P.household[p]
    if h == 0:
        return
    if H.first[h] == p:
        H.first[h] = P.next[p]
    else:
        q = H.first[h]
        while P.next[q] != p:
            q = P.next[q]
        P.next[q] = P.next[p]
    P.next[p] = 0
    P.household[p] = 0
    H.size[h] -= 1


@helper
def link(P, H, p, h):
    """Put person p (in no household) at the end of household h's list and into its district."""
    P.household[p] = h
    P.next[p] = 0
    if H.first[h] == 0:
        H.first[h] = p
    else:
        q = H.first[h]
        while P.next[q] != 0:
            q = P.next[q]
        P.next[q] = p
    H.size[h] += 1
    P.district[p] = H.district[h]


@helper
def move_person(P, H, p, h):
    """Person p moves into household h."""
    unlink(P, H, p)
    P.collective[p] = 0
    link(P, H, p, h)


@helper
def new_household(P, H, founder, month):
    """A new, homeless, moneyless household of `founder` alone in his district; room must be reserved. Returns its id."""
    h = np.int32(H.used[0])
    H.used[0] += 1
    H.key[h] = derive(P.key[founder], P.homes[founder], KEY_HOUSEHOLD)
    P.homes[founder] += 1
    H.state[h] = ACTIVE
    H.first[h] = 0
    H.size[h] = 0
    H.district[h] = P.district[founder]
    H.dwelling[h] = 0
    H.tenure[h] = NO_TENURE
    H.formed[h] = month
    H.moved[h] = month
    H.attachment[h] = np.uint8(H.key[h] >> np.uint64(56))
    unlink(P, H, founder)
    P.collective[founder] = 0
    link(P, H, founder, h)
    return h


@helper
def vacate(H, D, h, month):
    """Household h leaves its home: the dwelling becomes vacant and unlisted. Returns the dwelling (0 if homeless)."""
    d = H.dwelling[h]
    if d != 0:
        D.occupant[d] = 0
        D.use[d] = VACANT
        D.vacant_since[d] = month
        D.listed[d] = 0
        D.listed_since[d] = 0
        H.dwelling[h] = 0
    H.tenure[h] = NO_TENURE
    return d


@helper
def occupy(P, H, D, h, d, month):
    """Household h (homeless by now) moves into vacant dwelling d; members follow into its district.

    It is owner-occupier if it owns d, lives rent-free in a home of its employer or in one lent without rent,
    and is a tenant otherwise. Sets use, tenure and clears any listing.
    """
    H.dwelling[h] = d
    H.moved[h] = month
    D.occupant[d] = h
    D.vacant_since[d] = 0
    D.listed[d] = 0
    D.listed_since[d] = 0
    D.abandoned[d] = 0
    D.heat_off[d] = 0
    if D.owner_kind[d] == BY_HOUSEHOLD and D.owner[d] == h:
        D.use[d] = OWNER_OCCUPIED
        H.tenure[h] = OWNER
    else:
        D.use[d] = RENTED
        H.tenure[h] = TENANT if D.rent[d] > 0 else FREE
    district = D.district[d]
    if H.district[h] != district:
        H.district[h] = district
        p = H.first[h]
        while p != 0:
            P.district[p] = district
            p = P.next[p]


@helper
def disown(H, D, d):
    """Take dwelling d from its owner's list (no-op for owners that are no households)."""
    h = D.owner[d]
    if D.owner_kind[d] != BY_HOUSEHOLD or h == 0:
        return
    if H.estate[h] == d:
        H.estate[h] = D.next_owned[d]
    else:
        q = H.estate[h]
        while D.next_owned[q] != d:
            q = D.next_owned[q]
        D.next_owned[q] = D.next_owned[d]
    D.next_owned[d] = 0
    D.owner[d] = 0
    H.owned[h] -= 1
    if H.owned[h] == 0 and H.state[h] == ABSENT:
        H.state[h] = DISSOLVED


@helper
def own(H, D, d, owner_kind, h, month):
    """Hand dwelling d to a new owner: kind and, for `BY_HOUSEHOLD`, household h. Updates tenure if h lives in it."""
    disown(H, D, d)
    D.owner_kind[d] = owner_kind
    D.owner[d] = 0
    D.bought[d] = month
    if owner_kind == BY_HOUSEHOLD:
        D.owner[d] = h
        D.next_owned[d] = H.estate[h]
        H.estate[h] = d
        H.owned[h] += 1
    occupant = D.occupant[d]
    if occupant != 0:
        if owner_kind == BY_HOUSEHOLD and occupant == h:
            D.use[d] = OWNER_OCCUPIED
            H.tenure[occupant] = OWNER
        elif D.use[d] == OWNER_OCCUPIED:
            D.use[d] = RENTED
            H.tenure[occupant] = FREE


@helper
def end_household(H, D, h, month, leaves_town):
    """Close an empty household: its home falls vacant. It becomes ABSENT if it left town and owns something here,
    else DISSOLVED (its dwellings must then have been inherited, see `inherit`). Its cash is the caller's to move."""
    vacate(H, D, h, month)
    H.left[h] = month
    if leaves_town and H.owned[h] > 0:
        H.state[h] = ABSENT
    else:
        H.state[h] = DISSOLVED


@helper
def inherit(H, D, h, heir, month):
    """All dwellings of household h go to household `heir`, or to an heir elsewhere when `heir` is 0. Returns how many."""
    count = 0
    while H.estate[h] != 0:
        d = H.estate[h]
        if heir != 0:
            own(H, D, d, BY_HOUSEHOLD, heir, month)
        else:
            own(H, D, d, BY_HEIR, 0, month)
        count += 1
    return count
