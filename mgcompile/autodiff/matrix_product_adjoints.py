"""Make the adjoints of matrix products: adjoint times partial, summed over axes and samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mgcompile.autodiff.symbols import Emitter, Number, Symbol
from mgcompile.program.builder import affine
from mgcompile.program.index_maps import dense_strides, moving_axes, only_axes
from mgcompile.program.ir import SAMPLES, Access, IndexMap
from mgcompile.support.ranges import Doubt
from mgcompile.support.zero_product import ZERO_DOT
from mgcore import ops

if TYPE_CHECKING:
    from mgcompile.program.builder import Builder
    from mgcore import Op

__all__ = ["Contribution", "dot_of", "summed_product"]


@attrs.frozen(slots=True, eq=False)
class Contribution:
    """`adjoint * partial` at every point of `domain`, to be added to `target` through `index`.

    `batched` says that there is one for every sample, even if neither factor depends on it.
    """

    domain: tuple[int, ...]
    adjoint: Number
    partial: Number
    target: int
    index: IndexMap
    batched: bool

    @property
    def factors(self) -> tuple[Number, Number]:
        """Return what is multiplied, what is nearer to the output first."""
        return self.adjoint, self.partial


def summed_product(
    item: Contribution,
    builder: Builder,
    loops: tuple[int, ...],
    kept: tuple[int, ...],
    gone: tuple[int, ...],
    *,
    over_batch: bool,
) -> Access:
    """Append `adjoint * partial`, summed over the axes `gone` and, `over_batch`, over samples.

    Where both factors move, the sum is a product of matrices: to the operand that has samples with
    the transposed matrix, to the matrix itself an outer product summed over the batch.

    Args:
        item: The factors, over the axes of their domain.
        builder: Where the statements go.
        loops: Extents of the loops around.
        kept: Axes of the domain that the result has.
        gone: Those that it has not.
        over_batch: Whether samples are added up.

    Returns:
        A read over the loops and the axes kept.
    """
    depth = len(loops)
    emitter = Emitter(builder, loops, item.domain)
    numbers = [x for x in item.factors if isinstance(x, Symbol)]
    over_batch_sum = over_batch and builder.is_batched([x.access for x in numbers])
    if not gone and not over_batch_sum:
        product = emitter.chained(item.adjoint, item.partial)
        if over_batch:
            samples = Symbol(affine(SAMPLES, 0, *(0,) * (depth + len(item.domain))), emitter)
            product = emitter.multiply(product, samples)
        axes = (*range(depth), *(depth + axis for axis in kept))
        read = emitter.access(product)
        return Access(read.array, only_axes(read.index, axes))
    scale = 1.0
    for x in item.factors:
        scale *= 1.0 if isinstance(x, Symbol) else x
    if not numbers:
        numbers = [Symbol(emitter.access(1.0), emitter)]
    axes = (*range(depth), *(depth + axis for axis in kept + gone))
    reads = [Access(x.access.array, only_axes(x.access.index, axes)) for x in numbers]
    shape = tuple(item.domain[axis] for axis in kept)
    reduced = tuple(item.domain[axis] for axis in gone)
    op = dot_of(emitter, *item.factors) if len(reads) == 2 else ops.sum
    result = builder.bundle(op, shape, reads, reduced, over_batch=over_batch_sum)
    after = Emitter(builder, loops, shape)
    strides = (0,) * depth + dense_strides(shape)
    total: Number = Symbol(affine(result, 0, *strides), after)
    total = after.chained(total, scale)
    if over_batch and not over_batch_sum:
        total = after.multiply(total, Symbol(affine(SAMPLES, 0, *(0,) * len(strides)), after))
    return after.access(total)


def dot_of(emitter: Emitter, above: Number, below: Number) -> Op:
    """Return what adds up the products of two factors of the chain rule, `above` first.

    A factor that only may overflow is looked at where that takes little beside computing it; in a
    product of matrices, which reads each number many times, it is not. Nor is one in a sum that may
    overflow only where its operands are huge. In a guarded program all are.
    """
    if not emitter.ends(above, below):
        return ops.dot
    if emitter.builder.guarded:
        return ZERO_DOT
    if emitter.range(below).finite:
        return ops.dot
    spread = any(_covers(emitter, x) for x in (above, below))
    return ZERO_DOT if emitter.range(below).doubt is Doubt.EDGE or spread else ops.dot


def _covers(emitter: Emitter, number: Number) -> bool:
    """Tell whether there is a number for every point of the domain."""
    if not isinstance(number, Symbol):
        return False
    moves = moving_axes(number.access.index)[len(emitter.loops) :]
    batched = emitter.builder.arrays[number.access.array].batched
    lengths = zip(emitter.domain, moves, strict=True)
    return batched and all(moving or length == 1 for length, moving in lengths)
