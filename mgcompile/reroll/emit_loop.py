"""Write a repetition along depth as a loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.graph.ir import CONST, edge_owner
from mgcompile.program.builder import affine
from mgcompile.program.infer_maps import fit_map
from mgcompile.program.ir import CONSTS, Access, Affine, Carry
from mgcompile.reroll.emit_bundle import Writer
from mgcompile.reroll.loop_detect import body_places

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.program.builder import Builder
    from mgcompile.reroll.isomorphism import IsomorphismClasses
    from mgcompile.reroll.loop_detect import BodyGroup, Recurrence
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
    initial = {j: _initial_access(value_map, builder, nodes) for j, nodes in loop.initial.items()}
    for j in finals:
        initial.setdefault(j, affine(CONSTS, builder.constant(0.0), 0))
    batched = builder.is_batched(list(initial.values())) or _reads_batch(
        classes, loop, value_map, builder
    )
    size = {j: loop.body[j].nodes.shape[1] for j in initial}
    local = len(builder.arrays)
    carried = {j: builder.new_array(size[j], batched=batched) for j in initial}
    virtual = {j: value_map.virtual(carried[j], size[j]) for j in initial}
    builder.open_loop()
    made = {}
    writer = Writer(value_map, builder, loop.count, local)
    for j, part in enumerate(loop.body):
        op = classes.graph.ops[int(classes.graph.code[part.nodes.flat[0]])]
        table = _redirected(part, column, place, virtual)
        made[j] = writer.write(op, table)
        value_map.put(part.nodes, made[j], repeated=loop.count)
    carries = [
        Carry(carried[j], initial[j], made[j], builder.new_array(size[j], batched=batched))
        for j in initial
    ]
    results = builder.close_loop(loop.count, carries, [made[j] for j in stacks])
    for carry, j in zip(carries, initial, strict=True):
        value_map.put(loop.body[j].nodes[-1], carry.final)
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


def _redirected(
    part: BodyGroup, column: Numbers, place: Numbers, virtual: dict[int, int]
) -> Numbers:
    """Return the operands with the state of the iteration before read from the carried arrays."""
    table = part.table.copy()
    for member, slot in np.argwhere(part.before).tolist():
        node = int(part.table[1, member, slot])
        table[:, member, slot] = virtual[int(column[node])] + int(place[node])
    return table
