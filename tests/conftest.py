"""One full-size default run for all tests that look at it, made by whichever worker needs it first."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from krimp.engine import base_city


@pytest.fixture(scope="session", autouse=True)
def every_city_is_built() -> Iterator[None]:
    """No test takes a base city that another left in the cache, or leaves one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base_city, "find", lambda *_: False)
        patch.setattr(base_city, "keep", lambda *_: None)
        yield


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
