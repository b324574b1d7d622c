"""Find which results of tapes are read outside of them; the others need no memory of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.program.ir import Bundle, Loop, Program, Scatter, Statement, Tape, map_elements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mgcompile.program.ir import Access

    Domain = tuple[int, ...]

__all__ = ["kept_results"]


def kept_results(program: Program) -> dict[int, NDArray[np.bool_]]:
    """Return for the array of each tape which elements a statement or the caller reads.

    All tapes are looked at together: a large graph has hundreds, and as many statements of each.
    """
    everything = list(_statements(program))
    tapes = [statement for statement, _ in everything if isinstance(statement, Tape)]
    kept = {tape.result: np.zeros(len(tape.code), dtype=bool) for tape in tapes}
    if not kept:
        return kept
    for output in program.outputs:
        if output.array in kept:
            kept[output.array][:] = True
    for statement, loops in everything:
        for access, domain in _accesses(program, statement, loops):
            if access.array in kept:
                kept[access.array][map_elements(access.index, domain).ravel()] = True
    return kept


def _statements(program: Program) -> Iterator[tuple[Statement, Domain]]:
    """Yield all statements, each with the extents of the loops around it."""
    pending: list[tuple[Statement, Domain]] = [(s, ()) for s in program.statements]
    while pending:
        statement, loops = pending.pop()
        yield statement, loops
        if isinstance(statement, Loop):
            pending.extend((inner, (*loops, statement.count)) for inner in statement.body)


def _accesses(
    program: Program, statement: Statement, loops: Domain
) -> Iterator[tuple[Access, Domain]]:
    """Yield everything that a statement itself reads, each with its domain."""
    match statement:
        case Bundle():
            domain = loops + statement.shape + statement.reduced
            yield from ((access, domain) for access in statement.operands)
        case Scatter():
            yield from ((part.source, loops + part.shape) for part in statement.parts)
        case Tape():
            for access, length in zip(statement.externals, statement.lengths, strict=True):
                yield access, (*loops, length)
        case Loop():
            for carry in statement.carries:
                yield carry.initial, (*loops, program.arrays[carry.array].size)
