"""Pictures of training with matplotlib: curves, decision boundary, histograms by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mgview import files
from mgview.boundary import class_colours, outputs_of, plot_decision_boundary
from mgview.curves import Unit, errors_of, plot_history
from mgview.figures import (
    NEGATIVE,
    NEUTRAL,
    POSITIVE,
    adapting,
    escaped,
    new_figure,
    picture_bytes,
)
from mgview.spreads import plot_layers

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from mgnn.history import History

__all__ = [
    "Unit",
    "adapting",
    "class_colours",
    "errors_of",
    "escaped",
    "outputs_of",
    "picture_bytes",
    "plot_decision_boundary",
    "plot_history",
    "plot_layers",
    "residual_figure",
    "save_training_picture",
    "training_figure",
]

FORMATS = ("png", "svg")
_FEW_TICKS = 5


def residual_figure(
    found: NDArray[np.float64], targets: NDArray[np.float64], name: str = ""
) -> Figure:
    """Draw predictions against true values, and the histogram of their differences.

    Args:
        found: predictions, shape (n,).
        targets: true values, shape (n,).
        name: of the target, for the axes.

    Returns:
        The figure.
    """
    from matplotlib.ticker import MaxNLocator

    what = f" {escaped(name)}" if name else ""
    figure = new_figure((9.0, 3.8))
    left, right = figure.subplots(1, 2)
    left.scatter(targets, found, s=16, color=POSITIVE, alpha=0.6, edgecolors="none")
    ends = [float(min(targets.min(), found.min())), float(max(targets.max(), found.max()))]
    left.plot(ends, ends, color=NEUTRAL, linewidth=1.2, linestyle="--")
    left.set(xlabel=f"true{what}", ylabel=f"predicted{what}", title="Predictions")
    right.hist(found - targets, bins="auto", color=NEGATIVE, alpha=0.8)
    right.axvline(0.0, color=NEUTRAL, linewidth=1.2, linestyle="--")
    right.set(xlabel=f"predicted − true{what}", ylabel="rows", title="Residuals")
    for ax in (left, right):
        ax.xaxis.set_major_locator(MaxNLocator(_FEW_TICKS))  # so that long numbers stand apart
        ax.grid(alpha=0.25)
    figure.set_layout_engine("constrained")
    return figure


def training_figure(
    model: Any,
    X: Any,
    y: Any,
    history: History,
    inputs: Sequence[str] = (),
    unit: Unit | None = None,
) -> Figure:
    """Draw the curves, and beside them the decision boundary where the model has two inputs.

    Args:
        model: the trained model.
        X: the samples, shape (n, k).
        y: their targets, shape (n,).
        history: what ``mgnn.fit`` returned.
        inputs: names of the inputs, for the axes.
        unit: the target's own, where it was standardised.

    Returns:
        The figure.
    """
    import numpy as np

    shape = np.asarray(X).shape
    plane = len(shape) == 2 and shape[1] == 2 and history.score_name == "accuracy"
    figure = new_figure((11.0, 4.4) if plane else (6.4, 4.4))
    axes = figure.subplots(1, 2 if plane else 1, squeeze=False)[0]
    plot_history(history, axes[0], unit=unit)
    if plane:
        boundary = plot_decision_boundary(model, X, y, axes[1])
        if len(inputs) == shape[1]:
            boundary.set(xlabel=escaped(inputs[0]), ylabel=escaped(inputs[1]))
    figure.set_layout_engine("constrained")
    return figure


def save_training_picture(
    path: str | os.PathLike[str],
    model: Any,
    X: Any,
    y: Any,
    history: History,
) -> Path:
    """Save the picture of ``training_figure``.

    Args:
        path: ends in .png or .svg.
        model: the trained model.
        X: the samples, shape (n, k).
        y: their targets, shape (n,).
        history: what ``mgnn.fit`` returned.

    Returns:
        The path.

    Raises:
        UnknownFormatError: the ending is another one.
        CannotWriteError: the file could not be written.
    """
    place, ending = files.format_of(path, FORMATS, "a training picture")
    return files.write(place, picture_bytes(training_figure(model, X, y, history), ending))
