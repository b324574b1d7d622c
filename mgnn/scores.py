"""Scores: how good n outputs are, as one number to show beside the loss; nothing is recorded."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import attrs

from mgnn.errors import ShapeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

__all__ = ["R2", "Rows", "Score", "Sums", "largest", "poisson_deviance", "signs"]

Rows: TypeAlias = "Sequence[Sequence[float]]"


@attrs.frozen
class Sums:
    """Give a score by sums over samples, for samples that no one process holds.

    Without `constant` the score is the sum's share of all samples; with it, 1 - sum / (the sum for
    these outputs), averaged over outputs.

    Args:
        terms: ``terms(outputs, targets)`` for arrays (n, k): what each sample adds, shape (n, k) or
            (n, 1); times its weight, where the score is weighted.
        constant: ``constant(mean)``: the same k outputs for every sample, from the mean targets.

    """

    terms: Callable[[Floats, Floats], Floats]
    constant: Callable[[Floats], Floats] | None = None

    def score(self, sums: Floats, of_constant: Floats | None, n: int) -> float:
        """Return the score, from the sums for the model's outputs and for the constant ones."""
        if of_constant is None:
            return float(sums[0]) / n
        pairs = zip(sums.tolist(), of_constant.tolist(), strict=True)
        found = [1.0 - s / c if c > 0.0 else float(s == 0.0) for s, c in pairs]
        return sum(found) / len(found)


@attrs.frozen
class Score:
    """Give a score in two ways that agree: for lists, and for arrays where there is NumPy.

    Args:
        name: "accuracy" or "R2"; 1 is perfect.
        of_rows: ``of_rows(outputs, targets)``, both n rows of numbers.
        of_arrays: the same for arrays, shape (n, k).
        sums: the same by sums; None where there is no such way.
        weighted: whether both take as a third argument how much each sample counts, n numbers; a
            score that does not counts all samples alike.

    """

    name: str
    of_rows: Callable[..., float] = attrs.field(repr=False)
    of_arrays: Callable[..., float] = attrs.field(repr=False)
    sums: Sums | None = attrs.field(default=None, repr=False)
    weighted: bool = False


def _mean(numbers: Sequence[float], weights: Sequence[float]) -> float:
    return sum(w * x for w, x in zip(weights, numbers, strict=True)) / sum(weights)


def _alike(rows: Rows, weights: Sequence[float] | None) -> Sequence[float]:
    return [1.0] * len(rows) if weights is None else weights


def _r2_of_column(
    actual: Sequence[float], predicted: Sequence[float], weights: Sequence[float]
) -> float:
    mean = _mean(actual, weights)
    # Products, not powers: a wild output gives infinity instead of an OverflowError.
    spread = _mean([(t - mean) * (t - mean) for t in actual], weights)
    error = _mean(
        [(t - out) * (t - out) for t, out in zip(actual, predicted, strict=True)], weights
    )
    return 1.0 - error / spread if spread else float(error == 0.0)


def _check_widths(outputs: int, targets: int) -> None:
    """Refuse what would be broadcast, or cut, in silence."""
    if outputs != targets:
        raise ShapeError(
            f"the model gives {outputs} number{'s' * (outputs != 1)} a sample, but there "
            f"{'is' if targets == 1 else 'are'} {targets} target{'s' * (targets != 1)}; give as "
            "many, or a loss with a score of its own"
        )


def _r2_of_rows(outputs: Rows, targets: Rows, weights: Sequence[float] | None = None) -> float:
    _check_widths(len(outputs[0]), len(targets[0]))
    pairs = zip(zip(*targets, strict=True), zip(*outputs, strict=True), strict=True)
    w = _alike(outputs, weights)
    scores = [_r2_of_column(actual, predicted, w) for actual, predicted in pairs]
    return sum(scores) / len(scores)


def _r2_of_arrays(outputs: Floats, targets: Floats, weights: Floats | None = None) -> float:
    import numpy as np

    _check_widths(outputs.shape[1], targets.shape[1])
    with np.errstate(over="ignore"):  # a wild output gives minus infinity, as it does for rows
        mean = np.average(targets, axis=0, weights=weights)
        spread = np.average((targets - mean) ** 2, axis=0, weights=weights)
        error = np.average((targets - outputs) ** 2, axis=0, weights=weights)
    known = spread > 0.0
    scores = np.where(known, 1.0 - error / np.where(known, spread, 1.0), error == 0.0)
    return float(scores.mean())


def _squares(outputs: Floats, targets: Floats) -> Floats:
    import numpy as np

    with np.errstate(over="ignore"):  # as above
        found: Floats = (targets - outputs) ** 2
    return found


def _same(mean: Floats) -> Floats:
    return mean


R2 = Score("R2", _r2_of_rows, _r2_of_arrays, Sums(_squares, _same), weighted=True)
"""1 - (squared error) / (squared deviation of y from its mean), averaged over outputs.

1 is perfect, 0 as good as the mean. Where y is constant: 1 if every output is exact, else 0.
"""


def _poisson_of_rows(outputs: Rows, targets: Rows, weights: Sequence[float] | None = None) -> float:
    _check_widths(len(outputs[0]), len(targets[0]))
    scores, w = [], _alike(outputs, weights)
    for actual, logs in zip(zip(*targets, strict=True), zip(*outputs, strict=True), strict=True):
        mean = _mean(actual, w)
        rate = math.log(mean) if mean > 0.0 else 0.0
        spread = _mean([_deviance(t, rate) for t in actual], w) if mean > 0.0 else 0.0
        error = _mean([_deviance(t, s) for t, s in zip(actual, logs, strict=True)], w)
        scores.append(1.0 - error / spread if spread > 0.0 else float(error == 0.0))
    return sum(scores) / len(scores)


def _deviance(t: float, s: float) -> float:
    """Return half the Poisson deviance of the count t at the rate exp(s)."""
    rate = math.exp(min(s, 709.0))  # beyond, it is infinite
    return rate - t * s + t * (math.log(t) - 1.0) if t > 0.0 else rate


def _poisson_of_arrays(outputs: Floats, targets: Floats, weights: Floats | None = None) -> float:
    w = None if weights is None else weights.tolist()
    return _poisson_of_rows(outputs.tolist(), targets.tolist(), w)


def _deviances(outputs: Floats, targets: Floats) -> Floats:
    import numpy as np

    some = targets > 0.0
    logs = np.log(np.where(some, targets, 1.0))
    rate = np.exp(np.minimum(outputs, 709.0))  # as in `_deviance`
    found: Floats = rate + np.where(some, targets * (logs - 1.0 - outputs), 0.0)
    return found


def _logs(mean: Floats) -> Floats:
    import numpy as np

    known = mean > 0.0
    return np.where(known, np.log(np.where(known, mean, 1.0)), -1e300)  # exp(-1e300) is 0


poisson_deviance = Score(
    "D2", _poisson_of_rows, _poisson_of_arrays, Sums(_deviances, _logs), weighted=True
)
"""1 - (Poisson deviance) / (that of the mean count), outputs being logarithms of rates."""


def signs(threshold: float) -> Score:
    """Return the accuracy of the outputs' signs against targets above and below `threshold`."""

    def of_rows(outputs: Rows, targets: Rows, weights: Sequence[float] | None = None) -> float:
        _check_widths(len(outputs[0]), len(targets[0]))
        right = [
            all((out > 0.0) == (t > threshold) for out, t in zip(row, target, strict=True))
            for row, target in zip(outputs, targets, strict=True)
        ]
        return _mean(right, _alike(outputs, weights))

    def of_arrays(outputs: Floats, targets: Floats, weights: Floats | None = None) -> float:
        import numpy as np

        return float(np.average(right(outputs, targets)[:, 0], weights=weights))

    def right(outputs: Floats, targets: Floats) -> Floats:
        _check_widths(outputs.shape[1], targets.shape[1])
        found: Floats = ((outputs > 0.0) == (targets > threshold)).all(axis=1, keepdims=True)
        return found

    return Score("accuracy", of_rows, of_arrays, Sums(right), weighted=True)


def _largest_of_rows(outputs: Rows, targets: Rows, weights: Sequence[float] | None = None) -> float:
    _check_widths(len(outputs[0]), len(targets[0]))
    right = [
        row.index(max(row)) == target.index(max(target))
        for row, target in zip(outputs, targets, strict=True)
    ]
    return _mean(right, _alike(outputs, weights))


def _largest_of_arrays(outputs: Floats, targets: Floats, weights: Floats | None = None) -> float:
    import numpy as np

    return float(np.average(_largest_is_right(outputs, targets)[:, 0], weights=weights))


def _largest_is_right(outputs: Floats, targets: Floats) -> Floats:
    _check_widths(outputs.shape[1], targets.shape[1])
    found: Floats = (outputs.argmax(axis=1) == targets.argmax(axis=1))[:, None]
    return found


largest = Score(
    "accuracy", _largest_of_rows, _largest_of_arrays, Sums(_largest_is_right), weighted=True
)
"""The share of samples whose largest output is that of the class (of equals, the first)."""
