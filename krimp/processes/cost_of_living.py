"""Cost of living: a Laspeyres index of a basket with housing in it, base = 1.

P = sum of weights * relative prices: goods (the general price level), services of the city (their pay, half passed on),
housing by district (the relative rent with the weight of the households that rent at the base, the relative price of homes
with that of those who own: the user cost of an owner follows the price [A]; statistics offices of China impute it from the
cost of building instead), heat and power (half of the price level: tariffs are capped). Cheap flats make a cheap life: the
loop from the price fall to arrivals.
"""

from __future__ import annotations

import numpy as np

from krimp.processes import jobs
from krimp.state.codes import ACTIVE, OWNER, SERVICES
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter("cost_of_living.housing", 0.20, "share", "uniform(0.15, 0.25)", "[R] housing in China's urban CPI about 20%", "weight of housing", 0.0, 0.8),
    Parameter("cost_of_living.services", 0.20, "share", "uniform(0.15, 0.25)", "[A]", "weight of local services", 0.0, 0.8),
    Parameter("cost_of_living.heat", 0.06, "share", "uniform(0.04, 0.08)", "[A] heat and power in a cold poor town", "weight of heat and power", 0.0, 0.5),
    Parameter("cost_of_living.pass_through", 0.5, "share", "uniform(0.3, 0.7)", "[A] half of pay rises are covered by productivity and profit", "service pay passed on in prices", 0.0, 1.0),
    Parameter("cost_of_living.inflation", 0.023, "per year", "fixed", "[R] China's CPI 2010-20; used where the pack has no path cpi", "growth of the price level", -0.1, 0.3),
)  # fmt: skip
SERIES = (Series("cost_of_living", "index", "rate", "price of the local basket relative to the base"),)
BRANCHES = ("cost_of_living.homes_cheaper",)


def _housing(world: World) -> np.ndarray:
    """Relative price of housing by district; the base is the first month in which a price is known."""
    memory, signal = world.memory, world.signal
    rented = memory["cost_of_living.rented"]
    weight, total = 0.0, np.zeros(world.nd + 1)
    for name, share in (("rent_m2", rented), ("price_m2", 1.0 - rented)):
        now = signal[name]
        if not (now[-1] > 0.0):
            continue
        now = np.where(now > 0.0, now, now[-1])
        base = memory.setdefault(f"cost_of_living.{name}", now.copy())
        total += share * now / base
        weight += share
    return total / weight if weight > 0.0 else np.ones(world.nd + 1)


def _rented(world: World) -> float:
    """Share of households that do not own their home."""
    households = world.households
    tenure = households.tenure[(households.state == ACTIVE) & (households.dwelling > 0)]
    return float((tenure != OWNER).mean()) if len(tenure) else 0.0


def start(world: World) -> None:
    """Base prices."""
    memory = world.memory
    memory["cost_of_living.rented"] = _rented(world)
    people = jobs.employed(world).sum(axis=0)
    memory["cost_of_living.pay0"] = float(jobs.contract_wages(world)[SERVICES]) / max(
        float(people[SERVICES]), 1.0
    )
    _housing(world)


def step(world: World) -> None:
    """Update the signal."""
    p = world.params
    prices = jobs.grow(world, "cpi", p["cost_of_living.inflation"])
    people = jobs.employed(world).sum(axis=0)
    pay = float(jobs.contract_wages(world)[SERVICES]) / max(float(people[SERVICES]), 1.0)
    passed = jobs.power(
        max(pay / max(world.memory["cost_of_living.pay0"], 1.0), 0.05), p["cost_of_living.pass_through"]
    )
    heat = 1.0 + 0.5 * (prices - 1.0)
    housing = _housing(world)
    goods = 1.0 - p["cost_of_living.housing"] - p["cost_of_living.services"] - p["cost_of_living.heat"]
    world.signal["cost_of_living"][:] = (
        goods * prices
        + p["cost_of_living.services"] * passed
        + p["cost_of_living.heat"] * heat
        + p["cost_of_living.housing"] * housing
    )
    if housing[-1] < prices:
        world.fired["cost_of_living.homes_cheaper"] += 1


def observe(world: World) -> dict[str, np.ndarray]:
    """The index."""
    return {"cost_of_living": world.signal["cost_of_living"]}
