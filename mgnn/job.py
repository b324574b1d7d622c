"""One training job: what `mgnn.fit` hands to a training backend (see `mgnn.backends`)."""

from __future__ import annotations

import math
import random
import sys
from array import array
from typing import TYPE_CHECKING, Any

import attrs

from mgnn import optim
from mgnn.errors import BackendError, BackendRefusalError, DivergenceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mgnn.data import Table
    from mgnn.losses import Loss
    from mgnn.optim import Optimizer
    from mgnn.scores import Rows

__all__ = ["PROGRESS", "Training"]

PROGRESS = ("progress", "eager")  # where backends keep the optimiser's state


@attrs.frozen(eq=False)
class Training:
    """Hold one training job.

    Attributes:
        model: trained in place; ``model(row)`` gives a Value or a list of k Values.
        X: n rows of finite floats; ``X.rows`` are lists, ``X.array`` has shape (n, inputs).
        targets: n rows of floats, made by ``loss.encode``, in the same two forms. A row of X and
            its targets are the inputs of a recorded sample.
        loss: see `mgnn.losses.Loss`.
        optimizer: `mgnn.optim.SGD`, `mgnn.optim.Adam`, or the user's own.
        epochs: how many, at least 1.
        batch_size: samples of an update, in 1..n.
        seed: of the order of samples; None keeps them as they come.
        report: what ``on_epoch`` calls with epoch, loss and score.
        watched: whether somebody looks at the model's parameters after each epoch.
        validation: what to judge the model on after each epoch, as X and targets; None for nothing.
        first_epoch: so many epochs were trained in earlier calls of the same `mgnn.Trainer`.
        first_update: the same for updates.
        memory: what a backend wants to find again in the next call: its programs, and under one of
            the names in `PROGRESS` the optimiser's state. Empty in the first one. What is left
            there as "predictor", as the backend's `predictor` gives it, serves `mgnn.predict`.
        local_updates: so many updates each part of the data does by itself before the parameters
            are averaged; None where every update is of all parts.

    """

    model: Any
    X: Table
    targets: Table
    loss: Loss
    optimizer: Optimizer
    epochs: int
    batch_size: int
    seed: int | None
    report: Callable[[int, float, float, tuple[float, float] | None], None]
    watched: bool = False
    validation: tuple[Table, Table] | None = None
    first_epoch: int = 0
    first_update: int = 0
    memory: dict[Any, Any] = attrs.field(factory=dict)
    local_updates: int | None = None

    @property
    def updates_per_epoch(self) -> int:
        """Return how many mini-batches an epoch has: of all rows, or of each part on its own."""
        rows = len(self.X) if self.local_updates is None else self.X.largest
        return -(-rows // self.batch_size)

    def order(self, epoch: int) -> Sequence[int]:
        """Return the order of the samples in `epoch`, a permutation of 0..n-1."""
        if self.seed is None:
            return range(len(self.X))
        keys = array("Q", self._keys(epoch))
        if sys.byteorder == "big":
            keys.byteswap()
        return sorted(range(len(keys)), key=keys.__getitem__)

    def order_array(self, epoch: int) -> NDArray[np.int64]:
        """Return `order` as an array, shape (n,), int64; quick for large n."""
        import numpy as np

        if self.seed is None:
            return np.arange(len(self.X), dtype=np.int64)
        keys = np.frombuffer(self._keys(epoch), dtype="<u8")
        return np.argsort(keys, kind="stable").astype(np.int64, copy=False)

    def _keys(self, epoch: int) -> bytes:
        """Return 8 random bytes a sample, to sort by, that depend on seed and epoch alone."""
        epoch += self.first_epoch
        return random.Random(f"{self.seed}/{epoch}").randbytes(8 * len(self.X))  # noqa: S311 - no secret

    def rate(self, update: int) -> float:
        """Return the learning rate of an update, counted from the beginning of this call."""
        rates = self.epoch_rates(update // self.updates_per_epoch)
        return rates[update % len(rates)]

    def epoch_rates(self, epoch: int) -> list[float]:
        """Return the learning rates of an epoch's updates: one number if all are the same."""
        lr, per_epoch = self.optimizer.lr, self.updates_per_epoch
        if not callable(lr) or optim.takes_epoch(lr):
            return [optim.rate_at(self.optimizer, self.first_epoch + epoch)]
        first = self.first_update + epoch * per_epoch
        return [optim.rate_at(self.optimizer, first + i) for i in range(per_epoch)]

    def score(self, outputs: Rows | NDArray[np.float64], targets: Table | None = None) -> float:
        """Return the score of the model's outputs for all of X: n rows, or an array (n, k).

        `targets` are those of X, if no others are given.
        """
        targets = self.targets if targets is None else targets
        if isinstance(outputs, list):
            return self.loss.score.of_rows(outputs, targets.rows)
        return self.loss.score.of_arrays(outputs, targets.array)

    def on_epoch(
        self,
        epoch: int,
        loss: float,
        score: float,
        validation: tuple[float, float] | None = None,
    ) -> None:
        """Take note of a finished epoch.

        Raises:
            DivergenceError: if the loss is not finite.

        """
        if not math.isfinite(loss):
            raise self.diverged(epoch)
        if self.validation is not None and validation is None:
            raise BackendError(
                "the training backend does not judge the model on validation_data; take "
                'backend="auto", "compiled" or "eager"'
            )
        self.report(epoch, loss, score, validation)

    def refused(self, reason: object) -> BackendRefusalError:
        """Return the error by which a backend says why it cannot train this model."""
        return BackendRefusalError(str(reason))

    def diverged(self, epoch: int, batch: int | None = None) -> DivergenceError:
        """Return the error that says where the loss stopped being finite, and what to do."""
        update = epoch * self.updates_per_epoch + (batch or 0)
        where = f"epoch {epoch + 1}" + ("" if batch is None else f", mini-batch {batch + 1}")
        return DivergenceError(
            f"the loss became infinite or NaN in {where}: the steps are too large. Lower the "
            f"learning rate (it is {self.rate(update):g}), or scale the columns of X to about -1..1"
        )
