"""Whose turn it is: what families do about once a year, a twelfth of them looks at each month, by their key.

Not a process: a helper. Keys never change and no row is used twice, so a list of those whose turn it is can be kept for a
year and only who is new since is asked; it can be made anew at any time, so no checkpoint needs it.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from krimp.state.compile import kernel
from krimp.state.world import World

#: By shift and month of the year: rows looked at, rows found.
_FOUND: WeakKeyDictionary[World, dict[tuple[int, int], tuple[int, np.ndarray]]] = WeakKeyDictionary()


@kernel
def in_turn(key, shift, turn, first, stop, out):
    """Rows [first, stop) whose key, shifted right, leaves `turn` when divided by 12, into `out`; returns how many."""
    n = 0
    for i in range(first, stop):
        out[n] = i
        n += (key[np.uint64(i)] >> np.uint64(shift)) % np.uint64(12) == np.uint64(turn)
    return n


def families(world: World, shift: int) -> np.ndarray:
    """int32[n] rows of all households, ended ones too, whose turn it is this month, ascending. `shift`: lowest bit of the key
    that counts, so that one decision's turn says nothing about another's."""
    kept, turn, n = _FOUND.setdefault(world, {}), world.month % 12, world.households.n
    done, rows = kept.get((shift, turn), (1, np.zeros(0, np.int32)))
    if n < done:
        done, rows = 1, rows[:0]
    if done < n:
        out = np.empty(n - done + 1, np.int32)
        rows = np.concatenate([rows, out[: in_turn(world.households.key, shift, turn, done, n, out)]])
        kept[shift, turn] = n, rows
    return rows
