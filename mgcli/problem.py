"""What is to be learnt, as arrays, and how well outputs answer it row by row."""

from typing import TYPE_CHECKING, Any

import attrs

from mgcli.linear import Linear, fit_linear
from mgnn import losses
from mgnn.tablemodel import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Problem"]


@attrs.frozen(eq=False)
class Problem:
    """Hold what is to be learnt.

    Attributes:
        task: classification or regression.
        X: inputs (n, inputs).
        y: standardised quantities, or class numbers (n,).
        weights: how much each row counts (n,).
        classes: how many; 0 for a quantity.
        seed: of everything drawn.

    """

    task: Task
    X: "Floats"
    y: "NDArray[Any]"
    weights: "Floats"
    classes: int
    seed: int

    @property
    def outputs(self) -> int:
        """Return how many outputs the net needs: one for a quantity or for two classes."""
        return self.classes if self.classes > 2 else 1

    @property
    def loss(self) -> losses.Loss:
        """Return the loss that fits the task."""
        if self.task == "regression":
            return losses.mse
        return losses.cross_entropy if self.classes > 2 else losses.binary_cross_entropy

    def part(self, rows: "NDArray[np.int64]") -> "Problem":
        """Return some of the rows."""
        X, y, weights = self.X[rows], self.y[rows], self.weights[rows]
        return attrs.evolve(self, X=X, y=y, weights=weights)

    def linear(self, strength: float = 1.0) -> Linear:
        """Return a linear model of these rows; see `fit_linear`."""
        return fit_linear(self.task, self.X, self.y, self.weights, self.classes, strength)

    def row_losses(self, outputs: "Floats") -> "Floats":
        """Return the loss of each row, given the net's outputs for it (n, outputs)."""
        import numpy as np

        losses: Floats
        if self.task == "regression":
            losses = (outputs[:, 0] - self.y) ** 2
        elif self.classes == 2:
            losses = np.logaddexp(0.0, outputs[:, 0]) - self.y * outputs[:, 0]
        else:
            top = outputs.max(axis=1)
            total = top + np.log(np.exp(outputs - top[:, None]).sum(axis=1))
            losses = total - outputs[np.arange(len(self.y)), self.y]
        return losses * self.weights

    def wrong(self, outputs: "Floats") -> "Floats":
        """Return for each row its weight where it is given another class, else 0."""
        import numpy as np

        if not self.classes:
            return np.zeros(len(self.y))
        found = outputs[:, 0] > 0.0 if outputs.shape[1] == 1 else outputs.argmax(axis=1)
        wrong: Floats = (found != self.y) * self.weights
        return wrong
