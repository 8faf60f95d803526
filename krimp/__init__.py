"""Krimp: a simulator of shrinking cities, person by person, flat by flat, yuan by yuan.

>>> import krimp
>>> city = krimp.load_city("hegang")          # doctest: +SKIP
>>> run = krimp.simulate(city, seed=1)         # doctest: +SKIP
>>> run.series                                 # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

#: Public names and the modules they live in; imported when first used, so that `import krimp` stays light.
_PUBLIC = {
    "load_city": "krimp.intake",
    "check_city": "krimp.intake",
    "simulate": "krimp.outputs.simulate",
    "open_run": "krimp.outputs.folder",
    "compare": "krimp.outputs.compare",
    "report": "krimp.outputs.report",
    "listings": "krimp.outputs.listings",
    "follow": "krimp.outputs.follow",
    "ensemble": "krimp.study.ensemble",
    "calibrate": "krimp.study.calibrate",
    "claims": "krimp.study.claims",
    "bench": "krimp.study.bench",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        value = getattr(importlib.import_module(_PUBLIC[name]), name)
        globals()[name] = value  # the function, not a submodule of the same name
        return value
    raise AttributeError(f"module 'krimp' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
