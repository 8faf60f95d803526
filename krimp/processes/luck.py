"""Luck first: of all people, or of a list of them, only those whom rules or a draw may pick are looked at one by one.

Not a process: a helper for those that walk people. The sieve reads rows without waiting for an answer, so that the
processor fetches many at once, and its parts go side by side; what it keeps is then done in order.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from krimp.state.random import fill
from krimp.state.world import World

#: Parts of a long list, and the rows that a part has at least.
PARTS, LEAST = 8, 1024
#: Rows of a table that are marked at once.
BLOCK = 1024


def sift(
    world: World, rows: np.ndarray, purpose: int, sieve: Callable[[np.ndarray, np.ndarray, np.ndarray], int]
) -> np.ndarray:
    """int32[n] those of `rows` (int32, persons) whom the sieve keeps, in order.

    sieve(rows, words, kept) writes them into `kept` (room for one more than rows) and says how many; `words` (uint32) is
    each one's draw of this month for `purpose`.
    """
    key = world.persons.key

    def work(_: int, first: int, stop: int) -> np.ndarray:
        mine = rows[first:stop]
        words, kept = np.empty(len(mine), np.uint32), np.empty(len(mine) + 1, np.int32)
        fill(world.seed, key[mine], world.month, purpose, words)
        return kept[: sieve(mine, words, kept)]

    return np.concatenate(
        world.map_chunks(work, len(rows), first=0, chunk=max(len(rows) // PARTS + 1, LEAST))
    )


def sift_all(world: World, scan: Callable[[np.ndarray, np.ndarray, int, int], int]) -> np.ndarray:
    """int32[n] rows of persons, ascending, that scan(flags, kept, first, stop) keeps of each chunk.

    `flags`: scratch of a `BLOCK` of rows, in which it marks them in vector code before it packs them into `kept`.
    """

    def work(_: int, first: int, stop: int) -> np.ndarray:
        kept = np.empty(stop - first + 1, np.int32)
        return kept[: scan(np.empty(BLOCK, np.uint8), kept, first, stop)]

    return np.concatenate(world.map_chunks(work, world.persons.n))
