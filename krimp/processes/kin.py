"""Kin and partings: who is whose child, what happens to a home when people leave it or die.

Not a process: helpers for the processes of life. The child lists are a pure function of `persons.mother`, built
once and extended by the rows that have come since, so no checkpoint needs them.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from krimp.state.codes import (
    ACTIVE,
    CARE,
    CHILD,
    DEAD,
    EMPLOYED,
    FEMALE,
    GONE,
    HERE,
    INACTIVE,
    MARRIED,
    PENSIONER,
    PUPIL,
    RESIDENT,
    STUDENT,
    UNEMPLOYED,
)
from krimp.state.columns import View
from krimp.state.compile import helper, kernel
from krimp.state.families import end_household, inherit, link, unlink
from krimp.state.ledger import pay
from krimp.state.random import draw, threshold
from krimp.state.world import World

ADULT = 18 * 12
SCHOOL_AGE = 6 * 12

#: Accounts that people's comings and goings touch.
_PURSE = {
    "cash": "households.cash", "rest": "rest.cash", "savings_out": "flow.savings_out", "savings_in": "flow.savings_in",
    "inheritance_out": "flow.inheritance_out",
}  # fmt: skip

#: What a kernel of life is given.
_LIFE = (*"PHDSLEKA", "seed", "month")

#: Child lists of a city and up to which person they go; what kernels of life were last given, and of what.
_LISTS: WeakKeyDictionary[World, View] = WeakKeyDictionary()
_LIVES: WeakKeyDictionary[World, tuple[tuple[Any, ...], View]] = WeakKeyDictionary()


@kernel
def extend_kin(mother, child, sibling, first, stop):
    """Push rows [first, stop) in front of their mothers' lists."""
    for p in range(first, stop):
        m = mother[p]
        if m != 0:
            sibling[p] = child[m]
            child[m] = p


def kin(world: World) -> View:
    """Child lists up to date: child[m] is m's newest child, sibling[c] the next older one, 0 ends."""
    persons = world.persons
    lists = _LISTS.get(world)
    if lists is None or len(lists.child) != persons.capacity:
        child, sibling = np.zeros((2, persons.capacity), np.int32)
        lists = _LISTS[world] = View(
            "kin", {"child": child, "sibling": sibling, "done": np.ones(1, np.int64)}
        )
    done = int(lists.done[0])
    if done < persons.n:
        extend_kin(persons.columns["mother"], lists.child, lists.sibling, done, persons.n)
        lists.done[0] = persons.n
    return lists


def life(world: World, persons: int = 0, households: int = 0, events: int = 0) -> View:
    """Everything that a kernel of life needs, with room for new rows and events: tables P, H, D, S, the ledger L, the log E,
    child lists K, accounts A, seed and month."""
    if persons:
        world.persons.reserve(persons)
    if households:
        world.households.reserve(households)
    world.events.reserve(events)
    known, view = _LIVES.get(world, ((), None))
    purse = view.A if view is not None else View("purse", {n: world.account(a) for n, a in _PURSE.items()})
    held = (
        world.persons.view(), world.households.view(), world.dwellings.view(), world.shops.view(), world.ledger.view(),
        world.events.view(), kin(world), purse, world.seed, world.month,
    )  # fmt: skip
    if view is None or any(one is not other for one, other in zip(held, known, strict=True)):
        view = View("life", dict(zip(_LIFE, held, strict=True)))
        _LIVES[world] = held, view
    return view


def report(world: World, branches: tuple[str, ...], counts: np.ndarray) -> None:
    """Add a kernel's branch counts to the run's."""
    for name, count in zip(branches, counts.tolist(), strict=True):
        world.fired[name] += count


@helper
def chance(seed, key, month, purpose, probability):
    """True with the given probability, by the keyed draw of this life, month and purpose."""
    return draw(seed, key, month, purpose) < threshold(probability)


@helper
def age_of(P, p, month):
    """Age in months."""
    return np.int64(month) - np.int64(P.birth[p])


@helper
def at_home(P, H, p):
    """Household of p when p is a resident in family life, else 0."""
    if p == 0 or P.state[p] != RESIDENT:
        return np.int32(0)
    return P.household[p]


@helper
def adults_in(P, H, h, month):
    """Members of 18 and over."""
    n = 0
    q = H.first[h]
    while q != 0:
        if age_of(P, q, month) >= ADULT:
            n += 1
        q = P.next[q]
    return n


@helper
def minor_of(P, q, mother, month):
    """True when q is under 18 and goes where `mother` goes: her own child, or one whose mother is unknown."""
    return age_of(P, q, month) < ADULT and (P.mother[q] == mother or P.mother[q] == 0)


@helper
def quit_job(P, S, p):
    """Person p gives up work; the place at the shop is free (an owner's shop is the shops' affair)."""
    shop = P.employer[p]
    if shop != 0:
        if S.owner[shop] != p and S.staff[shop] > 0:
            S.staff[shop] -= 1
        P.employer[p] = 0
    P.wage[p] = 0


@helper
def activity_at(P, p, month):
    """What somebody does who has no job: child, pupil, pensioner or out of work."""
    age = age_of(P, p, month)
    if age < SCHOOL_AGE:
        return CHILD
    if age < 16 * 12:
        return PUPIL
    if P.pension[p] > 0:
        return PENSIONER
    if age >= 60 * 12:
        return INACTIVE
    return UNEMPLOYED


@helper
def take_cash(X, h, amount):
    """`amount` of household h's cash leaves town (a debt stays behind as a loss of the outside)."""
    if amount > 0:
        X.H.cash[h] -= amount
        pay(X.L, X.H.district[h], X.A.savings_out, X.A.cash, X.A.rest, amount)
    elif amount < 0:
        X.H.cash[h] -= amount
        pay(X.L, X.H.district[h], X.A.savings_in, X.A.rest, X.A.cash, -amount)


@helper
def bring_cash(X, h, amount):
    """`amount` comes into town with the people of household h."""
    if amount > 0:
        X.H.cash[h] += amount
        pay(X.L, X.H.district[h], X.A.savings_in, X.A.rest, X.A.cash, amount)


@helper
def go_away(X, p, place, student):
    """Resident p leaves the city: out of the household, out of work; the row stays, GONE."""
    P = X.P
    P.former[p] = P.household[p]
    unlink(P, X.H, p)
    P.collective[p] = 0
    quit_job(P, X.S, p)
    P.state[p] = GONE
    P.left[p] = X.month
    P.place[p] = place
    if student:
        P.activity[p] = STUDENT
    elif P.activity[p] == EMPLOYED or P.activity[p] == UNEMPLOYED or P.activity[p] == STUDENT:
        P.activity[p] = INACTIVE


@helper
def close_gone(X, h):
    """Close household h when its last member has left town: all cash goes along, homes stay with the absent owner."""
    if h != 0 and X.H.size[h] == 0 and X.H.state[h] == ACTIVE:
        take_cash(X, h, X.H.cash[h])
        end_household(X.H, X.D, h, X.month, True)


@helper
def merge_into(X, h, target):
    """Close the empty household h in favour of household `target`: homes and cash move over. Returns homes."""
    if h == 0 or X.H.size[h] != 0 or X.H.state[h] != ACTIVE:
        return 0
    cash = X.H.cash[h]
    X.H.cash[h] = 0
    X.H.cash[target] += cash
    end_household(X.H, X.D, h, X.month, False)
    return inherit(X.H, X.D, h, target, X.month)


@helper
def gather_minors(X, mother, h, target):
    """Minors of `mother` (her own, or of unknown mother) move from household h to `target`."""
    P, H = X.P, X.H
    if h == 0:
        return
    q = H.first[h]
    while q != 0:
        after = P.next[q]
        if minor_of(P, q, mother, X.month):
            unlink(P, H, q)
            link(P, H, q, target)
        q = after


@helper
def sweep_minors(X, h, target):
    """When only minors are left in household h, all of them move to `target`."""
    P, H = X.P, X.H
    if h == 0 or H.size[h] == 0 or adults_in(P, H, h, X.month) > 0:
        return
    q = H.first[h]
    while q != 0:
        after = P.next[q]
        unlink(P, H, q)
        link(P, H, q, target)
        q = after


@helper
def move_in(X, p, target):
    """Person p moves from wherever into household `target`."""
    unlink(X.P, X.H, p)
    X.P.collective[p] = 0
    link(X.P, X.H, p, target)


@helper
def has_parent_in(P, H, p, h, month):
    """True when household h holds somebody at least 15 years older than p who is not p's spouse."""
    q = H.first[h]
    while q != 0:
        if q != p and q != P.partner[p] and np.int64(P.birth[p]) - np.int64(P.birth[q]) >= 180:
            return True
        q = P.next[q]
    return False


@helper
def heads_home(P, H, p, month):
    """True when p's household holds nobody of 18 and over but p: p's own home."""
    h = P.household[p]
    return h != 0 and adults_in(P, H, h, month) == 1


@helper
def children_of(P, p):
    """The woman whose child list is p's: p herself, or a man's wife or late wife (0 if none)."""
    if P.sex[p] == FEMALE:
        return np.int64(p)
    return np.int64(P.partner[p])


@helper
def child_with_home(X, p, not_here):
    """Eldest adult resident child of p with a family household other than `not_here` (0 if none)."""
    P = X.P
    best = np.int32(0)
    m = children_of(P, p)
    c = X.K.child[m] if m != 0 else np.int32(0)
    while c != 0:
        h = at_home(P, X.H, c)
        if h != 0 and h != not_here and age_of(P, c, X.month) >= ADULT:
            if (
                best == 0
                or P.birth[c] < P.birth[best]
                or (P.birth[c] == P.birth[best] and P.key[c] < P.key[best])
            ):
                best = c
        c = X.K.sibling[c]
    return best


@helper
def any_child_alive(X, p):
    """True when a child of p lives anywhere."""
    m = children_of(X.P, p)
    c = X.K.child[m] if m != 0 else np.int32(0)
    while c != 0:
        if X.P.state[c] != DEAD:
            return True
        c = X.K.sibling[c]
    return False


@helper
def sibling_with_home(X, p, not_here):
    """Eldest adult resident brother or sister of p (same mother) with a family household (0 if none)."""
    P = X.P
    best = np.int32(0)
    m = P.mother[p]
    c = X.K.child[m] if m != 0 else np.int32(0)
    while c != 0:
        h = at_home(P, X.H, c)
        if c != p and h != 0 and h != not_here and age_of(P, c, X.month) >= ADULT:
            if (
                best == 0
                or P.birth[c] < P.birth[best]
                or (P.birth[c] == P.birth[best] and P.key[c] < P.key[best])
            ):
                best = c
        c = X.K.sibling[c]
    return best


@helper
def guardian(X, p, not_here):
    """Adult relative who takes in the child p: mother, else her mother, else her brothers and sisters (0 if none)."""
    P = X.P
    m = P.mother[p]
    if m == 0:
        return np.int32(0)
    h = at_home(P, X.H, m)
    if h != 0 and h != not_here:
        return m
    g = P.mother[m]
    if g == 0:
        return np.int32(0)
    h = at_home(P, X.H, g)
    if h != 0 and h != not_here:
        return g
    return sibling_with_home(X, m, not_here)


@helper
def estate_elsewhere(X, h):
    """Close the empty household h: homes and cash to heirs elsewhere (a debt is the outside's loss)."""
    cash = X.H.cash[h]
    X.H.cash[h] = 0
    if cash > 0:
        pay(X.L, X.H.district[h], X.A.inheritance_out, X.A.cash, X.A.rest, cash)
    elif cash < 0:
        pay(X.L, X.H.district[h], X.A.inheritance_out, X.A.rest, X.A.cash, -cash)
    end_household(X.H, X.D, h, X.month, False)
    return inherit(X.H, X.D, h, 0, X.month)


@helper
def rehouse_minors(X, h):
    """Minors left alone in household h go to a relative, else into care; h ends in their favour. Returns 1 if to kin."""
    P, H = X.P, X.H
    first = H.first[h]
    relative = guardian(X, first, h)
    target = np.int32(0)
    if relative != 0:
        target = P.household[relative]
    q = first
    while q != 0:
        after = P.next[q]
        unlink(P, H, q)
        if target != 0:
            link(P, H, q, target)
        else:
            P.collective[q] = CARE
        q = after
    if target != 0:
        merge_into(X, h, target)
        return 1
    estate_elsewhere(X, h)
    return 0


@helper
def after_departure(X, h):
    """Put household h in order after people have left town: closed if empty, minors left alone go to relatives."""
    if h == 0 or X.H.state[h] != ACTIVE:
        return
    if X.H.size[h] == 0:
        close_gone(X, h)
    elif adults_in(X.P, X.H, h, X.month) == 0:
        rehouse_minors(X, h)


@helper
def together(P, p):
    """True when p is married and lives in the same family household as the spouse."""
    q = P.partner[p]
    return P.marital[p] == MARRIED and q != 0 and P.household[p] != 0 and P.household[q] == P.household[p]


@helper
def person_row(P, key, birth, sex, district, place, month):
    """A new resident row (room must be reserved); household and kin are the caller's. Returns the row."""
    p = np.int32(P.used[0])
    P.used[0] += 1
    P.key[p] = key
    P.birth[p] = birth
    P.sex[p] = sex
    P.state[p] = RESIDENT
    P.district[p] = district
    P.counted[p] = district
    P.place[p] = place
    P.came[p] = month if place != HERE else 0
    return p
