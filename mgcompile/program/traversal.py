"""What statements read and make: the one place that knows how each kind is taken apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mgcompile.program.ir import (
    Access,
    Bundle,
    Carry,
    Loop,
    Scatter,
    ScatterPart,
    Stack,
    Statement,
    Tape,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mgcompile.program.ir import Program
    from mgcore import Op

    Domain = tuple[int, ...]

__all__ = [
    "accesses",
    "defined",
    "made",
    "ops_of",
    "read",
    "reads_over",
    "renamed",
    "runs_by_tile",
    "touched",
    "with_loops",
]


def read(statement: Statement) -> Iterator[int]:
    """Yield the arrays that a statement reads, those made within a loop among them."""
    match statement:
        case Bundle():
            yield from (access.array for access in statement.operands)
        case Scatter():
            yield from (part.source.array for part in statement.parts)
        case Tape():
            yield from (access.array for access in statement.externals)
        case Loop():
            if statement.needed is not None:
                yield statement.needed.array
            for carry in statement.carries:
                yield carry.initial.array
                yield carry.following
            for inner in statement.body:
                yield from read(inner)
            yield from (stack.source for stack in statement.stacks)


def made(statement: Statement) -> Iterator[int]:
    """Yield the arrays that a statement makes and that can be read after it."""
    match statement:
        case Loop():
            yield from (carry.final for carry in statement.carries)
            yield from (stack.result for stack in statement.stacks)
        case _:
            yield statement.result


def defined(statement: Statement) -> list[int]:
    """Return every array that a statement makes, those within a loop among them."""
    if not isinstance(statement, Loop):
        return [statement.result]
    inside = [array for inner in statement.body for array in defined(inner)]
    return [
        *(carry.array for carry in statement.carries),
        *inside,
        *(carry.final for carry in statement.carries),
        *(stack.result for stack in statement.stacks),
    ]


def accesses(statement: Statement) -> list[Access]:
    """Return every access of a statement; for a loop also those of its body."""
    if isinstance(statement, Bundle):
        return list(statement.operands)
    if isinstance(statement, Scatter):
        return [part.source for part in statement.parts]
    if isinstance(statement, Tape):
        return list(statement.externals)
    inside = [access for inner in statement.body for access in accesses(inner)]
    needed = [] if statement.needed is None else [statement.needed]
    return [*needed, *(carry.initial for carry in statement.carries), *inside]


def renamed(
    statement: Statement, read: Callable[[Access], Access], number: dict[int, int]
) -> Statement:
    """Return the statement with every access passed through `read`, and results renumbered."""
    if isinstance(statement, Bundle):
        operands = tuple(read(access) for access in statement.operands)
        shape, reduced, over_batch = statement.shape, statement.reduced, statement.over_batch
        return Bundle(number[statement.result], statement.op, shape, operands, reduced, over_batch)
    if isinstance(statement, Scatter):
        parts = tuple(
            ScatterPart(part.shape, read(part.source), part.target) for part in statement.parts
        )
        return Scatter(number[statement.result], parts)
    if isinstance(statement, Tape):
        externals = tuple(read(access) for access in statement.externals)
        return attrs.evolve(statement, result=number[statement.result], externals=externals)
    carries = tuple(
        Carry(number[c.array], read(c.initial), number[c.following], number[c.final])
        for c in statement.carries
    )
    body = tuple(renamed(inner, read, number) for inner in statement.body)
    stacks = tuple(Stack(number[s.result], number[s.source]) for s in statement.stacks)
    needed = None if statement.needed is None else read(statement.needed)
    return Loop(statement.count, body, carries, stacks, needed)


def with_loops(program: Program) -> Iterator[tuple[Statement, Domain]]:
    """Yield all statements, each with the extents of the loops around it."""
    pending: list[tuple[Statement, Domain]] = [(s, ()) for s in program.statements]
    while pending:
        statement, loops = pending.pop()
        yield statement, loops
        if isinstance(statement, Loop):
            pending.extend((inner, (*loops, statement.count)) for inner in statement.body)


def ops_of(program: Program) -> list[Op]:
    """Return the ops that a program applies, each once."""
    found: dict[Op, None] = {}
    for statement, _ in with_loops(program):
        if isinstance(statement, Bundle):
            found[statement.op] = None
        elif isinstance(statement, Tape):
            found.update(dict.fromkeys(statement.ops))
    return list(found)


def reads_over(
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
            if statement.needed is not None:
                yield statement.needed, loops
            for carry in statement.carries:
                yield carry.initial, (*loops, program.arrays[carry.array].size)


def runs_by_tile(program: Program, statement: Statement) -> bool:
    """Tell whether a statement reads or makes anything batched."""
    arrays = program.arrays
    if any(arrays[array].batched for array in read(statement)):
        return True
    return any(arrays[array].batched for array in made(statement))


def touched(statement: Statement, destinations: Mapping[int, Access]) -> Iterator[int]:
    """Yield the arrays that a statement makes, and those that these are part of."""
    for array in made(statement):
        yield array
        if array in destinations:
            yield destinations[array].array
