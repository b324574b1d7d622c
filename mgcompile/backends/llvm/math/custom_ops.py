"""Lower ops without an entry in the table, from nothing but their own rules.

In this order: Newton's method becomes a loop; a forward rule that is generic, or applies functions
of NumPy and scipy.special, writes its own instructions; any other Python callable is called back,
lane by lane, with a warning.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from mgcompile.backends.callbacks import number, warn_of_callback
from mgcompile.backends.llvm.ir.module_builder import Import
from mgcompile.backends.llvm.math.calls import scalar_calls
from mgcompile.backends.llvm.math.rules import write_rule
from mgcompile.backends.llvm.math.solvers import lower_newton
from mgcompile.support.recorded_rule import recorded
from mgcore.newton import Newton

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block
    from mgcore import Op

__all__ = ["calls_back", "is_called_back", "lower_foreign"]


def lower_foreign(
    block: Block, op: Op, operands: Sequence[Vec], apply: Callable[[Block, Op, list[Vec]], Vec]
) -> Vec:
    """Append an op by its forward rule.

    Args:
        block: takes the instructions.
        op: the op.
        operands: its operands.
        apply: appends any other op to a block.

    Returns:
        The result.
    """
    mark = len(block.lines)
    try:
        if isinstance(op.forward, Newton):
            return lower_newton(block, op, op.forward, operands, apply)
        (result,) = write_rule(block, recorded(op.forward, len(operands)), operands, apply)
    except Exception as error:
        block.undo(mark)
        return _called_back(block, op, operands, error)
    return result


def is_called_back(op: Op, arity: int) -> bool:
    """Tell whether `lower_foreign` has Python run an op's rule."""
    if isinstance(op.forward, Newton):
        return False
    try:
        recorded(op.forward, arity)
    except Exception:
        return True
    return False


def _called_back(block: Block, op: Op, operands: Sequence[Vec], error: Exception) -> Vec:
    arity = len(operands)
    symbol = f"python.{op.name}.{arity}"
    taken = block.library.imports.get(symbol)
    number = 0
    while taken is not None and taken.source is not op:
        number += 1
        taken = block.library.imports.get(f"{symbol}.{number}")
    symbol = f"{symbol}.{number}" if number else symbol
    if taken is None:
        warn_of_callback(op, error)
        callback = _callback(op, arity)
        address = ctypes.cast(callback, ctypes.c_void_p).value or 0
        block.library.imports[symbol] = Import(address, op, callback)
    return block.call(scalar_calls(symbol, arity), *operands)


def _callback(op: Op, arity: int) -> ctypes._FuncPointer:
    def rule(*operands: float) -> float:
        return number(op, operands)

    return ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * arity)(rule)


def calls_back(imports: Mapping[str, Import]) -> bool:
    """Tell whether any of these functions is a rule that Python runs."""
    return any(function.source is not None for function in imports.values())
