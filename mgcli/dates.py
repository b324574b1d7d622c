"""Recognise a column of dates, and read it."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice

__all__ = ["dates_of", "detect_dates"]

ISO = "iso"
_DAYS = (
    "%Y/%m/%d",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d.%m.%y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%B %d %Y",
    "%d %b %Y",
    "%d %B %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d%b%Y",
    "%Y-%m",
    "%Y/%m",
    "%b %Y",
    "%B %Y",
    "%a, %d %b %Y",
)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_LIKELY = re.compile(r"(?=.*[0-9])(?=.*[-/. ,A-Za-z]).{6,40}")
_FIRST = 30  # different cells that rule most formats out


def detect_dates(cells: Iterable[str]) -> tuple[str, bool] | None:
    """Return the format in which all cells are dates, and whether another one fits too.

    Args:
        cells: what is known of a column, each once.

    """
    texts = list(cells)
    first = list(islice(texts, _FIRST))
    if not texts or not all(map(_LIKELY.fullmatch, first)):
        return None
    formats = [ISO, *(day + time for day in _DAYS for time in _TIMES)]
    for some in (first, texts):
        formats = [f for f in formats if all(_date(text, f) is not None for text in some)]
    if not formats:
        return None
    meant = [[_date(text, f) for text in texts] for f in formats[:2]]
    return formats[0], len(meant) > 1 and meant[0] != meant[1]


def dates_of(
    cells: Sequence[str], missing: frozenset[str], form: str
) -> tuple[list[datetime | None], list[int]]:
    """Return n dates, None where missing, and the rows whose cells are no date of this format."""
    known: dict[str, datetime | None] = {}
    bad = set()
    for cell in dict.fromkeys(cells):
        known[cell] = None if cell.lower() in missing else _date(cell, form)
        if known[cell] is None and cell.lower() not in missing:
            bad.add(cell)
    rows = [i for i, cell in enumerate(cells) if cell in bad] if bad else []
    return [known[cell] for cell in cells], rows


def _date(text: str, form: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if form == ISO else datetime.strptime(text, form)
    except (ValueError, OverflowError):
        return None
    # The clock's time there is what a day's course follows.
    return found if found.tzinfo is None else found.replace(tzinfo=None)
