"""Read a file as named columns of text, and say exactly where one is malformed."""

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from pathlib import Path

import attrs

from mgcli.sources import Source, TableError, open_source

__all__ = ["Format", "RawTable", "Reader", "TableError", "read_table"]

DELIMITERS = ",;\t|"
SNIFFED = 25  # records that the delimiter is found in
UNNAMED = "Unnamed: {}"  # as pandas calls a column without a name, from 0
ROWS_AT_ONCE = 16_384
_BREAK = re.compile(r"\r\n|\r|\n")


@attrs.frozen
class Format:
    """Hold what the user says about how a file is written; None is found out.

    Args:
        delimiter: one character.
        encoding: of the text.
        decimal: "." or ",".
        thousands: what stands between groups of three digits.
        na: further texts that stand for what is missing.
        keep_na: texts that would be missing markers, and are none.

    """

    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    na: tuple[str, ...] = ()
    keep_na: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        if self.delimiter is not None:
            if self.delimiter == "\\t":
                object.__setattr__(self, "delimiter", "\t")
            if len(self.delimiter) != 1 or self.delimiter in '"\r\n\0':
                raise TableError(
                    f"--delimiter {self.delimiter!r}: a delimiter is one character, as ; or \\t"
                )
        if self.decimal is not None and self.decimal == self.thousands:
            raise TableError(f"--decimal and --thousands are both {self.decimal!r}")

    def after(self, na: tuple[str, ...], keep_na: tuple[str, ...]) -> "Format":
        """Return the format of a later table, where what was said of an earlier one still holds.

        Args:
            na: said of the earlier table; what is said of this one stands above it.
            keep_na: the same.

        """
        return attrs.evolve(
            self,
            na=(*self.na, *(text for text in na if text not in self.keep_na)),
            keep_na=(*self.keep_na, *(text for text in keep_na if text not in self.na)),
        )

    @property
    def missing(self) -> frozenset[str]:
        """Return what stands for a missing value, in lower case."""
        more = {text.strip().lower() for text in self.na}
        return (MISSING | more) - {text.strip().lower() for text in self.keep_na}


MISSING = frozenset(
    {"", "na", "n/a", "#n/a", "nan", "null", "none", "nat", "?", "-", ".", "\\n"}  # \N: databases
)


@attrs.frozen
class RawTable:
    """Hold rows of a file as text.

    Attributes:
        source: the file's name, for messages.
        columns: cells by column name, stripped; n rows each.
        lines: for each row the line of the file on which it begins, from 1.
        format: how the file is written; see `Format`.
        notes: what was done to read it.
        kinds: what a column holds where the file itself says so.
        unit: what `lines` counts.

    """

    source: str
    columns: dict[str, list[str]]
    lines: Sequence[int]
    format: Format = attrs.field(factory=Format)
    notes: tuple[str, ...] = ()
    kinds: dict[str, str] = attrs.field(factory=dict)
    unit: str = "line"

    def place(self, row: int, column: str) -> str:
        """Name a cell as people find it: file, line, column."""
        return f"{self.source}, {self.unit} {self.lines[row]}, column {column!r}"

    def is_missing(self, cell: str) -> bool:
        """Tell whether a cell stands for a value that is not known."""
        return cell.lower() in self.format.missing


def read_table(path: Path | None, format_: Format | None = None) -> RawTable:
    """Read a whole CSV file whose first line names the columns.

    Args:
        path: the file, gzipped or not; None for standard input.
        format_: what the user says about it.

    Raises:
        TableError: naming the line of what is malformed.
        OSError: if the file cannot be read.

    """
    reader = Reader(open_source(path, (format_ or Format()).encoding), format_ or Format())
    return next(reader.tables(None))


class Reader:
    """Read a CSV file piece by piece.

    Args:
        source: its text.
        format_: what the user says about it.

    Raises:
        TableError: if it is empty, or its first line names no columns.

    """

    def __init__(self, source: Source, format_: Format) -> None:
        self.source = source
        text = source.start()
        marked = re.match(r'\ufeff?"?sep=(.)"?\s*\r?\n', text)  # a line that Excel writes
        self.delimiter = format_.delimiter or (marked[1] if marked else _delimiter_of(text))
        self.format = attrs.evolve(format_, delimiter=self.delimiter)
        self.notes: list[str] = []
        self._csv = self._reader()
        self._line = 1  # on which the next record begins
        if marked:
            self._take(1)
        lines, rows = self._one()
        if not rows or lines is None:
            raise TableError(f"{source.name} is empty; its first line must name the columns")
        self.first_line = lines[0]
        self._ahead = self._one()
        self._more = ""  # what every row has beside the columns named: "names" or "end"
        self.names = _names(source.name, self.first_line, self._fitted(rows[0]))

    def tables(self, rows: int | None = ROWS_AT_ONCE) -> Iterator[RawTable]:
        """Yield the rows, so many at once; None for all.

        Raises:
            TableError: naming the line of what is malformed, or if there are no rows.

        """
        found = False
        while True:
            lines, cells = self._next(rows)
            if lines is None:
                break
            if not cells:
                continue
            found = True
            self._check(lines, cells)
            columns = {
                name: list(map(str.strip, column))
                for name, column in zip(self.names, zip(*cells, strict=True), strict=True)
            }
            notes = tuple(self.notes)
            yield RawTable(self.source.name, columns, lines, self.format, notes)
        if not found:
            raise TableError(f"{self.source.name} holds column names but no rows")

    def _next(self, count: int | None) -> tuple[Sequence[int] | None, list[list[str]]]:
        """Return the next records; no lines at the end."""
        (lines, rows), self._ahead = self._ahead, (None, [])
        more, others = self._take(None if count is None else count - len(rows))
        if not rows or lines is None:
            return more, others
        return [*lines, *(more or [])], [*rows, *others]

    def _one(self) -> tuple[Sequence[int] | None, list[list[str]]]:
        """Return the next record that is not blank."""
        lines, rows = self._take(1)
        while not rows and lines is not None:
            lines, rows = self._take(1)
        return lines, rows

    def _reader(self) -> "Iterator[list[str]]":
        spaces = self.delimiter == " "
        return csv.reader(
            self.source.lines(), delimiter=self.delimiter, strict=True, skipinitialspace=spaces
        )

    def _take(self, count: int | None) -> tuple[Sequence[int] | None, list[list[str]]]:
        """Read records; return them without blank ones, with the lines on which they begin.

        At the end of the file there are no lines, not even an empty list of them.
        """
        try:
            rows = list(islice(self._csv, count))
        except csv.Error as error:
            raise TableError(self._malformed(error)) from error
        except UnicodeError as error:
            raise self.source.not_text(error) from error
        if not rows:
            return None, []
        first, self._line = self._line, self._csv.line_num + 1  # type: ignore[attr-defined]  # csv has no name for its readers
        lines: Sequence[int] = range(first, self._line)
        if len(lines) != len(rows):  # records with line breaks in them
            taken = [1 + sum(len(_BREAK.findall(cell)) for cell in row) for row in rows]
            lines = list(accumulate(taken[:-1], initial=first))
        if min(map(len, rows)) < 2:
            kept = [i for i, row in enumerate(rows) if len(row) > 1 or (row and row[0].strip())]
            lines, rows = [lines[i] for i in kept], [rows[i] for i in kept]
        return lines, rows

    def _malformed(self, error: csv.Error) -> str:
        again, line = self._reader(), 1
        try:
            for _ in again:  # where the record begins is known when it is read alone
                line = again.line_num + 1  # type: ignore[attr-defined]  # csv has no name for its readers
        except (csv.Error, UnicodeError):
            pass
        hint = "; is a quotation mark never closed?" if b'"' in self.source.data else ""
        if "field larger" in str(error):
            hint = "; no cell of a table is so long" + hint
        return f"{self.source.name}, in the record that begins on line {line}: {error}{hint}"

    def _fitted(self, header: list[str]) -> list[str]:
        """Make sense of a first row that has one field more than there are names."""
        rows = self._ahead[1]
        if not rows or len(rows[0]) != len(header) + 1:
            return header
        if rows[0][-1].strip() == "":
            self._more = "end"
            self.notes.append("every row ends with a delimiter too many; left aside")
            return header
        self._more = "names"
        self.notes.append("the rows have one field more than there are names: it names the rows")
        return ["", *header]

    def _check(self, lines: Sequence[int], rows: list[list[str]]) -> None:
        """See to it that every row has a cell for every name."""
        width = len(self.names)
        if set(map(len, rows)) == {width}:
            return
        for line, row in zip(lines, rows, strict=True):
            if self._more == "end" and len(row) == width + 1 and not row[-1].strip():
                del row[-1]
            if len(row) != width:
                raise TableError(_ragged(self.source.name, line, row, self.names, self.first_line))


def _delimiter_of(text: str) -> str:
    """Return the delimiter by which the first records have as many fields as there are names."""

    def fit(delimiter: str) -> tuple[float, bool, int]:
        spaces = delimiter == " "
        lines = text.splitlines(keepends=True)
        reader = csv.reader(iter(lines), delimiter=delimiter, skipinitialspace=spaces)
        try:
            records = [row for row in islice(reader, SNIFFED) if any(cell.strip() for cell in row)]
        except csv.Error:
            records = []
        if len(text) >= 1 << 16:
            records = records[:-1] or records  # the last one may be cut
        counts = [len(row) for row in records]
        if not counts or counts[0] < 2:
            return (0.0, False, 0)
        same = sum(n - counts[0] in (0, 1) for n in counts) / len(counts)
        spaced = any(name.startswith(" ") for name in records[0])  # a comma within a name
        return (same, not spaced, counts[0])

    best = max(DELIMITERS, key=fit)
    if fit(best)[2] or fit(" ")[0] < 0.9:
        return best
    return " "


def _names(source: str, line: int, header: list[str]) -> list[str]:
    names = [cell.strip() or UNNAMED.format(i) for i, cell in enumerate(header)]
    for i, name in enumerate(names):
        if name in names[:i]:
            raise TableError(
                f"{source}, line {line}: columns {names.index(name) + 1} and {i + 1} are both "
                f"called {name!r}; rename one"
            )
    if all(_is_number(name) for name in names):
        raise TableError(
            f"{source}, line {line}: the first line holds numbers only, but must name the columns"
        )
    return names


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _ragged(source: str, line: int, row: list[str], names: list[str], first: int) -> str:
    named = "the first line names" if first == 1 else f"line {first} names"
    problem = f"{source}, line {line}: {len(row)} fields, but {named} {len(names)} columns"
    if len(row) < len(names):
        missing = ", ".join(map(repr, names[len(row) :][:3]))
        return f"{problem}; nothing stands for {missing}"
    extra = row[len(names)]
    shown = repr(extra if len(extra) <= 40 else extra[:37] + "...")
    return f"{problem}; {shown} is one too many (quote a text that holds the delimiter)"
