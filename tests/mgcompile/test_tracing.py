"""trace compiles a function that it calls once, on symbols; the numbers are those of Values."""

import copy
import math
import random
from collections import Counter

import numpy as np
import pytest

import mgcompile
from mgcompile.errors import LeafError, NotFiniteError, OptionError, TraceError, UnusedInputError
from mgcompile.graph.capture import capture
from mgcompile.graph.ir import CONST, INPUT
from mgcompile.graph.tape import Tape
from mgcompile.graph.tape_scan import record_scan
from mgcore import Op, Value, cond, grad, ops, register, scan, unregister
from mgcore.errors import OperandTypeError
from mgcore.nest import flatten
from mgnn import MLP


def _recorded(f, *at):
    """Return what the engine gives: the values, and the gradient of the first output."""
    leaves = [Value(x) for x in at]
    outputs = flatten(f(*leaves))[0]
    return [x.data for x in outputs], grad(outputs[0], leaves)


def _holds(f, *at, **options):
    kernel = mgcompile.trace(f, len(at), **options)
    values, slopes = _recorded(f, *at)
    found, gradient = (
        kernel.value_and_grad(list(at)) if len(values) == 1 else (kernel(list(at)), None)
    )
    np.testing.assert_allclose(found, values if len(values) > 1 else values[0], rtol=1e-12)
    if gradient is not None:
        np.testing.assert_allclose(gradient, slopes, rtol=1e-11, atol=1e-13)
    return kernel


def test_every_operator_and_method_is_recorded():
    def f(x, y):
        a = 2 + x - 1.0 / y + (3 - x) * 0.5
        b = -(a**2) + 2.0**x + abs(y - 4) + (+x) / y
        return b.tanh() + ops.sum(x, y, a, 1.0) * ops.maximum(x, 0.3)

    _holds(f, 0.7, 1.9)


def test_labels_come_from_the_signature():
    kernel = mgcompile.trace(lambda spot, w: spot * w[0] + w[1][0], (1.0, [2.0, [3.0]]))
    assert kernel({"spot": 2.0, "w[0]": 3.0, "w[1][0]": 4.0}) == 10.0
    assert mgcompile.trace(lambda *xs: xs[0] / xs[1], 2)({"xs[1]": 4.0, "xs[0]": 1.0}) == 0.25


def test_a_function_of_one_list_gets_a_list():
    assert mgcompile.trace(lambda x: x[0] - x[1], 2)([5.0, 3.0]) == 2.0
    assert mgcompile.trace(lambda x: x[0] - x[1], np.ones(2))([5.0, 3.0]) == 2.0
    assert mgcompile.trace(lambda x: x * x, 1)([3.0]) == 9.0


def test_outputs_are_the_leaves_of_a_nest():
    kernel = mgcompile.trace(lambda x, y: {"a": x + y, "b": [x * y, (x - y,)]}, 2)
    assert list(kernel([5.0, 3.0])) == [8.0, 15.0, 2.0]


def test_a_model_is_traced_and_trained():
    model = MLP(3, [8, 1], activation="tanh", seed=2)
    before = model([0.1, 0.2, 0.3]).data

    def loss(x, y):
        error = model(x) - y
        return error * error

    kernel = mgcompile.trace(loss, ([0.0] * 3, 0.0), params=model.parameters())
    assert kernel([0.1, 0.2, 0.3, 1.0]) == pytest.approx((before - 1.0) ** 2, rel=1e-12)
    from mgnn import optim

    X = np.random.default_rng(0).normal(size=(20, 4))
    kernel.train(X, optim.SGD(lr=0.1), epochs=2, batch_size=5)
    assert model([0.1, 0.2, 0.3]).data != before


def test_values_that_are_no_parameters_are_constants():
    w = Value(2.0)
    v = w * 3.0 + w
    kernel = mgcompile.trace(lambda x: v * x + w - v, 1)
    assert kernel([5.0]) == 34.0
    w.data = 7.0
    assert kernel([5.0]) == 34.0


def test_nothing_is_recorded_that_no_output_needs():
    tape = Tape([], 2, record_scan)
    x, y = tape.inputs
    for _ in range(5):
        ops.exp(x * y)
    graph = tape.graph([x + y])
    assert len(graph.code) == 3


def test_the_graph_is_as_large_as_a_recorded_one():
    def f(x, y):
        for _ in range(10):
            x, y = x - 0.01 * x * y, y + ops.dot(x, y, y, x)
        return x * y + ops.select(ops.gt(x, y), x, y)

    leaves = [Value(0.5), Value(0.25)]
    recorded = capture([f(*leaves)], leaves, [])
    tape = Tape([], 2, record_scan)
    traced = tape.graph([f(*tape.inputs)])

    def counts(graph):
        return sorted(
            (graph.ops[c].name, n) for c, n in Counter(graph.code.tolist()).items() if c >= 0
        )

    assert counts(traced) == counts(recorded)


def test_nodes_are_numbered_as_a_walk_from_the_outputs_meets_them():
    tape = Tape([], 2, record_scan)
    x, y = tape.inputs
    a = x * y
    graph = tape.graph([ops.sum(a, x, a + 2.0)])
    assert [graph.ops[c].name for c in graph.code[3:]] == ["sum", "add", "mul"]
    assert graph.code[:3].tolist() == [INPUT, INPUT, CONST]
    assert graph.operand.tolist() == [5, 0, 4, 5, 2, 0, 1]
    assert graph.start.tolist() == [0, 0, 0, 0, 3, 5, 7]


def test_symbols_that_nobody_holds_are_not_taken_for_later_ones():
    def f(x, y):
        for _ in range(200):
            ops.exp(x * y)  # a new symbol may not get the address of one that is gone
            x = x + 0.125 * y
        return x - y

    _holds(f, 0.7, -1.2)


def test_constants_are_recorded_once():
    tape = Tape([], 1, record_scan)
    (x,) = tape.inputs
    out = x * 2.0 + 2 * x - np.float64(2.0) / x + 0.0 * x - -0.0 * x
    graph = tape.graph([out])
    assert sorted(map(repr, graph.value[graph.code == CONST].tolist())) == ["-0.0", "0.0", "2.0"]


@pytest.mark.parametrize("operand", [np.ones(2), [1.0], (1.0,)])
def test_an_array_is_no_operand(operand):
    for f in (lambda x: x + operand, lambda x: operand + x):
        with pytest.raises(TypeError):
            mgcompile.trace(f, 1)


def test_a_copy_of_a_symbol_is_the_symbol():
    kernel = mgcompile.trace(lambda x, y: copy.copy(x) * copy.deepcopy([y, x])[0], 2)
    assert kernel([2.0, 3.0]) == 6.0


def test_a_trace_may_stand_in_another():
    def f(x):
        inner = mgcompile.trace(lambda y: y * y + 1.0, 1)
        return x * inner([3.0])

    assert mgcompile.trace(f, 1)([2.0]) == 20.0


# Loops


def test_the_order_of_a_loop_is_that_of_its_steps_unrolled():
    def f(x, y, scan):
        a = x * y
        (b, c), ys = scan(lambda s, u: ((s[0] - s[1] * u, s[0] / a), s[1]), (a, y), [x, 0.5, y])
        return ops.sum(b, c, *ys) - x

    def unrolled(step, carry, xs):
        ys = []
        for u in xs:
            carry, y = step(carry, u)
            ys.append(y)
        return carry, ys

    looped, straight = Tape([], 2, record_scan), Tape([], 2, record_scan)
    found = looped.graph([f(*looped.inputs, scan)])
    expected = straight.graph([f(*straight.inputs, unrolled)])
    for part in ("start", "operand", "index", "value", "roots"):
        np.testing.assert_array_equal(getattr(found, part), getattr(expected, part))
    applied = [[graph.ops[c] for c in graph.code[graph.code >= 0]] for graph in (found, expected)]
    assert applied[0] == applied[1]


def test_steps_and_loops_share_values_and_constants():
    w = Value(2.0)

    def f(x):
        x, _ = scan(lambda c, _: (c * w * 0.5 + w * w, None), x, length=3)
        return x + w * w + 0.5 * w

    _holds(f, 0.7)
    tape = Tape([w], 1, record_scan)
    graph = tape.graph([f(*tape.inputs)])
    assert int(np.sum(graph.code == CONST)) == 1


def test_a_loop_may_stand_before_and_after_everything():
    def f(x, y):
        x, _ = scan(lambda c, _: (c * y, None), x, length=2)
        (x, y), _ = scan(lambda c, _: ((c[1], c[0] + c[1]), None), (x, y), length=3)
        _, ys = scan(lambda c, u: (c, c * u), x, [y, x])
        return ys

    kernel = mgcompile.trace(f, 2)
    np.testing.assert_allclose(kernel([0.7, -1.2]), f(0.7, -1.2), rtol=1e-15)


@pytest.mark.parametrize("depth", [1, 2])
def test_a_symbol_of_a_step_is_refused_outside(depth):
    def f(x):
        kept = []

        def step(c, _):
            kept.append(c * c)
            return c + 1.0, None

        def outer(c, _):
            return scan(step, c, length=2)[0], None

        x, _ = scan(step if depth == 1 else outer, x, length=3)
        return x * kept[0]

    with pytest.raises(TraceError, match="within the step of a scan"):
        mgcompile.trace(f, 1)


def test_a_symbol_of_an_inner_step_is_refused_in_the_outer_one():
    def f(x):
        def outer(c, _):
            kept = []
            c, _ = scan(lambda c, _: (kept.append(c) or c * c, None), c, length=2)
            return c + kept[0], None

        return scan(outer, x, length=2)[0]

    with pytest.raises(TraceError, match="within the step of a scan"):
        mgcompile.trace(f, 1)


def test_what_a_step_recorded_before_it_failed_is_dropped():
    def f(x):
        def step(c, _):
            return c * c, 1 / 0

        with pytest.raises(ZeroDivisionError):
            scan(step, x, length=2)
        return x + x

    tape = Tape([], 1, record_scan)
    assert len(tape.graph([f(*tape.inputs)]).code) == 2


def test_a_loop_is_called_once_and_is_the_unrolled_one():
    calls = []

    def pendulum(angle, speed, g):
        def step(state, _):
            calls.append(state)
            angle, speed = state
            speed = speed - 0.01 * g * ops.sin(angle)
            return (angle + 0.01 * speed, speed), angle * angle

        (angle, speed), squares = scan(step, (angle, speed), length=50)
        return angle + speed + 0.1 * ops.sum(*squares)

    kernel = mgcompile.trace(pendulum, 3)
    assert len(calls) == 1
    values, slopes = _recorded(pendulum, 0.3, 0.1, 9.81)
    value, gradient = kernel.value_and_grad([0.3, 0.1, 9.81])
    assert value == pytest.approx(values[0], rel=1e-13)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-12)


def test_a_carry_that_is_handed_on_is_followed():
    def f(x, y, z):
        def step(carry, u):
            a, b, c, k = carry  # a shift register, a constant, and the x itself
            return (b, c, u * a + k, k), [a, u]

        (a, b, c, k), ys = scan(step, (x, y, 1.0, z), [x, 2.0, y, z, x * y])
        return ops.sum(a, 2 * b, 3 * c, 4 * k, *[y[0] * y[1] for y in ys])

    _holds(f, 0.7, -1.2, 0.4)


def test_a_carry_may_be_the_x_or_what_stands_outside():
    def f(x, y):
        outside = x * y
        (a, b), _ = scan(lambda c, u: ((u, outside), c[0]), (x, y), [x, y + 1.0, 2.0 * y])
        return a * a + b

    _holds(f, 0.7, -1.2)


def test_loops_stand_in_loops():
    def f(x, y):
        def outer(total, k):
            def inner(v, j):
                return ops.tanh(v * k + j), v * j

            v, vs = scan(inner, total, [x, y, 0.5])
            return v + ops.sum(*vs), v

        total, ys = scan(outer, x * y, [0.1, 0.2, 0.3, 0.4])
        return total * ops.sum(*ys)

    _holds(f, 0.7, -1.2)


def test_steps_use_wide_ops_values_and_constants():
    model = MLP(2, [3, 2], activation="tanh", seed=3)

    def f(x, y):
        (x, y), ys = scan(
            lambda s, u: (tuple(model([s[0] + u, s[1]])), s[0]), (x, y), [0.1, 0.2, 0.3]
        )
        return ops.sum(x, y, *ys)

    kernel = _holds(f, 0.7, -1.2)
    parameterised = mgcompile.trace(f, 2, params=model.parameters())
    out = f(0.7, -1.2)
    assert parameterised([0.7, -1.2]) == pytest.approx(kernel([0.7, -1.2]), rel=1e-13)
    np.testing.assert_allclose(
        parameterised.loss_and_grad(np.array([[0.7, -1.2]]))[1],
        grad(out, model.parameters()),
        rtol=1e-11, atol=1e-14,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_random_loops_are_the_unrolled_ones(seed):
    random.seed(seed)
    width, steps = random.randint(1, 4), random.randint(1, 9)
    plan = [
        (
            random.choice(["add", "mul", "sub", "sin", "hand", "dot", "outside"]),
            random.randrange(99),
        )
        for _ in range(width)
    ]

    def f(x, y):
        def step(carry, u):
            known = [*carry, u, x, y]
            out = []
            for name, draw in plan:
                a, b = known[draw % len(known)], known[draw // 7 % len(known)]
                out.append({
                    "add": lambda a, b: 0.5 * (a + b), "mul": lambda a, b: a * b,
                    "sub": lambda a, b: a - 0.25 * b, "sin": lambda a, b: ops.sin(a) + b,
                    "hand": lambda a, b: a, "dot": lambda a, b: ops.dot(a, b, b, u),
                    "outside": lambda a, b: x,
                }[name](a, b))  # fmt: skip
            return out, out[0] * u

        carry, ys = scan(step, [x, y, 0.3, x * y][:width], [0.1 * (i + 1) for i in range(steps)])
        return ops.sum(x + y, *carry, *ys)

    _holds(f, 0.7, -1.2)


# The decorator


def test_the_decorator_gives_a_kernel():
    @mgcompile.kernel
    def area(width, height):
        return width * height

    assert area([3.0, 4.0]) == 12.0

    @mgcompile.kernel(example=([0.0, 0.0], 1.0), dtype="float32")
    def weighted(x, w):
        return w * (x[0] + x[1])

    assert weighted([1.0, 2.0, 3.0]) == 9.0


# What is refused


@pytest.mark.parametrize(
    ("f", "what"),
    [
        (lambda x: x if x > 0 else -x, "input 0.*(>)"),
        (lambda x: math.sin(x), "float"),
        (lambda x: x if x == 1 else 0, "=="),
        (lambda x: x or 1.0, "if"),
        (lambda x: [10, 20][x], "index"),
        (lambda x: int(x) * x, "int"),
    ],
)
def test_a_question_for_a_value_is_refused(f, what):
    with pytest.raises(TraceError, match="asks <symbol: input 0> for its value"):
        mgcompile.trace(f, 1)


def test_the_symbol_that_is_asked_is_named():
    with pytest.raises(TraceError, match="asks <symbol: mul> for its value"):
        mgcompile.trace(lambda x: 1.0 if x * x > 0 else 2.0, 1)


def test_cond_takes_both_ways():
    kernel = mgcompile.trace(lambda x: cond(ops.gt(x, 0.0), lambda: ops.sqrt(x), lambda: -x), 1)
    np.testing.assert_array_equal(kernel(np.array([[4.0], [-3.0]])), [2.0, 3.0])


def test_a_symbol_does_not_outlive_its_call():
    kept = []
    mgcompile.trace(lambda x: kept.append(x) or x * x, 1)
    with pytest.raises(TraceError, match="another trace"):
        mgcompile.trace(lambda x: x * kept[0], 1)


def test_symbols_of_two_traces_do_not_mix():
    def f(x):
        return mgcompile.trace(lambda y: ops.sum(y, y, x), 1)([1.0])

    def g(x):
        return mgcompile.trace(lambda y: scan(lambda c, u: (c, x), y, [y])[1], 1)([1.0])

    for mixed in (f, g):
        with pytest.raises(TraceError, match="another trace"):
            mgcompile.trace(mixed, 1)


@pytest.mark.parametrize(
    ("operand", "name"), [("a", "str"), (True, "bool"), (None, "NoneType"), (1j, "complex")]
)
def test_what_is_no_number_is_no_operand(operand, name):
    for f in (lambda x: x + operand, lambda x: operand * x, lambda x: ops.sum(x, x, operand)):
        with pytest.raises(OperandTypeError, match=name):
            mgcompile.trace(f, 1)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: mgcompile.trace(lambda x, y: x, 2), UnusedInputError, r"inputs\[1\] \('y'\)"),
        (lambda: mgcompile.trace(lambda x: x, 0), OptionError, "example is 0"),
        (lambda: mgcompile.trace(lambda x: x, "a"), OptionError, "example is 'a'"),
        (lambda: mgcompile.trace(lambda x: x[0], ["a"]), OptionError, r"x\[0\] of the example"),
        (lambda: mgcompile.trace(lambda x, y: x, 3), TraceError, "cannot be called with 3"),
        (lambda: mgcompile.trace(lambda x: None, 1), TraceError, "returns nothing"),
        (lambda: mgcompile.trace(lambda x: "a", 1), TraceError, "output 0"),
        (lambda: mgcompile.trace(lambda x: x, 1, params=[1.0]), LeafError, r"params\[0\]"),
        (lambda: mgcompile.trace(lambda x: x, 1, dtype="float16"), OptionError, "dtype"),
        (lambda: mgcompile.kernel(lambda *x: x[0]), TraceError, "any number of arguments"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_checks_follow_a_nan_to_its_op():
    kernel = mgcompile.trace(lambda x, y: ops.log(x) * y, 2, checks=True)
    with pytest.raises(NotFiniteError, match="log"):
        kernel([-1.0, 2.0])


def test_what_is_traced_is_checked_and_kept(tmp_path):
    kernel = mgcompile.trace(lambda x, y: ops.exp(x) * y, 2)
    assert "agree with an evaluation level by level" in str(kernel.verified)
    kernel.save(tmp_path / "k.mgk")
    assert mgcompile.load(tmp_path / "k.mgk")([0.0, 2.0]) == 2.0


def test_ops_are_methods_of_symbols():
    op = Op("doubled_here", lambda x: 2.0 * x, partials=(lambda out, x: 2.0,))
    register(op)
    try:
        found = mgcompile.trace(lambda x: x.tanh() + x.doubled_here(), 1)([0.5])
    finally:
        unregister("doubled_here")
    assert found == pytest.approx(math.tanh(0.5) + 1.0, rel=1e-12)


def test_a_slip_in_an_ops_name_is_answered_with_the_near_matches():
    with pytest.raises(AttributeError, match="tanh"):
        mgcompile.trace(lambda x: x.tanhh(), 1)
    with pytest.raises(AttributeError, match="_tanh"):
        mgcompile.trace(lambda x: x._tanh, 1)
