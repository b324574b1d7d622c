"""How good a net is on rows that it has not seen, beside a linear model and the best constant."""

import math
from typing import TYPE_CHECKING, Any

import attrs

from mgcli.linear import NAMES
from mgnn.tablemodel import TableModel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mgcli.data import Data
    from mgcli.problem import Problem

    Floats = NDArray[np.float64]

__all__ = ["UNEQUAL", "Score", "judge"]

UNEQUAL = 3.0  # times as many rows as the smallest class: accuracy alone would mislead


@attrs.frozen
class Score:
    """Hold how good somebody is on the rows held out.

    Attributes:
        who: what is judged.
        score: accuracy in [0, 1], or R^2.
        error: the root mean square error in the target's unit; NaN for classification.
        balanced: the mean over the classes of the share of each that is found; NaN for a quantity.
        auc: the area under the ROC curve, for several classes the mean of one against the rest; NaN
            for a quantity, or where a class is not among the rows.

    """

    who: str
    score: float
    error: float = math.nan
    balanced: float = math.nan
    auc: float = math.nan


def judge(
    data: "Data", model: TableModel, problem: "Problem", X: "Floats", target: "NDArray[Any]"
) -> tuple[Score, ...]:
    """Return the scores of the net, of the linear model and of the best constant.

    Args:
        data: what is predicted.
        model: the trained net.
        problem: what it was trained on.
        X: the net's inputs for the rows held out.
        target: their class numbers or quantities.

    """
    import numpy as np

    from mgnn.forward import forward

    linear = problem.linear().outputs(X)
    outputs = forward(model.net, X)
    if data.task == "regression":
        truth = (target - model.mean) / model.scale
        return (
            _quantity("this net", truth, outputs[:, 0], model.scale),
            _quantity(NAMES[data.task], truth, linear[:, 0], model.scale),
            _quantity("always the mean", truth, np.zeros(len(X)), model.scale),
        )
    counts = np.bincount(problem.y, minlength=len(data.classes))
    usual = int(counts.argmax())
    constant = np.zeros((len(X), len(data.classes)))
    constant[:, usual] = 1.0
    return (
        _classes("this net", target, model.probabilities(outputs)),
        _classes(NAMES[data.task], target, model.probabilities(linear)),
        _classes(f"always {data.classes[usual]!r}", target, constant),
    )


def _quantity(who: str, truth: "Floats", predicted: "Floats", scale: float) -> Score:
    error = float(((truth - predicted) ** 2).mean())
    spread = float(((truth - truth.mean()) ** 2).mean())
    return Score(who, 1.0 - error / spread if spread else math.nan, error**0.5 * scale)


def _classes(who: str, truth: "NDArray[np.int64]", shares: "Floats") -> Score:
    import numpy as np

    right = shares.argmax(axis=1) == truth
    there = np.unique(truth)
    balanced = float(np.mean([right[truth == k].mean() for k in there]))
    return Score(who, float(right.mean()), balanced=balanced, auc=_auc(truth, shares))


def _auc(truth: "NDArray[np.int64]", shares: "Floats") -> float:
    import numpy as np

    classes = shares.shape[1]
    if len(np.unique(truth)) < classes:
        return math.nan
    chosen = [1] if classes == 2 else range(classes)
    return float(np.mean([_area(truth == k, shares[:, k]) for k in chosen]))


def _area(positive: "NDArray[np.bool_]", score: "Floats") -> float:
    """Return the chance that a positive row scores above a negative one; ties count half."""
    import numpy as np

    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[place]  # the mean rank of equal ones
    m = int(positive.sum())
    return float((ranks[positive].sum() - m * (m + 1) / 2.0) / (m * (len(score) - m)))
