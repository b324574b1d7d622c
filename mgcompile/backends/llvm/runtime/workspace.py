"""The memory that a run of a program works in, and how its code is called, in some threads."""

from __future__ import annotations

import ctypes
import functools
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import define, field

from mgcompile.backends.llvm.abi.context import SLOTS
from mgcompile.backends.llvm.codegen.run_function import MOST_CHUNKS, most_chunks
from mgcompile.backends.llvm.runtime.cpython import address_of
from mgcompile.backends.llvm.runtime.helpers import called

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.backends.llvm.lower import Lowered

__all__ = ["Arena", "aligned", "describe_inputs", "prepared_constants", "run", "useful_threads"]

_SLOT = {name: place for place, name in enumerate(SLOTS)}

_CALLED_OFF = 2
"""In the slot GATE: the caller's own thread will not be there."""


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
    _store: NDArray[np.uint8] | None = None

    @classmethod
    def make(cls, lowered: Lowered, constants: tuple[Any, ...], threads: int) -> Arena:
        """Reserve the areas that do not grow with the batch."""
        size, sizes = lowered.tile.bytes, lowered.loops.sizes
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

    def get(self, name: str) -> int:
        """Return what stands in a slot of the block."""
        return int(self.words[_SLOT[name]])

    def grow(self, lowered: Lowered, count: int) -> None:
        """Make room for the batched arrays that live longer than a phase."""
        tile = lowered.tile.samples
        elements = lowered.loops.sizes["store"] * tile * -(-count // tile)
        wanted = elements * lowered.tile.bytes
        if wanted > self.store_bytes:
            self._store = None  # gone before the larger one is made: no run is using it
            self._store, address = aligned(wanted)
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


def prepared_constants(lowered: Lowered) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Return constants and index tables in the form that the code reads."""
    consts = np.ascontiguousarray(lowered.program.consts, dtype=lowered.tile.dtype)
    return consts, lowered.tables


def useful_threads(lowered: Lowered, count: int, threads: int) -> int:
    """Return how many threads find a chunk of the batch to work on."""
    tiles = -(-count // lowered.tile.samples)
    share = max(lowered.tile.chunk, -(-tiles // most_chunks(lowered.loops)))
    return max(1, min(threads, -(-tiles // share)))


def run(function: Any, arena: Arena, keep: object, threads: int, *more: int) -> None:
    """Call the code in some threads, at most as many as the arena has scratch areas for.

    When it returns, all that is left for the others to do is to return too; `keep`, which has to
    hold the code, lives on until they have. When it raises, as an interrupt may anywhere, no other
    is at work, but some may still have to learn that they are not needed: the arena, which tells
    them, must not be used again.
    """
    helpers = called(threads - 1) if threads > 1 else []
    threads = 1 + len(helpers)
    for count in ("TICKETS", "CLAIMS", "LEFT", "GATE"):
        arena.set(count, 0)
    try:
        for number, helper in enumerate(helpers, start=1):
            arguments = (arena.address, arena.scratch[number], number, threads, *more)
            helper.do(functools.partial(function, *arguments), (keep, arena))
        function(arena.address, arena.scratch[0], 0, threads, *more)
    except BaseException:
        arena.set("GATE", _CALLED_OFF)
        raise
