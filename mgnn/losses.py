"""Losses: what one sample costs, written in ops, so that every backend runs the same formula.

A loss sees a sample as its model outputs and its *targets*, a row of numbers that `encode` makes
from the user's y once: a class label becomes a one-hot row, so that the recorded graph of a sample
has plain inputs x..., target... and no data-dependent choice.
"""

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from mgcore import Value, ops
from mgnn.errors import (
    LabelError,
    ShapeError,
    TrainingSettingError,
    UnknownNameError,
    near_matches,
)
from mgnn.scores import R2, Rows, Score, largest, poisson_deviance, signs
from mgnn.settings import real_of

__all__ = [
    "Loss",
    "binary_cross_entropy",
    "by_name",
    "cross_entropy",
    "hinge",
    "huber",
    "huber_with",
    "mae",
    "mse",
    "multiclass_hinge",
    "poisson",
]


@attrs.frozen
class Loss:
    """Give a loss by the cost of one sample.

    Args:
        name: what `fit` calls it.
        sample: ``sample(outputs, targets)`` -> Value, for one sample; both are lists of k numbers,
            Values or symbols. Written with operators and `mgcore.ops`.
        encode: ``encode(y, k)`` -> n rows of targets from the user's n rows of y, for a model with
            k outputs; checks them.
        score: what is shown beside the loss.

    """

    name: str
    sample: Callable[[Sequence[Any], Sequence[Any]], Any] = attrs.field(repr=False)
    encode: Callable[[Rows, int], list[list[float]]] = attrs.field(repr=False)
    score: Score = attrs.field(repr=False)

    def __reduce__(self) -> Any:
        """Pickle a loss that ships by its name: its formula may be a closure."""
        if LOSSES.get(self.name) is self:
            return by_name, (self.name,)
        return Loss, (self.name, self.sample, self.encode, self.score)

    def __call__(self, outputs: Sequence[Any], y: Sequence[Any]) -> Any:
        """Return the mean loss of n samples as a Value.

        Args:
            outputs: n results of the model: Values, or lists of k Values.
            y: n targets: numbers, or rows of k numbers; class labels for `cross_entropy`.

        Raises:
            ShapeError, LabelError: if `y` does not fit the outputs or the loss.

        >>> hinge([Value(0.5), Value(-2.0)], [1, -1]).data
        0.25

        """
        rows = [_row(out) for out in outputs]
        if not rows or len(rows) != len(y):
            raise ShapeError(f"{len(rows)} outputs but {len(y)} targets; give one of each a sample")
        targets = self.encode([_row(target) for target in y], len(rows[0]))
        samples = [self.sample(out, target) for out, target in zip(rows, targets, strict=True)]
        return ops.sum(*samples) * (1.0 / len(samples))


def _row(x: Any) -> list[Any]:
    return [x] if isinstance(x, Value) or not hasattr(x, "__len__") else list(x)


def _mean(terms: list[Any]) -> Any:
    return terms[0] if len(terms) == 1 else ops.sum(*terms) * (1.0 / len(terms))


# One sample.


def _squared_errors(outputs: Sequence[Any], targets: Sequence[Any]) -> Any:
    errors = [out - target for out, target in zip(outputs, targets, strict=True)]
    return _mean([error * error for error in errors])


def _hinges(outputs: Sequence[Any], targets: Sequence[Any]) -> Any:
    return _mean([ops.relu(1.0 - t * out) for out, t in zip(outputs, targets, strict=True)])


def _logistic(outputs: Sequence[Any], targets: Sequence[Any]) -> Any:
    # -t log(sigmoid(s)) - (1-t) log(1 - sigmoid(s)) = softplus(s) - t s, stable for every s
    return _mean([ops.softplus(out) - t * out for out, t in zip(outputs, targets, strict=True)])


def _softmax_cross_entropy(outputs: Sequence[Any], targets: Sequence[Any]) -> Any:
    # -log(softmax(s)[label]) = logsumexp(s) - s[label]; the one-hot row picks s[label]
    return ops.logsumexp(*outputs) - ops.dot(*targets, *outputs)


def _absolute_errors(outputs: Sequence[Any], targets: Sequence[Any]) -> Any:
    return _mean([abs(out - target) for out, target in zip(outputs, targets, strict=True)])


def _huber_of(delta: float) -> Callable[[Sequence[Any], Sequence[Any]], Any]:
    def errors(outputs: Sequence[Any], targets: Sequence[Any]) -> Any:
        terms = []
        for out, target in zip(outputs, targets, strict=True):
            size = abs(out - target)
            inner = ops.minimum(size, delta)
            # size^2 / 2 up to delta, then delta (size - delta / 2): one formula, without a choice
            terms.append(inner * (size - 0.5 * inner))
        return _mean(terms)

    return errors


def _poisson_deviances(outputs: Sequence[Any], targets: Sequence[Any]) -> Any:
    # the negative log likelihood of a count t at the rate exp(s), without what s is not in
    return _mean([ops.exp(out) - t * out for out, t in zip(outputs, targets, strict=True)])


def _margins(outputs: Sequence[Any], targets: Sequence[Any]) -> Any:
    # 1 - (s[label] - s[j]) for every other class j; for j = label the one-hot row makes it 0
    own = ops.dot(*targets, *outputs)
    return _mean([ops.relu((s - own) + (1.0 - t)) for s, t in zip(outputs, targets, strict=True)])


# Targets from y.


def _numbers(y: Rows, outputs: int) -> list[list[float]]:
    for i, row in enumerate(y):
        if len(row) != outputs:
            raise ShapeError(
                f"y has {len(row)} numbers in row {i}, but the model has {outputs} "
                f"output{'s' * (outputs != 1)}; they must be as many"
            )
    return [list(row) for row in y]


def _labels_in(name: str, first: float, second: float, remedy: str) -> Any:
    def encode(y: Rows, outputs: int) -> list[list[float]]:
        rows = _numbers(y, outputs)
        for i, row in enumerate(rows):
            for label in row:
                if label not in (first, second):
                    raise LabelError(
                        f"y holds the label {label:g} in row {i}; {name} takes {first:g} and "
                        f"{second:g}. {remedy}"
                    )
        return rows

    return encode


def _counts(y: Rows, outputs: int) -> list[list[float]]:
    rows = _numbers(y, outputs)
    for i, row in enumerate(rows):
        for count in row:
            if count < 0.0:
                raise LabelError(
                    f"y holds {count:g} in row {i}; poisson takes counts and rates, at least 0"
                )
    return rows


def _one_hot_for(name: str, one_output: str) -> Any:
    def encode(y: Rows, outputs: int) -> list[list[float]]:
        if outputs < 2:
            raise ShapeError(
                f"{name} needs a model with one output per class, at least 2, but it has "
                f"{outputs}; for two classes and one output take {one_output}"
            )
        rows = []
        for i, row in enumerate(y):
            if len(row) != 1:
                raise ShapeError(
                    f"y has {len(row)} numbers in row {i}; {name} takes one class label a "
                    "sample, not one-hot rows"
                )
            label = row[0]
            if label not in range(outputs):
                raise LabelError(
                    f"y holds the label {label:g} in row {i}; {name} with {outputs} outputs "
                    f"takes the whole numbers 0 to {outputs - 1}. Number the classes from 0, or "
                    "give the model one output per class"
                )
            rows.append([1.0 if k == label else 0.0 for k in range(outputs)])
        return rows

    return encode


mse = Loss("mse", _squared_errors, _numbers, R2)
hinge = Loss(
    "hinge",
    _hinges,
    _labels_in("hinge", -1, 1, "Labels 0 and 1 become -1 and 1 by 2*y - 1"),
    signs(0.0),
)
binary_cross_entropy = Loss(
    "binary_cross_entropy",
    _logistic,
    _labels_in("binary_cross_entropy", 0, 1, "Labels -1 and 1 become 0 and 1 by (y + 1) / 2"),
    signs(0.5),
)
cross_entropy = Loss(
    "cross_entropy",
    _softmax_cross_entropy,
    _one_hot_for("cross_entropy", "binary_cross_entropy"),
    largest,
)
mae = Loss("mae", _absolute_errors, _numbers, R2)
poisson = Loss("poisson", _poisson_deviances, _counts, poisson_deviance)
multiclass_hinge = Loss(
    "multiclass_hinge", _margins, _one_hot_for("multiclass_hinge", "hinge"), largest
)


def huber_with(delta: float) -> Loss:
    """Return the Huber loss that turns from squares to absolute errors at `delta`.

    Raises:
        TrainingSettingError: if `delta` is no finite number greater than 0.

    """
    number = real_of(delta)
    if not isinstance(number, float) or not 0.0 < number < float("inf"):
        raise TrainingSettingError(f"delta is {delta!r}; it must be a number greater than 0")
    return Loss("huber", _huber_of(number), _numbers, R2)


huber = huber_with(1.0)

LOSSES = {
    loss.name: loss
    for loss in (
        mse,
        mae,
        huber,
        poisson,
        hinge,
        multiclass_hinge,
        binary_cross_entropy,
        cross_entropy,
    )
}


def by_name(loss: "str | Loss") -> Loss:
    """Return the loss called so.

    Raises:
        UnknownNameError: with the near matches.

    """
    if isinstance(loss, Loss):
        return loss
    try:
        return LOSSES[loss]
    except (KeyError, TypeError):
        raise UnknownNameError(
            f"no loss is called {loss!r}{near_matches(loss, LOSSES)} "
            "(or give a mgnn.losses.Loss of your own)"
        ) from None
