"""The threads beside the one that lives the month: what the month waits for goes before what is begun ahead of its turn.

A pool of the standard library does its tasks in the order in which they come. Work begun ahead would then be in the way of
the scans that the month waits for, and be done by the time the month comes to what one core does alone.
"""

from __future__ import annotations

import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterable
from queue import SimpleQueue
from typing import Any

#: Seconds after which the interpreter takes turns, by default 0.005: the work between two kernels of a helper is short, and
#: a month takes 0.06.
TURN = 0.0005


class Job:
    """Work that one thread does: whichever comes to it first."""

    __slots__ = ("_over", "_taken", "error", "result", "work")

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.result: Any = None
        self.error: BaseException | None = None
        self._taken, self._over = threading.Lock(), threading.Lock()
        self._over.acquire()

    def take(self) -> bool:
        """Whether nobody had come to it before; who takes it does it, or nobody does."""
        return self._taken.acquire(blocking=False)

    def run(self) -> None:
        """Do it, unless another thread has come to it."""
        if self.take():
            try:
                self.result = self.work()
            except BaseException as error:
                self.error = error
            finally:
                self._over.release()

    def settle(self) -> None:
        """Wait until whoever has taken it is done."""
        with self._over:
            pass

    def wait(self) -> Any:
        """Its result once it is done; raises what it raised."""
        self.settle()
        if self.error is not None:
            raise self.error
        return self.result


def _serve(calls: SimpleQueue[bool], lines: tuple[deque[Job], ...]) -> None:
    while calls.get():
        for line in lines:
            try:
                job = line.popleft()
            except IndexError:
                continue
            job.run()
            # keeps nothing alive while it waits for the next call
            del job
            break


class Crew:
    """`size` threads that live as long as this object."""

    def __init__(self, size: int) -> None:
        sys.setswitchinterval(min(sys.getswitchinterval(), TURN))
        self._calls: SimpleQueue[bool] = SimpleQueue()
        self._lines: tuple[deque[Job], deque[Job]] = (deque(), deque())
        for _ in range(size):
            threading.Thread(target=_serve, args=(self._calls, self._lines), name="crew", daemon=True).start()
        weakref.finalize(self, _dismiss, self._calls, size)

    def hand(self, jobs: Iterable[Job], at_leisure: bool = False) -> None:
        """Jobs for whoever has time, those `at_leisure` after all others."""
        for job in jobs:
            self._lines[at_leisure].append(job)
            self._calls.put(True)


def _dismiss(calls: SimpleQueue[bool], size: int) -> None:
    for _ in range(size):
        calls.put(False)
