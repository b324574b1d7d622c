"""The plane of two inputs, coloured by what a model answers there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mgcore import MgcoreError
from mgnn.eager import predict
from mgview.errors import BadModelError
from mgview.figures import NEGATIVE, NEUTRAL, POSITIVE, new_axes
from mgview.numbers import typographic

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["class_colours", "outputs_of", "plot_decision_boundary"]

_GRID = 80  # points along each side of a decision boundary


def plot_decision_boundary(
    model: Any,
    X: Any,
    y: Any,
    ax: Axes | None = None,
) -> Axes:
    """Draw what a model of two inputs answers over the plane, and the samples on it.

    A model of one output is coloured by its value, and the line is where it is 0; a model of
    several outputs by the largest of them.

    Args:
        model: takes two numbers.
        X: samples, shape (n, 2).
        y: their classes, shape (n,): any two or more numbers.
        ax: where to draw; new axes if not given.

    Returns:
        The axes.

    Raises:
        BadModelError: X has another number of columns, or the model does not take two numbers.
    """
    import numpy as np

    points, classes = np.asarray(X, dtype=float), np.asarray(y, dtype=float).reshape(-1)
    if points.ndim != 2 or points.shape[1] != 2:
        msg = (
            f"X has the shape {points.shape}; a decision boundary is drawn over a plane, so it "
            "takes two columns: choose two, or leave this picture out"
        )
        raise BadModelError(msg)
    if len(classes) != len(points):
        msg = f"X has {len(points)} rows but y has {len(classes)}; give one class for each row"
        raise BadModelError(msg)
    ax = ax or new_axes()
    low, high = points.min(axis=0), points.max(axis=0)
    pad = 0.12 * np.maximum(high - low, 1e-9)
    xs = np.linspace(low[0] - pad[0], high[0] + pad[0], _GRID)
    ys = np.linspace(low[1] - pad[1], high[1] + pad[1], _GRID)
    grid = np.stack([part.ravel() for part in np.meshgrid(xs, ys)], axis=1)
    out = outputs_of(model, grid)
    _background(ax, xs, ys, out.reshape(_GRID, _GRID, -1))
    for label, colour in class_colours(classes, out.shape[-1]).items():
        x1, x2 = points[classes == label].T
        look: dict[str, Any] = {"s": 22, "edgecolors": "white", "linewidths": 0.7}
        ax.scatter(x1, x2, color=colour, label=typographic(f"{label:g}"), **look)
    ax.set(
        xlabel="x1",
        ylabel="x2",
        title="Decision boundary",
        xlim=(xs[0], xs[-1]),
        ylim=(ys[0], ys[-1]),
    )
    ax.legend(title="class", loc="best", framealpha=0.9)
    return ax


def outputs_of(model: Any, X: Any) -> NDArray[np.float64]:
    """Return a model's outputs for many samples.

    Args:
        model: anything that ``mgnn.fit`` trains.
        X: samples, shape (n, k).

    Returns:
        The outputs, shape (n, number of outputs).

    Raises:
        BadModelError: the model does not take k numbers.
    """
    import numpy as np

    rows = np.asarray(X, dtype=float)
    try:
        return np.asarray(predict(model, rows.tolist()), dtype=float)
    except MgcoreError as error:
        msg = f"the model does not take the {rows.shape[-1]} numbers of a row of X: {error}"
        raise BadModelError(msg) from error


def class_colours(classes: NDArray[np.float64], outputs: int) -> dict[float, Any]:
    """Choose the colours of classes: those of the background, whichever classes are there.

    Args:
        classes: of the rows.
        outputs: how many the model has; one tells two classes apart by its sign.

    Returns:
        A colour for each class that occurs.
    """
    import numpy as np

    labels = [float(label) for label in np.unique(classes)]
    if outputs > 1:
        return {label: _colour(int(label)) for label in labels}
    border = 0.0 if min(labels) <= 0.0 or len(labels) == 1 else sum(labels) / len(labels)
    return {label: POSITIVE if label > border else NEGATIVE for label in labels}


def _colour(number: int) -> Any:
    import matplotlib as mpl

    return mpl.colormaps["tab10"](number % 10)


def _background(
    ax: Axes, xs: NDArray[np.float64], ys: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap, ListedColormap

    if out.shape[-1] > 1:
        best = out.argmax(axis=-1)
        colours = [_colour(i) for i in range(out.shape[-1])]
        ax.pcolormesh(
            xs,
            ys,
            best,
            cmap=ListedColormap(colours),
            alpha=0.25,
            vmin=-0.5,
            vmax=out.shape[-1] - 0.5,
            shading="auto",
            rasterized=True,
        )
        return
    height = out[..., 0]
    top = max(float(np.quantile(np.abs(height), 0.9)), 1e-12)
    middle = "#ffffff00"  # lets the paper show through, whether it is light or dark
    cmap = LinearSegmentedColormap.from_list("signs", [f"{NEGATIVE}73", middle, f"{POSITIVE}73"])
    ax.pcolormesh(xs, ys, height, cmap=cmap, vmin=-top, vmax=top, shading="auto", rasterized=True)
    if height.min() < 0.0 < height.max():
        ax.contour(xs, ys, height, levels=[0.0], colors=[NEUTRAL], linewidths=1.8)
