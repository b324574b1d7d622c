"""Reverse mode of a tape: a second tape, written on whole tables at once.

The partials of each op are run once, on a template; the template is then written out for all
instructions of that op together. For every instruction, last first, the reverse tape has the
instructions of its partials, the sum of what its users contribute, and the products that it
contributes to its operands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.autodiff.matrix_product_adjoints import Contribution
from mgcompile.autodiff.partial_template import grouped
from mgcompile.autodiff.symbols import Emitter
from mgcompile.autodiff.tape_tables import Pool, Rows, assemble, joined, rows_of, sum_rows
from mgcompile.program.infer_maps import fit_map
from mgcompile.program.ir import CONSTS, Access, Affine, Tape, map_elements
from mgcompile.support.csr import places_within
from mgcompile.support.zero_product import ZERO_MUL
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mgcompile.autodiff.adjoints import Adjoints
    from mgcompile.program.builder import Builder

    Numbers = NDArray[np.int64]
    Mask = NDArray[np.bool_]

__all__ = ["reverse_tape"]


def reverse_tape(
    tape: Tape,
    builder: Builder,
    adjoints: Adjoints,
    active: set[int],
    sink: Callable[[Contribution], None],
) -> None:
    """Write the reverse of `tape` and hand on what it contributes to what the tape reads."""
    parts = adjoints.take_parts(tape.result)
    if not parts or tape.result not in active:
        return
    seeds = [map_elements(part.index, part.shape).ravel() for part in parts]
    externals = [
        *zip(tape.externals, tape.lengths, strict=True),
        (Access(tape.result, Affine(0, (1,))), len(tape.code)),
    ]
    for part in parts:
        table = map_elements(part.source.index, part.shape).ravel()
        externals.append((Access(part.source.array, fit_map(table)), len(table)))
    is_active = np.concatenate(
        [
            np.full(length, access.array in active)
            for access, length in zip(tape.externals, tape.lengths, strict=True)
        ]
    )
    writer = _Writer(tape, np.concatenate(seeds), is_active, builder)
    leaving = writer.write()
    if len(leaving.element) == 0:
        return
    offset = builder.constants(writer.own.constants)
    externals.append((Access(CONSTS, Affine(offset, (1,))), len(writer.own.constants)))
    result = builder.tape(externals, writer.own.ops, leaving.code, leaving.start, leaving.operand)
    _hand_on(tape, builder, result, leaving, sink)


@attrs.frozen(slots=True, eq=False)
class _Written:
    """The tables of the reverse tape, and where the adjoint of each external element is in it."""

    code: Numbers
    start: Numbers
    operand: Numbers
    element: Numbers
    place: Numbers


def _hand_on(
    tape: Tape,
    builder: Builder,
    result: int,
    leaving: _Written,
    sink: Callable[[Contribution], None],
) -> None:
    batched = builder.arrays[tape.result].batched
    first = 0
    for access, length in zip(tape.externals, tape.lengths, strict=True):
        inside = (leaving.element >= first) & (leaving.element < first + length)
        chosen = leaving.element[inside] - first
        first += length
        if not len(chosen):
            continue
        target = fit_map(map_elements(access.index, (length,))[chosen])
        emitter = Emitter(builder, (), (len(chosen),))
        upstream = emitter.symbol(Access(result, fit_map(leaving.place[inside])))
        sink(Contribution((len(chosen),), upstream, 1.0, access.array, target, batched))


@attrs.frozen(slots=True, eq=False)
class _Layout:
    """Where the instructions of the reverse tape are, counted from its own first one.

    Args:
        live: Which instructions of the tape have an adjoint.
        own: For each edge the instruction whose operand it is.
        target: For each edge the operand.
        seeds: Which seeds arrive.
        first: For each instruction where its block begins: partials, sum, products.
        summed: Which instructions have a sum of contributions.
        sum_at: Where that is.
        product: Which edges contribute a product; the others hand the adjoint on as it is.
        product_at: Where that is.
        size: The number of instructions of all blocks.
    """

    live: Mask
    own: Numbers
    target: Numbers
    seeds: Numbers
    first: Numbers
    summed: Mask
    sum_at: Numbers
    product: Mask
    product_at: Numbers
    size: int


class _Writer:
    """Write the reverse tape of one tape.

    The pool of the reverse tape: the forward pool (externals, results), then the seeds, then the
    constants, then its own instructions.
    """

    def __init__(
        self, tape: Tape, seeded: Numbers, is_active: NDArray[np.bool_], builder: Builder
    ) -> None:
        self.tape = tape
        self.seeded = seeded
        self.count = len(tape.code)
        self.pool = int(sum(tape.lengths))
        self.width = np.diff(tape.start)
        self.owner = np.repeat(np.arange(self.count), self.width)
        self.first_seed = self.pool + self.count
        self.own = Pool(tape, [ops.mul, ops.neg, ops.sum, ZERO_MUL], self.first_seed + len(seeded))
        self.groups = grouped(tape, builder.known_ranges())
        for group in self.groups:
            others = (x for x in group.template.partials if x not in (0.0, 1.0, -1.0))
            self.own.note(group, others)
        self._find_edges(is_active)
        self.doubtful &= not builder.plain

    def _find_edges(self, is_active: NDArray[np.bool_]) -> None:
        """Find the operands to which something is contributed: `edge`, and how: `unit`."""
        tape = self.tape
        factor = np.full(len(tape.operand), np.nan)
        doubtful = np.zeros(len(tape.operand), dtype=bool)
        for group in self.groups:
            for i, partial in enumerate(group.template.partials):
                doubtful[tape.start[group.members] + i] = group.doubtful[:, i]
                if isinstance(partial, float):
                    factor[tape.start[group.members] + i] = partial
        nonzero = factor != 0.0
        active = bytearray(is_active.tobytes()) + bytearray(self.count)
        operand, start, ok = tape.operand.tolist(), tape.start.tolist(), nonzero.tolist()
        pool = self.pool
        for v in range(self.count):
            for e in range(start[v], start[v + 1]):
                if active[operand[e]]:
                    active[pool + v] = 1
                    break
        reached = bytearray(pool + self.count)
        for element in self.seeded.tolist():
            reached[pool + element] = 1
        for v in range(self.count - 1, -1, -1):
            if reached[pool + v] and active[pool + v]:
                for e in range(start[v], start[v + 1]):
                    if ok[e] and active[operand[e]]:
                        reached[operand[e]] = 1
        used = np.frombuffer(reached, np.uint8) & np.frombuffer(active, np.uint8)
        self.used = used.astype(bool)
        live = self.used[pool:]
        edges = nonzero & live[self.owner] & self.used[tape.operand]
        self.edge = np.flatnonzero(edges)
        self.factor = factor[self.edge]
        self.doubtful = doubtful[self.edge]

    def write(self) -> _Written:
        """Lay out the instructions, then fill the tables."""
        at = self._laid_out()
        adjoint = self._adjoint_references(at)
        made = np.where(at.product, self.own.first_own + at.product_at, adjoint[at.own])
        sums, element = self._sum_rows(at, made)
        pieces = [self._template_rows(at), *self._product_rows(at, adjoint), sums]
        total = at.size + len(element)
        code, start, operand = assemble(pieces, total)
        return _Written(code, start, operand, element, np.arange(at.size, total))

    def _laid_out(self) -> _Layout:
        tape, pool, count = self.tape, self.pool, self.count
        live = self.used[pool:]
        own, target = self.owner[self.edge], tape.operand[self.edge]
        seeds = np.flatnonzero(live[self.seeded])
        arrivals = np.bincount(target, minlength=pool + count)
        arrivals += np.bincount(pool + self.seeded[seeds], minlength=pool + count)
        steps = np.zeros(count, dtype=np.int64)
        for group in self.groups:
            steps[group.members] = len(group.template.instructions)
        steps *= live
        summed = (arrivals[pool:] > 1) & live
        product = self.factor != 1.0
        products = np.bincount(own[product], minlength=count)
        size = steps + summed + products
        first = np.zeros(count, dtype=np.int64)  # of each instruction's block, last one first
        first[::-1] = np.cumsum(size[::-1]) - size[::-1]
        sum_at = first + steps
        rank = np.zeros(len(own), dtype=np.int64)
        rank[product] = places_within(products)  # edges are in the order of their owners
        product_at = sum_at[own] + summed[own] + rank
        return _Layout(
            live, own, target, seeds, first, summed, sum_at, product, product_at, int(size.sum())
        )

    def _product_rows(self, at: _Layout, adjoint: Numbers) -> list[Rows]:
        """Return the adjoints of instructions times their partials."""
        partial = self._partial_references(at.first)[self.edge]
        negative = at.product & (self.factor == -1.0)
        pieces = []
        for op, chosen in ((ops.mul, ~self.doubtful), (ZERO_MUL, self.doubtful)):
            these = at.product & ~negative & chosen
            upstream = adjoint[at.own[these]]
            pieces.append(
                rows_of(at.product_at[these], self.own.code(op), upstream, partial[these])
            )
        upstream = adjoint[at.own[negative]]
        return [*pieces, rows_of(at.product_at[negative], self.own.code(ops.neg), upstream)]

    def _sum_rows(self, at: _Layout, made: Numbers) -> tuple[Rows, Numbers]:
        """Return the sums of what arrives at a place, and the external elements that have one.

        Args:
            at: Where everything is.
            made: What each edge contributes.
        """
        pool = self.pool
        arriving = np.concatenate([at.target, pool + self.seeded[at.seeds]])
        reference = np.concatenate([made, self.first_seed + at.seeds])
        inner = arriving >= pool
        wanted = inner.copy()
        wanted[inner] = at.summed[arriving[inner] - pool]
        element, where = np.unique(arriving[~inner], return_inverse=True)
        place = np.concatenate([at.sum_at[arriving[wanted] - pool], at.size + where])
        read = np.concatenate([reference[wanted], reference[~inner]])
        return sum_rows(place, read, self.own.code(ops.sum)), element

    def _partial_references(self, first: Numbers) -> Numbers:
        """Return for every operand of every instruction where its partial is in the pool."""
        tape = self.tape
        found = np.zeros(len(tape.operand), dtype=np.int64)
        for group in self.groups:
            for i, partial in enumerate(group.template.partials):
                places = tape.start[group.members] + i
                found[places] = self.own.resolve(partial, group.members, first)
        return found

    def _template_rows(self, at: _Layout) -> Rows:
        rows = []
        for group in self.groups:
            chosen = group.members[at.live[group.members]]
            if not len(chosen):
                continue
            for j, (op, operands) in enumerate(group.template.instructions):
                columns = [self.own.resolve(x, chosen, at.first) for x in operands]
                rows.append(rows_of(at.first[chosen] + j, self.own.code(op), *columns))
        return joined(rows)

    def _adjoint_references(self, at: _Layout) -> Numbers:
        """Return where the adjoint of every instruction is: a sum, a product, a seed.

        A lone contribution with partial 1 is the user's adjoint itself; chains of these are
        followed by doubling.
        """
        pool, count = self.pool, self.count
        adjoint = np.full(count, -1, dtype=np.int64)
        adjoint[self.seeded[at.seeds]] = self.first_seed + at.seeds
        inner = at.target >= pool
        same = np.arange(count)
        alone = inner & at.product
        adjoint[at.target[alone] - pool] = self.own.first_own + at.product_at[alone]
        passed = inner & ~at.product
        same[at.target[passed] - pool] = at.own[passed]
        adjoint[at.summed] = self.own.first_own + at.sum_at[at.summed]
        same[at.summed] = np.flatnonzero(at.summed)
        known = adjoint >= 0
        same[known] = np.flatnonzero(known)
        while True:
            further = same[same]
            if np.array_equal(further, same):
                return adjoint[same]
            same = further
