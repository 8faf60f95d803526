"""Schools: places follow pupils slowly downward (merging) and are built where pupils grow; teachers are public posts.

Each September a district closes places that stand empty beyond a reserve: faster under restructuring.
"""

from __future__ import annotations

import numpy as np

from krimp.state.codes import PUPIL, RESIDENT
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter("schools.reserve", 0.15, "share", "uniform(0.05, 0.3)", "[A] empty places kept", "", 0.0, 2.0),
    Parameter("schools.merge", 0.25, "share a year", "uniform(0.15, 0.4)", "[D] primary schools fell from 170 (2005) to 36 (2020), 10% a year", "places above the reserve closed a year", 0.0, 1.0),
    Parameter("schools.merge_restructuring", 2.0, "ratio", "uniform(1, 3)", "[A] mergers are quicker under restructuring (Yubari: to one school)", "", 0.0, 10.0),
)  # fmt: skip
SERIES = (
    Series("school_places", "places", "stock", "school places"),
    Series("pupils", "persons", "stock", "pupils of primary to senior schools"),
)
BRANCHES = ("schools.merged",)


def _pupils(world: World) -> np.ndarray:
    persons = world.persons
    mine = (persons.activity == PUPIL) & (persons.state == RESIDENT)
    return np.bincount(persons.district[mine], minlength=world.nd).astype(np.int64)


def start(world: World) -> None:
    """Places at the base: pupils and the reserve of ten shrinking years."""
    world.memory["schools.pupils"] = _pupils(world)
    world.memory["schools.places"] = (world.memory["schools.pupils"] * 1.35).astype(np.int64)


def step(world: World) -> None:
    """September: count pupils, merge or build."""
    if world.month_of_year != 9:
        return
    p, memory = world.params, world.memory
    pupils = _pupils(world)
    memory["schools.pupils"] = pupils
    places = memory["schools.places"].astype(np.float64)
    wanted = pupils * (1.0 + p["schools.reserve"])
    pace = p["schools.merge"]
    if world.signal["restructuring"][-1] > 0:
        pace = min(1.0, pace * p["schools.merge_restructuring"])
    merged = np.maximum(places - wanted, 0.0) * pace
    places = np.maximum(places - merged, pupils)
    for d in np.nonzero(merged > 0.02 * places)[0]:
        world.events.add(world.month, "school_merged", "school", district=int(d), amount=int(merged[d]))
        world.fired["schools.merged"] += 1
    memory["schools.places"] = places.astype(np.int64)
    share = np.minimum(1.0, places / np.maximum(pupils, 1))
    world.signal["school_share"][: world.nd] = share
    world.signal["school_share"][-1] = min(1.0, float(places.sum()) / max(float(pupils.sum()), 1.0))


def observe(world: World) -> dict[str, np.ndarray]:
    """Places and pupils by district."""
    out = {}
    for name, key in (("school_places", "schools.places"), ("pupils", "schools.pupils")):
        values = np.zeros(world.nd + 1)
        values[: world.nd] = world.memory[key]
        values[-1] = values.sum()
        out[name] = values
    return out
