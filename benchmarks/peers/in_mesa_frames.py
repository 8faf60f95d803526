"""The workload in mesa-frames: a polars frame of people, one expression a rule."""

from __future__ import annotations

import numpy as np
import polars as pl
from mesa_frames import AgentSetPolars, ModelDF

from benchmarks.peers.spec import (
    ADULT,
    BIRTH,
    LEAVE,
    LEAVE_YOUNG,
    MOVE,
    OUTCOMES,
    VIEWED,
    mortality,
    opening,
    report,
)


class People(AgentSetPolars):
    """All persons in one frame."""

    def __init__(self, model: City, start: dict[str, np.ndarray]) -> None:
        super().__init__(model)
        self.last = 0
        self.join(start["age"], start["sex"], start["home"])

    def join(self, age: np.ndarray, sex: np.ndarray, home: np.ndarray) -> None:
        """Add rows."""
        ids = np.arange(self.last, self.last + len(age))
        self.last += len(age)
        self += pl.DataFrame({"unique_id": ids, "age": age, "sex": sex, "home": home})

    def step(self) -> None:
        """A month of everybody's life."""
        model, rng = self.model, self.model.rng
        frame = self.agents
        u = rng.random((4, frame.height))
        frame = frame.with_columns(
            pl.col("age") + 1, *(pl.Series(name, u[i]) for i, name in enumerate(("a", "b", "c", "d")))
        )
        months = np.minimum(frame["age"].to_numpy(), 1439)
        frame = frame.with_columns(q=pl.Series(model.q[frame["sex"].to_numpy(), months]))
        dead = pl.col("a") < pl.col("q")
        mother = ~dead & (pl.col("sex") == 0) & pl.col("age").is_between(240, 479) & (pl.col("b") < BIRTH)
        young = pl.when(pl.col("age") < 300).then(LEAVE_YOUNG).otherwise(LEAVE)
        leaver = ~dead & (pl.col("age") >= ADULT) & (pl.col("c") < young)
        frame = frame.with_columns(dead=dead, mother=mother, leaver=leaver)
        births = int(frame["mother"].sum())
        out = frame.filter(pl.col("dead") | pl.col("leaver"))
        model.counts["deaths"] += int(out["dead"].sum())
        model.counts["births"] += births
        model.counts["leavers"] += int(out["leaver"].sum())
        homes = out["home"].to_numpy()
        model.taken[homes[homes >= 0]] = False
        frame = frame.filter(~(pl.col("dead") | pl.col("leaver")))
        home = frame["home"].to_numpy().copy()
        seekers = np.nonzero(
            (frame["age"].to_numpy() >= ADULT) & ((home < 0) | (frame["d"].to_numpy() < MOVE))
        )[0]
        seen = (rng.random((len(seekers), VIEWED)) * len(model.price)).astype(np.int64)
        while len(seekers):
            price = np.where(model.taken[seen], np.inf, model.price[seen])
            best = price.argmin(axis=1)
            found = np.isfinite(price[np.arange(len(seekers)), best])
            seekers, seen, best = seekers[found], seen[found], best[found]
            wish = seen[np.arange(len(seekers)), best]
            _, winners = np.unique(wish, return_index=True)
            old = home[seekers[winners]]
            model.taken[old[old >= 0]] = False
            home[seekers[winners]] = wish[winners]
            model.taken[wish[winners]] = True
            model.counts["moves"] += len(winners)
            rest = np.setdiff1d(np.arange(len(seekers)), winners)
            seekers, seen = seekers[rest], seen[rest]
        # its setter takes no frame of another height
        self._agents = frame.select("unique_id", "age", "sex").with_columns(home=pl.Series(home))
        self._mask = pl.repeat(True, frame.height, dtype=pl.Boolean, eager=True)
        self.join(np.zeros(births, np.int64), rng.integers(0, 2, births), np.full(births, -1))


class City(ModelDF):
    """People and flats."""

    def __init__(self, n: int) -> None:
        super().__init__()
        start = opening(n)
        self.rng = np.random.default_rng(2)  # another than drew the opening state
        self.q, self.price = mortality(), start["price"]
        self.taken = np.zeros(len(self.price), np.bool_)
        self.taken[start["home"]] = True
        self.counts = dict.fromkeys(OUTCOMES, 0)
        self.everybody = People(self, start)

    def people(self) -> int:
        """People alive."""
        return self.everybody.agents.height

    def step(self) -> None:
        """One month."""
        self.everybody.step()


if __name__ == "__main__":
    report(lambda n, months: City(n))
