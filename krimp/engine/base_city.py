"""The base city of a run: synthesised once, then kept in the cache and taken from there.

A city is kept with the parameters that its synthesis and the start of its processes read, so that runs which differ only in
what comes later (a tariff, a scenario) find it too. What else it depends on is in its shelf's name: pack, seed, size and the
sources of the model.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from krimp.engine import month, stored
from krimp.state import cache
from krimp.state.parameters import Parameter, Parameters
from krimp.state.world import World
from krimp.synthesis import build

#: A city of fewer people is built as fast as it is read; one of more would fill the cache.
LEAST_PEOPLE, MOST_PEOPLE = 100_000, 4_000_000
#: The cities used last are kept, up to so many bytes in all.
MOST_BYTES = 1 << 29


class _Noted:
    """Parameters that note what was read of them."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self.read: dict[str, float] = {}

    @property
    def declared(self) -> Mapping[str, Parameter]:
        return self._parameters.declared

    def __getitem__(self, name: str) -> float:
        value = self.read[name] = self._parameters[name]
        return value


def begin(world: World, anew: bool = False) -> bool:
    """Fill an empty world at its base month and start its processes; whether a kept city was found. `anew`: no kept one is
    looked for.

    Raises ValueError when the pack's households cannot be housed or filled; a cache that cannot be read or written is no
    fault.
    """
    shelf = cache.home() / "cities" / _shelf(world)
    if not anew and find(world, shelf):
        return True
    parameters = world.params
    noted = _Noted(parameters)
    try:
        world.params = cast(Parameters, noted)
        build(world)
        month.start(world)
    finally:
        world.params = parameters
    if LEAST_PEOPLE <= world.persons.n <= MOST_PEOPLE:
        with contextlib.suppress(OSError):
            keep(world, noted.read, shelf)
    return False


def find(world: World, shelf: Path) -> bool:
    """Fill an empty world from a kept city whose synthesis read the same parameters, if there is one on its shelf."""
    for folder in shelf.glob("[!.]*"):
        try:
            state = stored.read_state(folder)
            if any(world.params[name] != value for name, value in state["parameters"].items()):
                continue
            columns = stored.read_columns(folder, state)
        except ValueError:
            shutil.rmtree(folder, ignore_errors=True)
            continue
        stored.restore(world, state, columns)
        with contextlib.suppress(OSError):
            os.utime(folder)
        return True
    return False


def keep(world: World, read: Mapping[str, float], shelf: Path) -> None:
    """Put a base city on its shelf and let go of those that were not used for longest."""
    name = hashlib.sha256(json.dumps(read, sort_keys=True).encode()).hexdigest()[:16]
    temporary = shelf / f".{name}.{os.getpid()}"
    temporary.mkdir(parents=True)
    try:
        stored.write(
            temporary, stored.columns_of(world), stored.numbers_of(world) | {"parameters": dict(read)}
        )
        os.replace(temporary, shelf / name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    left = MOST_BYTES
    # what a run that was killed began to write is let go of in the same way
    for folder in sorted(shelf.parent.glob("*/*"), key=os.path.getmtime, reverse=True):
        left -= (folder / "columns.bin").stat().st_size
        if left < 0:
            shutil.rmtree(folder, ignore_errors=True)


def _shelf(world: World) -> str:
    content, size = world.pack.content_hash(), (world.weight, world.copies)
    asked = (cache.sources(), content, int(world.seed), size, world.base, world.events.enabled)
    return hashlib.sha256(str(asked).encode()).hexdigest()[:16]
