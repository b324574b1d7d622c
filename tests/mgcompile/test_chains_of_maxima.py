"""Long chains of maximum and minimum as reductions, held against the engine on the chain."""

import functools
import itertools
import pickle

import numpy as np
import pytest

import mgcompile
from mgcompile.autodiff.forward import product_with_hessian
from mgcompile.autodiff.pipeline import input_gradient
from mgcompile.graph.capture import capture
from mgcompile.graph.pipeline import canonicalize
from mgcompile.program.ir import INPUTS, Loop
from mgcompile.reroll.pipeline import reroll
from mgcore import Value, grad, hessian, jvp, ops

COUNT = 70
OPS = {"maximum": ops.maximum, "minimum": ops.minimum}


def left(op, xs):
    return functools.reduce(op, xs)


def right(op, xs):
    return functools.reduce(lambda m, x: op(x, m), xs)


def from_a_number(op, xs):
    return functools.reduce(op, xs, 0.5)


def of_cubes(op, xs):
    return functools.reduce(op, [x * x * x for x in xs])


FOLDS = [left, right, from_a_number, of_cubes]


def softened(op, xs):
    m = left(op, xs)
    return m * m * m + ops.log(ops.sum(*[ops.exp(x - m) for x in xs]))


def rows(count=COUNT):
    """Return samples without ties, with two, with many; with infinities and with NaN."""
    rng = np.random.default_rng(count)
    X = rng.integers(-3, 4, size=(14, count)) * 0.5
    X[:4] = rng.normal(size=(4, count))
    X[1, [3, count - 1]] = 7.0
    X[2, [0, 9, 33]] = 7.0
    X[3, [0, 9, 33]] = -7.0
    X[4, 5], X[5, 5] = np.inf, -np.inf
    X[6, [5, 9, 20]] = np.inf
    X[7, 3] = np.nan
    X[8, [3, count - 2]] = np.nan
    X[9, -1], X[10], X[11], X[12] = np.nan, np.inf, -np.inf, 0.0
    X[12, ::2] = -0.0
    return X


def by_the_engine(f, X):
    found = []
    for row in X:
        xs = [Value(float(x)) for x in row]
        out = f(xs)
        found.append((out.data, grad(out, xs)))
    return np.array([value for value, _ in found]), np.array([slopes for _, slopes in found])


def kernel_of(f, count=COUNT, **options):
    return mgcompile.trace(f, ([0.1 * k for k in range(count)],), **options)


def graph_of(outputs, inputs):
    return canonicalize(capture(outputs, inputs, []))


def names(graph):
    return {graph.ops[code].name for code in graph.code if code >= 0}


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
@pytest.mark.parametrize("fold", FOLDS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", OPS)
def test_values_and_slopes_are_those_of_the_chain(name, fold, backend):
    f = functools.partial(fold, OPS[name])
    kernel = kernel_of(lambda xs: f(xs), backend=backend)
    assert f"{name}_chain" in kernel.explain()
    X = rows()
    expected = by_the_engine(f, X)
    for found in (kernel.value_and_grad(X), [*zip(*map(kernel.value_and_grad, X), strict=True)]):
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("samples", [1, 9])
def test_slopes_beside_other_work(dtype, samples):
    f = functools.partial(softened, ops.maximum)
    kernel = kernel_of(lambda xs: f(xs), 3_000, dtype=dtype)
    X = np.random.default_rng(3).integers(0, 9, size=(samples, 3_000)) * 0.25
    X[0] = np.random.default_rng(4).permutation(3_000) / 3_000.0
    values, slopes = by_the_engine(f, X)
    tolerance = 1e-12 if dtype == "float64" else 3e-4
    found = kernel.value_and_grad(X.astype(dtype))
    np.testing.assert_allclose(found[0], values, rtol=tolerance)
    np.testing.assert_allclose(found[1], slopes, rtol=tolerance, atol=tolerance)


def test_one_sample_of_many_may_need_the_loop():
    X = np.random.default_rng(5).normal(size=(40, COUNT))
    X[23, [4, 5, 60]] = 9.0
    found = kernel_of(lambda xs: left(ops.maximum, xs)).value_and_grad(X)[1]
    np.testing.assert_array_equal(found.sum(axis=1), 1.0)
    np.testing.assert_array_equal(found[23, [4, 5, 60]], [0.25, 0.25, 0.5])


@pytest.mark.parametrize("row", [0, 1, 2, 12])
def test_second_derivatives_and_forward_mode(row):
    x, f = rows()[row], functools.partial(softened, ops.maximum)
    kernel = kernel_of(lambda xs: f(xs))
    xs = [Value(float(each)) for each in x]
    out = f(xs)
    direction = np.random.default_rng(1).normal(size=COUNT)
    np.testing.assert_allclose(kernel.hessian(x), hessian(out, xs), rtol=1e-12, atol=1e-12)
    moved = kernel.jacobian(x) @ direction
    np.testing.assert_allclose(moved, jvp(out, xs, direction.tolist()), rtol=1e-12)


def test_forward_mode_along_one_input():
    def f(t):
        return left(ops.maximum, [t * (0.5 + k % 5) for k in range(COUNT)]) + ops.sin(t)

    kernel = mgcompile.trace(f, 1)
    for t in (0.3, 0.0, -0.4):
        x = Value(t)
        out = f(x)
        value, slope = kernel.value_and_grad([t])
        np.testing.assert_allclose([value, *slope], [out.data, *grad(out, [x])], rtol=1e-14)


def test_the_loop_is_left_out_of_second_derivatives_too():
    xs = [Value(0.1 * k) for k in range(COUNT)]
    made = input_gradient(reroll(graph_of([softened(ops.maximum, xs)], xs), COUNT, 0))
    for program in (made, product_with_hessian(made, INPUTS)):
        loops = [each for each in program.statements if isinstance(each, Loop)]
        assert all(loop.needed is not None for loop in loops)
    assert any(isinstance(each, Loop) for each in made.statements)


def test_several_chains_at_once_and_training():
    weights = [Value(0.1 * ((k * 7) % 11) - 0.4, f"w{k}") for k in range(5 * COUNT)]
    x = Value(0.7, "x")
    pools = [weights[k * COUNT : (k + 1) * COUNT] for k in range(5)]
    loss = ops.sum(*[left(ops.maximum, [w * x for w in pool]) ** 2 for pool in pools])
    kernel = mgcompile.compile(loss, inputs=[x], params=weights)
    assert "maximum_chain" in kernel.explain()
    X = np.array([[0.7], [-0.3], [0.0]])
    expected = np.zeros(len(weights))
    for each in X:
        at = Value(float(each[0]))
        out = ops.sum(*[left(ops.maximum, [w * at for w in pool]) ** 2 for pool in pools])
        expected += grad(out, weights)
    found = kernel.loss_and_grad(X, reduction="sum")[1]
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)


def test_chains_inside_a_loop():
    def f(xs):
        total = xs[0]
        for _ in range(12):
            m = left(ops.maximum, [ops.sin(x * total) for x in xs])
            total = total + 0.1 * m
        return total

    kernel, X = kernel_of(f), rows()[:3]
    values, slopes = by_the_engine(f, X)
    found = kernel.value_and_grad(X)
    np.testing.assert_allclose(found[0], values, rtol=1e-13)
    np.testing.assert_allclose(found[1], slopes, rtol=1e-10, atol=1e-12)


def test_running_maxima_that_others_read_stay_as_they_are():
    xs = [Value(float(x)) for x in rows()[1]]
    running = list(itertools.accumulate(xs, ops.maximum))
    graph = graph_of([ops.sum(*running)], xs)
    assert "maximum_chain" not in names(graph)
    kernel = kernel_of(lambda xs: ops.sum(*itertools.accumulate(xs, ops.maximum)))
    assert "maximum_chain" not in kernel.explain()
    X = rows()[:4]
    values, slopes = by_the_engine(lambda xs: ops.sum(*itertools.accumulate(xs, ops.maximum)), X)
    found = kernel.value_and_grad(X)
    np.testing.assert_allclose(found[0], values, rtol=1e-13)
    np.testing.assert_allclose(found[1], slopes, rtol=1e-13)


def test_a_step_that_is_an_output_ends_a_chain():
    xs = [Value(float(x)) for x in rows(2 * COUNT)[0]]
    running = list(itertools.accumulate(xs, ops.maximum))
    kernel = mgcompile.compile([running[-1], running[COUNT - 1]], inputs=xs)
    X = rows(2 * COUNT)[[0, 1, 2, 12]]
    np.testing.assert_array_equal(kernel(X), [X.max(axis=1), X[:, :COUNT].max(axis=1)])


def test_a_maximum_along_a_recurrence_stays_in_its_loop():
    y, largest = Value(0.3), Value(-1.0)
    start = y
    for _ in range(2 * COUNT):
        y = y + 0.1 * ops.sin(3.0 * y)
        largest = ops.maximum(largest, y)
    assert "maximum_chain" not in names(graph_of([largest], [start]))


@pytest.mark.parametrize(("count", "folded"), [(63, False), (64, True)])
def test_short_chains_stay(count, folded):
    xs = [Value(0.1 * k) for k in range(count)]
    assert ("maximum_chain" in names(graph_of([left(ops.maximum, xs)], xs))) == folded


def test_a_tree_of_maxima_with_a_long_chain_in_it():
    def f(xs):
        return ops.maximum(left(ops.maximum, xs[:COUNT]), left(ops.maximum, xs[COUNT:]))

    X = rows(2 * COUNT)
    values, slopes = by_the_engine(f, X)
    found = kernel_of(f, 2 * COUNT).value_and_grad(X)
    np.testing.assert_array_equal(found[0], values)
    np.testing.assert_array_equal(found[1], slopes)


def test_strict_kernels_have_the_engines_bits():
    kernel = kernel_of(lambda xs: left(ops.maximum, xs), strict=True)
    assert "maximum_chain" not in kernel.explain()
    X = rows()
    values, slopes = by_the_engine(functools.partial(left, ops.maximum), X)
    found = kernel.value_and_grad(X)
    assert np.array_equal(found[0].view(np.int64), values.view(np.int64))
    np.testing.assert_array_equal(found[1], slopes)


def test_a_kernel_with_a_chain_is_pickled():
    kernel, X = kernel_of(lambda xs: left(ops.maximum, xs)), rows()[:3]
    again = pickle.loads(pickle.dumps(kernel))
    for one, other in zip(kernel.value_and_grad(X), again.value_and_grad(X), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_pass_is_switched_off_by_its_name(monkeypatch):
    monkeypatch.setenv("MGCOMPILE_SKIP", "fold-chains")
    kernel, X = kernel_of(lambda xs: left(ops.maximum, xs), cache=False), rows()
    assert "maximum_chain" not in kernel.explain()
    values, slopes = by_the_engine(functools.partial(left, ops.maximum), X)
    found = kernel.value_and_grad(X)
    np.testing.assert_array_equal(found[0], values)
    np.testing.assert_array_equal(found[1], slopes)
