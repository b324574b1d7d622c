"""Options that several commands share, and types of numbers that click lacks."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mgcli.tables import Format

__all__ = ["FORMAT_OPTIONS", "Finite", "format_of", "format_options"]

FORMAT_OPTIONS = ("delimiter", "encoding", "decimal", "thousands", "na", "keep_na")


class Finite(click.ParamType[float]):
    """Take a finite number within bounds; click's ranges let nan through.

    Args:
        least: the smallest one allowed.
        above: all allowed are greater.
        below: all allowed are smaller.

    """

    name = "number"

    def __init__(
        self, *, least: float | None = None, above: float | None = None, below: float | None = None
    ) -> None:
        self.least, self.above, self.below = least, above, below

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the float, or fail with what is allowed."""
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        low = self.least is not None and number < self.least
        low = low or (self.above is not None and number <= self.above)
        high = self.below is not None and number >= self.below
        if not math.isfinite(number) or low or high:
            self.fail(f"{value!r} is not {self._allowed()}", param, ctx)
        return number

    def _allowed(self) -> str:
        parts = [f"at least {self.least:g}"] if self.least is not None else []
        parts += [f"greater than {self.above:g}"] if self.above is not None else []
        parts += [f"less than {self.below:g}"] if self.below is not None else []
        return f"a number {' and '.join(parts)}"


def format_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say how a file is written; see `format_of`."""
    options = (
        click.option("--delimiter", help="Between fields, as ; or \\t.  [default: found]"),
        click.option("--encoding", help="Of the file, as latin-1.  [default: UTF-8]"),
        click.option(
            "--decimal",
            type=click.Choice([".", ","]),
            help="Before the fraction.  [default: found]",
        ),
        click.option(
            "--thousands",
            type=click.Choice([",", ".", " ", "'"]),
            help="Between groups of three digits.  [default: found]",
        ),
        click.option(
            "--na", multiple=True, metavar="TEXT", help="What else stands for missing; repeatable."
        ),
        click.option(
            "--keep-na",
            multiple=True,
            metavar="TEXT",
            help="What stands for itself, as a class called NA; repeatable.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def format_of(options: dict[str, Any]) -> "Format":
    """Take those options out of `options`, and return what they say.

    Raises:
        TableError: for a delimiter of several characters.

    """
    from mgcli.tables import Format

    return Format(**{name: options.pop(name) for name in FORMAT_OPTIONS})
