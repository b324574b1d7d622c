"""Compute cheap products where a scatter adds them, instead of keeping them in memory until then.

The adjoint of what many rows of different lengths read is a sum of as many products, each of which
would be written to memory and read again: of a triangle, all of its elements for every sample.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from attrs import define, evolve

from mgcompile.program.index_maps import is_row_major
from mgcompile.program.ir import FIRST_RESULT, Bundle, Scatter, extent
from mgcompile.program.traversal import read
from mgcompile.schedule.costs import is_cheap
from mgcompile.schedule.ir import Group, LoopUnit, ScatterUnit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.program.ir import Program, ScatterPart
    from mgcompile.schedule.ir import LoopProgram, Unit

__all__ = ["sink_into_scatters"]


def sink_into_scatters(loops: LoopProgram) -> LoopProgram:
    """Move cheap bundles that only a scatter reads, and that are larger than what they read."""
    if loops.one_sample:
        return loops
    program = loops.program
    reads = Counter(array for statement in program.statements for array in read(statement))
    reads.update(output.array for output in program.outputs)
    parts = {*loops.destinations, *(access.array for access in loops.destinations.values())}
    sinking = _Sinking(program, reads, parts)
    phases = tuple(evolve(p, tiled=sinking.block(p.tiled, 0)) for p in loops.phases)
    return evolve(loops, phases=phases)


@define
class _Sinking:
    """What is known of a program: how often arrays are read, and which are parts of others."""

    program: Program
    reads: Counter[int]
    parts: set[int]

    def block(self, block: Sequence[Unit], depth: int) -> tuple[Unit, ...]:
        """Return the units of a block that stands in `depth` loops."""
        units: list[Unit] = []
        for unit in block:
            match unit:
                case LoopUnit():
                    units.append(evolve(unit, body=self.block(unit.body, depth + 1)))
                case Scatter() if self.program.arrays[unit.result].batched:
                    units.append(self._with_bundles(unit, units, depth))
                case _:
                    units.append(unit)
        return tuple(unit for unit in units if not isinstance(unit, Group) or unit.bundles)

    def _with_bundles(self, scatter: Scatter, before: list[Unit], depth: int) -> Unit:
        """Take from the groups before a scatter, in place, what it can compute itself."""
        places = {
            bundle.result: (place, bundle)
            for place, unit in enumerate(before)
            if isinstance(unit, Group) and unit.tiled
            for bundle in unit.bundles
        }
        taken = []
        for part in scatter.parts:
            place, bundle = places.get(part.source.array, (0, None))
            if bundle is None or not self._fits(part, bundle, depth):
                continue
            group = before[place]
            assert isinstance(group, Group)  # noqa: S101 - so it was found
            before[place] = evolve(group, bundles=tuple(b for b in group.bundles if b != bundle))
            taken.append(bundle)
        return ScatterUnit(scatter, tuple(taken)) if taken else scatter

    def _fits(self, part: ScatterPart, bundle: Bundle, depth: int) -> bool:
        """Tell whether a bundle is read at its own points, and takes more memory than it reads."""
        arrays = self.program.arrays
        operands = {access.array for access in bundle.operands if access.array >= FIRST_RESULT}
        kept = sum(arrays[array].size for array in operands if arrays[array].batched)
        return (
            self.reads[bundle.result] == 1
            and bundle.result not in self.parts
            and bundle.shape == part.shape
            and is_row_major(part.source.index, depth, part.shape)
            and is_cheap(bundle)
            and 2 * kept <= extent(bundle.shape)
        )
