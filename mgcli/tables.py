"""Read a file as named columns of text, and say exactly where one is malformed."""

import csv
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import attrs

from mgcli.sources import Source, TableError, open_source

__all__ = ["Format", "RawTable", "Reader", "TableError", "read_table"]

DELIMITERS = ",;\t|"
SNIFFED = 25  # records that the delimiter is found in
UNNAMED = "Unnamed: {}"  # as pandas calls a column without a name, from 0
ROWS_AT_ONCE = 16_384


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

    @property
    def missing(self) -> frozenset[str]:
        """Return what stands for a missing value, in lower case."""
        more = {text.strip().lower() for text in self.na}
        return (MISSING | more) - {text.strip().lower() for text in self.keep_na}


MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "nat", "?", "-", "."})


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
    lines: list[int]
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
        self.notes: list[str] = []
        text = source.start()
        marked = re.match(r'\ufeff?"?sep=(.)"?\s*\r?\n', text)  # a line that Excel writes
        self.delimiter = format_.delimiter or (marked[1] if marked else _delimiter_of(text))
        self.format = attrs.evolve(format_, delimiter=self.delimiter)
        self.first_line = 1
        self._records = self._read(marked is not None)
        line, header = next(self._records, (0, []))
        if not header:
            raise TableError(f"{source.name} is empty; its first line must name the columns")
        self.first_line = line
        self._ahead = list(islice(self._records, 1))
        self._more = ""  # what every row has beside the columns named: "names" or "end"
        header = self._fitted(header)
        self.names = _names(source.name, line, header)

    def tables(self, rows: int | None = ROWS_AT_ONCE) -> Iterator[RawTable]:
        """Yield the rows, so many at once; None for all.

        Raises:
            TableError: naming the line of what is malformed, or if there are no rows.

        """
        found = False
        while True:
            lines: list[int] = []
            cells: list[list[str]] = []
            for line, row in self._next_records(rows):
                lines.append(line)
                cells.append(self._cells(line, row))
            if not lines:
                break
            found = True
            columns = {
                name: [cell.strip() for cell in column]
                for name, column in zip(self.names, zip(*cells, strict=True), strict=True)
            }
            notes = tuple(self.notes)
            yield RawTable(self.source.name, columns, lines, self.format, notes)
            if rows is None:
                return
        if not found:
            raise TableError(f"{self.source.name} holds column names but no rows")

    def _next_records(self, count: int | None) -> Iterator[tuple[int, list[str]]]:
        ahead, self._ahead = self._ahead, []
        yield from ahead
        yield from islice(self._records, None if count is None else count - len(ahead))

    def _read(self, marked: bool) -> Iterator[tuple[int, list[str]]]:
        """Yield each record that is not blank with the line on which it begins."""
        spaces = self.delimiter == " "
        reader = csv.reader(
            self.source.lines(), delimiter=self.delimiter, strict=True, skipinitialspace=spaces
        )
        line = 1
        while True:
            try:
                for row in reader:
                    begun, line = line, reader.line_num + 1
                    if marked:
                        marked = False
                    elif row and (len(row) > 1 or row[0].strip()):
                        yield begun, row
                return
            except csv.Error as error:
                raise TableError(self._malformed(line, error)) from error
            except UnicodeError as error:
                raise self.source.not_text(error) from error

    def _malformed(self, line: int, error: csv.Error) -> str:
        hint = "; is a quotation mark never closed?" if b'"' in self.source.data else ""
        if "field larger" in str(error):
            hint = "; no cell of a table is so long" + hint
        return f"{self.source.name}, in the record that begins on line {line}: {error}{hint}"

    def _fitted(self, header: list[str]) -> list[str]:
        """Make sense of a first row that has one field more than there are names."""
        if not self._ahead or len(self._ahead[0][1]) != len(header) + 1:
            return header
        if self._ahead[0][1][-1].strip() == "":
            self._more = "end"
            self.notes.append("every row ends with a delimiter too many; left aside")
            return header
        self._more = "names"
        self.notes.append("the rows have one field more than there are names: it names the rows")
        return ["", *header]

    def _cells(self, line: int, row: list[str]) -> list[str]:
        if self._more == "end" and len(row) == len(self.names) + 1 and not row[-1].strip():
            del row[-1]
        if len(row) != len(self.names):
            raise TableError(_ragged(self.source.name, line, row, self.names, self.first_line))
        return row


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
