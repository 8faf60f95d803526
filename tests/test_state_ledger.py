"""The ledger conserves money whatever is posted, and says so when somebody tampers with a balance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from krimp.state.accounts import standard_accounts
from krimp.state.ledger import Ledger

NAMES = [a.name for a in standard_accounts() if a.kind != "flow"]
FLOWS = [a.name.split(".")[1] for a in standard_accounts() if a.kind == "flow"]
PAYMENT = st.tuples(
    st.sampled_from(FLOWS), st.sampled_from(NAMES), st.sampled_from(NAMES), st.integers(-(10**15), 10**15),
    st.integers(0, 2),
)  # fmt: skip


@given(st.lists(PAYMENT, max_size=40))
def test_random_payments_conserve_money(payments: list[tuple[str, str, str, int, int]]) -> None:
    ledger = Ledger(standard_accounts(), 2)
    ledger.balance[: len(NAMES)] = 1000
    before = int(ledger.balance.sum())
    ledger.open_month()
    for flow, payer, receiver, amount, district in payments:
        ledger.pay(flow, payer, receiver, amount, district)
    assert ledger.check() == []
    assert int(ledger.balance.sum()) == before
    for flow in FLOWS:
        assert ledger[f"flow.{flow}"] == 0


def test_a_flow_is_the_sum_of_what_was_paid_for_it() -> None:
    ledger = Ledger(standard_accounts(), 1)
    ledger.open_month()
    ledger.pay("wages", "mine.cash", "households.cash", 300, 0)
    ledger.pay("wages", "city.cash", "households.cash", 200)
    assert ledger.flow("wages") == 500
    assert ledger.flow("wages", payer="city.cash") == 200
    assert ledger.flow("wages", receiver="households.cash") == 500
    assert ledger["households.cash"] == 500


def test_a_balance_changed_outside_a_posting_is_found() -> None:
    ledger = Ledger(standard_accounts(), 1)
    ledger.open_month()
    ledger.balance[ledger.index["city.cash"]] += 1
    assert any("city.cash" in fault for fault in ledger.check())


@given(st.lists(st.integers(0, 10**12), min_size=3, max_size=3))
def test_paying_each_district_is_paying_one_by_one(amounts: list[int]) -> None:
    together, apart = Ledger(standard_accounts(), 3), Ledger(standard_accounts(), 3)
    together.pay_each("wages", "mine.cash", "households.cash", np.array(amounts))
    for district, amount in enumerate(amounts):
        apart.pay("wages", "mine.cash", "households.cash", amount, district)
    assert (together.matrix == apart.matrix).all() and (together.balance == apart.balance).all()
    with pytest.raises(ValueError, match="wages: -1 from mine"):
        together.pay_each("wages", "mine.cash", "households.cash", np.array([*amounts, -1]))
