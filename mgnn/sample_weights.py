"""Weights of samples: a weight is one more target, which the loss of the sample is multiplied by.

So a backend records and trains a weighted loss as it does any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mgnn.data import Table, table
from mgnn.errors import DataError, ShapeError
from mgnn.scores import Rows, Score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgnn.losses import Loss

__all__ = ["weighted", "weights_of", "with_weights"]


def weights_of(sample_weight: Any, n: int, name: str = "sample_weight") -> list[float]:
    """Return one weight a sample, scaled to the mean 1.

    Raises:
        ShapeError: if there are not as many as samples.
        DataError: if one is negative or not finite, or all are 0.

    """
    given = table(sample_weight, name)
    if len(given) != n or given.columns != 1:
        raise ShapeError(
            f"{name} has {len(given)} rows of {given.columns}; give one weight for each of the "
            f"{n} samples"
        )
    weights = [row[0] for row in given.rows]
    for i, weight in enumerate(weights):
        if weight < 0.0:
            raise DataError(f"{name} is {weight:g} in row {i}; a weight is at least 0")
    total = sum(weights)
    if not 0.0 < total < float("inf"):
        raise DataError(f"the sum of {name} is {total:g}; it must be greater than 0, and finite")
    return [weight * n / total for weight in weights]


def with_weights(targets: Table, weights: Sequence[float]) -> Table:
    """Return the targets with the weights as their last column."""
    return Table(rows=[[*row, weight] for row, weight in zip(targets.rows, weights, strict=True)])


def weighted(loss: Loss) -> Loss:
    """Return the loss of samples whose last target is their weight, in loss and score."""
    score = loss.score

    def sample(outputs: Sequence[Any], targets: Sequence[Any]) -> Any:
        return loss.sample(outputs, targets[:-1]) * targets[-1]

    def of_rows(outputs: Rows, targets: Rows) -> float:
        weights = ([row[-1] for row in targets],) if score.weighted else ()
        return score.of_rows(outputs, [row[:-1] for row in targets], *weights)

    def of_arrays(outputs: Any, targets: Any) -> float:
        weights = (targets[:, -1],) if score.weighted else ()
        return score.of_arrays(outputs, targets[:, :-1], *weights)

    return attrs.evolve(loss, sample=sample, score=Score(score.name, of_rows, of_arrays))
