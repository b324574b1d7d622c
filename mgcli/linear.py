"""Linear models: what every net stands beside, and what it may add to."""

import warnings
from typing import TYPE_CHECKING, Any

import attrs

from mgnn.tablemodel import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["NAMES", "Linear", "fit_linear"]

NEVER = -10.0  # the logit of a class that is not among the rows
NAMES = {"classification": "logistic regression", "regression": "ridge regression"}


@attrs.frozen(eq=False)
class Linear:
    """Hold a linear model with as many outputs as the net has.

    Attributes:
        weights: shape (outputs, inputs).
        biases: shape (outputs,).

    """

    weights: "Floats"
    biases: "Floats"

    def outputs(self, X: "Floats") -> "Floats":
        """Return its outputs for n rows, shape (n, outputs)."""
        return X @ self.weights.T + self.biases


def fit_linear(
    task: Task,
    X: "Floats",
    y: "NDArray[Any]",
    weights: "Floats",
    classes: int,
    strength: float = 1.0,
) -> Linear:
    """Fit scikit-learn's ridge or logistic regression.

    Args:
        task: which of the two.
        X: inputs (n, inputs).
        y: standardised quantities, or class numbers (n,).
        weights: how much each row counts (n,).
        classes: how many there are.
        strength: of the penalty that pulls its weights to 0; 1 is scikit-learn's default.

    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression, Ridge

    if task == "regression":
        ridge = Ridge(alpha=strength).fit(X, y, sample_weight=weights)
        return Linear(ridge.coef_.reshape(1, -1), np.reshape(ridge.intercept_, 1))
    there = np.unique(y)
    made = Linear(np.zeros((classes, X.shape[1])), np.full(classes, NEVER))
    made.biases[there] = 0.0
    if len(there) > 1:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # not quite converged: it changes no digit shown
            logistic = LogisticRegression(C=1.0 / strength, max_iter=1000)
            model = logistic.fit(X, y, sample_weight=weights)
        which = there if len(there) > 2 else there[1:]
        made.weights[which], made.biases[which] = model.coef_, model.intercept_
    if classes > 2:
        return made
    return Linear(made.weights[1:] - made.weights[:1], made.biases[1:] - made.biases[:1])
