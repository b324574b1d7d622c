"""Write the partials of a chain of maximum or minimum: one pass, and a loop for triple ties.

The number that is the result gets 1, of two that are it each gets a half. Of more, each gets what
the steps of the chain leave it: a loop from the last number to the first finds that, and it need
run only where there are more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mgcompile.autodiff.symbols import Emitter, Symbol
from mgcompile.program.builder import affine
from mgcompile.program.index_maps import dense_strides, only_axes, reversed_axis
from mgcompile.program.ir import CONSTS, Access, Affine, Carry, extent
from mgcompile.support.chains import following_share
from mgcompile.support.ranges import Range
from mgcore import ops

if TYPE_CHECKING:
    from mgcompile.autodiff.symbols import Number

__all__ = ["chain_shares"]

_SHARE = Range(0.0, 1.0)


def chain_shares(emitter: Emitter, out: Symbol, x: Symbol, length: int) -> Number:
    """Return the partials of a chain.

    Args:
        emitter: Over the axes of the results, and the one along which the chain goes.
        out: The results.
        x: What the chain goes along.
        length: Of the last axis.
    """
    apply = emitter.apply
    tie = apply(ops.eq, (x, out))
    count = emitter.total(tie, (length,))
    share = apply(ops.select, (apply(ops.gt, (count, 1.0)), 0.5, 1.0))
    several = apply(ops.gt, (count, 2.0))
    each = _each_share(emitter, x, out, (count, several), length)
    return apply(ops.select, (several, each, apply(ops.select, (tie, share, 0.0))))


@attrs.frozen(slots=True)
class _Steps:
    """The loop from the last number to the first, beside the axes that are in `emitter`."""

    emitter: Emitter
    length: int

    @property
    def depth(self) -> int:
        return len(self.emitter.loops)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.emitter.domain[:-1]

    @property
    def around(self) -> tuple[int, ...]:
        """The axes but the last."""
        return (*range(self.depth + len(self.shape)),)

    def inside(self, symbol: Symbol) -> Access:
        """Return what a symbol reads, over the loop's iterations and the results."""
        index = reversed_axis(symbol.access.index, len(self.around), self.length)
        order = (*self.around[: self.depth], len(self.around), *self.around[self.depth :])
        return Access(symbol.access.array, only_axes(index, order))

    def beside(self, number: Number) -> Access:
        """Return an access over the results to a number that is the same along the last axis."""
        access = self.emitter.access(number)
        return Access(access.array, only_axes(access.index, self.around))

    def dense(self, access: Access, loops: int) -> int:
        """Return the array of what an access reads over the results, in `loops` loops."""
        builder, index = self.emitter.builder, Affine(0, (0,) * loops + dense_strides(self.shape))
        if access.index == index and builder.arrays[access.array].size == extent(self.shape):
            return access.array
        return builder.bundle(ops.sum, self.shape, [access])


def _each_share(
    emitter: Emitter, x: Symbol, out: Symbol, counted: tuple[Number, Number], length: int
) -> Symbol:
    """Return the shares as a loop finds them.

    `counted` are how many ties there are, and whether there are several.
    """
    steps, builder = _Steps(emitter, length), emitter.builder
    depth, shape, size = steps.depth, steps.shape, extent(steps.shape)
    count, several = (steps.beside(number) for number in counted)
    around = Emitter(builder, emitter.loops, shape)
    anywhere = around.access(around.total(Symbol(several, around), shape))
    needed = Access(anywhere.array, only_axes(anywhere.index, (*range(depth),)))
    zeros = (0,) * depth
    starts = [
        affine(CONSTS, builder.constant(1.0), *zeros, 0),
        affine(steps.dense(count, depth), 0, *zeros, 1),
    ]
    batched = builder.is_batched([x.access, out.access])
    carried = [builder.new_array(size, batched=batched) for _ in starts]
    builder.open_loop()
    inner = Emitter(builder, (*emitter.loops, length), shape)
    tie = ops.eq(*(Symbol(steps.inside(each), inner) for each in (x, out)))
    own = Affine(0, (*zeros, 0, *dense_strides(shape)))
    made = following_share(tie, *(Symbol(Access(array, own), inner) for array in carried))
    share, *after = (steps.dense(inner.access(number), depth + 1) for number in made)
    carries = [
        Carry(array, start, following, builder.new_array(size, batched=batched))
        for array, start, following in zip(carried, starts, after, strict=True)
    ]
    (shares,) = builder.close_loop(length, carries, [share], needed)
    if builder.ranges is not None:
        builder.ranges.put(shares, _SHARE)
    back = (*zeros, *dense_strides(shape), -size)
    return Symbol(affine(shares, (length - 1) * size, *back), emitter)
