"""Write a partitioned graph as a program: bundles, loops and tapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    for stage in form.stages:
        if stage.loop is not None:
            write_loop(classes, stage.loop, value_map, builder)
        elif stage.irregular:
            nodes = classes.nodes_of(np.array(stage.groups, dtype=np.int64))
            write_tape(classes.graph, nodes, value_map, builder)
        else:
            _write_groups(classes, stage.groups, value_map, builder)
    value = gather_outputs(classes.graph, value_map, builder)
    return builder.finish([("value", value)], form.data)


def _write_groups(
    classes: IsomorphismClasses, groups: Sequence[int], value_map: ValueMap, builder: Builder
) -> None:
    graph = classes.graph
    members = Members(value_map, builder)
    for group in groups:
        nodes = classes.nodes(group)
        op = graph.ops[int(graph.code[nodes[0]])]
        table = operand_table(graph, nodes)
        if len(nodes) < SMALL_GROUP and not value_map.in_step(table):
            for i in range(len(nodes)):
                value_map.put(nodes[i : i + 1], write_bundle(members, op, table[i : i + 1]))
            continue
        if (order := steady_order(value_map, table)) is not None:
            nodes, table = nodes[order], table[order]
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
