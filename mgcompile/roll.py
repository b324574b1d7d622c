"""Second stage: from a graph of nodes to a program of bundles, loops and tapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.builder import Builder
from mgcompile.canonical import canonical
from mgcompile.irregular import write_tape
from mgcompile.looping import write_loop
from mgcompile.periods import find_repetitions
from mgcompile.placement import Placement
from mgcompile.plan import FEW_SMALL_GROUPS, SMALL_GROUP, plan_stages
from mgcompile.program import Affine
from mgcompile.regular import Writer, operand_table
from mgcompile.samples import find_samples
from mgcompile.structure import find_structure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.graph import Graph
    from mgcompile.program import Program
    from mgcompile.samples import Samples
    from mgcompile.structure import Structure

__all__ = ["roll"]


def roll(graph: Graph, n_inputs: int, n_params: int) -> Program:
    """Return the forward program of a graph, with the one output `value`."""
    structure = find_structure(canonical(graph))
    samples = find_samples(structure)
    loops = [] if samples else find_repetitions(structure)
    builder = Builder(n_inputs, n_params)
    placement = Placement(structure.graph, builder, samples.count if samples else 1)
    for stage in plan_stages(structure, _bundled(samples), loops):
        if stage.loop is not None:
            write_loop(structure, stage.loop, placement, builder)
        elif stage.irregular:
            nodes = structure.nodes_of(np.array(stage.groups, dtype=np.int64))
            write_tape(structure.graph, nodes, placement, builder)
        else:
            _write_groups(structure, stage.groups, samples, placement, builder)
    value = _gather_outputs(structure.graph, placement, builder)
    data = placement.recorded_data() if samples else None
    return builder.finish([("value", value)], data)


def _bundled(samples: Samples | None) -> frozenset[int]:
    """Return the groups that are no part of a tape, however small they are.

    With what depends on a sum over the samples the loss can be cut into those of single samples.
    """
    if samples is None:
        return frozenset()
    few = samples.after if len(samples.after) <= FEW_SMALL_GROUPS else frozenset()
    return samples.sums | few


def _write_groups(
    structure: Structure,
    groups: Sequence[int],
    samples: Samples | None,
    placement: Placement,
    builder: Builder,
) -> None:
    graph = structure.graph
    for group in groups:
        nodes = structure.nodes(group)
        op = graph.ops[int(graph.code[nodes[0]])]
        count = samples.count if samples and group in samples.groups else 1
        writer = Writer(placement, builder, samples=count if count > 1 else 0)
        blocks = nodes.reshape(count, -1) if count > 1 else nodes
        table = operand_table(graph, blocks)
        if count == 1 and len(nodes) < SMALL_GROUP and not placement.in_step(table):
            for i in range(len(nodes)):
                placement.put(nodes[i : i + 1], writer.write(op, table[i : i + 1]))
            continue
        array = writer.write(op, table)
        placement.put(nodes, array, count)
        if count > 1:
            placement.of_samples.add(array)


def _gather_outputs(graph: Graph, placement: Placement, builder: Builder) -> int:
    """Return the array of all outputs in their order."""
    if len(graph.roots) == 1:
        root = placement.access(graph.roots)
        if root.index == Affine(0, (0,)) and builder.arrays[root.array].size == 1:
            return root.array
    parts = [
        ((1,), placement.access(graph.roots[place : place + 1]), Affine(place, (1,)))
        for place in range(len(graph.roots))
    ]
    return builder.scatter(len(graph.roots), parts)
