"""Sets of instructions of a tape, written on whole tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.support.csr import places_within, starts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from mgcompile.autodiff.partial_template import Group
    from mgcompile.program.ir import Tape
    from mgcore import Op

    Numbers = NDArray[np.int64]

__all__ = ["Pool", "Rows", "assemble", "joined", "rows_of", "sum_rows"]


@attrs.frozen(slots=True, eq=False)
class Rows:
    """Some instructions: their places on the tape, ops, numbers of operands, operands in a row."""

    place: Numbers
    code: Numbers
    width: Numbers
    operand: Numbers


def rows_of(place: Numbers, code: int, *columns: Numbers) -> Rows:
    """Return instructions of one op, whose operands are given slot by slot."""
    count = len(place)
    operand = np.stack(columns, axis=1).ravel() if columns else np.zeros(0, dtype=np.int64)
    return Rows(place, np.full(count, code), np.full(count, len(columns)), operand)


def sum_rows(place: Numbers, reference: Numbers, code: int) -> Rows:
    """Return one sum for each distinct place."""
    order = np.argsort(place, kind="stable")
    distinct, width = np.unique(place, return_counts=True)
    return Rows(distinct, np.full(len(distinct), code), width, reference[order])


def joined(rows: list[Rows]) -> Rows:
    """Return several sets of instructions as one."""
    if not rows:
        none = np.zeros(0, dtype=np.int64)
        return Rows(none, none, none, none)
    return Rows(
        np.concatenate([r.place for r in rows]),
        np.concatenate([r.code for r in rows]),
        np.concatenate([r.width for r in rows]),
        np.concatenate([r.operand for r in rows]),
    )


def assemble(pieces: list[Rows], total: int) -> tuple[Numbers, Numbers, Numbers]:
    """Return the tables `code`, `start` and `operand` of a tape of `total` instructions."""
    rows = joined(pieces)
    code = np.zeros(total, dtype=np.int64)
    width = np.zeros(total, dtype=np.int64)
    code[rows.place], width[rows.place] = rows.code, rows.width
    start = starts(width)
    operand = np.zeros(int(start[-1]), dtype=np.int64)
    operand[np.repeat(start[rows.place], rows.width) + places_within(rows.width)] = rows.operand
    return code, start, operand


@attrs.define(slots=True, eq=False)
class Pool:
    """What the instructions of a new tape refer to: those of another tape, constants, their own.

    Args:
        tape: The other tape, whose pool (externals, results) comes first.
        ops: Those of the new tape; others are added.
        first_constant: Where the constants begin; the new tape's own results come after them.
    """

    tape: Tape
    ops: list[Op]
    first_constant: int = 0
    constants: list[float] = attrs.field(factory=lambda: [0.0])
    _place: dict[str, int] = attrs.field(factory=lambda: {(0.0).hex(): 0}, init=False)

    @property
    def first_own(self) -> int:
        """Where the results of the new tape begin, once all constants are there."""
        return self.first_constant + len(self.constants)

    def note(self, group: Group, partials: Iterable[float]) -> None:
        """Give a place to the ops of a template, to its constants and those among `partials`."""
        for op, operands in group.template.instructions:
            self.code(op)
            for x in operands:
                self.constant(x)
        for x in partials:
            self.constant(x)

    def code(self, op: Op) -> int:
        """Return the number of an op."""
        if op not in self.ops:
            self.ops.append(op)
        return self.ops.index(op)

    def constant(self, x: float) -> None:
        """Give a constant a place; what is no constant has one."""
        if isinstance(x, float) and x.hex() not in self._place:
            self._place[x.hex()] = len(self.constants)
            self.constants.append(x)

    def resolve(self, x: float, members: Numbers, first: Numbers) -> Numbers:
        """Return where what a template calls `x` is, for each of `members`.

        `first` says where the instructions of the template begin for each instruction of the tape.
        """
        if isinstance(x, float):
            return np.full(len(members), self.first_constant + self._place.get(x.hex(), 0))
        tape = self.tape
        arity = int(tape.start[members[0] + 1] - tape.start[members[0]])
        if x < arity:
            found: Numbers = tape.operand[tape.start[members] + x]
            return found
        if x == arity:
            return int(sum(tape.lengths)) + members
        return self.first_own + first[members] + (x - arity - 1)
