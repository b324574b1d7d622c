"""What a training loop is told: one object for every loop that there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[Any]

__all__ = ["TrainCall"]


@attrs.frozen(slots=True, eq=False)
class TrainCall:
    """What a training loop is to do in one call: some epochs over the samples.

    Args:
        inputs: As for an executable (`mgcompile.backends.interface.Executable`).
        count: Number of samples, at least 1.
        params: Shape (n_params,), contiguous, of the trainer's dtype; written in place.
        state: Of the optimiser, shape (rule.state_rows, n_params), contiguous, of the trainer's
            dtype; written in place.
        step: Updates done before this call (Adam's t starts at `step + 1`).
        batch_size: Samples of an update; the last batch of an epoch may be smaller.
        rates: Learning rate of each update, shape (epochs, updates of an epoch), float64, of one
            epoch or more; a stride is 0 where it is the same for all.
        orders: Shape (epochs, count), the order of samples in each epoch; None: as they come.
    """

    inputs: Floats | Sequence[Floats]
    count: int
    params: Floats
    state: Floats
    step: int
    batch_size: int
    rates: NDArray[np.float64]
    orders: NDArray[np.int64] | None = None

    @property
    def epochs(self) -> int:
        """How many epochs."""
        return len(self.rates)

    def each_epoch(self) -> Iterator[TrainCall]:
        """Yield a call for each epoch, to be done one after the other."""
        for epoch, rates in enumerate(self.rates):
            orders = None if self.orders is None else self.orders[epoch : epoch + 1]
            step = self.step + epoch * len(rates)
            yield attrs.evolve(self, rates=rates[None], orders=orders, step=step)

    def batches(self) -> Iterator[tuple[int, Floats | tuple[Floats, ...], int, float]]:
        """Yield for each update the epoch, the inputs of its samples, their number, the rate."""
        for epoch, rates in enumerate(self.rates.tolist()):
            for rate, first in zip(rates, range(0, self.count, self.batch_size), strict=True):
                size = min(self.batch_size, self.count - first)
                rows: Any = slice(first, first + size)
                if self.orders is not None:
                    rows = self.orders[epoch, rows]
                batch = (
                    self.inputs[rows]
                    if isinstance(self.inputs, np.ndarray)
                    else tuple(column[rows] for column in self.inputs)
                )
                yield epoch, batch, size, rate
