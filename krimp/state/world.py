"""The city in memory: tables, ledger, counters, signals and the month's event buffer. It has no rules of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from krimp.state import months
from krimp.state.codes import EVENT, REASON
from krimp.state.columns import View
from krimp.state.compile import numba, typed
from krimp.state.crew import Crew, Job
from krimp.state.ledger import Account, Ledger
from krimp.state.parameters import Parameters
from krimp.state.tables import Table

#: Fixed chunk of rows for full scans over threads; never depends on the number of threads.
CHUNK = 65536

_EVENT_COLUMNS = {
    "month": "i2", "event": "i1", "reason": "i1", "district": "i1", "person": "u4", "household": "u4", "dwelling": "u4",
    "other": "u4", "amount": "i8",
}  # fmt: skip


def _event_view(columns: Sequence[np.ndarray], used: np.ndarray) -> View:
    return View("events", {**dict(zip(_EVENT_COLUMNS, columns, strict=True)), "used": used})


_EVENTS = numba.typeof(_event_view([np.zeros(0, t) for t in _EVENT_COLUMNS.values()], np.zeros(1, np.int64)))


@typed(numba.void(_EVENTS, *[numba.int64] * 9))
def emit(E, month, event, reason, district, person, household, dwelling, other, amount):
    """Write one event; room must have been reserved. Nothing is written when the log is off (no capacity)."""
    i = E.used[0]
    if i >= E.month.size:
        return
    E.month[i] = month
    E.event[i] = event
    E.reason[i] = reason
    E.district[i] = district
    E.person[i] = person
    E.household[i] = household
    E.dwelling[i] = dwelling
    E.other[i] = other
    E.amount[i] = amount
    E.used[0] = i + 1


@typed(numba.void(_EVENTS, _EVENTS))
def _move(E, F):
    """The events of F behind those of E, and F is empty."""
    for i in range(F.used[0]):
        emit(
            E, F.month[i], F.event[i], F.reason[i], F.district[i], F.person[i], F.household[i], F.dwelling[i], F.other[i], F.amount[i],
        )  # fmt: skip
    F.used[0] = 0


class EventLog:
    """State changes of the running calendar year, columns as in `events/YYYY.parquet` (codes, not yet names)."""

    def __init__(self, enabled: bool = True) -> None:
        self.enabled = enabled
        self.used = np.zeros(1, np.int64)
        self.columns = [np.empty(CHUNK if enabled else 0, t) for t in _EVENT_COLUMNS.values()]
        self._view = _event_view(self.columns, self.used)

    def reserve(self, extra: int) -> None:
        """Make room for `extra` more events (views taken before are stale)."""
        if not self.enabled:
            return
        need = int(self.used[0]) + extra
        if need > len(self.columns[0]):
            size = max(need, 2 * len(self.columns[0]))
            self.columns = [np.concatenate([c, np.empty(size - len(c), c.dtype)]) for c in self.columns]
            self._view = _event_view(self.columns, self.used)

    def view(self) -> View:
        """Columns for `emit`."""
        return self._view

    def add(self, month: int, event: str, reason: str = "none", **ids: int) -> None:
        """One event from Python (city-wide happenings)."""
        self.reserve(1)
        emit(
            self.view(), month, EVENT[event], REASON[reason], ids.get("district", 0), ids.get("person", 0),
            ids.get("household", 0), ids.get("dwelling", 0), ids.get("other", 0), ids.get("amount", 0),
        )  # fmt: skip

    def extend(self, other: EventLog) -> None:
        """Move the events of another log behind these."""
        self.reserve(int(other.used[0]))
        _move(self.view(), other.view())

    def take(self) -> list[np.ndarray]:
        """All events so far, and forget them."""
        n = int(self.used[0])
        out = [c[:n].copy() for c in self.columns]
        self.used[0] = 0
        return out


@dataclass(frozen=True)
class Series:
    """A monthly output variable of one owner.

    kind "flow": a counter the processes add to; the other kinds are observed at month end by the owner's `observe`:
    "stock" a count (multiplied by the run's weight), "money" minor units (written in currency units, multiplied by
    the weight), "rate" a ratio, index, price or mean (written as it is).
    """

    name: str
    unit: str
    kind: str
    doc: str
    by_district: bool = True


#: Signals: what processes tell each other from month to month. Float64, one value per district plus city-wide (last).
SIGNALS: dict[str, tuple[float, str]] = {
    "heat_share": (1.0, "share of due heat delivered in this heating month"),
    "bus_share": (1.0, "share of normal bus service"),
    "wage_arrears_months": (0.0, "months of public pay overdue"),
    "unemployment_rate": (0.05, "unemployed / (employed + unemployed)"),
    "mean_wage": (0.0, "mean contract wage of the employed, yuan a month"),
    "real_wage": (1.0, "mean wage / cost of living, relative to the base"),
    "employment_ratio": (1.0, "jobs per person of working age, relative to the base"),
    "price_m2": (0.0, "hedonic price level, yuan per m2"),
    "price_change_year": (0.0, "log change of the price level over twelve months"),
    "rent_m2": (0.0, "rent level, yuan per m2 and month"),
    "vacancy_rate": (0.0, "vacant / dwellings at the end of last month"),
    "cost_of_living": (1.0, "price of the local basket relative to the base month's"),
    "traffic_index": (1.0, "trips by car against road capacity, base = 1"),
    "lockdown": (0.0, "share of the month under lockdown"),
    "school_share": (1.0, "school places per pupil, at most 1"),
    "home_appeal": (0.0, "log utility of staying here against the other places, base = 0"),
    "demand_expected": (0.0, "expected sales of new flats a month"),
    "deal_value_used": (0.0, "value of second-hand sales this month, yuan"),
    "deal_value_new": (0.0, "value of new-home sales this month, yuan"),
    "restructuring": (0.0, "1 while the city is under fiscal restructuring"),
    "confidence": (1.0, "consumers' confidence, normal = 1"),
    "starts_allowed": (1.0, "share of wished private starts that get land"),
}


class World:
    """Everything a process reads and writes.

    persons, households, dwellings, buildings, shops, seekers: `Table`s; `ledger`; `events`; `params`;
    `month` (number), `base` (first month); `districts`, `settlements` (from the pack); `pack`, `regime`;
    `signal` (name -> float64[n_districts + 1]); `memory` (process state that a checkpoint must keep: arrays or
    numbers only); `candidates` (life screening: process name -> ascending int32 rows); `fired` (branch -> count).
    `weight`: one record stands for this many (amounts of outside money are divided by it when they come in).
    """

    def __init__(
        self,
        pack: Any,
        regime: Any,
        params: Parameters,
        accounts: Iterable[Account],
        series: Iterable[Series],
        seed: int,
        base: int,
        weight: int = 1,
        copies: int = 1,
        threads: int = 1,
        events: bool = True,
    ) -> None:
        self.pack = pack
        self.regime = regime
        self.params = params
        self.seed = np.uint64(seed)
        self.base = base
        self.month = base
        self.weight = weight
        self.copies = copies
        self.threads = threads
        self.districts: list[str] = [d.id for d in pack.config.districts]
        self.nd = len(self.districts)
        self.settlements: Sequence[Any] = pack.config.settlements
        self.persons = Table("persons")
        self.households = Table("households")
        self.dwellings = Table("dwellings")
        self.buildings = Table("buildings")
        self.shops = Table("shops")
        self.seekers = Table("seekers")
        self.ledger = Ledger(accounts, self.nd)
        self.events = EventLog(events)
        self.series: dict[str, Series] = {}
        for item in series:
            if item.name in self.series:
                raise ValueError(f"series {item.name} is declared twice")
            self.series[item.name] = item
        flows = [s.name for s in self.series.values() if s.kind == "flow"]
        self._counter = {name: i for i, name in enumerate(flows)}
        self._counts = np.zeros((len(flows), self.nd + 1), np.int64)
        self.signal = {name: np.full(self.nd + 1, start) for name, (start, _) in SIGNALS.items()}
        self.memory: dict[str, Any] = {}
        self.candidates: dict[str, np.ndarray] = {}
        self.fired: Counter[str] = Counter()
        self.drivers: dict[str, np.ndarray] = {}
        self._crew: Crew | None = None
        #: Logs that parts of a scan have used, for the next.
        self._logs: list[EventLog] = []
        self._ahead: dict[str, list[Job]] = {}

    # -- time and drivers
    @property
    def year(self) -> int:
        """Calendar year of the current month."""
        return months.year(self.month)

    @property
    def month_of_year(self) -> int:
        """1 to 12."""
        return months.of_year(self.month)

    def driver(self, name: str, default: float | None = None) -> float:
        """Value of an exogenous path (pack's drivers) this month; KeyError names the missing path."""
        path = self.drivers.get(name)
        if path is None:
            if default is None:
                raise KeyError(f"the pack's drivers.csv has no variable {name!r}")
            return default
        return float(path[min(max(self.month - self.base, 0), len(path) - 1)])

    # -- counters
    def counter(self, name: str) -> np.ndarray:
        """int64[n_districts + 1] row of a flow series for this month; kernels add to `row[district]` in place."""
        return self._counts[self._counter[name]]

    def clear_counters(self) -> None:
        """Start a month."""
        self._counts[:] = 0

    # -- money
    def account(self, name: str) -> int:
        """Index of an account, for kernels."""
        return self.ledger.index[name]

    def minor(self, amount: float) -> int:
        """An outside amount in currency units as minor units of this scaled city (divided by `weight`)."""
        return int(round(amount * self.pack.config.minor_units * self.copies / self.weight))

    def fen(self, amount: float) -> int:
        """A per-head or per-dwelling amount in currency units as minor units (not divided by `weight`)."""
        return int(round(amount * self.pack.config.minor_units))

    # -- parallel scans
    def _helpers(self) -> Crew:
        if self._crew is None:
            self._crew = Crew(self.threads - 1)
        return self._crew

    def map_chunks(
        self, work: Callable[[int, int, int], Any], n: int, first: int = 1, chunk: int = CHUNK
    ) -> list[Any]:
        """work(chunk number, start, stop) over fixed chunks of rows [first, n), in threads; results in chunk order.

        The calling thread works too, and each takes the next chunk when it has done one: a month has some forty scans, so
        handing over chunk by chunk would cost more than many of them.
        """
        spans = [(i, a, min(a + chunk, n)) for i, a in enumerate(range(first, max(n, first + 1), chunk))]
        if self.threads <= 1 or len(spans) == 1:
            return [work(*span) for span in spans]
        results: list[Any] = [None] * len(spans)
        todo = iter(spans)

        def take() -> None:
            for span in todo:
                results[span[0]] = work(*span)

        jobs = [Job(take) for _ in range(min(self.threads, len(spans)) - 1)]
        self._helpers().hand(jobs)
        try:
            take()
        finally:
            # a helper that has not begun yet has nothing left to do
            begun = [job for job in jobs if not job.take()]
            for job in begun:
                job.settle()
        for job in begun:
            job.wait()
        return results

    def ahead(self, name: str, work: Callable[[int, int, int], Any], n: int, chunk: int = CHUNK) -> None:
        """Begin work(chunk number, start, stop) over fixed chunks of rows [1, n) on cores that have leisure, for `found_ahead`.

        Only for what nothing can change before it is asked for. With one thread nothing is begun.
        """
        if self.threads > 1:
            spans = enumerate(range(1, n, chunk))
            self._ahead[name] = [Job(partial(work, i, a, min(a + chunk, n))) for i, a in spans]
            self._helpers().hand(self._ahead[name], at_leisure=True)

    def found_ahead(self, name: str) -> list[Any]:
        """Results of `ahead` in chunk order, which are then forgotten; none if it was not begun. The caller does the
        chunks that no helper has come to, from the last on."""
        begun = self._ahead.pop(name, [])
        for job in reversed(begun):
            job.run()
        return [job.wait() for job in begun]

    def map_begun(
        self, name: str, work: Callable[[int, int, int], Any], n: int, chunk: int = CHUNK
    ) -> list[Any]:
        """`map_chunks` over rows [1, n), of which `ahead` may have done a part under this name."""
        return self.found_ahead(name) or self.map_chunks(work, n, chunk=chunk)

    def map_events(
        self, work: Callable[[View, int, int], Any], n: int, first: int = 1, chunk: int = CHUNK
    ) -> list[Any]:
        """`map_chunks` for work(log, start, stop) that records at most an event a row, kept in row order whatever the threads."""

        def part(_: int, start: int, stop: int) -> tuple[Any, EventLog]:
            log = self._logs.pop() if self._logs else EventLog(self.events.enabled)
            return work(log.view(), start, stop), log

        parts = self.map_chunks(part, n, first, chunk)
        for _, log in parts:
            self.events.extend(log)
            self._logs.append(log)
        return [found for found, _ in parts]

    def side_by_side(self, works: Sequence[Callable[[], Any]]) -> list[Any]:
        """Results of work() of each in the order given, in threads of their own."""
        return self.map_chunks(lambda i, *_: works[i](), len(works), first=0, chunk=1)

    def seek(
        self, households: np.ndarray, motive: int, district: np.ndarray, budget: np.ndarray | int = 0
    ) -> None:
        """Put households on this month's list of home seekers; the housing market must house all of them."""
        if len(households):
            self.seekers.append(household=households, motive=motive, district=district, budget=budget)
