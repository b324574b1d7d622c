"""Run an op's partials once on placeholders, to write them out many times."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import attrs
import numpy as np

from mgcompile.autodiff.partials import local_derivatives
from mgcompile.program.value_ranges import range_of_op, tape_constants, tape_doubts
from mgcompile.support.ranges import FINITE, Doubt, Range, of_number
from mgcompile.support.recorded_rule import Recorder, reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mgcompile.program.ir import Tape
    from mgcompile.program.value_ranges import ValueRanges
    from mgcore import Op

    Numbers = NDArray[np.int64]

__all__ = ["Group", "Template", "grouped", "partial_template"]

_MOST_CONSTANTS = 32
"""Distinct constants beside an op that have a template each."""


@attrs.frozen(slots=True, eq=False)
class Template:
    """The instructions that compute an op's partials.

    Numbers stand for values: 0 ... arity - 1 the operands, then the result of the op, then the
    instructions one after the other. A plain number stands for itself.

    Args:
        instructions: `(op, operands)`.
        partials: One for each operand.
        doubtful: For each whether it may be infinite or NaN, for finite operands and result.
    """

    instructions: tuple[tuple[Op, tuple[int | float, ...]], ...]
    partials: tuple[int | float, ...]
    doubtful: tuple[bool, ...]


def partial_template(op: Op, constants: Sequence[float | None]) -> Template:
    """Return the partials of an op.

    Args:
        op: The op.
        constants: For each operand its value if it is a constant, else None. The partial to a
            constant is 0.
    """
    recorder = Recorder(len(constants) + 1, shares=True)
    operands = [recorder.traced(i) if c is None else c for i, c in enumerate(constants)]
    out = recorder.traced(len(constants))
    wanted = [i for i, c in enumerate(constants) if c is None]
    found = local_derivatives(op, recorder, out, operands, wanted)
    partials = tuple(reference(found[i]) if i in found else 0.0 for i in range(len(constants)))
    ranges = [FINITE if c is None else of_number(c) for c in constants]
    ranges.append(range_of_op(op, tuple(ranges)))
    instructions = cast("tuple[tuple[Op, tuple[int | float, ...]], ...]", tuple(recorder.steps))
    for inner, read in instructions:
        ranges.append(range_of_op(inner, tuple(_range(x, ranges) for x in read)))
    doubts = tuple(_range(x, ranges).doubt is not Doubt.NONE for x in partials)
    return Template(instructions, partials, doubts)


def _range(x: float, ranges: Sequence[Range]) -> Range:
    return ranges[x] if isinstance(x, int) else of_number(x)


@attrs.frozen(slots=True, eq=False)
class Group:
    """Instructions of a tape that have one template.

    Args:
        members: Their numbers.
        template: How their partials are computed.
        doubtful: For each of them and each operand whether that partial may be infinite or NaN;
            shape (members, operands).
    """

    members: Numbers
    template: Template
    doubtful: NDArray[np.bool_]


def grouped(tape: Tape, ranges: ValueRanges) -> list[Group]:
    """Return the instructions of each op and number of operands with their template.

    Those of a few distinct constants, as exponents are, have a template for each of these.
    """
    width = np.diff(tape.start)
    doubts = tape_doubts(tape, ranges)
    constant = tape_constants(tape, ranges)
    widest = int(width.max()) + 1
    kind = tape.code * widest + width
    found = []
    for value in np.unique(kind).tolist():
        members = np.flatnonzero(kind == value)
        op, count = tape.ops[value // widest], value % widest
        operands = tape.operand[tape.start[members][:, None] + np.arange(count)]
        reads = np.concatenate([operands, sum(tape.lengths) + members[:, None]], axis=1)
        around = np.any(doubts[reads], axis=1)
        for which, constants in _by_constants(op, operands, constant):
            template = partial_template(op, constants)
            computed = np.array([isinstance(x, int) for x in template.partials])
            doubtful = np.array(template.doubtful) | (around[which][:, None] & computed)
            found.append(Group(members[which], template, doubtful))
    return found


def _by_constants(
    op: Op, operands: Numbers, constant: dict[int, float]
) -> list[tuple[Numbers, tuple[float | None, ...]]]:
    """Return which rows of operands have which constants among them, where that matters."""
    count = operands.shape[1]
    everything = [(np.arange(len(operands)), (None,) * count)]
    if range_of_op(op, (FINITE,) * count).finite or op.arity is None:
        return everything
    rows: dict[str, list[int]] = {}  # by the text of the constants, for Python takes -0.0 for 0.0
    known: dict[str, tuple[float | None, ...]] = {}
    for place, row in enumerate(operands.tolist()):
        constants = tuple(constant.get(x) for x in row)
        rows.setdefault(repr(constants), []).append(place)
        known[repr(constants)] = constants
        if len(rows) > _MOST_CONSTANTS:
            return everything
    return [(np.array(places), known[key]) for key, places in rows.items()]
