"""Find which inputs or parameters each output of a program can depend on: a Jacobian's pattern.

Of a program that computes a gradient it is the pattern of the Hessian.

Every element of every array gets a row of bits, one for each leaf; a statement gives its result the
bits of all that it reads. Nothing is decided by numbers: an entry that is not in the pattern is 0
everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.program.index_maps import elements_at, moving_axes
from mgcompile.program.ir import (
    FIRST_RESULT,
    Access,
    Bundle,
    Loop,
    Program,
    Scatter,
    Statement,
    Tape,
    extent,
)
from mgcompile.program.traversal import accesses

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bits = NDArray[np.uint64]

__all__ = ["dependence"]

_WORD = 64
_MOST_WORDS = 20_000_000
"""Words of bits that are read at most, about a tenth of a second: beyond, no pattern is sought."""

_MOST_STATEMENTS = 20_000
"""Statements that are gone through at most, those of loops in every iteration."""


def dependence(program: Program, source: int, output: str = "value") -> NDArray[np.bool_] | None:
    """Return which elements of an output depend on which leaves.

    Args:
        program: A forward program, or one of a gradient.
        source: INPUTS or PARAMS.
        output: The output's name.

    Returns:
        Shape (elements, leaves); None if finding out would take too long.
    """
    leaves = program.arrays[source].size
    words = -(-leaves // _WORD)
    statements, reads = _work(program.statements, 1)
    if statements > _MOST_STATEMENTS or reads * words > _MOST_WORDS:
        return None
    store = {
        array: np.zeros((made.size, words), dtype=np.uint64)
        for array, made in enumerate(program.arrays[:FIRST_RESULT])
    }
    places = np.arange(leaves)
    store[source][places, places // _WORD] = np.uint64(1) << (places % _WORD).astype(np.uint64)
    for statement in program.statements:
        _run(statement, store, program, ())
    found = store[program.output(output)].astype("<u8")
    return np.unpackbits(found.view(np.uint8), axis=1, count=leaves, bitorder="little").astype(bool)


def _work(statements: tuple[Statement, ...], times: int) -> tuple[int, int]:
    """Return how many statements are gone through, and how many elements they read."""
    count = reads = 0
    for statement in statements:
        if isinstance(statement, Loop):
            inner = _work(statement.body, times * statement.count)
            count, reads = count + inner[0], reads + inner[1]
            continue
        count += times if not isinstance(statement, Tape) else times * len(statement.code)
        if isinstance(statement, Bundle):
            domain = extent(statement.shape + statement.reduced)
            reads += times * domain * len(statement.operands)
        elif isinstance(statement, Scatter):
            reads += times * sum(extent(part.shape) for part in statement.parts)
        else:
            reads += times * len(statement.operand)
    return count, reads


def _run(
    statement: Statement, store: dict[int, Bits], program: Program, at: tuple[int, ...]
) -> None:
    if isinstance(statement, Loop):
        _run_loop(statement, store, program, at)
    elif isinstance(statement, Bundle):
        domain = statement.shape + statement.reduced
        total = _any([_read(access, store, at, domain) for access in statement.operands])
        words = total.shape[-1]
        spread = total.reshape(extent(statement.shape), -1, words)
        store[statement.result] = np.bitwise_or.reduce(spread, axis=1)
    elif isinstance(statement, Scatter):
        result = np.zeros((program.arrays[statement.result].size, store[0].shape[1]), np.uint64)
        for part in statement.parts:
            where = elements_at(part.target, at, part.shape)
            np.bitwise_or.at(result, where, _read(part.source, store, at, part.shape))
        store[statement.result] = result
    else:
        _run_tape(statement, store, at)


def _any(reads: list[Bits]) -> Bits:
    total = reads[0]
    for read in reads[1:]:
        total = total | read
    return total


def _read(
    access: Access, store: dict[int, Bits], at: tuple[int, ...], domain: tuple[int, ...]
) -> Bits:
    found: Bits = store[access.array][elements_at(access.index, at, domain)]
    return found


def _run_tape(tape: Tape, store: dict[int, Bits], at: tuple[int, ...]) -> None:
    reads = [
        _read(access, store, at, (length,))
        for access, length in zip(tape.externals, tape.lengths, strict=True)
    ]
    first = sum(tape.lengths)
    pool = np.zeros((first + len(tape.code), store[0].shape[1]), np.uint64)
    if reads:
        pool[:first] = np.concatenate(reads)
    start = tape.start.tolist()
    for i in range(len(tape.code)):
        operands = tape.operand[start[i] : start[i + 1]]
        pool[first + i] = np.bitwise_or.reduce(pool[operands], axis=0)
    store[tape.result] = pool[first:]


def _run_loop(loop: Loop, store: dict[int, Bits], program: Program, at: tuple[int, ...]) -> None:
    for carry in loop.carries:
        size = program.arrays[carry.array].size
        store[carry.array] = _read(carry.initial, store, at, (size,))
    alike = not any(
        moving_axes(access.index)[len(at)]
        for statement in loop.body
        for access in accesses(statement)
        if len(access.index.strides) > len(at)
    )
    kept: list[list[Bits]] = [[] for _ in loop.stacks]
    for k in range(loop.count):
        for statement in loop.body:
            _run(statement, store, program, (*at, k))
        following = [store[carry.following] for carry in loop.carries]
        steady = alike and all(
            np.array_equal(store[carry.array], state)
            for carry, state in zip(loop.carries, following, strict=True)
        )
        times = loop.count - k if steady else 1  # all further iterations are as this one
        for stack, values in zip(loop.stacks, kept, strict=True):
            values += [store[stack.source]] * times
        for carry, state in zip(loop.carries, following, strict=True):
            store[carry.array] = state
        if steady:
            break
    for carry in loop.carries:
        store[carry.final] = store[carry.array]
    for stack, values in zip(loop.stacks, kept, strict=True):
        store[stack.result] = np.concatenate(values)
