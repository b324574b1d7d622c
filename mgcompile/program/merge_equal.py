"""Merge statements that compute the same: what derivatives have in common, and repeat.

Bundles are compared with axes joined where all that they read goes on from one to the next: one
over rows and one over a whole array then read the same elements in the same order. A constant
that stands among the constants twice, as those of a program and of its partials do, is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.program.dce import needed_only
from mgcompile.program.index_maps import constant_place
from mgcompile.program.ir import Access, Affine, Bundle, Loop, Output, Program, Scatter
from mgcompile.program.traversal import renamed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mgcompile.program.ir import Statement

__all__ = ["merged"]


class _Same(dict[int, int]):
    """Numbers of arrays, each its own unless it was merged with another."""

    def __missing__(self, array: int) -> int:
        return array


def merged(program: Program) -> Program:
    """Return the program with one of equal bundles and scatters, in each block for itself."""
    same = _Same()
    statements = _block(program, program.statements, (same, _first_equal(program.consts)), 0)
    outputs = tuple(Output(out.name, same[out.array]) for out in program.outputs)
    return needed_only(attrs.evolve(program, statements=statements, outputs=outputs))


def _first_equal(consts: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return for each constant where the first one of the same bits stands."""
    _, first, kind = np.unique(consts.view(np.int64), return_index=True, return_inverse=True)
    return first[kind]


def _block(
    program: Program,
    statements: Sequence[Statement],
    equal: tuple[_Same, NDArray[np.int64]],
    depth: int,
) -> tuple[Statement, ...]:
    """Return the statements of a program, or of a body in `depth` loops, that stay."""
    same, constant = equal
    known: dict[object, int] = {}
    kept: list[Statement] = []

    def read(access: Access) -> Access:
        index, place = access.index, constant_place(access)
        if place is not None:
            index = Affine(int(constant[place]), index.strides)
        return Access(same[access.array], index)

    for statement in statements:
        if isinstance(statement, Loop):
            inner = attrs.evolve(statement, body=_block(program, statement.body, equal, depth + 1))
            kept.append(renamed(inner, read, same))
            continue
        found = renamed(statement, read, same)
        key = _computed(program, found, depth)
        if key in known:
            same[statement.result] = known[key]
            continue
        if key is not None:
            known[key] = statement.result
        kept.append(found)
    return tuple(kept)


def _computed(program: Program, statement: Statement, depth: int) -> object:
    """Return what is equal for statements that compute the same; None for other kinds."""
    match statement:
        case Bundle(op=op, reduced=reduced, over_batch=over_batch):
            return op, *_joined(statement, depth), reduced, over_batch
        case Scatter(parts=parts, result=result):
            return parts, program.arrays[result].size
        case _:
            return None


def _joined(bundle: Bundle, depth: int) -> tuple[object, object]:
    """Return the shape, and what the operands read, with axes joined where no table is read."""
    indices = [a.index for a in bundle.operands if isinstance(a.index, Affine)]
    if len(indices) < len(bundle.operands):
        return bundle.shape, bundle.operands
    lengths: list[int] = []
    last: list[int] = []
    for axis, length in enumerate(bundle.shape, start=depth):
        if lengths and all(i.strides[axis - 1] == i.strides[axis] * length for i in indices):
            lengths[-1] *= length
            last[-1] = axis
        else:
            lengths.append(length)
            last.append(axis)
    behind = depth + len(bundle.shape)
    reads = tuple(
        (
            access.array,
            index.offset,
            index.strides[:depth],
            tuple(index.strides[axis] for axis in last),
            index.strides[behind:],
        )
        for access, index in zip(bundle.operands, indices, strict=True)
    )
    return tuple(lengths), reads
