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
MONTHS = 12
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


def apart(a: dict[str, float], b: dict[str, float], people: int) -> float:
    """The largest difference of an outcome of two peers, in standard errors of two independent runs."""
    person_months = people * MONTHS
    return max(abs(a[o] - b[o]) / ((a[o] + b[o]) / person_months) ** 0.5 for o in OUTCOMES)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--mesa-frames", metavar="PYTHON", help="interpreter that has mesa-frames")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    sizes = (10_000, 100_000, 1_000_000)
    plan = [("Krimp", "in_krimp", sys.executable), ("Mesa", "in_mesa", sys.executable)]
    if asked.mesa_frames:
        plan.append(("mesa-frames", "in_mesa_frames", asked.mesa_frames))
    rows = []
    for people in sizes:
        for name, module, python in plan:
            found = measure(module, python, people, MONTHS)
            rows.append({"peer": name, "people": people, "months": MONTHS, "result": found})
    if asked.json:
        print(json.dumps(rows, indent=1))
        return
    krimp = {row["people"]: row["result"] for row in rows if row["peer"] == "Krimp"}
    table = Table(
        "people", "peer", "person-months/s", "Krimp is faster by", *(f"{o} per 1000" for o in OUTCOMES), "furthest from Krimp"
    )  # fmt: skip
    for row in rows:
        result, people = row["result"], row["people"]
        if isinstance(result, str):
            table.add_row(f"{people:,}", row["peer"], result)
            continue
        table.add_row(
            f"{people:,}", row["peer"], f"{people / result['seconds']:,.0f}",
            f"{result['seconds'] / krimp[people]['seconds']:,.0f} x",
            *(f"{1000 * result[o]:.3f}" for o in OUTCOMES), f"{apart(result, krimp[people], people):.1f} s.e.",
        )  # fmt: skip
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
