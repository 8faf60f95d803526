"""Many runs: seeds x scenarios x parameter draws, in local worker processes, resumable.

A task is one run with a folder of its own; a folder whose manifest says `complete` is not run again. A lost worker
costs only the runs it had under way: they are done again, and none twice.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from krimp.intake import load_city
from krimp.scenarios.schema import load_scenario
from krimp.state import cache

#: Times a run may be lost with its worker before the ensemble gives up.
ATTEMPTS = 3


@dataclass(frozen=True)
class Task:
    """One run of an ensemble: its folder's name and the settings of `krimp.engine.run.Settings`."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)


def tasks(
    city: str, scenarios: Sequence[str], runs: int, draws: Sequence[Mapping[str, float]], first_seed: int = 1,
    full: Sequence[str] = (), **settings: Any,
) -> list[Task]:  # fmt: skip
    """`runs` tasks a scenario: run i has seed first_seed + i and parameter draw i (the same for every scenario).

    Runs keep series, ledger and balances; those of the scenarios in `full` keep events and tables too.
    """
    out = []
    for scenario in scenarios:
        label = Path(scenario).stem
        for i in range(runs):
            out.append(
                Task(
                    f"{label}-{i:04d}",
                    {
                        "city": city, "scenario": scenario, "seed": first_seed + i, "threads": 1, "events": scenario in full,
                        "tables": scenario in full, "checkpoint_every": 0, "draws": dict(draws[i % len(draws)]), **settings,
                    },
                )
            )  # fmt: skip
    return out


def fingerprint(task: Task) -> dict[str, Any]:
    """What decides the bytes of a run: its settings, the pack's content and the code that moves a city."""
    asked = {k: v for k, v in task.settings.items() if k not in ("threads", "city", "checkpoint_every")}
    return {
        "settings": json.loads(json.dumps(asked)),
        "pack": load_city(task.settings["city"]).hash,
        "scenario": load_scenario(task.settings.get("scenario", "baseline")).model_dump(mode="json"),
        "code": cache.sources(),
    }


def complete(folder: Path, task: Task) -> bool:
    """Whether the folder holds a complete run of exactly this task, made by the code of today."""
    try:
        manifest = json.loads((folder / "run.json").read_text())
        made = json.loads((folder / "task.json").read_text())
    except (OSError, ValueError):
        return False
    return bool(manifest.get("status") == "complete" and made == fingerprint(task))


def work(task: Task, folder: str) -> str:
    """Run one task (in a worker process); returns its folder."""
    import shutil

    from krimp.engine.run import Settings, execute

    target = Path(folder) / task.name
    shutil.rmtree(target, ignore_errors=True)
    execute(Settings(**dict(task.settings)), target)
    (target / "task.json").write_text(json.dumps(fingerprint(task)))
    return str(target)


def run_all(
    todo: Iterable[Task], folder: Path, workers: int = 0, progress: Callable[[int, int], None] | None = None
) -> list[Path]:
    """Run all tasks that are not complete yet; returns the folders in task order. A run that fails raises its error."""
    order = list(todo)
    folder.mkdir(parents=True, exist_ok=True)
    waiting = [t for t in order if not complete(folder / t.name, t)]
    done = len(order) - len(waiting)
    if progress:
        progress(done, len(order))
    workers = workers or max(1, len(os.sched_getaffinity(0)))
    lost: dict[str, int] = {}
    while waiting:
        pool = ProcessPoolExecutor(
            min(workers, len(waiting)), mp_context=multiprocessing.get_context("spawn")
        )
        running: dict[Future[str], Task] = {pool.submit(work, task, str(folder)): task for task in waiting}
        broken = False
        try:
            while running and not broken:
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    task = running[future]
                    try:
                        future.result()
                    except BrokenProcessPool:
                        broken = True
                        continue
                    del running[future]
                    done += 1
                    if progress:
                        progress(done, len(order))
        finally:
            pool.shutdown(wait=not broken, cancel_futures=True)
        waiting = [t for t in running.values() if not complete(folder / t.name, t)]
        done = len(order) - len(waiting)
        for task in waiting:
            lost[task.name] = lost.get(task.name, 0) + 1
            if lost[task.name] >= ATTEMPTS * max(1, workers):
                raise RuntimeError(
                    f"run {task.name} was lost {lost[task.name]} times with its worker process"
                )
    return [folder / t.name for t in order]


def ensemble(
    city: str, scenarios: Sequence[str] = ("baseline",), runs: int = 10, out: str | Path = "runs/ensemble",
    posterior: str | None = None, workers: int = 0, progress: Callable[[int, int], None] | None = None,
    sets: Mapping[str, float] | None = None, centre: bool = False, full: Sequence[str] = (), **settings: Any,
) -> Ensemble:  # fmt: skip
    """Seeds x draws x scenarios of a city. `posterior`: None = shipped with the pack, "prior", or a file.

    With `centre` the parameters stay at their point values and only seeds differ.
    """
    from krimp.engine.run import declared_parameters
    from krimp.study.draws import draw, posterior_of

    pack = load_city(city)
    fitted = posterior_of(pack, posterior)
    declared = declared_parameters(pack)
    own = {**pack.config.parameters}
    values = [draw(declared, 0 if centre else i + 1, fitted, own) for i in range(runs)]
    todo = tasks(str(pack.path), scenarios, runs, values, full=full, sets=dict(sets or {}), **settings)
    folders = run_all(todo, Path(out), workers, progress)
    result = Ensemble(Path(out), [(t.name.rsplit("-", 1)[0], int(t.name.rsplit("-", 1)[1]), f)
                                  for t, f in zip(todo, folders, strict=True)])  # fmt: skip
    (Path(out) / "ensemble.json").write_text(
        json.dumps({"city": pack.name, "pack_hash": pack.hash, "posterior": str(fitted.path) if fitted else "prior",
                    "runs": [asdict(t) for t in todo]}, indent=1)
    )  # fmt: skip
    return result


@dataclass(frozen=True)
class Ensemble:
    """Finished runs: (scenario, number, folder)."""

    path: Path
    runs: list[tuple[str, int, Path]]

    def series(self, variables: Sequence[str] | None = None, district: str | None = "city") -> pl.DataFrame:
        """scenario, number, month, district, variable, value, unit of all runs (one district, or all with None)."""
        parts = []
        for scenario, number, folder in self.runs:
            frame = pl.scan_parquet(folder / "series.parquet")
            if district is not None:
                frame = frame.filter(pl.col("district") == district)
            if variables is not None:
                frame = frame.filter(pl.col("variable").is_in(list(variables)))
            parts.append(frame.with_columns(scenario=pl.lit(scenario), number=pl.lit(number)).collect())
        return pl.concat(parts)

    def intervals(self, variables: Sequence[str] | None = None, level: float = 0.8) -> pl.DataFrame:
        """scenario, variable, month, low, median, high over the runs (city-wide)."""
        tail = (1 - level) / 2
        return (
            self.series(variables)
            .group_by("scenario", "variable", "month", maintain_order=True)
            .agg(
                low=pl.col("value").quantile(tail, "linear"),
                median=pl.col("value").median(),
                high=pl.col("value").quantile(1 - tail, "linear"),
            )
        )
