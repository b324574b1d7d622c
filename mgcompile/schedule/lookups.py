"""Find the look-ups in tables: `take` from choices at equal distances reads one of them alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from mgcompile.program.index_maps import added_axis
from mgcompile.program.ir import Access, Bundle, Loop
from mgcompile.program.lookup import lookup_of
from mgcompile.support.op_traits import is_shipped

if TYPE_CHECKING:
    from mgcompile.program.ir import Statement
    from mgcompile.schedule.ir import LoopProgram

__all__ = ["find_lookups", "is_lookup"]


def find_lookups(loops: LoopProgram) -> LoopProgram:
    """Write look-ups with two operands: the index, and all choices along a reduced axis."""
    statements = tuple(_rewritten(statement) for statement in loops.program.statements)
    return evolve(loops, program=evolve(loops.program, statements=statements))


def is_lookup(bundle: Bundle) -> bool:
    """Tell whether a bundle was written so."""
    return bool(bundle.reduced) and is_shipped(bundle.op, "take")


def _rewritten(statement: Statement) -> Statement:
    if isinstance(statement, Loop):
        return evolve(statement, body=tuple(_rewritten(inner) for inner in statement.body))
    found = lookup_of(statement) if isinstance(statement, Bundle) else None
    if found is None or not isinstance(statement, Bundle):
        return statement
    index = found.index.index
    operands = (Access(found.index.array, added_axis(index, len(index.strides))), found.choices)
    return evolve(statement, operands=operands, reduced=(found.count,))
