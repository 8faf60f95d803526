"""How kernels take many columns and numbers at once: as one address, not as all of them.

The compiler flattens a named tuple of arrays. Each call of a helper that takes persons, households and homes would hand over
five hundred words, each entry from Python take fifty arrays apart, and half of the compiler's time go there. A `View` is a
block of addresses, sizes and numbers; what a kernel uses of it, it reads there once.
"""

from __future__ import annotations

import ctypes
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from krimp.state.compile import ir, numba

# by way of the door, which sets the compiler up before it is imported
types, extending = numba.core.types, numba.extending

_WORD, _BYTES = ir.IntType(64), 8
#: Numbers that a view may hold: the compiler's type, and how they are laid out (`struct`).
_NUMBERS = {
    float: (types.float64, "d"),
    np.float64: (types.float64, "d"),
    int: (types.int64, "q"),
    np.int64: (types.int64, "q"),
    np.uint64: (types.uint64, "Q"),
}


class Columns(types.Type):  # type: ignore[misc]
    """The compiler's type of a `View`: names and types of what it holds."""

    def __init__(self, view: str, names: tuple[str, ...], kinds: tuple[Any, ...]) -> None:
        self.names, self.kinds = names, kinds
        # an array takes its address and its sizes
        words = [1 + getattr(kind, "ndim", 0) for kind in kinds]
        self.first, self.words = tuple(sum(words[:i]) for i in range(len(words))), sum(words)
        # the name goes into every symbol, so it is short
        super().__init__(f"{view}{zlib.crc32(repr((names, kinds)).encode()):x}")


#: Types and layouts by name, names and kinds of a view; hashing the compiler's own types would take longer than to make the view.
_KNOWN: dict[tuple[Any, ...], tuple[Columns, struct.Struct]] = {}


def _kind(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return types.Array(numba.from_dtype(value.dtype), value.ndim, "C")
    return value._numba_type_ if isinstance(value, View) else _NUMBERS[type(value)][0]


def _layout(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"Q{value.ndim}Q"
    return "Q" if isinstance(value, View) else _NUMBERS[type(value)][1]


def _known(view: str, held: Mapping[str, Any], kinds: list[Any]) -> tuple[Columns, struct.Struct]:
    known_by = (view, *held, *map(type, held.values()), *kinds)
    found = _KNOWN.get(known_by)
    if found is None:
        values = held.values()
        found = _KNOWN[known_by] = (
            Columns(view, tuple(held), tuple(_kind(value) for value in values)),
            struct.Struct("=" + "".join(_layout(value) for value in values)),
        )
    return found


_NOTHING = ctypes.c_byte * 0


def _address(array: np.ndarray) -> int:
    try:
        # a quarter of the time of the array's own interface
        return ctypes.addressof(_NOTHING.from_buffer(array))  # type: ignore[arg-type]
    except (TypeError, ValueError):  # it may not be written to, or its numbers have no name in C
        return int(array.__array_interface__["data"][0])


class View:
    """Arrays, numbers and other views for kernels, read as `view.name` there and in Python; stale once a column moves.

    Raises ValueError for an array that does not lie in memory in one piece, row by row, TypeError for anything else.
    """

    _numba_type_: Columns
    _at: int

    def __init__(self, view: str, held: Mapping[str, Any]) -> None:
        self.__dict__.update(held)
        words: list[Any] = []
        # what is not plain from the names and the Python types: of arrays the type and dimensions, of views the type
        kinds: list[Any] = []
        for name, value in held.items():
            if type(value) in _NUMBERS:
                words.append(value)
            elif isinstance(value, np.ndarray):
                if not value.flags.c_contiguous:
                    raise ValueError(
                        f"{view}.{name}: found strides {value.strides}; allowed is one piece of memory"
                    )
                kinds.append((value.dtype, value.ndim))
                words += (_address(value), *value.shape)
            elif isinstance(value, View):
                kinds.append(value._numba_type_.name)
                words.append(value._at)
            else:
                raise TypeError(
                    f"{view}.{name}: found {value!r}; allowed are arrays, views and 64-bit numbers"
                )
        self._numba_type_, layout = _known(view, held, kinds)
        self._words = np.frombuffer(bytearray(layout.pack(*words)), np.uint64)
        self._at = _address(self._words)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"a view of {self.__dict__.get('_numba_type_')} has no {name}")


@extending.register_model(Columns)
class _Address(extending.models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Columns) -> None:
        super().__init__(manager, kind, _WORD.as_pointer())
        self._size = _BYTES * kind.words

    def from_argument(self, builder: Any, value: Any) -> Any:
        # so that it may be read before a loop that may turn out not to need it
        value.attributes.dereferenceable = self._size
        value.attributes.align = _BYTES
        return value


@extending.infer_getattr
class _Held(numba.core.typing.templates.AttributeTemplate):  # type: ignore[misc]
    key = Columns

    def generic_resolve(self, view: Columns, name: str) -> Any:  # type: ignore[override]
        return view.kinds[view.names.index(name)] if name in view.names else None


@extending.lower_getattr_generic(Columns)  # type: ignore[untyped-decorator]
def _read(context: Any, builder: Any, view: Columns, words: Any, name: str) -> Any:
    place = view.names.index(name)
    kind, first = view.kinds[place], view.first[place]

    def note(number: int | None = None) -> Any:
        return builder.module.add_metadata([] if number is None else [_WORD(number)])

    def load(offset: int, what: Any) -> Any:
        at = builder.gep(words, [_WORD(first + offset)])
        found = builder.load(builder.bitcast(at, what.as_pointer()))
        # nobody writes to a view, so no store makes it worth another look
        found.set_metadata("invariant.load", note())
        return found

    if isinstance(kind, Columns):
        inner = load(0, _WORD.as_pointer())
        inner.set_metadata("dereferenceable", note(_BYTES * kind.words))
        inner.set_metadata("align", note(_BYTES))
        return inner
    if not isinstance(kind, types.Array):
        return load(0, context.get_data_type(kind))
    item = context.get_data_type(kind.dtype)
    sizes = [load(1 + i, _WORD) for i in range(kind.ndim)]
    strides = [_WORD(context.get_abi_sizeof(item))]
    for size in reversed(sizes[1:]):
        strides.insert(0, builder.mul(strides[0], size))
    array = context.make_array(kind)(context, builder)
    numba.np.arrayobj.populate_array(
        array,
        data=load(0, item.as_pointer()),
        shape=sizes,
        strides=strides,
        itemsize=strides[-1],
        meminfo=None,
    )
    return array._getvalue()


@extending.unbox(Columns)  # type: ignore[untyped-decorator]
def _unbox(view: Columns, found: Any, entry: Any) -> Any:
    address = entry.pyapi.object_getattr_string(found, "_at")
    words = entry.builder.inttoptr(entry.pyapi.long_as_ulonglong(address), _WORD.as_pointer())
    entry.pyapi.decref(address)
    return extending.NativeValue(words)
