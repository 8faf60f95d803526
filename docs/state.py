"""Writes `docs/state.md`: all columns of all tables with unit, meaning and owner, and the accounts of the ledger.

python docs/state.py
"""

from __future__ import annotations

from pathlib import Path

from krimp.engine.month import all_accounts
from krimp.state.accounts import standard_accounts
from krimp.state.tables import SCHEMAS
from krimp.state.world import SIGNALS


def page() -> str:
    """The page as Markdown."""
    lines = [
        "# State", "",
        "All that a month changes (made by `docs/state.py`; edit the declarations in `krimp/state/`, not this page).",
        "Row 0 of every table is nobody. Bytes are those of one row.", "",
    ]  # fmt: skip
    for name, columns in SCHEMAS.items():
        size = sum(int(c.dtype[1:]) for c in columns)
        lines += [
            f"## {name} ({size} bytes)",
            "",
            "| column | type | unit | meaning | written by |",
            "|---|---|---|---|---|",
        ]
        lines += [f"| `{c.name}` | {c.dtype} | {c.unit} | {c.meaning} | {c.owner} |" for c in columns]
        lines.append("")
    lines += ["## Signals", "", "One value a district and one for the city; read a month later.", ""]
    lines += ["| signal | at the base | meaning |", "|---|---|---|"]
    lines += [f"| `{name}` | {value:g} | {meaning} |" for name, (value, meaning) in SIGNALS.items()]
    lines += [
        "",
        "## Accounts",
        "",
        "A regime and its processes add theirs.",
        "",
        "| account | kind | meaning |",
        "|---|---|---|",
    ]
    lines += [f"| `{a.name}` | {a.kind} | {a.meaning} |" for a in all_accounts(standard_accounts())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (Path(__file__).parent / "state.md").write_text(page(), encoding="utf-8")
