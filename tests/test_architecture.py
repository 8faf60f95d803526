"""The laws of docs/architecture.md, as far as a machine can check them."""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import krimp
from krimp.engine import month
from krimp.state import codes, purposes, tables
from krimp.state.parameters import Parameter, prior_of, quantile
from krimp.state.world import SIGNALS, Series

PACKAGE = Path(krimp.__file__).parent
SOURCES = sorted(path for path in PACKAGE.rglob("*.py"))
PROCESSES = sorted(path for path in (PACKAGE / "processes").glob("*.py") if path.stem != "__init__")
#: Rooms whose code changes the state of a city.
STATEFUL = ("processes", "synthesis", "engine", "state", "regimes")
#: Processes that are not a phase of the month: the scan before it.
SCREENING = "life_screening"

TAG = re.compile(r"^\[(S|D|R|A)\]")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def module(path: Path) -> ModuleType:
    return importlib.import_module(f"krimp.processes.{path.stem}")


def listed() -> list[str]:
    return [SCREENING, *(item for names in month.PHASES.values() for item in names)]


def parameters() -> list[tuple[str, Parameter]]:
    return [(path.stem, p) for path in PROCESSES for p in getattr(module(path), "PARAMETERS", ())]


def literals(path: Path) -> list[tuple[int, str]]:
    """String constants of a file with their line, docstrings left out."""
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree(path))
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented
    ]


# -- one mechanism a file


@pytest.mark.parametrize("path", PROCESSES, ids=lambda p: p.stem)
def test_a_process_is_one_documented_file(path: Path) -> None:
    doc = ast.get_docstring(tree(path))
    assert doc and len(doc) > 60, "the docstring names the mechanism, its equation and its source"
    found = module(path)
    if path.stem not in listed():
        # a part that several mechanisms share: it has no turn in the month and owns nothing
        for attribute in ("step", "observe", "start", "SERIES", "HAZARDS", "BRANCHES"):
            assert not hasattr(found, attribute), f"{path.stem} has {attribute} but no place in the month"
        return
    assert isinstance(found.PARAMETERS, tuple)
    assert all(isinstance(s, Series) for s in getattr(found, "SERIES", ()))
    acts = [
        n for n in ast.parse(path.read_text()).body if isinstance(n, ast.FunctionDef) and n.name[0] != "_"
    ]
    assert acts, "it does nothing"
    prefixes = {branch.split(".")[0] for branch in getattr(found, "BRANCHES", ())}
    assert prefixes <= {path.stem}, "branches carry the name of their file"


def test_every_phase_exists_once() -> None:
    twice = [n for n, count in Counter(listed()).items() if count > 1]
    assert not twice
    missing = [n for n in listed() if not (PACKAGE / "processes" / f"{n}.py").is_file()]
    assert not missing


def test_one_owner_for_every_series_and_branch() -> None:
    for items in ([s.name for s in month.all_series()], month.all_branches()):
        assert [n for n, count in Counter(items).items() if count > 1] == []
    assert {s.kind for s in month.all_series()} <= {"flow", "stock", "money", "rate"}
    assert all(s.unit and s.doc for s in month.all_series())


def test_every_column_says_what_it_is_and_who_writes_it() -> None:
    rooms = {path.stem for path in PROCESSES} | {"synthesis", "families", "observation", "market"}
    for columns in vars(tables).values():
        if isinstance(columns, tuple) and columns and isinstance(columns[0], tables.Column):
            assert len({c.name for c in columns}) == len(columns)
            for column in columns:
                assert column.meaning and column.unit, column
                assert column.owner in rooms, f"{column.name} is owned by {column.owner}, which is no process"


# -- no number without a source


def test_every_parameter_has_unit_source_and_prior() -> None:
    faults = []
    for stem, p in parameters():
        where = f"{stem}.py: {p.name}"
        if not re.fullmatch(r"[a-z_0-9]+\.[a-z_0-9]+", p.name):
            faults.append(f"{where}: names are file.parameter")
        if not p.unit.strip():
            faults.append(f"{where}: no unit")
        if not TAG.match(p.source):
            faults.append(f"{where}: source {p.source!r} has no tag [S], [D], [R] or [A]")
        said = TAG.sub("", p.source).strip()
        assumed = p.source.startswith("[A]")
        if not said and not (assumed and p.prior != "fixed" and p.doc):
            faults.append(f"{where}: source {p.source!r}, prior {p.prior!r}: no reason given")
        if not p.low <= p.value <= p.high:
            faults.append(f"{where}: {p.value} is outside {p.low} to {p.high}")
        prior_of(p.prior)
    assert not faults, "\n".join(faults)
    assert len({p.name for _, p in parameters()}) == len(parameters()) > 300


def test_a_parameter_lives_in_the_file_it_is_named_after() -> None:
    astray = [f"{p.name} in {stem}.py" for stem, p in parameters() if p.name.split(".")[0] != stem]
    assert not astray


def test_values_are_plausible_under_their_priors() -> None:
    """The point value lies between the 0.5% and 99.5% quantiles of its prior (a uniform prior's ends included)."""
    faults = []
    for stem, p in parameters():
        tail = 1e-12 if p.prior.startswith("uniform") else 0.005
        if p.prior != "fixed" and not quantile(p, tail) - 1e-9 <= p.value <= quantile(p, 1.0 - tail) + 1e-9:
            faults.append(f"{stem}.py: {p.name} = {p.value}, prior {p.prior}")
    assert not faults, "\n".join(faults)


def test_shipped_scenarios_only_set_declared_parameters() -> None:
    declared = {p.name: p for _, p in parameters()}
    for file in sorted((PACKAGE / "scenarios").glob("*.toml")):
        for action in tomllib.loads(file.read_text(encoding="utf-8")).get("action", []):
            for key, value in action["set"].items():
                assert key in declared, f"{file.name}: {key}"
                assert declared[key].low <= value <= declared[key].high, f"{file.name}: {key} = {value}"


# -- no city, and no country outside its regime, in code


def test_no_city_in_code() -> None:
    """Names of shipped cities, districts and settlements occur only in their packs, in help texts and in sources."""
    words = set()
    for file in (PACKAGE / "cities").glob("*/city.toml"):
        pack = tomllib.loads(file.read_text(encoding="utf-8"))
        words |= {pack["id"], pack["name"].lower()}
        words |= {str(d[k]).lower() for d in pack["districts"] for k in ("id", "name")}
        words |= {str(s["id"]).lower() for s in pack.get("settlements", [])}
    pattern = re.compile(r"\b(" + "|".join(re.escape(w) for w in sorted(words) if len(w) > 3) + r")\b", re.I)
    faults = []
    for path in SOURCES:
        if path.is_relative_to(PACKAGE / "cities") or path.is_relative_to(PACKAGE / "app"):
            continue  # the command line's help shows examples
        for line, text in literals(path):
            if pattern.search(text) and not TAG.match(text):
                faults.append(f"{name(path)}:{line}: {text!r}")
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Name) and pattern.search(node.id.replace("_", " ")):
                faults.append(f"{name(path)}:{node.lineno}: {node.id}")
    # what to measure when nothing is said: the worked case
    faults = [f for f in faults if not f.startswith("study/bench.py")]
    assert not faults, "\n".join(faults)


def test_no_country_is_asked_for_by_name() -> None:
    """Institutions come from a regime object: nobody compares a country's name."""
    countries = {p.stem for p in (PACKAGE / "regimes").glob("*.py")} - {"__init__", "base"}
    faults = []
    for path in SOURCES:
        if path.is_relative_to(PACKAGE / "regimes"):
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Compare):
                values = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant)]
                faults += [f"{name(path)}:{node.lineno}: {v}" for v in values if v in countries]
            if isinstance(node, (ast.Import, ast.ImportFrom)) and not path.is_relative_to(PACKAGE / "app"):
                told = getattr(node, "module", "") or ""
                if told.startswith("krimp.regimes.") and told.split(".")[2] in countries:
                    faults.append(f"{name(path)}:{node.lineno}: imports {told}")
    assert not faults, "\n".join(faults)


# -- reproducible: one source of chance, one compiler door, arithmetic that is the same everywhere


def imports(path: Path) -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.lineno, node.module))
    return found


def attributes(path: Path) -> list[tuple[int, str]]:
    """Dotted names used in a file ("np.random.default_rng")."""
    return [(n.lineno, ast.unparse(n)) for n in ast.walk(tree(path)) if isinstance(n, ast.Attribute)]


def test_chance_comes_only_from_keyed_draws() -> None:
    faults = []
    for path in SOURCES:
        faults += [
            f"{name(path)}:{line}: {text}"
            for line, text in attributes(path)
            if text.startswith(("np.random", "numpy.random"))
        ]
        faults += [
            f"{name(path)}:{line}: import {m}"
            for line, m in imports(path)
            if m in ("random", "secrets", "numpy.random")
        ]
    assert not [f for f in faults if not f.startswith("study/")], "\n".join(faults)


def test_nothing_that_changes_state_asks_the_clock_or_the_hash_seed() -> None:
    faults = []
    for path in SOURCES:
        if name(path).split("/")[0] not in ("processes", "synthesis", "regimes"):
            continue
        faults += [
            f"{name(path)}:{line}: import {m}"
            for line, m in imports(path)
            if m in ("time", "datetime", "uuid", "os")
        ]
        for node in ast.walk(tree(path)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("hash", "id")
            ):
                faults.append(f"{name(path)}:{node.lineno}: {node.func.id}()")
            if isinstance(node, (ast.For, ast.comprehension)) and isinstance(
                node.iter, (ast.Set, ast.SetComp)
            ):
                faults.append(f"{name(path)}: iterates a set: {ast.unparse(node.iter)}")
    assert not faults, "\n".join(faults)


def test_one_door_to_the_compiler() -> None:
    door = PACKAGE / "state" / "compile.py"
    faults = []
    for path in SOURCES:
        if path != door:
            faults += [
                f"{name(path)}:{line}: {m}"
                for line, m in imports(path)
                if m.split(".")[0] in ("numba", "llvmlite")
            ]
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.keyword) and node.arg in ("fastmath", "parallel", "error_model"):
                faults.append(f"{name(path)}:{node.value.lineno}: {node.arg}=")
            if isinstance(node, (ast.Name, ast.Attribute)) and "prange" in ast.unparse(node).split("."):
                faults.append(f"{name(path)}:{node.lineno}: prange")
    assert not faults, "\n".join(faults)


def test_kernels_count_from_zero() -> None:
    """The compiler is not asked to mind negative positions (`compile._count_from_zero`), single constants apart."""
    faults = [
        f"{name(path)}:{look.lineno}"
        for path in SOURCES
        for function in ast.walk(tree(path))
        if isinstance(function, ast.FunctionDef)
        and {"kernel", "allocating_kernel", "helper", "inlined", "typed"}
        & {
            node.id
            for mark in function.decorator_list
            for node in ast.walk(mark)
            if isinstance(node, ast.Name)
        }
        for look in ast.walk(function)
        if isinstance(look, ast.Subscript) and isinstance(look.slice, ast.Tuple)
        if any(isinstance(i, ast.UnaryOp) and isinstance(i.op, ast.USub) for i in look.slice.elts)
    ]
    assert faults == []


def test_state_changes_use_portable_arithmetic() -> None:
    """exp, log and powers of the C library differ in the last bit between CPUs; so do threaded matrix products."""
    libm = re.compile(
        r"(np|numpy|math)\.(exp|log|expm1|log1p|log2|log10|exp2|power|float_power|pow|sin|cos|tanh|logaddexp)"
    )
    blas = re.compile(r"(np|numpy)\.(dot|matmul|linalg\.\w+|einsum|inner|vdot)")
    faults = []
    for path in SOURCES:
        if name(path).split("/")[0] not in STATEFUL or path.stem in ("portable", "parameters"):
            continue  # parameters: prior quantiles, drawn before a run and written into its manifest
        for line, text in attributes(path):
            if libm.fullmatch(text) or blas.fullmatch(text):
                faults.append(f"{name(path)}:{line}: {text}")
        for node in ast.walk(tree(path)):
            if (
                isinstance(node, ast.BinOp)
                and isinstance(node.op, ast.MatMult)
                and "int64" not in ast.unparse(node)
            ):
                faults.append(f"{name(path)}:{node.lineno}: @")
    assert not faults, "\n".join(faults)


def test_no_two_decisions_share_a_draw() -> None:
    numbers = Counter(v for k, v in vars(purposes).items() if k.isupper() and isinstance(v, int))
    assert [n for n, count in numbers.items() if count > 1] == []
    assert len(numbers) > 50


def test_codes_fit_their_columns() -> None:
    for table in (codes.EVENT, codes.REASON):
        assert max(table.values()) < 128
    assert all(meaning for _, meaning in SIGNALS.values())


# -- the project stands alone


def test_no_path_of_a_developers_machine_and_nothing_left_open() -> None:
    root = PACKAGE.parent
    shipped = [p for p in PACKAGE.rglob("*") if p.suffix in (".py", ".toml", ".csv", ".json", ".jinja")]
    around = [
        root / n for n in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", "pyproject.toml")
    ]
    pages = [
        p
        for folder in ("docs", "benchmarks")
        for p in (root / folder).rglob("*")
        if p.suffix in (".md", ".py")
    ]
    private = re.compile(r"(?<![\w.])/(work|root|home|tmp)/|\.\./shared|\bshared/(design|data|mission)")
    unfinished = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|NotImplemented" r"Error)\b")
    faults = []
    for path in [*shipped, *(p for p in around if p.is_file()), *pages]:
        text = path.read_text(encoding="utf-8")
        for pattern in (private, unfinished):
            faults += [f"{path.relative_to(root)}: {m.group()}" for m in pattern.finditer(text)]
    assert not faults, "\n".join(faults)
