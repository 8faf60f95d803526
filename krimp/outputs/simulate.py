"""`simulate`: one call from a city to an opened run, for notebooks."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import Any

from krimp.engine.run import Progress, Settings, execute
from krimp.intake import CityPack, load_city
from krimp.outputs.folder import Run, open_run


def simulate(
    city: str | Path | CityPack,
    until: str | None = None,
    scenario: str = "baseline",
    seed: int = 1,
    out: str | Path | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Run:
    """Simulate a city and open its run folder.

    `out` is a new folder; without it a temporary one is used and removed when Python ends. `settings` are those of
    `krimp.engine.run.Settings` (scale, sets, threads, events ...). Raises as `execute` does.
    """
    pack = city if isinstance(city, CityPack) else load_city(city)
    if out is None:
        folder = Path(tempfile.mkdtemp(prefix="krimp-run-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    else:
        folder = Path(out)
        if folder.exists() and any(folder.iterdir()):
            raise FileExistsError(f"{folder} exists; choose another folder or remove it")
    asked = Settings(city=str(pack.path), until=until, scenario=scenario, seed=seed, **settings)
    return open_run(execute(asked, folder, pack, progress))
