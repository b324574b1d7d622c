"""Reverse a look-up in a table: what arrives at it goes to the choice that was taken.

The partials of `take` are 1 for one choice and 0 for the others. As a vector over the choices they
are one contribution to the table, in place of one for every choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.autodiff.adjoints import over_shape
from mgcompile.autodiff.matrix_product_adjoints import Contribution
from mgcompile.autodiff.symbols import Emitter, Symbol
from mgcompile.program.index_maps import added_axis
from mgcompile.program.ir import CONSTS, Access, Affine
from mgcore import ops

if TYPE_CHECKING:
    from mgcompile.program.builder import Builder
    from mgcompile.program.ir import Bundle
    from mgcompile.program.lookup import Lookup

__all__ = ["one_hot"]


def one_hot(
    table: Lookup, bundle: Bundle, builder: Builder, adjoint: Access, loops: tuple[int, ...]
) -> Contribution:
    """Return what a look-up contributes to its table; to its index it contributes nothing.

    Args:
        table: The look-up.
        bundle: The same as it is written.
        builder: Where statements go.
        adjoint: Of the results, over `(size,)`.
        loops: Extents of the loops around.
    """
    domain = (*bundle.shape, table.count)
    axes = len(loops) + len(bundle.shape)
    emitter = Emitter(builder, loops, domain)
    upstream = emitter.symbol(over_shape(adjoint, bundle.shape, 1, len(loops)))
    index = Access(table.index.array, added_axis(table.index.index, axes))
    first = builder.constants(range(table.count))
    places = Symbol(Access(CONSTS, Affine(first, (*(0 for _ in range(axes)), 1))), emitter)
    taken = emitter.apply(ops.eq, (emitter.symbol(index), places))
    batched = builder.is_batched(bundle.operands)
    choices = table.choices
    return Contribution(domain, upstream, taken, choices.array, choices.index, batched)
