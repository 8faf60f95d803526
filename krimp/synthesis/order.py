"""Row numbers of the base city: families in the order of their homes, people in the order of their families.

Neighbours in a building and members of a family stand side by side in the tables, so that a month's passes over homes,
families and people run through memory in order. Draws hang on keys, so numbering changes no life.
"""

from __future__ import annotations

import numpy as np

from krimp.state.compile import kernel
from krimp.state.tables import Table
from krimp.state.world import World


@kernel
def _line_up(families, first, nxt, apart, bounds_families, bounds_apart, out):
    """Old rows of people in their new order: district by district, families' members, then people apart."""
    k = 1
    for d in range(bounds_families.size - 1):
        for i in range(bounds_families[d], bounds_families[d + 1]):
            p = first[families[i]]
            while p != 0:
                out[k] = p
                k += 1
                p = nxt[p]
        for i in range(bounds_apart[d], bounds_apart[d + 1]):
            out[k] = apart[i]
            k += 1
    return k


def fill(world: World) -> None:
    """Renumber households and persons; every id that points to them follows."""
    persons, households, dwellings = world.persons, world.households, world.dwellings
    family_order = np.concatenate([[0], np.lexsort((households.dwelling[1:], households.district[1:])) + 1])
    apart = np.nonzero(persons.household == 0)[0][1:]
    order = np.zeros(persons.n, np.int64)
    placed = _line_up(
        family_order[1:], households.first, persons.next, apart, _bounds(world, households.district[family_order[1:]]),
        _bounds(world, persons.district[apart]), order,
    )  # fmt: skip
    if placed != persons.n:
        raise ValueError(f"{persons.n - placed} people are in no family's list and in no collective place")
    new_person = _sort(persons, order)
    new_family = _sort(households, family_order)
    for column in ("next", "partner", "mother"):
        getattr(persons, column)[:] = new_person[getattr(persons, column)]
    persons.household[:] = new_family[persons.household]
    households.first[:] = new_person[households.first]
    dwellings.occupant[:] = new_family[dwellings.occupant]
    dwellings.owner[:] = new_family[dwellings.owner]


def _bounds(world: World, district: np.ndarray) -> np.ndarray:
    """Where each district begins in a list sorted by district."""
    return np.searchsorted(district, np.arange(world.nd + 1))


def _sort(table: Table, order: np.ndarray) -> np.ndarray:
    """Put a table's rows into a new order; returns the new number of every old row."""
    for name in table.columns:
        column = getattr(table, name)
        if column.any():
            column[:] = column[order]
    new = np.empty(len(order), np.int64)
    new[order] = np.arange(len(order))
    return new
