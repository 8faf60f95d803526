"""Counting rows by district in vector code."""

from __future__ import annotations

import numpy as np

from krimp.state.compile import kernel

#: Rows whose counts, a byte each, cannot run over.
_FEW = 240
_ONE, _SEVEN, _EIGHT, _BYTE = np.uint64(1), np.uint64(7), np.uint64(8), np.uint64(255)


@kernel
def count_where(state, wanted, district, out, first, stop):
    """Add to out[district] the rows of [first, stop) in state `wanted`.

    The counts of eight districts are the bytes of one word, so no row waits for the sum of a like neighbour.
    """
    for begin in range(first, stop, _FEW):
        for low in range(0, out.size, 8):
            counts = np.uint64(0)
            for i in range(begin, min(begin + _FEW, stop)):
                row = np.uint64(i)
                d = np.uint64(np.uint8(district[row])) - np.uint64(low)
                counts += np.uint64((state[row] == wanted) & (d < _EIGHT)) << ((d & _SEVEN) * _EIGHT)
            for d in range(low, min(low + 8, out.size)):
                out[d] += np.int64((counts >> np.uint64(8 * (d - low))) & _BYTE)
