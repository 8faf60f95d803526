"""One thread that writes while the months go on: checkpoints and event files, in the order they were handed over.

What is handed over is a copy that no later month touches, so the bytes do not depend on when they are written. A fault
(a full disk) surfaces at the next hand-over or at the end, and nothing is written after it: a later checkpoint would vouch
for what was lost.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any


class BackgroundWriter:
    """`submit(work, *data)` runs work(*data) later; `wait()` (or leaving the context) lets all of it finish."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._pending: list[Future[Any]] = []
        self._failed = False

    def submit(self, work: Callable[..., Any], *data: Any) -> None:
        """Queue one piece of work. Raises what an earlier piece failed with."""
        self._collect(done_only=True)
        # at most three pieces wait (a checkpoint, then the events and listings of a year that ends a month later), so that a
        # slow disk cannot fill the memory with copies
        while len(self._pending) > 2:
            self._pending.pop(0).result()
        self._pending.append(self._pool.submit(self._write, work, *data))

    def _write(self, work: Callable[..., Any], *data: Any) -> None:
        if self._failed:
            return
        try:
            work(*data)
        except BaseException:
            self._failed = True
            raise

    def wait(self) -> None:
        """Let everything be written; raises the first fault."""
        self._collect(done_only=False)

    def _collect(self, done_only: bool) -> None:
        while self._pending and (self._pending[0].done() or not done_only):
            self._pending.pop(0).result()

    def __enter__(self) -> BackgroundWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True)
        if kind is None:
            self.wait()
