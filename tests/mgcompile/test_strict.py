"""Strict kernels: the bits of Python's order of operations and rounding; safe forms without."""

from __future__ import annotations

import itertools
import math
import pickle
import random

import numpy as np
import pytest

import mgcompile
from mgcompile.errors import OptionError
from mgcore import Value, ops

BACKENDS = ("llvm", "numpy")


def evaluated(function, X):
    """What Python's floats give, row by row."""
    return np.array([function(*map(float, row)) for row in X])


def strict(function, X, backend, **options):
    inputs = [Value(0.3 + 0.2 * i, f"x{i}") for i in range(X.shape[1])]
    return mgcompile.compile(
        function(*inputs), inputs, backend=backend, cache=False, strict=True, **options
    )


def same_bits(found, expected):
    assert found.view(np.int64).tolist() == expected.view(np.int64).tolist()


def kahan(*terms):
    total, lost = 0.0, 0.0
    for term in terms:
        corrected = term - lost
        after = total + corrected
        lost = (after - total) - corrected
        total = after
    return total


EXAMPLES = {
    "no fused products": (lambda a, b, x: a * x + b * x, [[0.1, -0.1, 0.3], [0.7, 0.1, 0.3]]),
    "no other order": (lambda x, y, z: x + (y + z), [[1.0, 1e16, -1e16], [0.1, 0.2, 0.3]]),
    "the order of a sum": (
        lambda x, y, z, t: (x + y) + (z + t), [[1e16, 1.0, -1e16, 1.0], [0.1, 0.2, 0.3, 0.4]],
    ),
    "a compensated sum": (kahan, [[1.0, *[1e-16] * 9], [0.1 * k for k in range(10)]]),
    "constants apart": (lambda x: 1e200 * (1e200 * x), [[1e-300], [1e-200], [3.0]]),
    "no reciprocal": (lambda x, y: x / y + 1.0 / y, [[0.0, 3e-320], [1.0, 3.0], [2.0, 49.0]]),
    "no shared product": (lambda x, y: x * y + x * y, [[0.1, 0.7], [1e200, 1e200]]),
    "a negative zero": (lambda x, y: -(x * y) + 0.0 * x, [[0.0, -1.0], [-0.0, 1.0], [1.0, 2.0]]),
}  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_strict_kernel_has_pythons_bits(name, backend):
    function, points = EXAMPLES[name]
    X = np.array(points * 5)
    same_bits(strict(function, X, backend)(X), evaluated(function, X))


def test_sums_and_dot_products_of_any_number_are_added_term_by_term():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(7, 12)) * 10.0 ** rng.integers(-8, 9, (7, 12))

    def function(*x):
        return ops.dot(*x) + ops.sum(*x) * ops.sum(x[3])

    def by_python(*x):
        products = 0.0
        for a, b in zip(x[:6], x[6:], strict=True):
            products += a * b
        total = 0.0
        for each in x:
            total += each
        return products + total * x[3]

    for backend in BACKENDS:
        same_bits(strict(function, X, backend)(X), evaluated(by_python, X))


def random_expression(seed, width, count):
    """A function of `width` numbers by exactly rounded operations, on floats and on Values."""
    rng = random.Random(seed)
    steps = []
    for number in range(count):
        pool = width + number
        kind = rng.choice(["+", "+", "-", "*", "*", "/", "neg", "abs", "root", "gt", "const"])
        near = [rng.randrange(max(0, pool - 6), pool) if rng.random() < 0.7 else rng.randrange(pool)
                for _ in range(2)]  # fmt: skip
        steps.append((kind, *near, rng.choice([0.1, 3.0, -0.7, 1e-3, 7.0 / 3.0])))

    def function(*x):
        pool = list(x)
        plain = isinstance(x[0], float)
        for kind, i, j, c in steps:
            a, b = pool[i], pool[j]
            if kind == "+":
                made = a + b
            elif kind == "-":
                made = a - b
            elif kind == "*":
                made = a * b
            elif kind == "/":
                made = a / (abs(b) + 1.0) if plain else a / (ops.abs(b) + 1.0)
            elif kind == "neg":
                made = -a
            elif kind == "abs":
                made = abs(a)
            elif kind == "root":
                made = math.sqrt(abs(a)) if plain else ops.sqrt(ops.abs(a))
            elif kind == "gt":
                made = float(a > b) * a if plain else ops.gt(a, b) * a
            else:
                made = c * a + b * c
            pool.append(made)
        total = pool[0] * 1.0
        for each in pool[1:]:
            total = total + each
        return total

    return function


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("count", [12, 60, 400])
@pytest.mark.parametrize("seed", range(4))
def test_random_graphs_have_pythons_bits(seed, count, backend):
    width = 5
    function = random_expression(seed, width, count)
    X = np.random.default_rng(seed).normal(size=(9, width))
    same_bits(strict(function, X, backend)(X), evaluated(function, X))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("count", [4, 12, 40])
@pytest.mark.parametrize("seed", range(4))
def test_gradients_of_random_graphs_have_the_engines_bits(seed, count, backend):
    width = 5
    function = random_expression(seed, width, count)
    X = np.random.default_rng(seed).normal(size=(9, width))
    _, found = strict(function, X, backend).value_and_grad(X)
    same_bits(found, np.array([engine_gradient(function, row) for row in X]))


def engine_gradient(function, row):
    leaves = [Value(float(x)) for x in row]
    function(*leaves).backward()
    return [x.grad for x in leaves]


@pytest.mark.parametrize("backend", BACKENDS)
def test_gradients_to_parameters_and_of_several_outputs_have_the_engines_bits(backend):
    one, two = (random_expression(seed, 6, 25) for seed in (11, 12))
    numbers = np.random.default_rng(3).normal(size=6)
    params = [Value(x, f"w{i}") for i, x in enumerate(numbers)]
    kernel = mgcompile.compile(one(*params), [], params, backend=backend, cache=False, strict=True)
    same_bits(kernel.loss_and_grad()[1], np.array(engine_gradient(one, numbers)))
    kernel = mgcompile.compile(
        [one(*params), two(*params)], params, backend=backend, cache=False, strict=True
    )
    _, found = kernel.value_and_grad(numbers[None])
    for each, function in zip(found, (one, two), strict=True):
        same_bits(each, np.array([engine_gradient(function, numbers)]))
    half = mgcompile.compile(
        one(*params), params[:3], params[3:], backend=backend, cache=False, strict=True
    )
    right = np.array(engine_gradient(one, numbers))
    same_bits(half.loss_and_grad(numbers[None, :3])[1], right[3:])
    same_bits(half.value_and_grad(numbers[None, :3])[1][0], right[:3])


@pytest.mark.parametrize("backend", BACKENDS)
def test_gradients_of_loops_sums_and_shared_operands_have_the_engines_bits(backend):
    def steps(x, v):
        for _ in range(30):
            x, v = x + 0.1 * v, v - 0.1 * (x * x * x - x)
        return x * v + v

    def shared(*x):
        return (
            ops.dot(*x, *x) / ops.sum(*x, x[0]) + ops.dot(*x[:4], *x[2:6]) - ops.sqrt(x[0] * x[0])
        )

    rng = np.random.default_rng(2)
    for function, width in ((steps, 2), (shared, 7)):
        X = rng.normal(size=(5, width))
        _, found = strict(function, X, backend).value_and_grad(X)
        same_bits(found, np.array([engine_gradient(function, row) for row in X]))


def test_a_zero_ends_what_lies_below_it_in_strict_gradients_too():
    def function(x, w):
        return ops.select(ops.gt(x, 0.0), ops.sqrt(x), 3.0 * w) + ops.relu(w) * ops.sqrt(x)

    X = np.array([[0.0, -1.0], [-1.0, -2.0], [4.0, 1.0]])
    for backend in BACKENDS:
        _, found = strict(function, X, backend).value_and_grad(X)
        right = np.array([engine_gradient(function, row) for row in X])
        np.testing.assert_array_equal(found, right)  # a NaN has a sign of its own


def test_repeated_structure_has_pythons_bits():
    """A recurrence, which runs as a loop, and twenty terms alike, which run as one."""

    def function(x, v):
        for _ in range(50):
            x, v = x + 0.1 * v, v - 0.1 * (x * x * x - x)
        return x * v + v

    def alike(*x):
        total = 0.0 * x[0]
        for a, b in itertools.pairwise(x):
            total = total + (a * b - 0.3 * b)
        return total

    rng = np.random.default_rng(1)
    for each, width in ((function, 2), (alike, 20)):
        X = rng.normal(size=(5, width))
        for backend in BACKENDS:
            same_bits(strict(each, X, backend)(X), evaluated(each, X))


def test_float32_is_rounded_after_every_operation():
    X = np.array([[0.1, -0.1, 0.3], [0.7, 0.1, 0.3], [1.1, 2.3, 1.7]], dtype=np.float32)
    for backend in BACKENDS:
        kernel = strict(lambda a, b, x: a * x + b * x - x / b, X, backend, dtype="float32")
        a, b, x = X.T
        assert kernel(X).tolist() == (a * x + b * x - x / b).tolist()


def test_training_and_pickles_keep_the_mode():
    x, y, w = Value(0.3, "x"), Value(0.1, "y"), Value(0.7, "w")
    loss = (w * x - y) * (w * x - y)
    kernel = mgcompile.compile(loss, [x, y], [w], cache=False, strict=True)
    again = pickle.loads(pickle.dumps(kernel))
    assert again.program.strict
    assert "strict" in again.explain()
    X = np.random.default_rng(0).normal(size=(40, 2))
    same_bits(again(X), np.array([(0.7 * a - b) * (0.7 * a - b) for a, b in X.tolist()]))
    _, slopes = kernel.value_and_grad(X)
    e = np.array([0.7 * a - b for a, b in X.tolist()])
    np.testing.assert_allclose(slopes[:, 1], -2.0 * e, rtol=1e-15)


def test_strict_is_a_truth_value():
    x = Value(0.3, "x")
    with pytest.raises(OptionError, match="strict"):
        mgcompile.compile(x * x, [x], strict="yes")


# Without `strict`: the edge of a domain


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("function", "point", "expected"),
    [
        (lambda a, b, x: ops.sqrt(a * x + b * x), (0.1, -0.1, 0.3), 0.0),
        (lambda a, b, x: ops.sqrt(a - (b * x + x * b)), (0.06, 0.1, 0.3), 0.0),
        (lambda a, b, x: ops.sqrt(4.0 * x - 4.0 * x * (a * b + b * a)), (0.5, 1.0, 0.3), 0.0),
        (lambda a, b, x: ops.sqrt(a + (b + x)), (0.1, 0.2, -0.3), math.sqrt(0.1 + (0.2 - 0.3))),
        (lambda a, b, x: ops.log(a + (b + x)), (1e-18, 1.0, -1.0), math.log(1e-18)),
    ],
)
def test_what_leads_to_a_root_or_logarithm_is_rounded_as_written(
    function, point, expected, backend
):
    inputs = [Value(v, n) for v, n in zip((1.6, 0.2, 0.1), "abx", strict=True)]
    kernel = mgcompile.compile(function(*inputs), inputs, backend=backend, cache=False)
    X = np.array([point] * 9)
    np.testing.assert_allclose(kernel(X), [expected] * 9, rtol=1e-14)
    values, _ = kernel.value_and_grad(X)
    np.testing.assert_allclose(values, [expected] * 9, rtol=1e-14)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_slope_of_a_quotient_by_a_subnormal_is_no_nan(backend):
    x, y = Value(1.0, "x"), Value(2.0, "y")
    kernel = mgcompile.compile(x / y, [x, y], backend=backend, cache=False)
    _, slopes = kernel.value_and_grad(np.array([[0.0, 3e-320], [0.0, 3e-300]]))
    assert slopes[:, 1].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_constants_are_not_multiplied_where_that_overflows(backend):
    x = Value(1e-250, "x")
    y = Value(1e-300, "y")
    kernel = mgcompile.compile(y * (1e200 * (1e200 * x)), [x, y], backend=backend, cache=False)
    _, slopes = kernel.value_and_grad(np.array([[1e-250, 1e-300]]))
    np.testing.assert_allclose(slopes, [[1e100, 1e150]], rtol=1e-14)


def test_long_sums_of_squares_below_a_root_stay_products_of_matrices():
    x = [Value(0.1 * i, f"x{i}") for i in range(16)]
    norm = x[0] * x[0]
    for each in x[1:]:
        norm = norm + each * each
    kernel = mgcompile.compile(ops.sqrt(norm), x, cache=False)
    assert "dot(" in kernel.explain()
