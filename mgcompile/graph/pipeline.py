"""The passes over graphs, in order: from the graph as it was recorded to one form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.graph.canonicalize import flatten_sums, fold_constants
from mgcompile.graph.cse import merge_computed
from mgcompile.graph.expand_powers import expand_powers
from mgcompile.graph.fold_chains import fold_chains
from mgcompile.graph.printer import format_graph
from mgcompile.graph.python_order import in_python_order
from mgcompile.graph.split_bias import split_biases
from mgcompile.graph.verifier import verify_graph
from mgcompile.support.passes import Level, Pass, run_passes

if TYPE_CHECKING:
    from mgcompile.graph.ir import Graph

__all__ = ["GRAPH", "PASSES", "canonicalize"]

GRAPH = Level("graph", verify_graph, format_graph)

PASSES = (
    Pass(
        "fold-constants",
        GRAPH,
        fold_constants,
        "compute what constants alone decide",
        optional=True,
    ),
    Pass("python-order", GRAPH, in_python_order, "sums term by term, where that is asked for"),
    Pass(
        "expand-powers",
        GRAPH,
        expand_powers,
        "powers of small constants as products, quotients, roots",
        optional=True,
    ),
    Pass("split-bias", GRAPH, split_biases, "take the bias out of a neuron's dot", optional=True),
    Pass(
        "flatten-sums",
        GRAPH,
        flatten_sums,
        "one sum of every tree of additions, one dot of its products",
        optional=True,
    ),
    Pass("cse", GRAPH, merge_computed, "one node of equal ones", optional=True),
    Pass(
        "fold-chains",
        GRAPH,
        fold_chains,
        "one reduction of a long chain of maximum or minimum",
        optional=True,
    ),
)


def canonicalize(graph: Graph) -> Graph:
    """Return an equal graph in one form, however it was recorded."""
    found: Graph = run_passes(PASSES, graph)
    return found
