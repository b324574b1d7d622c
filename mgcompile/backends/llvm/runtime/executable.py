"""Run a lowered program once: hand over inputs, take results."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from attrs import define, field

from mgcompile.backends.llvm.codegen.cpython_entry import ENTER
from mgcompile.backends.llvm.codegen.run_function import RUN
from mgcompile.backends.llvm.runtime.cpython import address_of, known, python_addresses
from mgcompile.backends.llvm.runtime.door import LlvmDoor
from mgcompile.backends.llvm.runtime.result_pool import LARGE, Results
from mgcompile.backends.llvm.runtime.workspace import (
    Arena,
    describe_inputs,
    prepared_constants,
    run,
    useful_threads,
)
from mgcompile.schedule.decisions import MOST_TILES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mgcompile.backends.interface import Shortcut
    from mgcompile.backends.llvm.lower import Lowered
    from mgcompile.backends.llvm.runtime.jit import LoadedCode

__all__ = ["LlvmExecutable"]

_ANY = 1 << 62
"""More samples than there are in any array."""


@define
class LlvmExecutable:
    """A program as machine code. Safe to call from several threads at once.

    Attributes:
        lowered: the program and its layout.
        library: its code.
        threads: how many share the tiles of a call.
        shortcut: the function for CPython, when the program has one.
    """

    lowered: Lowered
    library: LoadedCode
    threads: int = 1
    shortcut: Shortcut | None = field(init=False, default=None)
    _door: Callable[[int, int], LlvmDoor] | None = field(init=False, default=None)
    _constants: tuple[Any, ...] = field(init=False)
    _function: Any = field(init=False)
    _free: list[Arena] = field(init=False, factory=list)
    _outputs: tuple[tuple[int, bool], ...] = field(init=False)
    _dtype: np.dtype[Any] = field(init=False)
    _batched_size: int = field(init=False)
    _results: Results = field(init=False, factory=Results)

    def __attrs_post_init__(self) -> None:
        """Look the code up, and what is the same in every call."""
        self._constants = prepared_constants(self.lowered)
        kind = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 2)
        self._function = kind(self.library.addresses[RUN])
        arrays = [self.lowered.program.arrays[o.array] for o in self.lowered.program.outputs]
        self._outputs = tuple((array.size, array.batched) for array in arrays)
        self._dtype = np.dtype(self.lowered.tile.dtype)
        self._batched_size = self._dtype.itemsize * sum(
            size for size, batched in self._outputs if batched
        )
        if ENTER in self.library.addresses and known():
            self._door = self._way_in()
            self.shortcut = self._door(0, _ANY).shortcut

    def door(self, below: int, most: int | None) -> LlvmDoor | None:
        """Open a way for calls of some numbers of samples (see `mgcompile.backends.interface`)."""
        return None if self._door is None else self._door(below, _ANY if most is None else most)

    def _way_in(self) -> Callable[[int, int], LlvmDoor]:
        """Return what makes functions for CPython, and make an arena for them alone."""
        lowered, most = self.lowered, _ANY
        if self.threads > 1:
            most = lowered.tile.chunk * lowered.tile.samples  # more is shared among threads
        if self._batched_size:
            most = min(most, (LARGE - 1) // self._batched_size)
        arena = Arena.make(lowered, self._constants, 1)
        if lowered.loops.sizes["store"]:
            most = min(most, MOST_TILES * lowered.tile.samples)
            arena.grow(lowered, most)
        addresses = python_addresses(lowered.tile.dtype)
        arena.set("PYTHON", address_of(addresses))
        code, library = self.library.addresses[ENTER], self.library

        def opened(below: int, above: int) -> LlvmDoor:
            return LlvmDoor.make(code, arena, below, min(above, most), addresses, library)

        return opened

    def __call__(self, inputs: Any, count: int, params: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Run the program once over all samples (see `mgcompile.backends.interface.Executable`)."""
        return self.tell_nan(inputs, count, params)[0]

    def tell_nan(
        self, inputs: Any, count: int, params: NDArray[Any]
    ) -> tuple[tuple[NDArray[Any], ...], bool]:
        """Run the program, and tell whether any derivative that it gives is NaN."""
        if self.shortcut is not None and isinstance(inputs, np.ndarray):
            found = self.shortcut(inputs, params, False)
            if found is not None:
                return self._as_arrays(found, count), False
        try:
            arena = self._free.pop()  # atomic: no two calls get the same arena
        except IndexError:
            arena = Arena.make(self.lowered, self._constants, self.threads)
        found = self._run(arena, inputs, count, params)
        self._free.append(arena)
        return found

    def _as_arrays(self, found: Any, count: int) -> tuple[NDArray[Any], ...]:
        results = found if isinstance(found, tuple) else (found,)
        return tuple(
            [
                np.asarray(result, self._dtype).reshape((count, size) if batched else size)
                for result, (size, batched) in zip(results, self._outputs, strict=True)
            ]
        )

    def _new_results(self, count: int, order: Literal["C", "F"]) -> tuple[NDArray[Any], ...]:
        make: Any = np.empty if count * self._batched_size < LARGE else self._results.array
        return tuple(
            [
                make((count, size) if batched else (size,), self._dtype, order)
                for size, batched in self._outputs
            ]
        )

    def _run(
        self, arena: Arena, inputs: Any, count: int, params: NDArray[Any]
    ) -> tuple[tuple[NDArray[Any], ...], bool]:
        if self.lowered.loops.sizes["store"]:
            arena.grow(self.lowered, count)
        results = self._new_results(count, "C" if isinstance(inputs, np.ndarray) else "F")
        kept = describe_inputs(arena, inputs)
        arena.set("COUNT", count)
        arena.set("PARAMS", address_of(params))
        arena.set("NAN", 0)
        for place, result in enumerate(results):
            arena.outputs[3 * place] = address_of(result)
            if result.ndim > 1:
                arena.outputs[3 * place + 1], arena.outputs[3 * place + 2] = result.strides
        run(self._function, arena, self, useful_threads(self.lowered, count, self.threads))
        del kept
        return results, bool(arena.get("NAN"))
