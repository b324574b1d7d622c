"""Read a CSV file as named columns of text, and say exactly where one is malformed."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import attrs

from mgcli.errors import CliError

__all__ = ["RawTable", "TableError", "read_table"]

DELIMITERS = ",;\t|"
FOREIGN = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; save the sheet as CSV",
    b"\x1f\x8b": "compressed by gzip; unpack it first",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as CSV",
    b"PAR1": "a Parquet file; convert it to CSV",
    b"%PDF": "a PDF; give a CSV file",
}


class TableError(CliError):
    """Report a file that is no table, naming file, line and what to mend."""


@attrs.frozen
class RawTable:
    """Hold a CSV file's cells as text.

    Attributes:
        source: the file's name, for messages.
        columns: cells by column name, stripped; n rows each.
        lines: for each row the line of the file on which it begins, from 1.

    """

    source: str
    columns: dict[str, list[str]]
    lines: list[int]

    def place(self, row: int, column: str) -> str:
        """Name a cell as people find it: file, line, column."""
        return f"{self.source}, line {self.lines[row]}, column {column!r}"


def read_table(
    path: Path, *, delimiter: str | None = None, encoding: str | None = None
) -> RawTable:
    """Read a CSV file whose first line names the columns.

    Args:
        path: the file.
        delimiter: one character; found from the first line if not given.
        encoding: UTF-8 if not given, or UTF-16 if the file says so.

    Raises:
        TableError: naming the line of what is malformed.
        OSError: if the file cannot be read.

    """
    text = _decode(path, encoding)
    records = _records(path, text, delimiter or _delimiter_of(text))
    line, header = next(records, (0, []))
    if not header:
        raise TableError(f"{path} is empty; its first line must name the columns")
    names = _names(path, line, header)
    rows: list[list[str]] = []
    lines: list[int] = []
    for line, row in records:
        if len(row) != len(names):
            raise TableError(_ragged(path, line, row, names))
        rows.append(row)
        lines.append(line)
    if not rows:
        raise TableError(f"{path} holds column names but no rows")
    cells = zip(*rows, strict=True)
    columns = {
        name: [cell.strip() for cell in column] for name, column in zip(names, cells, strict=True)
    }
    return RawTable(str(path), columns, lines)


def _decode(path: Path, encoding: str | None) -> str:
    data = path.read_bytes()
    for magic, what in FOREIGN.items():
        if data.startswith(magic):
            raise TableError(f"{path} is {what}")
    if encoding is None:
        utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        encoding = "utf-16" if utf16 else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, start = before.count(b"\n") + 1, before.rfind(b"\n") + 1
        raise TableError(
            f"{path}, line {line}, byte {error.start - start + 1}: 0x{data[error.start]:02x} is no "
            f"{encoding.removesuffix('-sig')} text; save the file as UTF-8, or name its encoding, "
            "as in --encoding latin-1"
        ) from error
    except LookupError:
        raise TableError(f"no encoding is called {encoding!r}; try utf-8 or latin-1") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise TableError(f"{path}, line {line}: a zero byte; this is no CSV text")
    return text


def _delimiter_of(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    outside = "".join(first.split('"')[::2])
    return max(DELIMITERS, key=outside.count)


def _records(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that is not blank with the line on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            hint = "; is a quotation mark never closed?" if '"' in text else ""
            raise TableError(
                f"{path}, in the record that begins on line {line}: {error}{hint}"
            ) from error
        if row and (len(row) > 1 or row[0].strip()):
            yield line, row


def _names(path: Path, line: int, header: list[str]) -> list[str]:
    names = [cell.strip() for cell in header]
    for i, name in enumerate(names):
        if not name:
            raise TableError(
                f"{path}, line {line}: column {i + 1} has no name; give it one, or remove the "
                "column (an index written by a program is no feature)"
            )
        if name in names[:i]:
            raise TableError(
                f"{path}, line {line}: columns {names.index(name) + 1} and {i + 1} are both called "
                f"{name!r}; rename one"
            )
    if all(_is_number(name) for name in names):
        raise TableError(
            f"{path}, line {line}: the first line holds numbers only, but must name the columns"
        )
    return names


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _ragged(path: Path, line: int, row: list[str], names: list[str]) -> str:
    problem = (
        f"{path}, line {line}: {len(row)} fields, but the first line names {len(names)} columns"
    )
    if len(row) < len(names):
        missing = ", ".join(map(repr, names[len(row) :][:3]))
        return f"{problem}; nothing stands for {missing}"
    return f"{problem}; {row[len(names)]!r} is one too many (quote a text that holds the delimiter)"
