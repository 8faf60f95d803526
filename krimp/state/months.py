"""Calendar months as one integer: 12 * year + month - 1 (so 2010-11 is 24130), int16 in every table."""

from __future__ import annotations

import datetime as dt
import re


def parse(text: str) -> int:
    """Month number of "YYYY-MM"; raises ValueError with what was found and what is allowed."""
    match = re.fullmatch(r"(\d{4})-(\d{2})", str(text))
    if not match or not 1 <= int(match[2]) <= 12:
        raise ValueError(f"month {text!r}: allowed is YYYY-MM, for example 2010-11")
    return int(match[1]) * 12 + int(match[2]) - 1


def text(month: int) -> str:
    """ "YYYY-MM" of a month number."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def date(month: int) -> dt.date:
    """First day of the month."""
    return dt.date(month // 12, month % 12 + 1, 1)


def year(month: int) -> int:
    """Calendar year."""
    return month // 12


def of_year(month: int) -> int:
    """Month of the year, 1 to 12."""
    return month % 12 + 1
