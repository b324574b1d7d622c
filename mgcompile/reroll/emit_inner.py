"""Write a run of statements that repeats itself as a loop, or as bundles with one axis more."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.program.index_maps import added_axis, dense_strides, moving_axes, shifted
from mgcompile.program.infer_maps import fit_map
from mgcompile.program.ir import (
    CONSTS,
    Access,
    Affine,
    Array,
    Bundle,
    Carry,
    IndexMap,
    Loop,
    Scatter,
    ScatterPart,
    Stack,
    extent,
    map_elements,
)
from mgcompile.program.traversal import accesses, renamed
from mgcompile.reroll.repetition import Before, Outside, Same, made_by
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mgcompile.program.ir import Program, Statement
    from mgcompile.reroll.repetition import Repetition

__all__ = ["Body", "Scope"]


@attrs.define(slots=True, eq=False)
class Scope:
    """The arrays and constants of a program that is rewritten."""

    arrays: list[Array]
    consts: list[float]
    strict: bool
    _runs: dict[bytes, int] = attrs.field(factory=dict)

    def new_array(self, size: int, *, batched: bool) -> int:
        """Return the number of a new array."""
        self.arrays.append(Array(size, batched))
        return len(self.arrays) - 1

    def constants(self, values: Sequence[float]) -> int:
        """Return where a run of constants begins; equal runs are kept once."""
        key = np.array(values, dtype=np.float64).tobytes()
        if key not in self._runs:
            self._runs[key] = len(self.consts)
            self.consts.extend(values)
        return self._runs[key]

    def finish(self, program: Program, statements: tuple[Statement, ...]) -> Program:
        """Return the program with other statements, over these arrays and constants."""
        self.arrays[CONSTS] = Array(len(self.consts), batched=False)
        return attrs.evolve(
            program,
            arrays=tuple(self.arrays),
            consts=np.array(self.consts, dtype=np.float64),
            statements=statements,
        )


class _Same(dict[int, int]):
    """Numbers of arrays, each its own."""

    def __missing__(self, array: int) -> int:
        return array


class Body:
    """The body of a loop while loops in it are found.

    Args:
        scope: Of the program.
        loop: The loop.
        loops: Extents of the loops around the body, its own among them.
    """

    def __init__(self, scope: Scope, loop: Loop, loops: tuple[int, ...]) -> None:
        self.scope = scope
        self.loops = loops
        self._handed = {carry.following for carry in loop.carries}
        self._handed |= {stack.source for stack in loop.stacks}
        self._reads = _reads(loop.body)
        self._moved: dict[int, tuple[int, int]] = {}

    @property
    def _depth(self) -> int:
        return len(self.loops)

    def moved(self, statement: Statement) -> Statement:
        """Return a statement that reads arrays which a loop keeps now from what it keeps."""
        if not self._moved:
            return statement

        def read(access: Access) -> Access:
            if access.array not in self._moved:
                return access
            kept, offset = self._moved[access.array]
            return Access(kept, shifted(access.index, offset))

        return renamed(statement, read, _Same())

    def written(self, block: Sequence[Statement], run: Repetition) -> list[Statement] | None:
        """Return what stands in place of a run, None if it cannot be a loop."""
        writer = _Writer(self, block, run)
        if not run.initial and all(isinstance(each, Bundle) for each in writer.template):
            return writer.as_bundles()
        return writer.as_loop()

    def is_read_elsewhere(self, array: int, inside: Counter[int]) -> bool:
        """Tell whether an array has readers besides those counted, or is handed on."""
        return array in self._handed or self._reads[array] > inside[array]

    def keep(self, results: Sequence[int], kept: int) -> list[Statement]:
        """Let the results of all iterations be read from an array of one after the other.

        Returns:
            Copies of those that the loop around hands on or keeps by their names.
        """
        copies: list[Statement] = []
        size = self.scope.arrays[results[0]].size
        for k, array in enumerate(results):
            if array in self._handed:
                read = Access(kept, Affine(k * size, (*(0,) * self._depth, 1)))
                copies.append(Bundle(array, ops.sum, (size,), (read,)))
            else:
                self._moved[array] = kept, k * size
        return copies


def _reads(statements: Sequence[Statement]) -> Counter[int]:
    """Count how often each array is read."""
    return Counter(access.array for each in statements for access in accesses(each))


class _Writer:
    """Write one run of the statements of a body."""

    def __init__(self, body: Body, block: Sequence[Statement], run: Repetition) -> None:
        self.body, self.scope, self.run = body, body.scope, run
        self.template = block[run.first : run.first + run.period]
        self.results = [
            [made_by(block[at]) for at in range(run.first + j, run.end, run.period)]
            for j in range(run.period)
        ]
        inside = _reads(block[run.first : run.end])
        elsewhere = [
            [body.is_read_elsewhere(array, inside) for array in results] for results in self.results
        ]
        self.kept = [j for j, read in enumerate(elsewhere) if any(read[:-1])]
        self.last = [j for j, read in enumerate(elsewhere) if read[-1] and not any(read[:-1])]
        self.before: list[Statement] = []
        self.depth = len(body.loops)

    def as_bundles(self) -> list[Statement]:
        """Return iterations that do not read one another as bundles with one axis more."""
        count = self.run.count
        made = [self._new(j, count) for j in range(self.run.period)]
        bundles: list[Statement] = []
        for j, each in enumerate(self.template):
            assert isinstance(each, Bundle)  # noqa: S101 - the caller asked
            reads = self._reads(j, lambda place, index: self._row(made[place], place, index))
            shape = (count, *each.shape)
            bundles.append(attrs.evolve(each, result=made[j], shape=shape, operands=reads))
        copies = [
            copy
            for j in sorted([*self.kept, *self.last])
            for copy in self.body.keep(self.results[j], made[j])
        ]
        return [*self.before, *bundles, *copies]

    def _row(self, array: int, place: int, index: IndexMap) -> Access:
        """Return how an iteration reads its own elements of an array of all iterations."""
        size = self._array(place).size
        moved = added_axis(index, self.depth)
        strides = (*moved.strides[: self.depth], size, *moved.strides[self.depth + 1 :])
        return Access(array, attrs.evolve(moved, strides=strides))

    def as_loop(self) -> list[Statement] | None:
        """Return the loop, with what has to stand before and after it; None if it cannot be one."""
        run, depth = self.run, self.depth
        handed = sorted({*run.initial, *self.last})
        if len({self._array(j).batched for j in (*handed, *self.kept)}) > 1:
            return None  # adjoints of what all samples share, and of what each has, do not mix
        state = {j: self._new(j) for j in handed}
        own = [self._new(j) for j in range(run.period)]
        body = tuple(self._statement(j, own, state) for j in range(run.period))
        carries = []
        for j in handed:
            zero = Affine(self.scope.constants([0.0]), (0,) * (depth + 1))
            initial = run.initial.get(j, Access(CONSTS, zero))
            final = self.results[j][-1] if j in self.last else self._new(j)
            carries.append(Carry(state[j], initial, own[j], final))
        stacks = tuple(Stack(self._new(j, run.count), own[j]) for j in self.kept)
        loop = Loop(run.count, body, tuple(carries), stacks)
        copies = [
            copy
            for j, stack in zip(self.kept, stacks, strict=True)
            for copy in self.body.keep(self.results[j], stack.result)
        ]
        return [*self.before, loop, *copies]

    def _statement(self, j: int, own: list[int], state: dict[int, int]) -> Statement:
        """Return a statement of the loop's body."""
        each = self.template[j]
        reads = self._reads(
            j, lambda place, index: Access(own[place], added_axis(index, self.depth)), state
        )
        if isinstance(each, Bundle):
            return attrs.evolve(each, result=own[j], operands=reads)
        assert isinstance(each, Scatter)  # noqa: S101 - others have a form of their own
        parts = tuple(
            ScatterPart(part.shape, read, added_axis(part.target, self.depth))
            for part, read in zip(each.parts, reads, strict=True)
        )
        return Scatter(own[j], parts)

    def _reads(
        self, j: int, own: Callable[[int, IndexMap], Access], state: dict[int, int] | None = None
    ) -> tuple[Access, ...]:
        """Return how statement j reads its operands, with the iteration as an axis."""
        found = []
        domain_of = _domains(self.template[j])
        for source, domain in zip(self.run.operands[j], domain_of, strict=True):
            match source:
                case Same(place, index):
                    found.append(own(place, index))
                case Before(place, index):
                    assert state is not None  # noqa: S101 - only loops have a state
                    found.append(Access(state[place], added_axis(index, self.depth)))
                case Outside(reads):
                    found.append(self._outside(reads, domain))
        return tuple(found)

    def _outside(self, reads: tuple[Access, ...], domain: tuple[int, ...]) -> Access:
        """Return one access for what each iteration reads of what was made before the run."""
        depth, first = self.depth, reads[0]
        if all(read == first for read in reads[1:]):
            return Access(first.array, added_axis(first.index, depth))
        if any(read.array != first.array for read in reads):
            return self._gathered(reads, domain)
        maps = [read.index for read in reads]
        if first.array == CONSTS and not any(any(moving_axes(index)) for index in maps):
            values = [self.scope.consts[index.bounds[0]] for index in maps]
            axes = len(maps[0].strides) - depth
            strides = (*(0,) * depth, 1, *(0,) * axes)
            return Access(CONSTS, Affine(self.scope.constants(values), strides))
        whole = (*self.body.loops, *domain)
        elements = np.stack([map_elements(index, whole) for index in maps], axis=depth)
        return Access(first.array, fit_map(elements))

    def _gathered(self, reads: tuple[Access, ...], domain: tuple[int, ...]) -> Access:
        """Return an access to what each iteration reads, of several arrays, put into one."""
        size, loops = extent(domain), (0,) * self.depth
        dense = dense_strides(domain)
        parts = tuple(
            ScatterPart(domain, read, Affine(k * size, (*loops, *dense)))
            for k, read in enumerate(reads)
        )
        batched = any(self.scope.arrays[read.array].batched for read in reads)
        array = self.scope.new_array(len(reads) * size, batched=batched)
        self.before.append(Scatter(array, parts))
        return Access(array, Affine(0, (*loops, size, *dense)))

    def _array(self, j: int) -> Array:
        return self.scope.arrays[self.results[j][0]]

    def _new(self, j: int, count: int = 1) -> int:
        made = self._array(j)
        return self.scope.new_array(count * made.size, batched=made.batched)


def _domains(statement: Statement) -> list[tuple[int, ...]]:
    """Return the axes of each operand, without those of the loops around."""
    if isinstance(statement, Bundle):
        return [statement.shape + statement.reduced] * len(statement.operands)
    assert isinstance(statement, Scatter)  # noqa: S101 - others have a form of their own
    return [part.shape for part in statement.parts]
