"""What lies below a factor of exactly 0 does not count: kernels, in both backends."""

from __future__ import annotations

import math

import numpy as np
import pytest
from zero_convention import CASES as ENGINE_CASES

import mgcompile
from mgcompile.support.zero_product import ZERO_DOT, ZERO_MUL
from mgcore import Value, grad, ops

BACKENDS = ("llvm", "numpy")

CASES = {
    "square of a root at 0": (lambda u, v: ops.sqrt(u * u + v * v) ** 2, (0.0, 0.0), (0.0, 0.0)),
    "x times a root at 0": (lambda x: x * x**0.5, (0.0,), (0.0,)),
    "maximum keeps a root away": (
        lambda x, y: ops.maximum(ops.sqrt(x * x + y * y), 1e-10), (0.0, 0.0), (0.0, 0.0),
    ),
    "relu off times a root": (lambda w, x: ops.relu(w) * ops.sqrt(x), (-1.0, 0.0), (0.0, 0.0)),
    "select at its edge": (lambda x: ops.select(ops.gt(x, 0.0), ops.sqrt(x), 0.0), (0.0,), (0.0,)),
    "select beyond it": (lambda x: ops.select(ops.gt(x, 0.0), ops.sqrt(x), 0.0), (-1.0,), (0.0,)),
    "select of a quotient": (
        lambda x, y: ops.select(ops.gt(x, 0.0), y / x, 2.0 * y), (0.0, 3.0), (0.0, 2.0),
    ),
    "select of an overflow": (
        lambda x, y: ops.select(ops.gt(x, 700.0), x, y * ops.exp(x)), (1000.0, 1.0), (1.0, 0.0),
    ),
    "select of a product that overflows": (
        lambda w, x: ops.select(ops.gt(w, 0.0), x * x * x * w, 3.0 * w), (-1.0, 1e200), (3.0, 0.0),
    ),
    "minimum of a power that overflows": (
        lambda x: ops.minimum(x**3, 1.0), (1e200,), (0.0,),
    ),
    "entropy of nothing": (
        lambda x: ops.maximum(x, 0.0) * ops.log(ops.maximum(x, 1e-300)), (-1.0,), (0.0,),
    ),
    "floor below a vanishing density": (
        lambda x: ops.maximum(ops.log(ops.exp(-x * x)), -100.0), (30.0,), (0.0,),
    ),
}  # fmt: skip


def leaves(numbers):
    return [Value(0.6 + 0.2 * i, f"x{i}") for i in range(len(numbers))]


CASES |= {
    # A factor that is 0 by its data, above what overflows: no branch, no rectifier.
    "nothing times a power that overflows": (
        lambda u, x: u * x**3 - x, (0.0, 1e200), (math.inf, -1.0),
    ),
    "nothing times a product that overflows": (
        lambda u, x, y: u * (x * y * x) + x, (0.0, 1e200, 1e200), (math.inf, 1.0, 0.0),
    ),
    "nothing times an exponential that overflows": (
        lambda u, x: u * ops.exp(x) + x, (0.0, 1000.0), (math.inf, 1.0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CASES)
def test_the_gradient_to_inputs_keeps_the_convention(name, backend):
    function, point, expected = CASES[name]
    inputs = leaves(point)
    kernel = mgcompile.compile(function(*inputs), inputs, backend=backend, cache=False)
    other = [0.7 + 0.1 * i for i in range(len(point))]
    _, slopes = kernel.value_and_grad(np.array([point, other, point] * 5))
    assert slopes[::3].tolist() == [list(expected)] * 5
    assert np.all(np.isfinite(slopes[1::3]))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CASES)
def test_the_gradient_to_parameters_keeps_the_convention(name, backend):
    function, point, expected = CASES[name]
    params = leaves(point)
    kernel = mgcompile.compile(function(*params), [], params, backend=backend, cache=False)
    kernel.params = np.array(point)
    assert kernel.loss_and_grad()[1].tolist() == list(expected)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CASES)
def test_a_sum_over_the_batch_keeps_the_convention(name, backend):
    """Each sample is switched on or off by an input of its own; one that is off counts nothing."""
    function, point, expected = CASES[name]
    params, on = leaves(point), Value(1.0, "on")
    kernel = mgcompile.compile(on * function(*params), [on], params, backend=backend, cache=False)
    kernel.params = np.array(point)
    with np.errstate(all="ignore"):
        _, slopes = kernel.loss_and_grad(np.array([[1.0], [0.0], [2.0]] * 7), reduction="sum")
    np.testing.assert_allclose(slopes, 21.0 * np.array(expected), rtol=1e-14)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_weight_of_zero_takes_a_sample_out_of_training(backend):
    from mgnn import optim

    weight, x, rate = Value(1.0, "weight"), Value(1.0, "x"), Value(0.5, "rate")
    loss = weight * (rate * ops.log(x) - 1.0) ** 2
    kernel = mgcompile.compile(loss, [weight, x], [rate], backend=backend, cache=False)
    X = np.array([[1.0, math.e], [0.0, 0.0], [0.0, -1.0], [1.0, math.e]])
    kernel.train(X, optim.SGD(lr=0.5), epochs=1)
    # The mean over 4 of 2 samples: slope 2 (0.5 - 1) / 2.
    np.testing.assert_allclose(kernel.params, [0.75], rtol=1e-14)


@pytest.mark.parametrize("backend", BACKENDS)
def test_nan_of_one_output_does_not_reach_the_gradient_of_another(backend):
    x, y = Value(1.0, "x"), Value(2.0, "y")
    outputs = [1.0 / x, x * y, 1.0 / y, ops.log(x) * y]
    kernel = mgcompile.compile(outputs, [x, y], backend=backend, cache=False)
    _, slopes = kernel.value_and_grad(np.array([[0.0, 2.0]]))
    assert slopes[0].tolist() == [[-math.inf, 0.0]]
    assert slopes[1].tolist() == [[2.0, 0.0]]
    assert slopes[2].tolist() == [[0.0, -0.25]]


@pytest.mark.parametrize("backend", BACKENDS)
def test_like_outputs_that_run_as_one_keep_apart(backend):
    xs = [Value(1.0 + i, f"x{i}") for i in range(12)]
    kernel = mgcompile.compile([ops.sqrt(x) for x in xs], xs, backend=backend, cache=False)
    _, slopes = kernel.value_and_grad(np.array([[0.0, 4.0] * 6]))
    for i in range(1, 12, 2):
        expected = [0.0] * 12
        expected[i] = 0.25
        assert slopes[i].tolist() == [expected]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_loop_along_depth_keeps_the_convention(backend):
    """40 steps of x <- select(t > 0, x sqrt(t), x): at t = 0 none does anything."""
    x, t = Value(0.5, "x"), Value(0.5, "t")
    state = x
    for _ in range(40):
        state = ops.select(ops.gt(t, 0.0), state * ops.sqrt(t), state)
    kernel = mgcompile.compile(state, [x, t], backend=backend, cache=False)
    _, slopes = kernel.value_and_grad(np.array([[0.5, 0.0], [0.5, -1.0], [2.0, 1.0]]))
    assert slopes[:2].tolist() == [[1.0, 0.0]] * 2
    np.testing.assert_allclose(slopes[2], [1.0, 40.0], rtol=1e-13)


def irregular(x, count):
    """A chain without a pattern, through functions that end at 0."""
    state, seed = x[0], 1
    for _ in range(count):
        seed = seed * 48271 % 2147483647
        other = x[seed % len(x)]
        kind = seed % 5
        if kind == 0:
            state = state + ops.sqrt(other)
        elif kind == 1:
            state = state * other
        elif kind == 2:
            state = state - ops.log(other)
        elif kind == 3:
            state = ops.tanh(state) + other
        else:
            state = state + 1.0 / other
    return state


@pytest.mark.parametrize("count", [100, 3000])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_tape_keeps_the_convention(backend, count):
    x = [Value(1.0 + 0.1 * i, f"x{i}") for i in range(5)]
    on = Value(1.0, "on")
    output = ops.select(ops.gt(on, 0.0), irregular(x, count), 3.0 * x[1])
    kernel = mgcompile.compile(output, [*x, on], backend=backend, cache=False)
    point = [0.0, 0.0, -1.0, 2.0, 0.0]
    _, slopes = kernel.value_and_grad(np.array([[*point, 0.0]] * 9))
    assert slopes.tolist() == [[0.0, 3.0, 0.0, 0.0, 0.0, 0.0]] * 9


@pytest.mark.parametrize("count", [100, 3000])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_tape_of_products_that_overflow_keeps_the_convention(backend, count):
    x = [Value(0.1 + 0.1 * i, f"x{i}") for i in range(5)]
    on, state, seed = Value(1.0, "on"), x[0], 1
    for _ in range(count):
        seed = seed * 48271 % 2147483647
        one, other = x[seed % 5], x[seed // 7 % 5]
        state = (state * one, state + one * other, ops.sin(one) - state, state - other)[seed % 4]
    output = ops.select(ops.gt(on, 0.0), state, 3.0 * x[1])
    kernel = mgcompile.compile(output, [*x, on], backend=backend, cache=False)
    point = [1e200, 1e200, -1e200, 2e200, 0.0, 0.0]
    with np.errstate(all="ignore"):
        _, slopes = kernel.value_and_grad(np.array([point] * 9))
    assert slopes.tolist() == [[0.0, 3.0, 0.0, 0.0, 0.0, 0.0]] * 9


# Data with holes in it, (w x + b - y)**2 where there are numbers: each way of asking for them.
MASKS = {
    "a mask": lambda loss, x, y, on: ops.select(on, loss(x, y), 0.0),
    "a mask that is compared": lambda loss, x, y, on: ops.select(ops.gt(on, 0.5), loss(x, y), 0.0),
    "a number of the choice": lambda loss, x, y, on: ops.take(on, 0.0 * on, loss(x, y)),
    "the number itself": lambda loss, x, y, on: ops.select(ops.isnan(x), 0.0 * on, loss(x, y)),
    "two numbers compared": lambda loss, x, y, on: ops.select(ops.eq(x, x), loss(x, y), 0.0 * on),
    "its place filled": lambda loss, x, y, on: on * loss(ops.select(ops.isnan(x), 0.0, x), y),
}


def holed(name):
    x, y, on, w, b = (Value(v, n) for v, n in zip((0.5, 0.2, 1.0, 0.7, 0.1), "xymwb", strict=True))
    return MASKS[name](lambda x, y: (w * x + b - y) ** 2, x, y, on), [x, y, on], [w, b]


HOLED = np.array([[math.nan, 1.0, 0.0], [2.0, 1.0, 1.0], [math.nan, 3.0, 0.0], [-1.0, 0.5, 1.0]])


def by_hand(w, b):
    """Return loss and slopes of the two samples that are there, as a mean of four."""
    errors = [(2.0 * w + b - 1.0, 2.0), (-1.0 * w + b - 0.5, -1.0)]
    loss = sum(e * e for e, _ in errors) / 4.0
    return loss, [sum(2.0 * e * x for e, x in errors) / 4.0, sum(2.0 * e for e, _ in errors) / 4.0]


@pytest.mark.parametrize("options", [{}, {"backend": "numpy"}, {"strict": True}], ids=str)
@pytest.mark.parametrize("name", MASKS)
def test_samples_that_are_not_there_count_nothing(name, options):
    kernel = mgcompile.compile(*holed(name), cache=False, **options)
    loss, slopes = kernel.loss_and_grad(HOLED)
    right, expected = by_hand(0.7, 0.1)
    assert loss == pytest.approx(right, rel=1e-13)
    np.testing.assert_allclose(slopes, expected, rtol=1e-13)
    _, slopes = kernel.value_and_grad(HOLED)
    assert slopes[::2, :2].tolist() == [[0.0, 0.0]] * 2
    product = kernel.hvp(HOLED, np.array([1.0, 0.0]), wrt="params")
    np.testing.assert_allclose(product, [2.0 * (4.0 + 1.0) / 4.0, 2.0 * (2.0 - 1.0) / 4.0])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", MASKS)
def test_training_leaves_samples_out_that_are_not_there(name, backend):
    from mgnn import optim

    kernel = mgcompile.compile(*holed(name), backend=backend, cache=False)
    kernel.train(HOLED, optim.SGD(lr=0.25), epochs=3, batch_size=None, shuffle=False)
    at = [0.7, 0.1]
    for _ in range(3):
        at = [x - 0.25 * slope for x, slope in zip(at, by_hand(*at)[1], strict=True)]
    np.testing.assert_allclose(kernel.params, at, rtol=1e-13)


@pytest.mark.parametrize("options", [{}, {"backend": "numpy"}, {"strict": True}], ids=str)
@pytest.mark.parametrize("name", MASKS)
def test_a_recorded_data_set_may_have_holes(name, options):
    w, b = Value(0.7, "w"), Value(0.1, "b")
    terms = [
        MASKS[name](lambda x, y: (w * x + b - y) ** 2, *map(Value, row)) for row in HOLED.tolist()
    ]
    kernel = mgcompile.compile(sum(terms) * 0.25, [], [w, b], cache=False, **options)
    loss, slopes = kernel.loss_and_grad()
    right, expected = by_hand(0.7, 0.1)
    assert loss == pytest.approx(right, rel=1e-13)
    np.testing.assert_allclose(slopes, expected, rtol=1e-13)


@pytest.mark.parametrize("options", [{}, {"backend": "numpy"}, {"strict": True}], ids=str)
def test_a_recurrence_skips_steps_that_are_not_there(options):
    def last(xs, w, u):
        state = 0.0 * u
        for x in xs:
            state = ops.select(ops.isnan(x), state, ops.tanh(w * state + u * x))
        return state

    numbers = [0.5, math.nan, 0.3, math.nan, math.nan, 0.1, -0.4, 0.2, math.nan, 0.7, 0.6, 0.9]
    params = [Value(0.8, "w"), Value(0.5, "u")]
    inputs = [Value(0.1 * i, f"x{i}") for i in range(12)]
    kernel = mgcompile.compile(last(inputs, *params), inputs, params, cache=False, **options)
    there = [Value(x) for x in numbers if not math.isnan(x)]
    _, slopes = kernel.loss_and_grad(np.array([numbers] * 3))
    np.testing.assert_allclose(slopes, grad(last(there, *params), params), rtol=1e-12)
    _, slopes = kernel.value_and_grad(np.array([numbers]))
    expected = iter(grad(last(there, *params), there))
    right = [0.0 if math.isnan(x) else next(expected) for x in numbers]
    np.testing.assert_allclose(slopes[0], right, rtol=1e-12)


def test_a_layer_below_a_mask_does_without_the_samples_that_are_not_there():
    from mgnn import MLP

    model = MLP(3, [20, 1], activation="relu", seed=2)
    x, on = [Value(0.1 * i, f"x{i}") for i in range(3)], Value(1.0, "on")
    kernel = mgcompile.compile(
        ops.select(on, model(x) ** 2, 0.0), [*x, on], model.parameters(), cache=False
    )
    rows = np.random.default_rng(0).normal(size=(40, 4))
    rows[:, 3] = 1.0
    _, right = kernel.loss_and_grad(rows, reduction="sum")
    holes = np.full((23, 4), math.nan)
    holes[:, 3] = 0.0
    _, slopes = kernel.loss_and_grad(np.vstack([rows[:17], holes, rows[17:]]), reduction="sum")
    np.testing.assert_allclose(slopes, right, rtol=1e-12, atol=1e-14)


HESSIANS = {
    # At (1, 2): the Hessian of log(x)**2 is 2 - 2 log(x) over x^2, though the upstream is 0 there.
    "a factor on its way through 0": (lambda x: ops.log(x) ** 2, (1.0,), [[2.0]]),
    "a cube of a negative number": (lambda x, y: x**y, (-2.0, 3.0), [[-12.0, None], [None, None]]),
    "a square": (lambda x: x**2, (-1.0,), [[2.0]]),
    "a branch not taken": (
        lambda x, y: ops.select(ops.gt(x, 0.0), ops.log(x) * y, x * y * y), (-1.0, 3.0),
        [[0.0, 6.0], [6.0, -2.0]],
    ),
    "Rosenbrock": (
        lambda x, y: (1.0 - x) ** 2 + 100.0 * (y - x**2) ** 2, (-1.2, 1.0),
        [[1330.0, 480.0], [480.0, 200.0]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", HESSIANS)
def test_the_hessian_has_what_exists(name, backend):
    function, point, expected = HESSIANS[name]
    inputs = leaves(point)
    kernel = mgcompile.compile(function(*inputs), inputs, backend=backend, cache=False)
    with np.errstate(all="ignore"):
        found = kernel.hessian(np.array([point]))[0]
    for row, wanted in zip(found, expected, strict=True):
        for number, right in zip(row, wanted, strict=True):
            if right is None:
                assert math.isnan(number)
            else:
                assert number == pytest.approx(right, rel=1e-13)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_product_with_the_hessian_takes_zeros_of_the_vector_as_such(backend):
    x, y = Value(1.0, "x"), Value(1.0, "y")
    kernel = mgcompile.compile(x * x * x + ops.sqrt(y), [x, y], backend=backend, cache=False)
    found = kernel.hvp(np.array([[2.0, 0.0]]), np.array([1.0, 0.0]))
    assert found.tolist() == [[12.0, 0.0]]


def guards(kernel, kind):
    program = kernel._built.derived(kind)
    return sum(getattr(s, "op", None) in (ZERO_MUL, ZERO_DOT) for s in program.statements)


def test_nothing_is_looked_at_where_all_factors_are_finite():
    from mgnn import MLP

    model = MLP(2, [16, 16, 1], activation="tanh", seed=1)
    x = [Value(0.1, "a"), Value(0.2, "b"), Value(1.0, "y")]
    loss = ops.relu(1.0 - x[2] * model(x[:2])) + ops.softplus(x[0]) / (1.0 + x[1] * x[1])
    kernel = mgcompile.compile(loss, x, model.parameters(), cache=False)
    assert guards(kernel, "loss") == 0
    assert guards(kernel, "inputs") == 0
    risky = mgcompile.compile(x[2] * ops.sqrt(x[0]), x[::2], cache=False)
    assert guards(risky, "inputs") == 1


@pytest.mark.parametrize("mode", ["inputs", "params"])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in ENGINE_CASES])
def test_the_cases_of_the_engine_hold_in_kernels(case, backend, mode):
    leaves = [Value(x) for x in case.point]
    output = case.function(*leaves)
    at = {mode: leaves}
    kernel = mgcompile.compile(output, **at, backend=backend, cache=False)
    point = np.array([case.point], dtype=float)
    if mode == "inputs":
        found, second = kernel.value_and_grad(point)[1][0], kernel.hessian(point)[0]
    else:
        found, second = kernel.loss_and_grad()[1], kernel.hessian()
    np.testing.assert_allclose(found, case.gradient, rtol=1e-14)
    if case.hessian is not None:
        np.testing.assert_allclose(second, case.hessian, rtol=1e-14)
