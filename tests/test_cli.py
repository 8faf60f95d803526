"""The command line: help, exit status, messages; what needs no simulation."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
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
        done = subprocess.run([sys.executable, "-c", probe % arguments], capture_output=True, text=True, cwd=ROOT, check=False)
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
    (made / "city.toml").write_text('id = "t"\nname = "T"\nbase = "2010-11"\n[[districts]]\nid = "a"\nname = "A"\n')
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
    assert [line.split(",")[0] for line in lines[1:]] == ["stepping: 2 of 4 months", "stepping: 4 of 4 months"]
