"""A factor of 0 ends what lies below it where no analysis saw it coming: infinite or NaN leaves.

The truth is the eager engine's, or by hand. `test_zero_convention` has what the analysis sees.
"""

from __future__ import annotations

import math
import pickle
import random

import numpy as np
import pytest

import mgcompile
from mgcompile.runtime.guarded import Guarded, GuardedTrainer
from mgcompile.runtime.train_loop import epoch_order
from mgcore import Value, grad, ops
from mgnn import MLP, optim

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

INF, NAN = math.inf, math.nan
SPECIAL = [0.0, -0.0, 1.0, -1.0, INF, -INF, NAN, 1e200, -1e200, 0.5, 2.0]
BACKENDS = ("llvm", "numpy")
OPTIONS = [{}, {"backend": "numpy"}, {"strict": True}, {"threads": 2}]


def agrees(found, wanted, rtol=1e-9):
    return np.allclose(found, wanted, rtol=rtol, atol=1e-12, equal_nan=True)


def expression(rng, leaves, test):
    """Some ops of a few leaves; a condition is a leaf of its own, whose slope nobody asks for."""
    pool = list(leaves)
    for _ in range(rng.randint(2, 10)):
        a, b = rng.choice(pool), rng.choice(pool)
        pool.append(
            rng.choice(
                [
                    lambda a, b: a * b, lambda a, b: a * b, lambda a, b: a + b,
                    lambda a, b: ops.select(ops.gt(test, 0.25), a, b),
                    lambda a, _: ops.relu(a), lambda a, b: ops.maximum(a, b),
                    lambda a, _: ops.tanh(a), lambda a, _: ops.sqrt(a), lambda a, b: a / b,
                    lambda a, _: ops.exp(a), lambda a, _: ops.log(a),
                ]
            )(a, b)
        )  # fmt: skip
    return ops.sum(pool[-1], *(0.5 * ops.relu(x) for x in leaves), ops.relu(test))


def recorded(seed, numbers):
    leaves = [Value(x, f"x{i}") for i, x in enumerate(numbers)]
    return expression(random.Random(seed), leaves[:-1], leaves[-1]), leaves


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("seed", range(12))
def test_gradients_to_inputs_are_those_of_the_engine(seed, options):
    rng = random.Random(1000 + seed)
    out, leaves = recorded(seed, [0.7, 1.3, 0.4])
    kernel = mgcompile.compile(out, leaves, cache=False, **options)
    rows = [[rng.choice(SPECIAL) for _ in leaves] for _ in range(19)]
    wanted = [grad(*recorded(seed, row))[:-1] for row in rows]
    assert agrees(kernel.value_and_grad(np.array(rows))[1][:, :-1], wanted)
    assert agrees(kernel.jacobian(np.array(rows), mode="reverse")[:, :-1], wanted)
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    assert agrees(np.stack(kernel.value_and_grad(columns)[1], axis=1)[:, :-1], wanted)
    for row, right in zip(rows[:5], wanted, strict=False):
        assert agrees(kernel.value_and_grad(np.array(row))[1][:-1], right)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("seed", range(12))
def test_gradients_to_parameters_are_those_of_the_engine(seed, options):
    """Summed over samples, of which some are switched off."""
    rng = random.Random(2000 + seed)
    out, leaves = recorded(seed, [0.7, 1.3, 0.4])
    on = Value(1.0, "on")
    kernel = mgcompile.compile(on * out, [on], leaves, cache=False, **options)
    for _ in range(8):
        numbers, weights = [rng.choice(SPECIAL) for _ in leaves], [1.0, 0.0, 2.0, 0.0]
        kernel.params = np.array(numbers)
        right = np.zeros(len(leaves))
        for weight in weights:
            one, there = recorded(seed, numbers)
            right += grad(Value(weight) * one, there)
        found = kernel.loss_and_grad(np.array(weights)[:, None], reduction="sum")[1]
        assert agrees(found[:-1], right[:-1])
        found = kernel.jacobian(np.array(weights)[:, None], wrt="params", mode="reverse")
        assert agrees(found[:-1], right[:-1])


def test_what_finite_data_gives_is_not_done_twice():
    out, leaves = recorded(3, [0.7, 1.3, 0.4])
    kernel = mgcompile.compile(out, leaves, cache=False)
    kernel.value_and_grad(np.ones((5, 3)))
    assert not any("zero" in check.program for check in kernel.verified.checks)
    assert isinstance(kernel.built.executable("inputs"), Guarded)


def test_the_twin_is_checked_as_all_that_is_built():
    kernel = masked()
    kernel.params = [-1.0, INF]
    kernel.value_and_grad(np.array([[1.0]]))
    (check,) = [each for each in kernel.verified.checks if "zero" in each.program]
    assert check.program == "inputs (output 0), every zero looked for"
    assert check.compared


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_nan_stays_nan(backend):
    x, y = Value(0.5), Value(0.5)
    kernel = mgcompile.compile(ops.sqrt(x) * y, [x, y], backend=backend, cache=False)
    _, slopes = kernel.value_and_grad(np.array([[-1.0, 2.0], [4.0, 2.0]]))
    np.testing.assert_allclose(slopes, [[NAN, NAN], [0.5, 2.0]])


# Overflow inside products of matrices whose sum is cut off above.


def cut_off(widths, dtype, backend):
    """min(net(x)**2, 50) + 3 x[1]: where the net overflows, its slopes count nothing."""
    model = MLP(widths[0], list(widths[1:]), activation="relu", seed=3)
    xs = [Value(0.1 + 0.01 * (i % 7), f"x{i}") for i in range(widths[0])]
    loss = ops.minimum(ops.sum(*(y * y for y in model(xs))), 50.0) + 3.0 * xs[1]
    params = model.parameters()
    return mgcompile.compile(loss, xs, params, dtype=dtype, backend=backend, cache=False)


WIDE = [((784, 16, 4), "float64", 1e200), ((784, 16, 4), "float32", 1e30)]
NARROW = [((3, 5, 5, 2), "float64", 1e200), ((3, 5, 5, 2), "float32", 1e30)]
NETS = [*((*net, "llvm") for net in WIDE), *((*net, b) for net in NARROW for b in BACKENDS)]


@pytest.mark.parametrize(("widths", "dtype", "huge", "backend"), NETS)
def test_an_overflow_inside_matrix_products_counts_nothing_below_a_zero(
    widths, dtype, huge, backend
):
    kernel = cut_off(widths, dtype, backend)
    count = len(kernel.params)
    kernel.params = np.full(count, huge)
    rows = np.full((21, widths[0]), huge)
    along = np.zeros(count)
    along[5] = 1.0
    for few in (rows, rows[:1]):
        assert not np.any(kernel.loss_and_grad(few)[1])
        _, slopes = kernel.value_and_grad(few)
        assert np.all(slopes[:, 1] == 3.0)
        assert not np.any(np.delete(slopes, 1, axis=1))
        assert not np.any(kernel.hvp(few, along, wrt="params"))


@pytest.mark.parametrize("number", [1e300, INF])
@pytest.mark.parametrize("widths", [(4, 6, 3), (40, 50, 3)])
def test_one_sample_that_overflows_leaves_the_others_as_they_are(widths, number):
    kernel = cut_off(widths, "float64", "llvm")
    kernel.params = np.abs(kernel.params)
    rows = np.random.default_rng(1).normal(size=(30, widths[0]))
    _, right = kernel.loss_and_grad(rows, reduction="sum")
    _, slopes = kernel.value_and_grad(rows)
    mixed = np.vstack([rows[:11], np.full((1, widths[0]), number), rows[11:]])
    _, gradient = kernel.loss_and_grad(mixed, reduction="sum")
    np.testing.assert_allclose(gradient, right, rtol=1e-12, atol=1e-14)
    _, beside = kernel.value_and_grad(mixed)
    np.testing.assert_allclose(np.delete(beside, 11, axis=0), slopes, rtol=1e-12, atol=1e-14)
    assert beside[11].tolist() == [0.0, 3.0, *(0.0 for _ in range(widths[0] - 2))]


# Several outputs, loops, tapes, a recorded data set


@pytest.mark.parametrize("mode", [None, "forward", "reverse"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_an_infinite_parameter_of_one_output_stays_out_of_another(backend, mode):
    x, w, u = Value(1.0, "x"), Value(1.0, "w"), Value(1.0, "u")
    outputs = [x * w, x * u, ops.relu(u) * w * x]
    kernel = mgcompile.compile(outputs, [x], [w, u], backend=backend, cache=False)
    kernel.params = [INF, -2.0]
    found = kernel.jacobian(np.array([[3.0]]), mode=mode)[0, :, 0]
    np.testing.assert_array_equal(found[:2], [INF, -2.0])
    to_params = kernel.jacobian(np.array([[3.0]]), wrt="params", mode=mode)
    np.testing.assert_array_equal(to_params[:2], [[3.0, 0.0], [0.0, 3.0]])
    _, slopes = kernel.value_and_grad(np.array([[3.0]]))
    np.testing.assert_array_equal(slopes[1], [[-2.0]])


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_steps_of_an_equation_that_a_parameter_does_not_reach(options):
    """50 steps of y' = relu(a) b y - y by Euler: at a = -1 the rate b may be anything."""

    def solution(y, a, b):
        for _ in range(50):
            y = y + 0.01 * (ops.relu(a) * (b * ops.minimum(y, 10.0)) - y)
        return y

    y, a, b = Value(1.0, "y"), Value(0.5, "a"), Value(0.3, "b")
    kernel = mgcompile.compile(solution(y, a, b), [y], [a, b], cache=False, **options)
    kernel.params = [-1.0, 1e308]
    starts = np.array([[1.0], [2.0], [100.0]])
    right = 0.99**50
    np.testing.assert_allclose(kernel.value_and_grad(starts)[1], [[right]] * 3, rtol=1e-12)
    kernel.params = [-1.0, -INF]
    states = [[Value(s), Value(-1.0), Value(-INF)] for s in (1.0, 2.0, 100.0)]
    wanted = [grad(solution(*state), state) for state in states]
    np.testing.assert_array_equal(kernel.value_and_grad(starts)[1][:, 0], [w[0] for w in wanted])
    _, slopes = kernel.loss_and_grad(starts, reduction="sum")
    np.testing.assert_array_equal(slopes, np.sum([w[1:] for w in wanted], axis=0))


@pytest.mark.parametrize("count", [100, 3000])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_tape_with_leaves_that_are_not_finite(backend, count):
    x = [Value(0.1 + 0.1 * i, f"x{i}") for i in range(5)]
    on, state, seed = Value(1.0, "on"), x[0], 1
    for _ in range(count):
        seed = seed * 48271 % 2147483647
        one, other = x[seed % 5], x[seed // 7 % 5]
        state = (state * one, state + one * other, ops.sin(one) - state, state - other)[seed % 4]
    output = ops.relu(on) * ops.minimum(state, 5.0) + 3.0 * x[1]
    kernel = mgcompile.compile(output, [on], x, backend=backend, cache=False)
    kernel.params = [INF, NAN, -INF, 1.0, 0.0]
    _, slopes = kernel.loss_and_grad(np.array([[-1.0]] * 9), reduction="sum")
    assert slopes.tolist() == [0.0, 27.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_recorded_data_set_with_a_parameter_that_no_sample_feels(options):
    xs = np.random.default_rng(4).normal(size=12).tolist()
    w, gate, rate = Value(0.7, "w"), Value(0.5, "gate"), Value(0.3, "rate")
    terms = [(w * x + ops.relu(gate) * ops.minimum(rate * rate * abs(x), 5.0)) ** 2 for x in xs]
    kernel = mgcompile.compile(sum(terms) / 12.0, [], [w, gate, rate], cache=False, **options)
    kernel.params = [0.7, -1.0, INF]
    _, slopes = kernel.loss_and_grad()
    right = sum(2.0 * 0.7 * x * x for x in xs) / 12.0
    np.testing.assert_allclose(slopes, [right, 0.0, 0.0], rtol=1e-12)


# Second derivatives, and products with vectors


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_second_derivatives_beside_an_infinite_parameter(options):
    """Of x**2 + min(u x**3, 5) where the product is larger: 2."""
    x, u = Value(0.5), Value(0.5)
    kernel = mgcompile.compile(
        x * x + ops.minimum(u * x * x * x, 5.0), [x], [u], cache=False, **options
    )
    for number in (1e308, INF):
        kernel.params = [number]
        assert kernel.hessian(np.array([[3.0]])).tolist() == [[[2.0]]]
        assert kernel.hvp(np.array([[3.0]]), np.array([2.0])).tolist() == [[4.0]]


# Training


def clipped(backend, **options):
    """A line cut off at 5, so that far away nothing is learned: (min(w x + b, 5) - y)**2."""
    x, y, w, b = Value(0.3, "x"), Value(0.2, "y"), Value(0.7, "w"), Value(0.1, "b")
    loss = (ops.minimum(w * x + b, 5.0) - y) ** 2
    return mgcompile.compile(loss, [x, y], [w, b], backend=backend, cache=False, **options)


ROWS = np.random.default_rng(5).normal(size=(23, 2))
FAR, INFINITE = ROWS.copy(), ROWS.copy()
FAR[7, 0], INFINITE[7, 0] = 1e9, INF  # both are cut off, as long as w is positive

RULES = {
    "sgd": lambda: optim.SGD(lr=0.02),
    "momentum": lambda: optim.SGD(lr=0.01, momentum=0.9, weight_decay=0.01),
    "adam": lambda: optim.Adam(lr=0.01),
    "adamw": lambda: optim.AdamW(lr=0.01, weight_decay=0.1),
    "clipped": lambda: optim.SGD(lr=0.02, clip_norm=0.5, l1=0.01),
}


@pytest.mark.parametrize("batch_size", [None, 5])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("rule", RULES)
def test_training_with_an_infinite_number_is_that_with_a_large_one(rule, backend, batch_size):
    runs = []
    for data in (FAR, INFINITE):
        kernel = clipped(backend)
        losses = kernel.train(data, RULES[rule](), epochs=9, batch_size=batch_size, seed=3)
        runs.append((losses, kernel.params, kernel.optimizer_state.rows))
    for far, infinite in zip(*runs, strict=True):
        np.testing.assert_allclose(infinite, far, rtol=1e-12)
    assert np.all(np.isfinite(runs[1][1]))


def test_a_step_by_hand_where_an_infinity_is_masked():
    kernel = clipped("llvm")
    kernel.params = [1.0, 0.5]
    kernel.train(np.array([[2.0, 1.0], [INF, 3.0]]), optim.SGD(lr=0.1), epochs=1)
    # Two samples: the error of the first is 2.5 - 1, of the second 5 - 3, whose slope is 0.
    np.testing.assert_allclose(kernel.params, [1.0 - 0.1 * 1.5 * 2.0, 0.5 - 0.1 * 1.5], rtol=1e-14)


@pytest.mark.parametrize("backend", BACKENDS)
def test_updates_follow_the_engine_where_batches_are_mixed(backend):
    kernel = clipped(backend)
    kernel.train(INFINITE, optim.SGD(lr=0.02), epochs=4, batch_size=6, seed=11)
    at = [0.7, 0.1]
    for epoch in range(4):
        order = epoch_order(11, epoch, len(INFINITE))
        for first in range(0, len(order), 6):
            rows = INFINITE[order[first : first + 6]]
            w, b = map(Value, at)
            loss = sum((ops.minimum(w * x + b, 5.0) - y) ** 2 for x, y in rows.tolist())
            slopes = grad(loss / len(rows), [w, b])
            at = [x - 0.02 * slope for x, slope in zip(at, slopes, strict=True)]
    np.testing.assert_allclose(kernel.params, at, rtol=1e-12)


def test_training_does_not_depend_on_how_epochs_come_in_calls():
    whole, apart, reported = clipped("llvm"), clipped("llvm"), clipped("llvm")
    rule = RULES["momentum"]
    losses = whole.train(INFINITE, rule(), epochs=12, batch_size=5, seed=2)
    seen = []
    reported.train(
        INFINITE,
        rule(),
        epochs=12,
        batch_size=5,
        seed=2,
        progress=lambda _, loss: seen.append(loss),
    )
    single = []
    for _ in range(12):
        single += apart.train(INFINITE, rule(), batch_size=5, seed=2)
    assert losses == seen == single
    assert whole.params.tolist() == apart.params.tolist() == reported.params.tolist()


def test_threads_do_not_matter_where_the_twin_is_asked():
    rows = np.random.default_rng(6).normal(size=(5000, 2))
    rows[[3, 1234, 4999], 0] = INF
    runs = []
    for threads in (1, 2):
        kernel = clipped("llvm", threads=threads)
        runs.append([*kernel.loss_and_grad(rows)[1], *kernel.value_and_grad(rows)[1].ravel()])
        kernel.train(rows, optim.SGD(lr=0.02), epochs=3)
        runs[-1] += kernel.params.tolist()
    np.testing.assert_array_equal(*runs)
    assert np.all(np.isfinite(runs))


def test_a_training_that_is_lost_ends_as_nan():
    kernel = clipped("llvm")
    kernel.params = [NAN, 0.1]
    losses = kernel.train(ROWS, optim.SGD(lr=0.02), epochs=3)
    assert np.all(np.isnan(losses))
    assert np.isnan(kernel.params[0])
    trainer = kernel.trainer(mgcompile.runtime.train_loop.rule_of(optim.SGD(lr=0.1)))
    assert isinstance(trainer, GuardedTrainer)


class OwnUpdate:
    """An optimiser that mgcompile does not know."""

    lr = 0.02

    def start(self, parameters):
        def step(lr):
            for p in parameters:
                p.data -= lr * p.grad

        return step


def test_an_optimiser_in_python_gets_the_same_slopes():
    known, own = clipped("llvm"), clipped("llvm")
    known.train(INFINITE, optim.SGD(lr=0.02), epochs=3, batch_size=5, seed=1)
    own.train(INFINITE, OwnUpdate(), epochs=3, batch_size=5, seed=1)
    np.testing.assert_allclose(own.params, known.params, rtol=1e-12)


# Other doors


def masked():
    """relu(w) x + x**2, whose slopes at w < 0 are 2 x and 0, whatever x and u are."""
    x, w, u = Value(0.5, "x"), Value(0.5, "w"), Value(0.5, "u")
    return mgcompile.compile(ops.relu(w) * (x * u) + x * x, [x], [w, u], cache=False)


def test_kernels_that_were_pickled_or_saved(tmp_path):
    kernel = masked()
    kernel.params = [-1.0, INF]
    kernel.save(tmp_path / "kernel")
    for other in (pickle.loads(pickle.dumps(kernel)), mgcompile.load(tmp_path / "kernel")):
        assert other.value_and_grad(np.array([[3.0], [4.0]]))[1].tolist() == [[6.0], [8.0]]


def test_checks_say_nothing_of_a_slope_that_the_twin_knows():
    x, on = Value(0.5, "x"), Value(0.5, "on")
    out = ops.minimum(ops.maximum(on, 0.0) * (x * x * x), 5.0) + on
    kernel = mgcompile.compile(out, [x, on], cache=False, checks=True)
    _, slopes = kernel.value_and_grad(np.array([[1e200, 1.0]]))
    assert slopes.tolist() == [[0.0, 1.0]]


def test_dask_blocks_get_the_same():
    da = pytest.importorskip("dask.array")
    import mgcompile.dask

    kernel = masked()
    kernel.params = [-1.0, INF]
    rows = np.arange(1.0, 13.0)[:, None]
    X = da.from_array(rows, chunks=(5, 1))
    _, slopes = mgcompile.dask.value_and_grad(kernel, X)
    np.testing.assert_array_equal(np.asarray(slopes), 2.0 * rows)
    _, slopes = mgcompile.dask.loss_and_grad(kernel, X, reduction="sum")
    np.testing.assert_array_equal(np.asarray(slopes), kernel.loss_and_grad(rows, "sum")[1])


def test_torch_gets_the_same():
    torch = pytest.importorskip("torch")
    import mgbridge.torch

    kernel = masked()
    kernel.params = [-1.0, INF]
    X = torch.tensor([[3.0], [4.0]], dtype=torch.float64, requires_grad=True)
    mgbridge.torch.function(kernel)(X).sum().backward()
    assert X.grad.tolist() == [[6.0], [8.0]]


def test_jax_gets_the_same():
    jax = pytest.importorskip("jax")
    import mgbridge.jax

    kernel = masked()
    kernel.params = [-1.0, INF]
    f = mgbridge.jax.function(kernel)
    found = jax.grad(lambda X: f(X).sum())(jax.numpy.array([[3.0], [4.0]]))
    assert found.tolist() == [[6.0], [8.0]]
