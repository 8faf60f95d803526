"""A small golden run: the baseline that CI compares with. `make golden` rewrites it; CHANGELOG.md says why results change.

Kept are the hash of every file whose bytes are promised and the city-wide series at each December, so that a change
shows not only that something moved but what and how much.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from pathlib import Path

import polars as pl

from krimp.engine.run import Settings, execute

BASELINE = Path(__file__).parent / "baseline"
SETTINGS = Settings(city="hegang", scale="1/20", until="2014-12", seed=7)


def make(folder: Path) -> tuple[dict[str, str], pl.DataFrame]:
    """Run it into `folder`: file hashes and the series of each December, one row a variable."""
    execute(SETTINGS, folder)
    files = sorted(p for p in folder.rglob("*.parquet") if "checkpoints" not in p.parts)
    hashes = {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
    series = (
        pl.read_parquet(folder / "series.parquet")
        .filter((pl.col("district") == "city") & (pl.col("month").dt.month() == 12))
        .pivot(on="month", index=["variable", "unit"], values="value")
        .sort("variable")
    )
    return hashes, series


def differences(found: pl.DataFrame, kept: pl.DataFrame) -> list[str]:
    """One line for each variable that is new, gone, or moved, the largest relative move first."""
    rows: list[tuple[float, str]] = []
    months = [c for c in kept.columns if c not in ("variable", "unit")]
    old = {row["variable"]: row for row in kept.iter_rows(named=True)}
    new = {row["variable"]: row for row in found.iter_rows(named=True)}
    for name in sorted(old.keys() ^ new.keys()):
        rows.append((float("inf"), f"{name}: {'new' if name in new else 'gone'}"))
    for name in sorted(old.keys() & new.keys()):
        for month in months:
            a, b = old[name][month], new[name].get(month)
            if a != b:
                move = abs((b or 0.0) - (a or 0.0)) / max(abs(a or 0.0), abs(b or 0.0), 1e-12)
                rows.append((move, f"{name} {month}: was {a}, is {b}"))
                break
    return [text for _, text in sorted(rows, key=lambda row: (-row[0], row[1]))]


def main() -> None:
    """Rewrite the baseline."""
    with tempfile.TemporaryDirectory() as folder:
        hashes, series = make(Path(folder) / "run")
    BASELINE.mkdir(exist_ok=True)
    (BASELINE / "hashes.json").write_text(json.dumps(hashes, indent=1) + "\n")
    series.write_csv(BASELINE / "series.csv")
    print(f"wrote {len(hashes)} hashes and {series.height} series", file=sys.stderr)


if __name__ == "__main__":
    main()
