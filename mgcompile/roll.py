"""Second stage: from a graph of nodes to a program of bundles, loops and tapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.builder import Builder
from mgcompile.irregular import write_tape
from mgcompile.layers import levels
from mgcompile.placement import Placement
from mgcompile.program import Affine

if TYPE_CHECKING:
    from mgcompile.graph import Graph
    from mgcompile.program import Program

__all__ = ["roll"]


def roll(graph: Graph, n_inputs: int, n_params: int) -> Program:
    """Return the forward program of a graph, with the one output `value`."""
    builder = Builder(n_inputs, n_params)
    placement = Placement(graph, builder)
    _, order = levels(graph)
    if len(order):
        write_tape(graph, order, placement, builder)
    return builder.finish([("value", _gather_outputs(graph, placement, builder))])


def _gather_outputs(graph: Graph, placement: Placement, builder: Builder) -> int:
    """Return the array of all outputs in their order."""
    if len(graph.roots) == 1:
        root = placement.access(graph.roots)
        if root.index == Affine(0, (1,)) and builder.arrays[root.array].size == 1:
            return root.array
    parts = []
    for place, root_node in enumerate(graph.roots.tolist()):
        access = placement.access(graph.roots[place : place + 1])
        parts.append(((1,), access, Affine(place, (1,))))
        del root_node
    return builder.scatter(len(graph.roots), parts)
