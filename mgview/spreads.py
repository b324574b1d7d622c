"""How the numbers of a net are spread, epoch by epoch."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from mgview.errors import BadHistoryError
from mgview.figures import NEGATIVE, NEUTRAL, POSITIVE, escaped, new_figure, whole_epochs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mgview.recorder import LayerRecorder

__all__ = ["plot_layers"]


def plot_layers(recorder: LayerRecorder, figure: Figure | None = None) -> Figure:
    """Draw how the weights and the gradients of each layer are spread, epoch by epoch.

    Args:
        recorder: what watched the training as a callback of ``mgnn.fit``.
        figure: where to draw; a new one if not given.

    Returns:
        The figure: a row for each layer, weights left, gradients right.

    Raises:
        BadHistoryError: the recorder saw no epoch.
    """
    if not recorder.epochs:
        msg = (
            "this recorder has seen no epoch; hand it to the training: "
            "fit(..., callbacks=[recorder])"
        )
        raise BadHistoryError(msg)
    names = recorder.layers
    figure = figure or new_figure((9.0, 1.2 + 1.9 * len(names)))
    axes = figure.subplots(len(names), 2, squeeze=False, sharex=True)
    for row, name in zip(axes, names, strict=True):
        _spread(row[0], recorder.epochs, recorder.weights[name], f"{name}: weights", POSITIVE)
        _spread(row[1], recorder.epochs, recorder.gradients[name], f"{name}: gradients", NEGATIVE)
    for ax in axes[-1]:
        ax.set_xlabel("epoch")
        whole_epochs(ax)
    figure.set_layout_engine("constrained")
    return figure


def _spread(
    ax: Axes, epochs: Sequence[int], snapshots: Sequence[Sequence[float]], title: str, colour: str
) -> None:
    """Draw one histogram per epoch as a column of shades."""
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap

    every = np.concatenate([np.asarray(snapshot) for snapshot in snapshots])
    low, high = np.quantile(every, [0.005, 0.995])
    pad = 0.05 * (high - low) or 1e-3
    edges = np.linspace(low - pad, high + pad, 41)
    counts = np.array([np.histogram(snapshot, edges)[0] for snapshot in snapshots], dtype=float)
    counts /= np.maximum(counts.max(axis=1, keepdims=True), 1.0)
    bounds = _bounds(epochs)
    cmap = LinearSegmentedColormap.from_list("spread", [f"{colour}00", colour])
    ax.pcolormesh(bounds, edges, counts.T, cmap=cmap, vmin=0.0, vmax=1.0, rasterized=True)
    middle = [float(np.median(snapshot)) for snapshot in snapshots]
    ax.plot(epochs, middle, color=NEUTRAL, linewidth=1.0, linestyle="--")
    ax.set_title(escaped(title), fontsize=10)


def _bounds(epochs: Sequence[int]) -> list[float]:
    """Return the borders between columns, half way between the epochs."""
    inner = [(a + b) / 2 for a, b in pairwise(epochs)]
    return [epochs[0] - 0.5, *inner, epochs[-1] + 0.5]
