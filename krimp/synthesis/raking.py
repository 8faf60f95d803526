"""Raking: a known pattern by sex and age fitted to counted totals, and whole people from the fitted numbers.

Iterative proportional fitting (Deming & Stephan 1940): cells are multiplied in turn until people by sex and age and the
totals of states are both met.
"""

from __future__ import annotations

import numpy as np

from krimp.state.compile import allocating_kernel

OLDEST = 116
#: Rounds of fitting; twenty bring the totals within a person in cities of a million.
ROUNDS = 40


def cells(sex: np.ndarray, age: np.ndarray) -> np.ndarray:
    """Cell number of each person: sex, then single year of age."""
    return sex.astype(np.int64) * OLDEST + np.minimum(age.astype(np.int64), OLDEST - 1)


def counts(cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(people[sex, age], start of each cell in a list sorted by cell)."""
    number = np.bincount(cell, minlength=2 * OLDEST)
    start = np.zeros(2 * OLDEST + 1, np.int64)
    np.cumsum(number, out=start[1:])
    return number.reshape(2, OLDEST).astype(np.float64), start


@allocating_kernel
def rake(x, people, targets, rounds):
    """Shares x[sex, age, state] become numbers that fit people[sex, age] and targets[sex, state] in place.

    A target below 0 is none; where targets[1, state] is below -1 (see `BOTH`), targets[0, state] is for both sexes together.
    """
    n_ages = people.shape[1]
    n_states = x.shape[2]
    for s in range(2):
        for a in range(n_ages):
            for m in range(n_states):
                x[s, a, m] *= people[s, a]
    total = np.zeros((2, n_states))
    for _ in range(rounds):
        total[:] = 0.0
        for s in range(2):
            for a in range(n_ages):
                for m in range(n_states):
                    total[s, m] += x[s, a, m]
        for s in range(2):
            for m in range(n_states):
                factor = 1.0
                if targets[1, m] < -1.0:
                    both = total[0, m] + total[1, m]
                    if targets[0, m] >= 0.0 and both > 0.0:
                        factor = targets[0, m] / both
                elif targets[s, m] >= 0.0 and total[s, m] > 0.0:
                    factor = targets[s, m] / total[s, m]
                if factor != 1.0:
                    for a in range(n_ages):
                        x[s, a, m] *= factor
        for s in range(2):
            for a in range(n_ages):
                here = 0.0
                for m in range(n_states):
                    here += x[s, a, m]
                if here > 0.0:
                    for m in range(n_states):
                        x[s, a, m] *= people[s, a] / here


@allocating_kernel
def expected(x, people, state):
    """Numbers of women and of men in a state under the unfitted shares x."""
    out = np.zeros(2)
    for s in range(2):
        for a in range(people.shape[1]):
            out[s] += x[s, a, state] * people[s, a]
    return out


@allocating_kernel
def take(order, start, x, out):
    """States 1, 2 ... to whole people by sex and age; fractions are carried on to the next age, the rest stay 0.

    `order` lists people sorted by cell and shuffled inside; `start` is where each cell begins.
    """
    n_ages = x.shape[1]
    n_states = x.shape[2]
    for s in range(2):
        owed = np.zeros(n_states)
        for a in range(n_ages):
            i = start[s * n_ages + a]
            stop = start[s * n_ages + a + 1]
            for m in range(1, n_states):
                owed[m] += x[s, a, m]
                n = int(owed[m] + 0.5)
                while n > 0 and i < stop:
                    out[order[i]] = m
                    owed[m] -= 1.0
                    n -= 1
                    i += 1


#: Marks a target that is for both sexes together.
BOTH = -2.0
