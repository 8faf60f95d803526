"""Keyed random draws: Philox4x32-10 (Salmon et al. 2011, SC'11) as a pure hash of life, month and purpose.

A draw is a function of (seed, stable key, month, purpose) and of nothing else: not of the order of loops,
of threads, or of what happened to anybody else. Two worlds with one seed give the same life the same luck.
"""

from __future__ import annotations

import numpy as np

from krimp.state.compile import inlined, kernel, typed

M0, M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
W0, W1 = np.uint32(0x9E3779B9), np.uint32(0xBB67AE85)
LOW = np.uint64(0xFFFFFFFF)
S32 = np.uint64(32)
EVEN, S8 = np.uint32(0x00FF00FF), np.uint32(8)
#: Mean and standard deviation of a sum of eight uniform bytes: sqrt(8 * (256**2 - 1) / 12).
MIDDLE, SPREAD = 1020.0, 209.0196163
TO_UNIT = 1.0 / 9007199254740992.0  # 2**-53


@inlined
def philox(c0, c1, c2, c3, k0, k1):
    """Ten rounds of Philox4x32: counter (c0..c3) and key (k0, k1) of uint32 to four uint32."""
    for _ in range(10):
        p0 = M0 * np.uint64(c0)
        p1 = M1 * np.uint64(c2)
        n0 = np.uint32(p1 >> S32) ^ c1 ^ k0
        n2 = np.uint32(p0 >> S32) ^ c3 ^ k1
        c1 = np.uint32(p1 & LOW)
        c3 = np.uint32(p0 & LOW)
        c0 = n0
        c2 = n2
        k0 = np.uint32(k0 + W0)
        k1 = np.uint32(k1 + W1)
    return c0, c1, c2, c3


@typed("UniTuple(uint32, 4)(uint64, uint64, uint32, uint32)")
def draw4(seed, key, month, purpose):
    """Four independent uint32 of a life (uint64 key) in a month for one purpose (see `purposes`)."""
    k = np.uint64(key)
    s = np.uint64(seed)
    return philox(
        np.uint32(k & LOW), np.uint32(k >> S32), np.uint32(month), np.uint32(purpose),
        np.uint32(s & LOW), np.uint32(s >> S32),
    )  # fmt: skip


@typed("void(uint64, uint64[::1], uint32, uint32, uint32[::1])")
def fill(seed, keys, month, purpose, words):
    """words[i] = draw(seed, keys[i], month, purpose), four times as fast a draw in a loop of vector instructions."""
    s0, s1 = np.uint32(seed & LOW), np.uint32(seed >> S32)
    for i in range(keys.size):
        j = np.uint64(i)  # unsigned: no check for negative positions
        k = keys[j]
        words[j] = philox(np.uint32(k & LOW), np.uint32(k >> S32), month, purpose, s0, s1)[0]


@typed("void(uint64, uint64[::1], uint32, uint32, uint32[:, ::1])")
def fill4(seed, keys, month, purpose, words):
    """words[:, i] = draw4(seed, keys[i], month, purpose), in vector instructions as `fill`."""
    s0, s1 = np.uint32(seed & LOW), np.uint32(seed >> S32)
    for i in range(keys.size):
        j = np.uint64(i)
        k = keys[j]
        words[0, j], words[1, j], words[2, j], words[3, j] = philox(
            np.uint32(k & LOW), np.uint32(k >> S32), month, purpose, s0, s1
        )


def words_of(seed: np.uint64, keys: np.ndarray, month: int, purpose: int) -> np.ndarray:
    """uint32[4, n]: the `draw4` of many lives at once, so that only those whom luck picks need be looked at."""
    words = np.empty((4, len(keys)), np.uint32)
    fill4(seed, keys, month, purpose, words)
    return words


@typed("uint32(uint64, uint64, uint32, uint32)")
def draw(seed, key, month, purpose):
    """One uint32; compare with `threshold(p)` for an event of probability p."""
    return draw4(seed, key, month, purpose)[0]


@typed("float64(uint64, uint64, uint32, uint32)")
def uniform(seed, key, month, purpose):
    """One float64 in [0, 1) with 53 random bits."""
    a, b, _, _ = draw4(seed, key, month, purpose)
    return ((np.uint64(a) >> np.uint64(5)) * np.uint64(67108864) + (np.uint64(b) >> np.uint64(6))) * TO_UNIT


@typed("float64(uint32)")
def unit(word):
    """A uint32 word as float64 in (0, 1): the midpoint of its cell, so never 0 or 1."""
    return (np.float64(word) + 0.5) * (1.0 / 4294967296.0)


@typed("uint64(uint64, uint32, uint32)")
def derive(key, ordinal, purpose):
    """A new stable uint64 key from a parent's key, an ordinal and the kind of thing that is born."""
    a, b, _, _ = draw4(np.uint64(0x6B72696D70), key, ordinal, purpose)
    return (np.uint64(a) << S32) | np.uint64(b) | np.uint64(1)


@inlined
def _bytes(word_a, word_b):
    """Sum of the eight bytes of two words, added in two halves of a word."""
    pairs = (word_a & EVEN) + ((word_a >> S8) & EVEN) + (word_b & EVEN) + ((word_b >> S8) & EVEN)
    return (pairs & np.uint32(0xFFFF)) + (pairs >> np.uint32(16))


@inlined
def bell(word_a, word_b):
    """`gauss` for the loops of vector code."""
    return (np.float64(_bytes(word_a, word_b)) - MIDDLE) / SPREAD


@typed("float64(uint32, uint32)")
def gauss(word_a, word_b):
    """Roughly standard normal from two uint32: sum of eight bytes, centred (Irwin-Hall, sd exact, |z| < 4.9).

    No logarithm or cosine, so the same bits on every machine.
    """
    return bell(word_a, word_b)


@typed("uint64(uint32, uint32)")
def score(word_a, word_b):
    """Which of `gauss_values` `gauss` takes: what depends on it alone is looked up instead of computed."""
    return np.uint64(_bytes(word_a, word_b))


def gauss_values() -> np.ndarray:
    """float64[2041]: all values of `gauss`, in rising order."""
    return (np.arange(2 * int(MIDDLE) + 1, dtype=np.float64) - MIDDLE) / SPREAD


@kernel
def threshold(probability):
    """uint32 threshold t such that P(draw < t) = probability up to 2**-32 (probability clipped to [0, 1])."""
    if probability <= 0.0:
        return np.uint32(0)
    if probability >= 1.0:
        return np.uint32(4294967295)
    return np.uint32(probability * 4294967296.0)
