"""Drop the axes of length 1 from all domains, so that statements of one size have one shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from mgcompile.program.index_maps import only_axes
from mgcompile.program.ir import Access, Bundle, Loop, Scatter

if TYPE_CHECKING:
    from mgcompile.program.ir import Statement
    from mgcompile.schedule.ir import LoopProgram

__all__ = ["drop_unit_dims"]


def drop_unit_dims(loops: LoopProgram) -> LoopProgram:
    """Leave out the axes of length 1 of all domains."""
    statements = tuple(_simplified(statement, 0) for statement in loops.program.statements)
    return evolve(loops, program=evolve(loops.program, statements=statements))


def _simplified(statement: Statement, loops: int) -> Statement:
    match statement:
        case Bundle(shape=shape, reduced=reduced):
            if 1 not in shape + reduced:
                return statement
            kept = _kept(shape + reduced, loops)
            return evolve(
                statement,
                shape=tuple(length for length in shape if length > 1),
                reduced=tuple(length for length in reduced if length > 1),
                operands=tuple(_access(access, kept) for access in statement.operands),
            )
        case Scatter():
            parts = []
            for part in statement.parts:
                kept = _kept(part.shape, loops)
                parts.append(
                    evolve(
                        part,
                        shape=tuple(length for length in part.shape if length > 1),
                        source=_access(part.source, kept),
                        target=only_axes(part.target, kept),
                    )
                )
            return evolve(statement, parts=tuple(parts))
        case Loop():
            body = tuple(_simplified(inner, loops + 1) for inner in statement.body)
            return evolve(statement, body=body)
        case _:
            return statement


def _kept(domain: tuple[int, ...], loops: int) -> tuple[int, ...]:
    """Return the places of the axes that stay; those of the loops around all do."""
    longer = [loops + axis for axis, length in enumerate(domain) if length > 1]
    return (*range(loops), *longer)


def _access(access: Access, kept: tuple[int, ...]) -> Access:
    return Access(access.array, only_axes(access.index, kept))
