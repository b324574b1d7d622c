"""Find the sums that are to be rounded as they are written.

A fused multiply-add keeps digits that plain arithmetic drops: `a*x + b*x` is not 0 where both
products are equal but for the sign. Before the edge of a domain (a root, a logarithm) that makes
NaN of what is exactly 0, so what leads to an edge by arithmetic alone is not fused. What cannot be
negative, such as a sum of squares, needs no such care.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.program.ir import Bundle, Loop, Scatter, Tape
from mgcompile.program.value_ranges import ValueRanges
from mgcompile.support.op_traits import has_edge, traits_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mgcompile.program.ir import Program, Statement

__all__ = ["rounded_as_written"]


def rounded_as_written(program: Program) -> frozenset[int]:
    """Return the arrays whose statements are not to fuse products and sums.

    Args:
        program: A program; of a strict one all arrays are.
    """
    if program.strict:
        return frozenset(range(len(program.arrays)))
    statements = list(_everything(program.statements))
    found = _at_edges(program, statements)
    while found:
        more = {array for s in statements for array in _leading(s, found)} - found
        if not more:
            break
        found |= more
    return frozenset(found)


def _everything(statements: Sequence[Statement]) -> Iterator[Statement]:
    for statement in statements:
        yield statement
        if isinstance(statement, Loop):
            yield from _everything(statement.body)


def _at_edges(program: Program, statements: list[Statement]) -> set[int]:
    found: set[int] = set()
    ranges: ValueRanges | None = None
    for statement in statements:
        if isinstance(statement, Tape) and any(map(has_edge, statement.ops)):
            found.add(statement.result)
        if isinstance(statement, Bundle) and has_edge(statement.op):
            ranges = ranges or ValueRanges.of_program(program)
            found |= {a.array for a in statement.operands if ranges.of_array(a.array).low < 0.0}
    return found


def _leading(statement: Statement, wanted: set[int]) -> Iterator[int]:
    """Return the arrays from which a statement makes one that is wanted, by arithmetic."""
    if isinstance(statement, Loop):
        for carry in statement.carries:
            if not wanted.isdisjoint((carry.final, carry.array)):
                yield from (carry.following, carry.initial.array)
        yield from (stack.source for stack in statement.stacks if stack.result in wanted)
    elif statement.result in wanted:
        if isinstance(statement, Scatter):
            yield from (part.source.array for part in statement.parts)
        elif isinstance(statement, Bundle) and traits_of(statement.op).arithmetic:
            yield from (access.array for access in statement.operands)
