"""Write `max`, `min`, their chains and `logsumexp` along an axis as passes over its elements.

A pass folds one element after the other into a state, of which several are at work on at once: no
step then waits for the one before. What the state is laid out in, samples or elements, the caller
decides; the formulas are those of `op_table`, which writes them out for a few operands.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attrs import frozen

from mgcompile.backends.llvm.math.op_table import finished, larger, share_beside, smaller
from mgcompile.support.op_traits import is_shipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from mgcompile.backends.llvm.codegen.codegen_context import Address
    from mgcompile.backends.llvm.ir.function_builder import Writer
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block
    from mgcompile.backends.llvm.ir.vector_type import Kind
    from mgcore import Op

    Load = Callable[[Block, Address], Vec]
    Spread = Callable[[Block, str], Vec]

__all__ = ["Fold", "fold_by_sample", "is_streamed", "write_streamed"]

STREAMED = ("max", "min", "maximum_chain", "minimum_chain", "logsumexp")

TOGETHER = 4
"""States that are at work on at once."""


@frozen
class Fold:
    """One pass over many numbers.

    Attributes:
        first: What each part of a state begins with.
        taken: Appends how one more number goes into a state.
        joined: Appends how two states become one.
    """

    first: tuple[float, ...]
    taken: Callable[[Block, Vec, list[Vec]], list[Vec]]
    joined: Callable[[Block, list[Vec], list[Vec]], list[Vec]]


LARGEST = Fold(
    (-math.inf,),
    lambda block, x, state: [larger(block, state[0], x)],
    lambda block, a, b: [larger(block, a[0], b[0])],
)
SMALLEST = Fold(
    (math.inf,),
    lambda block, x, state: [smaller(block, state[0], x)],
    lambda block, a, b: [smaller(block, a[0], b[0])],
)


def is_streamed(op: Op) -> bool:
    """Tell whether an op can be written as passes over any number of elements."""
    return any(is_shipped(op, name) for name in STREAMED)


def write_streamed(
    writer: Writer, op: Op, kind: Kind, fold: Callable[[Fold], list[str]], spread: Spread
) -> str:
    """Append the passes that an op takes; return the register of the result.

    Args:
        writer: The function.
        op: One that `is_streamed`.
        kind: Of the result.
        fold: Appends a pass, and returns the registers of its state, of that kind.
        spread: Appends such a register as it is read beside the elements.
    """
    if not is_shipped(op, "logsumexp"):
        (result,) = fold(LARGEST if op.name.startswith("max") else SMALLEST)
        return result
    (largest,) = fold(LARGEST)

    def taken(block: Block, x: Vec, state: list[Vec]) -> list[Vec]:
        return list(share_beside(block, x, spread(block, largest), *state))

    def joined(_: Block, a: list[Vec], b: list[Vec]) -> list[Vec]:
        return [x + y for x, y in zip(a, b, strict=True)]

    rest, ties = fold(Fold((0.0, 0.0), taken, joined))
    block = writer.block(kind)
    others = block.register(rest) + (block.register(ties) - 1.0)
    result = finished(block, block.register(largest), others).name
    writer.splice(block)
    return result


def fold_by_sample(
    writer: Writer, kind: Kind, read: Address, axes: list[tuple[int, int]], load: Load, fold: Fold
) -> list[str]:
    """Append a pass with samples in the lanes; return the registers of the state.

    Args:
        writer: The function.
        kind: Of the registers.
        read: An address on the elements, with every axis entered but those reduced.
        axes: The reduced axes: each one's number in the address, and its length.
        load: Appends the load of a register to a block, of an address with every axis entered.
        fold: The pass.
    """
    states = min(TOGETHER, axes[-1][1])
    names = [kind.literal(number) for number in fold.first] * states
    names = _folded(writer, kind, read, axes, load, fold, names)
    block, size = writer.block(kind), len(fold.first)
    parts = [
        [block.register(name) for name in names[k : k + size]] for k in range(0, len(names), size)
    ]
    total = parts[0]
    for part in parts[1:]:
        total = fold.joined(block, total, part)
    writer.splice(block)
    return [each.name for each in total]


def _folded(
    writer: Writer,
    kind: Kind,
    read: Address,
    axes: list[tuple[int, int]],
    load: Load,
    fold: Fold,
    names: list[str],
) -> list[str]:
    """Append the loops over the axes; `names` are the registers of all states."""
    (axis, length), *inner = axes
    size = len(fold.first)
    states = len(names) // size
    step = 1 if inner else states
    whole = length // step * step

    def one(index: int | str, plus: int, names: list[str]) -> list[str]:
        here = read.fork()
        here.enter(axis, index, plus)
        if inner:
            return _folded(writer, kind, here, inner, load, fold, names)
        block = writer.block(kind)
        following = fold.taken(block, load(block, here), [block.register(name) for name in names])
        writer.splice(block)
        return [each.name for each in following]

    with writer.loop(whole, step=step, carried=[(str(kind), name) for name in names]) as turn:
        if inner:
            turn.following = one(turn.index, 0, turn.values)
        else:
            turn.following = [
                name
                for k in range(states)
                for name in one(turn.index, k, turn.values[k * size : (k + 1) * size])
            ]
    names = turn.values
    for index in range(whole, length):
        names = [*one(index, 0, names[:size]), *names[size:]]
    return names
