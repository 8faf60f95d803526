"""Tax and fee relief for firms in 2020-22 and how far upper governments made it good.

Relief is a share of tax due (driver `tax_relief_rate`, national relief over tax), already left uncollected by
`taxes`; the city's part of the loss is compensated in part (1.2 tn of central transfers against a local half of 2.46 tn
of refunds in 2022 [S], so about one half).
"""

from __future__ import annotations

import numpy as np

from krimp.state.ledger import Account
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter("tax_relief.scale", 1.0, "factor", "fixed", "[A] 1 = the national measures; 0 switches relief off", "", 0.0, 5.0),
    Parameter(
        "tax_relief.compensated", 0.5, "share", "uniform(0.3, 0.8)",
        "[D] 1.2 tn of transfers against 2.46 tn of refunds (mechanisms 8)", "share of the city's loss made good", 0.0, 1.0,
    ),
)  # fmt: skip
SERIES = (Series("tax_relief", "currency", "money", "tax not collected under relief, all levels", False),)
ACCOUNTS = (Account("flow.relief_compensation", "flow", "upper grants for tax relief"),)
BRANCHES = ("tax_relief.given",)


def step(world: World) -> None:
    """Compensation of the city's part of the month's relief."""
    relief = int(world.memory.get("taxes.relief", 0))
    if relief > 0:
        world.fired["tax_relief.given"] += 1
        collected = float(world.memory["taxes.tax"])
        rate = world.driver("tax_relief_rate", 0.0) * world.params["tax_relief.scale"]
        lost = collected * rate / max(1.0 - rate, 0.1)
        world.ledger.pay(
            "relief_compensation",
            "upper.cash",
            "city.cash",
            int(lost * world.params["tax_relief.compensated"]),
        )


def observe(world: World) -> dict[str, np.ndarray]:
    """Relief of the month."""
    out = np.full(world.nd + 1, np.nan)
    out[-1] = float(world.memory.get("taxes.relief", 0))
    return {"tax_relief": out}
