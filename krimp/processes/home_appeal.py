"""What home offers against elsewhere: one log number by district, 0 at the base.

appeal_d = ln(w_d e_d) - ln P_d + lambda . services - logsum of the places outside, all relative to the base, in units of
log real income (`out_migration` multiplies by kappa). w pay in fact paid, e chance of work, P the cost of living with
housing in it: falling rents and prices compensate those who stay (Glaeser & Gyourko 2005, Notowidigdo 2020 [S]).
Services: heat in winter, buses, public pay in arrears, school places, traffic; elasticities 0.1-0.3 of income [A]
(public services matter, less than wages: Xia & Lu 2015 [S]).
"""

from __future__ import annotations

import numpy as np

from krimp.processes import jobs, outside_places
from krimp.state.parameters import Parameter
from krimp.state.portable import exp, log
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter("home_appeal.income", 1.0, "weight", "fixed", "[A] unit of the index", "weight of real income", 0.0, 3.0),
    Parameter("home_appeal.prices", 1.0, "weight", "fixed", "[S] form: falling housing costs compensate (NBER w17167)", "weight of the cost of living", 0.0, 3.0),
    Parameter("home_appeal.heat", 0.2, "log income", "uniform(0.1, 0.3)", "[A] service elasticity 0.1-0.3", "a winter without heat", 0.0, 3.0),
    Parameter("home_appeal.bus", 0.05, "log income", "uniform(0.0, 0.1)", "[A]", "no buses", 0.0, 3.0),
    Parameter("home_appeal.arrears", 0.03, "log income a month", "uniform(0.0, 0.06)", "[A] one posted worker in six", "month of public pay overdue", 0.0, 1.0),
    Parameter("home_appeal.school", 0.1, "elasticity", "uniform(0.05, 0.2)", "[A] service elasticity", "school places per pupil", 0.0, 3.0),
    Parameter("home_appeal.traffic", 0.02, "log income", "uniform(0.0, 0.05)", "[A] small town", "doubling of traffic", 0.0, 1.0),
    Parameter("home_appeal.memory", 12.0, "months", "fixed", "[A] people look back a year", "smoothing", 1.0, 120.0),
    Parameter("home_appeal.outside", 1.0, "weight", "fixed", "[A] 0 switches the comparison with other places off", "weight of the places outside", 0.0, 3.0),
)  # fmt: skip
SERIES = (Series("home_appeal", "log", "rate", "log utility of staying against the other places, base = 0"),)
BRANCHES = ("home_appeal.below_base", "home_appeal.cold", "home_appeal.arrears")


def _now(world: World) -> np.ndarray:
    """Utility of staying, by district and for the city, not yet relative to the base."""
    p, signal, memory = world.params, world.signal, world.memory
    pay = memory["household_income.contract"].astype(np.float64) * np.minimum(
        jobs.array(world, "jobs.pay_share", 1.0), 1.0
    )
    people = memory["household_income.jobs"].astype(np.float64)
    pay, people = pay.sum(axis=1), people.sum(axis=1)
    pay, people = np.append(pay, pay.sum()), np.append(people, people.sum())
    mean = np.where(people > 0, pay / np.maximum(people, 1.0), pay[-1] / max(people[-1], 1.0))
    out = np.zeros(world.nd + 1)
    # people see the district's own pay and the city's
    for d in range(world.nd + 1):
        wage = 0.5 * float(log(max(mean[d], 1.0))) + 0.5 * float(log(max(mean[-1], 1.0)))
        work = 1.0 - 0.5 * float(signal["unemployment_rate"][d] + signal["unemployment_rate"][-1])
        out[d] = p["home_appeal.income"] * (wage + float(log(max(work, 0.05))))
        out[d] -= p["home_appeal.prices"] * float(log(max(signal["cost_of_living"][d], 0.05)))
        out[d] -= p["home_appeal.heat"] * (1.0 - float(signal["heat_share"][d]))
        out[d] -= p["home_appeal.bus"] * (1.0 - float(signal["bus_share"][d]))
        out[d] -= p["home_appeal.arrears"] * float(signal["wage_arrears_months"][d])
        out[d] += p["home_appeal.school"] * float(log(max(min(signal["school_share"][d], 1.0), 0.05)))
        out[d] -= p["home_appeal.traffic"] * max(0.0, float(signal["traffic_index"][-1]) - 1.0)
    # inclusive value of the places, equally dear to all
    kappa = max(p["outside_places.kappa"], 0.1)
    net = memory["outside_places.net"]
    total = 0.0
    for place in outside_places.PLACES:
        total += float(exp(kappa * float(net[place])))
    return out - p["home_appeal.outside"] * float(log(total / len(outside_places.PLACES))) / kappa


def start(world: World) -> None:
    """Everything is compared with this month."""
    world.memory["home_appeal.base"] = _now(world)


def step(world: World) -> None:
    """Update the signal."""
    fresh = _now(world) - world.memory["home_appeal.base"]
    signal = world.signal["home_appeal"]
    signal[:] = signal + (fresh - signal) / max(world.params["home_appeal.memory"], 1.0)
    if signal[-1] < 0.0:
        world.fired["home_appeal.below_base"] += 1
    if world.signal["heat_share"].min() < 1.0:
        world.fired["home_appeal.cold"] += 1
    if world.signal["wage_arrears_months"].max() > 0.0:
        world.fired["home_appeal.arrears"] += 1


def observe(world: World) -> dict[str, np.ndarray]:
    """The signal as a series."""
    return {"home_appeal": world.signal["home_appeal"]}
