"""Progress of long work: a bar with the time left on a terminal, plain lines elsewhere. All on stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID


class Progress:
    """Call `show(what, done, total)` as often as you like; use as a context manager.

    On a terminal a bar; elsewhere a line at the start, then one every `every` steps and at the end.
    """

    def __init__(self, unit: str = "months", every: int = 12, quiet: bool = False) -> None:
        self.unit = unit
        self.every = max(every, 1)
        self.quiet = quiet
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._phase = ""
        self._since = 0.0
        self._first = 0
        if not quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as RichBar

            self._bar = RichBar(
                TextColumn("{task.description}"), BarColumn(None), MofNCompleteColumn(), TextColumn(unit),
                TimeRemainingColumn(elapsed_when_finished=True), console=Console(stderr=True), transient=True,
            )  # fmt: skip

    def __enter__(self) -> Progress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, what: str, done: int, total: int) -> None:
        """Report that `done` of `total` steps of the phase `what` are finished."""
        if self.quiet:
            return
        if self._bar is not None:
            if self._task is None:
                self._task = self._bar.add_task(what, total=total)
            self._bar.update(self._task, description=what, completed=done, total=total)
            return
        if what != self._phase:
            self._phase, self._since, self._first = what, time.monotonic(), done
            if done == 0 and what != "stepping":
                print(what, file=sys.stderr, flush=True)
                return
        if done and (done % self.every == 0 or done == total):
            passed, steps = time.monotonic() - self._since, done - self._first
            left = f", about {passed / steps * (total - done):.0f} s left" if steps and done < total else ""
            print(f"{what}: {done} of {total} {self.unit}{left}", file=sys.stderr, flush=True)
