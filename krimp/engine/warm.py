"""Kernels before they are called. Later uses: a thread loads them from disk while the base city is built.

First use: a second process compiles the month from its end while the run that waits compiles it from its start.

The compiler works on one kernel at a time in a process, and the cache of kernels is shared between processes: whoever
comes second to a kernel finds it there. While the run compiles what builds the base city, the second process has no city;
it makes do with one of a few blank rows, whose columns have the same types. What it simulates is thrown away.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np

from krimp.state import compile as door
from krimp.state.codes import WANT_MOVE
from krimp.state.world import World

#: Blank rows of each table of the toy city, and how much of the true one the second process builds for what is left.
ROWS, SCALE = 8, "1/50"


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


def load_beside(threads: int) -> threading.Thread | None:
    """With a thread to spare, load the kernels of the month that have been compiled before, in its order."""
    if door.FIRST_USE or threads < 2:
        return None
    loading = threading.Thread(target=_load, name="kernels")
    loading.start()
    return loading


def _load() -> None:
    from krimp.engine import month

    rooms = (
        *month.modules(),
        *(sys.modules[name] for name in sorted(sys.modules) if name.startswith("krimp.")),
    )
    # what cannot be loaded is compiled when it is called, and tells then what is wrong
    with contextlib.suppress(Exception):
        door.fetch(
            dict.fromkeys(found for room in rooms for found in list(vars(room).values()) if callable(found))
        )


def from_the_end(city: str) -> None:
    """Call the month's processes, the last first, in a toy city of a pack's institutions and then in a small true one."""
    from krimp.engine import month
    from krimp.engine.run import prepare

    world = toy_city(city)
    # the second month is a January, when much is done once a year
    for _ in range(2):
        _backwards(world)
    month.observe(world)
    world = prepare(city, scale=SCALE, threads=1)
    month.observe(world)
    _backwards(world)


def toy_city(city: str) -> World:
    """A started world of a few blank people, families, homes, buildings and shops in a pack's places, at the base month."""
    from krimp.engine import month
    from krimp.engine.run import Settings, empty_world
    from krimp.intake import load_city
    from krimp.state import months

    pack = load_city(city)
    base = months.parse(pack.config.base)
    world = empty_world(pack, Settings(pack.name, scale=SCALE, threads=1), base)
    for table in (world.persons, world.households, world.dwellings, world.buildings, world.shops):
        table.append(key=np.arange(1, ROWS + 1, dtype=np.uint64))
    for module in month.modules():
        with contextlib.suppress(Exception):
            if hasattr(module, "start"):
                module.start(world)
    return world


def _backwards(world: World) -> None:
    """One month from its end; out of its turn a process may miss what others leave it, and then the run compiles what is left."""
    from krimp.engine import month
    from krimp.processes import life_screening
    from krimp.state import recount

    month.begin(world)
    with contextlib.suppress(Exception):
        life_screening.step(world, month.all_hazards())
    world.seek(np.arange(1, 3, dtype=np.int32), WANT_MOVE, world.households.district[1:3])
    for step in (*(getattr(module, "step", None) for module in reversed(month.modules())), recount.faults):
        with contextlib.suppress(Exception):
            if step:
                step(world)


if __name__ == "__main__":
    from_the_end(sys.argv[1])
