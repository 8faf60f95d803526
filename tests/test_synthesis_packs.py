"""Any pack that passes the check makes a city: tiny, odd and empty ones too."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from krimp.engine.run import Settings, empty_world
from krimp.intake import load_city
from krimp.state import months, recount
from krimp.state.codes import RESIDENT
from krimp.state.world import World
from krimp.synthesis import build

GROUPS = ((0, 4), (5, 14), (15, 24), (25, 44), (45, 64), (65, 79), (80, None))
TOML = """id = "tiny"
name = "Tiny"
base = "2010-11"
regime = "{regime}"
"""


def write_pack(
    folder: Path,
    counts: list[list[int]],
    regime: str = "china",
    sizes: list[dict[int, int]] | None = None,
    collective: list[int] | None = None,
    dwellings: list[int] | None = None,
    settlements: bool = False,
) -> None:
    """A pack folder: `counts` holds one list per district, women then men by `GROUPS`."""
    text = TOML.format(regime=regime)
    for d in range(len(counts)):
        text += f'[[districts]]\nid = "d{d}"\nname = "District {d}"\n'
    if settlements:
        for d in range(len(counts)):
            for kind in ("village", "mine_row", "old_core"):
                text += f'[[settlements]]\nid = "d{d}_{kind}"\nname = "{kind}"\ndistrict = "d{d}"\nkind = "{kind}"\n'
    (folder / "city.toml").write_text(text)
    lines = ["year,district,sex,age_from,age_to,persons"]
    for d, cells in enumerate(counts):
        for i, persons in enumerate(cells):
            low, high = GROUPS[i % len(GROUPS)]
            sex = "female" if i < len(GROUPS) else "male"
            lines.append(f"2010,d{d},{sex},{low},{'' if high is None else high},{persons}")
    (folder / "population.csv").write_text("\n".join(lines) + "\n")
    if sizes is not None:
        lines = ["year,district,size,households,persons"]
        for d, by_size in enumerate(sizes):
            lines += [f"2010,d{d},{size},{n},{size * n}" for size, n in sorted(by_size.items())]
        (folder / "households.csv").write_text("\n".join(lines) + "\n")
    if collective is not None:
        lines = ["year,district,kind,persons"]
        for d in range(len(counts)):
            lines += [
                f"2010,d{d},{kind},{n}"
                for kind, n in zip(("school", "camp", "care", "other"), collective, strict=True)
            ]
        (folder / "collective.csv").write_text("\n".join(lines) + "\n")
    if dwellings is not None:
        lines = ["district,settlement,built_from,built_to,floors,lift,area_m2,dwellings"]
        for d in range(len(counts)):
            rows = zip(("village", "mine_row", "old_core"), (1, 1, 6), dwellings, strict=True)
            lines += [f"d{d},d{d}_{kind},1970,2009,{floors},0,55.5,{n}" for kind, floors, n in rows]
        (folder / "dwellings.csv").write_text("\n".join(lines) + "\n")


def city(folder: Path, scale: str = "1") -> World:
    pack = load_city(folder)
    world = empty_world(pack, Settings(city=str(folder), scale=scale, threads=1), months.parse("2010-11"))
    build(world)
    return world


def sound(world: World) -> None:
    """Nothing is amiss, and everybody lives somewhere."""
    assert recount.faults(world) == []
    assert int(world.ledger.balance.sum()) == 0
    p, h, d = world.persons, world.households, world.dwellings
    here = p.state == RESIDENT
    assert int(h.size.sum()) + int((p.collective[here] > 0).sum()) == int(here.sum())
    assert (h.district[1:] == d.district[h.dwelling[1:]]).all()
    assert (p.district[h.first[1:]] == h.district[1:]).all()
    for table in (p, h, d, world.buildings):
        assert len(np.unique(table.key[1:])) == table.n - 1


def test_population_alone_is_enough(tmp_path: Path) -> None:
    town = [120, 260, 300, 700, 500, 180, 40, 130, 270, 310, 720, 510, 160, 25]
    write_pack(tmp_path, [town, [n // 3 for n in town]])
    world = city(tmp_path)
    sound(world)
    p, h = world.persons, world.households
    assert int((p.state == RESIDENT).sum()) == sum(town) + sum(n // 3 for n in town)
    assert 2.3 < h.size[1:].mean() < 3.5
    assert (world.dwellings.n - 1) > (h.n - 1)
    assert (p.activity[p.state == RESIDENT] == 3).mean() > 0.25


def test_another_country(tmp_path: Path) -> None:
    write_pack(tmp_path, [[50] * 14], regime="united_states")
    sound(city(tmp_path))


def test_copies_multiply_every_cell(tmp_path: Path) -> None:
    cells = [5, 9, 11, 30, 20, 8, 1, 6, 10, 12, 31, 22, 7, 0]
    write_pack(tmp_path, [cells], sizes=[{1: 10, 2: 20, 3: 25, 4: 10}])
    one, three = city(tmp_path), city(tmp_path, "3")
    sound(three)
    assert three.persons.n - 1 == 3 * (one.persons.n - 1) == 3 * sum(cells)
    assert three.households.n - 1 == 3 * (one.households.n - 1)
    assert three.copies == 3 and three.weight == 1


cells = st.lists(st.integers(0, 40), min_size=14, max_size=14)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    counts=st.lists(cells, min_size=1, max_size=3).filter(lambda rows: all(sum(r) > 0 for r in rows)),
    scale=st.sampled_from(["1", "1/2", "1/10", "2"]),
    sizes=st.none() | st.dictionaries(st.integers(1, 9), st.integers(0, 30), min_size=1, max_size=6),
    collective=st.none() | st.lists(st.integers(0, 6), min_size=4, max_size=4),
    dwellings=st.none() | st.lists(st.integers(1, 60), min_size=3, max_size=3),
)
def test_odd_packs_build_without_fault(
    counts: list[list[int]],
    scale: str,
    sizes: dict[int, int] | None,
    collective: list[int] | None,
    dwellings: list[int] | None,
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pack(
            folder, counts, sizes=[sizes] * len(counts) if sizes else None, collective=collective,
            dwellings=dwellings, settlements=dwellings is not None,
        )  # fmt: skip
        sound(city(folder, scale))


def test_a_town_of_children_and_a_town_of_one(tmp_path: Path) -> None:
    """Nobody of an age to head a family: homes are made all the same."""
    write_pack(tmp_path, [[30, 30, 0, 0, 0, 0, 0, 30, 30, 0, 0, 0, 0, 0], [0] * 13 + [1]])
    sound(city(tmp_path))
