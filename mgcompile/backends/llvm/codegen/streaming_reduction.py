"""Write `logsumexp` along an axis as loops: one for the largest element, one for the sum.

The same formula as in `lowerings`, which writes it out for a few operands.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.math.op_table import added_beside, finished, larger

if TYPE_CHECKING:
    from collections.abc import Callable

    from mgcompile.backends.llvm.codegen.codegen_context import Address
    from mgcompile.backends.llvm.ir.function_builder import Writer
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block
    from mgcompile.backends.llvm.ir.vector_type import Kind

    Load = Callable[[Block, Address], Vec]
    Step = Callable[[Block, Vec, list[Vec]], list[Vec]]

__all__ = ["write_logsumexp"]


def write_logsumexp(
    writer: Writer,
    kind: Kind,
    read: Address,
    axes: list[tuple[int, int]],
    load: Load,
) -> str:
    """Append the loops; return the register of the result.

    Args:
        writer: the function.
        kind: of the registers.
        read: an address on the elements, with every axis entered but those reduced.
        axes: the reduced axes: each one's number in the address, and its length.
        load: appends the load of a register to a block, of an address with every axis entered.
    """

    def fold(step: Step, state: list[tuple[Kind, str]]) -> list[str]:
        return _fold(writer, kind, read, axes, load, step, state)

    (largest,) = fold(
        lambda block, x, state: [larger(block, state[0], x)], [(kind, kind.literal(-math.inf))]
    )
    rest, _ = fold(
        lambda block, x, state: list(added_beside(block, x, block.register(largest), *state)),
        [(kind, kind.literal(0.0)), (kind.mask, kind.mask.literal(1))],
    )
    block = writer.block(kind)
    result = finished(block, block.register(largest), block.register(rest))
    writer.splice(block)
    return result.name


def _fold(
    writer: Writer,
    kind: Kind,
    read: Address,
    axes: list[tuple[int, int]],
    load: Load,
    step: Step,
    state: list[tuple[Kind, str]],
) -> list[str]:
    """Append loops over the axes that hand a state on from element to element."""
    if not axes:
        block = writer.block(kind)
        x = load(block, read)
        following = step(block, x, [block.register(name, of) for of, name in state])
        writer.splice(block)
        return [each.name for each in following]
    (axis, length), *inner = axes
    with writer.loop(length, carried=[(str(of), name) for of, name in state]) as turn:
        one = read.fork()
        one.enter(axis, turn.index)
        carried = [(of, name) for (of, _), name in zip(state, turn.values, strict=True)]
        turn.following = _fold(writer, kind, one, inner, load, step, carried)
    return turn.values
