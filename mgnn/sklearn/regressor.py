"""A net that predicts quantities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import column_or_1d, validate_data

from mgnn import losses
from mgnn.errors import LabelError
from mgnn.sklearn.base import Net, with_settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["MLPRegressor"]

_NAMES = {"squared_error": "mse", "absolute_error": "mae"}


@with_settings
class MLPRegressor(RegressorMixin, Net):  # type: ignore[misc]  # scikit-learn has no types
    """Predict one or more quantities by a net of fully connected layers.

    The net learns the targets at mean 0 and variance 1, so that their unit does not matter; counts
    (loss "poisson") it learns as they are, its output being the logarithm of the rate.

    Args:
        {settings}
        loss: "squared_error", "absolute_error", "huber", "poisson", or a `mgnn.losses.Loss`.

    Attributes:
        model_: the `mgnn.MLP`.
        n_iter_: epochs done.
        loss_curve_: the loss of each of them, of targets at variance 1.
        validation_scores_: R^2 on what was held out after each epoch; None without.
        coefs_: weights, an array (inputs, outputs) for each layer.
        intercepts_: biases, an array (outputs,) for each layer.

    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        loss: Any = "squared_error",
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate_init: Any = 0.001,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int = 10,
        backend: str = "auto",
    ) -> None:
        super().__init__(
            hidden_layer_sizes,
            activation,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate_init=learning_rate_init,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            n_iter_no_change=n_iter_no_change,
            backend=backend,
        )
        self.loss = loss

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn asks of an estimator."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Train.

        Args:
            X: n rows of finite numbers: an array, a frame or a sparse matrix.
            y: n targets, or n rows of them.
            sample_weight: n numbers of at least 0; a sample of weight 0 is left out.

        Returns:
            The estimator itself.

        """
        X, y = self._checked(X, y, reset=True)
        weights = self._weights(sample_weight, X)
        if weights is not None:
            X, y, weights = X[weights > 0.0], y[weights > 0.0], weights[weights > 0.0]
        if not (self.warm_start and self._continues(X.shape[1], y.shape[1])):
            self._begin(X.shape[1], y, weights)
        self._train(X, (y - self._mean) / self._scale, weights)
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Train on by one epoch; mean and variance of the targets are those of the first call.

        Args:
            X: as for `fit`.
            y: as for `fit`.
            sample_weight: as for `fit`.

        Returns:
            The estimator itself.

        """
        first = not hasattr(self, "_trainer")
        X, y = self._checked(X, y, reset=first)
        weights = self._weights(sample_weight, X)
        if first:
            self._begin(X.shape[1], y, weights)
        elif y.shape[1] != self.n_outputs_:
            raise LabelError(f"y has {y.shape[1]} targets a row, but it had {self.n_outputs_}")
        dense = X.toarray() if hasattr(X, "toarray") else X
        self._run(dense, (y - self._mean) / self._scale, weights, epochs=1)
        return self

    def predict(self, X: Any) -> Floats:
        """Return the quantities, shape (n,), or (n, targets) where y had several."""
        outputs = self._outputs(self._rows(X))
        found = np.exp(outputs) if self._counts() else outputs * self._scale + self._mean
        return found[:, 0] if self._single else found

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Floats]:
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            dtype=(np.float64, np.float32),
            multi_output=True,
            y_numeric=True,
            reset=reset,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if reset:
            self._single = y.ndim == 1
        return X, np.asarray(y, dtype=np.float64).reshape(len(y), -1)

    def _begin(self, inputs: int, y: Floats, weights: Floats | None) -> None:
        """Begin with a new net, and with the unit of the targets."""
        loss = losses.by_name(_NAMES.get(self.loss, self.loss) if self._named() else self.loss)
        self._mean, self._scale = np.zeros(y.shape[1]), np.ones(y.shape[1])
        if not self._counts():
            self._mean = np.average(y, axis=0, weights=weights)
            spread = np.sqrt(np.average((y - self._mean) ** 2, axis=0, weights=weights))
            self._scale = np.where(spread > 0.0, spread, 1.0)
        self._new(inputs, y.shape[1], loss)

    def _named(self) -> bool:
        return isinstance(self.loss, str)

    def _counts(self) -> bool:
        return losses.poisson in (self.loss, losses.LOSSES.get(str(self.loss)))
