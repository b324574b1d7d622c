"""Write a group of isomorphic nodes as bundles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.graph.ir import SUM_OVER_SAMPLES
from mgcompile.program.ir import CONSTS
from mgcompile.reroll.matrix_products import write_products
from mgcompile.reroll.member_axes import best_axes
from mgcompile.support.chains import is_chain
from mgcompile.support.uniform_partial import is_reducible
from mgcore import ops

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.reroll.member_axes import Members
    from mgcore import Op

    Numbers = NDArray[np.int64]

__all__ = ["write_bundle"]

# With fewer operands an op is part of elementwise code.
_FEWEST_ALONG = 4
# Many operands from several arrays are gathered into one: written out, they cost too much.
_FEWEST_GATHERED = 64


def write_bundle(members: Members, op: Op, table: Numbers) -> int:
    """Append the bundles of a group; return the array of the results.

    Args:
        members: Of the block that is written.
        op: Of all members.
        table: Their operands, shape (m, width); (count, m, width) inside a loop.
    """
    if op is ops.sum or op is ops.dot:
        return write_products(members, table, paired=op is ops.dot)
    if _is_axis(members, op, table):
        return _write_along(members, op, table)
    columns = [table[..., slot] for slot in range(table.shape[-1])]
    shape = members.axes(columns)
    reads = [members.read(column, shape) for column in columns]
    if op is SUM_OVER_SAMPLES:
        return members.builder.bundle(ops.sum, shape, reads, over_batch=True)
    return members.builder.bundle(op, shape, reads)


def _is_axis(members: Members, op: Op, table: Numbers) -> bool:
    """Tell whether the operands of an op that takes any number can be an axis."""
    width = int(table.shape[-1])
    if width < _FEWEST_ALONG or op.arity is not None:
        return False
    array = members.value_map.array[table]
    one = bool(np.all(array == array.flat[0])) and array.flat[0] != CONSTS
    gathered = width >= _FEWEST_GATHERED and not members.count
    return (one or gathered) and is_reducible(op, width)


def _write_along(members: Members, op: Op, table: Numbers) -> int:
    shape = members.axes([table[..., slot] for slot in (0, -1)])
    elements = members.value_map.element[table].reshape(-1, table.shape[-1])[0]
    # The order of a chain counts: there is one axis from its first operand to its last.
    reduced = (len(elements),) if is_chain(op) else best_axes([elements], len(elements))
    return members.builder.bundle(op, shape, [members.read(table, shape, reduced)], reduced)
