"""The structures: each a function of a random generator that returns a graph."""

from __future__ import annotations

import random

import attrs

from campaign.kinds import arrays, classics, few, steps

__all__ = ["KINDS", "make"]

KINDS = {
    f.__name__: f
    for f in (
        *(few.any_ops, few.small, few.edges, few.several, few.forest, few.zeros, few.branches),
        *(few.same_operands, few.near_zero, few.by_their_references),
        *(few.special, few.taken),
        *(steps.recurrence, steps.stencil, steps.ode, steps.polynomial, steps.running),
        *(steps.nested_recurrences,),
        *(arrays.pairs, arrays.permuted_reads, arrays.ragged, arrays.net, arrays.recorded),
        *(arrays.triangles, arrays.rows_in_blocks),
        *(arrays.attention, arrays.repeated, arrays.convolution, arrays.tails),
        *(classics.elimination, classics.complex_numbers, classics.rotations, classics.newton),
        *(classics.stable_forms, classics.piecewise, classics.statistics, classics.gated),
    )
}


def make(seed, kind=None):
    """Return the graph of a seed; its kind is drawn from the seed too."""
    rng = random.Random(f"campaign {seed}")
    kind = kind or rng.choice(list(KINDS))
    graph = KINDS[kind](rng)
    return attrs.evolve(graph, kind=kind, seed=seed)
