"""The `krimp` command. Every command imports what it needs when it runs, so that help is instant."""

from __future__ import annotations

import errno
import gc
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from krimp.app.errors import BadInput, RunFailed, Stopped, guarded
from krimp.app.progress import Progress

if TYPE_CHECKING:
    from krimp.outputs.folder import Run

app = typer.Typer(
    name="krimp",
    help="Simulates a shrinking city: everyone who lives there, every home, every yuan in the city's books, by month.",
    epilog="Exit status: 0 done, 1 the run failed, 2 bad input, 130 interrupted (resumable).",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
city_app = typer.Typer(help="Make and check city packs.", no_args_is_help=False)
app.add_typer(city_app, name="city", short_help="Make and check city packs: krimp city check DIR")

City = Annotated[
    str, typer.Argument(metavar="CITY", help="A shipped name (hegang), a pack folder, or a run's run.json.")
]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A run folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]
Scale = Annotated[str, typer.Option(help="1, 1/k (0.1, 0.05 ...) or a whole number of copies.")]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a parameter; may be repeated."),
]
Posterior = Annotated[
    str | None,
    typer.Option(help="Parameter draws: 'shipped' (default where there are any), 'prior' or a file."),
]


def _version(asked: bool) -> None:
    if asked:
        from krimp import __version__

        print(f"krimp {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _top(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())


@city_app.callback(invoke_without_command=True)
def _city_top(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())


# -- runs


@app.command("run", short_help="Simulate a city: krimp run hegang --until 2023-03")
@guarded
def run(
    city: City,
    until: Annotated[str | None, typer.Option(metavar="YYYY-MM", help="Last month, inclusive.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="YYYY-MM", help="A census month of the pack.")
    ] = None,
    scenario: Annotated[str | None, typer.Option(help="A shipped scenario or a .toml file.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all draws (default 1).")] = None,
    scale: Annotated[
        str | None, typer.Option(help="1, 1/k (0.1, 0.05 ...) or a whole number of copies.")
    ] = None,
    sets: Sets = None,
    posterior: Posterior = None,
    threads: Annotated[int, typer.Option(help="Threads (default: the CPUs it may use).")] = 0,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Run folder (runs/CITY-SCENARIO-sSEED).")
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace an existing run folder.")] = False,
    checkpoint_every: Annotated[
        int | None, typer.Option(metavar="MONTHS", help="Months between checkpoints (12).")
    ] = None,
    events: Annotated[bool | None, typer.Option("--events/--no-events", help="Keep the event log.")] = None,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write the HTML report too.")] = True,
    snapshot: Annotated[
        list[str] | None,
        typer.Option(metavar="YYYY-MM", help="Keep the tables of this month too; may be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Simulate a city month by month into a run folder, print a summary and write a report.

    Example: krimp run hegang --until 2023-03 --scale 1/10 --set heating.tariff=26
    """
    from krimp.intake import load_city
    from krimp.scenarios.schema import load_scenario

    repeated, pack_source = _repeat(city)
    pack = load_city(pack_source)
    changed: dict[str, Any] = {
        "until": until, "start": start, "scenario": scenario, "seed": seed, "scale": scale, "events": events,
        "checkpoint_every": checkpoint_every,
    }  # fmt: skip
    asked = repeated | {k: v for k, v in changed.items() if v is not None}
    asked["city"] = str(pack.path)
    asked["sets"] = dict(repeated.get("sets", {})) | _pairs(sets)
    asked["threads"] = _positive("--threads", threads)
    if checkpoint_every is not None:
        _positive("--checkpoint-every", checkpoint_every)
    if posterior is not None or not repeated:
        asked["draws"] = _point(pack, posterior)
    asked["snapshots"] = tuple(snapshot or repeated.get("snapshots") or _census_months(pack))
    name = load_scenario(asked.get("scenario", "baseline")).name
    folder = out or Path("runs") / f"{pack.name}-{name}-s{asked.get('seed', 1)}"
    aside = _make_way(folder, overwrite)
    try:
        from krimp.engine.run import Settings, execute  # heavy, so only once the request makes sense

        settings = Settings(**asked)
        _compile_notice()
        with Progress() as bar:
            _guard_run(lambda: execute(settings, folder, pack, bar.show), folder)
    except BaseException:
        if (
            aside is not None and not folder.exists()
        ):  # refused before anything was written: the old run stays
            aside.rename(folder)
            aside = None
        raise
    finally:
        if aside is not None:
            import shutil

            shutil.rmtree(aside, ignore_errors=True)
    _finish(folder, report, as_json)


@app.command("resume", short_help="Go on with an interrupted run: krimp resume runs/hegang-baseline-s1")
@guarded
def resume(
    folder: Folder,
    threads: Annotated[int, typer.Option(help="Threads (default: the CPUs it may use).")] = 0,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write the HTML report too.")] = True,
    as_json: AsJson = False,
) -> None:
    """Go on from the newest checkpoint that verifies; a complete run is left as it is.

    Example: krimp resume runs/hegang-baseline-s1
    """
    from krimp.outputs.folder import open_run

    if open_run(folder).status == "complete":
        print(json.dumps({"status": "complete", "changed": False, "path": str(folder)}) if as_json
              else f"{folder}: the run is complete; nothing to do")  # fmt: skip
        return
    from krimp.engine.run import resume as go_on

    _compile_notice()
    with Progress() as bar:
        _guard_run(lambda: go_on(folder, bar.show, _positive("--threads", threads)), folder)
    _finish(folder, report, as_json)


@app.command("report", short_help="One HTML page from runs: krimp report runs/hegang-baseline-s1")
@guarded
def report(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="One run folder or several.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="HTML file (default: report.html in the first DIR).")
    ] = None,
    year: Annotated[
        int | None, typer.Option(help="Year of the flow matrix (default 2020, or the last whole year).")
    ] = None,
    claims: Annotated[Path | None, typer.Option(help="Output of krimp claims --json to show.")] = None,
    as_json: AsJson = False,
) -> None:
    """One self-contained HTML page (plots, tables, sources) from one run or several.

    Example: krimp report runs/hegang-baseline-s1 runs/hegang-stop_building-s1 -o both.html
    """
    from krimp.outputs.report import write_report

    path = write_report(folders, out, year=year, claims=claims)
    print(json.dumps({"report": str(path)}) if as_json else f"wrote {path}")


# -- looking into a run


@app.command(
    "listings", short_help="Homes on offer: krimp listings runs/hegang-baseline-s1 --max-price 30000"
)
@guarded
def listings(
    folder: Folder,
    month: Annotated[
        str | None, typer.Option(metavar="YYYY-MM", help="Month (default: the last one kept).")
    ] = None,
    max_price: Annotated[float | None, typer.Option(help="Highest asking price.")] = None,
    district: Annotated[str | None, typer.Option(help="District.")] = None,
    rooms: Annotated[int | None, typer.Option(help="Bedrooms.")] = None,
    limit: Annotated[int, typer.Option(help="Rows to print (0 = all).")] = 25,
    as_json: AsJson = False,
) -> None:
    """What is on offer in a month, cheapest first, in the city's currency and in euro.

    Example: krimp listings runs/hegang-baseline-s1 --month 2022-12 --max-price 30000 --rooms 2
    """
    from krimp.outputs.listings import board, listings

    frame = listings(folder, month, max_price, district, rooms)
    if as_json:
        print(_rows(frame))
    else:
        board(folder, frame, limit)


@app.command("follow", short_help='One life: krimp follow runs/hegang-baseline-s1 --like "woman, 75, mine"')
@guarded
def follow(
    folder: Folder,
    person: Annotated[
        int | None, typer.Argument(metavar="PERSON", help="Id or stable key of a person.")
    ] = None,
    like: Annotated[
        str | None, typer.Option(help='Traits, such as "woman, 75, mine" or "bakery, returnee".')
    ] = None,
    month: Annotated[
        str | None, typer.Option(metavar="YYYY-MM", help="Month the age is counted in (default: the end).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """One person's life as a story and as rows.

    Example: krimp follow runs/hegang-baseline-s1 --like "woman, 75, mine"
    """
    from krimp.outputs.follow import follow, tell

    life = follow(folder, person, like=like, month=month)
    print(json.dumps(life.as_dict(), indent=1, ensure_ascii=False, default=str) if as_json else tell(life))


@app.command("compare", short_help="Two runs side by side: krimp compare runs/A runs/B")
@guarded
def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="A run folder.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another run folder.")],
    people: Annotated[int, typer.Option(help="How many of the people whose lives differ to print.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Two runs or scenarios side by side, with the people whose lives differ.

    Example: krimp compare runs/hegang-baseline-s1 runs/hegang-stop_building-s1
    """
    from krimp.outputs.compare import compare, show

    result = compare(first, second)
    if as_json:
        print(json.dumps(result.as_dict(), default=str))
    else:
        show(result, people)


# -- many runs


@app.command("ensemble", short_help="Many runs: krimp ensemble hegang --runs 20 --scale 1/10")
@guarded
def ensemble(
    city: City,
    runs: Annotated[
        int, typer.Option(help="Runs a scenario; each has its own seed and parameter draw.")
    ] = 10,
    scenario: Annotated[
        list[str] | None, typer.Option(help="Scenario; may be repeated (default baseline).")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="YYYY-MM", help="Last month, inclusive.")] = None,
    scale: Scale = "1/10",
    sets: Sets = None,
    posterior: Posterior = None,
    centre: Annotated[
        bool, typer.Option(help="Keep parameters at their point values: only seeds differ.")
    ] = False,
    workers: Annotated[int, typer.Option(help="Processes (default: the CPUs it may use).")] = 0,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Folder (runs/CITY-ensemble).")] = None,
    as_json: AsJson = False,
) -> None:
    """Seeds x parameter draws x scenarios in local processes; finished runs are kept, so it can be resumed.

    Example: krimp ensemble hegang --runs 20 --scale 1/10 --scenario baseline --until 2023-03
    """
    from krimp.study.ensemble import ensemble

    if runs < 1:
        raise BadInput(f"--runs {runs}: allowed are whole numbers from 1")
    folder = out or Path("runs") / f"{Path(city).name}-ensemble"
    _compile_notice()
    with Progress("runs", every=1) as bar:
        found = ensemble(
            city, tuple(scenario or ["baseline"]), runs, folder, posterior, _positive("--workers", workers),
            lambda done, total: bar.show("running", done, total), _pairs(sets), centre, scale=scale, until=until,
        )  # fmt: skip
    table = found.intervals()
    last = table.filter(table["month"] == table["month"].max())
    if as_json:
        print(
            json.dumps(
                {"path": str(folder), "runs": [str(f) for _, _, f in found.runs], "last": last.to_dicts()},
                default=str,
            )
        )
        return
    from krimp.app.tables import intervals

    intervals(last, found.path)


@app.command("bench", short_help="The benchmark table of this machine: krimp bench")
@guarded
def bench(
    city: Annotated[str, typer.Argument(metavar="[CITY]", help="City to run.")] = "hegang",
    scale: Annotated[
        list[str] | None, typer.Option(help="Scale; may be repeated (default 1/10, 1, 10).")
    ] = None,
    threads: Annotated[
        list[int] | None, typer.Option(help="Threads; may be repeated (default 1, 2).")
    ] = None,
    months: Annotated[int, typer.Option(help="Months to time in each case.")] = 24,
    cold: Annotated[bool, typer.Option("--cold", help="Time a first run ever too (about a minute).")] = False,
    against: Annotated[Path | None, typer.Option(help="An earlier result (--json) to compare with.")] = None,
    as_json: AsJson = False,
) -> None:
    """Seconds a month by size, threads and process, person-months a second, bytes a person.

    Example: krimp bench --scale 1/10 --scale 1 --threads 2
    """
    from krimp.study.bench import against as ratios
    from krimp.study.bench import bench

    earlier = _json_file(against) if against else None
    with Progress("cases", every=1) as bar:
        found = bench(
            city,
            tuple(scale or ("1/10", "1", "10")),
            tuple(threads or (1, 2)),
            months,
            cold=cold,
            progress=bar.show,
        )
    if as_json:
        print(json.dumps(found | ({"against": ratios(found, earlier)} if earlier else {})))
        return
    from krimp.app.tables import benchmark

    benchmark(found, ratios(found, earlier) if earlier else [])


@app.command("claims", short_help="What is said of the city, against data and model: krimp claims hegang")
@guarded
def claims(
    city: City,
    runs: Annotated[int, typer.Option(help="Runs (seeds x parameter draws).")] = 40,
    scale: Scale = "1/10",
    posterior: Posterior = None,
    workers: Annotated[int, typer.Option(help="Processes (default: the CPUs it may use).")] = 0,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder of the runs (runs/CITY-claims).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The published claims about a city beside data and model, with a verdict each; finished runs are reused.

    Example: krimp claims hegang --runs 40 --scale 1/10 --json > claims.json
    """
    from krimp.study.claims import claims

    if runs < 1:
        raise BadInput(f"--runs {runs}: allowed are whole numbers from 1")
    _compile_notice()
    with Progress("runs", every=1) as bar:
        rows = claims(
            city, runs=runs, scale=scale, posterior=posterior, workers=_positive("--workers", workers),
            out=out or Path("runs") / f"{Path(city).name}-claims",
            progress=lambda done, total: bar.show("running", done, total),
        )  # fmt: skip
    if as_json:
        print(json.dumps(rows))
        return
    from krimp.app.tables import claims as show

    show(rows)


@app.command("calibrate", short_help="Fit demographic parameters to the censuses: krimp calibrate hegang")
@guarded
def calibrate(
    city: City,
    runs: Annotated[int, typer.Option(help="Runs a wave.")] = 40,
    waves: Annotated[int, typer.Option(help="Waves; each looks closer where the last one pointed.")] = 2,
    scale: Scale = "1/10",
    draws: Annotated[int, typer.Option(help="Draws to write.")] = 200,
    seed: Annotated[int, typer.Option(help="Seed of the design and of the first run.")] = 1,
    workers: Annotated[int, typer.Option(help="Processes (default: the CPUs it may use).")] = 0,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Folder of the runs and the posterior (runs/CITY-calibration)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit at most six parameters to the pack's `calibrate` rows on people; finished runs are kept, so it can be resumed.

    Example: krimp calibrate hegang --runs 40 --scale 1/10
    """
    from krimp.study.calibrate import calibrate

    if waves < 1 or draws < 1:
        raise BadInput(f"--waves {waves}, --draws {draws}: allowed are whole numbers from 1")
    _compile_notice()
    with Progress("runs", every=1) as bar:
        found = calibrate(
            city, runs, waves, scale, draws, _positive("--workers", workers),
            out or Path("runs") / f"{Path(city).name}-calibration", seed=seed,
            progress=lambda done, total: bar.show("running", done, total),
        )  # fmt: skip
    if as_json:
        print(json.dumps(found))
        return
    from krimp.app.tables import calibration

    calibration(found)


# -- packs


@city_app.command("check", short_help="Every fault of a pack in one list: krimp city check mypack")
@guarded
def city_check(folder: Annotated[str, typer.Argument(metavar="DIR", help="A pack folder or a shipped name.")],
               as_json: AsJson = False) -> None:  # fmt: skip
    """List every fault of a pack: file, row, column, what was found, what is allowed.

    Example: krimp city check mypack
    """
    from krimp.intake import check_city

    faults = [str(f) for f in check_city(folder)]
    if as_json:
        print(json.dumps(faults))
    else:
        for fault in faults:
            print(fault)
        print(
            f"{folder}: {len(faults)} fault{'s' * (len(faults) != 1)}" if faults else f"{folder}: no faults"
        )
    if faults:
        raise typer.Exit(2)


@city_app.command(
    "new",
    short_help="A pack from tables: krimp city new mypack --name X --base 2010-11 --population p.csv ...",
)
@guarded
def city_new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.")],
    name: Annotated[str, typer.Option(help="The city's name.")],
    base: Annotated[str, typer.Option(metavar="YYYY-MM", help="Census month to start from.")],
    population: Annotated[
        Path, typer.Option(help="population.csv: year, district, sex, age_from, age_to, persons.")
    ],
    regime: Annotated[str, typer.Option(help="Institutions: china ...")] = "china",
    households: Annotated[Path | None, typer.Option(help="households.csv")] = None,
    dwellings: Annotated[Path | None, typer.Option(help="dwellings.csv")] = None,
    accounts: Annotated[Path | None, typer.Option(help="accounts.csv")] = None,
    observed: Annotated[Path | None, typer.Option(help="observed.csv")] = None,
) -> None:
    """Make a city pack from standard tables.

    Example: krimp city new mypack --name Mytown --regime china --base 2010-11 --population people.csv
    """
    from krimp.intake import new_city

    tables = {"population": population, "households": households, "dwellings": dwellings, "accounts": accounts,
              "observed": observed}  # fmt: skip
    made = new_city(
        folder, name=name, regime=regime, base=base, **{k: v for k, v in tables.items() if v is not None}
    )
    print(f"wrote {made}; look it over with: krimp city check {made}")


# -- helpers


def _repeat(city: str) -> tuple[dict[str, Any], str | Path]:
    """(settings of the run to be repeated, its pack) for a run.json, else ({}, city)."""
    path = Path(city)
    if path.name != "run.json":
        return {}, city
    from krimp.outputs.folder import open_run

    manifest = open_run(path).manifest
    if "settings" not in manifest:
        raise BadInput(f"{path}: has no settings, so it is not the run.json of a krimp run")
    found = dict(manifest["settings"])
    if str(found.get("scenario", "")).endswith(".toml"):
        found["scenario"] = str(path.parent / "inputs" / "scenario.toml")
    pack = path.parent / "inputs" / "pack"
    if not pack.is_dir():
        raise BadInput(f"{path}: the pack it ran with should be in {pack}, which is not there")
    return found, pack


def _pairs(items: list[str] | None) -> dict[str, float]:
    out: dict[str, float] = {}
    for item in items or []:
        name, sign, value = item.partition("=")
        try:
            out[name.strip()] = float(value)
        except ValueError:
            sign = ""
        if not sign or not name.strip():
            raise BadInput(f"--set {item!r}: allowed is KEY=NUMBER, for example --set heating.tariff=26")
    return out


def _json_file(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise BadInput(f"{path}: not valid JSON: {error}") from error


def _positive(name: str, value: int) -> int:
    if value < 0:
        raise BadInput(f"{name} {value}: allowed are whole numbers from 1 (0 = default)")
    return value


def _point(pack: Any, posterior: str | None) -> dict[str, float]:
    """Parameter values of a single run: the posterior's point, with the pack's own settings kept out of it."""
    from krimp.study.draws import posterior_of

    fitted = posterior_of(pack, posterior)
    return fitted.point() if fitted is not None else {}


def _census_months(pack: Any) -> tuple[str, ...]:
    """Months of later censuses that the pack's population table has: their tables are kept for the report."""
    table = pack.tables.get("population")
    years = sorted({int(y) for y in table["year"]}) if table is not None else []
    base = pack.config.base
    return tuple(f"{y:04d}{base[4:]}" for y in years if f"{y:04d}{base[4:]}" > base)


def _make_way(folder: Path, overwrite: bool) -> Path | None:
    """Refuse an existing folder, or with `overwrite` move it aside (so that a refused run leaves it untouched)."""
    if not folder.exists():
        return None
    if folder.is_dir() and not any(folder.iterdir()):
        return None
    if not overwrite:
        raise BadInput(f"{folder} exists; choose another folder with -o, or replace it with --overwrite")
    if not (folder / "run.json").is_file():
        raise BadInput(f"{folder} is not a run folder (it has no run.json), so --overwrite does not touch it")
    aside = folder.with_name(f".{folder.name}.replaced")
    if aside.exists():
        import shutil

        shutil.rmtree(aside)
    return folder.rename(aside)


def _compile_notice() -> None:
    from krimp.state import compile as door

    if door.FIRST_USE:
        print(
            "first use on this machine: compiling the model, once (about a minute)",
            file=sys.stderr,
            flush=True,
        )


def _guard_run(work: Any, folder: Path) -> None:
    """Run or resume; turn what stops it into the message and status that users of a run need."""
    try:
        work()
    except KeyboardInterrupt as stop:
        raise Stopped(str(stop), folder) from stop
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            kept = (
                "the last good checkpoint is kept: " if any((folder / "checkpoints").glob("[0-9]*")) else ""
            )
            raise RunFailed(
                f"the disk is full; {kept}free some space, then: krimp resume {folder}"
            ) from error
        if isinstance(error, OSError) or not _started(folder):
            raise  # bad input that was found before anything was written, or a file that cannot be
        what = "an invariant broke" if type(error).__name__ == "InvariantError" else type(error).__name__
        again = " (the last good checkpoint is kept)" if any((folder / "checkpoints").glob("[0-9]*")) else ""
        raise RunFailed(f"the run failed: {what}: {error}{again}; see {folder / 'run.json'}") from error


def _started(folder: Path) -> bool:
    try:
        return json.loads((folder / "run.json").read_text()).get("status") == "failed"
    except (OSError, ValueError):
        return False


def _finish(folder: Path, report: bool, as_json: bool) -> None:
    """Summary on screen, report, and the paths written."""
    from krimp.outputs.folder import open_run
    from krimp.outputs.summary import as_dict, print_summary

    run = open_run(folder)
    if not as_json:
        print_summary(run)
        sys.stdout.flush()
    page = _report_beside(run) if report else None
    if as_json:
        print(json.dumps(as_dict(run) | {"report": str(page) if page else None}))
        return
    print(f"Run folder   {folder}")
    if page:
        print(f"Report       {page}")


def _report_beside(run: Run) -> Path:
    from krimp.outputs.report import write_report

    return write_report([run], None)


def _rows(frame: Any) -> str:
    return json.dumps(frame.to_dicts(), default=str)


def _keep_memory() -> None:
    """Let the C library keep what a month frees: the next one asks for as much, and fresh pages cost a twentieth of a run."""
    import ctypes

    trim, top_pad, mmap_threshold = -1, -2, -3  # glibc's mallopt
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    for option, size in ((mmap_threshold, 1 << 30), (trim, 1 << 30), (top_pad, 1 << 27)):
        mallopt(option, size)


def main() -> None:
    """Entry point of the `krimp` command."""
    # the compiler makes millions of small objects that stay: looking for garbage among them costs a sixth of its time
    gc.set_threshold(200_000, 50, 50)
    # kernels run without the interpreter's lock for less than its usual 5 ms: hand it over sooner
    sys.setswitchinterval(0.0002)
    _keep_memory()
    app()


if __name__ == "__main__":
    main()
