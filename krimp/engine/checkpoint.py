"""Checkpoints: the whole world and the recorder, column by column, verified by hash before they are used.

Each is written to a temporary folder, synced, given a manifest of SHA-256 sums and renamed; two are kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from krimp.engine.record import Recorder
from krimp.state.tables import SCHEMAS
from krimp.state.world import World

KEEP = 2
_TABLES = [name for name in SCHEMAS if name != "seekers"]


def snapshot(
    world: World, recorder: Recorder, wall: dict[str, float]
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Copies of all that the month just recorded left behind: (state, arrays) for `write`."""
    arrays: dict[str, np.ndarray] = {}
    for name in _TABLES:
        table = getattr(world, name)
        for column in table.schema:
            arrays[f"{name}.{column.name}"] = getattr(table, column.name).copy()
    arrays["ledger.balance"] = world.ledger.balance.copy()
    for name, signal in world.signal.items():
        arrays[f"signal.{name}"] = signal.copy()
    for i, event_column in enumerate(world.events.columns):
        arrays[f"events.{i}"] = event_column[: int(world.events.used[0])].copy()
    for name, array in recorder.state().items():
        arrays[f"recorder.{name}"] = array
    memory: dict[str, Any] = {}
    for name, value in world.memory.items():
        if isinstance(value, np.ndarray):
            arrays[f"memory.{name}"] = value.copy()
        else:
            memory[name] = value.item() if isinstance(value, np.generic) else value
    state = {
        "month": world.month,
        "memory": memory,
        "fired": {name: int(count) for name, count in world.fired.items()},
        "wall": dict(wall),
    }
    return state, arrays


def write(state: dict[str, Any], arrays: dict[str, np.ndarray], folder: Path) -> Path:
    """Write a snapshot as a checkpoint and drop older ones beyond two; OSError leaves those that were there."""
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / f"{state['month']:05d}"
    temporary = folder / f".{state['month']:05d}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        sums: dict[str, str] = {}
        for name, array in arrays.items():
            np.save(temporary / f"{name}.npy", array)
            sums[name] = _sum(array)
        text = json.dumps(state | {"sums": sums})
        (temporary / "state.json").write_text(text)
        (temporary / "state.sha256").write_text(hashlib.sha256(text.encode()).hexdigest())
        for path in sorted(temporary.iterdir()):
            descriptor = os.open(path, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
        shutil.rmtree(final, ignore_errors=True)
        os.replace(temporary, final)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    for old in available(folder)[KEEP:]:
        shutil.rmtree(old, ignore_errors=True)
    return final


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
        for name, expected in state["sums"].items():
            array = np.load(path / f"{name}.npy")
            if _sum(array) != expected:
                raise ValueError(f"checkpoint {path.name}: {name} does not match its sum")
            arrays[name] = array
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


def _sum(array: np.ndarray) -> str:
    data = np.ascontiguousarray(array)
    return hashlib.sha256(data.view(np.uint8).data if data.size else b"").hexdigest()
