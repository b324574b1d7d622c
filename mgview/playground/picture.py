"""The playground's picture from Python: the decision surface with the rows, and the losses."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from mgview import files
from mgview.training import outputs_of, picture_bytes

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from mgnn import History
    from mgview.playground.data import Labels, Rows

# As in page/src/playground: the plane, the squares along a side, and the number of half a colour.
PLANE, SQUARES, HALF_COLOUR = 2.6, 240, 0.6
BLUE, ORANGE = "#1d4ed8", "#c2410c"


def save_picture(
    path: str | os.PathLike[str],
    model: Any,
    train: tuple[Rows, Labels],
    test: tuple[Rows, Labels],
    histories: Sequence[History],
) -> Path:
    """Save what the page of a playground shows: the decision surface, the rows, and the losses.

    Args:
        path: ends in .png or .svg.
        model: the trained net.
        train: rows it was trained on and their classes, 0 or 1.
        test: the same of the rest.
        histories: of its training, piece by piece; may be empty.

    Returns:
        The path.

    Raises:
        UnknownFormatError: the ending is another one.
        CannotWriteError: the file could not be written.
    """
    from matplotlib.figure import Figure

    place, ending = files.format_of(path, ("png", "svg"), "a picture of a playground")
    figure = Figure(figsize=(10.0, 4.8), layout="constrained")
    curves, plane = figure.subplots(1, 2)
    _losses(curves, histories)
    _surface(plane, model, [*train[0], *test[0]])
    _rows(plane, test, "test", hollow=True)
    _rows(plane, train, "training", hollow=False)
    plane.legend(loc="upper left", fontsize=8)
    return files.write(place, picture_bytes(figure, ending))


def _losses(axes: Axes, histories: Sequence[History]) -> None:
    for name, style in (("loss", "-"), ("validation_loss", "--")):
        losses = [loss for history in histories for loss in getattr(history, name)]
        label = "training, each row when it was used" if name == "loss" else "test"
        axes.plot(range(1, len(losses) + 1), losses, style, color="black", label=label)
    axes.set(title="Loss", xlabel="epoch", ylim=(0.0, None))
    axes.legend()


def _surface(axes: Axes, model: Any, rows: Rows) -> None:
    """Paint what the model gives over the plane, and the line where it is 0."""
    import numpy as np

    half = max(PLANE, ceil(11.0 * max(abs(x) for row in rows for x in row)) / 10.0)
    at = half * ((2.0 * np.arange(SQUARES) + 1.0) / SQUARES - 1.0)
    x, y = np.meshgrid(at, at)
    out = outputs_of(model, np.column_stack([x.ravel(), y.ravel()])).reshape(x.shape)
    axes.imshow(colours(out), origin="lower", extent=(-half, half, -half, half))
    if out.min() < 0.0 < out.max():
        axes.contour(x, y, out, levels=[0.0], colors="#111827", linewidths=1.5)
    axes.set(title="Rows on the decision surface", xlabel="x1", ylabel="x2")


def colours(out: Any) -> Any:
    """Return the page's colours of numbers: white at 0, orange below and blue above.

    Args:
        out: an array of any shape.

    Returns:
        Red, green and blue in 0..1 along one more axis.
    """
    import numpy as np
    from matplotlib.colors import to_rgb

    share = 0.85 * np.abs(out) / (HALF_COLOUR + np.abs(out))
    full = np.where(np.asarray(out)[..., None] < 0.0, to_rgb(ORANGE), to_rgb(BLUE))
    return 1.0 + (full - 1.0) * share[..., None]


def _rows(axes: Axes, part: tuple[Rows, Labels], name: str, *, hollow: bool) -> None:
    for label, colour, mark in ((0, ORANGE, "D"), (1, BLUE, "o")):
        points = [row for row, own in zip(*part, strict=True) if own == label]
        axes.scatter(
            [row[0] for row in points],
            [row[1] for row in points],
            s=16,
            marker=mark,
            facecolors="white" if hollow else colour,
            edgecolors=colour if hollow else "white",
            linewidths=0.7,
            label=f"class {label}, {name}",
        )
