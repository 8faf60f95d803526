"""Checkpoints: the whole world and the recorder, column by column, verified by hash before they are used.

Each is written to a temporary folder straight from the columns, which costs less than copies of them; `seal` syncs and renames
it while the months go on. Two are kept.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from krimp.engine.record import Recorder
from krimp.state.tables import SCHEMAS
from krimp.state.world import World

KEEP = 2
_TABLES = [name for name in SCHEMAS if name != "seekers"]


def _columns(world: World, recorder: Recorder) -> Iterator[tuple[str, np.ndarray]]:
    """All arrays that the month just recorded left behind, by name; none is a copy."""
    for name in _TABLES:
        table = getattr(world, name)
        for column in table.schema:
            yield f"{name}.{column.name}", getattr(table, column.name)
    yield "ledger.balance", world.ledger.balance
    for name, signal in world.signal.items():
        yield f"signal.{name}", signal
    for i, event_column in enumerate(world.events.columns):
        yield f"events.{i}", event_column[: int(world.events.used[0])]
    for name, array in recorder.state().items():
        yield f"recorder.{name}", array
    for name, value in world.memory.items():
        if isinstance(value, np.ndarray):
            yield f"memory.{name}", value


def write(world: World, recorder: Recorder, wall: dict[str, float], folder: Path) -> Path:
    """Write what a checkpoint of the month just recorded holds to a temporary folder, for `seal`. OSError leaves none."""
    temporary = folder / f".{world.month:05d}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        columns: dict[str, tuple[str, tuple[int, ...], str]] = {}
        with open(temporary / "columns.bin", "wb") as file:
            for name, array in _columns(world, recorder):
                data = _bytes(array)
                file.write(data)
                columns[name] = (array.dtype.str, array.shape, _sum(data))
        state = {
            "month": world.month,
            "memory": {
                name: value.item() if isinstance(value, np.generic) else value
                for name, value in world.memory.items()
                if not isinstance(value, np.ndarray)
            },
            "fired": {name: int(count) for name, count in world.fired.items()},
            "wall": dict(wall),
            "columns": columns,
        }
        text = json.dumps(state)
        (temporary / "state.json").write_text(text)
        (temporary / "state.sha256").write_text(hashlib.sha256(text.encode()).hexdigest())
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
        shutil.rmtree(old, ignore_errors=True)
    return final


def drop_unsealed(folder: Path) -> None:
    """Remove what `write` left and nobody sealed."""
    for path in folder.glob(".*.tmp"):
        shutil.rmtree(path, ignore_errors=True)


def available(folder: Path) -> list[Path]:
    """Finished checkpoints, newest first."""
    if not folder.is_dir():
        return []
    return sorted((p for p in folder.iterdir() if p.is_dir() and p.name.isdigit()), reverse=True)


def load(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """State and arrays of a checkpoint; ValueError when a file is missing or does not match its sum."""
    try:
        text = (path / "state.json").read_text()
        if hashlib.sha256(text.encode()).hexdigest() != (path / "state.sha256").read_text().strip():
            raise ValueError(f"checkpoint {path.name}: state.json does not match its sum")
        state: dict[str, Any] = json.loads(text)
        arrays: dict[str, np.ndarray] = {}
        with open(path / "columns.bin", "rb") as file:
            for name, (dtype, shape, expected) in state["columns"].items():
                array = np.fromfile(file, np.dtype(dtype), math.prod(shape))
                if _sum(_bytes(array)) != expected:
                    raise ValueError(f"checkpoint {path.name}: {name} does not match its sum")
                arrays[name] = array.reshape(shape)
    except OSError as error:
        raise ValueError(f"checkpoint {path.name}: {error}") from error
    return state, arrays


def restore(
    world: World, recorder: Recorder, state: dict[str, Any], arrays: dict[str, np.ndarray]
) -> dict[str, float]:
    """Put a loaded checkpoint into a prepared (empty) world; returns the wall times so far."""
    for name in _TABLES:
        table = getattr(world, name)
        for column in table.schema:
            table.columns[column.name] = np.zeros(0, column.dtype)
        n = len(arrays[f"{name}.{table.schema[0].name}"])
        capacity = n + n // 16 + 1024
        for column in table.schema:
            target = np.zeros(capacity, column.dtype)
            target[:n] = arrays[f"{name}.{column.name}"]
            table.columns[column.name] = target
        table.used[0] = n
    world.ledger.balance[:] = arrays["ledger.balance"]
    for name in world.signal:
        world.signal[name][:] = arrays[f"signal.{name}"]
    columns = [arrays[f"events.{i}"] for i in range(len(world.events.columns))]
    used = len(columns[0])
    world.events.reserve(used)
    if world.events.enabled:
        for target, source in zip(world.events.columns, columns, strict=True):
            target[:used] = source
        world.events.used[0] = used
    recorder.restore({n.split(".", 1)[1]: a for n, a in arrays.items() if n.startswith("recorder.")})
    world.memory = dict(state["memory"])
    world.memory.update({n.split(".", 1)[1]: a for n, a in arrays.items() if n.startswith("memory.")})
    world.fired.clear()
    world.fired.update(state["fired"])
    world.month = int(state["month"])
    wall: dict[str, float] = state["wall"]
    return wall


def _bytes(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def _sum(data: np.ndarray) -> str:
    return xxhash.xxh3_128_hexdigest(data)
