"""`krimp bench`: what a month costs on this machine, by size, threads and process.

R is the time of a month over the time to copy a fixed 64 bytes per person alive and 32 per dwelling with the same
threads, measured in the same process: a ratio that means the same on a fast and a slow machine.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from krimp import __version__

PERSON_BYTES, DWELLING_BYTES = 64, 32
#: City in which every kernel is met before anything is timed.
WARM_SCALE = "1/10"

#: What is told as a benchmark goes on: phase, cases done, cases in all.
Progress = Callable[[str, int, int], object]


def copy_seconds(persons: int, dwellings: int, threads: int) -> float:
    """Median of five timings of copying 64 bytes a person and 32 a dwelling over `threads` threads."""
    size = persons * PERSON_BYTES + dwellings * DWELLING_BYTES
    source = np.ones(size, np.uint8)
    target = np.zeros(size, np.uint8)
    cuts = np.linspace(0, size, threads + 1).astype(np.int64)

    def part(i: int) -> None:
        target[cuts[i] : cuts[i + 1]] = source[cuts[i] : cuts[i + 1]]

    times = []
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(part, range(threads)))
        for _ in range(5):
            since = time.perf_counter()
            list(pool.map(part, range(threads)))
            times.append(time.perf_counter() - since)
    return statistics.median(times)


def arrays(found: Any) -> Iterator[np.ndarray]:
    """Arrays in nested dicts, lists and tuples."""
    if isinstance(found, np.ndarray):
        yield found
    elif isinstance(found, dict | list | tuple):
        for part in found.values() if isinstance(found, dict) else found:
            yield from arrays(part)


def case(city: str, scale: str, threads: int, months: int, start: str | None = None) -> dict[str, Any]:
    """One benchmark case: build the base city, step to `start` untimed, then time `months` months, events on."""
    from krimp.engine import month
    from krimp.engine.run import prepare
    from krimp.processes.kin import kin
    from krimp.state import months as calendar
    from krimp.state.codes import RESIDENT
    from krimp.state.tables import SCHEMAS

    since = time.perf_counter()
    world = prepare(city, scale=scale, threads=threads, anew=True)
    startup = time.perf_counter() - since
    month.advance(world)
    if start is not None:
        while world.month < calendar.parse(start):
            month.advance(world)
            month.observe(world)
            world.events.take()
    else:
        month.observe(world)
    wall: dict[str, float] = {}
    person_months = 0
    events = 0
    world.events.take()
    begin = time.perf_counter()
    for _ in range(months):
        month.advance_and_observe(world, wall)
        person_months += int(np.count_nonzero(world.persons.state == RESIDENT))
    seconds = (time.perf_counter() - begin) / months
    events = int(world.events.used[0])
    alive = int(np.count_nonzero(world.persons.state == RESIDENT))
    homes = world.dwellings.n - 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # before the copies that R needs
    held = [column for name in SCHEMAS for column in getattr(world, name).columns.values()]
    kept = kin(world)
    held += [kept.child, kept.sibling, *arrays(world.memory), *world.candidates.values()]
    return {
        "scale": scale,
        "threads": threads,
        "from": start or calendar.text(world.base),
        "months": months,
        "events": events,
        "persons": alive,
        "listings": int(np.count_nonzero(world.dwellings.listed)),
        "seconds_per_month": seconds,
        "person_months_per_s": person_months / (seconds * months),
        "r_ratio": seconds / copy_seconds(alive, homes, threads),
        "bytes_per_person": sum(array.nbytes for array in held) / max(alive, 1),
        "peak_bytes": peak,
        "startup_s": startup,
        "processes": {name: total / months for name, total in sorted(wall.items(), key=lambda kv: -kv[1])},
    }


def _apart(code: str, asked: dict[str, Any], cache: str | None = None) -> Any:
    """What `code` leaves in `result` in a fresh process, given `asked`. RuntimeError carries what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", f"import json,sys\nasked=json.loads(sys.argv[1])\n{code}\nprint('RESULT '+json.dumps(result))",
         json.dumps(asked)],
        capture_output=True, text=True, check=False, env={**os.environ, **({"KRIMP_CACHE": cache} if cache else {})},
    )  # fmt: skip
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            return json.loads(line[7:])
    raise RuntimeError(f"benchmark case {asked} failed:\n{done.stderr[-2000:]}")


def isolated(city: str, scale: str, threads: int, months: int, start: str | None) -> dict[str, Any]:
    """`case` in a fresh process, so that peak memory is its own. RuntimeError carries what it printed."""
    asked = {"city": city, "scale": scale, "threads": threads, "months": months, "start": start}
    found: dict[str, Any] = _apart("from krimp.study.bench import case\nresult=case(**asked)", asked)
    return found


def meet_kernels(city: str, months: int, start: str | None) -> None:
    """Go through all months that will be timed in a small city: what a machine has never compiled is compiled here, however
    seldom it is called."""
    _apart(
        "from krimp.engine import month\nfrom krimp.engine.run import prepare\nfrom krimp.state import months as calendar\n"
        "world=prepare(asked['city'],scale=asked['scale'],anew=True)\n"
        "last=max(calendar.parse(asked['start']) if asked['start'] else 0,world.base+1)+asked['months']\n"
        "while world.month<last:\n    month.advance_and_observe(world,{})\n    world.events.take()\n"
        "result=0",
        {"city": city, "scale": WARM_SCALE, "months": months, "start": start},
    )


def first_month(city: str, scale: str, kept: bool = True, cold: bool = False) -> float:
    """Seconds from starting the interpreter to the end of the first month; kept: the base city may be taken from the cache;
    cold: with no kernel compiled yet."""
    with tempfile.TemporaryDirectory() as empty:
        since = time.perf_counter()
        _apart(
            "import krimp.app.cli\nfrom krimp.engine import month\nfrom krimp.engine.run import prepare\n"
            "result=month.advance(prepare(asked['city'],scale=asked['scale'],anew=asked['anew'])) or 0",
            {"city": city, "scale": scale, "anew": not kept}, empty if cold else None,
        )  # fmt: skip
        return time.perf_counter() - since


def bench(
    city: str = "hegang", scales: Sequence[str] = ("1/10", "1", "10"), threads: Sequence[int] = (1, 2),
    months: int = 24, late: str | None = "2020-12", cold: bool = False, progress: Progress | None = None,
) -> dict[str, Any]:  # fmt: skip
    """All cases as the JSON of `krimp bench --json`: from the base month, and from a later one with full listings; seconds
    to the first month, warm and, if asked, cold. `progress(phase, done, total)` is called after each."""
    asked = [
        (scale, count, start)
        for scale in scales
        for count in threads
        for start in ((None, late) if late and scale != "10" else (None,))
    ]
    show = progress or (lambda phase, done, total: None)
    show("compiling what this machine has not met yet", 0, len(asked))
    meet_kernels(city, months, late)
    usual = "1" if "1" in scales else scales[0]
    built = first_month(city, usual, kept=False)  # and keeps it for the next
    first = {"scale": usual, "warm_s": first_month(city, usual), "built_s": built}
    if cold:
        show("compiling everything in an empty cache", 0, len(asked))
        first["cold_s"] = first_month(city, usual, cold=True)
    cases = []
    show("timing", 0, len(asked))
    for scale, count, start in asked:
        cases.append(isolated(city, scale, count, months, start))
        show("timing", len(cases), len(asked))
    return {
        "machine": {
            "platform": platform.platform(), "python": platform.python_version(), "processor": _processor(),
            "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        },
        "version": __version__,
        "commit": _commit(),
        "first_month": first,
        "cases": cases,
        "growth": growth(cases),
    }  # fmt: skip


#: Processes that go over listings.
MARKET = ("listing", "tenancy", "housing_search")


def growth(cases: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Exponents of cost by threads. Size: d ln(seconds a month) / d ln(persons), between the smallest and the largest city.
    Listings: d ln(seconds a month of the market) / d ln(listings), between the base and later in the largest city with both."""
    out = {}

    def exponent(a: tuple[float, float], b: tuple[float, float]) -> float:
        return float(np.log(b[1] / a[1]) / np.log(b[0] / a[0]))

    for threads in sorted({c["threads"] for c in cases}):
        mine = sorted((c for c in cases if c["threads"] == threads), key=lambda c: c["persons"])
        early = [c for c in mine if "-11" in c["from"]]
        late = [c for c in mine if c not in early]
        named = f"{threads} thread{'s' if threads > 1 else ''}"
        if len(early) > 1:
            ends = [(c["persons"], c["seconds_per_month"]) for c in (early[0], early[-1])]
            out[f"size, {named}"] = exponent(*ends)
        same = [c for c in early if late and c["scale"] == late[-1]["scale"]]
        if same and same[0]["listings"] != late[-1]["listings"]:
            ends = [(c["listings"], sum(c["processes"][p] for p in MARKET)) for c in (same[0], late[-1])]
            out[f"listings, {named}"] = exponent(*ends)
    return out


def against(result: dict[str, Any], earlier: dict[str, Any]) -> list[dict[str, Any]]:
    """Ratio of seconds per month to an earlier result on the same machine, case by case."""
    known = {(c["scale"], c["threads"], c["from"]): c for c in earlier["cases"]}
    rows = []
    for c in result["cases"]:
        old = known.get((c["scale"], c["threads"], c["from"]))
        if old:
            rows.append(
                {
                    "scale": c["scale"], "threads": c["threads"], "from": c["from"],
                    "ratio": c["seconds_per_month"] / old["seconds_per_month"],
                    "r_ratio": c["r_ratio"] / old["r_ratio"],
                }
            )  # fmt: skip
    return rows


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor()


def _commit() -> str:
    from krimp.engine.run import _commit as commit

    return commit()
