"""Hostels: empty flats let by the night, and back again.

A flat becomes a hostel when ADR * occupancy * 365 exceeds 1.3 times rent and running costs (mechanisms 3.5) and there are
guests for it: guests grow with the news about the city and stay away in lockdowns. Guests' money goes to the owner.
"""

from __future__ import annotations

import numpy as np

from krimp.state.codes import (
    ACTIVE,
    BY_HEIR,
    BY_HOUSEHOLD,
    BY_INVESTOR,
    EVENT,
    HOMESTEAD,
    HOSTEL,
    STANDING,
    VACANT,
)
from krimp.state.compile import kernel
from krimp.state.counting import rows_where
from krimp.state.ledger import pay
from krimp.state.parameters import Parameter
from krimp.state.purposes import HOSTEL_TURN
from krimp.state.random import draw, unit
from krimp.state.world import Series, World, emit

PARAMETERS = (
    Parameter("hostels.room_night", 105.0, "yuan/night", "uniform(60, 150)", "[A] ADR 60-150 yuan, the middle", "price of a night at base prices", 1.0, 5e3),
    Parameter("hostels.occupancy", 0.35, "share", "uniform(0.2, 0.5)", "[A] 0.2-0.5", "nights let", 0.0, 1.0),
    Parameter("hostels.running_share", 0.30, "share", "uniform(0.2, 0.5)", "[A]", "running costs over takings", 0.0, 1.0),
    Parameter("hostels.hurdle", 1.3, "ratio", "fixed", "[A] 1.3 times rent and costs (mechanisms 3.5)", "", 0.1, 10.0),
    Parameter("hostels.guests_per_1000", 0.5, "flats per 1000 people", "lognormal(0.5, 0.5)", "[A] hostel flats that visitors fill at the base", "", 0.0, 100.0),
    Parameter("hostels.growth", 0.05, "per year", "uniform(0.0, 0.1)", "[R] domestic trips grew in the 2010s", "growth of visitors", -0.5, 1.0),
    Parameter("hostels.buzz", 0.4, "ratio", "uniform(0.1, 1.0)", "[A] the curious", "extra visitors at a pulse of 1", 0.0, 20.0),
    Parameter("hostels.turn", 0.05, "per month", "uniform(0.02, 0.1)", "[A]", "speed of change towards the number guests fill", 0.0, 1.0),
)  # fmt: skip
SERIES: tuple[Series, ...] = ()
BRANCHES = ("hostels.opened", "hostels.closed")

_TURN = EVENT["hostel_conversion"]


@kernel
def turn(D, rows, H, E, L, seed, month, to_open, to_close, take, flow, cash, rest, district, opened):
    """Open `to_open` and close `to_close` hostels among `rows` by keyed screens; owners in the city get the month's takings."""
    n_open = 0
    n_close = 0
    for d in rows:
        if D.state[d] != STANDING:
            continue
        if D.use[d] == HOSTEL:
            if n_close < to_close and unit(draw(seed, D.key[d], month, HOSTEL_TURN)) < 0.5:
                D.use[d] = VACANT
                D.vacant_since[d] = month
                n_close += 1
                emit(E, month, _TURN, 0, D.district[d], 0, D.owner[d], d, 0, 0)
            elif D.owner_kind[d] == BY_HOUSEHOLD and H.state[D.owner[d]] == ACTIVE:
                H.cash[D.owner[d]] += take
                pay(L, D.district[d], flow, rest, cash, take)
        elif (
            n_open < to_open and D.use[d] == VACANT and D.fitted[d] == 1 and D.abandoned[d] == 0
            and D.title[d] != HOMESTEAD and D.rooms[d] >= 2 and D.floor[d] <= 6
            and (D.owner_kind[d] == BY_HOUSEHOLD or D.owner_kind[d] == BY_INVESTOR or D.owner_kind[d] == BY_HEIR)
            and district[D.district[d]] and unit(draw(seed, D.key[d], month, HOSTEL_TURN)) < 0.02
        ):  # fmt: skip
            D.use[d] = HOSTEL
            D.vacant_since[d] = 0
            D.listed[d] = 0
            D.listed_since[d] = 0
            n_open += 1
            emit(E, month, _TURN, 0, D.district[d], 0, D.owner[d], d, 1, 0)
    opened[0] = n_open
    opened[1] = n_close


def step(world: World) -> None:
    """Move the number of hostels towards what guests fill."""
    p, m = world.params, world.memory
    people = float(m["household_income.people"].sum())
    years = (world.month - world.base) / 12.0
    price = world.driver("cpi", 1.0)
    takings = p["hostels.room_night"] * price * p["hostels.occupancy"] * 30.0
    rent = float(world.signal["rent_m2"][-1]) * 60.0
    pays = takings > p["hostels.hurdle"] * (rent + takings * p["hostels.running_share"])
    guests = (1.0 + p["hostels.growth"]) ** int(years) * (
        1.0 + p["hostels.buzz"] * float(m.get("newcomers.buzz", 0.0))
    )
    guests *= 1.0 - 0.9 * float(world.signal["lockdown"][-1])
    target = p["hostels.guests_per_1000"] * people / 1000.0 * guests if pays else 0.0
    may = world.dwellings.use == HOSTEL
    now = float(np.count_nonzero(may))
    gap = target - now
    pace = p["hostels.turn"]
    to_open = int(np.ceil(gap * pace)) if gap > 0 else 0
    to_close = int(-gap * pace) if gap < 0 else 0
    if to_open:
        may |= world.dwellings.use == VACANT
    urban = np.array([d.kind == "district" for d in world.pack.config.districts])
    if not urban.any():
        urban[:] = True
    done = np.zeros(2, np.int64)
    world.events.reserve(to_open + to_close)
    take = world.fen(
        takings * (1.0 - p["hostels.running_share"]) * (1.0 - 0.9 * float(world.signal["lockdown"][-1]))
    )
    turn(
        world.dwellings.view(), rows_where(may), world.households.view(), world.events.view(), world.ledger.view(), world.seed, world.month,
        to_open, to_close, take, world.account("flow.rent"), world.account("households.cash"), world.account("rest.cash"),
        urban, done,
    )  # fmt: skip
    world.fired["hostels.opened"] += int(done[0])
    world.fired["hostels.closed"] += int(done[1])
