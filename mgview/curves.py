"""Curves over the epochs of a training: losses and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mgview.errors import BadHistoryError
from mgview.figures import NEGATIVE, NEUTRAL, POSITIVE, escaped, new_axes, whole_epochs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from mgnn.history import History

__all__ = ["Unit", "errors_of", "plot_history"]

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
    ax = ax or new_axes()
    marker = "o" if len(history.loss) == 1 else ""
    name, errors = errors_of(history.loss, unit)
    _, checked = errors_of(history.validation_loss, unit)
    lines = _curves(ax, name, errors, checked, color=NEGATIVE, marker=marker)
    if checked and history.best_epoch is not None:
        label = f"epoch {history.best_epoch}, the best in validation"
        lines.append(ax.axvline(history.best_epoch, color=NEUTRAL, linestyle=":", label=label))
    every = [*errors, *checked]
    if min(every) > 0.0 and max(every) / min(every) > _WIDE_RANGE:
        ax.set_yscale("log")
    ax.set_xlabel("epoch")
    if len(errors) == 1 and len(checked) < 2:
        ax.set_xticks([1])
    else:
        whole_epochs(ax)
    ax.set_ylabel(f"{name} ({escaped(unit.name)})" if unit and unit.name else name, color=NEGATIVE)
    ax.grid(alpha=0.25)
    if history.score:
        lines += _scores(history, ax.twinx(), marker)
    ax.set_title("Training")
    ax.legend(handles=lines, loc="center right", framealpha=0.9)
    return ax


def _scores(history: History, ax: Axes, marker: str) -> list[Line2D]:
    name = history.score_name
    scores = history.score, history.validation_score
    lines = _curves(ax, name, *scores, color=POSITIVE, marker=marker)
    ax.set_ylabel(name, color=POSITIVE)
    if name == "accuracy":
        ax.set_ylim(0.0, 1.02)
    return lines


def _curves(
    ax: Axes, name: str, numbers: Sequence[float], checked: Sequence[float], **look: Any
) -> list[Line2D]:
    """Draw numbers over the epochs, and dashed those of validation, if there are any."""
    lines = ax.plot(range(1, len(numbers) + 1), numbers, label=name, **look)
    if checked:
        look |= {"linestyle": "--", "fillstyle": "none"}
        past = range(1, len(checked) + 1)
        lines += ax.plot(past, checked, label=f"{name}, validation", **look)
    return lines
