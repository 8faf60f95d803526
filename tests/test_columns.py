"""Views: what kernels are handed as one address is what Python holds, and nothing else is taken."""

from __future__ import annotations

from types import FunctionType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from krimp.state.columns import View
from krimp.state.compile import helper, kernel, numba
from krimp.state.tables import Table

PAIR = np.dtype([("left", "i4"), ("right", "f8")])


@helper
def _tenfold(V, i):
    return V.small[i] * V.rate * 10


@kernel
def _read(V, out):
    for i in range(V.small.size):
        out[i] = (
            _tenfold(V, i)
            + V.inner.grid[1, 2, i]
            + V.pairs[i].right
            + V.inner.far
            + V.inner.key % np.uint64(7)
        )


@kernel
def _write(V):
    V.pairs[0].left = 5
    V.inner.grid[1, 0, 1] = 9
    V.small[-1] = 3


def _view(far: int = 0, rate: float = 1.0, key: int = 0) -> View:
    inner = View("inner", {"grid": np.arange(18).reshape(2, 3, 3), "far": far, "key": np.uint64(key)})
    pairs = np.zeros(3, PAIR)
    pairs["right"] = 0.5, 1.5, 2.5
    return View(
        "outer", {"small": np.array([1, 2, 3], np.int8), "rate": rate, "inner": inner, "pairs": pairs}
    )


@settings(deadline=None)
@given(st.integers(-(2**63), 2**63 - 1), st.floats(-1e12, 1e12), st.integers(0, 2**64 - 1))
def test_kernels_read_what_a_view_holds(far: int, rate: float, key: int) -> None:
    view, out = _view(far, rate, key), np.zeros(3)
    _read(view, out)
    for i in range(3):
        expected = (
            view.small[i] * rate * 10 + view.inner.grid[1, 2, i] + view.pairs["right"][i] + far + key % 7
        )
        assert out[i] == pytest.approx(expected, rel=1e-12, abs=1e-6)


def test_kernels_write_to_the_columns_themselves() -> None:
    view = _view()
    _write(view)
    assert view.pairs["left"][0] == 5 and view.inner.grid[1, 0, 1] == 9 and view.small.tolist() == [1, 2, 3]


def test_a_view_finds_columns_that_may_not_be_written_to() -> None:
    """As it does empty ones, and others that have the same names and types."""
    held = _view().__dict__
    names = ("small", "rate", "inner", "pairs")
    fixed = np.frombuffer(bytes([4, 5, 6]), np.int8)
    out = np.zeros((2, 3))
    for small, rate, line in ((held["small"], 1.0, out[0]), (fixed, np.float64(2.0), out[1])):
        _read(View("outer", {name: held[name] for name in names} | {"small": small, "rate": rate}), line)
    assert (out[1] - out[0]).tolist() == [4 * 20 - 10, 5 * 20 - 20, 6 * 20 - 30]
    empty = View("outer", {name: held[name] for name in names} | {"small": fixed[:0]})
    _read(empty, out[0])
    assert empty._numba_type_ is View("outer", {name: held[name] for name in names})._numba_type_


def test_a_view_takes_whole_columns_and_numbers() -> None:
    with pytest.raises(
        ValueError, match=r"homes\.area: found strides \(16,\); allowed is one piece of memory"
    ):
        View("homes", {"area": np.arange(8)[::2]})
    with pytest.raises(
        TypeError, match=r"homes\.area: found 'large'; allowed are arrays, views and 64-bit numbers"
    ):
        View("homes", {"area": "large"})
    with pytest.raises(AttributeError, match="has no floor"):
        _ = View("homes", {"area": np.arange(8)}).floor


def test_a_table_gives_the_same_view_until_its_columns_move() -> None:
    table = Table("shops", 4)
    view = table.view()
    table.append(key=np.array([7, 8], np.uint64))
    assert table.view() is view and view.key[1] == 7 and view.used[0] == 3
    table.append(key=np.arange(9, 20, dtype=np.uint64))
    assert table.view() is not view and table.view().key[:14].tolist() == [0, 7, 8, *range(9, 20)]
    table.columns["cash"] = np.full(table.capacity, 4)
    assert table.view().cash[0] == 4


def _sum_of(values: Any, i: int) -> Any:
    return values[i] + 10 * values[-1]


def test_positions_count_from_zero_in_kernels_of_this_package_alone() -> None:
    """What a negative one would mean elsewhere is not asked for, constants apart: row -1 of a part is the row before it."""
    values = np.arange(8)
    assert kernel_of("elsewhere")(values[4:], -1) == 7 + 10 * 7
    assert kernel_of("krimp.probe")(values[4:], -1) == 3 + 10 * 7


def kernel_of(module: str) -> Any:
    """`_sum_of` compiled as if it stood in that module."""
    copy = FunctionType(_sum_of.__code__, globals())
    copy.__module__ = module
    return numba.njit(copy)
