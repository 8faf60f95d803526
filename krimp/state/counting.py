"""Counting rows by district, grouping and finding them, in vector code."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary

import numpy as np

from krimp.state.compile import MATCHED, SQUEEZED, kernel, matches, squeeze
from krimp.state.tables import Table

#: One row in so many flagged, or fewer: numpy then skips from one to the next faster than a loop passes each.
_SPARSE = 64


@kernel
def count_where(state, wanted, district, out, first, stop):
    """Add to out[district] the rows of [first, stop) in state `wanted`; both columns of a byte."""
    row = first
    while row + MATCHED <= stop:
        for d in range(out.size):
            out[d] += matches(state, wanted, district, d, row)
        row += MATCHED
    for r in range(row, stop):
        out[district[r]] += state[r] == wanted


@kernel
def count_both(first, a, second, b, start, stop):
    """How many of rows [start, stop) have a in the one column and b in the other, of a byte each."""
    n, row = 0, start
    while row + MATCHED <= stop:
        n += matches(first, a, second, b, row)
        row += MATCHED
    for r in range(row, stop):
        n += (first[r] == a) & (second[r] == b)
    return n


@kernel
def group(code, start, out):
    """Places of each code in rising order: those of c in out[start[c] : start[c + 1]]. `start`: zeros, two longer than codes.
    Neighbours often share a code, so its place is kept at hand until another comes."""
    if code.size == 0:
        return
    for turn in range(2):
        c, place = np.int64(code[0]), start[np.int64(code[0]) + 2 - turn]
        for r in range(code.size):
            if code[np.uint64(r)] != c:
                start[c + 2 - turn] = place
                c = np.int64(code[np.uint64(r)])
                place = start[c + 2 - turn]
            if turn == 1:
                out[place] = r
            place += 1
        start[c + 2 - turn] = place
        if turn == 0:
            for k in range(2, start.size):
                start[k] += start[k - 1]


@kernel
def pack(flags, begin, kept, n):
    """Write the rows begin + j of which flags[j] (one byte) is not 0 behind the first n of `kept`, which has room for one more
    than are set; returns how many they are now. Without a branch, so that no guess about the next row can be wrong."""
    j = 0
    while j + SQUEEZED <= flags.size and n + SQUEEZED <= kept.size:
        n = squeeze(flags, j, begin + j, kept, n)
        j += SQUEEZED
    m = np.uint64(n)
    for k in range(j, flags.size):
        kept[m] = begin + k
        m += np.uint64(flags[np.uint64(k)] != 0)
    return np.int64(m)


def rows_where(flags: np.ndarray) -> np.ndarray:
    """int64 rows where the bool `flags` are set, in rising order: `np.nonzero`, several times as fast on a long table."""
    n = np.count_nonzero(flags)
    if n * _SPARSE < len(flags):
        return np.flatnonzero(flags)
    out = np.empty(n + 1, np.int64)
    pack(flags, 0, out, 0)
    return out[:-1]


@kernel
def tally(cell, out):
    """Add up out[:, cell]: in four lines in turn, so that like neighbours need not wait for one another."""
    for i in range(cell.size):
        j = np.uint64(i)
        out[j & np.uint64(3), np.uint64(cell[j])] += 1


@kernel
def tally_some(cell, some, out):
    """`tally` of the places `some` (int32) of `cell`."""
    for i in range(some.size):
        j = np.uint64(i)
        out[j & np.uint64(3), np.uint64(cell[np.uint64(some[j])])] += 1


class Dwindling:
    """Rows of which something holds that never comes back once it has ended: only those of which it held when last asked,
    and rows new since, are asked again. It can be made anew at any time, so no checkpoint needs it."""

    def __init__(self, holds: Callable[[Table, np.ndarray | slice], np.ndarray]) -> None:
        self._holds = holds
        #: By table: rows asked so far, rows kept.
        self._kept: WeakKeyDictionary[Table, tuple[int, np.ndarray]] = WeakKeyDictionary()

    def rows(self, table: Table) -> np.ndarray:
        """int64[n] rows of which holds(table, rows) is true, ascending."""
        asked, kept = self._kept.get(table, (0, np.zeros(0, np.int64)))
        if table.n < asked:
            asked, kept = 0, kept[:0]
        kept = kept[self._holds(table, kept)]
        if asked < table.n:
            kept = np.concatenate([kept, rows_where(self._holds(table, slice(asked, table.n))) + asked])
        self._kept[table] = table.n, kept
        return kept


class Grouped:
    """Rows of a table by a column of codes that a row keeps for ever: only rows new since it was last asked are sorted in.
    It can be made anew at any time, so no checkpoint needs it."""

    def __init__(self, column: str) -> None:
        self._column = column
        #: By table: first place of each code, rows.
        self._kept: WeakKeyDictionary[Table, tuple[np.ndarray, np.ndarray]] = WeakKeyDictionary()

    def rows(self, table: Table, codes: int) -> tuple[np.ndarray, np.ndarray]:
        """(begin, rows): rows of code c < `codes`, ascending, are rows[begin[c] : begin[c + 1]]; int64[codes + 1], int32[n]."""
        begin, rows = self._kept.get(table, (np.zeros(codes + 1, np.int64), np.zeros(0, np.int32)))
        if table.n < len(rows):
            begin, rows = 0 * begin, rows[:0]
        if len(rows) < table.n:
            code = getattr(table, self._column)[len(rows) :]
            start, fresh = np.zeros(codes + 2, np.int64), np.empty(len(code), np.int32)
            group(code, start, fresh)
            fresh += np.int32(len(rows))
            both = zip(np.split(rows, begin[1:-1]), np.split(fresh, start[1:codes]), strict=True)
            begin, rows = begin + start[:-1], np.concatenate([part for pair in both for part in pair])
            self._kept[table] = begin, rows
        return begin, rows
