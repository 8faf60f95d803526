"""exp and log from + - * / alone, so that a result has the same last bit on every CPU and libm."""

from __future__ import annotations

import numpy as np

from krimp.state.compile import kernel

LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
INV_LN2 = 1.44269504088896338700e00


@kernel
def exp(x):
    """e**x for float64; accurate to about 2e-15 relative; saturates outside [-700, 700]."""
    if x > 700.0:
        x = 700.0
    if x < -700.0:
        return 0.0
    k = np.int64(x * INV_LN2 + (0.5 if x >= 0.0 else -0.5))
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    # Taylor to r**13 on |r| <= ln2/2, by Horner's rule
    s = 1.0
    for n in range(13, 0, -1):
        s = 1.0 + r * s / n
    scale = 1.0
    base = 2.0 if k >= 0 else 0.5
    n = k if k >= 0 else -k
    while n > 0:
        if n & 1:
            scale *= base
        base *= base
        n >>= 1
    return s * scale


@kernel
def log(x):
    """Natural logarithm of a positive float64; about 1e-15 relative; log of 0 or less gives -745."""
    if x <= 0.0:
        return -745.0
    k = 0
    while x > 1.4142135623730951:
        x *= 0.5
        k += 1
    while x < 0.7071067811865476:
        x *= 2.0
        k -= 1
    f = (x - 1.0) / (x + 1.0)
    f2 = f * f
    s = 0.0
    for n in range(21, 0, -2):
        s = s * f2 + 1.0 / n
    return k * LN2_HIGH + (2.0 * f * s + k * LN2_LOW)


@kernel
def logistic(x):
    """1 / (1 + e**-x)."""
    if x >= 0.0:
        return 1.0 / (1.0 + exp(-x))
    e = exp(x)
    return e / (1.0 + e)
