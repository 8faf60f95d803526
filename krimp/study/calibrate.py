"""`krimp calibrate`: at most six demographic parameters fitted to the pack's `calibrate` rows by simulated moments.

Parameters are worked with as z = Phi^-1(F(theta)), F the prior, so the prior is standard normal. In each wave a space-
filling design of runs gives summaries s(z); the logs of counts are close to linear in z, so s = a + B z + e is fitted by
least squares, and the posterior of z given the observed summaries is that of Bayesian linear regression,

    V = (I + B' W^-1 B)^-1,   m = V B' W^-1 (s_obs - a),   W = residual covariance (seeds, emulator) + discrepancy^2,

a linear-emulator form of likelihood-free fitting (history matching in waves; Carrella et al. 2020 find regression a sound
start). The second wave's design is drawn from the first wave's posterior, widened, so that the line is fitted where it
matters. Draws are written as CSV (one row a draw) beside a JSON with rows, distances, seeds, settings and commit.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy import stats
from scipy.stats import qmc

from krimp import __version__
from krimp.intake import CityPack, load_city
from krimp.outputs.folder import CITY, open_run
from krimp.outputs.observed import value_at
from krimp.state.parameters import Parameter, quantile

#: Parameters that two censuses speak about: who leaves (18, working age, retired), births, homes, census practice.
FREE = (
    "student_exit.share",
    "out_migration.level_working",
    "out_migration.level_old",
    "fertility.level",
    "leaving_home.level",
    "census_observation.apart",
)
#: Rows of `observed.csv` that may be fitted: people and households; never money, jobs or homes.
FITTED = ("population", "census_")
#: Relative error that a right model may still have: coverage of the census, borders, what is not modelled.
DISCREPANCY = 0.02
#: A single age band or county is known and modelled less well than a total.
DISCREPANCY_PART = 0.05
WIDEN = 1.5


@dataclass(frozen=True)
class Target:
    """An observation that is fitted."""

    date: str
    variable: str
    district: str
    value: float

    @property
    def discrepancy(self) -> float:
        """Standard deviation of ln(model / observed) that even a right model may have."""
        whole = self.district == CITY and self.variable.count("_") < 2
        return DISCREPANCY if whole or self.variable.startswith("census_h") else DISCREPANCY_PART


@dataclass(frozen=True)
class Fit:
    """Posterior in z space, with the emulator's line and what it leaves."""

    mean: np.ndarray
    cov: np.ndarray
    residual: np.ndarray


def targets(pack: CityPack) -> list[Target]:
    """Rows of the pack's observations with role `calibrate` on people and households; ValueError if there are none."""
    table = pack.tables.get("observed")
    rows = [] if table is None else list(table.iter_rows(named=True))
    out = [
        Target(str(r["date"]), str(r["variable"]), str(r["district"] or CITY), float(r["value"]))
        for r in rows
        if r["role"] == "calibrate" and str(r["variable"]).startswith(FITTED)
    ]
    if not out:
        raise ValueError(f"{pack.name}/observed.csv: no row of people or households has the role calibrate")
    return out


def to_parameters(free: Sequence[Parameter], z: np.ndarray) -> dict[str, float]:
    """Parameter values of a point in z space."""
    return {
        p.name: quantile(p, float(np.clip(stats.norm.cdf(v), 1e-6, 1 - 1e-6)))
        for p, v in zip(free, z, strict=True)
    }


def design(runs: int, dimensions: int, seed: int, mean: np.ndarray, cov: np.ndarray) -> np.ndarray:
    """Latin hypercube of standard normals, moved and stretched to a mean and covariance: float64[runs, dimensions]."""
    unit = qmc.LatinHypercube(dimensions, seed=seed).random(runs)
    return mean + stats.norm.ppf(np.clip(unit, 0.005, 0.995)) @ np.linalg.cholesky(cov).T


def fit(z: np.ndarray, summaries: np.ndarray, observed: np.ndarray, discrepancy: np.ndarray) -> Fit:
    """Posterior of z under a standard normal prior and a linear emulator of the summaries (both in logs)."""
    n, k = z.shape
    x = np.column_stack([np.ones(n), z])
    line, *_ = np.linalg.lstsq(x, summaries, rcond=None)
    left = summaries - x @ line
    spread = (left**2).sum(axis=0) / max(n - k - 1, 1)
    weight = 1.0 / np.maximum(spread + discrepancy**2, 1e-12)
    b = line[1:].T
    cov = np.linalg.inv(np.eye(k) + (b.T * weight) @ b)
    mean = cov @ ((b.T * weight) @ (observed - line[0]))
    return Fit(mean, cov, np.sqrt(spread))


def calibrate(
    city: str, runs: int = 40, waves: int = 2, scale: str | float = "1/10", draws: int = 200, workers: int = 0,
    out: str | Path = "runs/calibration", free: Sequence[str] = FREE, seed: int = 1,
    progress: Callable[[int, int], None] | None = None, to: str | Path | None = None,
    observed: Mapping[tuple[str, str], float] | None = None, fixed: Mapping[str, float] | None = None,
    trust: float = 1.0,
) -> dict[str, Any]:  # fmt: skip
    """Fit `free` to the city and write the posterior; returns its provenance. Finished runs in `out` are reused.

    `to`: the CSV to write (default posterior.csv in `out`). `observed` replaces the pack's values by (variable,
    district) and `trust` scales the discrepancy (0 where the model itself made the data), for recovery tests; `fixed`
    sets other parameters.
    """
    from krimp.engine.run import _commit, declared_parameters
    from krimp.study.ensemble import Task, run_all

    if not 1 <= len(free) <= 6:
        raise ValueError(f"{len(free)} free parameters; allowed are 1 to 6")
    if runs < 2 * len(free) + 2:
        raise ValueError(
            f"{runs} runs a wave are too few for {len(free)} parameters; allowed are {2 * len(free) + 2} and more"
        )
    pack = load_city(city)
    declared = {p.name: p for p in declared_parameters(pack)}
    unknown = [name for name in free if name not in declared or declared[name].prior == "fixed"]
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: allowed are parameters with a prior")
    parameters = [declared[name] for name in free]
    rows = targets(pack)
    known = np.log([(observed or {}).get((t.variable, t.district), t.value) for t in rows])
    off = trust * np.array([t.discrepancy for t in rows])
    until = max(t.date[:7] if len(t.date) >= 7 else f"{t.date}-12" for t in rows)
    z_all: list[np.ndarray] = []
    s_all: list[np.ndarray] = []
    state = Fit(np.zeros(len(free)), np.eye(len(free)), np.zeros(len(rows)))
    for wave in range(waves):
        widen = 1.0 if wave == 0 else WIDEN
        z = design(runs, len(free), seed + wave, state.mean, state.cov * widen**2)
        todo = [
            Task(
                f"wave{wave + 1}-{i:03d}",
                {
                    "city": str(pack.path), "until": until, "seed": seed + wave * runs + i, "scale": str(scale),
                    "threads": 1, "events": False, "tables": False, "checkpoint_every": 0, "scenario": "baseline",
                    "draws": {**pack.config.parameters, **to_parameters(parameters, z[i]), **(fixed or {})},
                },
            )
            for i in range(runs)
        ]  # fmt: skip
        before = wave * runs
        show = (lambda done, _, b=before: progress(b + done, waves * runs)) if progress else None
        folders = run_all(todo, Path(out), workers, show)
        found = np.array(
            [[value_at(open_run(f), t.variable, t.date, t.district) for t in rows] for f in folders]
        )
        z_all.append(z)
        s_all.append(np.log(np.maximum(found, 0.5)))
        state = fit(z_all[-1], s_all[-1], known, off)
    chosen = stats.multivariate_normal(state.mean, state.cov, seed=seed, allow_singular=True).rvs(draws)
    values = [to_parameters(parameters, z) for z in np.asarray(chosen).reshape(draws, len(free))]
    target = Path(to) if to else Path(out) / "posterior.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(values).write_csv(target, float_precision=8)
    point = to_parameters(parameters, state.mean)
    last = s_all[-1] - known
    about = {
        "city": pack.name, "version": __version__, "commit": _commit(), "method": "linear emulator, simulated moments",
        "waves": waves, "runs_a_wave": runs, "scale": str(scale), "seed": seed, "until": until, "draws": draws,
        "parameters": {
            p.name: {
                "prior": p.prior, "point": point[p.name],
                "low": float(np.quantile([v[p.name] for v in values], 0.1)),
                "high": float(np.quantile([v[p.name] for v in values], 0.9)),
            }
            for p in parameters
        },
        "rows": [
            {
                "date": t.date, "variable": t.variable, "district": t.district, "observed": float(np.exp(k)),
                "distance_last_wave": float(np.exp(d.mean()) - 1.0), "seed_and_line": float(r), "discrepancy": t.discrepancy,
            }
            for t, k, d, r in zip(rows, known, last.T, state.residual, strict=True)
        ],
    }  # fmt: skip
    target.with_suffix(".json").write_text(json.dumps(about, indent=1) + "\n")
    return about | {"path": str(target)}
