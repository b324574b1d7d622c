"""How results are laid out: tables that fit a terminal, and whole lines for a pipe."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = [
    "Status",
    "console",
    "fact",
    "note",
    "plain_lines",
    "plain_table",
    "strangers_on_stderr",
    "visible",
]

PIPE_WIDTH = 10_000  # nothing is wrapped or cut for a program that reads us


def console(*, stderr: bool = False) -> "Console":
    """Return a console on the current output: as wide as the terminal, unwrapped in a pipe."""
    from rich.console import Console

    class Screen(Console):
        def on_broken_pipe(self) -> None:
            """Leave a closed pipe to the group, which ends quietly."""
            raise BrokenPipeError

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PIPE_WIDTH
    return Screen(file=stream, width=width, highlight=False, emoji=False, markup=False)


def plain_table(*columns: str, right: tuple[str, ...] = ()) -> "Table":
    """Return a table without lines; the columns named in `right` are set flush right."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left")
    return table


def plain_lines(header: "Sequence[str]", rows: "Sequence[Sequence[str]]") -> "Iterator[str]":
    """Yield a table's lines, unwrapped: what rich makes of hundreds of rows takes it a second."""
    from rich.cells import cell_len

    table = [header, *rows]
    widths = [max(cell_len(row[k]) for row in table) for k in range(len(header))]
    for row in table:
        cells = [
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        ]
        yield "  ".join(cells).rstrip()


def visible(text: str) -> str:
    """Return a stranger's text with all that would steer a terminal, or is no text, escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def fact(name: str, text: str) -> None:
    """Print a named fact; in a terminal its further lines stand under its first."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=8, no_wrap=True)
    grid.add_column()
    grid.add_row(name, text)
    console().print(grid)


def note(text: str) -> None:
    """Tell the user something beside the result, on stderr."""
    console(stderr=True).print(f"note: {text}", style="yellow")


@contextmanager
def strangers_on_stderr() -> Iterator[None]:
    """Send what plugins write to stdout to stderr, so that the result stands alone in stdout.

    Whatever they write with: print, a stream that they kept, or the descriptor itself.
    """
    sys.stdout.flush()
    with redirect_stdout(sys.stderr):
        try:
            kept = os.dup(1)
            os.dup2(2, 1)
        except OSError:  # one of them is closed, and nothing can get into it
            yield
            return
        try:
            yield
        finally:
            for stream in (sys.__stdout__, sys.stderr):
                if stream is not None:
                    stream.flush()
            os.dup2(kept, 1)
            os.close(kept)


class Status:
    """Show in a terminal what is going on, on stderr, until it is ended; in a pipe nothing."""

    def __init__(self, text: str) -> None:
        self._shown = console(stderr=True).status(text) if sys.stderr.isatty() else None

    def __enter__(self) -> "Status":
        if self._shown is not None:
            self._shown.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def tell(self, text: str) -> None:
        """Change the text."""
        if self._shown is not None:
            self._shown.update(text)

    def end(self) -> None:
        """Take it away: what is printed next, or a bar, would stand in its line."""
        if self._shown is not None:
            self._shown.stop()
