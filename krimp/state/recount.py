"""Recount: every list, bijection, holder's balance and flow counted again from the tables (law 1).

Run every month in every run. A list of members is whole when the pairs (who is followed, household) of all links and heads
are the pairs (who, household) of all people with a household. Two such heaps of pairs are compared by the sums of their
64-bit marks: equal heaps have equal sums, and others do by chance about once in 2**60. So the columns are read in row order, once,
by vector code, where a walk from person to person waits for memory at each step. Deeds, homes and sizes are compared alike;
only when sums differ the exact counts are made, to say what is wrong. What sums cannot see, a ring of people beside their
household's list, is looked for by walking a twelfth of the lists a month.

People, homes and money are counted every month, and whether each family, home and person is in a state it can be in. Who names
whom is asked in turn, a third a month (`TURNS`), and all of it before a checkpoint vouches for a month and where a run ends.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable
from typing import Any

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
from krimp.state.compile import inlined, kernel
from krimp.state.counting import count_where
from krimp.state.world import CHUNK, World

#: What can be wrong.
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


#: Households walked one after another: neighbours' people lie close together.
BLOCK = 1024

#: Flows that change the stocks of people and of homes by district: series and sign.
_PEOPLE_FLOWS = (
    ("births", 1), ("deaths", -1), ("in_migrants", 1), ("out_migrants", -1), ("moved_in", 1), ("moved_out", -1),
)  # fmt: skip
_HOME_FLOWS = (("completions", 1), ("demolitions", -1))

# Indices are unsigned so that no check for negative positions stands between the loops and vector instructions.


_NONE = np.uint64(0)


@inlined
def _mark(a, b):
    """64 bits for a pair of row numbers, 0 when a is 0: the product of two one-to-one scrambles, so that two pairs that
    swap halves never have the old sum."""
    x, y = np.uint32(a) * np.uint32(0x9E3779B1), np.uint32(b) * np.uint32(0x85EBCA77)
    x, y = np.uint32(x), np.uint32(y)
    return np.uint64(x ^ (x >> np.uint32(15))) * np.uint64(y ^ (y >> np.uint32(13)) ^ np.uint32(0x5BD1E995))


@kernel
def _people(state, household, collective, partner, nxt, members, couples, first, stop):
    """(strays, nowhere; marks of links, people with a household, households named if `members`, of pairs if `couples`).

    A pair counts once each way round, and both ways together nothing.
    """
    strays, nowhere = 0, 0
    links, here, named, pairs = _NONE, _NONE, _NONE, _NONE
    for i in range(first, stop):
        p = np.uint64(i)
        lives = state[p] == RESIDENT
        inside = household[p] > 0
        strays += (not lives) & inside
        nowhere += lives & (not inside) & (collective[p] == 0)
    for i in range(first, stop if members else first):
        p = np.uint64(i)
        h = household[p]
        links += _mark(nxt[p], h)
        here += _mark(i, h) if h != 0 else _NONE
        named += _mark(h, h)
    for i in range(first, stop if couples else first):
        p = np.uint64(i)
        q = np.uint32(partner[p])
        lives = state[p] == RESIDENT
        # of the dead and gone only those whose partner still names them: few, so few leaps to rows far away
        other = np.uint32(0) if lives else q
        mutual = (q != 0) & (lives | (partner[other] == i))
        pairs += _mark(i, q) - _mark(q, i) if mutual else _NONE
    return strays, nowhere, links, here, named, pairs


@kernel
def _families(state, size, head, dwelling, tenure, members, lodgings, first, stop):
    """(ended, empty, homeless; marks of heads and sizes if `members`, of homes and tenures if `lodgings`)."""
    ended, empty, homeless = 0, 0, 0
    heads, sizes, homes, tenures = _NONE, _NONE, _NONE, _NONE
    for i in range(first, stop):
        h = np.uint64(i)
        ended += (size[h] != 0) & (state[h] != ACTIVE)
        empty += (size[h] == 0) & (state[h] == ACTIVE)
        homeless += (state[h] == ACTIVE) & (dwelling[h] == 0)
    for i in range(first, stop if members else first):
        h = np.uint64(i)
        heads += _mark(head[h], i)
        sizes += _mark(i, i) * np.uint64(np.int64(size[h]))
    for i in range(first, stop if lodgings else first):
        h = np.uint64(i)
        active, lodged = state[h] == ACTIVE, dwelling[h] != 0
        housed = np.uint32(i) if active & lodged else np.uint32(0)
        homes += _mark(housed, dwelling[h])
        tenures += _mark(housed, 2 * housed + np.uint32(tenure[h] == OWNER))
    return ended, empty, homeless, heads, sizes, homes, tenures


@kernel
def _holdings(estate, owned, first, stop):
    """Marks of households' first deeds and of their holdings."""
    deeds, holdings = _NONE, _NONE
    for i in range(first, stop):
        h = np.uint64(i)
        deeds += _mark(estate[h], i)
        holdings += _mark(i, i) * np.uint64(np.int64(owned[h]))
    return deeds, holdings


@kernel
def _homes(state, use, occupant, owner, kind, nxt, deeds_too, lodgings, first, stop):
    """(wrong_use, unused, fallen, nobody; marks of next deeds, deeds, owners named if `deeds_too`, of homes, tenures if `lodgings`)."""
    wrong_use, unused, fallen, nobody = 0, 0, 0, 0
    following, deeds, named, homes, tenures = _NONE, _NONE, _NONE, _NONE, _NONE
    for i in range(first, stop):
        d = np.uint64(i)
        stands, lived = state[d] == STANDING, occupant[d] > 0
        home = (use[d] == OWNER_OCCUPIED) | (use[d] == RENTED)
        empty = (use[d] == VACANT) | (use[d] == HOSTEL) | (use[d] == SECOND_HOME)
        wrong_use += stands & lived & (not home)
        unused += stands & (not lived) & (not empty)
        fallen += (not stands) & ((use[d] != 0) | lived)
        nobody += (kind[d] == BY_HOUSEHOLD) & (owner[d] == 0)
    for i in range(first, stop if deeds_too else first):
        d = np.uint64(i)
        mine = kind[d] == BY_HOUSEHOLD
        following += _mark(nxt[d], owner[d])
        deeds += _mark(i, owner[d]) if mine else _NONE
        named += _mark(owner[d], owner[d]) if mine else _NONE
    for i in range(first, stop if lodgings else first):
        d = np.uint64(i)
        h = occupant[d]
        own = (kind[d] == BY_HOUSEHOLD) & (owner[d] == h)
        homes += _mark(h, i)
        tenures += _mark(h, 2 * np.uint32(h) + np.uint32(own))
    return wrong_use, unused, fallen, nobody, following, deeds, named, homes, tenures


@kernel
def _rings(head, size, nxt, at, count, turn, first, stop):
    """Households of rows [first, stop) whose list, walked, has not as many people as they say; every twelfth block of neighbours.

    The lists of a block are walked in step, so that none waits for another's people. `at`, `count`: scratch of a block.
    """
    wrong = 0
    for begin in range(first + (turn - first // BLOCK) % 12 * BLOCK, stop, 12 * BLOCK):
        n = min(BLOCK, stop - begin)
        most = 0
        for k in range(n):
            j = np.uint64(k)
            h = np.uint64(begin) + j
            at[j], count[j] = head[h], 0
            most = max(most, np.int64(size[h]))
        for _ in range(most + 1):
            going = 0
            for k in range(n):
                j = np.uint64(k)
                p = np.uint32(at[j])
                count[j] += p != 0
                at[j] = nxt[p]
                going += p != 0
            if going == 0:
                break
        for k in range(n):
            j = np.uint64(k)
            wrong += count[j] != size[np.uint64(begin) + j]
    return wrong


@kernel
def _apart(state, partner):
    """Exact count of residents whose partner does not know them."""
    apart = 0
    for i in range(1, state.size):
        q = np.uint32(partner[np.uint64(i)])
        apart += (state[np.uint64(i)] == RESIDENT) & (q > 0) & (partner[q] != i)
    return apart


@kernel
def _members(household, nxt, h_first, h_size, h_state, behind, count):
    """Exact counts for lists of members: (broken, sizes, ended, empty). `behind`: links to each person, `count`: people of
    each household."""
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
    return broken, sizes, ended, empty


@kernel
def _estates(kind, owner, nxt, h_estate, h_owned, behind, count):
    """Lists of holdings, as `_members`: (deeds, owned)."""
    deeds, owned = 0, 0
    for i in range(1, kind.size):
        d = np.uint64(i)
        mine = kind[d] == BY_HOUSEHOLD
        q = np.uint32(nxt[d])
        behind[q] += 1
        deeds += mine & (q != 0) & ((owner[q] != owner[d]) | (kind[q] != BY_HOUSEHOLD))
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
    return deeds, owned


@kernel
def _lodgings(occupant, owner, kind, h_dwelling, h_state, h_tenure):
    """Exact counts for homes lived in: (how many, elsewhere, tenure)."""
    lived, elsewhere, tenure = 0, 0, 0
    for i in range(1, occupant.size):
        d = np.uint64(i)
        h = np.uint32(occupant[d])
        own = (kind[d] == BY_HOUSEHOLD) & (owner[d] == occupant[d])
        lived += h > 0
        elsewhere += (h > 0) & ((h_dwelling[h] != i) | (h_state[h] != ACTIVE))
        tenure += (h > 0) & ((h_tenure[h] == OWNER) != own)
    return lived, elsewhere, tenure


@kernel
def _sum(values):
    total = np.int64(0)
    for i in range(values.size):
        total += values[i]
    return total


Tallies = namedtuple("Tallies", ["faults", "residents", "standing"])

#: Who names whom: lists of a household's members, couples, lists of an owner's homes, who lives where. Asked in turn by month.
TURNS = (frozenset({"members"}), frozenset({"couples"}), frozenset({"deeds", "lodgings"}))
EVERYTHING = frozenset[str]().union(*TURNS)


def _turn(world: World) -> frozenset[str]:
    return TURNS[world.month % len(TURNS)]


Scan = Callable[[int, int, int], Any]
#: Rows that each scan looks at in one go: about half a millisecond of work, or handing it over would take as long.
_ROWS = {
    "recount.people": CHUNK, "recount.rings": 4 * CHUNK, "recount.residents": 8 * CHUNK, "recount.families": 2 * CHUNK,
    "recount.homes": CHUNK, "recount.holdings": 4 * CHUNK,
}  # fmt: skip


def _of_people(world: World, asked: frozenset[str]) -> dict[str, tuple[Scan, int]]:
    """Scans of a chunk of rows, and how many rows there are, of what is settled when nobody comes or goes any more."""
    p, h = world.persons, world.households
    columns = p.state, p.household, p.collective, p.partner, p.next, "members" in asked, "couples" in asked

    def people(_: int, first: int, stop: int) -> tuple[int, ...]:
        found: tuple[int, ...] = _people(*columns, first, stop)
        return found

    def rings(_: int, first: int, stop: int) -> int:
        scratch = np.empty((2, BLOCK), np.int32)
        return int(_rings(h.first, h.size, p.next, *scratch, world.month % 12, first, stop))

    return {"recount.people": (people, p.n), "recount.rings": (rings, h.n)}


def _of_families(world: World, asked: frozenset[str]) -> dict[str, tuple[Scan, int]]:
    """Scans of what is settled when nobody moves any more."""
    p, h = world.persons, world.households
    columns = h.state, h.size, h.first, h.dwelling, h.tenure, "members" in asked, "lodgings" in asked

    def residents(_: int, first: int, stop: int) -> np.ndarray:
        here = np.zeros(world.nd, np.int64)
        count_where(p.state, RESIDENT, p.district, here, first, stop)
        return here

    def families(_: int, first: int, stop: int) -> tuple[int, ...]:
        found: tuple[int, ...] = _families(*columns, first, stop)
        return found

    return {"recount.residents": (residents, p.n), "recount.families": (families, h.n)}


def _of_homes(world: World, asked: frozenset[str]) -> dict[str, tuple[Scan, int]]:
    """Scans of what is settled when no home changes any more."""
    h, d = world.households, world.dwellings
    columns = (
        d.state, d.use, d.occupant, d.owner, d.owner_kind, d.next_owned, "deeds" in asked, "lodgings" in asked,
    )  # fmt: skip

    def homes(_: int, first: int, stop: int) -> tuple[tuple[int, ...], np.ndarray]:
        here = np.zeros(world.nd, np.int64)
        count_where(d.state, STANDING, d.district, here, first, stop)
        return _homes(*columns, first, stop), here

    def holdings(_: int, first: int, stop: int) -> tuple[int, ...]:
        found: tuple[int, ...] = _holdings(h.estate, h.owned, first, stop)
        return found

    scans: dict[str, tuple[Scan, int]] = {"recount.homes": (homes, d.n)}
    return scans | {"recount.holdings": (holdings, h.n)} if "deeds" in asked else scans


def _begin(world: World, scans: dict[str, tuple[Scan, int]]) -> None:
    for name, (scan, n) in scans.items():
        world.ahead(name, scan, n, _ROWS[name])


def people_settled(world: World) -> None:
    """Begin to recount people and their lists."""
    _begin(world, _of_people(world, _turn(world)))


def moves_settled(world: World) -> None:
    """Begin to recount families and where people live."""
    _begin(world, _of_families(world, _turn(world)))


def homes_settled(world: World) -> None:
    """Begin to recount homes and whose they are; what is left is money."""
    _begin(world, _of_homes(world, _turn(world)))


def _tally(world: World, asked: frozenset[str]) -> Tallies:
    """Count everything once, and who names whom as far as `asked`, the tables in parts side by side."""
    persons, h, d = world.persons, world.households, world.dwellings
    scans = {**_of_people(world, asked), **_of_families(world, asked), **_of_homes(world, asked)}
    parts = {name: world.map_begun(name, scan, n, _ROWS[name]) for name, (scan, n) in scans.items()}
    strays, nowhere, links, members, named, pairs = _add(parts["recount.people"])
    wrong_use, unused, fallen, nobody, following, deeds, owners, lived_in, tenures = _add(
        part[0] for part in parts["recount.homes"]
    )
    ended, empty, homeless, heads, sizes, lived_in_too, tenures_too = _add(parts["recount.families"])
    found = {"strays": strays, "nowhere": nowhere, "ended": ended, "empty": empty, "homeless": homeless,
             "sizes": sum(parts["recount.rings"]), "wrong_use": wrong_use, "unused": unused, "fallen": fallen,
             "nobody": nobody}  # fmt: skip
    # of what is not asked all sums are 0
    if not _equal((pairs, 0)):
        found["apart"] = _apart(persons.state, persons.partner)
    if not _equal((links + heads, members), (named, sizes)):
        found["broken"], wrong, found["ended"], found["empty"] = _members(
            persons.household, persons.next, h.first, h.size, h.state, np.zeros(persons.n, np.uint8),
            np.zeros(h.n, np.int16),
        )  # fmt: skip
        found["sizes"] = max(found["sizes"], wrong)  # a walked list is one of them
    first_deeds, holdings = _add(parts["recount.holdings"]) if "recount.holdings" in parts else (0, 0)
    if not _equal((following + first_deeds, deeds), (owners, holdings)):
        found["deeds"], found["owned"] = _estates(
            d.owner_kind, d.owner, d.next_owned, h.estate, h.owned, np.zeros(d.n, np.uint8),
            np.zeros(h.n, np.int16),
        )  # fmt: skip
    if not _equal((lived_in, lived_in_too), (tenures, tenures_too)):
        lived, found["elsewhere"], found["tenure"] = _lodgings(
            d.occupant, d.owner, d.owner_kind, h.dwelling, h.state, h.tenure
        )
        # each occupied home names another active family, so equal numbers leave no family without one
        found["homeless"] = abs(int(np.count_nonzero(h.state == ACTIVE)) - lived)
    return Tallies(found, sum(parts["recount.residents"]), sum(part[1] for part in parts["recount.homes"]))


def _add(parts: Iterable[tuple[int, ...]]) -> list[int]:
    return [sum(column) for column in zip(*parts, strict=True)]


def _equal(*sums: tuple[int, int]) -> bool:
    """Whether the marks of each pair of heaps add up to the same 64 bits."""
    return all((a - b) % 2**64 == 0 for a, b in sums)


def faults(world: World, homes: bool = True, whole: bool = True) -> list[str]:
    """What does not add up now, as sentences; `homes=False` lets people be between homes (inside a month), `whole=False` asks
    only a third, in turn by month, of who names whom."""
    h = world.households
    tallies = _tally(world, EVERYTHING if whole else _turn(world))
    found = [
        f"{tallies.faults[name]} {words}"
        for name, words in _WORDS.items()
        if tallies.faults.get(name) and (homes or name not in _AT_THE_END)
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
