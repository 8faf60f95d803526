"""Cars and traffic: households with money buy cars, old cars are scrapped, roads fill or empty.

A household without a car buys one with hazard b * (income / mean income) when its deposits cover the price with a
reserve; a car lasts about T years. Traffic index = car trips / road capacity relative to the base:
cars * (commuters per adult)^0.5 * (1 - c * lockdown) / roads, roads growing slowly.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from krimp.processes import jobs, turns
from krimp.state.codes import ACTIVE
from krimp.state.compile import kernel, prefetch
from krimp.state.parameters import Parameter
from krimp.state.purposes import CAR_BUY
from krimp.state.random import fill4, threshold
from krimp.state.world import CHUNK, Series, World

PARAMETERS = (
    Parameter("traffic.base", 0.09, "cars/household", "fixed", "[A] used where the pack says nothing", "cars a household at the base", 0.0, 3.0),
    Parameter("traffic.price", 55000.0, "yuan", "lognormal(55000, 0.2)", "[A] small and used cars", "price of a car at the base", 1000.0, 1e6),
    Parameter("traffic.price_trend", -0.02, "per year", "normal(-0.02, 0.01)", "[A] cheaper and older cars", "growth of the price", -0.2, 0.2),
    Parameter("traffic.buy", 0.05, "per year", "lognormal(0.05, 0.4)", "[D] 9% of households in 2010 [A], 23% in 2020 (census)", "hazard of buying at mean income", 0.0, 1.0),
    Parameter("traffic.reserve", 0.3, "share of price", "fixed", "[A] a down payment's worth is kept; not told apart from traffic.buy, which has a prior", "deposits kept beyond the price", 0.0, 5.0),
    Parameter("traffic.life", 14.0, "years", "fixed", "[R] scrapping rules and practice", "mean life of a car", 1.0, 50.0),
    Parameter("traffic.roads", 0.01, "per year", "uniform(0.0, 0.03)", "[A]", "growth of road capacity", -0.1, 0.2),
    Parameter("traffic.lockdown", 0.7, "share", "fixed", "[A] most trips stop, deliveries and permits go on; touches the index in lockdown months only", "trips lost in a full lockdown", 0.0, 1.0),
)  # fmt: skip
SERIES = (
    Series("traffic_index", "index", "rate", "car trips against road capacity, base = 1", by_district=False),
    Series("cars", "cars", "stock", "cars of households"),
)
BRANCHES = ("traffic.buys", "traffic.scraps")


#: Families whose luck is drawn together.
BLOCK = 1024


@kernel
def buy_cars(
    H, rows, seed, month, price, reserve, hazard, mean_income, scrap, keys, words, cars, paid, fired
):
    """Those whose turn it is: yearly hazards. `keys`, `words`: scratch of a block."""
    most = threshold(hazard * 3.0)
    for begin in range(0, rows.size, keys.size):
        block = rows[begin : min(begin + keys.size, rows.size)]
        for i in range(block.size):
            if i + 16 < block.size:
                prefetch((H.key,), block[i + 16])
            keys[i] = H.key[block[i]]
        fill4(seed, keys[: block.size], month, CAR_BUY, words)
        for i in range(block.size):
            if i + 16 < block.size:
                prefetch((H.state, H.cars, H.cash, H.income, H.district), block[i + 16])
            if words[0, i] >= scrap and words[1, i] >= most:
                continue
            h = block[i]
            if H.state[h] != ACTIVE:
                continue
            if H.cars[h] > 0 and words[0, i] < scrap:
                H.cars[h] -= 1
                cars[H.district[h]] -= 1
                fired[1] += 1
            if H.cars[h] == 0 and H.cash[h] > price + reserve:
                relative = min(np.float64(H.income[h]) / mean_income, 3.0)
                if words[1, i] < threshold(hazard * relative):
                    H.cars[h] += 1
                    cars[H.district[h]] += 1
                    H.cash[h] -= price
                    paid[H.district[h]] += price
                    fired[0] += 1


@kernel
def count_cars(H, out, first, stop):
    """Cars of active households by district, in four lines in turn; returns households and their income."""
    total, n = np.int64(0), 0
    for i in range(first, stop):
        h = np.uint64(i)
        active = H.state[h] == ACTIVE
        total += np.int64(H.income[h]) * active
        n += active
    for i in range(first, stop):
        h = np.uint64(i)
        out[h & np.uint64(3), np.uint64(np.uint8(H.district[h]))] += H.cars[h] * (H.state[h] == ACTIVE)
    return n, total


def _cars(world: World) -> Callable[[int, int, int], tuple[np.ndarray, int, int]]:
    """`count_cars` of a chunk of rows."""
    H = world.households.view()

    def work(_: int, first: int, stop: int) -> tuple[np.ndarray, int, int]:
        out = np.zeros((4, world.nd), np.int64)
        return out, *count_cars(H, out, first, stop)

    return work


def moves_settled(world: World) -> None:
    """Begin to count cars."""
    world.ahead("traffic", _cars(world), world.households.n, 4 * CHUNK)


def _count(world: World) -> tuple[np.ndarray, float]:
    """int64[nd] cars of active households, and the mean income of a household."""
    cars, n, income = zip(
        *world.map_begun("traffic", _cars(world), world.households.n, 4 * CHUNK), strict=True
    )
    return sum(cars).sum(axis=0), sum(income) / max(sum(n), 1)


def start(world: World) -> None:
    """Cars at the base: the pack's share of households, drawn by key, when synthesis has left none."""
    households = world.households
    share = world.pack.assumption(f"cars_per_household_{world.year}", world.params["traffic.base"])
    if households.n > 1 and not households.cars.any():
        mark = ((households.key >> np.uint64(17)) & np.uint64(0xFFFF)).astype(np.float64) / 65536.0
        households.columns["cars"][: households.n] = ((mark < share) & (households.state == ACTIVE)).astype(
            np.int8
        )
    cars, _ = _count(world)
    world.memory["traffic.cars"] = cars
    world.memory["traffic.cars0"] = max(float(cars.sum()), 1.0)


def step(world: World) -> None:
    """Buy and scrap, then the index."""
    p = world.params
    t = jobs.years(world)
    price = int(world.fen(p["traffic.price"]) * jobs.trend(p["traffic.price_trend"] * t))
    paid, fired = np.zeros(world.nd, np.int64), np.zeros(2, np.int64)
    H, (cars, mean) = world.households.view(), _count(world)
    turn = turns.families(world, shift=0)
    rules = (
        np.int64(price), np.int64(price * p["traffic.reserve"]), p["traffic.buy"], max(mean, 1.0),
        threshold(1.0 / p["traffic.life"]),
    )  # fmt: skip

    def look(_: int, first: int, stop: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        more, money, count = np.zeros(world.nd, np.int64), np.zeros(world.nd, np.int64), np.zeros(2, np.int64)
        buy_cars(
            H, turn[first:stop], world.seed, world.month, *rules, np.empty(BLOCK, np.uint64),
            np.empty((4, BLOCK), np.uint32), more, money, count,
        )  # fmt: skip
        return more, money, count

    for more, money, count in world.map_chunks(look, len(turn), first=0, chunk=8192):
        cars += more
        paid += money
        fired += count
    world.ledger.pay_each("imports", "households.cash", "rest.cash", paid)
    for name, count in zip(BRANCHES, fired.tolist(), strict=True):
        world.fired[name] += count
    world.memory["traffic.cars"] = cars
    roads = jobs.trend(p["traffic.roads"] * t)
    work = jobs.power(max(float(world.signal["employment_ratio"][-1]), 0.05), 0.5)
    trips = float(cars.sum()) / world.memory["traffic.cars0"] * work
    trips *= 1.0 - p["traffic.lockdown"] * float(world.signal["lockdown"][-1])
    world.signal["traffic_index"][:] = trips / roads


def observe(world: World) -> dict[str, np.ndarray]:
    """Index and cars."""
    out = np.zeros(world.nd + 1)
    out[-1] = world.signal["traffic_index"][-1]
    cars = world.memory["traffic.cars"]
    return {"traffic_index": out, "cars": np.append(cars, cars.sum()).astype(np.float64)}
