"""Let statements write straight into the array that a scatter would gather their results in.

A scatter whose parts together cover its result, each element once, only says where things go. The
arrays that it reads get a *destination*: they are parts of its result from the beginning. Parts
that go to the same elements are added up first; runs of neighbours that overlap, as the adjoints
of shifted reads do, are cut where one of them begins or ends. A part that is a sum over the batch
is added to what is there, so that any number of these may overlap.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, evolve, field

from mgcompile.program.index_maps import is_row_major, only_axes
from mgcompile.program.ir import (
    Access,
    Affine,
    Array,
    Bundle,
    IndexMap,
    Loop,
    Scatter,
    ScatterPart,
    extent,
    map_elements,
)
from mgcompile.program.traversal import read
from mgcompile.schedule.phases import moments
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.program.ir import Statement
    from mgcompile.schedule.ir import LoopProgram

__all__ = ["elide_scatters"]

_MOST_CUT = 8
"""Parts of a scatter that are cut where they overlap."""

_FEWEST_A_PIECE = 2
"""Elements of a piece, on average: shorter ones are added where they are."""


@define
class _Rewriter:
    arrays: list[Array]
    reads: Counter[int]
    makers: dict[int, Bundle]
    moments: dict[int, int]
    destinations: dict[int, Access] = field(factory=dict)

    def block(self, statements: Sequence[Statement], loops: int) -> tuple[Statement, ...]:
        made: list[Statement] = []
        for statement in statements:
            match statement:
                case Loop():
                    made.append(evolve(statement, body=self.block(statement.body, loops + 1)))
                case Scatter():
                    made += self.scatter(statement, loops)
                case _:
                    made.append(statement)
        return tuple(made)

    def scatter(self, scatter: Scatter, loops: int) -> Sequence[Statement]:
        """Return what stands in place of a scatter."""
        sums = not loops and all(self._sums_over_batch(part) for part in scatter.parts)
        if sums and len({self.moments[part.source.array] for part in scatter.parts}) == 1:
            for part in scatter.parts:
                self.destinations[part.source.array] = Access(scatter.result, part.target)
            return []
        together = _by_target(scatter.parts)
        if together and not self._covers(scatter, together, loops):
            together = _by_target(_cut(scatter.parts, loops))
        if not together or not self._covers(scatter, together, loops):
            return [scatter]
        made: list[Statement] = []
        for parts in together:
            shape, target = parts[0].shape, parts[0].target
            array = self.new_array(extent(shape), scatter.result)
            sources = tuple(part.source for part in parts)
            made.append(Bundle(array, ops.sum, shape, sources))
            self.destinations[array] = Access(scatter.result, target)
        return made

    def new_array(self, size: int, like: int) -> int:
        self.arrays.append(Array(size, self.arrays[like].batched))
        return len(self.arrays) - 1

    def _sums_over_batch(self, part: ScatterPart) -> bool:
        """Tell whether a part is the whole of a sum over the batch that nothing else reads."""
        source = part.source
        bundle = self.makers.get(source.array)
        return (
            bundle is not None
            and bundle.over_batch
            and self.reads[source.array] == 1
            and bundle.shape == part.shape
            and is_row_major(source.index, 0, part.shape)
        )

    def _covers(
        self, scatter: Scatter, together: Sequence[Sequence[ScatterPart]], loops: int
    ) -> bool:
        """Tell whether each element of the result is named once, in each iteration alike."""
        size = self.arrays[scatter.result].size
        if sum(extent(parts[0].shape) for parts in together) != size:
            return False
        batched = self.arrays[scatter.result].batched
        named = np.zeros(size, dtype=np.int64)
        for parts in together:
            if batched and not any(self.arrays[part.source.array].batched for part in parts):
                return False  # a sum of what is not batched is not batched
            target = _inside(parts[0].target, loops)
            named[map_elements(target, parts[0].shape)] += 1
        return bool(np.all(named == 1))


def _inside(index: IndexMap, loops: int) -> IndexMap:
    """Return the map of an iteration; a scatter's target does not depend on which."""
    return only_axes(index, tuple(range(loops, len(index.strides))))


def _cut(parts: Sequence[ScatterPart], loops: int) -> Sequence[ScatterPart]:
    """Return the parts cut where others begin or end, so that those that overlap have one target.

    None, unless all of them are runs of neighbours, and few.
    """
    if len(parts) > _MOST_CUT or not all(_is_run(part, loops) for part in parts):
        return ()
    low = [part.target.offset for part in parts if isinstance(part.target, Affine)]
    high = [first + extent(part.shape) for first, part in zip(low, parts, strict=True)]
    ends = sorted({*low, *high})
    if _FEWEST_A_PIECE * (len(ends) - 1) > ends[-1]:
        return ()
    made = []
    for begin, end in pairwise(ends):
        target = Affine(begin, (0,) * loops + (1,))
        for part, first, last in zip(parts, low, high, strict=True):
            index = part.source.index
            if first <= begin and end <= last and isinstance(index, Affine):
                offset = index.offset + (begin - first) * (index.strides[-1] if part.shape else 0)
                strides = index.strides if part.shape else (*index.strides, 0)
                source = Access(part.source.array, Affine(offset, strides))
                made.append(ScatterPart((end - begin,), source, target))
    return made


def _is_run(part: ScatterPart, loops: int) -> bool:
    """Tell whether a part writes neighbours, the same in each iteration, from a fixed stride."""
    target = part.target
    return (
        len(part.shape) <= 1
        and isinstance(target, Affine)
        and isinstance(part.source.index, Affine)
        and not any(target.strides[:loops])
        and (extent(part.shape) == 1 or target.strides[-1] == 1)
    )


def _by_target(parts: Sequence[ScatterPart]) -> list[list[ScatterPart]]:
    """Return the parts in groups of those that go to the same elements, in order."""
    groups: dict[tuple[tuple[int, ...], IndexMap], list[ScatterPart]] = {}
    for part in parts:
        groups.setdefault((part.shape, part.target), []).append(part)
    return list(groups.values())


def elide_scatters(loops: LoopProgram) -> LoopProgram:
    """Rewrite the scatters of a program that only say where what other statements make goes."""
    program = loops.program
    when = {
        statement.result: moment
        for statement, moment, tiled in moments(program, {})
        if tiled and isinstance(statement, Bundle)
    }
    reads = Counter(array for statement in program.statements for array in read(statement))
    reads.update(output.array for output in program.outputs)
    makers = {s.result: s for s in program.statements if isinstance(s, Bundle)}
    rewriter = _Rewriter(list(program.arrays), reads, makers, when)
    statements = rewriter.block(program.statements, 0)
    changed = evolve(program, statements=statements, arrays=tuple(rewriter.arrays))
    return evolve(loops, program=changed, destinations=rewriter.destinations)
