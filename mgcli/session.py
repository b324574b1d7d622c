"""Nets of one shape, trained again and again: what is compiled for one serves the others."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from mgcli.offset import rows_with_offset, with_offset
from mgcli.problem import Problem
from mgcore import Value
from mgnn import MLP, Trainer, backends, optim
from mgnn.data import Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mgnn import Epoch, History

    Floats = NDArray[np.float64]

__all__ = ["Session", "Sessions", "Settings"]


@attrs.frozen
class Settings:
    """Hold the settings of one training.

    Attributes:
        hidden: sizes of the hidden layers.
        lr: the learning rate.
        weight_decay: pulls the weights to 0.
        epochs: passes over the rows.
        batch_size: rows per update.
        beside_linear: whether the net learns what the linear model leaves over, or all.
        optimizer: adam or sgd.
        falling: so many epochs make the rate fall to 0 along half a cosine; 0 keeps it as it is.

    """

    hidden: tuple[int, ...]
    lr: float
    weight_decay: float
    epochs: int
    batch_size: int
    beside_linear: bool = False
    optimizer: str = "adam"
    falling: int = 0

    def rate(self, epoch: int) -> float:
        """Return the learning rate of an epoch, from 0."""
        if not self.falling:
            return self.lr
        # Large steps find the valley, small ones its floor (Loshchilov and Hutter 2017).
        return self.lr * (1.0 + math.cos(math.pi * epoch / self.falling)) / 2.0


class Session:
    """Train nets of one shape again and again.

    Args:
        problem: for inputs, outputs and loss.
        hidden: sizes of the hidden layers.
        activation: of them.
        backend: of `mgnn.fit`.

    """

    def __init__(
        self, problem: Problem, hidden: Sequence[int], activation: str, backend: str
    ) -> None:
        self.net = MLP(
            problem.X.shape[1], [*hidden, problem.outputs], activation=activation, seed=0
        )
        self.parameters = self.net.parameters()
        self.loss = with_offset(problem.loss)
        self._trainer = Trainer(self.net, loss=self.loss, backend=backend)
        self._wide = 2.0 if activation.endswith("lu") else 1.0  # He et al. 2015, LeCun et al. 1998
        self._outputs: Callable[[Floats, Floats], Floats] | None = None

    def outputs(self, X: "Floats") -> "Floats":
        """Return the net's outputs as it is now, shape (n, outputs), in native code."""
        if self._outputs is None:
            self._outputs = backends.find("compiled").predictor(self.net, Table(array=X))  # type: ignore[attr-defined]  # ours has it
        return self._outputs(X, self.numbers())

    def start(self, seed: int) -> None:
        """Begin afresh: hidden weights that keep the variance of activations, outputs 0."""
        import numpy as np

        rng = np.random.default_rng(seed)
        for layer in self.net.layers[:-1]:
            for neuron in layer.neurons:
                spread = (self._wide / len(neuron.w)) ** 0.5
                _assign(neuron.w, rng.normal(0.0, spread, len(neuron.w)))
                neuron.b.data = float(rng.normal(0.0, 0.5))
        for neuron in self.net.layers[-1].neurons:
            _assign([*neuron.w, neuron.b], np.zeros(len(neuron.w) + 1))

    def numbers(self) -> "Floats":
        """Return the parameters as they are."""
        import numpy as np

        return np.array([p.data for p in self.parameters])

    def set_numbers(self, numbers: "Floats") -> None:
        """Set the parameters."""
        _assign(self.parameters, numbers)

    def train(
        self,
        problem: Problem,
        offset: "Floats",
        settings: Settings,
        *,
        callback: "Callable[[Epoch], Any] | None" = None,
        progress: bool = False,
    ) -> "History":
        """Train the net as it is now on a problem's rows, beside the offset (n, outputs).

        Raises:
            DivergenceError: if the loss becomes infinite.

        """
        maker = optim.SGD if settings.optimizer == "sgd" else optim.Adam
        more = {"momentum": 0.9} if settings.optimizer == "sgd" else {}
        self._trainer.restart(maker(lr=settings.rate, weight_decay=settings.weight_decay, **more))
        return self._trainer.fit(
            problem.X,
            rows_with_offset(problem.y, problem.weights, offset),
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            seed=problem.seed,
            progress=progress,
            callbacks=[callback] if callback is not None else [],
        )


class Sessions:
    """Keep the session of each shape.

    Args:
        problem: for inputs, outputs and loss.
        activation: of the hidden layers.
        backend: of `mgnn.fit`.

    """

    def __init__(self, problem: Problem, activation: str, backend: str) -> None:
        self._make = partial(Session, problem, activation=activation, backend=backend)
        self._known: dict[tuple[int, ...], Session] = {}

    def __contains__(self, hidden: tuple[int, ...]) -> bool:
        """Tell whether a shape has been asked for before."""
        return hidden in self._known

    def of(self, hidden: tuple[int, ...]) -> Session:
        """Return the session of nets with these hidden layers."""
        if hidden not in self._known:
            self._known[hidden] = self._make(hidden)
        return self._known[hidden]


def _assign(parameters: Sequence[Value], numbers: "Floats") -> None:
    for parameter, number in zip(parameters, numbers.tolist(), strict=True):
        parameter.data = number
