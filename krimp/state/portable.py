"""exp and log from + - * / alone, so that a result has the same last bit on every CPU and libm.

Neither branches or loops to a length that depends on x, so a loop over many values (`exp_all`, `log_all`) is vector code,
thirty times as fast a value as one by one: there each division waits for the one before.
"""

from __future__ import annotations

import numpy as np

from krimp.state.compile import inlined, kernel, typed

LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
INV_LN2 = 1.44269504088896338700e00
SQRT_2 = 1.4142135623730951
SMALLEST_NORMAL = 2.2250738585072014e-308
TWO_TO_54 = 18014398509481984.0

# IEEE 754 binary64: sign, 11 bits of exponent, 52 of mantissa
MANTISSA_BITS = 52
EXPONENT_BIAS = 1023
MANTISSA = 0xFFFFFFFFFFFFF
ONE = 0x3FF0000000000000


@inlined
def _exp(x):
    inside = min(max(x, -700.0), 700.0)
    # 32 bits: narrow vectors cannot turn numbers into 64-bit integers
    k = np.int32(inside * INV_LN2 + (0.5 if inside >= 0.0 else -0.5))
    power = np.float64(k)
    r = (inside - power * LN2_HIGH) - power * LN2_LOW
    # Taylor to r**13 on |r| <= ln2/2, by Horner's rule
    s = 1.0
    for n in range(13, 0, -1):
        s = 1.0 + r * s / n
    two_to_k = np.int64((np.int64(k) + EXPONENT_BIAS) << MANTISSA_BITS).view(np.float64)
    return 0.0 if x < -700.0 else s * two_to_k


@inlined
def _log(x):
    tiny = x < SMALLEST_NORMAL
    bits = np.float64(x * TWO_TO_54 if tiny else x).view(np.int64)
    k = (bits >> MANTISSA_BITS) - (EXPONENT_BIAS + 54 if tiny else EXPONENT_BIAS)
    # x = m * 2**k with m in [1/sqrt(2), sqrt(2)], and no power taken out where x lies there already
    m = np.int64((bits & MANTISSA) | ONE).view(np.float64)
    halve = (m > SQRT_2) | ((m == SQRT_2) & (k < 0))
    m = 0.5 * m if halve else m
    k = k + 1 if halve else k
    f = np.divide(m - 1.0, m + 1.0)  # an operator would ask first whether the divisor is 0: a branch
    f2 = f * f
    s = 0.0
    for n in range(21, 0, -2):
        s = s * f2 + 1.0 / n
    value = k * LN2_HIGH + (2.0 * f * s + k * LN2_LOW)
    value = value if x < np.inf else x  # infinity and NaN give themselves
    return -745.0 if x <= 0.0 else value


@kernel
def exp(x):
    """e**x for float64; accurate to about 2e-15 relative; saturates outside [-700, 700]."""
    return _exp(x)


@kernel
def log(x):
    """Natural logarithm of a positive float64; about 1e-15 relative; log of 0 or less gives -745."""
    return _log(x)


@typed("void(float64[::1])")
def exp_all(values):
    """Put its `exp` in the place of each value."""
    for i in range(values.size):
        values[np.uint64(i)] = _exp(values[np.uint64(i)])


@typed("void(float64[::1])")
def log_all(values):
    """Put its `log` in the place of each value."""
    for i in range(values.size):
        values[np.uint64(i)] = _log(values[np.uint64(i)])


@kernel
def logistic(x):
    """1 / (1 + e**-x)."""
    if x >= 0.0:
        return 1.0 / (1.0 + exp(-x))
    e = exp(x)
    return e / (1.0 + e)
