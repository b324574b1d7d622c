"""Train a lowered program: describe a course, call the native loop, hand the losses back."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import define, field

from mgcompile.llvm.course import COURSE
from mgcompile.llvm.executable import Arena, describe_inputs, prepared_constants, run
from mgcompile.llvm.lower import TRAIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.backend import Rule
    from mgcompile.llvm.jit import Library
    from mgcompile.llvm.lower import Lowered

__all__ = ["LlvmTrainer"]


@define
class LlvmTrainer:
    """A training loop as machine code. Safe to call from several threads at once."""

    lowered: Lowered
    library: Library
    rule: Rule
    threads: int = 1
    _function: Any = field(init=False)
    _constants: tuple[Any, ...] = field(init=False)
    _free: list[Arena] = field(init=False, factory=list)

    def __attrs_post_init__(self) -> None:
        """Look the code up."""
        kind = ctypes.CFUNCTYPE(
            None, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 2, ctypes.c_void_p
        )
        self._function = kind(self.library.addresses[TRAIN])
        self._constants = prepared_constants(self.lowered)

    def __call__(
        self,
        inputs: Any,
        count: int,
        params: NDArray[Any],
        state: NDArray[Any],
        step: int,
        orders: NDArray[np.int64] | None,
        epochs: int,
        batch_size: int,
        lr: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Train for some epochs (see `mgcompile.backend.Trainer`)."""
        try:
            arena = self._free.pop()  # atomic: no two calls get the same arena
        except IndexError:
            arena = Arena.make(self.lowered, self._constants, self.threads)
        kept = describe_inputs(arena, inputs)
        arena.grow(self.lowered, min(count, batch_size))
        arena.set("PARAMS", params.ctypes.data)
        rates = np.ascontiguousarray(lr, dtype=np.float64)
        losses = np.empty(epochs, dtype=np.float64)
        course = np.zeros(len(COURSE), dtype=np.int64)
        words = {
            "COUNT": count,
            "BATCH": min(count, batch_size),
            "EPOCHS": epochs,
            "ORDERS": 0 if orders is None else orders.ctypes.data,
            "STATE": state.ctypes.data,
            "RATES": rates.ctypes.data,
            "LOSSES": losses.ctypes.data,
        }
        for name, value in words.items():
            course[COURSE.index(name)] = value
        powers = [self.rule.beta1**step, self.rule.beta2**step]
        course.view(np.float64)[COURSE.index("POWER1") :][:2] = powers
        run(self._function, arena, self.threads, course.ctypes.data)
        del kept
        self._free.append(arena)
        return losses
