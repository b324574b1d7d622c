"""The bytes of a table: from a file, from standard input, packed or not, and as text."""

import gzip
import io
import sys
import zlib
from pathlib import Path

import attrs

from mgcli.errors import CliError

__all__ = ["STDIN", "Source", "TableError", "open_source", "place_of"]

STDIN = "-"
MOST_BYTES = 2 << 30  # unpacked; more is a mistake, or a trap
FOREIGN = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as CSV",
    b"%PDF": "a PDF; give a CSV file",
}


class TableError(CliError):
    """Report a file that is no table, naming file, line and what to mend."""


@attrs.frozen
class Source:
    """Hold the content of a file of text.

    Attributes:
        name: for messages.
        data: its bytes, unpacked.
        encoding: of the text.

    """

    name: str
    data: bytes
    encoding: str

    def start(self, characters: int = 1 << 16) -> str:
        """Return the first characters, to guess from; bytes that are no text are replaced."""
        return self.data[: 4 * characters].decode(self.encoding, "replace")[:characters]

    def lines(self) -> io.TextIOWrapper:
        """Return the text, line by line, line ends as they are."""
        return io.TextIOWrapper(io.BytesIO(self.data), encoding=self.encoding, newline="")

    def not_text(self, error: UnicodeError) -> TableError:
        """Return the error that names the first byte that is no text."""
        try:
            self.data.decode(self.encoding)
        except UnicodeDecodeError as exact:
            before = self.data[: exact.start]
            line, start = before.count(b"\n") + 1, before.rfind(b"\n") + 1
            return TableError(
                f"{self.name}, line {line}, byte {exact.start - start + 1}: "
                f"0x{self.data[exact.start]:02x} is no {self.encoding.removesuffix('-sig')} text; "
                "save the file as UTF-8, or name its encoding, as in --encoding latin-1"
            )
        except UnicodeError as exact:
            error = exact
        return TableError(f"{self.name} is no {self.encoding} text: {error}; try --encoding utf-8")


def place_of(source: str) -> Path | None:
    """Return the path that the user named, or None for standard input."""
    return None if source == STDIN else Path(source)


def open_source(path: Path | None, encoding: str | None = None) -> Source:
    """Read a file of text, gzipped or not.

    Args:
        path: the file; None for standard input.
        encoding: UTF-8 if not given, or UTF-16 if the file says so.

    Raises:
        TableError: if it is something else than text, or does not unpack.
        OSError: if the file cannot be read.

    """
    name = "standard input" if path is None else str(path)
    data = _all_bytes(path)
    if data.startswith(b"\x1f\x8b"):
        data = _unpacked(name, data)
    for magic, what in FOREIGN.items():
        if data.startswith(magic):
            raise TableError(f"{name} is {what}")
    chosen = encoding or _encoding_of(data)
    try:
        "".encode(chosen)
        b"".decode(chosen)
    except (LookupError, ValueError):
        raise TableError(f"no encoding is called {chosen!r}; try utf-8 or latin-1") from None
    if "16" not in chosen and "32" not in chosen and b"\0" in data:
        line = data[: data.index(b"\0")].count(b"\n") + 1
        raise TableError(f"{name}, line {line}: a zero byte; this is no CSV text")
    return Source(name, data, chosen)


def _all_bytes(path: Path | None) -> bytes:
    if path is None:
        return sys.stdin.buffer.read()
    if path.is_file() and path.stat().st_size > MOST_BYTES:
        raise TableError(f"{path} holds more than {MOST_BYTES >> 30} GiB; give a part of it")
    return path.read_bytes()


def _unpacked(name: str, data: bytes) -> bytes:
    try:
        with gzip.open(io.BytesIO(data)) as stream:
            unpacked = stream.read(MOST_BYTES + 1)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise TableError(f"{name} is a damaged gzip file ({error}); fetch it again") from error
    if len(unpacked) > MOST_BYTES:
        raise TableError(f"{name} unpacks to more than {MOST_BYTES >> 30} GiB; give a part of it")
    return unpacked


def _encoding_of(data: bytes) -> str:
    if data.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return "utf-32"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    start = data[:2000]
    if len(start) > 8 and not len(data) % 2:  # most signs of most tables are ASCII
        if start[1::2].count(0) > 0.4 * len(start) and not start[0::2].count(0):
            return "utf-16-le"
        if start[0::2].count(0) > 0.4 * len(start) and not start[1::2].count(0):
            return "utf-16-be"
    return "utf-8-sig"
