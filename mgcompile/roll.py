"""Second stage: from a graph of nodes to a program of bundles, loops and tapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.builder import Builder
from mgcompile.canonical import canonical
from mgcompile.irregular import write_tape
from mgcompile.placement import Placement
from mgcompile.plan import plan_stages
from mgcompile.program import Affine
from mgcompile.regular import Writer
from mgcompile.samples import find_samples
from mgcompile.structure import find_structure

if TYPE_CHECKING:
    from mgcompile.graph import Graph
    from mgcompile.program import Program

__all__ = ["roll"]


def roll(graph: Graph, n_inputs: int, n_params: int) -> Program:
    """Return the forward program of a graph, with the one output `value`."""
    structure = find_structure(canonical(graph))
    graph = structure.graph
    samples = find_samples(structure)
    builder = Builder(n_inputs, n_params)
    placement = Placement(graph, builder, samples.count if samples else 1)
    writer = Writer(placement, builder)
    for stage in plan_stages(structure, samples.sums if samples else frozenset()):
        if stage.irregular:
            nodes = np.concatenate([structure.nodes(group) for group in stage.groups])
            write_tape(graph, nodes, placement, builder)
            continue
        for group in stage.groups:
            nodes = structure.nodes(group)
            if samples and group in samples.groups:
                blocks = nodes.reshape(samples.count, -1)
                array, _ = Writer(placement, builder, samples=samples.count).write(blocks)
                placement.put(nodes, array, samples.count)
            else:
                array, _ = writer.write(nodes)
                placement.put(nodes, array)
    value = _gather_outputs(graph, placement, builder)
    if samples is None:
        return builder.finish([("value", value)])
    data = placement.recorded_data()
    return builder.finish([("value", value)], data)


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
