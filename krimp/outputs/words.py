"""Numbers, months and codes as a reader wants them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def number(value: float, unit: str = "") -> str:
    """A number in at most about seven characters: 1,058,665, 13.7 bn, 0.124; "–" for nan."""
    if value is None or not math.isfinite(value):
        return "–"
    size = abs(value)
    if size >= 9.995e8:
        text = f"{value / 1e9:.2f} bn" if size < 9.995e10 else f"{value / 1e9:.0f} bn"
    elif size >= 9.995e6:
        text = f"{value / 1e6:.1f} m"
    elif size >= 100 or (size >= 10 and value == round(value)):
        text = f"{value:,.0f}"
    elif value == 0:
        text = "0"
    elif size >= 10:
        text = f"{value:.1f}"
    elif size >= 1:
        text = f"{value:.0f}" if value == round(value) else f"{value:.2f}"
    else:
        text = f"{value:.3f}" if size >= 0.001 else f"{value:.2g}"
    return f"{text} {unit}".strip()


def percent(value: float, digits: int = 1) -> str:
    """A share in percent; "–" for nan."""
    return "–" if value is None or not math.isfinite(value) else f"{100 * value:.{digits}f}%"


def change(first: float, last: float) -> str:
    """Relative change with its sign; "–" where there is no base."""
    if not (math.isfinite(first) and math.isfinite(last)) or first == 0:
        return "–"
    ratio = last / first - 1
    if abs(ratio) >= 9.995:
        return f"x{last / first:.0f}"
    return f"{100 * ratio:+.1f}%"


def signed(value: float) -> str:
    """A difference with its sign: +1.2 bn, -35."""
    return f"{'-' if value < 0 else '+'}{number(abs(value))}" if math.isfinite(value) else "–"


def sparkline(values: Sequence[float], width: int = 16) -> str:
    """A line of blocks from lowest to highest; gaps where there is nothing."""
    if not values:
        return ""
    width = min(width, len(values))
    picked = [values[round(i * (len(values) - 1) / max(width - 1, 1))] for i in range(width)]
    known = [v for v in picked if math.isfinite(v)]
    if not known:
        return " " * width
    low, high = min(known), max(known)
    if high - low <= 1e-12 * max(abs(high), 1.0):
        return "".join(BLOCKS[3] if math.isfinite(v) else " " for v in picked)
    top = len(BLOCKS) - 1
    return "".join(BLOCKS[round((v - low) / (high - low) * top)] if math.isfinite(v) else " " for v in picked)


def month_words(day: dt.date | None) -> str:
    """ "March 2023"; empty for none."""
    return f"{MONTHS[day.month - 1]} {day.year}" if day else ""


def plain(code: str) -> str:
    """A code as words."""
    return str(code).replace("_", " ")


def listed(items: Sequence[str], word: str = "and") -> str:
    """ "a, b and c"."""
    items = list(items)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {word} {items[-1]}" if items else ""


_FEW = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_MANY = {
    "grandchild": "grandchildren",
    "other": "others",
    "daughter-in-law": "daughters-in-law",
    "son-in-law": "sons-in-law",
}


def counted(n: int, noun: str = "") -> str:
    """ "a son", "two sons", "one other", 12 homes; without a noun the number alone, in words up to ten."""
    if noun and n == 1:
        return f"{'one' if noun == 'other' else 'a'} {noun}"
    number = _FEW[n] if n < len(_FEW) else f"{n}"
    return f"{number} {_MANY.get(noun, f'{noun}s')}" if noun else number


def seconds(value: float) -> str:
    """A duration in words a person reads."""
    return f"{value / 60:.1f} min" if value >= 120 else f"{value:.1f} s"


def size(value: float) -> str:
    """Bytes as MiB or GiB."""
    return f"{value / 2**30:.2f} GiB" if value >= 2**30 else f"{value / 2**20:.0f} MiB"
