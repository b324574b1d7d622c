"""Write a training down as one page: settings, data, curves, mistakes, network, operators."""

from __future__ import annotations

import base64
import copy
from typing import TYPE_CHECKING, Any

import attrs

from mgcore import Value, plugins
from mgcore.order import topological_order
from mgnn import losses
from mgview import files
from mgview.drawing import draw
from mgview.errors import BadHistoryError, BadModelError
from mgview.judgement import Judged, verdict
from mgview.numbers import full, measured, percent, typographic
from mgview.page import dark_by_setting, markup, policy, render, static
from mgview.text import visible
from mgview.training import (
    Unit,
    adapting,
    errors_of,
    outputs_of,
    picture_bytes,
    plot_layers,
    residual_figure,
    training_figure,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from mgnn.history import History
    from mgnn.losses import Loss
    from mgview.recorder import LayerRecorder

_MOST_DRAWN = 400_000  # nodes in the graph of one row; more would take minutes to draw
_PLANE = 2  # inputs of a model whose answers can be painted
_FOLD_ABOVE = 60  # nodes; a report wants the outline


def write_report(
    path: str | os.PathLike[str],
    *,
    model: Any,
    history: History,
    X: Any,
    y: Any,
    loss: str | Loss,
    title: str = "Training report",
    settings: Mapping[str, object] | None = None,
    data: Mapping[str, object] | None = None,
    inputs: Sequence[str] = (),
    classes: Sequence[str] = (),
    judged: str = "On these rows",
    scores: Sequence[Any] = (),
    target: str = "",
    mean: float = 0.0,
    scale: float = 1.0,
    recorder: LayerRecorder | None = None,
) -> Path:
    """Write the report page of a training.

    Args:
        path: ends in .html.
        model: the trained model.
        history: what ``mgnn.fit`` returned.
        X: the rows to judge the model on, best held out, shape (n, k).
        y: their targets, as ``mgnn.fit`` takes them for this loss, shape (n,).
        loss: the loss it was trained with.
        title: heading of the page.
        settings: what was set, shown as a table.
        data: what is to be said of the data, shown as a table.
        inputs: names of the k inputs.
        classes: names of the classes, in the order of their numbers.
        judged: begins the sentence on the judged rows, such as "On the held-out rows".
        scores: of the model on these rows, then of baselines: anything with ``who`` and ``score``;
            without it the model is compared with the best constant.
        target: the name of what is predicted, for the axes.
        mean: of the target in its own unit, which is ``y * scale + mean``; errors, residuals and
            axes are shown in it.
        scale: one unit of y in the target's own unit.
        recorder: what watched the layers, if anything did.

    Returns:
        The path.

    Raises:
        UnknownFormatError: the ending is another one.
        BadHistoryError, BadModelError: the history has no epochs, or X, y and model do not fit.
        CannotWriteError: the file could not be written.
    """
    import numpy as np

    place, _ = files.format_of(path, ("html",), "a report")
    if not history.loss:
        raise BadHistoryError("this history has no epochs; train for at least one, then report")
    rows, targets = np.asarray(X, dtype=float), np.asarray(y, dtype=float).reshape(-1)
    if len(rows) != len(targets) or not len(rows):
        raise BadModelError(
            f"the report got {len(rows)} rows of X and {len(targets)} targets; "
            "give one target for each row, and at least one"
        )
    found = outputs_of(model, rows)
    accuracy = history.score_name == "accuracy"
    if not accuracy:
        found, targets = found * scale + mean, targets * scale + mean
    unit = Unit(visible(target), scale) if loss_name(loss) == "mse" else None
    judging: dict[str, Any] = (
        {"confusion": _confusion(found, targets, classes), "residuals": None}
        if accuracy
        else {"confusion": None, "residuals": _residuals(found, targets, visible(target))}
    )
    headline = _headline(judging["confusion"], found, targets, scores)
    recorded = copy.deepcopy(model)  # so that its own gradients stay as they are
    outputs = _one_sample(recorded, rows[0], inputs)
    painted = accuracy and rows.shape[1] == _PLANE
    figure = None  # a single point is no curve
    if painted or len(history.loss) > 1:
        figure = training_figure(model, rows, targets, history, inputs, unit)
    page = render(
        "report.html",
        kind="report",
        title=title,
        subtitle="What was trained, on what, and how well it does.",
        policy=policy(""),
        css=markup(
            static("drawing.css") + dark_by_setting(static("page.css") + static("report.css"))
        ),
        script="",
        data=_rows(data),
        settings=_rows(settings),
        headline=headline,
        numbers=_numbers(model, history, unit),
        note=history.note,
        judged=judged,
        curves=figure and _image(figure, _curve_words(history, unit)),
        layers=_layers(recorder),
        network=_network(outputs, recorded),
        ops=_ops(outputs, losses.by_name(loss), float(np.asarray(y, dtype=float).reshape(-1)[0])),
        **judging,
    )
    return files.write(place, page)


def loss_name(loss: str | Loss) -> str:
    """Return the name of a loss; empty for one of the user's own."""
    chosen = losses.by_name(loss)
    return next((name for name in ("mse",) if losses.by_name(name) is chosen), "")


def _headline(
    confusion: dict[str, Any] | None,
    found: NDArray[np.float64],
    targets: NDArray[np.float64],
    scores: Sequence[Any],
) -> dict[str, str]:
    """Return the score that counts, and a sentence of judgement beside a baseline."""
    name = "accuracy" if confusion else "R2"
    mine, constant = _own_score(confusion, found, targets)
    given = [Judged(item.who, item.score) for item in scores]
    known = given or [Judged("this model", mine), constant]
    sentence = verdict(known[0], known[1:] or [constant], len(targets), name)
    value = percent(mine) if confusion else measured(mine)
    return {"name": name, "value": value, "sentence": typographic(sentence)}


def _own_score(
    confusion: dict[str, Any] | None, found: NDArray[np.float64], targets: NDArray[np.float64]
) -> tuple[float, Judged]:
    """Return the model's score on the judged rows, and that of the best constant there."""
    if confusion:
        counts = [sum(cell["count"] for cell in row["cells"]) for row in confusion["rows"]]
        usual = max(range(len(counts)), key=counts.__getitem__)
        label = str(confusion["labels"][usual])  # a number, or a string of NumPy's
        constant = Judged(f"always {label!r}", max(counts) / len(targets))
        return confusion["right"] / confusion["total"], constant
    spread = float(((targets - targets.mean()) ** 2).sum())
    lost = float(((found[:, 0] - targets) ** 2).sum())
    return (1.0 - lost / spread if spread else float("nan")), Judged("always the mean", 0.0)


def _rows(facts: Mapping[str, object] | None) -> list[tuple[str, str]]:
    return [(str(name), _plain(value)) for name, value in (facts or {}).items()]


def _plain(value: object) -> str:
    """Write a setting for a reader: a list without brackets, None for what was not set."""
    if value is None:
        return "none"
    if isinstance(value, float):
        return full(value)
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _numbers(model: Any, history: History, unit: Unit | None) -> list[tuple[str, str]]:
    numbers = [(f"{history.score_name} in training", measured(history.score[-1]))]
    words, losses_ = errors_of(history.loss, unit)
    numbers.append((f"{words} in training", measured(losses_[-1])))
    if history.validation_loss:
        words, losses_ = errors_of(history.validation_loss, unit)
        kept = losses_[(history.best_epoch or len(losses_)) - 1]
        numbers.append((f"{words} in validation", measured(kept)))
    return [
        *numbers,
        ("epochs", f"{len(history.loss):,}"),
        ("parameters", f"{len(model.parameters()):,}"),
        (f"seconds, {history.backend}", measured(history.seconds)),
    ]


def _curve_words(history: History, unit: Unit | None) -> str:
    name, errors = errors_of(history.loss, unit)
    first, last = errors[0], errors[-1]
    how = "falls" if last < first else "goes"
    return (
        f"{name[:1].upper()}{name[1:]} {how} from {measured(first)} to {measured(last)} in "
        f"{len(errors)} epochs; {history.score_name} ends at {measured(history.score[-1])}."
    )


def _image(figure: Figure, words: str) -> dict[str, str]:
    code = base64.b64encode(adapting(picture_bytes(figure, "svg"))).decode()
    return {"source": f"data:image/svg+xml;base64,{code}", "words": words}


def _layers(recorder: LayerRecorder | None) -> dict[str, str] | None:
    if recorder is None or not recorder.epochs:
        return None
    words = f"Histograms of weights and gradients of {', '.join(recorder.layers)}."
    return _image(plot_layers(recorder), words)


def _confusion(
    found: NDArray[np.float64], targets: NDArray[np.float64], classes: Sequence[str]
) -> dict[str, Any]:
    """Count how often each class is taken for each other one."""
    import numpy as np

    labels = np.unique(targets)
    if found.shape[1] > 1:
        labels = np.arange(found.shape[1], dtype=float)
        predicted = found.argmax(axis=1).astype(float)
    else:
        low, high = (-1.0, 1.0) if labels.min() < 0 else (0.0, 1.0)
        labels = np.array([low, high])
        predicted = np.where(found[:, 0] > 0, high, low)
    names = (
        list(classes)
        if len(classes) == len(labels)
        else [typographic(f"{label:g}") for label in labels]
    )
    rows = []
    for i, label in enumerate(labels):
        mine = targets == label
        counts = [int((mine & (predicted == other)).sum()) for other in labels]
        total = max(sum(counts), 1)
        cells = [
            {
                "count": n,
                "share": f"{n / total:.3f}",
                "kind": "right" if i == j else "wrong" if n else "none",
            }
            for j, n in enumerate(counts)
        ]
        rows.append({"label": names[i], "cells": cells, "found": percent(counts[i] / total)})
    right = int((predicted == targets).sum())
    return {"labels": names, "rows": rows, "right": right, "total": len(targets)}


def _residuals(
    found: NDArray[np.float64], targets: NDArray[np.float64], name: str
) -> dict[str, str]:
    errors = found[:, 0] - targets
    sizes = abs(errors)
    text = (
        f"mean error {measured(float(errors.mean()))}, "
        f"mean absolute error {measured(float(sizes.mean()))}, "
        f"root mean square {measured(float((errors**2).mean()) ** 0.5)}, "
        f"largest {measured(float(sizes.max()))}"
    )
    text += f", in the unit of {name}." if name else "."
    words = f"Predicted against true values, and a histogram of the errors: {text}"
    return {"text": text, **_image(residual_figure(found[:, 0], targets, name), words)}


def _one_sample(model: Any, row: NDArray[np.float64], inputs: Sequence[str]) -> list[Value]:
    """Record the model on one row."""
    names = list(inputs) if len(inputs) == len(row) else [f"x{i + 1}" for i in range(len(row))]
    out = model([Value(float(x), label=n) for x, n in zip(row, names, strict=True)])
    outputs = [out] if isinstance(out, Value) else list(out)
    for i, value in enumerate(outputs):
        value.label = value.label or ("out" if len(outputs) == 1 else f"out{i}")
    max(outputs, key=lambda value: value.data).backward()
    return outputs


def _network(outputs: list[Value], model: Any) -> dict[str, object]:
    count = len(topological_order(*outputs))
    if count > _MOST_DRAWN:
        words = f"The graph of one row has {count:,} nodes, too many to be drawn here."
        return {"words": words, "svg": ""}
    best = max(outputs, key=lambda value: value.data)
    drawing = draw(outputs, fold_above=_FOLD_ABOVE, model=model)
    folded = "; a box with a blue frame stands for several nodes" if drawing.boxes() else ""
    words = (
        f"The graph of the first judged row, {count:,} nodes, with the gradients of {best.label}"
        f"{folded}."
    )
    return {"words": words, "svg": markup(drawing.inline_svg())}


@attrs.frozen
class _OpRow:
    name: str
    formula: str
    distribution: str
    version: str


def _ops(outputs: list[Value], loss: Loss, target: float) -> list[_OpRow]:
    """List the ops in the graph of model and loss, and the distributions they came from."""
    total = loss([outputs if len(outputs) > 1 else outputs[0]], [target])
    used = {node.op for node in topological_order(total) if node.op is not None}
    return [
        _OpRow(info.name, (info.op and info.op.doc) or "", info.distribution, info.version)
        for info in sorted(plugins(), key=lambda info: info.name)
        if info.op in used
    ]
