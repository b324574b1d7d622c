"""A loss whose model adds to what another model says: the other's outputs stand beside the targets.

So a net may learn what a linear model leaves over, for classes as for quantities; and a row may
count more than others.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mgnn.losses import Loss
from mgnn.scores import Rows, Score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["rows_with_offset", "with_offset"]


def with_offset(loss: Loss) -> Loss:
    """Return `loss` for rows of one label or number, a weight, and k offsets of the k outputs.

    >>> from mgcore import Value
    >>> from mgnn.losses import mse
    >>> with_offset(mse)([Value(1.0)], [[5.0, 0.5, 3.0]]).data
    0.5

    """

    def sample(outputs: Sequence[Any], row: Sequence[Any]) -> Any:
        k = len(outputs)
        sums = [out + offset for out, offset in zip(outputs, row[-k:], strict=True)]
        return loss.sample(sums, row[: -k - 1]) * row[-k - 1]

    def encode(y: Rows, outputs: int) -> list[list[float]]:
        targets = loss.encode([row[:1] for row in y], outputs)
        return [[*t, *row[1:]] for t, row in zip(targets, y, strict=True)]

    def of_rows(outputs: Rows, rows: Rows) -> float:
        k = len(outputs[0])
        sums = [
            [out + offset for out, offset in zip(outs, row[-k:], strict=True)]
            for outs, row in zip(outputs, rows, strict=True)
        ]
        return loss.score.of_rows(
            sums, [row[: -k - 1] for row in rows], [row[-k - 1] for row in rows]
        )

    def of_arrays(outputs: "NDArray[np.float64]", rows: "NDArray[np.float64]") -> float:
        k = outputs.shape[1]
        return loss.score.of_arrays(outputs + rows[:, -k:], rows[:, : -k - 1], rows[:, -k - 1])

    return Loss(loss.name, sample, encode, Score(loss.score.name, of_rows, of_arrays))


def rows_with_offset(
    targets: "NDArray[Any]", weights: "NDArray[np.float64]", offset: "NDArray[np.float64]"
) -> "NDArray[np.float64]":
    """Return the targets that such a loss takes, shape (n, 2 + k)."""
    import numpy as np

    return np.column_stack([targets.astype(np.float64), weights, offset])
