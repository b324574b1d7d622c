"""Watch a training: weights and gradients of each layer, epoch by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mgcore import Value, grad
from mgnn import losses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgnn.history import Epoch
    from mgnn.losses import Loss

_MOST_SNAPSHOTS = 80


class LayerRecorder:
    """Record the weights and gradients of each layer while ``mgnn.fit`` trains.

    Hand it over as a callback: ``fit(..., callbacks=[recorder])``, then draw it with
    ``mgview.training.plot_layers(recorder)``. It computes gradients of the loss itself, on a few
    samples spread over the data, and leaves those of the training alone. Of a long training it
    keeps every second, fourth ... epoch, at most 80.

    Args:
        model: the model in training; a ``mgnn.Module``.
        X: its samples, n rows.
        y: their targets.
        loss: name of the loss, or a ``mgnn.losses.Loss``.
        samples: number of samples for the gradients.

    Attributes:
        epochs: numbers of the recorded epochs.
        weights: for each layer a list of its weights at each recorded epoch.
        gradients: the same for d loss / d weight.
    """

    def __init__(
        self,
        model: Any,
        X: Sequence[Sequence[float]],
        y: Sequence[Any],
        loss: str | Loss,
        *,
        samples: int = 24,
    ) -> None:
        chosen = range(0, len(X), max(1, len(X) // samples))
        self._rows = [[float(number) for number in X[i]] for i in chosen]
        self._targets = [y[i] for i in chosen]
        self._loss = losses.by_name(loss)
        self._model = model
        self._every = 1
        self._members: dict[str, list[Value]] = {}
        for name, parameter in model.named_parameters():
            self._members.setdefault(_layer_of(name), []).append(parameter)
        self.epochs: list[int] = []
        self.weights: dict[str, list[list[float]]] = {name: [] for name in self._members}
        self.gradients: dict[str, list[list[float]]] = {name: [] for name in self._members}

    @property
    def layers(self) -> list[str]:
        """List the layers' names, in the model's order."""
        return list(self._members)

    def __call__(self, epoch: Epoch) -> None:
        """Record one epoch; ``mgnn.fit`` calls this."""
        if epoch.number % self._every:
            return
        loss = self._loss([self._model(row) for row in self._rows], self._targets)
        parameters = [item for members in self._members.values() for item in members]
        found = iter(grad(loss, parameters))
        self.epochs.append(epoch.number)
        for name, members in self._members.items():
            self.weights[name].append([item.data for item in members])
            self.gradients[name].append([float(next(found)) for _ in members])
        if len(self.epochs) > _MOST_SNAPSHOTS:
            self._thin_out()

    def _thin_out(self) -> None:
        self._every *= 2
        kept = [i for i, number in enumerate(self.epochs) if number % self._every == 0]
        self.epochs = [self.epochs[i] for i in kept]
        for record in (self.weights, self.gradients):
            for name, snapshots in record.items():
                record[name] = [snapshots[i] for i in kept]


def _layer_of(name: str) -> str:
    """Return the layer's part of a parameter's name: ``layers.0`` of ``layers.0.neurons.3.w.1``."""
    parts = name.split(".")
    return ".".join(parts[:2]) if len(parts) > 1 and parts[1].isdigit() else parts[0]
