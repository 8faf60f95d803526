"""Where this machine keeps what it need not work out again: compiled kernels and base cities."""

from __future__ import annotations

import functools
import os
import tempfile
import warnings
from pathlib import Path


@functools.cache
def home() -> Path:
    """A writable folder: `krimp` in the user's cache, else a temporary one, with one warning.

    `KRIMP_CACHE` says where the cache is, then `XDG_CACHE_HOME`; else it is `~/.cache`.
    """
    base = os.environ.get("KRIMP_CACHE") or os.environ.get("XDG_CACHE_HOME")
    wanted = (Path(base) if base else Path(os.path.expanduser("~")) / ".cache") / "krimp"
    if _writable(wanted):
        return wanted
    found = Path(tempfile.gettempdir()) / f"krimp-{os.getuid()}"
    if not _writable(found):
        found = Path(tempfile.mkdtemp(prefix="krimp-"))
    warnings.warn(f"no writable cache folder; compiled kernels and cities go to {found}", stacklevel=3)
    return found


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError:
        return False
    return True
