"""Pictures of training with matplotlib: curves, decision boundary, histograms by layer."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import attrs

from mgcore import MgcoreError
from mgnn.eager import predict
from mgview import files
from mgview.errors import BadHistoryError, BadModelError
from mgview.numbers import typographic
from mgview.text import visible

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from mgnn.history import History
    from mgview.recorder import LayerRecorder

POSITIVE, NEGATIVE, NEUTRAL = "#2563eb", "#ea580c", "#475569"
FORMATS = ("png", "svg")
_GRID = 80  # points along each side of a decision boundary
_WIDE_RANGE = 30.0  # a loss that falls further than this is drawn on a logarithmic axis


@attrs.frozen
class Unit:
    """Hold the unit that a target was in before it was standardised.

    Attributes:
        name: of the target; may be empty.
        scale: one standardised unit in its own.
    """

    name: str
    scale: float


def errors_of(losses: Sequence[float], unit: Unit | None) -> tuple[str, list[float]]:
    """Return losses as what a reader can judge.

    Args:
        losses: of each epoch; mean squared errors where a unit is given.
        unit: the target's own.

    Returns:
        What they are, and the numbers: root mean square errors in that unit, or the losses.
    """
    if unit is None:
        return "loss", list(losses)
    return "root mean square error", [loss**0.5 * unit.scale for loss in losses]


def escaped(text: str) -> str:
    """Return a text that matplotlib draws as it is, dollar signs and all, and not as a formula."""
    return visible(text).replace("$", r"\$")


def plot_history(history: History, ax: Axes | None = None, *, unit: Unit | None = None) -> Axes:
    """Draw loss and score over the epochs, dashed those on validation data, and the epoch kept.

    Args:
        history: what ``mgnn.fit`` returned.
        ax: where to draw; new axes if not given.
        unit: of a target learnt by squared error; the loss is then drawn as an error in it.

    Returns:
        The axes of the loss; the score has an axis of its own at the right.

    Raises:
        BadHistoryError: the history has no epochs.
    """
    if not history.loss:
        msg = "this history has no epochs, so there is no curve to draw; train for at least one"
        raise BadHistoryError(msg)
    ax = ax or _new_axes()
    epochs = range(1, len(history.loss) + 1)
    marker = "o" if len(history.loss) == 1 else ""
    name, errors = errors_of(history.loss, unit)
    look: dict[str, Any] = {"color": NEGATIVE, "marker": marker}
    lines = ax.plot(epochs, errors, label=name, **look)
    _, checked = errors_of(history.validation_loss, unit)
    if checked:
        past = range(1, len(checked) + 1)
        lines += ax.plot(
            past, checked, label=f"{name}, validation", linestyle="--", fillstyle="none", **look
        )
        if history.best_epoch is not None:
            label = f"epoch {history.best_epoch}, the best in validation"
            lines.append(ax.axvline(history.best_epoch, color=NEUTRAL, linestyle=":", label=label))
    every = [*errors, *checked]
    if min(every) > 0.0 and max(every) / min(every) > _WIDE_RANGE:
        ax.set_yscale("log")
    ax.set_xlabel("epoch")
    if len(epochs) == 1 and len(checked) < 2:
        ax.set_xticks([1])
    else:
        _whole_epochs(ax)
    ax.set_ylabel(f"{name} ({escaped(unit.name)})" if unit and unit.name else name, color=NEGATIVE)
    ax.grid(alpha=0.25)
    if history.score:
        right = ax.twinx()
        name = history.score_name
        look["color"] = POSITIVE
        lines += right.plot(epochs, history.score, label=name, **look)
        if history.validation_score:
            past = range(1, len(history.validation_score) + 1)
            scores = history.validation_score
            lines += right.plot(
                past, scores, label=f"{name}, validation", linestyle="--", fillstyle="none", **look
            )
        right.set_ylabel(name, color=POSITIVE)
        if name == "accuracy":
            right.set_ylim(0.0, 1.02)
    ax.set_title("Training")
    ax.legend(handles=lines, loc="center right", framealpha=0.9)
    return ax


def _whole_epochs(ax: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(nbins="auto", integer=True))


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
    ax = ax or _new_axes()
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
    figure = figure or _new_figure((9.0, 1.2 + 1.9 * len(names)))
    axes = figure.subplots(len(names), 2, squeeze=False, sharex=True)
    for row, name in zip(axes, names, strict=True):
        _spread(row[0], recorder.epochs, recorder.weights[name], f"{name}: weights", POSITIVE)
        _spread(row[1], recorder.epochs, recorder.gradients[name], f"{name}: gradients", NEGATIVE)
    for ax in axes[-1]:
        ax.set_xlabel("epoch")
        _whole_epochs(ax)
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
    what = f" {escaped(name)}" if name else ""
    figure = _new_figure((9.0, 3.8))
    left, right = figure.subplots(1, 2)
    left.scatter(targets, found, s=16, color=POSITIVE, alpha=0.6, edgecolors="none")
    ends = [float(min(targets.min(), found.min())), float(max(targets.max(), found.max()))]
    left.plot(ends, ends, color=NEUTRAL, linewidth=1.2, linestyle="--")
    left.set(xlabel=f"true{what}", ylabel=f"predicted{what}", title="Predictions")
    right.hist(found - targets, bins="auto", color=NEGATIVE, alpha=0.8)
    right.axvline(0.0, color=NEUTRAL, linewidth=1.2, linestyle="--")
    right.set(xlabel=f"predicted − true{what}", ylabel="rows", title="Residuals")
    for ax in (left, right):
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
    figure = _new_figure((11.0, 4.4) if plane else (6.4, 4.4))
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


_DARK = {
    "#ffffff": "#131c31",
    "#000000": "#e5e7eb",
    "#b0b0b0": "#64748b",  # the grid
    POSITIVE: "#7aa7ff",
    NEGATIVE: "#ff9a5c",
    NEUTRAL: "#cbd5e1",
    "#cccccc": "#64748b",  # the legend's frame
}


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


def _new_figure(size: tuple[float, float]) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=size)


def _new_axes() -> Axes:
    """Make axes through pyplot, so that a notebook shows them."""
    from matplotlib import pyplot as plt

    return plt.subplots(figsize=(5.6, 4.2), layout="constrained")[1]
