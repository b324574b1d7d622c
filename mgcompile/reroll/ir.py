"""A graph on its way to a program: what has been found of its structure so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from mgcompile.errors import InvalidProgramError
from mgcompile.graph.printer import format_graph
from mgcompile.graph.verifier import verify_graph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mgcompile.graph.ir import Graph
    from mgcompile.reroll.isomorphism import IsomorphismClasses
    from mgcompile.reroll.loop_detect import Recurrence
    from mgcompile.reroll.partition import Stage

__all__ = ["Rerolling", "format_rerolling", "verify_rerolling"]

_LONGEST = 200


@frozen
class Rerolling:
    """A graph, and what is known of it.

    Args:
        graph: In canonical form; of one sample, once a recorded data set has been found.
        n_inputs: Columns of X.
        n_params: Parameters.
        classes: Isomorphic nodes, in groups.
        data: The data set that was recorded into the graph, shape (samples, n_inputs).
        recurrences: Loops along depth.
        stages: What is written as bundles, loops and tapes, in which order.
        ragged: Groups of sums that are alike but for their lengths, to be written as one.
    """

    graph: Graph
    n_inputs: int
    n_params: int
    classes: IsomorphismClasses | None = None
    data: NDArray[np.float64] | None = None
    recurrences: tuple[Recurrence, ...] = ()
    stages: tuple[Stage, ...] = ()
    ragged: tuple[tuple[int, ...], ...] = ()

    @property
    def known(self) -> IsomorphismClasses:
        """The isomorphism classes, once they have been found."""
        assert self.classes is not None, "the pass isomorphism finds them"  # noqa: S101 - a caller's bug
        return self.classes


def verify_rerolling(form: Rerolling) -> Rerolling:
    """Check what has been found, and return it.

    Every node that an output needs is in one group, a group's nodes apply one op, groups stand
    operands first, a loop's iterations are groups of their own that read parts before them, what
    the iteration before made, or nothing of the loop, and stages take each group once.

    Raises:
        InvalidProgramError: Naming the group.
    """
    verify_graph(form.graph)
    if form.classes is not None:
        _verify_classes(form.classes)
    for loop in form.recurrences:
        _verify_loop(form, loop)
    if form.stages:
        _verify_stages(form)
    return form


def _verify_classes(classes: IsomorphismClasses) -> None:
    graph = verify_graph(classes.graph)
    _require(len(np.unique(classes.members)) == len(classes.members), "a node in two groups")
    whole = (classes.group >= 0) | (graph.code < 0)
    _require(bool(np.all(whole[graph.roots])), "an output in no group")
    for group in range(classes.count):
        nodes = classes.nodes(group)
        codes = graph.code[nodes]
        _require(bool(np.all(codes == codes[0]) and codes[0] >= 0), f"group {group} has two ops")
        width = graph.start[nodes + 1] - graph.start[nodes]
        _require(bool(np.all(width == width[0])), f"group {group} has ops of two widths")
        edges = graph.start[nodes][:, None] + np.arange(int(width[0]))
        operands = graph.operand[edges]
        _require(bool(np.all(whole[operands])), f"group {group} reads a node of no group")
        read = classes.group[operands]
        _require(bool(np.all(read < group)), f"group {group} reads itself or a later one")


def _verify_loop(form: Rerolling, loop: Recurrence) -> None:
    nodes = len(form.known.graph.code)
    iteration, column = np.full(nodes, -1), np.full(nodes, -1)
    for at, part in enumerate(loop.body):
        _require(len(part.groups) == loop.count, "a loop has not one group an iteration")
        iteration[part.nodes] = np.arange(loop.count)[:, None]
        column[part.nodes] = at
    for at, part in enumerate(loop.body):
        inside = column[part.table[1]] >= 0
        when = iteration[part.table] - np.arange(loop.count)[:, None, None]
        _require(
            bool(np.all((when + part.before == 0)[1:] | ~inside)),
            f"part {at} of a loop reads another iteration than it says",
        )
        first = iteration[part.table[0]] >= 0
        _require(
            bool(np.all(first == (inside & ~part.before))),
            f"part {at} of a loop reads something else in the first iteration",
        )
        now = inside & ~part.before
        _require(
            bool(np.all(column[part.table[1]][now] < at)), f"part {at} of a loop reads a later one"
        )


def _verify_stages(form: Rerolling) -> None:
    alone = [group for stage in form.stages for group in stage.groups]
    looped: set[int] = set()  # several parts of a body may be of one group
    for stage in form.stages:
        if stage.loop is not None:
            for part in stage.loop.body:
                looped.update(part.groups.ravel().tolist())
    once = len(set(alone)) == len(alone) and looped.isdisjoint(alone)
    _require(once, "a group is in two stages")
    _require(looped.union(alone) == set(range(form.known.count)), "a group is in no stage")
    alike = [group for groups in form.ragged for group in groups]
    _require(len(set(alike)) == len(alike), "a group is alike to two others")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise InvalidProgramError(f"the graph's structure: {message}")


def format_rerolling(form: Rerolling) -> str:
    """Return what has been found as text: groups with their sizes and what they read."""
    if form.classes is None:
        return format_graph(form.graph)
    classes, graph = form.classes, form.classes.graph
    lines = [] if form.data is None else [f"data: {form.data.shape[0]} samples of {form.n_inputs}"]
    for group in range(min(classes.count, _LONGEST)):
        nodes = classes.nodes(group)
        first = int(nodes[0])
        read = graph.operand[graph.start[first] : graph.start[first + 1]]
        sources = sorted({_source(form, int(x)) for x in read})
        op = graph.ops[int(graph.code[first])].name
        lines.append(f"group {group}: {len(nodes):,} x {op} of {', '.join(sources)}")
    if classes.count > _LONGEST:
        lines.append(f"... {classes.count - _LONGEST:,} more groups")
    lines += [f"recurrence of {x.count} iterations, {len(x.body)} parts" for x in form.recurrences]
    lines += [_stage_line(stage) for stage in form.stages[:_LONGEST]]
    lines += [f"groups {_names(groups)} are alike but for their lengths" for groups in form.ragged]
    return "\n".join(lines)


def _source(form: Rerolling, node: int) -> str:
    group = int(form.known.group[node])
    names = {-3: "params", -2: "constants", -1: "inputs"}
    return f"group {group}" if group >= 0 else names[int(form.known.graph.code[node])]


def _stage_line(stage: Stage) -> str:
    if stage.loop is not None:
        return f"write a loop of {stage.loop.count} iterations"
    return f"write groups {_names(stage.groups)} as {'a tape' if stage.irregular else 'bundles'}"


def _names(groups: tuple[int, ...]) -> str:
    return ", ".join(map(str, groups[:20])) + (", ..." if len(groups) > 20 else "")
