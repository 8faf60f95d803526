"""Where this machine keeps what it need not work out again: compiled kernels and base cities; what the model's code is."""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import tempfile
import warnings
from importlib.metadata import version
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


@functools.cache
def sources() -> str:
    """Hash of the sources of all rooms that decide what happens in a run, and of the versions its bytes may depend on."""
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parent.parent
    for room in ("state", "regimes", "synthesis", "processes", "engine", "intake"):
        for path in sorted((root / room).rglob("*.*")):
            if path.suffix in (".py", ".csv"):
                digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    for item in (sys.version, *(version(name) for name in ("numpy", "numba", "polars", "scipy"))):
        digest.update(item.encode())
    return digest.hexdigest()[:16]
