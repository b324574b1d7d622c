"""What a classifier and a regressor have in common: settings, the net, its training."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import indent
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from mgcore import Op
from mgnn import optim
from mgnn.errors import TrainingSettingError
from mgnn.layers import MLP
from mgnn.settings import count_of, real_of
from mgnn.stopping import EarlyStopping
from mgnn.training import Trainer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgnn.history import History
    from mgnn.losses import Loss
    from mgnn.optim import Optimizer

    Floats = NDArray[np.float64]

__all__ = ["Net", "with_settings"]

E = TypeVar("E")

_ROWS = 65536  # so many rows of a sparse matrix are made dense at a time
_ALIASES = {"logistic": "sigmoid"}
_SOLVERS = ("adam", "adamw", "sgd")

SETTINGS = """\
hidden_layer_sizes: the sizes of the hidden layers.
activation: of the hidden layers: the name of any registered op with one operand, or an op.
solver: "adam", "adamw", "sgd", or an optimiser of `mgnn.optim` with its own settings.
alpha: weight decay.
batch_size: samples of an update; "auto" for 200, or all if they are fewer.
learning_rate_init: the learning rate, or a schedule (see `mgnn.optim.SGD`).
max_iter: epochs at most.
shuffle: whether each epoch takes the samples in a new order.
random_state: of the weights, the order of samples, and what is held out.
tol: the loss gets better if it falls by more than this.
verbose: whether to show a bar.
warm_start: whether `fit` goes on with the net that there is.
momentum: of "sgd".
early_stopping: whether a part of the samples is held out; training ends when the loss of
    these gets no better, and the best weights are kept.
validation_fraction: the share that is held out, in (0, 1).
beta_1: of "adam" and "adamw": the decay rate of the first moment.
beta_2: of "adam" and "adamw": the decay rate of the second moment.
epsilon: of "adam" and "adamw": keeps the division finite.
n_iter_no_change: so many epochs without getting better end the training.
backend: "auto", "compiled" or "eager", see `mgnn.fit`.
"""


def with_settings(estimator: type[E]) -> type[E]:
    """Put what is said of the common settings where the docstring has a place for it."""
    if estimator.__doc__ is not None:  # python -OO leaves docstrings out
        told = indent(SETTINGS, " " * 8).strip()
        estimator.__doc__ = estimator.__doc__.replace("{settings}", told)
    return estimator


class Net(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Hold the settings that `MLPClassifier` and `MLPRegressor` share, and train by them."""

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
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.backend = backend

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn asks of an estimator."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @property
    def coefs_(self) -> list[Floats]:
        """The weights of each layer, shape (inputs, outputs): a copy."""
        check_is_fitted(self, "model_")
        return [
            np.array([[w.data for w in neuron.w] for neuron in layer.neurons]).T
            for layer in self.model_.layers
        ]

    @property
    def intercepts_(self) -> list[Floats]:
        """The bias of each neuron, layer by layer: a copy."""
        check_is_fitted(self, "model_")
        return [
            np.array([neuron.b.data for neuron in layer.neurons]) for layer in self.model_.layers
        ]

    @property
    def n_layers_(self) -> int:
        """The number of layers, that of inputs and that of outputs counted."""
        check_is_fitted(self, "model_")
        return len(self.model_.layers) + 1

    # Data

    def _rows(self, X: Any) -> Any:
        """Return rows to predict, checked: an array, or a sparse matrix."""
        check_is_fitted(self, "model_")
        return validate_data(
            self, X, accept_sparse="csr", dtype=(np.float64, np.float32), reset=False
        )

    def _weights(self, sample_weight: Any, X: Any) -> Floats | None:
        if sample_weight is None:
            return None
        weights: Floats = _check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True
        )
        return weights

    def _outputs(self, X: Any) -> Floats:
        """Return what the net gives for rows, shape (n, outputs)."""
        parts = []
        for first in range(0, X.shape[0], _ROWS):
            found = self.model_.predict(_dense(X[first : first + _ROWS]), backend=self.backend)
            parts.append(found.reshape(len(found), -1))
        return np.concatenate(parts)

    # Training

    def _new(self, inputs: int, outputs: int, loss: Loss) -> None:
        """Begin with a new net."""
        random = check_random_state(self.random_state)
        sizes = self.hidden_layer_sizes
        hidden = list(sizes) if isinstance(sizes, Iterable) else [sizes]
        activation = self.activation
        if isinstance(activation, str):
            activation = _ALIASES.get(activation, activation)
        name = activation.name if isinstance(activation, Op) else str(activation)
        self.model_ = MLP(
            inputs,
            [*hidden, outputs],
            activation=activation,
            seed=int(random.randint(2**31 - 1)),
            init="he" if "lu" in name else "lecun",
        )
        self.n_outputs_ = outputs
        self.loss_curve_: list[float] = []
        self._seed = int(random.randint(2**31 - 1))
        self._trainer = Trainer(
            self.model_, loss=loss, optimizer=self._optimizer(), backend=self.backend
        )

    def _continues(self, inputs: int, outputs: int) -> bool:
        """Tell whether there is a net for so many inputs and outputs already."""
        return (
            hasattr(self, "_trainer")
            and self.n_outputs_ == outputs
            and len(self.model_.layers[0].neurons[0].w) == inputs
        )

    def _optimizer(self) -> Optimizer:
        if not isinstance(self.solver, str):
            return optim.by_name(self.solver)
        if self.solver not in _SOLVERS:
            raise TrainingSettingError(
                f"solver is {self.solver!r}; it is one of {', '.join(map(repr, _SOLVERS))}, or an "
                "optimiser of mgnn.optim"
            )
        rate, decay = self.learning_rate_init, self.alpha
        if self.solver == "sgd":
            return optim.SGD(lr=rate, momentum=self.momentum, weight_decay=decay)
        betas = self.beta_1, self.beta_2
        kind = optim.AdamW if self.solver == "adamw" else optim.Adam
        return kind(lr=rate, betas=betas, eps=self.epsilon, weight_decay=decay)

    def _train(self, X: Any, targets: Floats, weights: Floats | None, strata: Any = None) -> None:
        """Train until nothing gets better, for `max_iter` epochs at most.

        Args:
            X: Rows.
            targets: As the loss takes them.
            weights: Of the samples; none of them 0.
            strata: Classes to draw the validation data from alike, if any.

        """
        X = _dense(X)
        validation = None
        if self.early_stopping:
            X, targets, weights, validation = self._split(X, targets, weights, strata)
        stopping = EarlyStopping(
            patience=self.n_iter_no_change,
            min_delta=self.tol,
            monitor="validation_loss" if validation else "loss",
            restore_best=bool(validation),
        )
        history = self._run(
            X,
            targets,
            weights,
            epochs=count_of("max_iter", self.max_iter),
            validation_data=validation,
            early_stopping=stopping,
            progress=bool(self.verbose),
        )
        self.best_loss_ = min(self.loss_curve_)
        self.validation_scores_ = history.validation_score if validation else None

    def _run(self, X: Floats, targets: Floats, weights: Floats | None, **more: Any) -> History:
        """Train on by so many epochs."""
        size = min(200, len(X)) if self.batch_size == "auto" else self.batch_size
        history = self._trainer.fit(
            X,
            targets,
            sample_weight=weights,
            batch_size=size,
            shuffle=self.shuffle,
            seed=self._seed,
            **more,
        )
        self.loss_curve_ = [*self.loss_curve_, *history.loss]
        self.loss_ = history.loss[-1] if history.loss else np.nan
        self.n_iter_ = self._trainer.epochs
        return history

    def _split(self, X: Floats, targets: Floats, weights: Floats | None, strata: Any) -> Any:
        share = real_of(self.validation_fraction)
        if not isinstance(share, float) or not 0.0 < share < 1.0:
            raise TrainingSettingError(
                f"validation_fraction is {self.validation_fraction!r}; it must be in (0, 1)"
            )
        if strata is not None:
            counts = np.bincount(strata)
            if min(counts) < 2 or min(share, 1.0 - share) * len(X) < len(counts):
                strata = None  # not every class can be in both parts
        train, test = train_test_split(
            np.arange(len(X)),
            test_size=share,
            random_state=self._seed,
            stratify=strata,
        )
        held = (X[test], targets[test], *(() if weights is None else (weights[test],)))
        return X[train], targets[train], None if weights is None else weights[train], held


def _dense(X: Any) -> Floats:
    dense: Floats = X.toarray() if hasattr(X, "toarray") else X
    return dense
