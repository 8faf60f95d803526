"""The workload on Krimp's columns, kernels and keyed draws.

Nearly everybody has no event in a month. So a first pass makes all draws, in vector instructions, and compares each with
a bound that the true probability never exceeds (thinning, as `krimp/processes/life_screening.py` does); only the few
below one, one in forty, are looked at. Parts run side by side; who wants a flat is listed and housed in order of rows.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

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
)
from krimp.state.compile import kernel, typed
from krimp.state.counting import pack
from krimp.state.random import LOW, S32, derive, draw4, philox, threshold

#: `home` of somebody without a flat, and of a row that nobody holds.
NONE, NOBODY = -1, -2
#: `price` of a flat that is taken.
TAKEN = np.float32(2.0)
T_BIRTH, T_MOVE, T_LEAVE, T_LEAVE_YOUNG = (
    np.uint32(p * 2**32) for p in (BIRTH, MOVE, LEAVE, LEAVE_YOUNG)
)  # fmt: skip
#: Months of age below which people leave more often; of age groups whose bound of mortality is that at their end.
YOUNG, OLD, AGED = 300, 720, 1020
#: People whose draws are made at a time: they stay in the cache for those that are looked at.
BLOCK = 2048
#: A thread pays from so many people.
SMALL = 30_000
DEATHS, BIRTHS, LEAVERS, MOVES = range(4)


@typed("void(uint64[::1], int16[::1], int32[::1], uint8[::1], uint32, uint32, int16)")
def screen(key, birth, home, hit, q_old, q_aged, now):
    """Everybody's four draws: hit[i] = 1 where one is below its bound, or for the very old and who has no flat."""
    month, one, zero = np.uint32(now), np.uint32(1), np.uint32(0)
    young, old, aged = np.int16(now - YOUNG), np.int16(now - OLD), np.int16(now - AGED)
    for i in range(hit.size):
        p = np.uint64(i)  # unsigned: no check for negative positions
        k, born = key[p], birth[p]
        a, b, c, d = philox(np.uint32(k & LOW), np.uint32(k >> S32), month, one, one, zero)
        hit[p] = (
            np.uint8(a < (q_old if born > old else q_aged)) | np.uint8(b < T_BIRTH)
            | np.uint8(c < (T_LEAVE_YOUNG if born > young else T_LEAVE)) | np.uint8(d < T_MOVE)
            | np.uint8(born <= aged) | np.uint8(home[p] == NONE)
        )  # fmt: skip


@kernel
def live(key, birth, sex, home, first, stop, price, ask, q, now, hit, rows, found, births, seekers, seen):
    """Rows [first, stop): deaths, births and leavers happen; mothers and who wants a flat are listed.

    A flat that falls vacant is its holder's alone, so parts may run side by side.
    """
    flats = np.uint64(price.size)
    q_old, q_aged = max(q[0, OLD], q[1, OLD]), max(q[0, AGED], q[1, AGED])
    found[:] = 0
    for start in range(first, stop, BLOCK):
        end = min(start + BLOCK, stop)
        screen(key[start:end], birth[start:end], home[start:end], hit[: end - start], q_old, q_aged, now)
        for i in range(pack(hit[: end - start], start, rows, 0)):
            p = np.uint64(rows[np.uint64(i)])
            flat = home[p]
            if flat == NOBODY:
                continue
            a, b, c, d = draw4(1, key[p], now, 1)
            age = now - birth[p]
            dies = a < q[sex[p], min(age, 1439)]
            if not dies and sex[p] == 0 and 240 <= age < 480 and b < T_BIRTH:
                births[found[BIRTHS]] = p
                found[BIRTHS] += 1
            leaves = not dies and age >= ADULT and c < (T_LEAVE_YOUNG if age < YOUNG else T_LEAVE)
            if dies or leaves:
                home[p] = NOBODY
                if flat >= 0:
                    price[flat] = ask[flat]
                found[DEATHS if dies else LEAVERS] += 1
            elif age >= ADULT and (flat == NONE or d < T_MOVE):
                words = draw4(1, key[p], now, 2)
                for v in range(VIEWED):
                    seen[found[MOVES], v] = (np.uint64(words[v]) * flats) >> S32
                seekers[found[MOVES]] = p
                found[MOVES] += 1


@kernel
def settle(key, birth, sex, home, used, price, ask, now, tally, found, births, seekers, seen):
    """Children get a row; who wants a flat takes the cheapest vacant of those seen; all outcomes are added to `tally`."""
    for i in range(found[BIRTHS]):
        mother, child = births[i], used[0]
        used[0] += 1
        key[child] = derive(key[mother], now - birth[mother], 1)
        birth[child] = now
        sex[child] = key[child] & np.uint64(1)
        home[child] = NONE
    moves = 0
    for i in range(found[MOVES]):
        j = np.uint64(i)
        best, least = seen[j, np.uint64(0)], price[seen[j, np.uint64(0)]]
        for v in range(1, VIEWED):
            flat = seen[j, np.uint64(v)]
            cheaper = price[flat] < least
            best, least = flat if cheaper else best, price[flat] if cheaper else least
        if least < TAKEN:
            p = seekers[j]
            if home[p] >= 0:
                price[home[p]] = ask[home[p]]
            home[p] = best
            price[best] = TAKEN
            moves += 1
    found[MOVES] = moves
    for k in range(tally.size):
        tally[k] += found[k]


class City:
    """People in columns, 15 bytes each, with room for the children of `months`."""

    def __init__(self, n: int, months: int) -> None:
        self.settlers, start = n, opening(n)
        room = n + n * months // 100 + 100
        key, birth = np.zeros(room, np.uint64), np.zeros(room, np.int16)
        sex, home = np.zeros(room, np.int8), np.full(room, NOBODY, np.int32)
        key[:n], birth[:n], sex[:n], home[:n] = (
            np.arange(1, n + 1),
            -start["age"],
            start["sex"],
            start["home"],
        )
        self.columns = key, birth, sex, home
        ask = start["price"].astype(np.float32)
        price = ask.copy()
        price[start["home"]] = TAKEN
        self.flats = price, ask
        self.q = np.array([[threshold(p) for p in of_sex] for of_sex in mortality()])
        self.used, self.tally, self.now = np.array([n]), np.zeros(len(OUTCOMES), np.int64), 0
        threads = len(os.sched_getaffinity(0)) if n >= SMALL else 1
        self.parts, part = range(threads), room // threads + 1
        self.scratch = [(np.zeros(BLOCK, np.uint8), np.zeros(BLOCK + 1, np.int32)) for _ in self.parts]
        #: What each part has found: outcomes, mothers, who wants a flat, the flats seen.
        self.found = [
            (
                np.zeros(len(OUTCOMES), np.int64), np.zeros(part, np.uint32), np.zeros(part, np.uint32),
                np.zeros((part, VIEWED), np.uint32),
            )
            for _ in self.parts
        ]  # fmt: skip
        self.map = ThreadPoolExecutor(threads).map if threads > 1 else map

    @property
    def counts(self) -> dict[str, int]:
        """Outcomes so far."""
        return dict(zip(OUTCOMES, self.tally.tolist(), strict=True))

    def people(self) -> int:
        """People alive."""
        return self.settlers + int(self.tally[BIRTHS] - self.tally[DEATHS] - self.tally[LEAVERS])

    def live(self, part: int) -> None:
        """The month of a part of the people, but for children and moves."""
        n, of = self.used.item(), len(self.parts)
        live(
            *self.columns, n * part // of, n * (part + 1) // of, *self.flats, self.q, self.now, *self.scratch[part],
            *self.found[part],
        )  # fmt: skip

    def step(self) -> None:
        """One month."""
        self.now += 1
        list(self.map(self.live, self.parts))
        for found in self.found:
            settle(*self.columns, self.used, *self.flats, self.now, self.tally, *found)


if __name__ == "__main__":
    report(City)
