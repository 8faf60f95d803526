"""Mortgages: what banks lend for homes with a deed, and how it is paid back.

    most lent = s Y (1 - (1 + i / 12)^-n) 12 / i,   at most LTV x price,   nothing below the least loan,

s Y the part of income that may go into the debt, i the rate, n the months of the term, which ends at retirement. So banks
lend for new and good second-hand flats; the cheap ones without a deed are bought out of savings. The household pays s of
its income a month until it is free, as far as its cash goes, and repays at once when it owns no home any more. Those who
left pay from elsewhere; what an extinct household owed is the bank's loss.
"""

from __future__ import annotations

import numpy as np

from krimp.state.codes import ABSENT, ACTIVE
from krimp.state.compile import helper, kernel, prefetch
from krimp.state.counting import rows_where
from krimp.state.ledger import Account
from krimp.state.parameters import Parameter
from krimp.state.portable import exp, log
from krimp.state.world import Series, World

PARAMETERS = (
    Parameter("mortgages.scale", 1.0, "factor", "fixed", "[A] 0 = no mortgages", "multiplies what banks lend", 0.0, 5.0),
    Parameter("mortgages.rate", 0.055, "per year", "uniform(0.049, 0.065)", "[R] benchmark above five years: 5.9-6.6% to 2014, 4.9% from 2015", "", 0.001, 0.3),
    Parameter("mortgages.income_share", 0.35, "share", "uniform(0.25, 0.5)", "[R] banks' ceiling of half the income, less in practice", "s", 0.0, 1.0),
    Parameter("mortgages.term", 15.0, "years", "uniform(10, 20)", "[R] terms of 10 to 30 years", "", 1.0, 40.0),
    Parameter("mortgages.last_age", 60.0, "years", "fixed", "[R] the term ends with working life", "", 30.0, 100.0),
    Parameter("mortgages.ltv", 0.65, "share", "uniform(0.5, 0.7)", "[R] least down payment of 30%, more for older houses", "most lent over price", 0.0, 0.95),
    Parameter("mortgages.least", 60000.0, "yuan", "uniform(30000, 100000)", "[A] banks have a least loan; poor collateral (mechanisms 3.5)", "", 0.0, 1e6),
)  # fmt: skip
SERIES = (
    Series("home_loans", "currency", "money", "mortgages owed by households", False),
    Series("mortgages_taken", "loans", "flow", "homes bought with a mortgage"),
)
ACCOUNTS = (
    Account("households.home_loans", "claim", "mortgages owed (negative)"),
    Account("banks.home_loans", "claim", "mortgages held"),
)
#: Debtors of a part.
ROWS = 8192
BRANCHES = ("mortgages.paid_off", "mortgages.written_off", "mortgages.unpaid", "mortgages.repaid_by_leavers")


@helper
def means(cash, credit, deed, ltv, least):
    """Most a buyer can pay for a home: cash, and with a deed what the bank adds."""
    lent = min(credit, np.int64(cash * (ltv / (1.0 - ltv))))
    return cash + (lent if deed & (lent >= least) else 0)


def annuity(world: World) -> np.ndarray:
    """Loan per unit of monthly payment for 0, 1, 2 ... years of term."""
    p = world.params
    i = p["mortgages.rate"] / 12.0
    return np.array(
        [p["mortgages.scale"] * (1.0 - exp(-12.0 * n * log(1.0 + i))) / i for n in range(int(p["mortgages.term"]) + 1)]
    )  # fmt: skip


@kernel
def repay(H, rows, rate, share, paid, fired):
    """The month's payments of all who owe (`rows`), into paid[d]: interest, loans paid back from here, from away, written off."""
    for k in range(rows.size):
        if k + 16 < rows.size:
            prefetch((H.loan, H.state, H.district, H.cash, H.owned, H.income), rows[k + 16])
        h = rows[k]
        loan, due = H.loan[h], np.int64(0)
        back, line = loan, paid[H.district[h]]
        if H.state[h] == ACTIVE:
            due = min(np.int64(loan * rate / 12.0), max(H.cash[h], np.int64(0)))
            back = min(loan, max(H.cash[h] - due, np.int64(0)))
            if H.owned[h] > 0:
                back = min(back, max(np.int64(share * H.income[h]) - due, np.int64(0)))
            H.cash[h] -= due + back
            line[0] += due
            line[1] += back
            fired[2] += due + back == 0
            fired[0] += back == loan
        elif H.state[h] == ABSENT:
            line[2] += back
            fired[3] += 1
        else:
            line[3] += back
            fired[1] += 1
        H.loan[h] -= back


def start(world: World) -> None:
    """No mortgages are known at the base."""
    world.memory["mortgages.annuity"] = annuity(world)


def step(world: World) -> None:
    """Payments."""
    p, h, book = world.params, world.households, world.ledger
    world.memory["mortgages.annuity"] = annuity(world)
    rows, view = rows_where(h.loan > 0), h.view()

    def work(_: int, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        fired, paid = np.zeros(len(BRANCHES), np.int64), np.zeros((world.nd, 4), np.int64)
        repay(view, rows[first:stop], p["mortgages.rate"], p["mortgages.income_share"], paid, fired)
        return fired, paid

    fired, paid = (sum(parts) for parts in zip(*world.map_chunks(work, len(rows), 0, ROWS), strict=True))
    interest, here, away, lost = paid.T
    book.pay_each("interest", "households.cash", "banks.cash", interest)
    book.pay_each("principal", "households.cash", "banks.cash", here)
    book.pay_each("principal", "rest.cash", "banks.cash", away)
    book.pay_each("claims", "banks.home_loans", "households.home_loans", here + away + lost)
    for name, count in zip(BRANCHES, fired.tolist(), strict=True):
        world.fired[name] += count


def observe(world: World) -> dict[str, np.ndarray]:
    """What is owed."""
    out = np.full(world.nd + 1, np.nan)
    out[-1] = float(world.ledger["banks.home_loans"])
    return {"home_loans": out}
