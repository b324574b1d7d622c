"""The passes from a graph of nodes to a program of bundles, loops and tapes, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from mgcompile.graph.cse import merge_equal
from mgcompile.graph.ir import may_hold_samples
from mgcompile.program.printer import format_program
from mgcompile.program.verifier import verify
from mgcompile.reroll.batch_detect import detect_batch
from mgcompile.reroll.batch_extract import extract_batch
from mgcompile.reroll.borders import merge_at_borders
from mgcompile.reroll.emit import emit
from mgcompile.reroll.inner_loops import roll_bodies
from mgcompile.reroll.ir import Rerolling, format_rerolling, verify_rerolling
from mgcompile.reroll.isomorphism import find_classes
from mgcompile.reroll.loop_detect import detect_recurrences
from mgcompile.reroll.partition import groups_after_sums, partition
from mgcompile.reroll.ragged_sums import FEWEST, alike_but_for_length
from mgcompile.reroll.retime import retimed
from mgcompile.support.passes import Level, Pass, run_passes

if TYPE_CHECKING:
    from mgcompile.graph.ir import Graph
    from mgcompile.program.ir import Program

__all__ = ["PASSES", "PROGRAM", "reroll", "with_recorded"]

MOST_FOLLOWED = 20_000
"""Gradients of graphs of more nodes do not follow the order of the engine."""

REROLLING = Level("graph in classes", verify_rerolling, format_rerolling)
PROGRAM = Level("program", verify, format_program)


def isomorphism(form: Rerolling) -> Rerolling:
    """Put isomorphic nodes into groups."""
    classes = find_classes(form.graph)
    return evolve(form, graph=classes.graph, classes=classes)


def batch_axis(form: Rerolling) -> Rerolling:
    """Keep one sample of a data set that was recorded into the graph, and make equal nodes one."""
    if not may_hold_samples(form.graph):
        return form
    batch, graph, data = detect_batch(form.known), form.graph, form.data
    if batch is not None:
        graph, data = extract_batch(graph, batch)
    fewer = merge_equal(graph)
    if data is None and len(fewer.code) == len(graph.code):
        return form
    inputs = form.n_inputs if data is None else data.shape[1]
    return isomorphism(evolve(form, graph=fewer, n_inputs=inputs, data=data))


def loops(form: Rerolling) -> Rerolling:
    """Find recurrences along depth."""
    return evolve(form, recurrences=tuple(detect_recurrences(form.known)))


def borders(form: Rerolling) -> Rerolling:
    """Find the recurrences of rows whose cells differ near a border."""
    found = merge_at_borders(form.known, form.known.written, form.recurrences)
    if found is None:
        return form
    classes, repeated = found
    return evolve(form, graph=classes.graph, classes=classes, recurrences=tuple(repeated))


def retime(form: Rerolling) -> Rerolling:
    """Let recurrences begin where the fewest numbers are carried."""
    return evolve(form, recurrences=tuple(retimed(form.known, x) for x in form.recurrences))


def stages(form: Rerolling) -> Rerolling:
    """Decide what is written as bundles, loops and tapes, and in which order."""
    found = partition(form.known, groups_after_sums(form.known), form.recurrences)
    return evolve(form, stages=tuple(found))


def ragged_rows(form: Rerolling) -> Rerolling:
    """Find sums that are alike but for their lengths, outside of loops and tapes."""
    if form.graph.strict:
        return form
    plain = {g for s in form.stages if s.loop is None and not s.irregular for g in s.groups}
    if len(plain) < FEWEST:
        return form
    found = alike_but_for_length(form.known)
    return evolve(form, ragged=tuple(groups for groups in found if plain.issuperset(groups)))


PASSES = (
    Pass("isomorphism", REROLLING, isomorphism, "isomorphic nodes into groups"),
    Pass(
        "batch-axis",
        REROLLING,
        batch_axis,
        "one sample of a recorded data set, the others as data",
        optional=True,
    ),
    Pass("loops", REROLLING, loops, "repetition along depth becomes a loop", optional=True),
    Pass("borders", REROLLING, borders, "loops over rows that differ at a border", optional=True),
    Pass(
        "retime",
        REROLLING,
        retime,
        "loops begin where the fewest numbers pass to the next iteration",
        optional=True,
    ),
    Pass("partition", REROLLING, stages, "what becomes a bundle, a loop, a part of a tape"),
    Pass(
        "ragged-rows",
        REROLLING,
        ragged_rows,
        "sums of many lengths become few, of rows filled up",
        optional=True,
    ),
    Pass("emit", PROGRAM, emit, "the program, index maps inferred and checked"),
    Pass(
        "inner-loops",
        PROGRAM,
        roll_bodies,
        "repetition in a body becomes a loop in it",
        optional=True,
    ),
)


def with_recorded(program: Program, graph: Graph) -> Program:
    """Return a program with the graph it was made from, if it is strict and that is not large."""
    if not program.strict or len(graph.code) > MOST_FOLLOWED:
        return program
    return evolve(program, recorded=graph)


def reroll(graph: Graph, n_inputs: int, n_params: int) -> Program:
    """Return the forward program of a canonical graph, with the one output `value`."""
    program: Program = run_passes(PASSES, Rerolling(graph, n_inputs, n_params))
    return program
