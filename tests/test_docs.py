"""Documentation that a machine can check: generated pages are current, the example city runs, links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from krimp.engine.run import Settings, execute

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def test_the_page_of_the_state_is_current() -> None:
    spec = importlib.util.spec_from_file_location("state_page", DOCS / "state.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (DOCS / "state.md").read_text() == module.page(), "run python docs/state.py"


def test_the_least_city_of_the_guide_runs(tmp_path: Path) -> None:
    guide = (DOCS / "how-to-add-a-city.md").read_text()
    pack = tmp_path / "sampleton"
    pack.mkdir()
    (pack / "city.toml").write_text(re.findall(r"```toml\n(.*?)```", guide, re.S)[0])
    header = re.search(r"^year,district,.*$", guide, re.M)
    assert header is not None
    rows = [
        f"2010,centre,{sex},{age},{age + 4 if age < 85 else ''},{max(40, 1000 - age * 9)},census2010"
        for sex in ("female", "male")
        for age in range(0, 90, 5)
    ]
    (pack / "population.csv").write_text("\n".join([header[0], *rows]) + "\n")
    folder = execute(Settings(city=str(pack), until="2011-11"), tmp_path / "run")
    assert (folder / "series.parquet").is_file()


@pytest.mark.parametrize("page", sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")]), ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
