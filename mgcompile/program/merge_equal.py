"""Merge statements that compute the same: what derivatives have in common, and repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mgcompile.program.dce import needed_only
from mgcompile.program.ir import Access, Bundle, Loop, Output, Program, Scatter
from mgcompile.program.traversal import renamed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.program.ir import Statement

__all__ = ["merged"]


class _Same(dict[int, int]):
    """Numbers of arrays, each its own unless it was merged with another."""

    def __missing__(self, array: int) -> int:
        return array


def merged(program: Program) -> Program:
    """Return the program with one of equal bundles and scatters, in each block for itself."""
    same = _Same()
    statements = _block(program, program.statements, same)
    outputs = tuple(Output(out.name, same[out.array]) for out in program.outputs)
    return needed_only(attrs.evolve(program, statements=statements, outputs=outputs))


def _block(program: Program, statements: Sequence[Statement], same: _Same) -> tuple[Statement, ...]:
    """Return the statements of a program or of a loop's body that stay."""
    known: dict[object, int] = {}
    kept: list[Statement] = []

    def read(access: Access) -> Access:
        return Access(same[access.array], access.index)

    for statement in statements:
        if isinstance(statement, Loop):
            inner = attrs.evolve(statement, body=_block(program, statement.body, same))
            kept.append(renamed(inner, read, same))
            continue
        found = renamed(statement, read, same)
        key = _computed(program, found)
        if key in known:
            same[statement.result] = known[key]
            continue
        if key is not None:
            known[key] = statement.result
        kept.append(found)
    return tuple(kept)


def _computed(program: Program, statement: Statement) -> object:
    """Return what is equal for statements that compute the same; None for other kinds."""
    match statement:
        case Bundle(op=op, shape=shape, operands=operands, reduced=reduced, over_batch=over_batch):
            return op, shape, operands, reduced, over_batch
        case Scatter(parts=parts, result=result):
            return parts, program.arrays[result].size
        case _:
            return None
