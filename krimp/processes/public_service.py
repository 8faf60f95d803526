"""Public posts: schools, hospitals, offices. Plans follow habit and people; money decides whether they are filled.

Posts wished = N0 * exp(g t) * (people / people at the base)^s: staff follows the population slowly (rigid). While the
city is under restructuring hiring stops and posts run down by leaving alone (document 88: new hires frozen).
Wages are paid by the treasury as far as the budget says (`public_spending.wage_share`).
"""

from __future__ import annotations

from krimp.processes import jobs
from krimp.state.codes import PUBLIC
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter(
        "public_service.growth", 0.015, "per year", "normal(0.015, 0.007)",
        "[R] staff of public administration, education and health in China grew about 1.5% a year in the 2010s",
        "growth of posts wished at constant population", -0.1, 0.1,
    ),
    Parameter(
        "public_service.follow", 0.4, "elasticity", "uniform(0.2, 0.6)",
        "[A] fixed share of network costs 0.5-0.8 (mechanisms 5.2b)", "posts wished to population", 0.0, 2.0,
    ),
    Parameter(
        "public_service.freeze", 1.0, "flag", "fixed", "[S] State Council document 88 of 2016: new hires frozen",
        "1 = no hiring under restructuring", 0.0, 1.0,
    ),
)  # fmt: skip
SERIES: tuple[Series, ...] = ()
BRANCHES = ("public_service.hires",)


def start(world: World) -> None:
    """Posts are those filled at the base."""
    posts = float(jobs.employed(world)[:, PUBLIC].sum())
    world.memory["public_service.posts0"] = posts
    world.memory["public_service.people0"] = float(world.memory["household_income.people"].sum())
    jobs.array(world, "jobs.target")[PUBLIC] = posts


def step(world: World) -> None:
    """Posts to fill: the plan, or none under the freeze."""
    p, memory = world.params, world.memory
    people = float(memory["household_income.people"].sum()) / max(memory["public_service.people0"], 1.0)
    plan = memory["public_service.posts0"] * jobs.trend(p["public_service.growth"] * jobs.years(world))
    plan *= jobs.power(people, p["public_service.follow"])
    filled = float(jobs.employed(world)[:, PUBLIC].sum())
    frozen = world.signal["restructuring"][-1] > 0.0 and p["public_service.freeze"] > 0.5
    target = jobs.array(world, "jobs.target")
    # nobody is dismissed from a public post: posts fall by leaving alone
    target[PUBLIC] = filled if frozen else max(plan, filled)
    if target[PUBLIC] > filled:
        world.fired["public_service.hires"] += 1
