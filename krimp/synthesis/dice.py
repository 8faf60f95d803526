"""Keyed dice over arrays, and exact rounding: the tools of synthesis. All arithmetic is portable."""

from __future__ import annotations

import numpy as np

from krimp.state.compile import kernel
from krimp.state.portable import exp, log
from krimp.state.random import derive, draw4, gauss, unit

#: The base city does not depend on the seed of a run: it is one estimate of the city at the census.
SEED = np.uint64(0x5EED)


@kernel
def _uniform(keys, purpose, out):
    for i in range(keys.size):
        out[i] = unit(draw4(SEED, keys[i], 0, purpose)[0])


@kernel
def _gauss(keys, purpose, out):
    for i in range(keys.size):
        a, b, _, _ = draw4(SEED, keys[i], 0, purpose)
        out[i] = gauss(a, b)


@kernel
def _race(keys, purpose, weight, out):
    for i in range(keys.size):
        u = unit(draw4(SEED, keys[i], 0, purpose)[0])
        out[i] = -log(u) / weight[i]


@kernel
def _lognormal(keys, purpose, sigma, out):
    for i in range(keys.size):
        a, b, _, _ = draw4(SEED, keys[i], 0, purpose)
        out[i] = exp(sigma * gauss(a, b) - 0.5 * sigma * sigma)


@kernel
def _word(keys, purpose, out):
    for i in range(keys.size):
        out[i] = draw4(SEED, keys[i], 0, purpose)[0]


@kernel
def _derive(parents, ordinals, purpose, out):
    for i in range(parents.size):
        out[i] = derive(parents[i], ordinals[i], purpose)


def uniform(keys: np.ndarray, purpose: int) -> np.ndarray:
    """One number in (0, 1) per key."""
    out = np.empty(len(keys))
    _uniform(np.ascontiguousarray(keys), purpose, out)
    return out


def normal(keys: np.ndarray, purpose: int) -> np.ndarray:
    """One roughly standard normal number per key."""
    out = np.empty(len(keys))
    _gauss(np.ascontiguousarray(keys), purpose, out)
    return out


def lognormal(keys: np.ndarray, purpose: int, sigma: float) -> np.ndarray:
    """One positive factor of mean 1 and log-spread `sigma` per key."""
    out = np.empty(len(keys))
    _lognormal(np.ascontiguousarray(keys), purpose, sigma, out)
    return out


def without(items: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """The items (whole numbers, none twice) that are not among `taken`, in their order."""
    gone = np.zeros(int(max(items.max(initial=0), taken.max(initial=0))) + 1, bool)
    gone[taken] = True
    return items[~gone[items]]


def shuffled(cells: np.ndarray, keys: np.ndarray, purpose: int) -> np.ndarray:
    """Indices sorted by cell (whole numbers below 2**31), inside a cell in keyed random order."""
    word = np.empty(len(keys), np.uint64)
    _word(np.ascontiguousarray(keys), purpose, word)
    return np.argsort((cells.astype(np.uint64) << np.uint64(32)) | word, kind="stable")


def new_keys(parents: np.ndarray, ordinals: np.ndarray, purpose: int) -> np.ndarray:
    """Stable keys from parents' keys and ordinals."""
    out = np.empty(len(parents), np.uint64)
    _derive(np.ascontiguousarray(parents, np.uint64), np.ascontiguousarray(ordinals, np.int64), purpose, out)
    return out


def choose(keys: np.ndarray, purpose: int, weight: np.ndarray, count: int) -> np.ndarray:
    """Indices of `count` items drawn without replacement with the given weights (exponential race), ascending.

    Items of weight 0 are never drawn; fewer come back when there are not enough.
    """
    able = np.nonzero(weight > 0.0)[0]
    count = min(int(count), len(able))
    if count <= 0:
        return np.zeros(0, np.int64)
    if count == len(able):
        return able
    weight = np.ascontiguousarray(weight[able], np.float64)
    if weight.min() == weight.max():  # a fair race: the order of -log(u) is that of -u
        times = -uniform(keys[able], purpose)
    else:
        times = np.empty(len(able))
        _race(np.ascontiguousarray(keys[able]), purpose, weight, times)
    last = np.partition(times, count - 1)[count - 1]
    before = np.nonzero(times < last)[0]
    equal = np.nonzero(times == last)[0][: count - len(before)]
    return able[np.sort(np.concatenate([before, equal]))]


def spread(total: int, weights: np.ndarray) -> np.ndarray:
    """Whole numbers that add up to `total` in proportion to `weights` (largest remainders, ties to the first)."""
    weights = np.asarray(weights, np.float64)
    if weights.sum() <= 0:
        weights = np.ones(len(weights))
    exact = total * weights / weights.sum()
    out = np.floor(exact).astype(np.int64)
    rest = total - int(out.sum())
    order = np.lexsort((np.arange(len(exact)), -(exact - out)))
    out[order[:rest]] += 1
    return out


def scale_cells(counts: np.ndarray, weight: int, copies: int) -> np.ndarray:
    """Counts of a smaller or larger city: times `copies` over `weight`, whole, with the nearest total."""
    counts = np.asarray(counts, np.int64)
    if weight == 1:
        return counts * copies
    total = (int(counts.sum()) * copies + weight // 2) // weight
    return spread(total, counts.astype(np.float64))
