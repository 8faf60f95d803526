"""The workload on Krimp's columns, kernels and keyed draws."""

from __future__ import annotations

import numpy as np

from benchmarks.peers.spec import (
    ADULT,
    BIRTH,
    LEAVE,
    LEAVE_YOUNG,
    MOVE,
    OUTCOMES,
    VIEWED,
    mortality,
    opening,
    report,
)  # fmt: skip
from krimp.state.compile import kernel
from krimp.state.random import derive, draw4, unit


@kernel
def month(key, age, sex, home, alive, used, price, taken, q, now, counts):
    """One month of everybody; counts of deaths, births, leavers and moves."""
    for p in range(used[0]):
        if not alive[p]:
            continue
        age[p] += 1
        a, b, c, d = draw4(1, key[p], now, 1)
        months = min(np.int64(age[p]), 1439)
        if unit(a) < q[sex[p], months]:
            alive[p] = False
            if home[p] >= 0:
                taken[home[p]] = False
            counts[0] += 1
            continue
        if sex[p] == 0 and 240 <= months < 480 and unit(b) < BIRTH:
            child = used[0]
            used[0] += 1
            key[child] = derive(key[p], months, 1)
            age[child] = 0
            sex[child] = key[child] & np.uint64(1)
            home[child] = -1
            alive[child] = True
            counts[1] += 1
        if months < ADULT:
            continue
        if unit(c) < (LEAVE_YOUNG if months < 300 else LEAVE):
            alive[p] = False
            if home[p] >= 0:
                taken[home[p]] = False
            counts[2] += 1
        elif home[p] < 0 or unit(d) < MOVE:
            best = -1
            words = draw4(1, key[p], now, 2)
            for i in range(VIEWED):
                f = np.int64(unit(words[i]) * price.size)
                if not taken[f] and (best < 0 or price[f] < price[best]):
                    best = f
            if best >= 0:
                if home[p] >= 0:
                    taken[home[p]] = False
                home[p] = best
                taken[best] = True
                counts[3] += 1


def run(n: int, months: int) -> dict[str, float]:
    """Outcomes a person-month."""
    start, q = opening(n), mortality()
    room = n + n * months // 100 + 100
    age, home = np.zeros(room, np.int16), np.full(room, -1, np.int32)
    sex, alive, key = np.zeros(room, np.int8), np.zeros(room, np.bool_), np.zeros(room, np.uint64)
    age[:n], sex[:n], home[:n], alive[:n] = start["age"], start["sex"], start["home"], True
    key[:n] = np.arange(1, n + 1)
    taken = np.zeros(len(start["price"]), np.bool_)
    taken[start["home"]] = True
    used, counts, person_months = np.array([n]), np.zeros(4, np.int64), 0
    for now in range(months):
        person_months += int(alive.sum())
        month(key, age, sex, home, alive, used, start["price"], taken, q, now, counts)
    return dict(zip(OUTCOMES, (float(c) / person_months for c in counts), strict=True))


if __name__ == "__main__":
    report(run)
