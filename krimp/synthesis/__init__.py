"""From a pack's tables to the city at the base: people, families, homes, work and money."""

from __future__ import annotations

from krimp.state.recount import faults
from krimp.state.world import World
from krimp.synthesis import families, homes, kinship, money, order, people, stock, work

__all__ = ["build", "faults"]


def build(world: World) -> None:
    """Fill an empty world from its pack at the base month. Exact in every census cell (see each module).

    Raises ValueError when the pack's households cannot be housed or filled.
    """
    people.fill(world)
    families.fill(world)
    stock.fill(world)
    homes.fill(world)
    order.fill(world)
    work.fill(world)
    kinship.fill(world)
    money.fill(world)
