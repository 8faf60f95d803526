"""Recount: every list, bijection and holder's balance counted again from the tables (law 1).

Run every month in every run; one pass over households and dwellings, one over persons.
"""

from __future__ import annotations

import numpy as np

from krimp.state.codes import (
    ACTIVE,
    BY_HOUSEHOLD,
    HOSTEL,
    OWNER,
    OWNER_OCCUPIED,
    RENTED,
    RESIDENT,
    SECOND_HOME,
    STANDING,
    VACANT,
)
from krimp.state.compile import kernel
from krimp.state.world import World

_WORDS = (
    "residents whose household is not active",
    "household members not counted in any list",
    "people with a household who are not residents",
    "active households whose list and size differ",
    "active households without members",
    "active households without a home that knows them",
    "households that are not active but have members",
    "owners' lists that differ from their count",
    "dwellings whose occupant lives elsewhere",
    "occupied dwellings of the wrong use",
    "empty dwellings of the wrong use",
    "dwellings in use that do not stand",
    "dwellings owned by a household that does not list them",
    "tenures that differ from the deed",
    "partners who do not know each other",
    "residents neither in a household nor in a collective place",
)


@kernel
def _people(state, household, collective, partner, h_state, out, first, stop):
    members = 0
    for p in range(first, stop):
        h = household[p]
        if state[p] == RESIDENT:
            if h > 0:
                members += 1
                if h_state[h] != ACTIVE:
                    out[0] += 1
            elif collective[p] == 0:
                out[15] += 1
            q = partner[p]
            if q > 0 and partner[q] != p:
                out[14] += 1
        elif h > 0:
            out[2] += 1
    return members


@kernel
def _households(first, size, state, dwelling, estate, owned, tenure, nxt, household, d_occupant, d_next, d_owner, d_kind,
                out, homes, begin, end):  # fmt: skip
    members = 0
    for h in range(begin, end):
        n = 0
        p = first[h]
        while p != 0 and n <= size[h]:
            if household[p] != h:
                out[3] += 1
            n += 1
            p = nxt[p]
        if n != size[h]:
            out[3] += 1
        if state[h] == ACTIVE:
            members += n
            if n == 0:
                out[4] += 1
            if homes:
                d = dwelling[h]
                if d == 0 or d_occupant[d] != h:
                    out[5] += 1
                elif (tenure[h] == OWNER) != (d_kind[d] == BY_HOUSEHOLD and d_owner[d] == h):
                    out[13] += 1
        elif n != 0:
            out[6] += 1
        n = 0
        d = estate[h]
        while d != 0 and n <= owned[h]:
            if d_owner[d] != h or d_kind[d] != BY_HOUSEHOLD:
                out[7] += 1
            n += 1
            d = d_next[d]
        if n != owned[h]:
            out[7] += 1
    return members


@kernel
def _dwellings(state, use, occupant, owner, owner_kind, h_dwelling, h_state, out, begin, end):
    deeds = 0
    for d in range(begin, end):
        h = occupant[d]
        if h > 0 and (h_dwelling[h] != d or h_state[h] != ACTIVE):
            out[8] += 1
        if state[d] == STANDING:
            if h > 0:
                if use[d] != OWNER_OCCUPIED and use[d] != RENTED:
                    out[9] += 1
            elif use[d] != VACANT and use[d] != HOSTEL and use[d] != SECOND_HOME:
                out[10] += 1
        elif use[d] != 0 or h > 0:
            out[11] += 1
        if owner_kind[d] == BY_HOUSEHOLD:
            deeds += 1
            if owner[d] == 0:
                out[12] += 1
    return deeds


@kernel
def _sum(values):
    total = np.int64(0)
    for i in range(values.size):
        total += values[i]
    return total


def faults(world: World, homes: bool = True) -> list[str]:
    """What does not add up now, as sentences; `homes=False` lets people be between homes (inside a month)."""
    persons, h, d = world.persons, world.households, world.dwellings
    out = np.zeros(len(_WORDS), np.int64)

    def people(_: int, first: int, stop: int) -> tuple[int, np.ndarray]:
        mine = np.zeros(len(_WORDS), np.int64)
        n = _people(
            persons.state, persons.household, persons.collective, persons.partner, h.state, mine, first, stop
        )
        return n, mine

    parts = world.map_chunks(people, persons.n)
    in_households = sum(n for n, _ in parts)
    for _, mine in parts:
        out += mine

    def families(_: int, first: int, stop: int) -> tuple[int, np.ndarray]:
        mine = np.zeros(len(_WORDS), np.int64)
        n = _households(
            h.first, h.size, h.state, h.dwelling, h.estate, h.owned, h.tenure, persons.next, persons.household,
            d.occupant, d.next_owned, d.owner, d.owner_kind, mine, homes, first, stop,
        )  # fmt: skip
        return n, mine

    def deeds_of(_: int, first: int, stop: int) -> tuple[int, np.ndarray]:
        mine = np.zeros(len(_WORDS), np.int64)
        n = _dwellings(
            d.state, d.use, d.occupant, d.owner, d.owner_kind, h.dwelling, h.state, mine, first, stop
        )
        return n, mine

    parts = world.map_chunks(families, h.n)
    listed = sum(n for n, _ in parts)
    stock = world.map_chunks(deeds_of, d.n)
    deeds = sum(n for n, _ in stock)
    for _, mine in (*parts, *stock):
        out += mine
    if homes:
        out[1] = abs(in_households - listed)
        out[12] += abs(deeds - int(_sum(h.owned)))
    else:
        out[[0, 4, 5, 13]] = 0
    found = [f"{n} {words}" for n, words in zip(out, _WORDS, strict=True) if n]
    for table, account in ((h, "households.cash"), (world.shops, "shops.cash")):
        held = int(_sum(table.cash))
        if held != world.ledger[account]:
            found.append(f"holders of {account} have {held}, the ledger {world.ledger[account]}")
    return found
