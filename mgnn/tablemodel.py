"""A trained net with everything that is needed to use it on a table: features, classes, unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from mgnn.features import Feature, encode_all, inputs_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from mgnn.layers import MLP

__all__ = ["TableModel", "Task"]

Task: TypeAlias = Literal["classification", "regression"]


@attrs.frozen(eq=False)
class TableModel:
    """Hold a net that was trained on a table, as `mg train` saves it and `mgnn.load` returns it.

    Attributes:
        net: the MLP; it sees what `features` make of a row.
        features: what was learnt of each column.
        target: the column that is predicted.
        task: classification or regression.
        classes: their names; empty for regression.
        mean: of a quantity, in its own unit: the net predicts (target - mean) / scale.
        scale: of a quantity, in its own unit.
        source: the data it was trained on.
        na: texts that stood for what is missing in its file, beyond the usual ones.
        keep_na: texts that usually do, and stood for themselves.

    """

    net: MLP
    features: tuple[Feature, ...]
    target: str
    task: Task
    classes: tuple[str, ...] = ()
    mean: float = 0.0
    scale: float = 1.0
    source: str = ""
    na: tuple[str, ...] = ()
    keep_na: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Name the net's inputs."""
        return inputs_of(self.features)

    def outputs(self, columns: Mapping[str, Any]) -> NDArray[np.float64]:
        """Return the net's outputs for n rows, shape (n, outputs).

        Args:
            columns: a pandas frame, or a mapping from names to n cells: numbers with NaN, texts or
                dates with None, where missing. Columns that the model does not know are left aside.

        Raises:
            DataError: naming a column that is missing or holds something else than in training.

        """
        from mgnn.forward import forward

        return forward(self.net, encode_all(self.features, columns))

    def predict(self, columns: Mapping[str, Any]) -> NDArray[Any]:
        """Return n class names (an array of objects) or n quantities; see `outputs`."""
        import numpy as np

        outputs = self.outputs(columns)
        if self.task == "regression":
            return self.quantities(outputs)
        return np.array(self.classes, dtype=object)[self.class_numbers(outputs)]

    def predict_proba(self, columns: Mapping[str, Any]) -> NDArray[np.float64]:
        """Return the probability of each class, shape (n, classes); see `outputs`."""
        return self.probabilities(self.outputs(columns))

    def quantities(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return n quantities in the target's unit for the net's outputs."""
        return outputs[:, 0] * self.scale + self.mean

    def class_numbers(self, outputs: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return n class numbers for the net's outputs."""
        import numpy as np

        if outputs.shape[1] == 1:
            return (outputs[:, 0] > 0.0).astype(np.int64)
        found: NDArray[np.int64] = outputs.argmax(axis=1)
        return found

    def probabilities(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability of each class, shape (n, classes), for the net's outputs."""
        import numpy as np

        if outputs.shape[1] == 1:  # a logit, of which the other class has the negative
            outputs = np.hstack([np.zeros_like(outputs), outputs])
        shares = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        normed: NDArray[np.float64] = shares / shares.sum(axis=1, keepdims=True)
        return normed
