"""Write Newton's method as a loop of machine code: the lanes of a vector go on until all are done.

A lane that is done stays as it is while its neighbours go on, so that what a sample gets does not
depend on those beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.backends.llvm.ir.module_builder import Function
from mgcompile.backends.llvm.math.rules import write_rule
from mgcompile.support.recorded_rule import recorded
from mgcore.newton import enough

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block
    from mgcompile.backends.llvm.math.rules import Apply
    from mgcore import Op
    from mgcore.newton import Newton

__all__ = ["lower_newton"]

_EPSILON = {"double": 2.0**-52, "float": 2.0**-23}


def lower_newton(
    block: Block, op: Op, method: Newton, operands: Sequence[Vec], apply: Apply
) -> Vec:
    """Append the call of a function that solves an op's equation.

    Args:
        block: Takes the call; its library takes the function.
        op: Whose forward rule the method is.
        method: Start, equation and number of steps.
        operands: Of the op.
        apply: Appends any other op to a block.
    """

    def body(inside: Block, *arguments: Vec) -> Vec:
        return _solved(inside, method, arguments, apply)

    name = block.library.name_for(op, f"solve.{op.name}")
    return block.call(Function(name, body, inline=False, arity=len(operands)), *operands)


def _solved(block: Block, method: Newton, arguments: Sequence[Vec], apply: Apply) -> Vec:
    start = recorded(method.start, len(arguments))
    equation = recorded(lambda y, *xs: method.at(y, xs), len(arguments) + 1)
    (first,) = write_rule(block, start, arguments, apply)
    small = enough(_EPSILON[block.kind.element])

    def turn(state: list[Vec]) -> tuple[list[Vec], Vec]:
        y, going = state
        residual, slope = write_rule(block, equation, (y, *arguments), apply)
        moved = block.select(residual.same(0.0), 0.0, residual / slope)  # 0 / 0 at a double root
        there = y - moved
        done = (block.absolute(moved) <= block.absolute(there) * small) | there.is_nan()
        goes = going.same(1.0)
        return [
            block.select(goes, there, y),
            block.select(goes & block.inverse(done), 1.0, 0.0),
        ], goes & block.inverse(done)

    y, going = block.repeat([first, block.constant(1.0)], method.steps, turn)
    return block.select(going.same(0.0) & (y - y).same(0.0), y, float("nan"))
