"""Wages: once a year each sector's contract pay follows pay elsewhere, its own luck, and slack at home.

d ln w = pass_s * d ln(w outside) + luck_s - beta * (ln u - ln u of last year), bounded. beta = 0.1 is the wage curve
(Blanchflower & Oswald 1994 [R]). The state sets public pay (its own pass-through); mine pay leans on the coal price;
farm people share the farms' income (`farming`), so their contract income follows it; services follow sales per head.
New people start below the mean of the sector, graduates above; those who stay are raised so that the sector's mean
keeps to its path (seniority), whatever the turnover.
"""

from __future__ import annotations

import numpy as np

from krimp.processes import jobs
from krimp.processes.luck import BLOCK
from krimp.state.codes import (
    CONSTRUCTION,
    EMPLOYED,
    FARM,
    INDUSTRY,
    MINE,
    N_SECTORS,
    OWN_ACCOUNT,
    PUBLIC,
    RESIDENT,
    SERVICES,
)
from krimp.state.compile import kernel
from krimp.state.counting import pack
from krimp.state.parameters import Parameter
from krimp.state.portable import log
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter(
        "wages.pass_public", 1.0, "ratio", "uniform(0.8, 1.2)", "[R] public pay scales are national, raised in 2015-18",
        "public pay to pay outside", 0.0, 2.0,
    ),
    Parameter(
        "wages.pass_mine", 0.5, "ratio", "uniform(0.3, 0.7)", "[D] pack rows 2010-20 (+58% against +163% of the national wage); loss-making state firm; 2,000 yuan a month in 2015 and 2022 [S]",
        "mine pay to pay outside", 0.0, 2.0,
    ),
    Parameter("wages.pass_private", 0.68, "ratio", "uniform(0.5, 0.85)", "[D] pack rows 2010-20: services +87%, industry +100%, national wage +163%", "private pay to pay outside", 0.0, 2.0),
    Parameter("wages.coal", 0.15, "elasticity", "uniform(0.0, 0.3)", "[A]", "mine pay to last year's coal price", 0.0, 1.0),
    Parameter("wages.curve", 0.1, "elasticity", "normal(0.1, 0.03)", "[R] wage curve, Blanchflower & Oswald 1994", "pay to unemployment", 0.0, 1.0),
    Parameter("wages.month", 1.0, "month", "fixed", "[A] contracts run by the calendar year", "month of the annual change", 1.0, 12.0),
    Parameter("wages.start", 0.9, "ratio", "uniform(0.8, 1.0)", "[A]", "pay of new people relative to the sector's mean", 0.1, 2.0),
)  # fmt: skip
SERIES: tuple[Series, ...] = ()
BRANCHES = ("wages.raise", "wages.cut")

#: Pay by schooling relative to the sector's mean: [R] return to a year of school in urban China 7-10%, damped in a sector.
SCHOOL_PAY = np.array([0.85, 0.9, 0.97, 1.05, 1.25])
FARM_BOUNDS = (-0.15, 0.25)


@kernel
def scale_pay(P, factor, flag, here, first, stop):
    """Multiply the contract wage of every resident in work of rows [first, stop) by his sector's factor. `flag`, `here`: scratch
    of a block."""
    for begin in range(first, stop, BLOCK):
        end = min(begin + BLOCK, stop)
        for i in range(begin, end):
            p = np.uint64(i)
            flag[np.uint64(i - begin)] = (P.state[p] == RESIDENT) & (P.activity[p] == EMPLOYED)
        for row in here[: pack(flag[: end - begin], begin, here, 0)]:
            p = np.uint64(row)
            P.wage[p] = np.int32(P.wage[p] * factor[np.uint64(P.sector[p])] + 0.5)


def starting(world: World) -> np.ndarray:
    """float64[N_SECTORS] pay a new person of mean schooling starts with, fen a month."""
    people = jobs.employed(world).sum(axis=0)
    mean = np.array(jobs.array(world, "wages.mean"))
    known = jobs.contract_wages(world).astype(np.float64)
    have = known > 0
    mean[have] = known[have] / np.maximum(people[have], 1)
    return mean * world.params["wages.start"]


def start(world: World) -> None:
    """Mean pay of the sectors at the base; last year's references."""
    memory = world.memory
    people = jobs.employed(world).sum(axis=0)
    pay = jobs.contract_wages(world).astype(np.float64)
    overall = pay.sum() / max(float(people.sum()), 1.0)
    memory["wages.mean"] = np.where(people > 0, pay / np.maximum(people, 1), overall)
    memory["wages.last"] = np.array([1.0, max(float(world.signal["unemployment_rate"][-1]), 0.01), 1.0])


def step(world: World) -> None:
    """The annual change."""
    p, memory = world.params, world.memory
    if world.month_of_year != int(p["wages.month"]):
        return
    outside = float(memory["outside_places.wage_index"])
    slack = max(float(world.signal["unemployment_rate"][-1]), 0.01)
    coal = float(memory["mining.price"])
    old = memory["wages.last"]
    pulled = float(log(outside / old[0]))
    curve = p["wages.curve"] * float(log(slack / old[1]))
    memory["wages.last"] = np.array([outside, slack, coal])
    change = np.zeros(N_SECTORS)
    for s in (INDUSTRY, CONSTRUCTION, SERVICES, OWN_ACCOUNT):
        change[s] = p["wages.pass_private"] * pulled - curve
    change[PUBLIC] = p["wages.pass_public"] * pulled
    change[MINE] = (
        p["wages.pass_mine"] * pulled
        - curve
        + p["wages.coal"] * float(log(max(coal, 0.05) / max(old[2], 0.05)))
    )
    pay_share = jobs.array(world, "jobs.pay_share", 1.0)
    change[FARM] = min(max(float(log(max(pay_share[FARM], 0.05))), FARM_BOUNDS[0]), FARM_BOUNDS[1])
    change = np.clip(change, -0.2, 0.3)
    path = jobs.array(world, "wages.mean") * np.array([jobs.trend(float(c)) for c in change])
    people = jobs.employed(world).sum(axis=0)
    mean = jobs.contract_wages(world) / np.maximum(people, 1)
    factor = np.clip(np.divide(path, mean, out=np.ones(N_SECTORS), where=mean > 0), 0.7, 1.5)
    people_view = world.persons.view()
    world.map_chunks(
        lambda _, first, stop: scale_pay(
            people_view, factor, np.empty(BLOCK, np.uint8), np.empty(BLOCK + 1, np.int32), first, stop
        ),
        world.persons.n,
    )
    # the pay share of farm people is what the new contract incomes leave open
    pay_share[FARM] = pay_share[FARM] / factor[FARM]
    memory["wages.mean"] = path
    memory["household_income.contract"] = (memory["household_income.contract"] * factor).astype(np.int64)
    world.fired["wages.raise"] += int((change[1:] > 0).sum())
    world.fired["wages.cut"] += int((change[1:] < 0).sum())
