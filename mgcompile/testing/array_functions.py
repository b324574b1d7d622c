"""Compile an elementwise formula as a function over NumPy arrays: to test, measure and compare."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import define

from mgcompile.backends.llvm.codegen.interleave import one_by_one, straight
from mgcompile.backends.llvm.ir.function_builder import Writer
from mgcompile.backends.llvm.ir.module_builder import Library
from mgcompile.backends.llvm.ir.target import Target, host_target
from mgcompile.backends.llvm.ir.vector_type import kind_of
from mgcompile.backends.llvm.runtime.jit import LoadedCode, object_code
from mgcompile.schedule.costs import TOGETHER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mgcompile.backends.llvm.ir.function_builder import Index
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block

Formula = Callable[..., "Vec"]

_NAME = "over_arrays"


@define
class ArrayFunction:
    """Apply a compiled formula to arrays, element by element."""

    dtype: str
    arity: int
    lanes: int
    code: LoadedCode
    _function: Any

    def __call__(self, *operands: Any) -> NDArray[Any]:
        """Return the results for arrays of one shape, which are converted to the dtype."""
        arrays = np.broadcast_arrays(*(np.asarray(x, self.dtype) for x in operands))
        shape = arrays[0].shape
        size = -(-arrays[0].size // self.lanes) * self.lanes
        padded = np.ones((self.arity, size), self.dtype)
        for row, array in zip(padded, arrays, strict=True):
            row[: array.size] = array.ravel()
        result = np.empty(size, self.dtype)
        self.run(list(padded), result)
        return result[: arrays[0].size].reshape(shape)

    def run(self, operands: Sequence[NDArray[Any]], result: NDArray[Any]) -> None:
        """Fill ``result`` from contiguous arrays of the dtype; sizes are multiples of the lanes."""
        self.bound(operands, result)()

    def bound(self, operands: Sequence[NDArray[Any]], result: NDArray[Any]) -> Callable[[], None]:
        """Return what fills ``result``, with the addresses looked up already.

        The arrays have to stay alive for as long as it is called.
        """
        addresses = [x.ctypes.data for x in (*operands, result)]
        return partial(self._function, *addresses, result.size)


def over_arrays(
    formula: Formula, arity: int, dtype: str = "float64", target: Target | None = None
) -> ArrayFunction:
    """Compile a formula into one loop over arrays.

    As in a kernel, several vectors are worked on side by side, and again one by one where there
    is a lane among them that needs more than the usual computation.

    Args:
        formula: takes a block and one register per operand, and returns the result.
        arity: number of operands.
        dtype: ``"float64"`` or ``"float32"``.
        target: whose vector width to use; the host's when not given.

    Returns:
        The function.
    """
    target = target or host_target()
    kind = kind_of(dtype, target.lanes(dtype))
    library = Library(target)
    pointers = [f"%a{place}" for place in range(arity)]
    signature = [*(f"ptr noalias {each}" for each in pointers), "ptr noalias %out", "i64 %n"]
    writer = Writer(library, _NAME, signature, internal=False, spills=True)
    step = kind.lanes * kind.bits // 8

    def point(block: Block, distance: Index) -> None:
        align = f"align {kind.bits // 8}"
        places = [block.append(_place(each, distance), block.kind) for each in pointers]
        operands = [
            block.append(f"load {block.kind}, ptr {each.name}, {align}", block.kind)
            for each in places
        ]
        result = formula(block, *operands)
        to = block.append(_place("%out", distance), block.kind)
        block.lines.append(f"  store {block.kind} {result.name}, ptr {to.name}, {align}")

    stop = writer.mul("%n", kind.bits // 8)
    whole = writer.value(f"and i64 {stop}, {-step * TOGETHER}")
    with writer.loop(whole, step=step * TOGETHER, maybe_empty=True) as turn:
        doubtful = straight(writer, kind, turn.index, point)
        with writer.when(doubtful):
            end = writer.add(turn.index, step * TOGETHER)
            one_by_one(writer, kind, (turn.index, end), point)
    one_by_one(writer, kind, (whole, stop), point)
    writer.do("ret void")
    text = "\n\n".join([writer.text(), library.text()])
    code = LoadedCode.load(object_code(text), [_NAME], library.imports)
    kinds = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (arity + 1), ctypes.c_int64)
    return ArrayFunction(dtype, arity, kind.lanes, code, kinds(code.addresses[_NAME]))


def _place(pointer: str, distance: Index) -> str:
    return f"getelementptr i8, ptr {pointer}, i64 {distance}"
