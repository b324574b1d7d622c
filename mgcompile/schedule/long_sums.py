"""Cut sums of many operands into chains of shorter ones, each with a loop of its own.

What does not repeat, such as the sum over all nodes of an irregular graph, is one bundle of as many
operands as there are terms. In one loop the address of each would be kept, and LLVM's time grows
faster than the loop does. A link of the chain adds its operands to what the one before it made: in
the order of the whole sum, and so with its bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, evolve, field

from mgcompile.program.index_maps import dense_strides
from mgcompile.program.ir import Access, Affine, Array, Bundle, Loop
from mgcompile.schedule.ir import Group, LoopUnit
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.program.ir import Statement
    from mgcompile.schedule.ir import LoopProgram, Unit

__all__ = ["MOST_TERMS", "cut_long_sums"]

MOST_TERMS = 64
"""Operands that a link of a chain adds: what passes from one to the next hardly counts then."""


def cut_long_sums(loops: LoopProgram) -> LoopProgram:
    """Cut the sums of more operands than that, and the loops that they are fused into."""
    cutting = _Cutting(list(loops.program.arrays))
    statements = cutting.statements(loops.program.statements, 0)
    if not cutting.links:
        return loops
    phases = tuple(
        evolve(phase, shared=cutting.units(phase.shared), tiled=cutting.units(phase.tiled))
        for phase in loops.phases
    )
    program = evolve(loops.program, statements=statements, arrays=tuple(cutting.arrays))
    return evolve(loops, program=program, phases=phases)


@define
class _Cutting:
    """The arrays of a program, and for each sum that was cut, by its result, the links."""

    arrays: list[Array]
    links: dict[int, tuple[Bundle, ...]] = field(factory=dict)

    def statements(self, block: Sequence[Statement], depth: int) -> tuple[Statement, ...]:
        """Return statements that stand in `depth` loops, with chains in the place of long sums."""
        found: list[Statement] = []
        for statement in block:
            match statement:
                case Loop(body=body):
                    found.append(evolve(statement, body=self.statements(body, depth + 1)))
                case Bundle() if _is_long(statement):
                    found += self._chain(statement, depth)
                case _:
                    found.append(statement)
        return tuple(found)

    def _chain(self, bundle: Bundle, depth: int) -> tuple[Bundle, ...]:
        size, batched = self.arrays[bundle.result].size, self.arrays[bundle.result].batched
        strides = (*(0 for _ in range(depth)), *dense_strides(bundle.shape))
        chain: list[Bundle] = []
        for first in range(0, len(bundle.operands), MOST_TERMS):
            before = tuple(Access(link.result, Affine(0, strides)) for link in chain[-1:])
            result = bundle.result
            if first + MOST_TERMS < len(bundle.operands):
                result = len(self.arrays)
                self.arrays.append(Array(size, batched))
            operands = (*before, *bundle.operands[first : first + MOST_TERMS])
            chain.append(evolve(bundle, result=result, operands=operands))
        self.links[bundle.result] = tuple(chain)
        return self.links[bundle.result]

    def units(self, block: Sequence[Unit]) -> tuple[Unit, ...]:
        """Return units with groups cut after every link of a chain but its last one."""
        found: list[Unit] = []
        for unit in block:
            match unit:
                case LoopUnit(loop=loop):
                    body = self.units(unit.body)
                    found.append(evolve(unit, loop=self._with_chains(loop), body=body))
                case Group():
                    found += [evolve(unit, bundles=body) for body in self._bodies(unit.bundles)]
                case _:
                    found.append(unit)
        return tuple(found)

    def _with_chains(self, loop: Loop) -> Loop:
        body: list[Statement] = []
        for statement in loop.body:
            match statement:
                case Loop():
                    body.append(self._with_chains(statement))
                case Bundle():
                    body += self.links.get(statement.result, (statement,))
                case _:
                    body.append(statement)
        return evolve(loop, body=tuple(body))

    def _bodies(self, bundles: Sequence[Bundle]) -> list[tuple[Bundle, ...]]:
        """Return bodies for what was fused: up to each link of a chain what it needs, the rest."""
        if not any(bundle.result in self.links for bundle in bundles):
            return [tuple(bundles)]
        spread = [link for b in bundles for link in self.links.get(b.result, (b,))]
        makers = {bundle.result: place for place, bundle in enumerate(spread)}
        inner = {link.result for b in bundles for link in self.links.get(b.result, ())[:-1]}
        left = set(range(len(spread)))
        bodies = []
        for place in [makers[b.result] for b in spread if b.result in inner]:
            body, pending = [], [place]
            while pending:
                needed = pending.pop()
                if needed in left:
                    left.remove(needed)
                    body.append(needed)
                    operands = spread[needed].operands
                    pending += [makers[a.array] for a in operands if a.array in makers]
            bodies.append(tuple(spread[each] for each in sorted(body)))
        return [*bodies, tuple(spread[each] for each in sorted(left))]


def _is_long(bundle: Bundle) -> bool:
    elementwise = bundle.op is ops.sum and not bundle.reduced and not bundle.over_batch
    return elementwise and len(bundle.operands) > MOST_TERMS
