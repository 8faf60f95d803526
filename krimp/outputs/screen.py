"""What commands print: a console as wide as the terminal, at most 110 columns, and tables that fit 80."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

MOST = 110


def width() -> int:
    """Columns to print in: the terminal's or those of COLUMNS, at most MOST (which a file gets)."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit():
        from shutil import get_terminal_size

        return min(get_terminal_size((80, 24)).columns, MOST)
    return MOST


def console() -> Console:
    """The console of a command's results."""
    from rich.console import Console

    return Console(highlight=False, width=width())


def table(*columns: str, left: int = 1, whole: tuple[str, ...] = (), **settings: Any) -> Table:
    """A plain table: `left` columns on the left are text that may wrap, except those named in `whole`; the others are
    numbers, which are never cut. A long heading of numbers says itself where it breaks."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    out = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), **settings)
    for i, title in enumerate(columns):
        text = i < left
        out.add_column(
            title, justify="left" if text else "right", overflow="fold", no_wrap=not text or title in whole
        )
    return out
