"""Graphs of Values as arrays."""

import numpy as np

from mgcompile.graph.capture import capture
from mgcompile.graph.ir import CONST, INPUT, PARAM
from mgcore import Op, Value, ops


def reads(graph, node):
    return graph.operand[graph.start[node] : graph.start[node + 1]].tolist()


def test_leaves_come_first_then_nodes_last_operand_first():
    w, x = Value(2.0), Value(3.0)
    product = w * x
    graph = capture([product + 1.5], [x], [w])
    assert graph.code.tolist() == [PARAM, INPUT, 0, CONST, 1]
    assert graph.ops == (ops.add, ops.mul)
    assert [reads(graph, node) for node in range(5)] == [[], [], [4, 3], [], [0, 1]]
    assert graph.value[3] == 1.5
    assert graph.roots.tolist() == [2]


def test_operands_are_counted_where_a_rule_takes_any_number():
    def total(*xs):
        return sum(xs)

    op = Op("total_of_two", total, partials=(lambda out, *xs: 1.0, lambda out, *xs: 1.0))
    x = [Value(float(k)) for k in range(6)]
    graph = capture([op(x[0]) + op(x[1], x[2], x[3]) + ops.sum(*x[3:])], x, [])
    found = sorted(reads(graph, node) for node in np.flatnonzero(graph.code >= 0))
    assert [0] in found
    assert [1, 2, 3] in found
    assert [3, 4, 5] in found


def test_operands_are_counted_where_a_rule_has_a_default():
    op = Op("scaled_by_two", lambda x, y=2.0: x * y, partials=(lambda out, x, y=2.0: y,))
    x, y = Value(3.0), Value(4.0)
    graph = capture([op(x) + op(x, y)], [x, y], [])
    widths = np.diff(graph.start)[graph.code == graph.ops.index(op)]
    assert sorted(widths.tolist()) == [1, 2]


def test_an_output_may_be_a_leaf_and_come_twice():
    x = Value(3.0)
    graph = capture([x, -x, x], [x], [])
    assert graph.roots.tolist() == [0, 1, 0]
