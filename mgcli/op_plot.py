"""Draw an op: its curve and its first two derivatives, in the terminal and as a picture."""

import math
import sys
from pathlib import Path
from typing import Any

import attrs

from mgcli.errors import CliError
from mgcore import MgcoreError, Op, Value, grad
from mgcore.domain import REALS, parse_domain

__all__ = ["Curves", "curves_of", "draw_in_terminal", "write_png"]

POINTS = 241
REACH = 4.0
STEEP = 8.0  # beyond, a curve would flatten all others


@attrs.frozen
class Curves:
    """Hold the curves of an op over one operand, the others held still.

    Attributes:
        title: what is drawn.
        x: name of the operand.
        at: its values.
        lines: label -> the values over `at`; NaN where there is none.

    """

    title: str
    x: str
    at: list[float]
    lines: dict[str, list[float]]


def curves_of(op: Op) -> Curves:
    """Compute the result and its first and second derivative by the first operand.

    Raises:
        CliError: if the op has no value where its domain says.

    """
    from mgcore.testing.subject import Subject  # slow to import

    subject = Subject(op)
    count = op.arity or subject.counts[-1]
    others = list(subject.typical(count))[1:]
    low, high = _window(op)
    at = [low + (high - low) * k / (POINTS - 1) for k in range(POINTS)]
    rows = [_at(op, x, others) for x in at]
    _break_at_kinks(op, at, others, rows)
    if all(math.isnan(row[0]) for row in rows):
        raise CliError(f"{op.name} has no value between {low:g} and {high:g}")
    names = op.operand_names if op.arity is not None else tuple(f"x{i + 1}" for i in range(count))
    held = ", ".join(f"{name} = {x:g}" for name, x in zip(names[1:], others, strict=True))
    shown = f"{op.name}({', '.join(names)})"
    first = names[0]
    return Curves(
        title=shown + (f" at {held}" if held else ""),
        x=first,
        at=at,
        lines={
            label: [row[k] for row in rows]
            for k, label in enumerate((shown, f"d/d{first}", f"d²/d{first}²"))
            if any(math.isfinite(row[k]) for row in rows)
        },
    )


def _window(op: Op) -> tuple[float, float]:
    text = op.domain[0] if op.domain else REALS.text
    parts = parse_domain(text).intervals
    low = max(min(part.low for part in parts), -REACH)
    high = min(max(part.high for part in parts), low + 2.0 * REACH)
    return (low, max(high, low + 1.0))


def _at(op: Op, x: float, others: list[float]) -> list[float]:
    leaf = Value(x)
    found = [math.nan] * 3
    try:
        node = op(leaf, *others)
        for k in range(3):
            found[k] = _within(node.data if isinstance(node, Value) else float(node))
            if k < 2 and isinstance(node, Value):
                (node,) = grad(node, [leaf], create_graph=True)
    except MgcoreError:
        pass  # no value there, or a partial that works on floats alone
    return found


def _break_at_kinks(op: Op, at: list[float], others: list[float], rows: list[list[float]]) -> None:
    """Leave the derivatives out beside a kink, where a line would join what jumps."""
    if op.kink is None:
        return
    sides = [op.kink(x, *others) for x in at]
    for k, side in enumerate(sides):
        if side == 0.0 or (k and side * sides[k - 1] < 0.0):
            rows[k][1:] = [math.nan, math.nan]


def _within(y: float) -> float:
    return y if abs(y) <= STEEP else math.nan


def draw_in_terminal(curves: Curves, width: int, height: int = 22) -> str:
    """Return the curves as text, with colours in a terminal.

    Raises:
        CliError: if plotext is not installed.

    """
    try:
        import plotext
    except ImportError as error:
        raise CliError("--plot needs plotext; pip install 'mgcore[cli]'") from error
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(min(width, 100), height)
    for (label, ys), colour in zip(curves.lines.items(), ("blue", "orange", "green"), strict=False):
        points = [(x, y) for x, y in zip(curves.at, ys, strict=True) if math.isfinite(y)]
        plotext.plot(*map(list, zip(*points, strict=True)), label=label, color=colour)
    plotext.title(curves.title)
    plotext.xlabel(curves.x)
    drawn = str(plotext.build())
    return drawn if sys.stdout.isatty() else str(plotext.uncolorize(drawn))


def write_png(curves: Curves, path: Path) -> None:
    """Draw the curves into a picture.

    Raises:
        CliError: if matplotlib is not installed.

    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise CliError("--png needs matplotlib; pip install 'mgcore[view]'") from error
    figure = Figure(figsize=(6.4, 4.0), layout="constrained", dpi=150)
    axes: Any = figure.subplots()
    axes.axhline(0.0, color="0.8", linewidth=0.8)
    axes.axvline(0.0, color="0.8", linewidth=0.8)
    for (label, ys), style in zip(curves.lines.items(), ("-", "--", ":"), strict=False):
        axes.plot(curves.at, ys, style, label=label, linewidth=1.8)
    axes.set_xlim(curves.at[0], curves.at[-1])
    axes.set_title(curves.title)
    axes.set_xlabel(curves.x)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Software": None})
