"""Ops with any number of operands: an axis where their rules allow it, as sums have."""

from __future__ import annotations

import math
import random

import mpmath
import numpy as np
import pytest

import mgcompile
from mgcompile.program.ir import Bundle, Loop, Tape
from mgcompile.support.uniform_partial import is_reducible
from mgcore import Op, Value, hessian, ops

BACKENDS = ["numpy", "llvm"]

# The length of a vector, whose partials can be taken one by one; a spread and a softened length,
# which need sums over all operands; and a ring, whose partials look at the neighbours.
norm = Op(
    "norm_of_test",
    forward=lambda *xs: ops.sqrt(sum(x * x for x in xs)),
    partials=lambda out, *xs: tuple(x / out for x in xs),
)
spread = Op(
    "spread_of_test",
    forward=lambda *xs: sum((x - sum(xs) / len(xs)) ** 2 for x in xs),
    partials=lambda out, *xs: tuple(2.0 * (x - sum(xs) / len(xs)) for x in xs),
)
softened = Op(
    "softened_of_test",
    forward=lambda *xs: ops.sqrt(sum((x * x for x in xs), 1.0)),
    partials=lambda out, *xs: tuple(x * out / sum((each * each for each in xs), 1.0) for x in xs),
)
ring = Op(
    "ring_of_test",
    forward=lambda *xs: sum(x * y for x, y in zip(xs, xs[1:] + xs[:1], strict=True)),
    partials=lambda out, *xs: tuple(
        x + y for x, y in zip(xs[-1:] + xs[:-1], xs[1:] + xs[:1], strict=True)
    ),
)
mean = Op(
    "mean_of_test",
    forward=lambda *xs: sum(xs) / len(xs),
    partials=lambda out, *xs: tuple(1.0 / len(xs) for _ in xs),
)
weighted = Op(
    "weighted_of_test",
    forward=lambda *xs: sum(k * x for k, x in enumerate(xs)),
    partials=lambda out, *xs: tuple(float(k) for k in range(len(xs))),
)
closed = Op(
    "closed_of_test",
    forward=lambda *xs: ops.log(sum(ops.exp(x) for x in xs)),
    partials=lambda out, *xs: tuple(math.exp(x - out) for x in xs),
)
AXES = {
    "logsumexp": ops.logsumexp,
    "norm": norm,
    "mean": mean,
    "spread": spread,
    "softened": softened,
}
NO_AXES = {"ring": ring, "weighted": weighted, "closed": closed}


@pytest.mark.parametrize("name", AXES)
def test_partials_of_one_operand_the_result_and_sums_over_all_allow_an_axis(name):
    assert is_reducible(AXES[name], 7)


@pytest.mark.parametrize("name", [*NO_AXES, "sum", "dot", "tanh", "add"])
def test_other_partials_do_not(name):
    assert not is_reducible(NO_AXES[name] if name in NO_AXES else getattr(ops, name), 4)


def scores(op, classes, rng, order=None):
    """A layer of `classes` outputs, and an op over them all."""
    x, t = [Value(0.1, f"x{i}") for i in range(3)], Value(0.5, "t")
    params, outs = [], []
    for _ in range(classes):
        w = [Value(rng.uniform(-1, 1)) for _ in range(4)]
        params += w
        outs.append(ops.tanh(ops.dot(*w[:3], *x) + w[3]))
    chosen = outs if order is None else [outs[i] for i in order]
    return op(*chosen) - t * outs[1], [*x, t], params


def along(kernel, op):
    bundles = [s for s in kernel.program.statements if isinstance(s, Bundle)]
    return [b.reduced for b in bundles if b.op is op]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("classes", [4, 10, 16, 17, 60])
def test_softmax_cross_entropy_keeps_its_classes_on_an_axis(classes, backend, held_against_engine):
    output, x, params = scores(ops.logsumexp, classes, random.Random(classes))
    kernel = mgcompile.compile(output, x, params, backend=backend, cache=False)
    assert along(kernel, ops.logsumexp) == [(classes,)]
    statements = kernel._built.derived("loss").statements
    assert len(statements) < 30
    X = np.random.default_rng(classes).normal(size=(5, 4)) * [3.0, 3.0, 3.0, 1.0]
    held_against_engine(kernel, output, x, params, X)
    assert "along" in kernel.explain()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", [*AXES, *NO_AXES])
@pytest.mark.filterwarnings("ignore:the rule of op .* calls Python")
def test_ops_of_other_packages_are_right_with_and_without_an_axis(
    name, backend, held_against_engine
):
    op = {**AXES, **NO_AXES}[name]
    output, x, params = scores(op, 6, random.Random(2))
    kernel = mgcompile.compile(output, x, params, backend=backend, cache=False)
    assert (along(kernel, op) == [(6,)]) == (name in AXES)
    held_against_engine(kernel, output, x, params, np.random.default_rng(3).normal(size=(4, 4)))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("classes", [8, 20])
def test_operands_in_any_order_and_given_twice(classes, backend, held_against_engine):
    rng = random.Random(5)
    order = [rng.randrange(classes) for _ in range(classes + 3)]
    output, x, params = scores(ops.logsumexp, classes, rng, order)
    kernel = mgcompile.compile(output, x, params, backend=backend, cache=False)
    held_against_engine(kernel, output, x, params, np.random.default_rng(3).normal(size=(4, 4)))


@pytest.mark.parametrize("backend", BACKENDS)
def test_second_derivatives_along_an_axis(backend):
    output, x, params = scores(ops.logsumexp, 9, random.Random(8))
    kernel = mgcompile.compile(output, x, params, backend=backend, cache=False)
    point = np.array([v.data for v in x])
    np.testing.assert_allclose(kernel.hessian(point), hessian(output, x), rtol=1e-9, atol=1e-11)
    found = kernel.hessian(point[None], wrt="params")
    np.testing.assert_allclose(found, hessian(output, params), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("width", [5, 18])
def test_attention_in_a_recurrence_has_its_axis_inside_the_loop(
    width, backend, held_against_engine
):
    rng = random.Random(4)
    w = [[Value(rng.uniform(-1, 1)) for _ in range(width)] for _ in range(width)]
    x = [Value(0.2, f"x{i}") for i in range(width)]
    state = x
    for _ in range(12):
        raw = [ops.dot(*row, *state) for row in w]
        total = ops.logsumexp(*raw)
        state = [ops.tanh(r - total) for r in raw]
    params = [p for row in w for p in row]
    kernel = mgcompile.compile(state[0] * state[1], x, params, backend=backend, cache=False)
    (loop,) = (s for s in kernel.program.statements if isinstance(s, Loop))
    reduced = [s.reduced for s in loop.body if isinstance(s, Bundle) and s.op is ops.logsumexp]
    assert reduced == [(width,)]
    X = np.random.default_rng(3).normal(size=(3, width))
    held_against_engine(kernel, state[0] * state[1], x, params, X)


@pytest.mark.parametrize("classes", [5, 40])
def test_corners_go_through_an_axis_as_through_operands(classes):
    x = [Value(0.1 * i) for i in range(classes)]
    kernel = mgcompile.compile(ops.logsumexp(*(ops.neg(v) for v in x)), x, cache=False)
    X = np.zeros((7, classes))
    X[0] = np.inf
    X[1, 2] = -np.inf
    X[2, 1] = np.nan
    X[3, 0], X[3, 3] = np.nan, -np.inf
    X[4] = -1e300
    X[5] = -np.arange(classes) * 300.0
    X[6, 1:] = 1e308
    with np.errstate(all="ignore"):
        expected = np.logaddexp.reduce(-X, axis=1)
    expected[3] = np.nan
    np.testing.assert_allclose(kernel(X), expected, rtol=1e-14)


@pytest.mark.parametrize("backend", BACKENDS)
def test_logsumexp_keeps_its_digits_beside_a_largest_operand_of_0(backend):
    xs = [Value(0.1 * i) for i in range(5)]
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(20, 5)) * scale for scale in (1.0, 30.0, 100.0)])
    X -= X.max(axis=1, keepdims=True)
    found = mgcompile.compile(ops.logsumexp(*xs), xs, [], backend=backend, cache=False)(X)
    with mpmath.workdps(300):
        right = [float(mpmath.log(sum(mpmath.exp(x) for x in row))) for row in X.tolist()]
    np.testing.assert_allclose(found, right, rtol=2e-15, atol=0)


LARGE = [(0.3, 0.0), (709.0, 1.0), (1e10, 0.0), (-1e10, 2.0), (1e17, 0.0), (-1e17, 64.0)]


def softmax_in_many_digits(row):
    """The gradient of logsumexp, and its Hessian."""
    with mpmath.workdps(60):
        terms = [mpmath.exp(mpmath.mpf(x) - max(row)) for x in row]
        p = [t / mpmath.fsum(terms) for t in terms]
        rows = [[a * ((i == j) - b) for j, b in enumerate(p)] for i, a in enumerate(p)]
    return np.array(p, dtype=float), np.array(rows, dtype=float)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-14), ("float32", 3e-6)])
@pytest.mark.parametrize("count", [2, 9, 40])
def test_slopes_of_logsumexp_at_large_operands(count, dtype, rtol, backend):
    xs = [Value(0.1 * i) for i in range(count)]
    out = ops.logsumexp(*xs)
    kernel = mgcompile.compile(out, xs, dtype=dtype, backend=backend, cache=False)
    rows = [[large + step * (i % 2) for i in range(count)] for large, step in LARGE]
    X = np.array(rows, dtype=dtype)
    _, slopes = kernel.value_and_grad(X)
    hessians = kernel.hessian(X)
    direction = np.cos(np.arange(count)).astype(dtype)
    products = kernel.hvp(X, np.broadcast_to(direction, X.shape).copy())
    for row, p, h, product in zip(X.tolist(), slopes, hessians, products, strict=True):
        right_p, right_h = softmax_in_many_digits(row)
        np.testing.assert_allclose(p, right_p, rtol=rtol)
        np.testing.assert_allclose(h, right_h, rtol=10 * rtol, atol=rtol)
        np.testing.assert_allclose(product, right_h @ direction, rtol=10 * rtol, atol=3 * rtol)


def sum_of_steps(xs, count):
    """A recurrence through logsumexp, whose slopes are softmaxes of equal operands."""
    for _ in range(count):
        total = ops.logsumexp(*xs)
        xs = [total + 0.0 * x for x in xs]
    return xs[0]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("width", [2, 5])
def test_slopes_of_logsumexp_at_large_operands_in_loops(width, backend):
    xs = [Value(0.1 * i) for i in range(width)]
    kernel = mgcompile.compile(sum_of_steps(xs, 12), xs, backend=backend, cache=False)
    assert any(isinstance(s, Loop) for s in kernel.program.statements)
    _, slopes = kernel.value_and_grad(np.full((2, width), 1e17))
    np.testing.assert_allclose(slopes, 1.0 / width, rtol=1e-14)


@pytest.mark.parametrize("backend", BACKENDS)
def test_slopes_of_logsumexp_at_large_operands_in_tapes(backend):
    rng = random.Random(3)
    count = 4
    xs = [Value(0.1 * i) for i in range(count)]
    pool, right = list(xs), list(np.eye(count))
    for _ in range(600):
        chosen = [rng.randrange(len(pool)) for _ in range(rng.choice([2, 3, 5]))]
        # At 1e17 a logsumexp is its operand, to rounding, and all share its slope equally.
        right.append(sum(right[i] for i in chosen) / len(chosen))
        pool.append(ops.logsumexp(*(pool[i] for i in chosen)))
    output = ops.logsumexp(*pool[-20:])
    kernel = mgcompile.compile(output, xs, backend=backend, cache=False)
    assert any(isinstance(s, Tape) for s in kernel.program.statements)
    _, slopes = kernel.value_and_grad(np.full((2, count), 1e17))
    expected = sum(right[-20:]) / 20
    np.testing.assert_allclose(slopes, [expected, expected], rtol=1e-13)
