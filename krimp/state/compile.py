"""The one door to numba: compiler settings, a cache that notices every edit, and the `kernel` decorator.

numba's own disk cache does not see an edit in a helper that lives in another file, so the cache folder's
name carries a hash of all sources that hold kernels plus the interpreter's and libraries' versions.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import os
import platform
import re
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from krimp.state import cache

#: Two fixed targets, the newer where the machine has it: one cache serves every host of a kind, and no host adds its
#: own features. Bits agree between them: vectors are wider, but no operation is fused or reordered.
_V3 = {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "popcnt", "sse4_1", "sse4_2", "ssse3", "abm"}
_V3_LLVM = "+sse3,+ssse3,+sse4.1,+sse4.2,+popcnt,+avx,+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,+movbe,+cx16,+sahf"
_V4 = _V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
_V4_LLVM = _V3_LLVM + ",+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vl,-prefer-256-bit"


_CONSTANT = re.compile(rb"^[A-Z_][A-Za-z0-9_, ]*(: [^=]+)?= .*$", re.MULTILINE)


def source_hash() -> str:
    """Hash of all that the compiler's own per-file stamp does not see (hex, 16 digits).

    A kernel is compiled anew when its own file changes. Helpers and constants from other files are inlined without a
    trace, so files with helpers count whole and other modules with their constants, beside the versions of interpreter
    and compiler.
    """
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parent.parent
    for room in ("state", "processes", "synthesis", "study", "engine"):
        for path in sorted((root / room).glob("*.py")):
            text = path.read_bytes()
            digest.update(str(path.relative_to(root)).encode())
            if room == "state" or b"@helper" in text:
                digest.update(text)
            elif b"@kernel" in text:
                for match in _CONSTANT.finditer(text):
                    digest.update(match[0])
    for item in (sys.version, platform.machine(), version("numba"), version("llvmlite"), version("numpy")):
        digest.update(item.encode())
    return digest.hexdigest()[:16]


def _pin_cpu() -> None:
    try:
        with open("/proc/cpuinfo") as info:
            flags = set(next((line for line in info if line.startswith("flags")), "").split())
    except OSError:
        return
    if platform.machine() != "x86_64" or not flags >= _V3:
        return
    name, features = ("x86-64-v4", _V4_LLVM) if flags >= _V4 else ("x86-64-v3", _V3_LLVM)
    os.environ.setdefault("NUMBA_CPU_NAME", name)
    os.environ.setdefault("NUMBA_CPU_FEATURES", features)


CACHE = cache.home() / "kernels" / source_hash()
CACHE.mkdir(parents=True, exist_ok=True)
os.environ["NUMBA_CACHE_DIR"] = str(CACHE)
_pin_cpu()
#: Whether kernels are compiled for a processor that closes up the gaps in a vector in one instruction.
_CLOSES_UP = "+avx512f" in os.environ.get("NUMBA_CPU_FEATURES", "")

import numba  # noqa: E402  (its settings are read at import, so they are made first)
from llvmlite import ir  # noqa: E402
from numba.core import cgutils, types  # noqa: E402
from numba.core.registry import CPUDispatcher  # noqa: E402
from numba.extending import intrinsic  # noqa: E402
from numba.np import arrayobj  # noqa: E402

#: True when no kernel of this version has been compiled on this machine yet.
FIRST_USE = not any(CACHE.rglob("*.nbi"))


def _count_from_zero() -> None:
    """Positions in the kernels of this package count from 0, so the compiler need not ask at each look whether one is negative
    and means one from the end: a twelfth of all kernels' time. A constant alone may be negative as ever (`sums[-1]`).

    numba has no option for it, and no published place to say so. A version without the function below, or with another in its
    place, compiles kernels as it would any other's: they are slower and do the same.
    """
    ordinary: Any = getattr(arrayobj, "fix_integer_index", None)
    takes = () if ordinary is None else tuple(inspect.signature(ordinary).parameters)
    if takes != ("context", "builder", "idxty", "idx", "size"):
        return

    def position(context: Any, builder: Any, kind: Any, index: Any, size: Any) -> Any:
        module = getattr(context.fndesc, "modname", "")
        if isinstance(index, ir.Constant) or not module.startswith("krimp."):
            return ordinary(context, builder, kind, index, size)
        return context.cast(builder, index, kind, types.intp if kind.signed else types.uintp)

    arrayobj.fix_integer_index = position


_count_from_zero()


def _multiply_no_matrices() -> None:
    """No kernel does, so numba need not import scipy's linear algebra to see that it could: a tenth of a start. It is told
    that it could all the same, for whoever else compiles in this process."""
    name = "scipy.linalg.cython_blas"
    if "scipy.linalg" in sys.modules or "numba.np.arraymath" in sys.modules:
        return
    sys.modules[name] = None  # type: ignore[assignment]  # how Python is told that there is no such module
    try:
        importlib.import_module("numba.np.arraymath").__dict__["_HAVE_BLAS"] = True
    finally:
        del sys.modules[name]


_multiply_no_matrices()


#: No reference counting: kernels are handed arrays and make none, and half of a large one's compile time goes there.
_LEAN = {"nogil": True, "no_cfunc_wrapper": True, "_nrt": False}


#: Typed loosely: numba describes only a part of its options.
_njit: Any = numba.njit


class Helper(CPUDispatcher):  # type: ignore[misc]
    """A function that only kernels call: without an entry from Python it compiles in half the time."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Always TypeError: there is no compiled entry from Python."""
        raise TypeError(f"{self.py_func.__qualname__} is a helper: kernels call it, Python does not")


def kernel(function: Callable[..., Any]) -> Any:
    """Compile `function` once, release the interpreter lock while it runs, keep it on disk. It may not make arrays."""
    return _njit(cache=True, **_LEAN)(function)


def allocating_kernel(function: Callable[..., Any]) -> Any:
    """A kernel that makes arrays of its own (scratch space, results): slower to compile."""
    return _njit(cache=True, **{**_LEAN, "_nrt": True})(function)


def helper(function: Callable[..., Any]) -> Any:
    """Compile a helper that kernels call and Python does not, as a part of each. It may not make arrays."""
    options = {**_LEAN, "nopython": True, "no_cpython_wrapper": True, "forceinline": True}
    return Helper(function, targetoptions=options)


def inlined(function: Callable[..., Any]) -> Any:
    """A function whose code is put into its callers before they are compiled, so that their loops become vector code."""
    return _njit(inline="always", **_LEAN)(function)


def typed(signature: Any) -> Callable[[Callable[..., Any]], Any]:
    """A kernel of one signature: callers' numbers are cast to it, where each mix of integer types would compile anew."""
    return lambda function: _njit(signature, cache=True, **_LEAN)(function)


def fetch(functions: Iterable[Any]) -> int:
    """Load from disk what has been compiled of these kernels before, so that no first call waits for it; how many there were.

    The compiler has no public list of what it keeps, so this asks its cache for the index; an absent or stale one is empty.
    """
    found = 0
    for function in functions:
        if type(function) is not CPUDispatcher:
            continue
        kept: Any = function
        if kept._can_compile and not kept.overloads:
            cache = getattr(kept._cache, "_cache_file", None)
            for signature, *_ in cache._load_index() if cache is not None else ():
                kept.compile(signature)
                found += 1
    return found


@intrinsic  # type: ignore[untyped-decorator]
def prefetch(_: Any, columns: Any, row: Any) -> Any:
    """prefetch((column, ...), row): ask memory for a row of these columns some rows before its turn, and do not wait.

    A row far away takes as long as two hundred sums, and a loop that meets them one by one waits for each. It changes no
    value, and a row that does not exist does no harm.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = context.cast(builder, arguments[1], signature.args[1], types.intp)
        word = ir.IntType(32)
        ask = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, word, word, word]),
            "llvm.prefetch.p0",
        )
        for i, kind in enumerate(signature.args[0]):
            column = context.make_array(kind)(context, builder, builder.extract_value(arguments[0], i))
            address = builder.bitcast(builder.gep(column.data, [place]), cgutils.voidptr_t)
            # to read, into the nearest cache, of data
            builder.call(ask, [address, word(0), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(columns, row), generate


def _spread(builder: Any, value: Any, lanes: int) -> Any:
    """A vector of the value in every lane."""
    vector = ir.VectorType(value.type, lanes)
    first = builder.insert_element(vector(ir.Undefined), value, ir.IntType(32)(0))
    return builder.shuffle_vector(first, first, ir.VectorType(ir.IntType(32), lanes)([0] * lanes))


#: Flags that `squeeze` takes at a time.
SQUEEZED = 16


def _places(narrow: Any) -> Any:
    """For each byte which of its bits are set, closed up: a constant of 256 vectors of eight bytes."""
    table = []
    for byte in range(256):
        places = [k for k in range(8) if byte >> k & 1]
        table.append(narrow(places + [0] * (8 - len(places))))
    return ir.Constant(ir.ArrayType(narrow, 256), table)


@intrinsic  # type: ignore[untyped-decorator]
def squeeze(_: Any, flags: Any, j: Any, row: Any, kept: Any, n: Any) -> Any:
    """squeeze(flags, j, row, kept, n): write row + k for each of the 16 flags (a byte) from j on that is not 0, in order, behind the
    first n of `kept` (int32[:] or int64[:], 16 more of which may be overwritten); how many they are now.

    A processor with wide vectors takes the sixteen at once; others look up eight at a time where the set ones go.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        index, one = ir.IntType(64), ir.IntType(1)
        place, first, n = (
            context.cast(builder, arguments[i], signature.args[i], types.int64) for i in (1, 2, 4)
        )
        given, into = (
            context.make_array(signature.args[i])(context, builder, arguments[i]).data for i in (0, 3)
        )
        item = ir.IntType(kept.dtype.bitwidth)
        first = builder.trunc(first, item) if item.width < 64 else first
        given = builder.gep(given, [place])
        lanes = 512 // item.width if _CLOSES_UP else 8
        narrow, wide = ir.VectorType(ir.IntType(8), lanes), ir.VectorType(item, lanes)
        if _CLOSES_UP:
            close_up = cgutils.get_or_insert_function(
                builder.module,
                ir.FunctionType(wide, [wide, wide, ir.VectorType(one, lanes)]),
                f"llvm.x86.avx512.mask.compress.v{lanes}i{item.width}",
            )
        else:
            places = cgutils.global_constant(builder, "places_of_set_bits", _places(narrow))

        for k in range(0, SQUEEZED, lanes):
            some = builder.load(builder.bitcast(builder.gep(given, [index(k)]), narrow.as_pointer()), align=1)
            some = builder.icmp_unsigned("!=", some, narrow([0] * lanes))
            bits = builder.bitcast(some, ir.IntType(lanes))
            if _CLOSES_UP:
                rows = builder.add(_spread(builder, first, lanes), wide(list(range(k, k + lanes))))
                rows = builder.call(close_up, [rows, wide([0] * lanes), some])
            else:
                at = builder.gep(places, [index(0), builder.zext(bits, index)])
                behind = _spread(builder, builder.add(first, item(k)), lanes)
                rows = builder.add(behind, builder.zext(builder.load(at, align=8), wide))
            target = builder.bitcast(builder.gep(into, [n]), wide.as_pointer())
            builder.store(rows, target, align=item.width // 8)
            n = builder.add(n, builder.zext(builder.ctpop(bits), index))
        return n

    return types.int64(flags, j, row, kept, n), generate


#: Rows that `matches` compares at a time.
MATCHED = 64


@intrinsic  # type: ignore[untyped-decorator]
def matches(_: Any, first: Any, a: Any, second: Any, b: Any, row: Any) -> Any:
    """matches(first, a, second, b, row): of the 64 rows from `row` on, how many have a in the one column and b in the other, of a
    byte each. Vectors compare, and the bits of what they find are counted in one word."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte, index, vector = ir.IntType(8), ir.IntType(64), ir.VectorType(ir.IntType(8), MATCHED)
        place = context.cast(builder, arguments[4], signature.args[4], types.int64)

        def equal(i: int) -> Any:
            column = context.make_array(signature.args[i])(context, builder, arguments[i]).data
            column = builder.bitcast(builder.gep(column, [place]), vector.as_pointer())
            value = builder.trunc(
                context.cast(builder, arguments[i + 1], signature.args[i + 1], types.int64), byte
            )
            return builder.icmp_unsigned(
                "==", builder.load(column, align=1), _spread(builder, value, MATCHED)
            )

        both = builder.bitcast(builder.and_(equal(0), equal(2)), index)
        return builder.ctpop(both)

    return types.int64(first, a, second, b, row), generate
