"""A run from pack to folder: prepare the base city, step the months, keep the books, write everything down."""

from __future__ import annotations

import json
import os
import platform
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from krimp import __version__
from krimp.engine import base_city, checkpoint, month, record, warm
from krimp.engine.background import BackgroundWriter
from krimp.intake import CityPack, load_city
from krimp.processes.life_screening import SERIES as _SCREENING_SERIES
from krimp.regimes import load as load_regime
from krimp.scenarios.schema import Scenario, load_scenario
from krimp.state import accounts, months, recount
from krimp.state.codes import RESIDENT
from krimp.state.parameters import Parameter, Parameters, prior_of
from krimp.state.world import World

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Settings:
    """What a run is asked to do. `scale`: "1/10", 0.1, 1 or a whole number of copies. `until`, `start`: "YYYY-MM"."""

    city: str
    until: str | None = None
    start: str | None = None
    scenario: str = "baseline"
    seed: int = 1
    scale: str | float = 1
    sets: Mapping[str, float] = field(default_factory=dict)
    draws: Mapping[str, float] = field(default_factory=dict)
    threads: int = 0
    events: bool = True
    checkpoint_every: int = 12
    snapshots: tuple[str, ...] = ()
    tables: bool = True


class RunError(ValueError):
    """Bad input to a run: the message says what was found and what is allowed."""


class Interrupted(KeyboardInterrupt):
    """The run was stopped by a signal after its last complete month; it can be resumed."""


def parse_scale(scale: str | float | int) -> tuple[int, int]:
    """(weight, copies) of a scale: 1/k gives (k, 1), a whole k gives (1, k); RunError for anything else."""
    try:
        fraction = Fraction(str(scale)).limit_denominator(100000)
    except (ValueError, ZeroDivisionError):
        fraction = Fraction(0)
    if fraction > 0 and fraction.numerator == 1:
        return fraction.denominator, 1
    if fraction > 0 and fraction.denominator == 1:
        return 1, fraction.numerator
    raise RunError(f"scale {scale!r}: allowed are 1, 1/k (or 0.1, 0.05 ...) and whole numbers of copies")


def usable_cpus() -> int:
    """CPUs this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def drivers_of(pack: CityPack, base: int, until: int) -> dict[str, np.ndarray]:
    """Monthly paths of the pack's exogenous drivers from base to until, linear between dated rows, flat outside.

    A step is written as two dated rows, or by unit "step", which holds the last value.
    """
    table = pack.tables.get("drivers")
    paths: dict[str, np.ndarray] = {}
    if table is None or table.height == 0:
        return paths
    grid = np.arange(base, until + 1, dtype=np.float64)
    for (name,), rows in table.group_by(["variable"], maintain_order=True):
        when = np.array([_driver_month(str(d)) for d in rows["date"]], np.float64)
        value = rows["value"].to_numpy().astype(np.float64)
        order = np.argsort(when, kind="stable")
        when, value = when[order], value[order]
        if "step" in str(rows["unit"][0]):
            index = np.clip(np.searchsorted(when, grid, side="right") - 1, 0, len(when) - 1)
            paths[str(name)] = value[index]
        else:
            paths[str(name)] = _linear(grid, when, value)
    return paths


def _driver_month(text: str) -> int:
    return months.parse(text[:7]) if len(text) >= 7 else int(text[:4]) * 12 + 6


def _linear(grid: np.ndarray, when: np.ndarray, value: np.ndarray) -> np.ndarray:
    right = np.clip(np.searchsorted(when, grid, side="right"), 1, max(len(when) - 1, 1))
    if len(when) == 1:
        return np.full(len(grid), value[0])
    left = right - 1
    span = when[right] - when[left]
    share = np.clip((grid - when[left]) / np.where(span > 0, span, 1.0), 0.0, 1.0)
    return value[left] + (value[right] - value[left]) * share


#: What the parameters made of a pack's assumptions are called.
PACK = "pack."


def declared_parameters(pack: CityPack) -> list[Parameter]:
    """The parameters of all processes and, as `pack.NAME`, the assumptions of the pack (those derived from others apart).

    An assumption that bears the name of a parameter says its value and prior for this city.
    """
    found = {p.name: p for p in month.all_parameters()}
    table = pack.table("assumptions")
    rows = [] if table is None else list(table.iter_rows(named=True))
    for number, row in enumerate(rows, 2):
        if row.get("status") == "derived":
            continue
        try:
            prior_of(row["prior"])
        except ValueError as error:
            raise RunError(f"{pack.name}/assumptions.csv, row {number}, column prior: {error}") from error
        value, prior = float(row["value"]), row["prior"]
        source = f"[A] {row['source']}: {row['reason']}"
        if row["id"] in found:
            found[row["id"]] = replace(found[row["id"]], value=value, prior=prior, source=source)
        else:
            found[PACK + row["id"]] = Parameter(
                PACK + row["id"], value, row["unit"], prior, source, "assumption of the city pack", float(row["low"]),
                float(row["high"]),
            )  # fmt: skip
    return list(found.values())


def parameters_of(pack: CityPack, draws: Mapping[str, float], sets: Mapping[str, float]) -> Parameters:
    """Declared defaults, then the pack's overrides, then draws (prior or posterior), then explicit settings."""
    params = Parameters(declared_parameters(pack))
    try:
        for name, value in pack.config.parameters.items():
            params.set(name, value, f"{pack.name}/city.toml [parameters]")
        for name, value in draws.items():
            params.set(name, value, "parameter draw")
        for name, value in sets.items():
            params.set(name, value, "--set")
    except ValueError as error:
        raise RunError(str(error)) from error
    return params


def empty_world(pack: CityPack, settings: Settings, until: int) -> World:
    """A world with its tables still empty: parameters, accounts, series, drivers."""
    weight, copies = parse_scale(settings.scale)
    regime = load_regime(pack.config.regime)
    base = months.parse(settings.start or pack.config.base)
    params = parameters_of(pack, settings.draws, settings.sets)
    assumed = {n.removeprefix(PACK): v for n, v in params.values.items() if n.startswith(PACK)}
    world = World(
        pack.assuming(assumed), regime, params,
        month.all_accounts([*accounts.standard_accounts(), *regime.accounts]),
        [*_SCREENING_SERIES, *month.all_series()], settings.seed, base, weight, copies,
        settings.threads or usable_cpus(), settings.events,
    )  # fmt: skip
    world.drivers = drivers_of(pack, base, max(until, base))
    return world


def prepare(
    city: str | CityPack, scale: str | float = 1, seed: int = 1, until: str | None = None, anew: bool = False,
    **settings: Any,
) -> World:  # fmt: skip
    """A world at the base month, synthesised (`anew`: even if the cache has this city) and started: for tests, notebooks and
    benchmarks."""
    pack = city if isinstance(city, CityPack) else load_city(city)
    warm.compile_beside(pack.path, usable_cpus())
    asked = Settings(city=pack.name, scale=scale, seed=seed, until=until, **settings)
    warm.load_beside(asked.threads or usable_cpus())
    last = months.parse(until) if until else months.parse(pack.config.base) + 480
    world = empty_world(pack, asked, last)
    base_city.begin(world, anew)
    return world


def execute(
    settings: Settings, folder: Path, pack: CityPack | None = None, progress: Progress | None = None
) -> Path:
    """Simulate a city into a new folder and return it.

    Raises RunError (bad input), InvariantError (a broken balance; the folder says `failed`), Interrupted (resumable)
    and OSError (disk); `progress(phase, done, total)` is called once a month.
    """
    pack = pack or load_city(settings.city)
    warm.compile_beside(pack.path, usable_cpus())
    warm.load_beside(settings.threads or usable_cpus())
    scenario = load_scenario(settings.scenario)
    until = _until(settings, pack)
    clock = time.perf_counter()
    world = empty_world(pack, settings, until)
    _check_scenario(scenario, world.params)
    folder.mkdir(parents=True, exist_ok=True)
    manifest = _manifest(settings, pack, scenario, world, until)
    _write_manifest(folder, manifest)
    _keep_inputs(folder, pack, scenario)
    wall: dict[str, float] = {}
    if progress:
        progress("building the base city", 0, until - world.base)
    _apply(scenario, world)
    manifest["base_city"] = "kept" if base_city.begin(world) else "synthesised"
    _first_faults(world)
    wall["synthesis"] = time.perf_counter() - clock
    recorder = record.Recorder(world)
    recorder.month(world, _zero_flows(world, month.observe(world)))
    if settings.tables:
        recorder.listing_month(world)
    return _go_on(settings, folder, manifest, world, recorder, scenario, until, wall, progress)


def resume(folder: Path, progress: Progress | None = None, threads: int = 0) -> tuple[Path, bool]:
    """Go on from the newest checkpoint that verifies; (folder, False) when the run was complete already."""
    path = folder / "run.json"
    if not path.is_file():
        raise RunError(f"{folder}: no run.json; allowed is the folder of a run")
    manifest = json.loads(path.read_text())
    if manifest["status"] == "complete":
        return folder, False
    asked = manifest["settings"]
    asked["snapshots"] = tuple(asked["snapshots"])
    settings = Settings(**{**asked, "threads": threads})
    pack = load_city(folder / "inputs" / "pack")
    scenario = load_scenario(folder / "inputs" / "scenario.toml")
    until = _until(settings, pack)
    world = empty_world(pack, settings, until)
    recorder = record.Recorder(world)
    faults: list[str] = []
    for candidate in checkpoint.available(folder / "checkpoints"):
        try:
            state, arrays = checkpoint.load(candidate)
        except ValueError as error:
            faults.append(str(error))
            continue
        wall = checkpoint.restore(world, recorder, state, arrays)
        break
    else:
        shutil.rmtree(folder / "events", ignore_errors=True)
        return execute(settings, folder, pack, progress), True
    manifest["warnings"] = manifest.get("warnings", []) + faults
    manifest["status"] = "running"
    _write_manifest(folder, manifest)
    return _go_on(settings, folder, manifest, world, recorder, scenario, until, wall, progress), True


def _go_on(
    settings: Settings, folder: Path, manifest: dict[str, Any], world: World, recorder: record.Recorder,
    scenario: Scenario, until: int, wall: dict[str, float], progress: Progress | None,
) -> Path:  # fmt: skip
    total = until - world.base
    checkpoints = folder / "checkpoints"
    try:
        with BackgroundWriter() as writer:
            if settings.tables and world.month == world.base:
                _write_snapshot(writer, world, folder)
            while world.month < until:
                since = time.perf_counter()
                _apply(scenario, world, world.month + 1)
                # what is kept, at the end or in a checkpoint, is recounted as it is kept
                every = settings.checkpoint_every
                kept = world.month + 1 == until or (every and (world.month + 1 - world.base) % every == 0)
                observed = month.advance_and_observe(world, wall, whole=bool(kept))
                mark = time.perf_counter()
                recorder.person_months += int(np.count_nonzero(world.persons.state == RESIDENT))
                recorder.month(world, observed)
                now = months.text(world.month)
                if settings.tables:
                    recorder.listing_month(world)
                done = time.perf_counter()
                wall["record"] = wall.get("record", 0.0) + done - mark
                wall["stepping"] = wall.get("stepping", 0.0) + done - since
                year_ends = world.month_of_year == 12 or world.month == until
                if settings.events and year_ends:
                    writer.submit(_write_events, world.events.take(), world.districts, folder, world.year)
                if settings.tables and year_ends:
                    known = (
                        float(world.pack.config.minor_units),
                        *_names(world),
                        [s.kind for s in world.settlements],
                    )
                    writer.submit(_write_listings, *recorder.take_listings(world), known, folder, world.year)
                if now in settings.snapshots and settings.tables:
                    _write_snapshot(writer, world, folder)
                if kept and world.month < until:
                    writer.submit(checkpoint.seal, checkpoint.write(world, recorder, wall, checkpoints))
                wall["writing"] = wall.get("writing", 0.0) + time.perf_counter() - done
                if progress:
                    progress("stepping", world.month - world.base, total)
        since = time.perf_counter()
        _write_all(settings, folder, world, recorder)
        wall["writing"] = wall.get("writing", 0.0) + time.perf_counter() - since
    except KeyboardInterrupt as stop:
        manifest.update(status="interrupted", reason=f"stopped after {months.text(world.month)}")
        _write_manifest(folder, manifest)
        raise Interrupted(manifest["reason"]) from stop
    except BaseException as error:
        if isinstance(error, month.InvariantError):
            error = _name_the_process(settings, folder, scenario, error)
        manifest.update(status="failed", reason=f"{type(error).__name__}: {error}")
        _write_manifest(folder, manifest, quiet=True)
        raise error
    finally:
        checkpoint.tidy(checkpoints)
    _finish_manifest(manifest, world, recorder, wall)
    _write_manifest(folder, manifest)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return folder


def _name_the_process(
    settings: Settings, folder: Path, scenario: Scenario, found: month.InvariantError
) -> month.InvariantError:
    """Play the months since the last checkpoint again with a recount after every process; the fault with its culprit.

    A fault that only a month's end can show (a flow not counted) keeps its first wording.
    """
    pack = load_city(folder / "inputs" / "pack")
    until = _until(settings, pack)
    try:
        world = _base_or_checkpoint(settings, folder, pack, until, scenario)
        while world.month < until:
            _apply(scenario, world, world.month + 1)
            month.advance(world, check_each=True)
            month.observe(world)
    except month.InvariantError as named:
        return named
    except Exception:  # the first finding must not be lost to a fault of the search for its cause
        return found
    return found


def _base_or_checkpoint(
    settings: Settings, folder: Path, pack: CityPack, until: int, scenario: Scenario
) -> World:
    world = empty_world(pack, settings, until)
    for candidate in checkpoint.available(folder / "checkpoints"):
        try:
            checkpoint.restore(world, record.Recorder(world), *checkpoint.load(candidate))
            return world
        except ValueError:
            continue
    _apply(scenario, world)
    base_city.begin(world)
    recount.faults(world)
    return world


def _until(settings: Settings, pack: CityPack) -> int:
    try:
        base = months.parse(settings.start or pack.config.base)
        until = months.parse(settings.until or pack.config.article_month or pack.config.base)
    except ValueError as error:
        raise RunError(str(error)) from error
    if until < base:
        raise RunError(f"--until {months.text(until)} lies before the base month {months.text(base)}")
    if base != months.parse(pack.config.base):
        raise RunError(
            f"--from {months.text(base)}: allowed are the census months the pack can start from: {pack.config.base}"
        )
    return until


def _check_scenario(scenario: Scenario, params: Parameters) -> None:
    trial = Parameters(params.declared.values())
    for number, action in enumerate(scenario.action, 1):
        for name, value in action.set.items():
            try:
                trial.set(name, value, f"scenario {scenario.name}, action {number}")
            except ValueError as error:
                raise RunError(str(error)) from error


def _apply(scenario: Scenario, world: World, month_number: int | None = None) -> None:
    """Overlay the actions in force on the run's own parameter values."""
    world.params.reset()
    when = world.month if month_number is None else month_number
    for action in scenario.action:
        if action.holds(when):
            world.params.overlay(action.set)


def _zero_flows(world: World, observed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The base row: stocks as synthesised, flows zero."""
    for name, series in world.series.items():
        if series.kind == "flow":
            observed[name] = np.zeros(world.nd + 1)
    return observed


def _first_faults(world: World) -> None:
    faults = recount.faults(world)
    if faults:
        raise month.InvariantError(f"the base city: {'; '.join(faults[:5])}")


def _names(world: World) -> tuple[list[str], list[str]]:
    return world.districts, [s.id for s in world.settlements]


def _write_snapshot(writer: BackgroundWriter, world: World, folder: Path) -> None:
    target = folder / "snapshots" / months.text(world.month)
    writer.submit(record.write_tables, record.tables_of(world, keep=True), *_names(world), target)


def _write_events(columns: list[np.ndarray], districts: list[str], folder: Path, year: int) -> None:
    (folder / "events").mkdir(exist_ok=True)
    record.write_parquet(record.events_frame(columns, districts), folder / "events" / f"{year}.parquet")


def _write_listings(
    block: np.ndarray, fixed: dict[str, np.ndarray], known: tuple[Any, ...], folder: Path, year: int
) -> None:
    (folder / "listings").mkdir(exist_ok=True)
    frame = record.listings_frame(block, fixed, *known)
    record.write_parquet(frame, folder / "listings" / f"{year}.parquet")


def _write_all(settings: Settings, folder: Path, world: World, recorder: record.Recorder) -> None:
    record.write_parquet(recorder.series_frame(world), folder / "series.parquet")
    record.write_parquet(recorder.ledger_frame(world), folder / "ledger.parquet")
    record.write_parquet(recorder.balances_frame(world), folder / "balances.parquet")
    if settings.tables:
        record.write_tables(record.tables_of(world), *_names(world), folder)


def _keep_inputs(folder: Path, pack: CityPack, scenario: Scenario) -> None:
    inputs = folder / "inputs"
    shutil.rmtree(inputs, ignore_errors=True)
    shutil.copytree(pack.path, inputs / "pack", ignore=shutil.ignore_patterns("__pycache__"))
    (inputs / "scenario.toml").write_text(_scenario_text(scenario), encoding="utf-8")


def _scenario_text(scenario: Scenario) -> str:
    lines = [f"name = {json.dumps(scenario.name)}", f"text = {json.dumps(scenario.text)}"]
    for action in scenario.action:
        lines += ["", "[[action]]", f'from = "{action.start}"']
        if action.until:
            lines.append(f'until = "{action.until}"')
        inner = ", ".join(f"{json.dumps(k)} = {float(v)!r}" for k, v in action.set.items())
        lines.append(f"set = {{ {inner} }}")
    return "\n".join(lines) + "\n"


def _commit() -> str:
    try:
        here = Path(__file__).resolve().parent
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, timeout=5, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else ""
    except (OSError, subprocess.SubprocessError):
        return ""


def _manifest(
    settings: Settings, pack: CityPack, scenario: Scenario, world: World, until: int
) -> dict[str, Any]:
    asked = {k: getattr(settings, k) for k in Settings.__dataclass_fields__}
    asked.update(sets=dict(settings.sets), draws=dict(settings.draws), threads=world.threads)
    asked["scenario"] = (
        settings.scenario if not settings.scenario.endswith(".toml") else "inputs/scenario.toml"
    )
    return {
        "status": "running",
        "reason": "",
        "version": __version__,
        "commit": _commit(),
        "city": pack.name,
        "pack_hash": pack.hash,
        "filled": list(pack.filled),
        "scenario": scenario.name,
        "seed": settings.seed,
        "scale": str(settings.scale),
        "weight": world.weight,
        "copies": world.copies,
        "base": months.text(world.base),
        "until": months.text(until),
        "threads": world.threads,
        "events": settings.events,
        "districts": world.districts,
        "settlements": [s.model_dump() for s in world.settlements],
        "currency": pack.config.currency,
        "rates": dict(pack.config.rates),
        "parameters": {
            name: {
                "value": world.params.values[name], "default": p.value, "unit": p.unit, "prior": p.prior,
                "source": p.source, "doc": p.doc,
            }
            for name, p in world.params.declared.items()
        },
        "machine": {"platform": platform.platform(), "python": platform.python_version(), "cpus": usable_cpus()},
        "settings": asked,
        "warnings": [],
    }  # fmt: skip


def _finish_manifest(
    manifest: dict[str, Any], world: World, recorder: record.Recorder, wall: dict[str, float]
) -> None:
    manifest.update(
        status="complete",
        reason="",
        fired={name: int(count) for name, count in sorted(world.fired.items())},
        wall={name: round(seconds, 4) for name, seconds in wall.items()},
        person_months=recorder.person_months,
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        bytes=sum(
            c.nbytes for n in ("persons", "households", "dwellings", "buildings", "shops")
            for c in getattr(world, n).columns.values()
        ),
    )  # fmt: skip


def _write_manifest(folder: Path, manifest: dict[str, Any], quiet: bool = False) -> None:
    temporary = folder / ".run.json.tmp"
    try:
        temporary.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        os.replace(temporary, folder / "run.json")
    except OSError:
        if not quiet:
            raise
