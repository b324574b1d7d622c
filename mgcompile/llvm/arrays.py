"""Compile an elementwise formula as a function over NumPy arrays: to test, measure and compare."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import define

from .block import Block
from .jit import Library as LoadedCode
from .jit import object_code
from .kind import kind_of
from .library import Library
from .target import Target, host_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .block import Vec

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
    block = Block(library, kind)
    result = formula(block, *(block.register(f"%x{i}") for i in range(arity)))
    arguments = ", ".join(f"ptr noalias %a{i}" for i in range(arity))
    loads = [
        line
        for i in range(arity)
        for line in (
            f"  %p{i} = getelementptr {kind.element}, ptr %a{i}, i64 %i",
            f"  %x{i} = load {kind}, ptr %p{i}, align {kind.bits // 8}",
        )
    ]
    text = "\n".join(
        [
            f"define void @{_NAME}({arguments}, ptr noalias %out, i64 %n) nounwind {{",
            "start:",
            "  %none = icmp sle i64 %n, 0",
            "  br i1 %none, label %end, label %entry",
            "entry:",
            "  %i = phi i64 [ 0, %start ], [ %next, %entry ]",
            *loads,
            *block.lines,
            f"  %to = getelementptr {kind.element}, ptr %out, i64 %i",
            f"  store {kind} {result.name}, ptr %to, align {kind.bits // 8}",
            f"  %next = add i64 %i, {kind.lanes}",
            "  %more = icmp slt i64 %next, %n",
            "  br i1 %more, label %entry, label %end",
            "end:",
            "  ret void",
            "}",
            library.text(),
        ]
    )
    code = LoadedCode.load(object_code(text), [_NAME], library.imports)
    signature = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (arity + 1), ctypes.c_int64)
    return ArrayFunction(dtype, arity, kind.lanes, code, signature(code.addresses[_NAME]))
