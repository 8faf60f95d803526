"""Runs: the same bytes whatever the circumstances, identities in the files, and what stops a run."""

from __future__ import annotations

import errno
import gc
import hashlib
import importlib.util
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import weakref
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest
from numba.core.registry import CPUDispatcher

from krimp.engine import month, record, warm
from krimp.engine.background import BackgroundWriter
from krimp.engine.run import Settings, execute, prepare, resume
from krimp.processes import buses, mortality, tenancy
from krimp.state import compile as door
from krimp.state.codes import ACTIVE
from krimp.state.crew import Crew, Job
from krimp.state.world import World

ROOT = Path(__file__).resolve().parent.parent


def go(folder: Path, scale: str = "1/50", until: str = "2012-11", **settings: object) -> Path:
    return execute(Settings(city="hegang", scale=scale, until=until, **settings), folder)  # type: ignore[arg-type]


def digest(folder: Path) -> dict[str, str]:
    """Hash of every file whose bytes are promised: all but run.json, inputs, checkpoints and reports."""
    files = sorted(p for p in folder.rglob("*.parquet") if "checkpoints" not in p.parts)
    assert files
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def tenth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city large enough for several chunks of rows, on one thread."""
    return go(tmp_path_factory.mktemp("tenth") / "run", "1/10", "2011-12", threads=1)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return go(tmp_path_factory.mktemp("small") / "run")


def test_two_threads_give_the_same_bytes(tenth: Path, tmp_path: Path) -> None:
    assert digest(go(tmp_path / "run", "1/10", "2011-12", threads=2)) == digest(tenth)


def test_another_seed_gives_another_city(small: Path, tmp_path: Path) -> None:
    other = digest(go(tmp_path / "run", seed=2))
    assert other["series.parquet"] != digest(small)["series.parquet"]


def test_checkpoints_leave_no_trace(small: Path, tmp_path: Path) -> None:
    assert digest(go(tmp_path / "run", checkpoint_every=5)) == digest(small)


def test_a_run_is_repeated_from_its_folder(small: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "krimp.app.cli", "run", str(small / "run.json"), "-o", str(tmp_path / "again"), "--no-report"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    again = digest(tmp_path / "again")
    assert {name: again[name] for name in digest(small)} == digest(small)


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGTERM])
def test_killed_at_a_random_month_and_resumed(small: Path, tmp_path: Path, blow: signal.Signals) -> None:
    folder = tmp_path / "run"
    patience = random.Random(time.time_ns()).uniform(0.0, 0.6)
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom krimp.engine.run import Settings, execute\n"
        "from krimp.app.errors import guarded\n"
        "def slow(phase, done, total):\n    time.sleep(0.05)\n"
        "@guarded\ndef work():\n"
        "    execute(Settings(city='hegang', scale='1/50', until='2012-11', checkpoint_every=4), Path(sys.argv[1]), None, slow)\n"
        "work()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL
    )  # fmt: skip
    end = time.time() + 120
    while not list(folder.glob("checkpoints/[0-9]*")) and time.time() < end:
        time.sleep(0.02)
    time.sleep(patience)
    process.send_signal(blow)
    assert process.wait(60) == (-signal.SIGKILL if blow == signal.SIGKILL else 130)
    assert json.loads((folder / "run.json").read_text())["status"] == (
        "running" if blow == signal.SIGKILL else "interrupted"
    )
    resume(folder)
    assert json.loads((folder / "run.json").read_text())["status"] == "complete"
    assert digest(folder) == digest(small)


def harm(stored: Path, column: str) -> None:
    """Change two bytes of a column of a stored world."""
    place = 300
    for name, (dtype, shape, _) in json.loads((stored / "state.json").read_text())["columns"].items():
        if name == column:
            break
        place += np.dtype(dtype).itemsize * int(np.prod(shape))
    with open(stored / "columns.bin", "r+b") as file:
        file.seek(place)
        file.write(b"\xff\xff")


def test_a_damaged_checkpoint_is_passed_over(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    stop_after(monkeypatch, 11, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        go(folder, checkpoint_every=5)
    monkeypatch.undo()
    newest = max((folder / "checkpoints").iterdir())
    harm(newest, "persons.birth")
    resume(folder)
    assert digest(folder) == digest(small)
    assert any("persons.birth" in w for w in json.loads((folder / "run.json").read_text())["warnings"])


def stop_after(
    monkeypatch: pytest.MonkeyPatch, months: int, error: type[BaseException] | BaseException
) -> None:
    """Let a run's n-th month end in an exception."""
    real, count = month.advance_and_observe, [0]

    def advance(*args: object, **more: object) -> object:
        count[0] += 1
        if count[0] > months:
            raise error
        return real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(month, "advance_and_observe", advance)


def test_a_full_disk_keeps_the_last_good_checkpoint(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"

    real, written = record.write_parquet, []

    def full(frame: pl.DataFrame, path: Path) -> None:
        written.append(path.name)
        if len(written) > 8:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(frame, path)

    monkeypatch.setattr(record, "write_parquet", full)
    with pytest.raises(OSError, match="No space"):
        go(folder, checkpoint_every=6)
    monkeypatch.undo()
    assert json.loads((folder / "run.json").read_text())["status"] == "failed"
    assert not list(folder.rglob("*.tmp"))
    resume(folder)
    assert digest(folder) == digest(small)


def test_a_broken_invariant_names_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that loses a home is found at the month's end, and the month is played again to say whose fault it was."""
    real = tenancy.step

    def leaky(world: World) -> None:
        real(world)
        if world.month - world.base == 7:
            world.households.cash[np.flatnonzero(world.households.cash > 100)[0]] -= 1

    monkeypatch.setattr(tenancy, "step", leaky)
    with pytest.raises(month.InvariantError, match="after tenancy"):
        go(tmp_path / "run", checkpoint_every=3)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "failed"


def test_an_unlisted_death_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = mortality.step

    def uncounted(world: World) -> None:
        real(world)
        world.counter("deaths")[0] += 1

    monkeypatch.setattr(mortality, "step", uncounted)
    with pytest.raises(month.InvariantError, match="residents"):
        go(tmp_path / "run", checkpoint_every=0)


# -- identities in the files


def wide(folder: Path, district: str | None = "city") -> pl.DataFrame:
    series = pl.read_parquet(folder / "series.parquet")
    if district is not None:
        series = series.filter(pl.col("district") == district)
    return series.pivot(on="variable", index=["month", "district"], values="value").sort("district", "month")


@pytest.fixture(scope="module")
def files(default_run: Path) -> Path:
    return default_run


def test_people_and_homes_balance_in_the_series(files: Path) -> None:
    for (district,), frame in wide(files, None).group_by(["district"]):
        inside = 0.0 if district == "city" else frame["moved_in"] - frame["moved_out"]
        flows = frame["births"] - frame["deaths"] + frame["in_migrants"] - frame["out_migrants"] + inside
        assert (frame["population"].diff()[1:] == flows[1:]).all(), district
        homes = frame["completions"] - frame["demolitions"]
        assert (frame["dwellings"].diff()[1:] == homes[1:]).all(), district
        lived_in = frame["owner_occupied"] + frame["rented"]
        assert (lived_in == frame["households"]).all()
        assert (
            lived_in + frame["hostel"] + frame["second_home"] + frame["vacant"] == frame["dwellings"]
        ).all()


def test_every_month_has_a_row(files: Path) -> None:
    series = pl.read_parquet(files / "series.parquet")
    months = series["month"].n_unique()
    assert months == 149
    counts = series.group_by("variable", "district").len()
    short = counts.filter(pl.col("len") != months)
    # a mean needs something to be the mean of: there are months without a sale, and markets with nothing on offer
    of_sales = {"median_sale_m2", "median_sale_new_m2", "months_on_market", "ask_to_sale"}
    assert set(short["variable"]) <= of_sales | {"median_ask_m2", "ask_total_p01", "ask_total_p50"}


def test_the_base_row_has_no_flows(files: Path) -> None:
    frame = wide(files)[0]
    for name in ("births", "deaths", "in_migrants", "sales", "own_revenue", "completions"):
        assert frame[name][0] == 0.0
    assert frame["population"][0] == 1_058_665
    assert frame["households"][0] == frame["census_households"][0] == 397_954


def test_the_ledger_explains_every_balance(files: Path) -> None:
    """opening + debits - credits = closing for all accounts and months, from the files alone; all balances add to zero."""
    ledger, balances = pl.read_parquet(files / "ledger.parquet"), pl.read_parquet(files / "balances.parquet")
    debit = ledger.group_by("month", account="debit").agg(pl.col("amount").sum())
    credit = ledger.group_by("month", account="credit").agg(-pl.col("amount").sum())
    change = pl.concat([debit, credit]).group_by("month", "account").agg(pl.col("amount").sum())
    closing = balances.sort("account", "month").with_columns(
        moved=pl.col("balance").diff().over("account")
    ).filter(pl.col("moved").is_not_null())  # fmt: skip
    joined = closing.join(change, on=["month", "account"], how="left").with_columns(
        pl.col("amount").fill_null(0)
    )
    assert (joined["moved"] == joined["amount"]).all()
    total = balances.group_by("month").agg(pl.col("balance").sum())
    assert total["balance"].n_unique() == 1
    flows = change.join(balances.select("account").unique(), on="account", how="anti")
    assert (flows["amount"] == 0).all()


def test_events_tell_what_the_series_count(files: Path) -> None:
    events = pl.concat([pl.read_parquet(p) for p in sorted((files / "events").glob("*.parquet"))])
    frame = wide(files)
    here = pl.col("reason") != "elsewhere"
    for event, variable in (("birth", "births"), ("death", "deaths"), ("sold", "sales")):
        found = events.filter((pl.col("event") == event) & here).group_by("month").len()
        both = frame.select("month", variable).join(found, on="month", how="left")[1:]
        assert (both[variable] == both["len"].fill_null(0)).all(), event
    months = frame["population"].sum()
    assert events.height / months < 0.1


def test_tables_are_what_the_series_say(files: Path) -> None:
    frame = wide(files)[-1]
    persons, homes = pl.read_parquet(files / "persons.parquet"), pl.read_parquet(files / "dwellings.parquet")
    assert persons.filter(pl.col("state") == "resident").height == frame["population"][0]
    standing = homes.filter(pl.col("state") == "standing")
    assert standing.height == frame["dwellings"][0]
    lived_in = standing.filter(pl.col("occupant") > 0)
    assert lived_in["occupant"].n_unique() == lived_in.height == frame["households"][0]
    for table in ("persons", "households", "dwellings", "buildings"):
        keys = pl.read_parquet(files / f"{table}.parquet", columns=["key"])["key"]
        assert keys.n_unique() == len(keys), f"two {table} share a key"


def test_every_branch_of_every_rule_fires(files: Path) -> None:
    fired = json.loads((files / "run.json").read_text())["fired"]
    assert set(month.all_branches()) <= set(fired)
    assert [name for name, count in fired.items() if count == 0] == []


# -- what is compiled is what is written


def test_an_edited_helper_changes_the_result(tmp_path: Path) -> None:
    """The compiler's cache would miss an edit in another file; the cache folder's name must not."""
    import shutil

    copy = tmp_path / "krimp"
    shutil.copytree(ROOT / "krimp", copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "probe.py").write_text(
        "from krimp.state.compile import kernel\nfrom krimp.state.portable import exp\n"
        "@kernel\ndef probe(x):\n    return 2.0 * exp(x)\nprint(probe(1.0))\n"
    )

    def result() -> str:
        env = {**os.environ, "PYTHONPATH": str(tmp_path), "KRIMP_CACHE": str(tmp_path / "cache")}
        return subprocess.run(
            [sys.executable, "-m", "krimp.probe"],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    before = float(result())
    assert float(result()) == before == pytest.approx(2 * np.e)
    source = copy / "state" / "portable.py"
    text = source.read_text()
    assert "LN2_HIGH = " in text
    source.write_text(text.replace("LN2_HIGH = ", "LN2_HIGH = 1.0 + "))
    assert float(result()) != before


def test_no_kernel_looks_outside_its_arrays(small: Path, tmp_path: Path) -> None:
    """Kernels do not ask whether a position is negative or past the end. With checks, which stop at one, the bytes are the same."""
    folder = tmp_path / "run"
    code = (
        "import sys\nfrom pathlib import Path\nfrom krimp.engine.run import Settings, execute\n"
        "execute(Settings(city='hegang', scale='1/50', until='2012-11'), Path(sys.argv[1]))"
    )
    checked = {"PYTHONPATH": str(ROOT), "NUMBA_BOUNDSCHECK": "1", "KRIMP_CACHE": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", code, str(folder)], env={**os.environ, **checked}, check=True)
    assert digest(folder) == digest(small)


def test_chunks_come_in_order_and_faults_come_through() -> None:
    """Whatever thread takes a chunk, results are in row order, every row is in one chunk, and an error is raised."""
    city = prepare("hegang", scale="1/1000")
    city.threads = 3
    spans = city.map_chunks(lambda number, first, stop: (number, first, stop), 1000, 1, 7)
    assert [number for number, _, _ in spans] == list(range(len(spans)))
    assert [row for _, first, stop in spans for row in range(first, stop)] == list(range(1, 1000))

    def fails(number: int, first: int, stop: int) -> None:
        if number == 11:
            raise ValueError("chunk eleven")

    with pytest.raises(ValueError, match="chunk eleven"):
        city.map_chunks(fails, 1000, 1, 7)


def test_what_was_begun_ahead_comes_in_order_too() -> None:
    """Whoever did a chunk, helper or caller, its result is in its place; asked for twice it is counted anew."""
    city = prepare("hegang", scale="1/1000")

    def rows(_: int, first: int, stop: int) -> list[int]:
        return list(range(first, stop))

    for threads in (1, 2, 3):
        city.threads = threads
        city.ahead("rows", rows, 1000, 7)
        for _ in range(2):
            found = city.map_begun("rows", rows, 1000, 7)
            assert [row for part in found for row in part] == list(range(1, 1000))


def test_what_the_month_waits_for_goes_before_what_is_begun_ahead() -> None:
    """A helper that is free takes the scans of the month first; a job is done once, and its error comes to who waits."""
    crew, busy, done = Crew(1), threading.Event(), list[str]()

    def fails() -> None:
        raise ValueError("said so")

    first = Job(lambda: busy.wait(10))
    later, sooner, taken, broken = (
        Job(partial(done.append, name)) for name in ("later", "sooner", "taken", "")
    )
    broken.work = fails
    crew.hand([first])
    crew.hand([later], at_leisure=True)
    crew.hand([sooner, taken, broken])
    taken.run()
    busy.set()
    later.wait()
    later.run()
    assert done == ["taken", "sooner", "later"]
    with pytest.raises(ValueError, match="said so"):
        broken.wait()


def test_helpers_end_with_their_city() -> None:
    """A study makes many cities in a process: none leaves threads behind, or itself in what they were handed."""
    others = set(threading.enumerate())
    city = prepare("hegang", scale="1/1000", threads=3)
    city.map_chunks(lambda number, *_: number, 1000, chunk=7)
    city.ahead("rows", lambda number, *_: number, 1000, 7)
    city.found_ahead("rows")
    helpers = {one for one in threading.enumerate() if one.name == "crew"} - others
    gone = weakref.ref(city)
    assert len(helpers) == 2
    del city
    gc.collect()
    assert gone() is None
    for helper in helpers:
        helper.join(10)
        assert not helper.is_alive()


def test_what_is_counted_ahead_is_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the resettlement on people only move, behind the market nobody does, from the budget on only money is written, and what
    counting itself writes."""
    city = prepare("hegang", scale="1/500", threads=2)
    tables = {
        "people_settled": ("persons", "households"),
        "moves_settled": ("persons", "households"),
        "homes_settled": ("persons", "households", "dwellings", "buildings", "shops"),
    }
    before: dict[str, dict[str, np.ndarray]] = {}
    written: dict[str, set[str]] = {moment: set() for moment in tables}

    def columns(moment: str) -> dict[str, np.ndarray]:
        return {f"{t}.{c}": a for t in tables[moment] for c, a in getattr(city, t).columns.items()}

    def settled(_: World, moment: str, whole: bool) -> None:
        before[moment] = {name: a.copy() for name, a in columns(moment).items()}

    monkeypatch.setattr(month, "_count_ahead", settled)
    for _ in range(150):
        month.advance(city)
        active = before["moves_settled"]["households.state"] == ACTIVE
        assert np.array_equal(active, city.households.columns["state"] == ACTIVE)
        for moment, found in written.items():
            found |= {n for n, a in columns(moment).items() if not np.array_equal(a, before[moment][n])}
    people = {name for name in written["people_settled"] if name.startswith("persons")}
    assert people == {"persons.district", "persons.counted"}
    # families may move, pay and end, but their lists of members are recounted
    assert not written["people_settled"] & {"households.first", "households.size"}
    # owners may lose ruins and, if they live elsewhere and have nothing else, their row
    assert written["moves_settled"] == {
        "households.cash", "households.loan", "households.cars", "households.estate", "households.owned", "households.state",
        "persons.counted",
    }  # fmt: skip
    assert written["homes_settled"] == {
        "households.cash", "households.cars", "persons.counted", "buildings.lit", "buildings.windows", "buildings.occupied",
    }  # fmt: skip


def test_a_fault_counted_ahead_is_found_when_the_run_ends(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Who breaks a list after the lists were recounted is found months later, in the last month at once."""
    whole = buses.step

    def break_a_list(world: World) -> None:
        whole(world)
        if world.month == world.base + 3:
            world.households.size[np.flatnonzero(world.households.size > 1)[0]] -= 1

    monkeypatch.setattr(buses, "step", break_a_list)
    for until in ("2011-02", "2011-04"):
        with pytest.raises(month.InvariantError, match="buses: 1 households whose list and size differ"):
            execute(Settings("hegang", until=until, scale="1/200", threads=2), tmp_path / until)


@pytest.mark.parametrize("months", range(3))
@pytest.mark.parametrize("threads", [1, 2])
def test_a_month_on_its_own_is_recounted_whole(
    monkeypatch: pytest.MonkeyPatch, months: int, threads: int
) -> None:
    """Whatever a run would ask in that month, and on any number of threads."""
    city = prepare("hegang", scale="1/500", threads=threads)
    for _ in range(months):
        month.advance(city)

    def break_a_list(world: World) -> None:
        world.households.size[np.flatnonzero(world.households.size > 1)[0]] -= 1

    monkeypatch.setattr(buses, "step", break_a_list)
    with pytest.raises(month.InvariantError, match="end: 1 households whose list and size differ"):
        month.advance(city)


def test_nothing_is_written_after_a_fault() -> None:
    """A checkpoint written after a lost year would vouch for it."""
    written: list[int] = []

    def lost() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"), BackgroundWriter() as writer:
        writer.submit(written.append, 1)
        writer.submit(lost)
        for piece in range(2, 9):
            writer.submit(written.append, piece)
    assert written == [1]


def test_what_was_compiled_is_fetched_before_it_is_called(tmp_path: Path) -> None:
    """A kernel of another process is loaded in the versions it was compiled for, once; an edited one is not."""
    path = tmp_path / "doubled.py"

    def load(factor: int) -> ModuleType:
        path.write_text(
            "from krimp.state.compile import kernel\n\n\n@kernel\ndef grow(a):\n    for i in range(a.size):\n"
            f"        a[i] *= {factor}\n"
        )
        spec = importlib.util.spec_from_file_location("doubled", path)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    first = load(2)
    assert door.fetch([first.grow, len]) == 0
    values = np.arange(3)
    first.grow(values)
    first.grow(values.astype(np.int16))
    again = load(2)
    assert door.fetch([again.grow]) == 2 and set(again.grow.overloads) == set(first.grow.overloads)
    assert door.fetch([again.grow]) == 0
    again.grow(values)
    assert values.tolist() == [0, 4, 8]
    assert door.fetch([load(30).grow]) == 0


def test_kernels_of_others_may_multiply_matrices() -> None:
    """Numba is not let import scipy's linear algebra when it starts; who uses it in the same process does not notice."""
    code = (
        "import sys, krimp.engine.month\nassert 'scipy.linalg' not in sys.modules\nimport numba, numpy as np\n"
        "@numba.njit\ndef both(a):\n    return np.cov(a), np.linalg.inv(a) @ a\n"
        "a = np.array([[2.0, 1.0], [0.5, 3.0]])\nspread, one = both(a)\n"
        "assert np.allclose(spread, np.cov(a)) and np.allclose(one, np.eye(2))"
    )
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)


def test_kernels_are_loaded_beside_the_synthesis(monkeypatch: pytest.MonkeyPatch) -> None:
    """All the month's kernels, but neither at first use nor with one thread."""
    found: list[Any] = []
    monkeypatch.setattr(warm.door, "fetch", found.extend)
    monkeypatch.setattr(warm.door, "FIRST_USE", True)
    assert warm.load_beside(2) is None
    monkeypatch.setattr(warm.door, "FIRST_USE", False)
    assert warm.load_beside(1) is None
    loading = warm.load_beside(2)
    assert loading is not None
    loading.join()
    assert {mortality.deaths_of, tenancy.collect} <= set(found) and len(found) == len(set(found))


def test_first_use_compiles_in_a_second_process_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []

    class Second:
        def __init__(self, words: list[str], **_: object) -> None:
            started.append(words)

        def kill(self) -> None:
            """Called at exit."""

    monkeypatch.setattr(warm.subprocess, "Popen", Second)
    monkeypatch.setattr(warm.door, "CACHE", tmp_path)
    monkeypatch.setattr(warm.door, "FIRST_USE", False)
    warm.compile_beside(tmp_path, 2)
    monkeypatch.setattr(warm.door, "FIRST_USE", True)
    warm.compile_beside(tmp_path, 1)
    assert not started
    warm.compile_beside(tmp_path, 2)
    warm.compile_beside(tmp_path, 2)
    assert started == [[sys.executable, "-m", "krimp.engine.warm", str(tmp_path)]]


def signatures() -> dict[str, set[object]]:
    """What each kernel of the month has been compiled for so far."""
    kernels = (k for m in month.modules() for k in vars(m).values() if isinstance(k, CPUDispatcher))
    return {f"{k.__module__}.{k.__name__}": set(k.signatures) for k in kernels}


def test_the_second_process_compiles_what_the_run_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a city of blank rows most processes bear being called from the month's end backwards, else their kernels are left to
    the run, and call kernels as in a true city, else they are compiled in vain."""
    city = prepare("hegang", scale="1/500", threads=1)
    for _ in range(3):
        month.advance(city)
    month.observe(city)
    needed, done = signatures(), []

    def told(module: ModuleType) -> None:
        step = module.step

        def counted(world: World) -> None:
            step(world)
            done.append(module.__name__)

        monkeypatch.setattr(module, "step", counted)

    steps = [m for m in month.modules() if hasattr(m, "step")]
    for module in steps:
        told(module)
    warm._backwards(warm.toy_city("hegang"))
    assert len(done) > 0.9 * len(steps)
    assert signatures() == needed
    warm.from_the_end("hegang")
