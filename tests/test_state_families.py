"""Membership and ownership lists stay whole under any order of moves."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from krimp.state import families as rules
from krimp.state.codes import (
    ABSENT,
    ACTIVE,
    BY_HEIR,
    BY_HOUSEHOLD,
    DISSOLVED,
    OWNER,
    OWNER_OCCUPIED,
    STANDING,
    VACANT,
)
from krimp.state.compile import kernel
from krimp.state.tables import Table

N = 12
#: The helpers, each with an entry from Python, which they do without in the model.
families = SimpleNamespace(
    **{
        name: kernel(getattr(rules, name).py_func)
        for name in ("new_household", "move_person", "own", "occupy", "unlink", "end_household")
    }
)


def tables() -> tuple[Table, Table, Table]:
    persons, households, dwellings = Table("persons"), Table("households"), Table("dwellings")
    persons.append(key=np.arange(1, N + 1, dtype=np.uint64), state=np.ones(N, np.int8))
    dwellings.append(state=np.full(N, STANDING, np.int8), use=np.full(N, VACANT, np.int8))
    households.reserve(100)
    return persons, households, dwellings


def members(persons: Table, households: Table, h: int) -> list[int]:
    out, p = [], int(households.first[h])
    while p:
        out.append(p)
        p = int(persons.next[p])
    return out


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, N), st.integers(0, 6)), max_size=40))
def test_membership_lists(moves: list[tuple[int, int]]) -> None:
    persons, households, _ = tables()
    P, H = persons.view(), households.view()
    for p, target in moves:
        if target == 0 or target >= households.n:
            families.new_household(P, H, p, 24130)
        else:
            families.move_person(P, H, p, target)
    seen: list[int] = []
    for h in range(1, households.n):
        inside = members(persons, households, h)
        assert len(inside) == households.size[h]
        assert all(persons.household[p] == h for p in inside)
        seen += inside
    assert len(seen) == len(set(seen))
    assert set(seen) == {p for p in range(1, N + 1) if persons.household[p] != 0}
    keys = households.key[1 : households.n].tolist()
    assert len(keys) == len(set(keys))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, N), st.integers(0, 5)), max_size=40))
def test_ownership_lists(deals: list[tuple[int, int]]) -> None:
    persons, households, dwellings = tables()
    P, H, D = persons.view(), households.view(), dwellings.view()
    for p in range(1, 6):
        families.new_household(P, H, p, 24130)
    for d, owner in deals:
        families.own(H, D, d, BY_HOUSEHOLD if owner else BY_HEIR, owner, 24131)
    for h in range(1, households.n):
        owned, d = [], int(households.estate[h])
        while d:
            owned.append(d)
            d = int(dwellings.next_owned[d])
        assert len(owned) == households.owned[h]
        assert sorted(owned) == sorted(np.nonzero(dwellings.owner[: dwellings.n] == h)[0].tolist())


def test_a_household_that_leaves_keeps_its_deed_until_it_sells() -> None:
    persons, households, dwellings = tables()
    P, H, D = persons.view(), households.view(), dwellings.view()
    h = int(families.new_household(P, H, 1, 24130))
    families.own(H, D, 3, BY_HOUSEHOLD, h, 24130)
    families.occupy(P, H, D, h, 3, 24130)
    assert (households.tenure[h], dwellings.use[3]) == (OWNER, OWNER_OCCUPIED)
    assert households.state[h] == ACTIVE
    families.unlink(P, H, 1)
    families.end_household(H, D, h, 24140, True)
    assert (households.state[h], dwellings.use[3], dwellings.owner[3]) == (ABSENT, VACANT, h)
    families.own(H, D, 3, BY_HEIR, 0, 24150)
    assert (households.state[h], households.owned[h]) == (DISSOLVED, 0)
