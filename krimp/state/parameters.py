"""A number with its unit, prior and source. Processes declare theirs in `PARAMETERS`; packs and scenarios override."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Parameter:
    """One number of a mechanism.

    `prior` is "fixed" or a distribution: "normal(mean, sd)", "lognormal(median, sigma)", "uniform(low, high)",
    "beta(mean, sd)". `low` and `high` bound what is allowed. `source` starts with its tag: [S] read at the source,
    [D] derived, [R] recalled, [A] assumed.
    """

    name: str
    value: float
    unit: str
    prior: str
    source: str
    doc: str = ""
    low: float = -1e18
    high: float = 1e18


_PRIOR = re.compile(r"(normal|lognormal|uniform|beta)\(\s*([-+.\deE]+)\s*,\s*([-+.\deE]+)\s*\)")


def prior_of(text: str) -> tuple[str, float, float] | None:
    """Parsed prior (family, a, b), None for "fixed"; ValueError says what is allowed."""
    if text == "fixed":
        return None
    match = _PRIOR.fullmatch(text.strip())
    if not match:
        raise ValueError(
            f"prior {text!r}: allowed are fixed, normal(m,s), lognormal(median,s), uniform(a,b), beta(m,s)"
        )
    return match[1], float(match[2]), float(match[3])


def quantile(parameter: Parameter, u: float) -> float:
    """The parameter's prior quantile at u in (0, 1), clipped to its bounds; its value when fixed."""
    from scipy import stats

    prior = prior_of(parameter.prior)
    if prior is None:
        return parameter.value
    family, a, b = prior
    if family == "normal":
        value = stats.norm.ppf(u, a, b)
    elif family == "lognormal":
        value = a * np.exp(stats.norm.ppf(u) * b)
    elif family == "uniform":
        value = a + (b - a) * u
    else:
        concentration = a * (1 - a) / b**2 - 1
        value = stats.beta.ppf(u, a * concentration, (1 - a) * concentration)
    return float(min(max(value, parameter.low), parameter.high))


class Parameters:
    """The values of a run: defaults, then the pack's overrides, then draws, `--set` and dated scenario actions."""

    def __init__(self, declared: Iterable[Parameter]) -> None:
        self.declared: dict[str, Parameter] = {}
        for parameter in declared:
            if parameter.name in self.declared:
                raise ValueError(f"parameter {parameter.name} is declared twice")
            self.declared[parameter.name] = parameter
        self.values: dict[str, float] = {name: p.value for name, p in self.declared.items()}
        self._own: dict[str, float] = dict(self.values)

    def __getitem__(self, name: str) -> float:
        return self.values[name]

    def set(self, name: str, value: float, where: str = "") -> None:
        """Override one value; ValueError names near misses or the allowed range."""
        if name not in self.declared:
            import difflib

            near = difflib.get_close_matches(name, self.declared, 3, 0.4)
            hint = f"; did you mean {', '.join(near)}?" if near else ""
            raise ValueError(f"{where or 'parameter'}: unknown parameter {name!r}{hint}")
        parameter = self.declared[name]
        if not parameter.low <= value <= parameter.high:
            raise ValueError(
                f"{where or 'parameter'}: {name} = {value:g} {parameter.unit}; "
                f"allowed is {parameter.low:g} to {parameter.high:g}"
            )
        self.values[name] = self._own[name] = float(value)

    def reset(self) -> None:
        """Back to the run's own values, without dated actions."""
        self.values.update(self._own)

    def overlay(self, values: Mapping[str, float]) -> None:
        """Let dated actions hold on top of the run's own values until the next `reset`."""
        self.values.update({name: float(value) for name, value in values.items()})
