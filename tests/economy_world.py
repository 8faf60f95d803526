"""A small city with only its work, money and shops alive: for tests of the economy without the rest of the month."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from krimp.engine.run import drivers_of
from krimp.intake import load_city
from krimp.processes import (
    consumption,
    cost_of_living,
    farming,
    gdp,
    home_appeal,
    household_income,
    industry,
    labour_market,
    mining,
    outside_places,
    pensions,
    public_service,
    services,
    shops,
    traffic,
    vouchers,
    wages,
)
from krimp.regimes import load as load_regime
from krimp.state import accounts, months
from krimp.state.parameters import Parameters
from krimp.state.world import World
from krimp.synthesis import build

#: The modules of the economy in the order of the month.
MODULES: tuple[ModuleType, ...] = (
    outside_places, mining, farming, public_service, industry, shops, labour_market, wages, pensions, household_income,
    vouchers, consumption, services, cost_of_living, traffic, gdp, home_appeal,
)  # fmt: skip


def make(weight: int = 50, seed: int = 1, months_ahead: int = 180, threads: int = 1, **sets: float) -> World:
    """The worked city at scale 1/weight, synthesised, with the economy started. `sets`: parameters, "__" for "."."""
    pack = load_city("hegang")
    regime = load_regime(pack.config.regime)
    params = Parameters([p for module in MODULES for p in module.PARAMETERS])
    for name, value in sets.items():
        params.set(name.replace("__", ".", 1), value)
    base = months.parse(pack.config.base)
    names = {a.name for a in accounts.standard_accounts()}
    extra = [a for module in MODULES for a in getattr(module, "ACCOUNTS", ())]
    world = World(
        pack, regime, params, [*accounts.standard_accounts(), *regime.accounts, *(a for a in extra if a.name not in names)],
        [s for module in MODULES for s in getattr(module, "SERIES", ())], seed, base, weight, 1, threads, True,
    )  # fmt: skip
    world.drivers = drivers_of(pack, base, base + months_ahead)
    build(world)
    for module in MODULES:
        if hasattr(module, "start"):
            module.start(world)
    return world


def advance(world: World, steps: int = 1, shock: Any = None) -> None:
    """Months of the economy alone; `shock(world)` is called at the start of each."""
    for _ in range(steps):
        world.month += 1
        world.clear_counters()
        world.ledger.open_month()
        world.events.take()
        if shock is not None:
            shock(world)
        for module in MODULES:
            if hasattr(module, "step"):
                module.step(world)


def observe(world: World) -> dict[str, Any]:
    """All observed series of the economy."""
    out: dict[str, Any] = {}
    for module in MODULES:
        if hasattr(module, "observe"):
            out.update(module.observe(world))
    return out
