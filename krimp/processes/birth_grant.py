"""Birth grant: a local policy that pays families a sum for each child born, out of the general budget.

    births with the grant = births * (1 + response * grant / yearly wage)      nine months after it is announced

Off by default. The size of the response is little known: a grant of 3% of a year's income raised births by a sixth in
Quebec (Milligan 2005 [R]), a lasting quarter on family allowances by 4% in the long run in the OECD (Gauthier & Hatzius
1997 [R]); Chinese cities pay since 2021 without a measured effect. What the treasury does not have is not paid.
"""

from __future__ import annotations

import numpy as np

from krimp.state.compile import kernel
from krimp.state.ledger import Account
from krimp.state.parameters import Parameter
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter(
        "birth_grant.amount", 0.0, "yuan per child", "fixed", "[A] policy: 0 = none; first cities paid 500 a month for three years",
        "paid when a child is born", 0.0, 1e6,
    ),
    Parameter(
        "birth_grant.response", 0.3, "births per yearly wage", "uniform(0.05, 1.0)",
        "[A] between the long run of Gauthier & Hatzius 1997 and a tenth of Milligan 2005",
        "relative rise of births for a grant of one yearly wage", 0.0, 5.0,
    ),
    Parameter("birth_grant.lag", 9.0, "months", "fixed", "[A] nine months from a decision to a birth", "", 0.0, 60.0),
)  # fmt: skip
SERIES = (Series("birth_grants", "currency", "money", "birth grants paid by the city"),)
ACCOUNTS = (Account("flow.spend_birth_grant", "flow", "birth grants to families"),)


@kernel
def give(birth, household, district, month, amount, cash, most, counts):
    """Give `amount` to the household of each child born this month, at most `most` times; counts by district."""
    n = 0
    for p in range(birth.size - 1, 0, -1):
        # children of the month are the youngest rows: those who come later this month are older
        if birth[p] != month:
            continue
        if household[p] == 0 or n >= most:
            continue
        cash[household[p]] += amount
        counts[district[p]] += 1
        n += 1
    return n


def factor(world: World) -> float:
    """Births with the grant relative to births without, as families feel it."""
    p, since = world.params, int(world.memory.get("birth_grant.since", 0))
    wage = 12.0 * float(world.signal["mean_wage"][-1])
    if not since or world.month - since < p["birth_grant.lag"] or wage <= 0.0:
        return 1.0
    return 1.0 + p["birth_grant.response"] * p["birth_grant.amount"] / wage


def step(world: World) -> None:
    """Pay for the children of the month."""
    memory, nd = world.memory, world.nd
    amount = world.fen(world.params["birth_grant.amount"])
    if amount == 0:
        memory["birth_grant.since"] = 0
        return
    memory["birth_grant.since"] = int(memory.get("birth_grant.since", 0)) or world.month
    counts = np.zeros(nd, np.int64)
    persons = world.persons
    most = max(0, world.ledger["city.cash"]) // amount
    give(
        persons.birth, persons.household, persons.district, world.month, amount, world.households.cash, most, counts
    )  # fmt: skip
    for d in np.nonzero(counts)[0]:
        world.ledger.pay("spend_birth_grant", "city.cash", "households.cash", int(counts[d]) * amount, int(d))


def observe(world: World) -> dict[str, np.ndarray]:
    """What was paid."""
    out = np.full(world.nd + 1, np.nan)
    out[-1] = world.ledger.flow("spend_birth_grant", payer="city.cash")
    return {"birth_grants": out}
