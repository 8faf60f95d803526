"""Recount: every list, bijection, holder's balance and flow counted again from the tables (law 1).

Run every month in every run: one pass over persons, one over households with their lists, one over dwellings.
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


#: Flows that change the stocks of people and of homes by district: series and sign.
_PEOPLE_FLOWS = (
    ("births", 1), ("deaths", -1), ("in_migrants", 1), ("out_migrants", -1), ("moved_in", 1), ("moved_out", -1),
)  # fmt: skip
_HOME_FLOWS = (("completions", 1), ("demolitions", -1))


# Faults are counted in plain numbers and written once: a store into `out` inside the loops would double their time.


@kernel
def _people(state, household, collective, partner, district, h_state, out, residents, first, stop):
    """Residents by district; members, whose household must be active; partners."""
    members = 0
    inactive = 0
    strays = 0
    apart = 0
    nowhere = 0
    here = np.int64(0)
    run = 0  # neighbours in the table mostly live in one district
    for p in range(first, stop):
        h = household[p]
        lives = state[p] == RESIDENT
        inside = h > 0
        q = partner[p]
        if lives:
            if district[p] != here:
                residents[here] += run
                here = np.int64(district[p])
                run = 0
            run += 1
        members += lives & inside
        inactive += lives & inside & (h_state[h] != ACTIVE)
        nowhere += lives & (not inside) & (collective[p] == 0)
        strays += (not lives) & inside
        apart += lives & (q > 0) & (partner[q] != p)
    residents[here] += run
    out[0] += inactive
    out[2] += strays
    out[14] += apart
    out[15] += nowhere
    return members


@kernel
def _lists(first, size, state, nxt, household, out, start, stop):
    """Member lists against sizes and states."""
    members = 0
    wrong = 0
    empty = 0
    ended = 0
    for h in range(start, stop):
        n = 0
        p = first[h]
        while p != 0 and n <= size[h]:
            if household[p] != h:
                wrong += 1
            n += 1
            p = nxt[p]
        if n != size[h]:
            wrong += 1
        if state[h] == ACTIVE:
            members += n
            if n == 0:
                empty += 1
        elif n != 0:
            ended += 1
    out[3] += wrong
    out[4] += empty
    out[6] += ended
    return members


@kernel
def _estates(state, dwelling, estate, owned, tenure, d_occupant, d_next, d_owner, d_kind, out, start, stop):
    """Homes and deeds of households: the home knows its family, the list of holdings is as long as counted."""
    homeless = 0
    deed = 0
    wrong = 0
    holdings = 0
    for h in range(start, stop):
        if state[h] == ACTIVE:
            d = dwelling[h]
            if d == 0 or d_occupant[d] != h:
                homeless += 1
            elif (tenure[h] == OWNER) != (d_kind[d] == BY_HOUSEHOLD and d_owner[d] == h):
                deed += 1
        n = 0
        d = estate[h]
        while d != 0 and n <= owned[h]:
            if d_owner[d] != h or d_kind[d] != BY_HOUSEHOLD:
                wrong += 1
            n += 1
            d = d_next[d]
        if n != owned[h]:
            wrong += 1
        holdings += owned[h]
    out[5] += homeless
    out[7] += wrong
    out[13] += deed
    return holdings


@kernel
def _dwellings(
    state, use, occupant, owner, owner_kind, district, h_dwelling, h_state, out, standing, start, stop
):
    """Standing homes by district; use and occupant; deeds of households."""
    deeds = 0
    elsewhere = 0
    lived_in = 0
    unused = 0
    fallen = 0
    nobody = 0
    here = np.int64(0)
    run = 0
    for d in range(start, stop):
        h = occupant[d]
        if h > 0 and (h_dwelling[h] != d or h_state[h] != ACTIVE):
            elsewhere += 1
        if state[d] == STANDING:
            if district[d] != here:
                standing[here] += run
                here = np.int64(district[d])
                run = 0
            run += 1
            if h > 0:
                if use[d] != OWNER_OCCUPIED and use[d] != RENTED:
                    lived_in += 1
            elif use[d] != VACANT and use[d] != HOSTEL and use[d] != SECOND_HOME:
                unused += 1
        elif use[d] != 0 or h > 0:
            fallen += 1
        if owner_kind[d] == BY_HOUSEHOLD:
            deeds += 1
            if owner[d] == 0:
                nobody += 1
    standing[here] += run
    out[8] += elsewhere
    out[9] += lived_in
    out[10] += unused
    out[11] += fallen
    out[12] += nobody
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
    nd = world.nd
    of_person = (
        persons.state, persons.household, persons.collective, persons.partner, persons.district, h.state,
    )  # fmt: skip
    of_list = (h.first, h.size, h.state, persons.next, persons.household)
    of_estate = (
        h.state, h.dwelling, h.estate, h.owned, h.tenure, d.occupant, d.next_owned, d.owner, d.owner_kind,
    )  # fmt: skip
    of_home = (d.state, d.use, d.occupant, d.owner, d.owner_kind, d.district, h.dwelling, h.state)

    def people(_: int, first: int, stop: int) -> tuple[int, int, np.ndarray, np.ndarray]:
        mine, residents = np.zeros(len(_WORDS), np.int64), np.zeros(nd, np.int64)
        n = _people(*of_person, mine, residents, first, stop)
        return n, 0, mine, residents

    def families(_: int, first: int, stop: int) -> tuple[int, int, np.ndarray]:
        mine = np.zeros(len(_WORDS), np.int64)
        n = _lists(*of_list, mine, first, stop)
        return n, _estates(*of_estate, mine, first, stop), mine

    def dwellings(_: int, first: int, stop: int) -> tuple[int, int, np.ndarray, np.ndarray]:
        mine, standing = np.zeros(len(_WORDS), np.int64), np.zeros(nd, np.int64)
        n = _dwellings(*of_home, mine, standing, first, stop)
        return n, 0, mine, standing

    by_person = world.map_chunks(people, persons.n)
    by_family = world.map_chunks(families, h.n)
    by_home = world.map_chunks(dwellings, d.n)
    out = np.zeros(len(_WORDS), np.int64)
    for part in (*by_person, *by_family, *by_home):
        out += part[2]
    if homes:
        out[1] = abs(sum(part[0] for part in by_person) - sum(part[0] for part in by_family))
        out[12] += abs(sum(part[0] for part in by_home) - sum(part[1] for part in by_family))
    else:
        out[[0, 4, 5, 13]] = 0
    found = [f"{n} {words}" for n, words in zip(out, _WORDS, strict=True) if n]
    for table, account in ((h, "households.cash"), (world.shops, "shops.cash")):
        held = int(_sum(table.cash))
        if held != world.ledger[account]:
            found.append(f"holders of {account} have {held}, the ledger {world.ledger[account]}")
    owed = int(_sum(h.loan))
    if owed != -world.ledger["households.home_loans"]:
        found.append(
            f"families owe {owed} on their homes, the ledger {-world.ledger['households.home_loans']}"
        )
    if homes:
        residents = np.zeros(nd, np.int64)
        standing = np.zeros(nd, np.int64)
        for *_, here in by_person:
            residents += here
        for *_, here in by_home:
            standing += here
        found += _flows(world, "residents", residents, _PEOPLE_FLOWS)
        found += _flows(world, "dwellings", standing, _HOME_FLOWS)
        world.memory["recount.month"] = world.month
    return found


def _flows(world: World, what: str, now: np.ndarray, flows: tuple[tuple[str, int], ...]) -> list[str]:
    """Whether last month's stock plus this month's counters is the stock counted now.

    By district when all flows are counted, else for the city, where moves between districts cancel.
    """
    name = f"recount.{what}"
    before = world.memory.get(name)
    last = world.memory.get("recount.month")
    world.memory[name] = now
    known = [(flow, sign) for flow, sign in flows if flow in world.series]
    if before is None or last != world.month - 1 or not known:
        return []
    due = np.array(before, np.int64)
    for flow, sign in known:
        due += sign * world.counter(flow)[: world.nd]
    if len(known) < len(flows):
        total, expected = int(now.sum()), int(due.sum())
        return [] if total == expected else [f"the city has {total} {what}, its flows say {expected}"]
    return [
        f"{world.districts[i]} has {now[i]} {what}, its flows say {due[i]}" for i in np.nonzero(now != due)[0]
    ]
