"""What is installed is what was meant: a light import, a wheel that runs alone, a read-only install, a clean lock."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import krimp

ROOT = Path(krimp.__file__).resolve().parent.parent
HEAVY = ("numba", "matplotlib", "polars", "scipy", "sklearn")


def python(code: str, *, cwd: Path, **env: str) -> str:
    """Standard output of a fresh interpreter that sees the package under test only through its installation."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# -- light imports


def test_import_is_light(tmp_path: Path) -> None:
    code = (
        f"import sys, krimp; print([m for m in {HEAVY + ('numpy', 'pydantic', 'typer')} if m in sys.modules])"
    )
    assert python(code, cwd=tmp_path).strip() == "[]"


@pytest.mark.parametrize("words", [[], ["--help"], ["run", "--help"], ["city", "check", "--help"]])
def test_help_does_not_load_the_compiler(words: list[str], tmp_path: Path) -> None:
    code = (
        f"import sys; sys.argv = ['krimp', *{words!r}]\n"
        "from krimp.app.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        f"print('loaded', [m for m in {HEAVY} if m in sys.modules])"
    )
    out = python(code, cwd=tmp_path)
    assert "Usage: krimp" in out
    assert out.strip().endswith("loaded []")


def test_public_names_resolve() -> None:
    for name in krimp.__all__:
        if name not in (
            "calibrate",
            "claims",
            "validate",
        ):  # those have heavy imports of their own and tests of their own
            assert getattr(krimp, name) is not None, name
    assert set(krimp.__all__) <= set(dir(krimp))
    with pytest.raises(AttributeError, match="no attribute 'simulat'"):
        krimp.simulat  # noqa: B018


# -- locks


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-docs.lock"])
def test_locks_have_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text and "--index" not in text and " @ " not in text
    entries = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert len(entries) > 20
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+==[\w.]+", entry), entry.splitlines()[0]
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_lock_covers_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    locked = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements.lock").read_text(), re.M))
    for asked in [*project["dependencies"], *extras["dev"], *extras["calibrate"]]:
        assert re.match(r"[a-z0-9-]+", asked)[0] in locked, f"{asked}: run `make lock`"  # type: ignore[index]


def test_ci_runs_the_command_of_the_readme() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().splitlines()[-1] == "make test"
    assert re.search(r"^make test ", (ROOT / "README.md").read_text(), re.M)
    assert re.search(r"^test:", (ROOT / "Makefile").read_text(), re.M)


def test_no_lock_with_addresses_is_committed() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:  # a source archive has no git
        assert not {"uv.lock", "pylock.toml"} & set(listed.stdout.split())


# -- the wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (path,) = out.glob("*.whl")
    return path


def test_wheel_holds_the_data_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    inside = {n for n in names if n.startswith("krimp/")}
    source = {
        str(p.relative_to(ROOT))
        for p in (ROOT / "krimp").rglob("*")
        if p.is_file() and "__pycache__" not in p.parts and p.suffix not in (".pyc", ".nbi", ".nbc")
    }
    assert inside == source, sorted(inside ^ source)
    assert all(n.startswith(("krimp/", "krimp-")) for n in names)
    assert {"krimp/cities/hegang/city.toml", "krimp/scenarios/baseline.toml", "krimp/py.typed"} <= inside
    assert any(n.endswith("licenses/LICENSE") for n in names)


def _versions() -> str:
    """The lock's versions as constraints (without hashes, which would be demanded of the wheel under test too)."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return "\n".join(line.rstrip("\\ ") for line in lines if re.match(r"[a-z0-9]", line))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own with nothing but the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("clean")
    constraints = folder / "constraints.txt"
    constraints.write_text(_versions())
    uv = shutil.which("uv")
    interpreter = folder / "env" / "bin" / "python"
    venv.create(folder / "env", with_pip=uv is None, symlinks=True)
    tool = (
        [uv, "pip", "install", "--python", str(interpreter)]
        if uv
        else [str(interpreter), "-m", "pip", "install"]
    )
    done = subprocess.run(
        [*tool, "--quiet", "--constraint", str(constraints), str(wheel)],
        cwd=folder, capture_output=True, text=True, env=os.environ | {"UV_COMPILE_BYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "env"


def _environment(home: str, temporary: Path) -> dict[str, str]:
    keep = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("KRIMP_", "NUMBA_", "XDG_", "PYTHON", "VIRTUAL"))
    }
    return keep | {"HOME": home, "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"}


def _files(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(p), p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file())


@pytest.mark.slow
def test_wheel_runs_in_a_clean_read_only_install_without_a_home(installed: Path, tmp_path: Path) -> None:
    """Help, a pack check and the whole base city, with the package read-only and nowhere to keep compiled kernels."""
    (package,) = installed.glob("lib/python*/site-packages/krimp")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    # a home below a device can be made by nobody, root included
    env = _environment("/dev/null/nobody", temporary)
    command = installed / "bin" / "krimp"

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(command), *words], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300
        )

    folders = [package, *(p for p in package.rglob("*") if p.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    before = _files(package)
    try:
        done = run("--help")
        assert done.returncode == 0 and "krimp run hegang" in done.stdout, done.stderr
        assert run("--version").stdout.split() == ["krimp", krimp.__version__]
        assert run("city", "check", str(package / "cities" / "hegang")).returncode == 0
        done = run(
            "run",
            "hegang",
            "--scale",
            "1/200",
            "--until",
            "2010-11",
            "--no-report",
            "--threads",
            "1",
            "-o",
            "first",
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("no writable cache folder") == 1, done.stderr
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert _files(package) == before, "the run wrote into the installed package"
    assert list(temporary.rglob("*.nbi")), "kernels were not kept in the temporary folder"
    manifest = json.loads((tmp_path / "first" / "run.json").read_text())
    assert manifest["status"] == "complete" and manifest["version"] == krimp.__version__
    tools = {"pytest", "ruff", "mypy", "hypothesis", "sklearn"}
    assert not tools & {p.name for p in package.parent.iterdir()}, "the wheel brings development tools along"
