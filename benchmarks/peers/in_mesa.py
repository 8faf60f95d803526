"""The workload in Mesa: an agent object a person."""

from __future__ import annotations

import mesa

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


class Person(mesa.Agent):
    """Somebody of some age and sex with a flat, or none (-1)."""

    def __init__(self, model: City, age: int, sex: int, home: int) -> None:
        super().__init__(model)
        self.age, self.sex, self.home = age, sex, home

    def step(self) -> None:
        """A month of this person's life."""
        model, draw = self.model, self.model.random.random
        a, b, c, d = draw(), draw(), draw(), draw()
        self.age += 1
        months = min(self.age, 1439)
        if a < model.q[self.sex][months]:
            model.gone(self, "deaths")
            return
        if self.sex == 0 and 240 <= months < 480 and b < BIRTH:
            Person(model, 0, int(draw() < 0.5), -1)
            model.counts["births"] += 1
        if months < ADULT:
            return
        if c < (LEAVE_YOUNG if months < 300 else LEAVE):
            model.gone(self, "leavers")
        elif self.home < 0 or d < MOVE:
            seen = [int(draw() * len(model.price)) for _ in range(VIEWED)]
            vacant = [f for f in seen if not model.taken[f]]
            if vacant:
                best = min(vacant, key=model.price.__getitem__)
                if self.home >= 0:
                    model.taken[self.home] = False
                self.home = best
                model.taken[best] = True
                model.counts["moves"] += 1


class City(mesa.Model):
    """People and flats."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.random.seed(1)
        start = opening(n)
        self.q, self.price = mortality().tolist(), start["price"].tolist()
        self.taken = [False] * len(self.price)
        self.counts = dict.fromkeys(OUTCOMES, 0)
        for age, sex, home in zip(
            start["age"].tolist(), start["sex"].tolist(), start["home"].tolist(), strict=True
        ):
            Person(self, age, sex, home)
            self.taken[home] = True

    def people(self) -> int:
        """People alive."""
        return len(self.agents)

    def step(self) -> None:
        """One month."""
        self.agents.do("step")

    def gone(self, person: Person, why: str) -> None:
        """A person who died or left: the flat falls vacant."""
        if person.home >= 0:
            self.taken[person.home] = False
        self.counts[why] += 1
        person.remove()


if __name__ == "__main__":
    report(lambda n, months: City(n))
