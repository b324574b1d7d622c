"""Count what a call of a program costs: operations and memory."""

from __future__ import annotations

from operator import mul
from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.program.ir import Bundle, Loop, Scatter, Tape, extent
from mgcompile.support.op_traits import traits_of
from mgcompile.support.zero_product import adds_products
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mgcompile.program.ir import Program, Statement

__all__ = ["Cost", "cost", "repeated"]


@attrs.frozen(slots=True)
class Cost:
    """Operations and memory of a call.

    Args:
        per_sample: Flops for each sample; a transcendental function counts as 20.
        per_call: Flops done once per call.
        bytes_per_sample: Memory for arrays of which every sample has its own.
        bytes_per_call: Memory for the others, parameters and constants included.
    """

    per_sample: int
    per_call: int
    bytes_per_sample: int
    bytes_per_call: int


def cost(program: Program, dtype: str) -> Cost:
    """Return what a call of a program costs; see `Cost`."""
    flops = {True: 0, False: 0}
    for statement, times in repeated(program.statements, 1):
        batched, count = _flops(statement, program)
        flops[batched] += count * times
    size = 8 if dtype == "float64" else 4
    memory = {True: 0, False: 0}
    for array in program.arrays:
        memory[array.batched] += array.size * size
    return Cost(flops[True], flops[False], memory[True], memory[False])


def repeated(statements: tuple[Statement, ...], times: int = 1) -> Iterator[tuple[Statement, int]]:
    """Yield all statements, those inside loops too, with how often each is done."""
    for statement in statements:
        yield statement, times
        if isinstance(statement, Loop):
            yield from repeated(statement.body, times * statement.count)


def _flops(statement: Statement, program: Program) -> tuple[bool, int]:
    arrays = program.arrays
    if isinstance(statement, Bundle):
        batched = any(arrays[access.array].batched for access in statement.operands)
        points = extent(statement.shape + statement.reduced)
        if adds_products(statement.op):
            return batched, 2 * points
        if statement.op is ops.sum:
            return batched, points * len(statement.operands)
        return batched, points * traits_of(statement.op).flops
    if isinstance(statement, Tape):
        weights = [traits_of(op).flops for op in statement.ops]
        times = np.bincount(statement.code, minlength=len(weights)).tolist()
        return arrays[statement.result].batched, sum(map(mul, weights, times))
    if isinstance(statement, Scatter):
        batched = arrays[statement.result].batched
        return batched, sum(extent(part.shape) for part in statement.parts)
    return False, 0
