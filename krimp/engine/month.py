"""The model on one page: the phases of a month, in order.

Every name is a module of `krimp.processes`; a module may have `PARAMETERS`, `SERIES`, `ACCOUNTS`, `HAZARDS`,
`start(world)`, `step(world)`, `observe(world)`, `month_begun(world)`, `people_settled(world)`, `moves_settled(world)` and
`homes_settled(world)`.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from types import ModuleType

import numpy as np

from krimp.processes import life_screening
from krimp.processes.life_screening import LifeHazard
from krimp.state import recount
from krimp.state.ledger import Account
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PHASES: dict[str, tuple[str, ...]] = {
    "life": ("mortality", "unions", "fertility", "birth_grant", "leaving_home", "schooling", "collective_living"),
    "work": (
        "outside_places", "mining", "farming", "public_service", "industry", "shops", "labour_market", "wages",
        "pensions",
    ),
    "money at home": ("household_income", "vouchers", "consumption", "services"),
    "coming and going": ("student_exit", "out_migration", "return_migration", "newcomers"),
    "resettlement": ("resettlement",),
    "homes": (
        "listing", "second_homes", "hostels", "housing_search", "mortgages", "tenancy", "fitting_out", "maintenance",
        "abandonment",
    ),
    "building": ("developers", "construction", "demolition"),
    "budget": (
        "taxes", "tax_relief", "transfers", "land_sales", "pandemic_bill", "upper_advances", "debt",
        "public_spending", "distress",
    ),
    "services": ("heating", "buses", "schools"),
    "observation": (
        "population", "census_observation", "hedonic_index", "home_stocks", "lit_windows", "cost_of_living",
        "traffic", "gdp", "home_appeal", "fiscal_series",
    ),
}  # fmt: skip


class InvariantError(RuntimeError):
    """A broken invariant: the run stops and names the process after which it was found."""


@cache
def modules() -> tuple[ModuleType, ...]:
    """All process modules in the order of the month."""
    return tuple(
        importlib.import_module(f"krimp.processes.{name}") for names in PHASES.values() for name in names
    )


@cache
def _that_have(function: str) -> tuple[ModuleType, ...]:
    """The modules that have a function of this name, in the order of the month."""
    return tuple(module for module in modules() if hasattr(module, function))


@cache
def _stepping() -> tuple[str, ...]:
    """The names of the modules that have a step."""
    return tuple(module.__name__.rsplit(".", 1)[1] for module in _that_have("step"))


def _collect(attribute: str) -> Iterator[object]:
    for module in modules():
        yield from getattr(module, attribute, ())


def all_parameters() -> list[Parameter]:
    """Parameters of all processes."""
    return [p for p in _collect("PARAMETERS") if isinstance(p, Parameter)]


def all_series() -> list[Series]:
    """Output variables of all processes."""
    return [s for s in _collect("SERIES") if isinstance(s, Series)]


def all_accounts(known: Iterable[Account] = ()) -> list[Account]:
    """The accounts given and those that processes add, each name once."""
    found = {a.name: a for a in known}
    for account in _collect("ACCOUNTS"):
        if isinstance(account, Account):
            found.setdefault(account.name, account)
    return list(found.values())


@cache
def all_hazards() -> tuple[LifeHazard, ...]:
    """Screened life hazards in the order of the month."""
    return tuple(h for h in _collect("HAZARDS") if isinstance(h, LifeHazard))


def all_branches() -> list[str]:
    """Names of all rule branches, each of which must fire in a default run."""
    return [str(b) for b in _collect("BRANCHES")]


def start(world: World) -> None:
    """Initialise the processes at the base month, after synthesis."""
    for branch in all_branches():
        world.fired[branch] += 0
    for module in modules():
        if hasattr(module, "start"):
            module.start(world)


def advance(world: World, wall: dict[str, float] | None = None, check_each: bool = False) -> None:
    """One month: all phases in order, then the books and the recount. Raises InvariantError.

    `wall` collects seconds by process; `check_each` recounts after every process to name the culprit.
    """
    _live(world, wall if wall is not None else {}, check_each, whole=True)
    _demand(_faults(world), "the month's end", world)


def advance_and_observe(world: World, wall: dict[str, float], whole: bool = False) -> dict[str, np.ndarray]:
    """`advance`, then `observe`; recounting and observing only look, so they share the threads. Raises InvariantError.

    What is settled is counted while the month goes on, and who names whom in turn, a third a month: lists that a faulty process
    breaks may be found up to three months later. `whole` for a month that must be found whole.
    """
    _live(world, wall, False, whole)
    clock = time.perf_counter()
    faults, *found = world.side_by_side([partial(_faults, world, whole), *_observers(world)])
    _demand(faults, "the month's end", world)
    out = _gather(world, found)
    wall["recount and observe"] = wall.get("recount and observe", 0.0) + time.perf_counter() - clock
    return out


def begin(world: World) -> None:
    """Turn the calendar: a new month with empty counters, books and lists."""
    world.month += 1
    world.clear_counters()
    world.ledger.open_month()
    world.seekers.clear()


def _live(world: World, seconds: dict[str, float], check_each: bool, whole: bool) -> None:
    begin(world)
    ahead = world.threads > 1 and not check_each

    def timed(name: str, since: float) -> float:
        now = time.perf_counter()
        seconds[name] = seconds.get(name, 0.0) + now - since
        return now

    clock = time.perf_counter()
    life_screening.step(world, all_hazards())
    if ahead:
        # one core alone does most of what follows
        life_screening.foresee(world, all_hazards())
        for module in _that_have("month_begun"):
            module.month_begun(world)
    clock = timed("life_screening", clock)
    for name, module in zip(_stepping(), _that_have("step"), strict=True):
        if ahead and name in SETTLED:
            _count_ahead(world, SETTLED[name], whole)
        module.step(world)
        clock = timed(name, clock)
        if check_each:
            _demand(world.ledger.check() + recount.faults(world, homes=False), name, world)
            clock = time.perf_counter()


#: From these processes on nobody comes, goes, is born, dies or changes work, then nobody moves, and then no home changes, only
#: money: what looks at them may begin on cores that have leisure.
SETTLED = {
    PHASES["resettlement"][0]: "people_settled", "mortgages": "moves_settled", PHASES["budget"][0]: "homes_settled",
}  # fmt: skip


def _count_ahead(world: World, begin: str, whole: bool) -> None:
    """Call all functions of that name: each begins to count (`World.ahead`) what its owner asks for at the month's end. The
    recount of a month that must be found `whole` waits until then."""
    for module in (*_that_have(begin), *(() if whole else (recount,))):
        getattr(module, begin)(world)


def _faults(world: World, whole: bool = True) -> list[str]:
    return world.ledger.check() + recount.faults(world, whole=whole)


def _demand(faults: list[str], process: str, world: World) -> None:
    if faults:
        shown = "; ".join(faults[:5])
        raise InvariantError(f"{world.year}-{world.month_of_year:02d}, after {process}: {shown}")


def observe(world: World) -> dict[str, np.ndarray]:
    """Values of all series at the month's end: float64[n_districts + 1] in output units (currency, not minor).

    Counts and money are multiplied by the run's weight.
    """
    return _gather(world, world.side_by_side(_observers(world)))


def _observers(world: World) -> list[Callable[[], dict[str, np.ndarray]]]:
    return [partial(module.observe, world) for module in _that_have("observe")]


def _gather(world: World, observed: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    out: dict[str, np.ndarray] = {}
    weight = float(world.weight)
    minor = float(world.pack.config.minor_units)
    flows = [series for series in world.series.values() if series.kind == "flow"]
    counted = np.array([world.counter(series.name) for series in flows], np.float64)
    whole = [series.by_district for series in flows]
    counted[whole, -1] = counted[whole].sum(axis=1)
    out.update(zip((series.name for series in flows), counted * weight, strict=True))
    names = [name for found in observed for name in found]
    values = np.array([values for found in observed for values in found.values()], np.float64)
    kinds = [world.series[name].kind for name in names]
    factors = {"stock": weight, "money": weight / minor}
    values *= np.array([factors.get(kind, 1.0) for kind in kinds])[:, None]
    out.update(zip(names, values, strict=True))
    return out
