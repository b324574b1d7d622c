"""Write a partitioned graph as a program: bundles, loops and tapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.graph.choices import chooses_by_inputs
from mgcompile.graph.ir import operand_table
from mgcompile.program.builder import Builder
from mgcompile.program.infer_maps import fit_map
from mgcompile.program.ir import Affine
from mgcompile.reroll.emit_bundle import write_bundle
from mgcompile.reroll.emit_loop import write_loop
from mgcompile.reroll.emit_tape import write_tape
from mgcompile.reroll.member_axes import Members
from mgcompile.reroll.member_order import steady_order
from mgcompile.reroll.partition import SMALL_GROUP
from mgcompile.reroll.ragged_rows import RaggedRows, may_fill_up
from mgcompile.reroll.ragged_sums import write_alike
from mgcompile.reroll.value_map import ValueMap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.graph.ir import Graph
    from mgcompile.program.ir import Program
    from mgcompile.reroll.ir import Rerolling
    from mgcompile.reroll.isomorphism import IsomorphismClasses

__all__ = ["emit", "gather_outputs"]


def emit(form: Rerolling) -> Program:
    """Return the forward program of a partitioned graph, with the one output `value`."""
    classes = form.known
    builder = Builder(form.n_inputs, form.n_params)
    builder.strict = form.graph.strict
    builder.chooses = chooses_by_inputs(form.graph)
    value_map = ValueMap(classes.graph, builder)
    bundles = _Bundles.of(form, value_map, builder)
    for stage in form.stages:
        if stage.loop is not None:
            write_loop(classes, stage.loop, value_map, builder)
        elif stage.irregular:
            nodes = classes.nodes_of(np.array(stage.groups, dtype=np.int64))
            write_tape(classes.graph, nodes, value_map, builder)
        else:
            bundles.write(stage.groups)
    value = gather_outputs(classes.graph, value_map, builder)
    return builder.finish([("value", value)], form.data)


@attrs.define(slots=True, eq=False)
class _Bundles:
    """Write groups as bundles.

    Args:
        classes: The groups.
        value_map: Where nodes are.
        builder: Where statements go.
        alike: By group those that are like it but for their length, until they were tried.
        rows: What fills up rows where there are such groups.
    """

    classes: IsomorphismClasses
    value_map: ValueMap
    builder: Builder
    alike: dict[int, tuple[int, ...]]
    rows: RaggedRows | None
    _written: set[int] = attrs.field(factory=set, init=False)

    @classmethod
    def of(cls, form: Rerolling, value_map: ValueMap, builder: Builder) -> _Bundles:
        """Return what writes the groups of a form."""
        alike = {group: groups for groups in form.ragged for group in groups}
        rows = RaggedRows(value_map) if alike else None
        return cls(form.known, value_map, builder, alike, rows)

    def write(self, groups: Sequence[int]) -> None:
        """Write groups, what is read first."""
        members = Members(self.value_map, self.builder)
        for group in groups:
            if group in self.alike:
                self._write_alike(self.alike[group])
            if group not in self._written:
                self._write(group, members)

    def _write_alike(self, groups: tuple[int, ...]) -> None:
        for group in groups:
            del self.alike[group]
        self._written.update(write_alike(self.classes, groups, self.value_map, self.builder))

    def _write(self, group: int, members: Members) -> None:
        graph, value_map = self.classes.graph, self.value_map
        nodes = self.classes.nodes(group)
        op = graph.ops[int(graph.code[nodes[0]])]
        table = operand_table(graph, nodes)
        if len(nodes) < SMALL_GROUP and not value_map.in_step(table):
            for i in range(len(nodes)):
                value_map.put(nodes[i : i + 1], write_bundle(members, op, table[i : i + 1]))
            return
        if (order := steady_order(value_map, table)) is not None:
            nodes, table = nodes[order], table[order]
        elif self.rows is not None and may_fill_up(op) and (blocks := self.rows.blocks(table)):
            for block in blocks:
                self.rows.put(nodes, block, write_bundle(members, op, block.table))
            return
        value_map.put(nodes, write_bundle(members, op, table))


def gather_outputs(graph: Graph, value_map: ValueMap, builder: Builder) -> int:
    """Return the array of all outputs in their order."""
    if len(graph.roots) == 1:
        root = value_map.access(graph.roots)
        if root.index == Affine(0, (0,)) and builder.arrays[root.array].size == 1:
            return root.array
    arrays = value_map.array[graph.roots]
    order = np.argsort(arrays, kind="stable")
    cuts = np.flatnonzero(np.diff(arrays[order])) + 1
    parts = [
        ((len(places),), value_map.access(graph.roots[places]), fit_map(places))
        for places in np.split(order, cuts)
    ]
    return builder.scatter(len(graph.roots), parts)
