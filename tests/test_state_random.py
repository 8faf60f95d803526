"""Keyed draws: the published known answers, independence of keys and purposes, uniformity."""

from __future__ import annotations

import math

import numpy as np
import pytest

from krimp.state import portable, random

F = np.uint32(0xFFFFFFFF)
Z = np.uint32(0)


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        # known-answer vectors of Philox4x32-10 published with the Random123 library (Salmon et al. 2011)
        ((Z, Z, Z, Z), (Z, Z), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((F, F, F, F), (F, F), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            tuple(np.uint32(x) for x in (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344)),
            tuple(np.uint32(x) for x in (0xA4093822, 0x299F31D0)),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_known_answers(counter: tuple, key: tuple, answer: tuple) -> None:
    assert tuple(int(x) for x in random.philox(*counter, *key)) == answer


def test_draws_depend_on_every_part_of_the_key() -> None:
    base = random.draw4(1, np.uint64(77), 24130, 1)
    others = [
        random.draw4(2, np.uint64(77), 24130, 1),
        random.draw4(1, np.uint64(78), 24130, 1),
        random.draw4(1, np.uint64(77 + (1 << 40)), 24130, 1),
        random.draw4(1, np.uint64(77), 24131, 1),
        random.draw4(1, np.uint64(77), 24130, 2),
    ]
    assert len({base, *others}) == 6


def test_uniform_and_gauss_moments() -> None:
    u = np.array([random.uniform(5, np.uint64(k), 3, 9) for k in range(20000)])
    assert abs(u.mean() - 0.5) < 4 * math.sqrt(1 / 12 / 20000)
    assert 0 <= u.min() and u.max() < 1
    z = np.array([random.gauss(*random.draw4(5, np.uint64(k), 3, 9)[:2]) for k in range(20000)])
    assert abs(z.mean()) < 4 / math.sqrt(20000)
    assert abs(z.std() - 1) < 4 / math.sqrt(2 * 20000)


def test_threshold_gives_the_probability() -> None:
    assert random.threshold(0.0) == 0
    assert random.threshold(1.0) == 4294967295
    hits = sum(random.draw(3, np.uint64(k), 1, 1) < random.threshold(0.1) for k in range(20000))
    assert abs(hits - 2000) < 4 * math.sqrt(20000 * 0.09)


def test_derived_keys_do_not_collide() -> None:
    keys = {int(random.derive(np.uint64(m), o, 10)) for m in range(5000) for o in range(4)}
    assert len(keys) == 20000


@pytest.mark.parametrize("x", np.linspace(-60, 60, 61).tolist())
def test_portable_exp(x: float) -> None:
    assert portable.exp(x) == pytest.approx(math.exp(x), rel=4e-15)


@pytest.mark.parametrize("x", np.geomspace(1e-12, 1e12, 49).tolist())
def test_portable_log(x: float) -> None:
    assert portable.log(x) == pytest.approx(math.log(x), rel=1e-14, abs=1e-15)


def test_portable_edges() -> None:
    """Where the parts of a number meet: halves of sqrt(2), numbers below the normal ones, and what is no number."""
    root = math.sqrt(2.0)
    for x in (root, math.nextafter(root, 2.0), math.nextafter(root, 1.0), 1.0, math.nextafter(2.0, 1.0)):
        for k in (-1060, -1023, -1, 0, 1, 1000):
            assert portable.log(x * 2.0**k) == pytest.approx(math.log(x * 2.0**k), rel=1e-14, abs=1e-15)
    assert portable.log(0.0) == portable.log(-1.0) == -745.0
    assert portable.log(math.inf) == math.inf and math.isnan(portable.log(math.nan))
    assert portable.exp(-701.0) == 0.0 and portable.exp(1e300) == portable.exp(700.0)
    assert math.isnan(portable.exp(math.nan))


def test_portable_blocks_have_the_same_bits() -> None:
    """Vector code and one value at a time: the last bit too, whatever the length."""
    values = np.random.default_rng(1).normal(size=1003) * 30.0
    powers, logs = values.copy(), np.abs(values)
    portable.exp_all(powers)
    portable.log_all(logs)
    assert powers.tolist() == [portable.exp(float(v)) for v in values]
    assert logs.tolist() == [portable.log(abs(float(v))) for v in values]
