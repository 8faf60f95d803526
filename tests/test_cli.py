"""The command line: help, exit status, messages; what needs no simulation."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import signal
import subprocess
import sys
import types
from pathlib import Path

import pytest
from fake_run import write_fake_run

from krimp.app import cli, errors
from krimp.app.progress import Progress

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_fake_run(tmp_path_factory.mktemp("runs") / "a")


def krimp(*arguments, cwd=None, **environment):
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "krimp.app.cli", *map(str, arguments)], capture_output=True, text=True, cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", **environment}, timeout=300, check=False,
    )  # fmt: skip


def call(capsys, *arguments):
    """Run the command in this process; (status, stdout, stderr)."""
    with pytest.raises(SystemExit) as stop:
        cli.app([str(a) for a in arguments])
    out = capsys.readouterr()
    return stop.value.code or 0, out.out, out.err


def test_help_is_free_of_heavy_imports():
    for arguments in ([], ["--help"], ["run", "--help"], ["city", "--help"]):
        probe = (
            "import sys\nsys.argv = ['krimp', *%r]\nfrom krimp.app.cli import main\n"
            "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code, stop.code\n"
            "heavy = {'numba', 'polars', 'matplotlib', 'scipy', 'numpy'} & set(sys.modules)\nassert not heavy, heavy"
        )
        done = subprocess.run(
            [sys.executable, "-c", probe % arguments], capture_output=True, text=True, cwd=ROOT, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "Usage" in done.stdout


def test_every_command_shows_an_example():
    text = krimp("--help").stdout
    commands = [c.name for c in cli.app.registered_commands] + ["city"]
    assert {"run", "resume", "report", "listings", "follow", "compare"} <= set(commands)
    for name in commands:
        assert f"krimp {name}" in " ".join(text.replace("│", " ").split()), name
        shown = krimp(name, "--help")
        assert shown.returncode == 0
        if name != "city":
            assert "Example: krimp" in shown.stdout


def test_no_arguments_is_help_and_success():
    done = krimp()
    assert done.returncode == 0 and "Usage" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["frobnicate"], "No such command"),
        (["run"], "Missing argument"),
        (["run", "nowhere_city"], "no such city or folder"),
        (["run", "hegang", "--set", "nonsense"], "KEY=NUMBER"),
        (["run", "hegang", "--threads", "-3"], "--threads"),
        (["run", "hegang", "--seed", "abc"], "--seed"),
        (["resume", "no_folder"], "is not there"),
        (["report", "no_folder"], "is not there"),
        (["listings", "no_folder"], "is not there"),
        (["compare", "no_folder", "no_folder"], "is not there"),
        (["city", "check", "no_folder"], "no such city or folder"),
        (["city", "new", "made", "--name", "X", "--base", "2010-11", "--population", "none.csv"], "none.csv"),
        (["ensemble", "hegang", "--runs", "0"], "--runs"),
    ],
)  # fmt: skip
def test_bad_input_is_two_and_one_message(arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = call(capsys, *arguments)
    assert status == 2
    assert words in err and "Traceback" not in err
    assert not out
    assert not list(tmp_path.iterdir())  # nothing half-written


def test_run_refuses_a_folder_that_exists(capsys, folder, tmp_path):
    before = sorted(p.name for p in folder.iterdir())
    status, _, err = call(capsys, "run", "hegang", "-o", folder)
    assert status == 2 and "--overwrite" in err
    assert sorted(p.name for p in folder.iterdir()) == before
    plain = tmp_path / "mine"
    plain.mkdir()
    (plain / "thesis.txt").write_text("precious")
    status, _, err = call(capsys, "run", "hegang", "-o", plain, "--overwrite")
    assert status == 2 and "not a run folder" in err
    assert (plain / "thesis.txt").read_text() == "precious"


def test_a_refused_overwrite_leaves_the_old_run(capsys, tmp_path):
    old = write_fake_run(tmp_path / "old", people=30)
    before = {p.name: p.stat().st_mtime_ns for p in old.iterdir()}
    status, _, err = call(capsys, "run", "hegang", "-o", old, "--overwrite", "--scenario", "no_such_scenario")
    assert status == 2 and "no_such_scenario" in err
    assert {p.name: p.stat().st_mtime_ns for p in old.iterdir()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["old"]


def test_resuming_a_complete_run_changes_nothing(capsys, folder):
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*")}
    status, out, _ = call(capsys, "resume", folder)
    assert status == 0 and "complete" in out
    status, out, _ = call(capsys, "resume", folder, "--json")
    assert json.loads(out) == {"status": "complete", "changed": False, "path": str(folder)}
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*")} == before


def test_listings_board_and_json(capsys, folder):
    status, out, _ = call(capsys, "listings", folder, "--limit", "3")
    assert status == 0 and "euro" in out and "homes on offer" in out
    status, out, _ = call(capsys, "listings", folder, "--json", "--max-price", "90000")
    rows = json.loads(out)
    assert status == 0 and rows and all(r["ask"] <= 90000 for r in rows)
    status, _, err = call(capsys, "listings", folder, "--district", "nowhere")
    assert status == 2 and "allowed are north" in err


def test_follow_tells_and_prints_rows(capsys, folder):
    status, out, _ = call(capsys, "follow", folder, "--like", "woman, 75, mine")
    assert status == 0 and "A woman born in" in out
    status, out, _ = call(capsys, "follow", folder, "7", "--json")
    life = json.loads(out)
    assert life["person"]["id"] == 7 and isinstance(life["person"]["key"], str) and life["story"]
    assert call(capsys, "follow", folder)[0] == 2
    assert call(capsys, "follow", folder, "--like", "unicorn")[0] == 2


def test_compare_prints_and_dumps(capsys, folder, tmp_path):
    other = write_fake_run(tmp_path / "b", seed=2, people=100)
    status, out, _ = call(capsys, "compare", folder, other)
    assert status == 0 and "population" in out and "Lives" in out
    status, out, _ = call(capsys, "compare", folder, other, "--json")
    assert {"series", "counts", "people"} <= set(json.loads(out))


def test_report_command_writes_the_page(capsys, folder, tmp_path):
    target = tmp_path / "deep" / "page.html"
    status, out, _ = call(capsys, "report", folder, "-o", target)
    assert status == 0 and str(target) in out and target.read_text().startswith("<!doctype html>")


def test_city_check_lists_every_fault(capsys, tmp_path):
    assert call(capsys, "city", "check", "hegang")[0] == 0
    made = tmp_path / "town"
    made.mkdir()
    (made / "city.toml").write_text(
        'id = "t"\nname = "T"\nbase = "2010-11"\n[[districts]]\nid = "a"\nname = "A"\n'
    )
    (made / "population.csv").write_text(
        "year,district,sex,age_from,age_to,persons\n2010,a,female,0,4,-3\n2010,nowhere,male,0,4,5\n2010,a,male,0,4,ten\n"
    )
    status, out, _ = call(capsys, "city", "check", made)
    assert status == 2
    for word in ("row 2", "row 3", "row 4", "persons", "district"):
        assert word in out
    status, out, _ = call(capsys, "city", "check", made, "--json")
    assert status == 2 and len(json.loads(out)) >= 3


# -- what stops a run


def failing(error):
    @errors.guarded
    def command():
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "series.parquet"), 1, "disk is full"),
        (FileNotFoundError(errno.ENOENT, "No such file", "x.csv"), 2, "x.csv"),
        (PermissionError(errno.EACCES, "Permission denied", "x"), 1, "Permission denied"),
        (ValueError("scenario 'x' is not shipped"), 2, "not shipped"),
        (errors.RunFailed("an invariant broke"), 1, "an invariant broke"),
        (RuntimeError("odd"), 1, "KRIMP_DEBUG"),
        (KeyboardInterrupt("stopped"), 130, "interrupted"),
        (errors.Stopped("after 2011-05", Path("runs/x")), 130, "krimp resume runs/x"),
    ],
)  # fmt: skip
def test_exit_status_by_what_went_wrong(error, status, words, capsys, monkeypatch):
    monkeypatch.delenv("KRIMP_DEBUG", raising=False)
    with pytest.raises(SystemExit) as stop:
        failing(error)()
    assert stop.value.code == status
    err = capsys.readouterr().err
    assert words in err and len(err.strip().splitlines()) == 1


def test_debugging_lets_the_exception_through(monkeypatch):
    monkeypatch.setenv("KRIMP_DEBUG", "1")
    with pytest.raises(RuntimeError):
        failing(RuntimeError("odd"))()


def test_progress_is_plain_lines_off_a_terminal(capsys):
    with Progress(every=2) as bar:
        bar.show("building the base city", 0, 4)
        for done in range(1, 5):
            bar.show("stepping", done, 4)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "building the base city"
    assert [line.split(",")[0] for line in lines[1:]] == [
        "stepping: 2 of 4 months",
        "stepping: 4 of 4 months",
    ]


# -- `krimp run` around an engine that is made up here: what it asks for, and what it does when the engine stops


@pytest.fixture
def engine(monkeypatch, tmp_path):
    """A stand-in for the engine: writes the made-up run, or fails as told by `engine.error`."""

    @dataclasses.dataclass(frozen=True)
    class Settings:
        city: str
        until: str | None = None
        start: str | None = None
        scenario: str = "baseline"
        seed: int = 1
        scale: str | float = 1
        sets: dict = dataclasses.field(default_factory=dict)
        draws: dict = dataclasses.field(default_factory=dict)
        threads: int = 0
        events: bool = True
        checkpoint_every: int = 12
        snapshots: tuple = ()
        tables: bool = True

    module = types.ModuleType("krimp.engine.run")
    module.Settings, module.asked, module.error, module.early = Settings, [], None, False

    def execute(settings, target, pack, progress):
        module.asked.append(settings)
        if module.early:
            raise module.error
        asked = dataclasses.asdict(settings) | {"scenario": "baseline"}
        write_fake_run(target, people=60, status="failed" if module.error else "complete", settings=asked)
        progress("stepping", 12, 149)
        if module.error:
            (target / "checkpoints" / "24142").mkdir(parents=True)
            raise module.error
        return target

    module.execute = execute
    module.resume = lambda target, progress, threads: execute(Settings("again"), target, None, progress)
    door = types.ModuleType("krimp.state.compile")
    door.FIRST_USE = False
    monkeypatch.setitem(sys.modules, "krimp.engine.run", module)
    monkeypatch.setitem(sys.modules, "krimp.state.compile", door)
    import krimp.engine
    import krimp.state

    monkeypatch.setattr(krimp.engine, "run", module, raising=False)
    monkeypatch.setattr(krimp.state, "compile", door, raising=False)
    monkeypatch.chdir(tmp_path)
    return module


def test_run_passes_options_and_ends_with_summary_and_paths(capsys, engine):
    status, out, err = call(
        capsys, "run", "hegang", "--until", "2012-03", "--seed", "7", "--scale", "0.1", "--set", "mortality.factor=1.1",
        "--threads", "2", "--checkpoint-every", "6", "--no-events", "--snapshot", "2011-12",
    )  # fmt: skip
    assert status == 0, err
    asked = engine.asked[0]
    assert (asked.until, asked.seed, asked.scale, asked.threads, asked.checkpoint_every) == (
        "2012-03",
        7,
        "0.1",
        2,
        6,
    )
    assert (
        asked.sets == {"mortality.factor": 1.1} and asked.events is False and asked.snapshots == ("2011-12",)
    )
    assert "people" in out and "runs/hegang-baseline-s7" in out and "report.html" in out
    assert (Path("runs/hegang-baseline-s7") / "report.html").is_file()
    assert "12 of 149 months" in err


def test_run_keeps_the_census_months_of_the_pack(capsys, engine):
    call(capsys, "run", "hegang", "--no-report")
    assert engine.asked[0].snapshots == ("2020-11",)
    assert not (Path("runs/hegang-baseline-s1") / "report.html").exists()


def test_run_json_repeats_a_run(capsys, engine):
    call(capsys, "run", "hegang", "--seed", "5", "--scale", "1/20", "--set", "a.b=2", "--no-report")
    first = Path("runs/hegang-baseline-s5")
    import shutil

    from krimp.intake.pack import CITIES

    shutil.rmtree(first / "inputs" / "pack")
    shutil.copytree(CITIES / "hegang", first / "inputs" / "pack")
    status, _, err = call(capsys, "run", first / "run.json", "-o", "again", "--no-report")
    assert status == 0, err
    a, b = engine.asked
    same = ("until", "scenario", "seed", "scale", "sets", "draws", "events", "checkpoint_every", "snapshots")
    assert [getattr(a, k) for k in same] == [
        tuple(v) if isinstance(v := getattr(b, k), list) else v for k in same
    ]


def test_run_json_mode_prints_one_object(capsys, engine):
    status, out, _ = call(capsys, "run", "hegang", "--json", "-o", "x")
    found = json.loads(out)
    assert status == 0 and found["status"] == "complete" and found["path"] == "x" and found["report"]


def test_overwrite_replaces_the_old_run(capsys, engine):
    call(capsys, "run", "hegang", "-o", "x", "--no-report")
    (Path("x") / "stale.txt").write_text("old")
    assert call(capsys, "run", "hegang", "-o", "x", "--no-report")[0] == 2
    assert call(capsys, "run", "hegang", "-o", "x", "--no-report", "--overwrite")[0] == 0
    assert not (Path("x") / "stale.txt").exists() and [p.name for p in Path().iterdir()] == ["x"]


def test_a_run_that_is_refused_late_gives_the_old_one_back(capsys, engine):
    call(capsys, "run", "hegang", "-o", "x", "--no-report")
    (Path("x") / "mark.txt").write_text("kept")
    engine.error, engine.early = ValueError("--until 2001-01 lies before the base month"), True
    status, _, err = call(capsys, "run", "hegang", "-o", "x", "--no-report", "--overwrite")
    assert status == 2 and "lies before" in err
    assert (Path("x") / "mark.txt").read_text() == "kept" and [p.name for p in Path().iterdir()] == ["x"]


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (RuntimeError("2011-11, after taxes: city.cash does not close"), 1, "after taxes"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "disk is full; the last good checkpoint is kept"),
        (KeyboardInterrupt("stopped after 2011-11"), 130, "resumable with: krimp resume x"),
    ],
)  # fmt: skip
def test_what_stops_a_run_decides_the_status(error, status, words, capsys, engine):
    engine.error = error
    found, _, err = call(capsys, "run", "hegang", "-o", "x")
    assert found == status and words in err and "Traceback" not in err


def test_resume_goes_on(capsys, engine):
    write_fake_run(Path("x"), people=30, status="interrupted")
    import shutil

    for name in ("events", "listings", "inputs", "snapshots"):
        shutil.rmtree(Path("x") / name)
    status, out, _ = call(capsys, "resume", "x", "--no-report")
    assert status == 0 and "people" in out


def test_sigterm_interrupts_with_130():
    code = (
        "import time\nfrom krimp.app.errors import guarded\n"
        "@guarded\ndef work():\n    print('started', flush=True)\n    time.sleep(30)\nwork()"
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert process.stdout.readline().strip() == "started"
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
        assert process.returncode == 130 and "interrupted" in err
