"""Institutions by country."""

from __future__ import annotations

import importlib

from krimp.regimes.base import Regime

KNOWN = ("china", "united_states")


def load(name: str) -> Regime:
    """A country's regime by name; ValueError says which there are."""
    if name not in KNOWN:
        raise ValueError(f"regime {name!r}: allowed are {', '.join(KNOWN)}")
    regime: Regime = importlib.import_module(f"krimp.regimes.{name}").REGIME
    return regime
