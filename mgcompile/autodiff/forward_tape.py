"""Forward mode of a tape: a second tape, of partials times the tangents of operands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.autodiff.partial_template import grouped
from mgcompile.autodiff.tape_tables import Pool, Rows, assemble, joined, rows_of
from mgcompile.program.ir import CONSTS, Access, Affine
from mgcompile.support.ranges import Doubt
from mgcompile.support.zero_product import ZERO_BOTH
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mgcompile.autodiff.partial_template import Template
    from mgcompile.program.builder import Builder
    from mgcompile.program.ir import Tape

    Numbers = NDArray[np.int64]

__all__ = ["write_tangent_tape"]


def write_tangent_tape(tape: Tape, tangents: Sequence[Access | None], builder: Builder) -> int:
    """Append the tape of the tangents of all results of `tape`; return their array.

    Args:
        tape: The forward tape, which is in the program already.
        tangents: For each external an access to its tangents, None where they are zero.
        builder: Where it goes.
    """
    return _Writer(tape, tangents, builder).write()


class _Writer:
    """The pool: the forward pool (externals, results), tangents of the externals, constants, own.

    Every instruction of the tape has the instructions of its partials, a product for each operand
    and their sum; the sum, always there, is the tangent.
    """

    def __init__(self, tape: Tape, tangents: Sequence[Access | None], builder: Builder) -> None:
        self.tape = tape
        self.builder = builder
        self.count = len(tape.code)
        self.pool = int(sum(tape.lengths))
        self.externals = [
            *zip(tape.externals, tape.lengths, strict=True),
            (Access(tape.result, Affine(0, (1,))), self.count),
        ]
        self.tangent_at = np.full(self.pool + self.count, -1, dtype=np.int64)
        first, place = 0, self.pool + self.count
        for access, length in zip(tangents, tape.lengths, strict=True):
            if access is not None:
                self.externals.append((access, length))
                self.tangent_at[first : first + length] = place + np.arange(length)
                place += length
            first += length
        ranges = builder.known_ranges()
        self.groups = grouped(tape, ranges)
        reads = zip(tangents, tape.lengths, strict=True)
        doubtful = any(np.any(group.doubtful) for group in self.groups) or not all(
            access is None or ranges.of_access(access, (length,)).doubt is Doubt.NONE
            for access, length in reads
        )
        self.product = ZERO_BOTH if doubtful and not builder.plain else ops.mul
        self.own = Pool(tape, [self.product, ops.sum], place)
        for group in self.groups:
            self.own.note(group, group.template.partials)

    def write(self) -> int:
        """Append the tape and a copy of the tangents out of it."""
        steps = np.zeros(self.count, dtype=np.int64)
        for group in self.groups:
            template = group.template
            steps[group.members] = len(template.instructions) + len(template.partials) + 1
        first = np.cumsum(steps) - steps
        self.tangent_at[self.pool :] = self.own.first_own + first + steps - 1
        rows = [self._group_rows(group.members, group.template, first) for group in self.groups]
        code, start, operand = assemble([joined(rows)], int(steps.sum()))
        offset = self.builder.constants(self.own.constants)
        self.externals.append((Access(CONSTS, Affine(offset, (1,))), len(self.own.constants)))
        result = self.builder.tape(self.externals, self.own.ops, code, start, operand)
        from mgcompile.program.infer_maps import fit_map

        places = fit_map(first + steps - 1)
        return self.builder.bundle(ops.sum, (self.count,), [Access(result, places)])

    def _group_rows(self, members: Numbers, template: Template, first: Numbers) -> Rows:
        rows = []
        for j, (op, operands) in enumerate(template.instructions):
            columns = [self.own.resolve(x, members, first) for x in operands]
            rows.append(rows_of(first[members] + j, self.own.code(op), *columns))
        begin = len(template.instructions)
        products = []
        zero = self.own.first_constant
        for i, partial in enumerate(template.partials):
            tangent = self.tangent_at[self.tape.operand[self.tape.start[members] + i]]
            tangent = np.where(tangent < 0, zero, tangent)
            place = first[members] + begin + i
            factor = self.own.resolve(partial, members, first)
            # Nothing moves there: a partial that is infinite does not count.
            factor = np.where(tangent == zero, zero, factor)
            rows.append(rows_of(place, self.own.code(self.product), factor, tangent))
            products.append(self.own.first_own + place)
        end = first[members] + begin + len(template.partials)
        rows.append(rows_of(end, self.own.code(ops.sum), *products))
        return joined(rows)
