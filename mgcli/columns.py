"""Turn columns of text into numbers, categories and dates, naming the cell that does not fit."""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import attrs

from mgcli.dates import dates_of, detect_dates
from mgcli.notation import PLAIN, Notation, detect, numbers_of
from mgcli.tables import RawTable, TableError

__all__ = ["Column", "Kind", "column_of", "known_cells", "values_of"]

Kind: TypeAlias = Literal["number", "text", "date", "empty"]
_CODE = re.compile(r"0[0-9]+")  # a zip code, a telephone number, an article


@attrs.frozen
class Column:
    """Tell what a column holds and how it is written.

    Attributes:
        name: of the column.
        kind: number, text, date or empty.
        notation: of numbers.
        format: of dates.
        notes: what the reader should know.

    """

    name: str
    kind: Kind
    notation: Notation = PLAIN
    format: str = ""
    notes: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """Return as a short text how the column is written, for a file."""
        return self.notation.code() if self.kind == "number" else self.format


def known_cells(table: RawTable, name: str) -> list[str]:
    """Return what is there in a column, each text once, in their order."""
    return [cell for cell in dict.fromkeys(table.columns[name]) if not table.is_missing(cell)]


def column_of(table: RawTable, name: str, *, as_text: bool = False) -> Column:
    """Decide what a column holds.

    It is numbers if more than half of what is there are; the rest are then errors, which
    `values_of` names. Numbers that begin with a zero are codes, and stay as they are written.

    Args:
        table: the cells.
        name: of the column.
        as_text: whether it is text whatever it holds.

    """
    known = known_cells(table, name)
    if not known:
        return Column(name, "empty")
    if as_text or table.kinds.get(name) == "text":
        return Column(name, "text")
    if any(map(_CODE.fullmatch, known)):
        first = next(cell for cell in known if _CODE.fullmatch(cell))
        note = f"column {name!r} holds codes such as {first!r}, not numbers: taken as text"
        return Column(name, "text", notes=(note,))
    form = table.format
    notation, share, doubtful = detect(
        known,
        decimal=form.decimal,
        thousands=form.thousands,
        comma_likely=form.delimiter == ";",
    )
    if share > 0.5:
        notes = _notation_note(name, known, notation, doubtful)
        return Column(name, "number", notation, notes=notes)
    dates = detect_dates(known)
    if dates is None:
        return Column(name, "text")
    words = "" if dates[0] == "iso" else f" written as {dates[0]}"
    if dates[1]:
        words += " (day and month may be the other way round)"
    return Column(name, "date", format=dates[0], notes=(f"column {name!r} holds dates{words}",))


def _notation_note(
    name: str, known: Sequence[str], notation: Notation, doubtful: bool
) -> tuple[str, ...]:
    odd = next((cell for cell in known if not notation.is_plain(cell)), None)
    if odd is None or (meant := notation.number(odd)) is None:
        return ()
    doubt = "; if that is wrong, give --decimal and --thousands" if doubtful else ""
    return (
        f"column {name!r} is written with {notation.words(known)}: {odd!r} is {meant:.15g}{doubt}",
    )


def values_of(table: RawTable, column: Column, remedy: str) -> Any:
    """Return a column's cells as they are needed: n numbers, texts or datetimes.

    Args:
        table: the cells.
        column: what they hold.
        remedy: what else to do about a cell that does not fit; may name the {column}.

    Returns:
        A float64 array with NaN, or a list with None, where a cell is missing.

    Raises:
        TableError: naming file, line, column and value of a cell that does not fit.

    """
    cells, missing = table.columns[column.name], table.format.missing
    if column.kind in ("number", "empty"):
        numbers, bad = numbers_of(cells, missing, column.notation)
        if bad:
            raise TableError(_misfit(table, column, bad, "finite number", remedy))
        return numbers
    if column.kind == "date":
        dates, bad = dates_of(cells, missing, column.format)
        if bad:
            raise TableError(_misfit(table, column, bad, "date as the others", remedy))
        return dates
    gone: Mapping[str, bool] = {cell: table.is_missing(cell) for cell in set(cells)}
    return [None if gone[cell] else cell for cell in cells]


def _misfit(table: RawTable, column: Column, rows: list[int], what: str, remedy: str) -> str:
    value = table.columns[column.name][rows[0]]
    shown = repr(value if len(value) <= 60 else value[:57] + "...")
    more = f" (and {len(rows) - 1} more like it)" if len(rows) > 1 else ""
    hint = f"mend it, or {remedy.format(column=column.name)}"
    if len(rows) > 1 and all(table.columns[column.name][row] == value for row in rows):
        hint = f"give --na {shlex.quote(value)} if it stands for what is not known; {hint}"
    if value.count(",") == 1 and value.replace(",", "").replace(".", "").lstrip("-").isdigit():
        hint = "write 1234.5 as the other cells do, or give --decimal ','"
    return f"{table.place(rows[0], column.name)}: {shown} is no {what}{more}; {hint}"
