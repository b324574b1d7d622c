"""Cut the instructions of a tape into steps with few operands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field, frozen

from mgcompile.backends.llvm.tapevm.opcodes import Action
from mgcompile.support.op_traits import is_shipped, traits_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mgcompile.program.ir import Tape
    from mgcore import Op

    Numbers = NDArray[np.int64]

__all__ = ["Steps", "steps_of"]

_TERMS = 4  # of a sum in one step
_PAIRS = 3  # of a dot product in one step
_OF_PARTS = ("logsumexp", "max", "min", "maximum_chain", "minimum_chain")  # taken two by two


@frozen(eq=False)
class Steps:
    """Hold steps of one action: where they stand in the whole, results, operands.

    Attributes:
        action: what they do.
        place: the number of each step.
        result: the number of the instruction whose result each step makes.
        operands: numbers in the tape's pool, one row for each step.
    """

    action: Action
    place: Numbers
    result: Numbers
    operands: Numbers


@define
class _Cutter:
    """Collect the steps of each group of instructions; their places are known at the end."""

    tape: Tape
    pool: int  # number of external elements; results come after them
    counts: Numbers
    parts: list[tuple[Action, Numbers, Numbers, Numbers]] = field(factory=list)

    def cut(self, op: Op, members: Numbers, width: int) -> None:
        first = self.tape.start[members]
        operands = self.tape.operand[first[:, None] + np.arange(width)]
        if is_shipped(op, "sum") and width > _TERMS:
            self._fold(op, members, operands, _TERMS)
        elif width > 2 and any(is_shipped(op, name) for name in _OF_PARTS):
            self._fold(op, members, operands, 2)
        elif is_shipped(op, "dot") and width > 2 * _PAIRS:
            self._dot(op, members, operands)
        else:
            self._add(Action(op, width), members, 0, operands)
            self.counts[members] = 1

    def _fold(self, op: Op, members: Numbers, operands: Numbers, terms: int) -> None:
        """Cut an op which of any number of operands is that of its parts."""
        self._add(Action(op, terms), members, 0, operands[:, :terms])
        number = 1
        for size, chunk in _chunks(operands[:, terms:], terms - 1):
            self._onto(Action(op, size + 1), members, number, chunk)
            number += chunk.shape[1]
        self.counts[members] = number

    def _dot(self, op: Op, members: Numbers, operands: Numbers) -> None:
        half = operands.shape[1] // 2
        left, right = operands[:, :half], operands[:, half:]
        start = np.concatenate([left[:, :_PAIRS], right[:, :_PAIRS]], axis=1)
        self._add(Action(op, 2 * _PAIRS), members, 0, start)
        number = 1
        more = zip(
            _chunks(left[:, _PAIRS:], _PAIRS), _chunks(right[:, _PAIRS:], _PAIRS), strict=True
        )
        for (size, one), (_, other) in more:
            pairs = np.concatenate([one, other], axis=2)
            self._onto(Action(op, 2 * size + 1, onto=True), members, number, pairs)
            number += one.shape[1]
        self.counts[members] = number

    def _onto(self, action: Action, members: Numbers, number: int, chunk: Numbers) -> None:
        """Add steps number, number + 1, ... that work a chunk into the result so far."""
        count = chunk.shape[1]
        result = np.repeat(members, count)
        flat = chunk.reshape(len(result), -1)
        operands = np.concatenate([self.pool + result[:, None], flat], axis=1)
        self.parts.append(
            (action, result, np.tile(np.arange(count), len(members)) + number, operands)
        )

    def _add(self, action: Action, members: Numbers, number: int, operands: Numbers) -> None:
        self.parts.append((action, members, np.full(len(members), number), operands))


def _chunks(columns: Numbers, size: int) -> Iterator[tuple[int, Numbers]]:
    """Yield (n, w) columns as (n, w // size, size), and what is left as (n, 1, rest)."""
    whole = columns.shape[1] // size * size
    if whole:
        yield size, columns[:, :whole].reshape(len(columns), -1, size)
    if columns.shape[1] > whole:
        yield columns.shape[1] - whole, columns[:, None, whole:]


def steps_of(tape: Tape, shared: NDArray[np.bool_]) -> tuple[list[Steps], int]:
    """Return the steps of a tape by action, and how many there are.

    Operands that may change places are sorted, those that are one number for all samples last, so
    that the machine needs fewer opcodes.

    Args:
        tape: the tape.
        shared: which elements of its pool are one number for all samples.
    """
    pool = int(sum(tape.lengths))
    width = np.diff(tape.start)
    cutter = _Cutter(tape, pool, np.zeros(len(tape.code), dtype=np.int64))
    widest = int(width.max(initial=0)) + 1
    key = tape.code * widest + width
    order = np.argsort(key, kind="stable")
    distinct, begin = np.unique(key[order], return_index=True)
    for each, members in zip(distinct.tolist(), np.split(order, begin[1:]), strict=True):
        cutter.cut(tape.ops[each // widest], members, each % widest)
    first = np.cumsum(cutter.counts) - cutter.counts
    steps = [
        Steps(action, first[result] + number, result, _sorted_operands(action, operands, shared))
        for action, result, number, operands in cutter.parts
    ]
    return steps, int(cutter.counts.sum())


def _sorted_operands(action: Action, operands: Numbers, shared: NDArray[np.bool_]) -> Numbers:
    """Return operands in an order that depends on which are shared, where the order is free."""
    if is_shipped(action.op, "dot"):
        total, factors = operands[:, : action.onto], operands[:, action.onto :]
        half = factors.shape[1] // 2
        pairs = np.stack([factors[:, :half], factors[:, half:]], axis=2)
        pairs = np.take_along_axis(pairs, np.argsort(shared[pairs], axis=2, kind="stable"), axis=2)
        weight = shared[pairs] @ np.array([1, 2])
        pairs = np.take_along_axis(
            pairs, np.argsort(weight, axis=1, kind="stable")[..., None], axis=1
        )
        return np.concatenate([total, pairs[:, :, 0], pairs[:, :, 1]], axis=1)
    if traits_of(action.op).commutative:
        order = np.argsort(shared[operands], axis=1, kind="stable")
        return np.take_along_axis(operands, order, axis=1)
    return operands
