"""`python -m benchmarks.peers`: the same month in Krimp, Mesa and mesa-frames, side by side."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.peers.spec import OUTCOMES

#: Months of every run: outcomes a person-month depend on them, since flats fall vacant.
MONTHS = 6
ROOT = Path(__file__).resolve().parent.parent.parent


def measure(module: str, python: str, people: int, months: int) -> dict[str, float] | str:
    """What one peer printed, or why it did not."""
    done = subprocess.run(
        [python, "-m", f"benchmarks.peers.{module}", str(people), str(months)], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    if done.returncode:
        return done.stderr.strip().splitlines()[-1]
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--mesa-frames", metavar="PYTHON", help="interpreter that has mesa-frames")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    plan = [("Krimp", "in_krimp", sys.executable, (10_000, 100_000, 1_000_000), MONTHS)]
    plan.append(("Mesa", "in_mesa", sys.executable, (10_000, 100_000), MONTHS))
    if asked.mesa_frames:
        plan.append(
            ("mesa-frames", "in_mesa_frames", asked.mesa_frames, (10_000, 100_000, 1_000_000), MONTHS)
        )
    rows = []
    for name, module, python, sizes, months in plan:
        for people in sizes:
            found = measure(module, python, people, months)
            rows.append({"peer": name, "people": people, "months": months, "result": found})
    if asked.json:
        print(json.dumps(rows, indent=1))
        return
    krimp = {
        r["people"]: r["result"]["seconds"]
        for r in rows
        if r["peer"] == "Krimp" and not isinstance(r["result"], str)
    }
    table = Table(
        "peer", "people", "person-months/s", "Krimp is faster by", *(f"{o} per 1000" for o in OUTCOMES)
    )
    for row in rows:
        result = row["result"]
        if isinstance(result, str):
            table.add_row(row["peer"], f"{row['people']:,}", result)
            continue
        table.add_row(
            row["peer"], f"{row['people']:,}", f"{row['people'] / result['seconds']:,.0f}",
            f"{result['seconds'] / krimp[row['people']]:,.0f} x" if row["people"] in krimp else "",
            *(f"{1000 * result[o]:.3f}" for o in OUTCOMES),
        )  # fmt: skip
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
