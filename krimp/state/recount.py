"""Recount: every list, bijection, holder's balance and flow counted again from the tables (law 1).

Run every month in every run. A list of members is whole when each member follows exactly one other or heads the list, all
followers live in the same household, and as many people name the household as it says it has: three passes in row order
instead of a walk from person to person, which would wait for memory at each step. Deeds are checked alike. What these
counts cannot see, a ring of people beside their household's list, is looked for by walking a twelfth of the lists a month.
"""

from __future__ import annotations

from collections import namedtuple

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

#: What can be wrong; `Found` has a count for each.
_WORDS = {
    "strays": "people with a household who are not residents",
    "nowhere": "residents neither in a household nor in a collective place",
    "apart": "partners who do not know each other",
    "broken": "household members out of their household's list",
    "sizes": "households whose list and size differ",
    "ended": "households that are not active but have members",
    "empty": "active households without members",
    "homeless": "active households without a home that knows them",
    "deeds": "dwellings out of their owner's list",
    "owned": "owners' lists that differ from their count",
    "nobody": "dwellings owned by a household that is not named",
    "elsewhere": "dwellings whose occupant lives elsewhere",
    "wrong_use": "occupied dwellings of the wrong use",
    "unused": "empty dwellings of the wrong use",
    "fallen": "dwellings in use that do not stand",
    "tenure": "tenures that differ from the deed",
}
#: Faults that only a month's end can have: inside a month families may be between homes.
_AT_THE_END = ("empty", "homeless", "tenure")


#: Flows that change the stocks of people and of homes by district: series and sign.
_PEOPLE_FLOWS = (
    ("births", 1), ("deaths", -1), ("in_migrants", 1), ("out_migrants", -1), ("moved_in", 1), ("moved_out", -1),
)  # fmt: skip
_HOME_FLOWS = (("completions", 1), ("demolitions", -1))

# Indices are unsigned so that no check for negative positions stands between the loops and vector instructions.


@kernel
def _people(state, household, collective, partner, district, residents, first, stop):
    """Residents by district; (strays, nowhere, apart)."""
    strays, nowhere, apart = 0, 0, 0
    for i in range(first, stop):
        p = np.uint64(i)
        lives = state[p] == RESIDENT
        inside = household[p] > 0
        strays += (not lives) & inside
        nowhere += lives & (not inside) & (collective[p] == 0)
    for i in range(first, stop):
        p = np.uint64(i)
        q = np.uint32(partner[p])
        apart += (state[p] == RESIDENT) & (q > 0) & (partner[q] != i)
    for d in range(residents.size):
        n = 0
        for i in range(first, stop):
            p = np.uint64(i)
            n += (district[p] == d) & (state[p] == RESIDENT)
        residents[d] += n
    return strays, nowhere, apart


@kernel
def _members(household, nxt, h_first, h_size, h_state, turn, behind, count):
    """Lists of members: (broken, sizes, ended, empty). `behind`: links to each person, `count`: people of each household."""
    broken, sizes, ended, empty = 0, 0, 0, 0
    for i in range(1, household.size):
        p = np.uint64(i)
        q = np.uint32(nxt[p])
        behind[q] += 1
        broken += (q != 0) & (household[q] != household[p])
    for i in range(1, household.size):
        count[np.uint32(household[np.uint64(i)])] += 1
    for i in range(1, h_first.size):
        h = np.uint64(i)
        q = np.uint32(h_first[h])
        behind[q] += 1
        broken += (q != 0) & (household[q] != i)
        sizes += count[h] != h_size[h]
        ended += (count[h] != 0) & (h_state[h] != ACTIVE)
        empty += (count[h] == 0) & (h_state[h] == ACTIVE)
    for i in range(1, household.size):
        p = np.uint64(i)
        broken += behind[p] != (household[p] != 0)
    for h in range(1 + turn, h_first.size, 12):
        n = 0
        p = h_first[h]
        while p != 0 and n <= h_size[h]:
            n += 1
            p = nxt[p]
        sizes += n != h_size[h]
    return broken, sizes, ended, empty


@kernel
def _estates(kind, owner, nxt, h_estate, h_owned, behind, count):
    """Lists of holdings, as `_members`: (deeds, owned, nobody)."""
    deeds, owned, nobody = 0, 0, 0
    for i in range(1, kind.size):
        d = np.uint64(i)
        mine = kind[d] == BY_HOUSEHOLD
        q = np.uint32(nxt[d])
        behind[q] += 1
        deeds += mine & (q != 0) & ((owner[q] != owner[d]) | (kind[q] != BY_HOUSEHOLD))
        nobody += mine & (owner[d] == 0)
        count[np.uint32(owner[d]) * np.uint32(mine)] += 1
    for i in range(1, h_estate.size):
        h = np.uint64(i)
        q = np.uint32(h_estate[h])
        behind[q] += 1
        deeds += (q != 0) & ((owner[q] != i) | (kind[q] != BY_HOUSEHOLD))
        owned += count[h] != h_owned[h]
    for i in range(1, kind.size):
        d = np.uint64(i)
        deeds += behind[d] != (kind[d] == BY_HOUSEHOLD)
    return deeds, owned, nobody


@kernel
def _dwellings(
    state, use, occupant, owner, kind, district, h_dwelling, h_state, h_tenure, standing, first, stop
):
    """Standing homes by district; (lived in, elsewhere, wrong_use, unused, fallen, tenure)."""
    lived, elsewhere, wrong_use, unused, fallen, tenure = 0, 0, 0, 0, 0, 0
    for i in range(first, stop):
        d = np.uint64(i)
        h = np.uint32(occupant[d])
        stands = state[d] == STANDING
        home = (use[d] == OWNER_OCCUPIED) | (use[d] == RENTED)
        empty = (use[d] == VACANT) | (use[d] == HOSTEL) | (use[d] == SECOND_HOME)
        lived += h > 0
        wrong_use += stands & (h > 0) & (not home)
        unused += stands & (h == 0) & (not empty)
        fallen += (not stands) & ((use[d] != 0) | (h > 0))
    for i in range(first, stop):
        d = np.uint64(i)
        h = np.uint32(occupant[d])
        own = (kind[d] == BY_HOUSEHOLD) & (owner[d] == occupant[d])
        elsewhere += (h > 0) & ((h_dwelling[h] != i) | (h_state[h] != ACTIVE))
        tenure += (h > 0) & ((h_tenure[h] == OWNER) != own)
    for k in range(standing.size):
        n = 0
        for i in range(first, stop):
            d = np.uint64(i)
            n += (district[d] == k) & (state[d] == STANDING)
        standing[k] += n
    return lived, elsewhere, wrong_use, unused, fallen, tenure


@kernel
def _active(state):
    n = 0
    for i in range(1, state.size):
        n += state[np.uint64(i)] == ACTIVE
    return n


@kernel
def _sum(values):
    total = np.int64(0)
    for i in range(values.size):
        total += values[i]
    return total


Tallies = namedtuple("Tallies", ["faults", "residents", "standing"])


def _tally(world: World) -> Tallies:
    """Count everything once, the tables side by side."""
    persons, h, d = world.persons, world.households, world.dwellings
    nd = world.nd
    of_person = (persons.state, persons.household, persons.collective, persons.partner, persons.district)
    of_home = (d.state, d.use, d.occupant, d.owner, d.owner_kind, d.district, h.dwelling, h.state, h.tenure)

    def people(_: int, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        here = np.zeros(nd, np.int64)
        return np.array(_people(*of_person, here, first, stop)), here

    def dwellings(_: int, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        here = np.zeros(nd, np.int64)
        return np.array(_dwellings(*of_home, here, first, stop)), here

    by_person = world.map_chunks(people, persons.n)
    by_home = world.map_chunks(dwellings, d.n)
    members = _members(
        persons.household, persons.next, h.first, h.size, h.state, world.month % 12, np.zeros(persons.n, np.uint8),
        np.zeros(h.n, np.int16),
    )  # fmt: skip
    estates = _estates(
        d.owner_kind,
        d.owner,
        d.next_owned,
        h.estate,
        h.owned,
        np.zeros(d.n, np.uint8),
        np.zeros(h.n, np.int16),
    )
    lived, *of_homes = sum(part[0] for part in by_home)
    faults = {
        **dict(zip(("strays", "nowhere", "apart"), sum(part[0] for part in by_person), strict=True)),
        **dict(zip(("broken", "sizes", "ended", "empty"), members, strict=True)),
        **dict(zip(("deeds", "owned", "nobody"), estates, strict=True)),
        **dict(zip(("elsewhere", "wrong_use", "unused", "fallen", "tenure"), of_homes, strict=True)),
        # each occupied home names another active family, so equal numbers leave no family without one
        "homeless": abs(_active(h.state) - int(lived)),
    }
    return Tallies(faults, sum(part[1] for part in by_person), sum(part[1] for part in by_home))


def faults(world: World, homes: bool = True) -> list[str]:
    """What does not add up now, as sentences; `homes=False` lets people be between homes (inside a month)."""
    h = world.households
    tallies = _tally(world)
    found = [
        f"{tallies.faults[name]} {words}"
        for name, words in _WORDS.items()
        if tallies.faults[name] and (homes or name not in _AT_THE_END)
    ]
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
        found += _flows(world, "residents", tallies.residents, _PEOPLE_FLOWS)
        found += _flows(world, "dwellings", tallies.standing, _HOME_FLOWS)
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
