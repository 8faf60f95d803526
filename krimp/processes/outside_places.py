"""The places around: a near county town, the provincial capital, the coast, Jiangsu, and elsewhere.

They are not simulated: each has a path of wage, rent and chance of work (drivers of the pack). Their pull relative to the
base is appeal_j = kappa * ln(w_j e_j) - eta * ln r_j - (1 - eta) ln P, P the general price level; people who leave
choose by a logit of it (`out_migration`), people who stay compare it with home (`home_appeal`). Random utility: Kennan &
Walker 2011, Diamond 2016 [R]. Where the pack has no path, wages grow at a parameter.
"""

from __future__ import annotations

import numpy as np

from krimp.processes import household_income, jobs
from krimp.state.codes import COAST, ELSEWHERE, JIANGSU, N_PLACES, NEAR_TOWN, PROVINCE_CAPITAL
from krimp.state.parameters import Parameter
from krimp.state.portable import log
from krimp.state.world import Series, World

PLACES = {
    NEAR_TOWN: "near_town", PROVINCE_CAPITAL: "province_capital", COAST: "coast", JIANGSU: "jiangsu",
    ELSEWHERE: "elsewhere",
}  # fmt: skip
PARAMETERS = (
    Parameter("outside_places.kappa", 1.5, "elasticity", "lognormal(1.5, 0.35)", "[R] Tombe & Zhu 2019 AER: 1.5 (1.2-2.5)", "choice of place to income", 0.0, 6.0),
    Parameter("outside_places.eta", 0.25, "share", "uniform(0.15, 0.35)", "[R] housing in urban budgets", "weight of rents", 0.0, 1.0),
    Parameter("outside_places.wage_growth", 0.08, "per year", "fixed", "[R] China's urban wages 2010-20; used where the pack has no path", "growth of wages outside", -0.2, 0.5),
    Parameter("outside_places.scale", 1.0, "factor", "fixed", "[A] policy switch: 0 = places keep their base pull", "multiplies the change of appeal", 0.0, 3.0),
)  # fmt: skip
SERIES = (
    Series("wage_outside", "index", "rate", "mean wage of the places around, base = 1", by_district=False),
)
BRANCHES = ("outside_places.pull",)


def start(world: World) -> None:
    """First of the work phase: also counts people in work, on which the other sectors' start rests."""
    household_income.count_base(world)
    _read(world)


def _read(world: World) -> None:
    p = world.params
    growth = jobs.grow(world, "national_wage", p["outside_places.wage_growth"])
    prices = jobs.relative(world, "cpi")
    eta = p["outside_places.eta"]
    appeal, net = np.zeros(N_PLACES), np.zeros(N_PLACES)
    for place, name in PLACES.items():
        wage = jobs.relative(world, f"wage_{name}", growth)
        work = jobs.relative(world, f"jobs_{name}")
        rent = jobs.relative(world, f"rent_{name}", prices)
        net[place] = float(log(wage * work)) - eta * float(log(rent)) - (1.0 - eta) * float(log(prices))
        appeal[place] = p["outside_places.kappa"] * net[place]
    # only differences between places move the choice of where to go
    mean = float(appeal[1:].mean())
    world.memory["outside_places.wage_index"] = growth
    world.memory["outside_places.net"] = net * p["outside_places.scale"]
    world.memory["outside_places.appeal"] = np.where(np.arange(N_PLACES) > 0, appeal - mean, 0.0)


def step(world: World) -> None:
    """Read this month's paths."""
    _read(world)
    world.fired["outside_places.pull"] += 1


def observe(world: World) -> dict[str, np.ndarray]:
    """The wage index."""
    out = np.zeros(world.nd + 1)
    out[-1] = world.memory["outside_places.wage_index"]
    return {"wage_outside": out}
