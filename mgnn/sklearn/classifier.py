"""A net that tells classes apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d, validate_data

from mgnn import losses
from mgnn.errors import LabelError, TrainingSettingError
from mgnn.sklearn.base import Net, with_settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["MLPClassifier"]


@with_settings
class MLPClassifier(ClassifierMixin, Net):  # type: ignore[misc]  # scikit-learn has no types
    """Classify by a net of fully connected layers.

    Two classes: one output, whose sigmoid is the probability of the second class. More: one output
    for each class, whose softmax are the probabilities. Trained on the cross entropy.

    Args:
        {settings}
        class_weight: weights by class, or "balanced": as much weight for each class; each sample's
            weight is multiplied by that of its class.

    Attributes:
        model_: the `mgnn.MLP`.
        classes_: the labels, sorted.
        n_iter_: epochs done.
        loss_curve_: the loss of each of them.
        validation_scores_: accuracy on what was held out after each epoch; None without.
        coefs_: weights, an array (inputs, outputs) for each layer.
        intercepts_: biases, an array (outputs,) for each layer.

    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
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
        class_weight: Any = None,
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
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPClassifier:
        """Train.

        Args:
            X: n rows of finite numbers: an array, a frame or a sparse matrix.
            y: n labels.
            sample_weight: n numbers of at least 0; a sample of weight 0 is left out.

        Returns:
            The estimator itself.

        """
        X, y = self._checked(X, y, reset=True)
        weights = self._weights(sample_weight, X)
        if weights is not None:
            X, y, weights = X[weights > 0.0], y[weights > 0.0], weights[weights > 0.0]
        classes, numbers = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise LabelError(
                f"y has one class, {classes[0]!r}; a classifier needs samples of at least 2 classes"
            )
        self.classes_ = classes
        outputs = len(classes) if len(classes) > 2 else 1
        if not (self.warm_start and self._continues(X.shape[1], outputs)):
            self._new(X.shape[1], outputs, self._loss(outputs))
        weights = self._by_class(numbers, weights)
        self._train(X, numbers.astype(np.float64), weights, strata=numbers)
        return self

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> MLPClassifier:
        """Train on by one epoch.

        Args:
            X: as for `fit`.
            y: as for `fit`.
            classes: all labels that there will be; needed in the first call.
            sample_weight: as for `fit`.

        Returns:
            The estimator itself.

        """
        first = not hasattr(self, "_trainer")
        if isinstance(self.class_weight, str):
            raise TrainingSettingError(
                f"class_weight {self.class_weight!r} depends on all samples, so partial_fit cannot "
                "take it; give weights by class, or sample_weight"
            )
        if first and classes is None:
            raise LabelError("the first call of partial_fit needs classes, all labels there are")
        X, y = self._checked(X, y, reset=first)
        if first:
            self.classes_ = np.unique(classes)
            if len(self.classes_) < 2:
                raise LabelError("a classifier needs at least 2 classes")
            outputs = len(self.classes_) if len(self.classes_) > 2 else 1
            self._new(X.shape[1], outputs, self._loss(outputs))
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise LabelError(f"classes are {classes!r}, but they were {self.classes_!r} before")
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise LabelError(f"y holds {unknown[0]!r}, which is none of the classes")
        numbers = np.searchsorted(self.classes_, y)
        weights = self._by_class(numbers, self._weights(sample_weight, X))
        dense = X.toarray() if hasattr(X, "toarray") else X
        self._run(dense, numbers.astype(np.float64), weights, epochs=1)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the likeliest label of each row, shape (n,)."""
        outputs = self._outputs(self._rows(X))
        best = outputs.argmax(axis=1) if outputs.shape[1] > 1 else (outputs[:, 0] > 0.0) * 1
        labels: NDArray[Any] = self.classes_[best]
        return labels

    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class, shape (n, classes), in the order of `classes_`."""
        outputs = self._outputs(self._rows(X))
        if outputs.shape[1] == 1:
            return np.hstack([expit(-outputs), expit(outputs)])
        found: Floats = softmax(outputs, axis=1)
        return found

    def predict_log_proba(self, X: Any) -> Floats:
        """Return the logarithms of the probabilities, also where these round to 0."""
        outputs = self._outputs(self._rows(X))
        if outputs.shape[1] == 1:
            return np.hstack([log_expit(-outputs), log_expit(outputs)])
        found: Floats = log_softmax(outputs, axis=1)
        return found

    def decision_function(self, X: Any) -> Floats:
        """Return the net's outputs, shape (n, classes); (n,) for two: above 0 is the second."""
        outputs = self._outputs(self._rows(X))
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            dtype=(np.float64, np.float32),
            multi_output=True,
            reset=reset,
        )
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        return X, y

    def _by_class(self, numbers: NDArray[Any], weights: Floats | None) -> Floats | None:
        """Return the weights times those of the classes."""
        if self.class_weight is None:
            return weights
        given: Floats = np.ones(len(numbers)) if weights is None else weights
        count = len(self.classes_)
        if isinstance(self.class_weight, str):
            if self.class_weight != "balanced":
                raise TrainingSettingError(
                    f"class_weight is {self.class_weight!r}; it is None, 'balanced' or weights by "
                    "class"
                )
            totals = np.bincount(numbers, given, minlength=count)
            by_class = given.sum() / (count * totals)
            return np.asarray(given * by_class[numbers])
        labels = self.classes_.tolist()
        unknown = [label for label in self.class_weight if label not in labels]
        if unknown:
            raise TrainingSettingError(
                f"class_weight names the class {unknown[0]!r}, which y does not have"
            )
        by_class = np.array([float(self.class_weight.get(label, 1.0)) for label in labels])
        return np.asarray(given * by_class[numbers])

    def _loss(self, outputs: int) -> losses.Loss:
        return losses.binary_cross_entropy if outputs == 1 else losses.cross_entropy
