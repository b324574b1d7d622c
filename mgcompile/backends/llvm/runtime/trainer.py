"""Train a lowered program: describe a run, call the native loop, hand the losses back."""

from __future__ import annotations

import ctypes
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import define, field

from mgcompile.backends.llvm.abi.training_run import TRAINING_RUN
from mgcompile.backends.llvm.codegen.signal_poll import NEVER, Listener
from mgcompile.backends.llvm.lower import TRAIN
from mgcompile.backends.llvm.runtime.workspace import (
    Arena,
    describe_inputs,
    prepared_constants,
    run,
    useful_threads,
)
from mgcompile.program.ir import INPUTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.backends.interface import TrainCall
    from mgcompile.backends.llvm.lower import Lowered
    from mgcompile.backends.llvm.runtime.jit import LoadedCode
    from mgcompile.program.optimizer import OptimizerSpec

__all__ = ["LlvmTrainer"]


@define
class LlvmTrainer:
    """A training loop as machine code. Safe to call from several threads at once."""

    lowered: Lowered
    library: LoadedCode
    rule: OptimizerSpec
    threads: int = 1
    _function: Any = field(init=False)
    _constants: tuple[Any, ...] = field(init=False)
    _free: list[Arena] = field(init=False, factory=list)
    _patience: tuple[int, int] = field(init=False, default=(0, 1))
    """The samples of an update, and what the patience of a loop of these has come to."""

    def __attrs_post_init__(self) -> None:
        """Look the code up."""
        # It is called with the GIL, and releases it itself.
        kind = ctypes.PYFUNCTYPE(
            None, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 2, ctypes.c_void_p
        )
        self._function = kind(self.library.addresses[TRAIN])
        self._constants = prepared_constants(self.lowered)

    @property
    def _takes_columns(self) -> bool:
        """Whether samples in order are best copied column by column: nothing reads their rows."""
        products = [p for phase in self.lowered.loops.phases for p in phase.weight_gradients]
        return not any(product.columns.array == INPUTS for product in products)

    def __call__(self, call: TrainCall) -> NDArray[np.float64]:
        """Train (see `mgcompile.backends.interface.Trainer`)."""
        try:
            arena = self._free.pop()  # atomic: no two calls get the same arena
        except IndexError:
            arena = Arena.make(self.lowered, self._constants, self.threads)
        inputs, size = call.inputs, min(call.count, call.batch_size)
        if call.orders is None and call.epochs > 1 and self._takes_columns:
            inputs = np.asfortranarray(inputs) if isinstance(inputs, np.ndarray) else inputs
        kept = describe_inputs(arena, inputs)
        arena.grow(self.lowered, size)
        arena.set("PARAMS", call.params.ctypes.data)
        rates = np.asarray(call.rates, dtype=np.float64)
        powers = self._powers(call.step + -(-call.count // size) * np.arange(call.epochs))
        losses = np.empty(call.epochs, dtype=np.float64)
        training = np.zeros(len(TRAINING_RUN), dtype=np.int64)
        words = {
            "COUNT": call.count,
            "BATCH": size,
            "EPOCHS": call.epochs,
            "ORDERS": 0 if call.orders is None else call.orders.ctypes.data,
            "STATE": call.state.ctypes.data,
            "RATES": rates.ctypes.data,
            "RATE_EPOCH": rates.strides[0],
            "RATE_UPDATE": rates.strides[1],
            "LOSSES": losses.ctypes.data,
            "POWERS": powers.ctypes.data,
        }
        for name, value in words.items():
            training[TRAINING_RUN.index(name)] = value
        listener = self._listener(arena, size)
        threads = useful_threads(self.lowered, size, self.threads)
        try:
            run(self._function, arena, self, threads, training.ctypes.data)
        finally:
            del kept
            self._patience = size, listener.patience
        self._free.append(arena)
        return losses

    def _listener(self, arena: Arena, size: int) -> Listener:
        """Make the loop call Python now and then, if signals are handled in this thread."""
        known, patience = self._patience
        listener = Listener(patience if known == size else 1)
        hears = threading.current_thread() is threading.main_thread()
        arena.set("LISTENER", id(listener))
        arena.set("PATIENCE", listener.patience if hears else NEVER)
        arena.set("STOP", 0)
        return listener

    def _powers(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return Adam's betas to the power of the updates done before each epoch."""
        if not self.rule.has_moments:
            return np.zeros((0, 2))
        return np.power((self.rule.beta1, self.rule.beta2), steps[:, None].astype(np.float64))
