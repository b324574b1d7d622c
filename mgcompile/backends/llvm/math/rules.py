"""Write the steps of a rule on registers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.backends.llvm.math.scipy_special import special_function
from mgcompile.errors import SymbolError
from mgcore import Op

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block
    from mgcompile.support.recorded_rule import Function, Recorded

    Apply = Callable[[Block, Op, list[Vec]], Vec]

__all__ = ["write_rule"]


def write_rule(block: Block, rule: Recorded, operands: Sequence[Vec], apply: Apply) -> list[Vec]:
    """Append the steps of a rule; return its results.

    Args:
        block: takes the instructions.
        rule: the steps.
        operands: of the rule.
        apply: appends an op to a block.

    Raises:
        SymbolError: naming a function that has no machine code.
    """

    def step(function: Function, registers: list[Vec]) -> Vec:
        if isinstance(function, Op):
            return apply(block, function, registers)
        called = special_function(block.library, function)
        if called is None:
            message = f"the function {function.__name__} has no machine code"
            raise SymbolError(message)
        return block.call(called, *registers)

    return rule.taken(operands, step, block.constant)
