"""Run a lowered program: hand over inputs, take results, keep memory for every call at work."""

from __future__ import annotations

import ctypes
import threading
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from attrs import define, field

from mgcompile.llvm.context import SLOTS
from mgcompile.llvm.cpython import address_of, known, python_addresses, python_function
from mgcompile.llvm.entry import ENTER
from mgcompile.llvm.lower import CHUNK_TILES, MOST_CHUNKS, RUN
from mgcompile.llvm.results import LARGE, Results

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.backend import Shortcut
    from mgcompile.llvm.jit import Library
    from mgcompile.llvm.lower import Lowered

__all__ = [
    "Arena",
    "LlvmExecutable",
    "aligned",
    "describe_inputs",
    "prepared_constants",
    "run",
    "useful_threads",
]

MOST_SAMPLES = 1 << 62

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
    words: Any
    outputs: Any
    columns: Any
    store_bytes: int = 0
    _keep: list[Any] = field(factory=list)

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
        outputs = (ctypes.c_int64 * (3 * len(lowered.program.outputs)))()
        columns = (ctypes.c_int64 * (2 * lowered.program.n_inputs))()
        scratch = tuple(reserve(lowered.scratch_bytes) for _ in range(threads))
        address = context.ctypes.data
        words = (ctypes.c_int64 * len(SLOTS)).from_address(address)
        arena = cls(context, address, scratch, words, outputs, columns, 0, keep)
        arena.set("CONSTS", constants[0].ctypes.data)
        arena.set("TABLES", constants[1].ctypes.data)
        arena.set("SHARED", reserve(sizes["shared"] * size))
        arena.set("SUMS", reserve(sizes["sums"] * size * MOST_CHUNKS))
        arena.set("OUTPUTS", ctypes.addressof(outputs))
        arena.set("COLUMNS", ctypes.addressof(columns))
        arena.set("SCRATCH", scratch[0])
        return arena

    def set(self, name: str, value: int) -> None:
        """Fill a slot of the block."""
        self.words[_SLOT[name]] = value

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
        arena.set("MATRIX", address_of(inputs))
        arena.set("ROW", inputs.strides[0])
        arena.set("COLUMN", inputs.strides[1])
        return [inputs]
    arena.set("MATRIX", 0)
    for place, column in enumerate(inputs):
        arena.columns[2 * place] = address_of(column)
        arena.columns[2 * place + 1] = column.strides[0]
    return list(inputs)


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
    library: Library
    threads: int = 1
    shortcut: Shortcut | None = field(init=False, default=None)
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
        self._batched_size = self._dtype.itemsize * sum(
            size for size, batched in self._outputs if batched
        )
        if ENTER in self.library.addresses and known():
            self.shortcut = self._new_shortcut()

    def _new_shortcut(self) -> Shortcut:
        """Make the function for CPython, and an arena for it alone."""
        lowered, most = self.lowered, MOST_SAMPLES
        if self.threads > 1:
            most = CHUNK_TILES * lowered.shape.tile  # more is shared among threads
        if self._batched_size:
            most = min(most, (LARGE - 1) // self._batched_size)
        arena = Arena.make(lowered, self._constants, 1)
        if lowered.layout.sizes["store"]:
            most = min(most, CHUNK_TILES * lowered.shape.tile)
            arena.grow(lowered, most)
        addresses = python_addresses(lowered.shape.dtype)
        arena.set("PYTHON", address_of(addresses))
        arena.set("MOST", most)
        code = self.library.addresses[ENTER]
        return python_function(code, arena.context, arena, addresses, self.library)

    def __call__(self, inputs: Any, count: int, params: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Run the program once over all samples (see `mgcompile.backend.Executable`)."""
        if self.shortcut is not None and isinstance(inputs, np.ndarray):
            found = self.shortcut(inputs, params, False)
            if found is not None:
                return self._as_arrays(found, count)
        try:
            arena = self._free.pop()  # atomic: no two calls get the same arena
        except IndexError:
            arena = Arena.make(self.lowered, self._constants, self.threads)
        try:
            return self._run(arena, inputs, count, params)
        finally:
            self._free.append(arena)

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
    ) -> tuple[NDArray[Any], ...]:
        if self.lowered.layout.sizes["store"]:
            arena.grow(self.lowered, count)
        results = self._new_results(count, "C" if isinstance(inputs, np.ndarray) else "F")
        kept = describe_inputs(arena, inputs)
        arena.set("COUNT", count)
        arena.set("PARAMS", address_of(params))
        for place, result in enumerate(results):
            arena.outputs[3 * place] = address_of(result)
            if result.ndim > 1:
                arena.outputs[3 * place + 1], arena.outputs[3 * place + 2] = result.strides
        run(self._function, arena, useful_threads(self.lowered, count, self.threads))
        del kept
        return results


def prepared_constants(lowered: Lowered) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Return constants and index tables in the form that the code reads."""
    consts = np.ascontiguousarray(lowered.program.consts, dtype=lowered.shape.dtype)
    return consts, lowered.tables


def useful_threads(lowered: Lowered, count: int, threads: int) -> int:
    """Return how many threads find a chunk of the batch to work on."""
    tiles = -(-count // lowered.shape.tile)
    share = max(CHUNK_TILES, -(-tiles // MOST_CHUNKS))
    return max(1, min(threads, -(-tiles // share)))


def run(function: Any, arena: Arena, threads: int, *more: int) -> None:
    """Call the code in some threads, at most as many as the arena has scratch areas for."""
    others = [
        threading.Thread(
            target=copy_context().run,  # rules that are called back note in it what they raise
            args=(function, arena.address, scratch, number, threads, *more),
        )
        for number, scratch in enumerate(arena.scratch[:threads])
        if number
    ]
    arena.set("TICKETS", 0)
    for other in others:
        other.start()
    try:
        function(arena.address, arena.scratch[0], 0, threads, *more)
    finally:
        for other in others:
            other.join()
