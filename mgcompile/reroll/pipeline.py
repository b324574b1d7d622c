"""Second stage: from a graph of nodes to a program of bundles, loops and tapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mgcompile.graph.canonicalize import canonical, may_hold_samples
from mgcompile.graph.cse import merge_equal
from mgcompile.graph.ir import SUM_OVER_SAMPLES, applies
from mgcompile.program.builder import Builder
from mgcompile.program.infer_maps import fit_map
from mgcompile.program.ir import Affine
from mgcompile.reroll.batch_detect import find_samples
from mgcompile.reroll.batch_extract import one_sample
from mgcompile.reroll.emit_bundle import Writer, operand_table
from mgcompile.reroll.emit_loop import write_loop
from mgcompile.reroll.emit_tape import write_tape
from mgcompile.reroll.isomorphism import find_structure
from mgcompile.reroll.loop_detect import find_repetitions
from mgcompile.reroll.partition import FEW_SMALL_GROUPS, SMALL_GROUP, plan_stages
from mgcompile.reroll.value_map import Placement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mgcompile.graph.ir import Graph
    from mgcompile.program.ir import Program
    from mgcompile.reroll.isomorphism import Structure

__all__ = ["roll"]


def roll(graph: Graph, n_inputs: int, n_params: int) -> Program:
    """Return the forward program of a graph, with the one output `value`."""
    structure, data = _structure_and_data(canonical(graph))
    if data is not None:
        n_inputs = data.shape[1]
    loops = find_repetitions(structure)
    builder = Builder(n_inputs, n_params)
    placement = Placement(structure.graph, builder)
    for stage in plan_stages(structure, _after_sums(structure), loops):
        if stage.loop is not None:
            write_loop(structure, stage.loop, placement, builder)
        elif stage.irregular:
            nodes = structure.nodes_of(np.array(stage.groups, dtype=np.int64))
            write_tape(structure.graph, nodes, placement, builder)
        else:
            _write_groups(structure, stage.groups, placement, builder)
    value = _gather_outputs(structure.graph, placement, builder)
    return builder.finish([("value", value)], data)


def _structure_and_data(graph: Graph) -> tuple[Structure, NDArray[np.float64] | None]:
    """Return the groups of a canonical graph, and the data set that was recorded in it, if any.

    Then the groups are those of one sample.
    """
    structure = find_structure(graph)
    if not may_hold_samples(graph):
        return structure, None
    samples, data = find_samples(structure), None
    if samples is not None:
        graph, data = one_sample(structure.graph, samples)
    fewer = merge_equal(graph)
    if data is None and len(fewer.code) == len(graph.code):
        return structure, None
    return find_structure(fewer), data


def _after_sums(structure: Structure) -> frozenset[int]:
    """Return the groups of sums over the samples, and those that depend on one.

    They are no part of a tape: a loss can be cut into those of single samples where it depends on
    such sums by bundles.
    """
    graph = structure.graph
    sums = np.flatnonzero(applies(graph, SUM_OVER_SAMPLES))
    if not len(sums):
        return frozenset()
    found = set(structure.group[sums].tolist())
    few = set(found)
    for group in range(min(found) + 1, structure.count):
        read = structure.group[operand_table(graph, structure.nodes(group))]
        if not few.isdisjoint(read.ravel().tolist()):
            few.add(group)
    return frozenset(few if len(few - found) <= FEW_SMALL_GROUPS else found)


def _write_groups(
    structure: Structure, groups: Sequence[int], placement: Placement, builder: Builder
) -> None:
    graph = structure.graph
    writer = Writer(placement, builder)
    for group in groups:
        nodes = structure.nodes(group)
        op = graph.ops[int(graph.code[nodes[0]])]
        table = operand_table(graph, nodes)
        if len(nodes) < SMALL_GROUP and not placement.in_step(table):
            for i in range(len(nodes)):
                placement.put(nodes[i : i + 1], writer.write(op, table[i : i + 1]))
            continue
        placement.put(nodes, writer.write(op, table))


def _gather_outputs(graph: Graph, placement: Placement, builder: Builder) -> int:
    """Return the array of all outputs in their order."""
    if len(graph.roots) == 1:
        root = placement.access(graph.roots)
        if root.index == Affine(0, (0,)) and builder.arrays[root.array].size == 1:
            return root.array
    arrays = placement.array[graph.roots]
    order = np.argsort(arrays, kind="stable")
    cuts = np.flatnonzero(np.diff(arrays[order])) + 1
    parts = [
        ((len(places),), placement.access(graph.roots[places]), fit_map(places))
        for places in np.split(order, cuts)
    ]
    return builder.scatter(len(graph.roots), parts)
