"""Backpropagation fills gradients that are right on shared, repeated and very deep graphs."""

import math
import subprocess
import sys

import pytest

from mgcore import (
    Op,
    Value,
    hookimpl,
    ops,
    raise_nonfinite,
    register,
    topological_order,
    unregister,
)
from mgcore.errors import BackwardError, DivisionByZeroError, DomainError


def test_the_seed_example():
    a, b, c, f = Value(2.0), Value(-3.0), Value(10.0), Value(-2.0)
    loss = (a * b + c) * f
    loss.backward()
    assert (a.grad, b.grad, c.grad, f.grad, loss.grad) == (6.0, -4.0, -2.0, 4.0, 1.0)


def test_operands_stand_before_their_users_and_each_node_once():
    a, b = Value(1.0), Value(2.0)
    c = a * b
    d = c + a
    e = d * c
    order = topological_order(e)
    assert len(order) == len(set(order)) == 5
    for node in order:
        assert all(order.index(x) < order.index(node) for x in node.operands)
    assert order == topological_order(e)


def test_x_plus_x_counts_twice():
    x = Value(3.0)
    y = x + x
    y.backward()
    assert x.grad == 2.0
    assert y.operands == (x, x)


def test_a_diamond_adds_both_ways():
    x = Value(2.0)
    left, right = x * 3, x * x
    (left * right).backward()
    assert x.grad == 9 * 2.0**2


def test_a_node_used_a_thousand_times_collects_every_use():
    x = Value(1.5)
    shared = x * x
    total = ops.sum(*[shared * k for k in range(1000)])
    total.backward()
    assert shared.grad == sum(range(1000))
    assert x.grad == 3.0 * sum(range(1000))


def test_a_second_backward_adds_to_leaves_and_renews_inner_nodes():
    x = Value(3.0)
    y = x * x
    z = y + 1
    z.backward()
    z.backward()
    assert x.grad == 12.0
    assert y.grad == 1.0
    assert z.grad == 1.0


def test_gradients_of_two_roots_add_up_in_shared_leaves():
    x = Value(3.0)
    (x * 2).backward()
    (x * 5).backward()
    assert x.grad == 7.0


def test_backward_on_a_leaf_gives_one_and_on_a_constant_an_error():
    x = Value(3.0)
    x.backward()
    assert x.grad == 1.0
    with pytest.raises(BackwardError, match="constant 2.0"):
        (x + 2).operands[1].backward()


def test_what_the_root_does_not_feel_needs_no_derivative():
    x = Value(0.0)
    chosen = ops.select(ops.gt(x, 0.0), x.sqrt(), x * 2)
    chosen.backward()
    assert x.grad == 2.0


def test_a_derivative_that_does_not_exist_is_named():
    s, x, y = Value(0.0, label="s"), Value(-2.0), Value(2.0)
    s.sqrt().backward()
    (x**y).backward()
    assert (s.grad, x.grad) == (math.inf, -4.0)
    assert math.isnan(y.grad)
    with raise_nonfinite():
        with pytest.raises(DivisionByZeroError, match=r"derivative of sqrt\(s=0.0\).*operand 0"):
            s.sqrt().backward()
        with pytest.raises(DomainError, match=r"derivative of pow\(-2.0, 2.0\).*operand 1"):
            (x**y).backward()


def test_kinks_follow_the_written_convention():
    def slope(f, at):
        x = Value(at)
        f(x).backward()
        return x.grad

    assert slope(ops.relu, 0.0) == 0.0
    assert slope(ops.abs, 0.0) == 0.0
    assert slope(ops.leaky_relu, 0.0) == 0.01
    x, y = Value(1.0), Value(1.0)
    ops.maximum(x, y).backward()
    ops.minimum(x, y).backward()
    assert (x.grad, y.grad) == (1.0, 1.0)
    assert slope(lambda v: v**0, 0.0) == 0.0
    assert slope(lambda v: v**1, 0.0) == 1.0


def test_a_thousand_operands_in_one_dot():
    w = [Value(float(i)) for i in range(1000)]
    x = [Value(1.0 / (i + 1)) for i in range(1000)]
    ops.dot(*w, *x).backward()
    assert [v.grad for v in w] == [1.0 / (i + 1) for i in range(1000)]
    assert [v.grad for v in x] == [float(i) for i in range(1000)]


def test_an_observer_sees_every_step_and_only_while_it_is_registered():
    seen = []

    class Stepper:
        @hookimpl
        def mgcore_backward_step(self, node, upstream, partials):
            seen.append((node.op.name, upstream, partials))

    stepper = Stepper()
    register(stepper)
    try:
        a, b = Value(2.0), Value(-3.0)
        ((a * b) * 4 + a).backward()
    finally:
        unregister(stepper)
    assert seen == [("add", 1.0, (1.0, 1.0)), ("mul", 1.0, (4.0, None)), ("mul", 4.0, (-3.0, 2.0))]
    assert (a.grad, b.grad) == (-11.0, 8.0)
    (a * b).backward()
    assert len(seen) == 3


def test_ops_are_methods_while_a_large_graph_is_walked():
    seen = []

    class Stepper:
        @hookimpl
        def mgcore_backward_step(self, node):
            if not seen:
                register(Op("doubled", lambda x: 2 * x, (lambda out, x: 2.0,)))
                seen.append((node.tanh().op.name, node.doubled().op.name, hasattr(node, "no_op")))

    stepper = Stepper()
    register(stepper)
    try:
        y = x = Value(0.5)
        for _ in range(1500):
            y = y + 1.0
        y.backward()
    finally:
        unregister(stepper)
        unregister("doubled")
    assert seen == [("tanh", "doubled", False)]
    assert x.grad == 1.0
    with pytest.raises(AttributeError, match="did you mean tanh"):
        x.tahn()
    with pytest.raises(AttributeError, match="doubled"):
        x.doubled()


def test_scipy_numbers_from_a_rule_become_floats():
    np = pytest.importorskip("numpy", reason="numpy makes the numbers")
    op = Op("npsin", forward=np.sin, partials=(lambda out, x: np.cos(x),))
    x = Value(0.3)
    y = op(x)
    y.backward()
    assert type(y.data) is float
    assert type(x.grad) is float
    assert math.isclose(x.grad, math.cos(0.3), rel_tol=1e-15)


DEEP = """
import copy, gc, pickle, resource
from mgcore import Value, grad, topological_order
resource.setrlimit(resource.RLIMIT_AS, (2 * 1024**3,) * 2)
x = Value(0.5, label="x")
n = x
for _ in range(10**6):
    n = n + x
assert len(topological_order(n)) == 10**6 + 1
n.backward()
assert x.grad == 10**6 + 1
assert grad(n, x) == 10**6 + 1
assert len(repr(n)) < 100
c = copy.deepcopy(n)
assert c.data == n.data and c is not n and c.operands[0] is not n.operands[0]
del c
blob = pickle.dumps(n)
del n
m = pickle.loads(blob)
assert m.data == 0.5 * (10**6 + 1)
m.backward()
del m
gc.collect()
print("done")
"""


def test_a_chain_of_a_million_nodes_works_within_two_gigabytes():
    done = subprocess.run([sys.executable, "-c", DEEP], capture_output=True, text=True, check=False)
    assert done.stdout == "done\n", done.stderr
