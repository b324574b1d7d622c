"""Train by an optimiser of the user's own: gradients in native code, its updates in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcore import Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mgcompile.backends.interface import Executable, TrainCall

    Floats = NDArray[Any]

__all__ = ["StepwiseTrainer"]


@attrs.define(slots=True, eq=False)
class StepwiseTrainer:
    """A trainer (see `backends.interface.Trainer`) that calls the optimiser for every mini-batch.

    Its state is the optimiser's own and begins with the first call, so each run has its own
    trainer.

    Args:
        run: A loss_and_grad program.
        recorded: Whether it has the data set within, and gives the loss as it is.
        optimizer: With ``start(parameters)``, as `mgnn.optim.Optimizer` describes it.
    """

    run: Executable
    recorded: bool
    optimizer: Any
    _leaves: list[Value] = attrs.field(init=False, factory=list)
    _step: Callable[[float], object] | None = attrs.field(init=False, default=None)

    def __call__(self, call: TrainCall) -> NDArray[np.float64]:
        """Train; the call's `state` and `step` are not looked at: the optimiser has its own."""
        losses = np.zeros(call.epochs)
        for epoch, inputs, size, rate in call.batches():
            loss, gradient = self.run(inputs, size, call.params)
            self._update(call.params, gradient / (1 if self.recorded else size), rate)
            losses[epoch] += float(loss[0]) / (1 if self.recorded else call.count)
        return losses

    def _update(self, params: Floats, gradient: Floats, rate: float) -> None:
        if self._step is None:
            self._leaves = [Value(number) for number in params.tolist()]
            self._step = self.optimizer.start(self._leaves)
        for leaf, number, slope in zip(
            self._leaves, params.tolist(), gradient.tolist(), strict=True
        ):
            leaf.data, leaf.grad = number, slope
        self._step(rate)
        params[:] = [leaf.data for leaf in self._leaves]
