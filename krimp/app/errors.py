"""From exceptions to one clear message and the exit status of the contract."""

from __future__ import annotations

import errno
import functools
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

F = TypeVar("F", bound=Callable[..., Any])


class BadInput(ValueError):
    """What the user asked for cannot be done; the message says what was found and what is allowed."""


class RunFailed(RuntimeError):
    """A run that stopped by itself; the message names the process and where the run can be taken up again."""


class Stopped(KeyboardInterrupt):
    """Stopped by a signal; `folder` can be resumed."""

    def __init__(self, reason: str, folder: Path) -> None:
        super().__init__(reason)
        self.folder = folder


def _terminate(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt(f"stopped by signal {signal.Signals(number).name}")


def guarded(command: F) -> F:
    """Run a command so that it ends with a message on stderr and an exit status, never with a traceback.

    KRIMP_DEBUG=1 in the environment lets exceptions through, for those who write processes.
    """

    @functools.wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _terminate)
        try:
            return command(*args, **kwargs)
        except Exception as error:
            if os.environ.get("KRIMP_DEBUG") or type(error).__module__.split(".")[0] in ("click", "typer"):
                raise
            message, status = explain(error)
        except KeyboardInterrupt as stop:
            hint = f"; resumable with: krimp resume {stop.folder}" if isinstance(stop, Stopped) else ""
            message, status = f"interrupted{': ' + str(stop) if str(stop) else ''}{hint}", INTERRUPTED
        sys.stdout.flush()
        print(f"krimp: {message}", file=sys.stderr)
        raise SystemExit(status)

    return wrapper  # type: ignore[return-value]


def explain(error: Exception) -> tuple[str, int]:
    """Message and exit status of an exception."""
    if isinstance(error, OSError):
        return _os_message(error)
    if isinstance(error, RunFailed):
        return str(error), FAILED
    if isinstance(error, ValueError):  # bad packs, scenarios, options and folders all are
        return str(error), BAD_INPUT
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("krimp"):
        return f"this needs the package {error.name}, which is not installed", FAILED
    return f"failed: {type(error).__name__}: {error} (KRIMP_DEBUG=1 shows where)", FAILED


def _os_message(error: OSError) -> tuple[str, int]:
    where = f" ({error.filename})" if error.filename else ""
    if isinstance(error, BrokenPipeError):
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  the reader has gone: say nothing more
        return "", DONE
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"the disk is full{where}; the last good checkpoint is kept: free some space, then krimp resume",
            FAILED,
        )
    if isinstance(error, FileExistsError):
        return str(error), BAD_INPUT
    if isinstance(error, (FileNotFoundError, NotADirectoryError, IsADirectoryError)):
        return f"{error.strerror or error}{where}", BAD_INPUT
    return f"{error.strerror or error}{where}", FAILED
