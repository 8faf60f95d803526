"""Checkpoints: the whole world and the recorder, column by column, verified by hash before they are used.

Each is written to a temporary folder; `seal` syncs and renames it while the months go on. Two are kept, and the files of a
third, which the next is written over.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from krimp.engine import stored
from krimp.engine.record import Recorder
from krimp.state.world import World

KEEP = 2
_SPARE = ".spare"


def write(world: World, recorder: Recorder, wall: dict[str, float], folder: Path) -> Path:
    """Write what a checkpoint of the month just recorded holds to a temporary folder, for `seal`. OSError leaves none."""
    temporary = folder / f".{world.month:05d}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        os.replace(folder / _SPARE, temporary)
    except OSError:
        temporary.mkdir(parents=True)
    try:
        recorded = [(f"recorder.{name}", array) for name, array in recorder.state().items()]
        state = stored.numbers_of(world) | {"wall": dict(wall)}
        stored.write(temporary, [*stored.columns_of(world), *recorded], state)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return temporary


def seal(temporary: Path) -> Path:
    """Make a checkpoint of what `write` left and drop older ones beyond two; OSError leaves those that were there."""
    final = temporary.with_name(temporary.stem.removeprefix("."))
    try:
        for path in sorted(temporary.iterdir()):
            descriptor = os.open(path, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
        shutil.rmtree(final, ignore_errors=True)
        os.replace(temporary, final)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    for old in available(final.parent)[KEEP:]:
        shutil.rmtree(final.with_name(_SPARE), ignore_errors=True)
        os.replace(old, final.with_name(_SPARE))
    return final


def tidy(folder: Path) -> None:
    """Remove all that is no checkpoint: what `write` left and nobody sealed, and spare files."""
    for path in folder.glob(".*"):
        shutil.rmtree(path, ignore_errors=True)


def available(folder: Path) -> list[Path]:
    """Finished checkpoints, newest first."""
    if not folder.is_dir():
        return []
    return sorted((p for p in folder.iterdir() if p.is_dir() and p.name.isdigit()), reverse=True)


def load(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """State and arrays of a checkpoint; ValueError when a file is missing or does not match its sum."""
    try:
        state = stored.read_state(path)
        return state, stored.read_columns(path, state)
    except ValueError as error:
        raise ValueError(f"checkpoint {error}") from error


def restore(
    world: World, recorder: Recorder, state: dict[str, Any], arrays: dict[str, np.ndarray]
) -> dict[str, float]:
    """Put a loaded checkpoint into a prepared (empty) world; returns the wall times so far."""
    stored.restore(world, state, arrays)
    recorder.restore({n.split(".", 1)[1]: a for n, a in arrays.items() if n.startswith("recorder.")})
    wall: dict[str, float] = state["wall"]
    return wall
