"""Add up what a loop has kept along an axis, instead of term by term."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.program.index_maps import dense_strides
from mgcompile.program.ir import Access, Affine, Bundle, extent
from mgcore import ops

if TYPE_CHECKING:
    from mgcompile.program.ir import Statement
    from mgcompile.reroll.emit_inner import Scope

__all__ = ["with_joined_terms"]

_FEWEST_JOINED = 4


def with_joined_terms(scope: Scope, depth: int, statement: Statement) -> list[Statement]:
    """Return a statement in `depth` loops, a sum of terms in steps as a sum along an axis.

    Terms of a strict program stay as they are: the order in which they are added is the user's.
    """
    if not isinstance(statement, Bundle) or statement.op is not ops.sum or scope.strict:
        return [statement]
    alike: dict[object, list[Access]] = {}
    for access in statement.operands:
        plain = access.index.strides if isinstance(access.index, Affine) else access
        alike.setdefault((access.array, plain), []).append(access)
    parts: list[Bundle] = []
    left: list[Access] = []
    for terms in alike.values():
        joined = _joined(terms, depth + len(statement.shape))
        if joined is None:
            left += terms
            continue
        batched = scope.arrays[joined.array].batched
        result = scope.new_array(extent(statement.shape), batched=batched)
        reduced = (len(terms), *statement.reduced)
        parts.append(Bundle(result, ops.sum, statement.shape, (joined,), reduced))
    if not parts:
        return [statement]
    if left:
        batched = any(scope.arrays[access.array].batched for access in left)
        rest = scope.new_array(extent(statement.shape), batched=batched)
        parts.append(attrs.evolve(statement, result=rest, operands=tuple(left)))
    if len(parts) == 1:
        return [attrs.evolve(parts[0], result=statement.result)]
    dense = Affine(0, (*(0,) * depth, *dense_strides(statement.shape)))
    reads = tuple(Access(part.result, dense) for part in parts)
    return [*parts, Bundle(statement.result, ops.sum, statement.shape, reads)]


def _joined(terms: list[Access], place: int) -> Access | None:
    """Return an access that reads terms along an axis more, at `place`, if they are in steps."""
    offsets = [term.index.offset for term in terms if isinstance(term.index, Affine)]
    if len(offsets) < max(len(terms), _FEWEST_JOINED):
        return None
    steps = set(np.diff(sorted(offsets)).tolist())
    if len(steps) != 1 or 0 in steps:
        return None
    strides = terms[0].index.strides
    moved = (*strides[:place], steps.pop(), *strides[place:])
    return Access(terms[0].array, Affine(min(offsets), moved))
