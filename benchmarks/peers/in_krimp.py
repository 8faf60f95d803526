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


class City:
    """People in columns, with room for the children of `months`."""

    def __init__(self, n: int, months: int) -> None:
        start, self.q = opening(n), mortality()
        room = n + n * months // 100 + 100
        self.age, self.home = np.zeros(room, np.int16), np.full(room, -1, np.int32)
        self.sex, self.alive, self.key = (
            np.zeros(room, np.int8),
            np.zeros(room, np.bool_),
            np.zeros(room, np.uint64),
        )
        self.age[:n], self.sex[:n], self.home[:n], self.alive[:n] = (
            start["age"],
            start["sex"],
            start["home"],
            True,
        )
        self.key[:n] = np.arange(1, n + 1)
        self.price = start["price"]
        self.taken = np.zeros(len(self.price), np.bool_)
        self.taken[start["home"]] = True
        self.used, self.found, self.now = np.array([n]), np.zeros(len(OUTCOMES), np.int64), 0

    @property
    def counts(self) -> dict[str, int]:
        """Outcomes so far."""
        return dict(zip(OUTCOMES, self.found.tolist(), strict=True))

    def people(self) -> int:
        """People alive."""
        return int(self.alive.sum())

    def step(self) -> None:
        """One month."""
        self.now += 1
        month(
            self.key, self.age, self.sex, self.home, self.alive, self.used, self.price, self.taken, self.q, self.now,
            self.found,
        )  # fmt: skip


if __name__ == "__main__":
    report(City)
