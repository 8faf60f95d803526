"""Double entry for the whole economy, in integer minor units.

Every posting debits one account and credits another: debit raises a balance, credit lowers it, so all balances
always add up to the opening total. Money accounts ("city.cash") and claim accounts ("city.bonds", negative for the
debtor, with "banks.bonds" on the other side) carry balances; a payment runs through a flow account that says what it
was for ("flow.wages"), which is empty again after each payment. Holders' own columns (households.cash, shops.cash)
must add up to their account at every month's end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from krimp.state.columns import View
from krimp.state.compile import helper


@dataclass(frozen=True)
class Account:
    """`name` is "sector.what"; `kind` is "money", "claim" or "flow"."""

    name: str
    kind: str
    meaning: str

    @property
    def sector(self) -> str:
        """Part before the dot."""
        return self.name.split(".")[0]


@helper
def post(L, district, debit, credit, amount):
    """One posting inside a kernel: `amount` >= 0 minor units, district index (the last one = city-wide)."""
    L.matrix[district, debit, credit] += amount
    L.balance[debit] += amount
    L.balance[credit] -= amount


@helper
def pay(L, district, flow, payer, receiver, amount):
    """A payment for a purpose: payer -> flow account -> receiver."""
    post(L, district, flow, payer, amount)
    post(L, district, receiver, flow, amount)


class Ledger:
    """Balances of all accounts and this month's postings by district (last index = city-wide) and account pair."""

    def __init__(self, accounts: Iterable[Account], n_districts: int) -> None:
        self.accounts: list[Account] = list(accounts)
        self.index: dict[str, int] = {account.name: i for i, account in enumerate(self.accounts)}
        if len(self.index) != len(self.accounts):
            raise ValueError("an account is declared twice")
        size = len(self.accounts)
        self.matrix = np.zeros((n_districts + 1, size, size), np.int64)
        self.balance = np.zeros(size, np.int64)
        self.opening = np.zeros(size, np.int64)
        self._view = View("ledger", {"matrix": self.matrix, "balance": self.balance})

    def view(self) -> View:
        """Both for kernels, to be used with `post` and `pay`."""
        return self._view

    def post(self, debit: str, credit: str, amount: int, district: int = -1) -> None:
        """One posting; a negative amount turns the pair round."""
        amount = int(amount)
        if amount < 0:
            debit, credit, amount = credit, debit, -amount
        if amount == 0:
            return
        d, c = self.index[debit], self.index[credit]
        self.matrix[district, d, c] += amount
        self.balance[d] += amount
        self.balance[c] -= amount

    def pay(self, flow: str, payer: str, receiver: str, amount: int, district: int = -1) -> None:
        """Pay `amount` from one account to another for the purpose "flow.<flow>"."""
        amount = int(amount)
        if amount < 0:
            payer, receiver, amount = receiver, payer, -amount
        if amount == 0:
            return
        # what the flow account is debited it is credited at once, so its balance stays
        f, p, r = self.index[f"flow.{flow}"], self.index[payer], self.index[receiver]
        here = self.matrix[district]
        here[f, p] += amount
        here[r, f] += amount
        self.balance[p] -= amount
        self.balance[r] += amount

    def pay_each(self, flow: str, payer: str, receiver: str, amounts: np.ndarray) -> None:
        """`pay` amounts[d] (int64, by district) in each district at once. ValueError if one is below 0."""
        each: list[int] = amounts.tolist()
        total, n = sum(each), len(each)
        if min(each) < 0:
            raise ValueError(f"{flow}: {min(each)} from {payer} to {receiver}; allowed is 0 or more")
        if total:
            f, p, r = self.index[f"flow.{flow}"], self.index[payer], self.index[receiver]
            self.matrix[:n, f, p] += amounts
            self.matrix[:n, r, f] += amounts
            self.balance[p] -= total
            self.balance[r] += total

    def flow(self, flow: str, receiver: str | None = None, payer: str | None = None) -> int:
        """This month's total of a flow (to one receiver or from one payer when given), city-wide."""
        f = self.index[f"flow.{flow}"]
        if payer is not None:
            p = self.index[payer]
            return sum(self.matrix[:, f, p].tolist()) - sum(self.matrix[:, p, f].tolist())
        if receiver is not None:
            r = self.index[receiver]
            return sum(self.matrix[:, r, f].tolist()) - sum(self.matrix[:, f, r].tolist())
        return int(self.matrix[:, f, :].sum())

    def __getitem__(self, account: str) -> int:
        return int(self.balance[self.index[account]])

    def open_month(self) -> None:
        """Start a month: balances become the opening, postings are cleared."""
        self.opening[:] = self.balance
        self.matrix[:] = 0

    def check(self) -> list[str]:
        """Faults of this month: opening + debits - credits = closing for every account, flow accounts empty."""
        total = self.matrix.sum(axis=0)
        closing = self.opening + total.sum(axis=1) - total.sum(axis=0)
        faults = [
            f"{self.accounts[i].name}: closing {self.balance[i]} is not opening + debits - credits {closing[i]}"
            for i in np.nonzero(closing != self.balance)[0]
        ]
        faults += [
            f"{account.name}: flow account holds {self.balance[i]}"
            for i, account in enumerate(self.accounts)
            if account.kind == "flow" and self.balance[i] != 0
        ]
        return faults

    def rows(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """This month's postings as (district, debit, credit, amount) in a fixed order."""
        posted = np.flatnonzero(self.matrix)
        district, debit, credit = np.unravel_index(posted, self.matrix.shape)
        return district, debit, credit, self.matrix.reshape(-1)[posted]
