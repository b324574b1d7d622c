"""Write a repetition along depth as a loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.ir import CONST, edge_owner
from mgcompile.program.builder import affine
from mgcompile.program.infer_maps import fit_map
from mgcompile.program.ir import CONSTS, Access, Affine, Carry
from mgcompile.reroll.emit_bundle import write_bundle
from mgcompile.reroll.halo import find_halos
from mgcompile.reroll.loop_detect import body_places
from mgcompile.reroll.member_axes import Members

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.program.builder import Builder
    from mgcompile.reroll.halo import Halo
    from mgcompile.reroll.isomorphism import IsomorphismClasses
    from mgcompile.reroll.loop_detect import Recurrence
    from mgcompile.reroll.value_map import ValueMap

    Numbers = NDArray[np.int64]

__all__ = ["write_loop"]


def write_loop(
    classes: IsomorphismClasses, loop: Recurrence, value_map: ValueMap, builder: Builder
) -> None:
    """Append a loop and place what is read outside of it.

    Args:
        classes: The groups.
        loop: The repetition; what its first iteration reads is placed already.
        value_map: Where nodes are.
        builder: Where the loop goes.
    """
    column, place = body_places(classes, loop.body)
    finals, stacks = _read_outside(classes, loop, column)
    body = _Body(loop, column, place, find_halos(loop.body, column, place))
    initial = {j: _initial_access(value_map, builder, body.first_row(j)) for j in loop.initial}
    for j in finals:
        initial.setdefault(j, affine(CONSTS, builder.constant(0.0), 0))
    batched = builder.is_batched(list(initial.values())) or _reads_batch(
        classes, loop, value_map, builder
    )
    size = {j: sum(body.widths(j)) for j in initial}
    local = len(builder.arrays)
    carried = {j: builder.new_array(size[j], batched=batched) for j in initial}
    for j in initial:
        body.rows[j, False] = value_map.virtual(carried[j], size[j])
    builder.open_loop()
    made = {}
    members = Members(value_map, builder, loop.count, local)
    for j, part in enumerate(loop.body):
        op = classes.graph.ops[int(classes.graph.code[part.nodes.flat[0]])]
        made[j] = write_bundle(members, op, body.table(j))
        value_map.put(part.nodes, made[j], repeated=loop.count)
        if (j, True) in body.halos:
            row = value_map.row_in_loop(body.row_now(j))
            body.rows[j, True] = value_map.virtual(row, builder.arrays[row].size)
    following = {
        j: value_map.row_in_loop(body.row_next(j)) if (j, False) in body.halos else made[j]
        for j in initial
    }
    carries = [
        Carry(carried[j], initial[j], following[j], builder.new_array(size[j], batched=batched))
        for j in initial
    ]
    results = builder.close_loop(loop.count, carries, [made[j] for j in stacks])
    for carry, j in zip(carries, initial, strict=True):
        value_map.put(loop.body[j].nodes[-1], carry.final, offset=body.widths(j)[0])
    for j, result in zip(stacks, results, strict=True):
        value_map.put(loop.body[j].nodes, result)


def _read_outside(
    classes: IsomorphismClasses, loop: Recurrence, column: Numbers
) -> tuple[list[int], list[int]]:
    """Return the body groups of which only the last iteration is read outside, and the others."""
    graph = classes.graph
    owner = edge_owner(graph.start)
    inside = column >= 0
    edge = inside[graph.operand] & ~inside[owner]
    roots = graph.roots[inside[graph.roots]]
    read = np.unique(np.concatenate([graph.operand[edge], roots]))
    last = np.zeros(len(graph.code), dtype=bool)
    for part in loop.body:
        last[part.nodes[-1]] = True
    whole = np.unique(column[read[~last[read]]]).tolist()
    some = np.unique(column[read]).tolist()
    return [j for j in some if j not in whole], whole


def _initial_access(value_map: ValueMap, builder: Builder, nodes: Numbers) -> Access:
    """Return an access over one axis to what the state is before the first iteration."""
    if len(np.unique(value_map.array[nodes])) == 1:
        return value_map.access(nodes)
    parts = [
        ((len(chosen),), access, fit_map(chosen)) for access, chosen in value_map.elements(nodes)
    ]
    return Access(builder.scatter(len(nodes), parts), Affine(0, (1,)))


def _reads_batch(
    classes: IsomorphismClasses, loop: Recurrence, value_map: ValueMap, builder: Builder
) -> bool:
    """Tell whether the body reads anything that differs from sample to sample."""
    batched = np.array([array.batched for array in builder.arrays], dtype=bool)
    for part in loop.body:
        outside = (value_map.array[part.table] >= 0) & (classes.graph.code[part.table] != CONST)
        if np.any(batched[value_map.array[part.table[outside]]]):
            return True
    return False


@attrs.define(slots=True, eq=False)
class _Body:
    """The groups of a loop, and the rows in which they and their halos are kept.

    Args:
        loop: The repetition.
        column: Of every node its number in the body, -1 outside.
        place: Its place in that group.
        halos: By group, and whether its own iteration reads it (or the next).
        rows: The first node number of each row: those of the iteration before are all carried.
    """

    loop: Recurrence
    column: Numbers
    place: Numbers
    halos: dict[tuple[int, bool], Halo]
    rows: dict[tuple[int, bool], int] = attrs.field(factory=dict)

    def widths(self, j: int) -> tuple[int, int, int]:
        """Return how many elements of a carried row stand before its members, are these, follow."""
        members = self.loop.body[j].nodes.shape[1]
        halo = self.halos.get((j, False))
        return (halo.low.shape[1], members, halo.high.shape[1]) if halo else (0, members, 0)

    def first_row(self, j: int) -> Numbers:
        """Return the nodes of a carried row that the first iteration reads."""
        halo = self.halos.get((j, False))
        own = self.loop.initial[j]
        return np.concatenate([halo.low[0], own, halo.high[0]]) if halo else own

    def row_now(self, j: int) -> list[Numbers]:
        """Return the parts of a row that its own iteration reads, for each iteration."""
        halo = self.halos[j, True]
        return [self._before(halo.low), self.loop.body[j].nodes, self._before(halo.high)]

    def row_next(self, j: int) -> list[Numbers]:
        """Return the parts of a row that the next iteration reads, for each iteration."""
        halo = self.halos[j, False]
        return [self._next(halo.low), self.loop.body[j].nodes, self._next(halo.high)]

    def _next(self, nodes: Numbers) -> Numbers:
        """Return what the next iteration finds where this one finds `nodes`."""
        found = np.concatenate([nodes[1:], nodes[-1:]])
        for at in np.flatnonzero(self.column[nodes[1]] >= 0).tolist():
            part = self.loop.body[int(self.column[nodes[1, at]])]
            found[:, at] = part.nodes[:, int(self.place[nodes[1, at]])]
        return found

    def _before(self, nodes: Numbers) -> Numbers:
        """Return `nodes` with the state of the iteration before read from the carried rows."""
        found = nodes.copy()
        earlier = self._is_before(nodes)
        found[:, earlier] = self._carried(nodes[1, earlier])
        return found

    def _is_before(self, nodes: Numbers) -> NDArray[np.bool_]:
        """Tell which columns of `nodes` are of the iteration before."""
        earlier: NDArray[np.bool_] = (self.column[nodes[1]] >= 0) & (self.column[nodes[0]] < 0)
        return earlier

    def _carried(self, nodes: Numbers) -> Numbers:
        """Return the elements of carried rows that stand for nodes of the iteration before."""
        columns = self.column[nodes]
        first = {j: self.rows[j, False] + self.widths(j)[0] for j in np.unique(columns).tolist()}
        return np.array([first[j] for j in columns.tolist()], dtype=np.int64) + self.place[nodes]

    def table(self, number: int) -> Numbers:
        """Return the operands of a part, read from carried rows and from rows with halos."""
        part = self.loop.body[number]
        table = part.table.copy()
        table[:, part.before] = self._carried(part.table[1, part.before])
        for (j, now), halo in self.halos.items():
            if now and j < number:
                own = (self.column[part.table[1]] == j) & ~part.before
                first = self.rows[j, True] + halo.low.shape[1]
                table[:, own] = first + self.place[part.table[1, own]]
            for (user, slot), places in halo.readers.items():
                if user == number:
                    table[:, :, slot] = self.rows[j, now] + places
        return table
