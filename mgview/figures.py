"""What all figures of matplotlib have in common: colours, axes, bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgview.text import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "NEGATIVE",
    "NEUTRAL",
    "POSITIVE",
    "adapting",
    "escaped",
    "new_axes",
    "new_figure",
    "picture_bytes",
    "whole_epochs",
]

POSITIVE, NEGATIVE, NEUTRAL = "#2563eb", "#ea580c", "#475569"

_DARK = {
    "#ffffff": "#131c31",
    "#000000": "#e5e7eb",
    "#b0b0b0": "#64748b",  # the grid
    POSITIVE: "#7aa7ff",
    NEGATIVE: "#ff9a5c",
    NEUTRAL: "#cbd5e1",
    "#cccccc": "#64748b",  # the legend's frame
}


def escaped(text: str) -> str:
    """Return a text that matplotlib draws as it is, dollar signs and all, and not as a formula."""
    return visible(text).replace("$", r"\$")


def whole_epochs(ax: Axes) -> None:
    """Have ticks at whole numbers of epochs alone."""
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(nbins="auto", integer=True))


def new_figure(size: tuple[float, float]) -> Figure:
    """Make a figure of so many inches that pyplot does not know of."""
    from matplotlib.figure import Figure

    return Figure(figsize=size)


def new_axes() -> Axes:
    """Make axes through pyplot, so that a notebook shows them."""
    from matplotlib import pyplot as plt

    return plt.subplots(figsize=(5.6, 4.2), layout="constrained")[1]


def picture_bytes(figure: Figure, ending: str) -> bytes:
    """Return a figure as the bytes of a file.

    Args:
        figure: from any function here.
        ending: ``png`` or ``svg``.

    Returns:
        The bytes; the same figure gives the same bytes.
    """
    import io

    import matplotlib as mpl

    buffer = io.BytesIO()
    undated = {"Date": None} if ending == "svg" else {"Software": None}
    with mpl.rc_context({"svg.hashsalt": "mgview", "svg.fonttype": "none"}):
        figure.savefig(buffer, format=ending, dpi=130, metadata=undated)
    return buffer.getvalue()


def adapting(svg: bytes) -> bytes:
    """Return a figure's SVG that turns dark where the reader's colours are.

    Args:
        svg: from `picture_bytes`.

    Returns:
        The same with a style sheet; on paper it stays light.
    """
    rules = ["text{fill:#e5e7eb}"]
    for light, dark in _DARK.items():
        rules += [
            f'[style*="{what}: {light}"]{{{what}:{dark}!important}}' for what in ("fill", "stroke")
        ]
    sheet = f"<style>@media screen and (prefers-color-scheme:dark){{{''.join(rules)}}}</style>"
    head, start, rest = svg.partition(b"<svg ")
    element, end, inside = rest.partition(b">")
    return head + start + element + end + sheet.encode() + inside
