"""The verifier of graphs in classes: each of its rules refuses what breaks it."""

from functools import cache

import attrs
import numpy as np
import pytest
from verifier_rules import Rules

from mgcompile.graph.capture import capture
from mgcompile.graph.pipeline import canonicalize
from mgcompile.reroll import ir
from mgcompile.reroll.ir import Rerolling, verify_rerolling
from mgcompile.reroll.partition import Stage
from mgcompile.reroll.pipeline import PASSES
from mgcompile.support.passes import run_passes
from mgcore import Value, ops

RULES = Rules(verify_rerolling, ir)


@cache
def partitioned(steps=0):
    """Three sines and cosines of products, two widths of sums; or a recurrence of some steps."""
    x = [Value(0.1 * k, label=f"x{k}") for k in range(6)]
    y = x[0]
    for _ in range(steps):
        y = ops.tanh(y * x[1]) + x[2]
    inner = [ops.sin(x[k] * x[k + 3]) for k in range(3)] + [ops.cos(x[0] * x[5])]
    whole = y if steps else ops.sum(*inner) * ops.sum(x[0], x[1] * x[2], x[4])
    form = Rerolling(canonicalize(capture([whole], x, [])), len(x), 0)
    return run_passes([each for each in PASSES if each.level.name == "graph in classes"], form)


def with_classes(form, **fields):
    return attrs.evolve(form, classes=attrs.evolve(form.classes, **fields))


@RULES.case
def a_graph_that_breaks_a_rule_of_its_own():
    form = partitioned()
    graph = attrs.evolve(form.graph, roots=np.array([10_000]))
    yield attrs.evolve(form, graph=graph), "an output that is no node"


@RULES.case
def a_node_in_two_groups():
    form = partitioned()
    members = form.classes.members.copy()
    members[0] = members[1]
    yield with_classes(form, members=members), "a node in two groups"


@RULES.case
def an_output_in_no_group():
    form = partitioned()
    group = form.classes.group.copy()
    group[form.graph.roots] = -1
    yield with_classes(form, group=group), "an output in no group"


@RULES.case
def a_group_of_two_ops():
    form = partitioned()
    classes = form.classes
    one, other = (
        next(g for g in range(classes.count) if name_of(form, g) == name) for name in ("sin", "cos")
    )
    members = classes.members.copy()
    a, b = classes.start[one], classes.start[other]
    members[a], members[b] = members[b], members[a]
    yield with_classes(form, members=members), f"group {one} has two ops"


def name_of(form, group):
    graph = form.classes.graph
    return graph.ops[int(graph.code[form.classes.nodes(group)[0]])].name


@RULES.case
def a_group_of_two_widths():
    form = partitioned()
    classes = form.classes
    sums = [g for g in range(classes.count) if name_of(form, g) == "sum"]
    assert len(sums) == 2
    nodes = [int(classes.nodes(g)[0]) for g in sums]
    rest = [x for x in classes.members.tolist() if x not in nodes]
    start = np.array([0, *range(1, len(rest) + 1), len(rest) + 2])
    yield with_classes(form, members=np.array(rest + nodes), start=start), "has ops of two widths"


@RULES.case
def a_group_that_reads_a_node_of_no_group():
    form = partitioned()
    group = form.classes.group.copy()
    group[form.classes.nodes(0)] = -1
    yield with_classes(form, group=group), "reads a node of no group"


@RULES.case
def a_group_that_reads_a_later_one():
    form = partitioned()
    group = form.classes.group.copy()
    group[form.classes.nodes(0)] = form.classes.count
    yield with_classes(form, group=group), "reads itself or a later one"


@RULES.case
def a_loop_with_a_group_too_few():
    form = partitioned(steps=40)
    (recurrence,) = form.recurrences
    first, *others = recurrence.body
    body = (attrs.evolve(first, groups=first.groups[:-1]), *others)
    wrong = attrs.evolve(form, recurrences=(attrs.evolve(recurrence, body=body),))
    yield wrong, "a loop has not one group an iteration"


def with_reads(at, change):
    """Return a loop of which one part reads other nodes: `change` gets its table and the body."""
    form = partitioned(steps=40)
    (recurrence,) = form.recurrences
    body = list(recurrence.body)
    table = body[at].table.copy()
    change(table, body)
    body[at] = attrs.evolve(body[at], table=table)
    loop = attrs.evolve(recurrence, body=tuple(body))
    return attrs.evolve(form, recurrences=(loop,))


@RULES.case
def a_part_that_reads_another_iteration():
    def change(table, body):
        table[5, 0, 0] = body[1].nodes[4, 0]

    yield with_reads(2, change), "part 2 of a loop reads another iteration than it says"


@RULES.case
def a_part_that_reads_nothing_of_the_first_iteration():
    def change(table, body):
        table[0, 0, 0] = body[0].table[0, 0, 0]  # an input

    yield with_reads(2, change), "part 2 of a loop reads something else in the first iteration"


@RULES.case
def a_part_that_reads_a_later_one():
    def change(table, body):
        table[:, 0, 1] = body[2].nodes[:, 0]

    yield with_reads(1, change), "part 1 of a loop reads a later one"


@RULES.case
def a_group_in_no_stage():
    form = partitioned()
    yield attrs.evolve(form, stages=form.stages[1:]), "a group is in no stage"


@RULES.case
def a_group_in_two_stages():
    form = partitioned()
    yield attrs.evolve(form, stages=(*form.stages, form.stages[0])), "a group is in two stages"
    form = partitioned(steps=40)
    group = int(form.recurrences[0].body[0].groups[3])
    stages = (*form.stages, Stage((group,)))
    yield attrs.evolve(form, stages=stages), "a group is in two stages"


@RULES.case
def a_group_alike_to_those_of_two_lists():
    form = partitioned()
    yield attrs.evolve(form, ragged=((0,), (0,))), "a group is alike to two others"


@pytest.mark.parametrize("steps", [0, 40])
def test_what_keeps_the_rules_is_accepted(steps):
    form = partitioned(steps)
    assert form.stages
    assert bool(form.recurrences) == bool(steps)
    assert verify_rerolling(form) is form


@pytest.mark.parametrize("case", RULES.cases, ids=lambda case: case.__name__)
def test_what_breaks_a_rule_is_refused(case):
    assert RULES.broken(case)


def test_every_rule_is_broken_by_a_case():
    assert RULES.unbroken() == []
