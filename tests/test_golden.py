"""The golden run: its series are the baseline's, its bytes too, and they do not depend on CPU features."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
from golden import BASELINE, differences, make

_CODE = (
    "import json, sys, tempfile\nfrom pathlib import Path\nfrom golden import make\n"
    "with tempfile.TemporaryDirectory() as f:\n    print(json.dumps(make(Path(f) / 'run')[0]))"
)


def test_series_and_bytes_are_the_baseline(tmp_path: Path) -> None:
    hashes, series = make(tmp_path / "run")
    series.write_csv(tmp_path / "series.csv")  # the same rounding on both sides
    found = pl.read_csv(tmp_path / "series.csv")
    moved = differences(found, pl.read_csv(BASELINE / "series.csv"))
    assert not moved, "results changed (make golden, and say why in CHANGELOG.md):\n" + "\n".join(moved[:20])
    assert hashes == json.loads((BASELINE / "hashes.json").read_text())


def test_bytes_do_not_depend_on_cpu_features() -> None:
    """numpy's own switch takes the wide instructions away; the compiler's target is fixed."""
    env = {
        **os.environ,
        "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX512F AVX512CD AVX512_SKX",
        "PYTHONWARNINGS": "ignore",
    }
    env["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    done = subprocess.run([sys.executable, "-c", _CODE], env=env, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == json.loads((BASELINE / "hashes.json").read_text())


def test_differences_name_what_moved() -> None:
    kept = pl.DataFrame({"variable": ["a", "b"], "unit": ["x", "x"], "2011-12-01": [1.0, 2.0]})
    found = pl.DataFrame({"variable": ["a", "c"], "unit": ["x", "x"], "2011-12-01": [1.5, 2.0]})
    assert differences(found, kept) == ["b: gone", "c: new", "a 2011-12-01: was 1.0, is 1.5"]
    assert differences(kept, kept) == []
