"""A trained net with everything that is needed to use it: features, preparation, classes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from mgcli.data import Data, Task
from mgcli.frames import Kind

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from mgnn import MLP

__all__ = ["Model", "loss_of", "outputs_for"]


@attrs.frozen(eq=False)
class Model:
    """Hold a trained net.

    Attributes:
        net: the MLP.
        activation: its hidden layers' op.
        hidden: their sizes.
        preparation: the fitted ColumnTransformer, from a frame of features to the net's inputs.
        kinds: "number" or "text" for each feature, in order.
        target_name: what is predicted.
        task: classification or regression.
        classes: their names; empty for regression.
        mean: of a quantity, in its own unit: the net predicts (target - mean) / scale.
        scale: of a quantity, in its own unit.
        source: the data it was trained on.

    """

    net: "MLP"
    activation: str
    hidden: tuple[int, ...]
    preparation: Any
    kinds: Mapping[str, Kind]
    target_name: str
    task: Task
    classes: tuple[str, ...]
    mean: float
    scale: float
    source: str

    def predict(self, frame: "pd.DataFrame") -> "tuple[NDArray[Any], NDArray[np.float64] | None]":
        """Predict n rows.

        Args:
            frame: the features, as `frame_of` gives them.

        Returns:
            Class numbers (n,) and probabilities (n, classes); or n quantities, and None.

        """
        from mgcli.forward import forward
        from mgcli.preparation import prepare

        outputs = forward(self.net, prepare(self.preparation, frame))
        if self.task == "regression":
            return outputs[:, 0] * self.scale + self.mean, None
        probabilities = _probabilities(outputs)
        return probabilities.argmax(axis=1), probabilities


def _probabilities(outputs: "NDArray[np.float64]") -> "NDArray[np.float64]":
    import numpy as np
    from scipy.special import expit, softmax

    if outputs.shape[1] == 1:
        return np.column_stack([expit(-outputs[:, 0]), expit(outputs[:, 0])])
    found: NDArray[np.float64] = softmax(outputs, axis=1)
    return found


def outputs_for(data: Data) -> int:
    """Return how many outputs the net needs: one for a quantity or for two classes."""
    return len(data.classes) if len(data.classes) > 2 else 1


def loss_of(data: Data) -> str:
    """Return the name of the loss that fits the task."""
    if data.task == "regression":
        return "mse"
    return "cross_entropy" if len(data.classes) > 2 else "binary_cross_entropy"
