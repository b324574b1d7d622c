"""Merge bundles that compute the same: what derivatives of several outputs have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mgcompile.program.dce import needed_only
from mgcompile.program.ir import Access, Bundle, Output, Program
from mgcompile.program.traversal import renamed

if TYPE_CHECKING:
    from mgcompile.program.ir import Statement

__all__ = ["merged"]


class _Same(dict[int, int]):
    """Numbers of arrays, each its own unless it was merged with another."""

    def __missing__(self, array: int) -> int:
        return array


def merged(program: Program) -> Program:
    """Return the program with one of equal bundles, those within loops left as they are."""
    known: dict[object, int] = {}
    same = _Same()
    kept: list[Statement] = []

    def read(access: Access) -> Access:
        return Access(same[access.array], access.index)

    for statement in program.statements:
        found = renamed(statement, read, same)
        if isinstance(found, Bundle):
            key = (found.op, found.shape, found.operands, found.reduced, found.over_batch)
            if key in known:
                same[found.result] = known[key]
                continue
            known[key] = found.result
        kept.append(found)
    outputs = tuple(Output(out.name, same[out.array]) for out in program.outputs)
    return needed_only(attrs.evolve(program, statements=tuple(kept), outputs=outputs))
