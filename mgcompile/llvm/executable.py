"""Run a lowered program: hand over inputs, take results, keep memory for every call at work."""

from __future__ import annotations

import ctypes
import threading
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from attrs import define, field

from mgcompile.llvm.context import SLOTS
from mgcompile.llvm.entry import ENTER, Entry
from mgcompile.llvm.lower import MOST_CHUNKS, RUN
from mgcompile.llvm.results import LARGE, Results

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.llvm.jit import Library
    from mgcompile.llvm.lower import Lowered

__all__ = ["Arena", "LlvmExecutable", "aligned", "describe_inputs", "prepared_constants", "run"]

_SLOT = {name: place for place, name in enumerate(SLOTS)}


def aligned(size: int) -> tuple[NDArray[np.uint8], int]:
    """Return memory of at least `size` bytes and the address in it that a multiple of 64 is."""
    memory = np.empty(size + 64, dtype=np.uint8)
    address = memory.ctypes.data
    return memory, address + -address % 64


@define
class Arena:
    """The memory that one run of a program works in, and the block through which it is called."""

    context: NDArray[np.int64]
    address: int
    scratch: tuple[int, ...]
    outputs: NDArray[np.int64]
    columns: NDArray[np.int64]
    store_bytes: int = 0
    _keep: list[Any] = field(factory=list)
    enter: Any = None

    @classmethod
    def make(cls, lowered: Lowered, constants: tuple[Any, ...], threads: int) -> Arena:
        """Reserve the areas that do not grow with the batch."""
        size, sizes = lowered.shape.bytes, lowered.layout.sizes
        keep: list[Any] = [*constants]

        def reserve(count: int) -> int:
            memory, address = aligned(count)
            keep.append(memory)
            return address

        context = np.zeros(len(SLOTS), dtype=np.int64)
        outputs = np.zeros((len(lowered.program.outputs), 3), dtype=np.int64)
        columns = np.zeros((lowered.program.n_inputs, 2), dtype=np.int64)
        context[_SLOT["CONSTS"]] = constants[0].ctypes.data
        context[_SLOT["TABLES"]] = constants[1].ctypes.data
        context[_SLOT["SHARED"]] = reserve(sizes["shared"] * size)
        context[_SLOT["SUMS"]] = reserve(sizes["sums"] * size * MOST_CHUNKS)
        context[_SLOT["OUTPUTS"]] = outputs.ctypes.data
        context[_SLOT["COLUMNS"]] = columns.ctypes.data
        scratch = tuple(reserve(lowered.scratch_bytes) for _ in range(threads))
        context[_SLOT["SCRATCH"]] = scratch[0]
        return cls(context, context.ctypes.data, scratch, outputs, columns, 0, keep)

    def set(self, name: str, value: int) -> None:
        """Fill a slot of the block."""
        self.context[_SLOT[name]] = value

    def grow(self, lowered: Lowered, count: int) -> None:
        """Make room for the batched arrays that live longer than a phase."""
        tile = lowered.shape.tile
        elements = lowered.layout.sizes["store"] * tile * -(-count // tile)
        wanted = elements * lowered.shape.bytes
        if wanted > self.store_bytes:
            memory, address = aligned(wanted)
            self._keep.append(memory)
            self.store_bytes = wanted
            self.set("STORE", address)


def describe_inputs(arena: Arena, inputs: Any) -> list[Any]:
    """Write where the inputs are into an arena; return what has to stay alive meanwhile."""
    if isinstance(inputs, np.ndarray):
        arena.set("MATRIX", inputs.ctypes.data)
        arena.set("ROW", inputs.strides[0])
        arena.set("COLUMN", inputs.strides[1])
        return [inputs]
    arena.set("MATRIX", 0)
    for place, column in enumerate(inputs):
        arena.columns[place] = column.ctypes.data, column.strides[0]
    return list(inputs)


@define
class LlvmExecutable:
    """A program as machine code. Safe to call from several threads at once.

    Attributes:
        lowered: the program and its layout.
        library: its code.
        threads: how many share the tiles of a call.
    """

    lowered: Lowered
    library: Library
    threads: int = 1
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
        self._dtype = np.dtype(self.lowered.shape.dtype)
        self._batched_size = self._dtype.itemsize * sum(size for size, _ in self._outputs)

    def _new_arena(self) -> Arena:
        arena = Arena.make(self.lowered, self._constants, self.threads)
        arena.enter = Entry.make(self.library.addresses[ENTER], arena.context)
        return arena

    def __call__(self, inputs: Any, count: int, params: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Run the program once over all samples (see `mgcompile.backend.Executable`)."""
        try:
            arena = self._free.pop()  # atomic: no two calls get the same arena
        except IndexError:
            arena = self._new_arena()
        try:
            return self._run(arena, inputs, count, params)
        finally:
            self._free.append(arena)

    def _new_results(self, count: int, order: Literal["C", "F"]) -> tuple[NDArray[Any], ...]:
        if count * self._batched_size < LARGE:
            return tuple(
                [
                    np.empty((count, size) if batched else size, self._dtype, order)
                    for size, batched in self._outputs
                ]
            )
        return tuple(
            [
                self._results.array((count, size) if batched else (size,), self._dtype, order)
                for size, batched in self._outputs
            ]
        )

    def _run(
        self, arena: Arena, inputs: Any, count: int, params: NDArray[Any]
    ) -> tuple[NDArray[Any], ...]:
        if self.lowered.layout.sizes["store"]:
            arena.grow(self.lowered, count)
        matrix = isinstance(inputs, np.ndarray)
        results = self._new_results(count, "C" if matrix else "F")
        if matrix and self.threads == 1:
            arena.enter.function(inputs, params, *results)
            return results
        kept = describe_inputs(arena, inputs)
        arena.set("COUNT", count)
        arena.set("PARAMS", params.ctypes.data)
        for place, result in enumerate(results):
            words = (result.ctypes.data, *result.strides)
            arena.outputs[place, : len(words)] = words
        run(self._function, arena, self.threads)
        del kept
        return results


def prepared_constants(lowered: Lowered) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Return constants and index tables in the form that the code reads."""
    consts = np.ascontiguousarray(lowered.program.consts, dtype=lowered.shape.dtype)
    return consts, lowered.tables


def run(function: Any, arena: Arena, threads: int, *more: int) -> None:
    """Call the code in as many threads as the arena has scratch areas for."""
    others = [
        threading.Thread(
            target=copy_context().run,  # rules that are called back note in it what they raise
            args=(function, arena.address, scratch, number, threads, *more),
        )
        for number, scratch in enumerate(arena.scratch)
        if number
    ]
    for other in others:
        other.start()
    try:
        function(arena.address, arena.scratch[0], 0, threads, *more)
    finally:
        for other in others:
            other.join()
