"""One full-size default run for all tests that look at it, made by whichever worker needs it first."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def default_run(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Folder of the run that `make run` makes: Hegang, full size, base to the article's month, seed 1, point values."""
    from krimp.app import cli

    shared = (
        tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    )
    folder = shared / "default-run"
    with open(shared / "default-run.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "run.json").is_file():
            with pytest.raises(SystemExit) as stop:
                cli.app(["run", "hegang", "-o", str(folder)])
            assert not stop.value.code
    return folder
