"""Parameter draws: from priors, or from a pack's posterior for the parameters it holds.

A prior draw of one parameter depends on (study seed, draw number, parameter name) only, so that adding a parameter
or a draw leaves all others as they were. Draw 0 is the centre: every parameter at its default.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from krimp.intake import CityPack
from krimp.state.parameters import Parameter, quantile


@dataclass(frozen=True)
class Posterior:
    """Draws of calibrated parameters (one row a draw) with the provenance of the fit."""

    frame: pl.DataFrame
    provenance: Mapping[str, object]
    path: Path

    def point(self) -> dict[str, float]:
        """The draw nearest to the mean in units of each parameter's spread: a value that was really drawn."""
        values = self.frame.to_numpy()
        scale = values.std(axis=0)
        scale[scale == 0] = 1.0
        distance = (((values - values.mean(axis=0)) / scale) ** 2).sum(axis=1)
        row = values[int(distance.argmin())]
        return dict(zip(self.frame.columns, (float(v) for v in row), strict=True))

    def draw(self, number: int) -> dict[str, float]:
        """Draw `number` (taken in a fixed order, starting again after the last)."""
        row = self.frame.row(number % self.frame.height, named=True)
        return {name: float(value) for name, value in row.items()}


def read_posterior(path: Path) -> Posterior:
    """A posterior as `krimp calibrate` writes it: CSV of draws beside a JSON of the same name; ValueError if unusable."""
    if not path.is_file():
        raise ValueError(f"posterior {path}: not found")
    try:
        frame = pl.read_csv(path)
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"posterior {path.name}: {error}") from error
    for name, dtype in frame.schema.items():
        if not dtype.is_numeric():
            raise ValueError(f"posterior {path.name}, column {name}: found text, allowed are numbers")
    if any(v is None or not math.isfinite(v) for row in frame.rows() for v in row):
        raise ValueError(f"posterior {path.name}: an empty cell or no number; allowed are finite numbers")
    if frame.height == 0:
        raise ValueError(f"posterior {path.name}: no draws")
    about = path.with_suffix(".json")
    return Posterior(frame, json.loads(about.read_text()) if about.is_file() else {}, path)


def posterior_of(pack: CityPack, asked: str | None = None) -> Posterior | None:
    """Draws to use: a file when named, else those shipped with the pack if any: its posterior, or for "prior" the draws
    learnt elsewhere (prior.csv). None leaves all parameters to their declared priors."""
    if asked and asked not in ("shipped", "prior"):
        return read_posterior(Path(asked))
    shipped = pack.path / ("prior.csv" if asked == "prior" else "posterior.csv")
    return read_posterior(shipped) if shipped.is_file() else None


def unit_of(seed: int, number: int, name: str) -> float:
    """Uniform (0, 1) number of one parameter in one draw."""
    digest = hashlib.sha256(f"{seed}/{number}/{name}".encode()).digest()
    return (int.from_bytes(digest[:7], "big") + 0.5) / 2.0**56


def prior_draw(parameters: Iterable[Parameter], number: int, seed: int = 1) -> dict[str, float]:
    """Values of all parameters that have a prior, in draw `number`; draw 0 is the defaults (empty)."""
    if number == 0:
        return {}
    return {p.name: quantile(p, unit_of(seed, number, p.name)) for p in parameters if p.prior != "fixed"}


def draw(
    parameters: Iterable[Parameter], number: int, posterior: Posterior | None, keep: Mapping[str, float] | None = None,
    seed: int = 1,
) -> dict[str, float]:  # fmt: skip
    """One full draw: priors, the posterior's parameters from the posterior, `keep` fixed on top."""
    values = prior_draw(parameters, number, seed)
    if posterior is not None:
        values.update(posterior.point() if number == 0 else posterior.draw(number - 1))
    values.update(keep or {})
    return values
