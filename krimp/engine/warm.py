"""First use: a second process compiles the month from its end while the run that waits compiles it from its start.

The compiler works on one kernel at a time in a process, and the cache of kernels is shared between processes: whoever
comes second to a kernel finds it there. The second process builds a small base city of the same pack, so its kernels are the
run's; what it simulates is thrown away.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import sys
from pathlib import Path

from krimp.state import compile as door

#: How much of the city the second process builds.
SCALE = "1/50"


def compile_beside(city: Path, cpus: int) -> None:
    """At first use and with a core to spare, start the second process, once for a cache; it ends with this one."""
    if not door.FIRST_USE or cpus < 2:
        return
    try:
        os.close(os.open(door.CACHE / "compiling", os.O_CREAT | os.O_EXCL))
    except OSError:
        return
    second = subprocess.Popen(
        [sys.executable, "-m", __name__, str(city)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    atexit.register(second.kill)


def from_the_end(city: str) -> None:
    """Build a small base city from a pack and call its month's processes, the last first."""
    from krimp.engine import month
    from krimp.engine.run import prepare
    from krimp.processes import life_screening

    world = prepare(city, scale=SCALE, threads=1)
    month.observe(world)
    month.begin(world)
    life_screening.step(world, month.all_hazards())
    for module in reversed(month.modules()):
        if hasattr(module, "step"):
            # out of its turn a process may miss what others leave it; the run itself will compile what is left
            with contextlib.suppress(Exception):
                module.step(world)


if __name__ == "__main__":
    from_the_end(sys.argv[1])
