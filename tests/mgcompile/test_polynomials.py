"""Polynomials and series of many terms: second derivatives, as bundles and as tapes."""

import random

import numpy as np
import pytest
from plain import hold

import mgcompile
from mgcompile.program.ir import Tape
from mgcore import Value, ops


def powers(count):
    """Return the sum of x**i, whose exponents are all different."""
    x = Value(-0.5, "x")
    return ops.sum(*(x**i for i in range(count))), [x], []


def weighted(count):
    """Return the sum of c_i x**i y**j with parameters c."""
    rng = random.Random(count)
    x, y = Value(-0.4), Value(0.7)
    c = [Value(rng.uniform(-1, 1)) for _ in range(count)]
    terms = [c[i] * x**i * y ** rng.randrange(6) for i in range(count)]
    return ops.sum(*terms), [x, y], c


def horner(count):
    """Return a polynomial by Horner's rule, of constants that are all different."""
    x = Value(0.3)
    total = Value(0.5) * x
    for i in range(count):
        total = total * x + (0.1 * i - 1.0)
    return total, [x], []


def rational(count):
    """Return a sum of unlike quotients and roots, which no pattern fits."""
    rng = random.Random(count)
    x, w = Value(-0.6), Value(0.8)
    terms = []
    for i in range(count):
        base = x * rng.uniform(-1, 1) + w * i * 0.1
        whole = rng.choice([2, 3, -1, -2, 5])
        terms.append(rng.choice([base**whole / (3.0 + i), ops.tanh(base) ** whole * x**i]))
    return ops.sum(*terms) + x * x, [x], [w]


GRAPHS = {"powers": powers, "weighted": weighted, "horner": horner, "rational": rational}
SIZES = [(kind, count) for kind in GRAPHS for count in (2, 30, 40, 100)]


@pytest.mark.parametrize(("kind", "count"), [pair for pair in SIZES if pair[1] != 2])
def test_the_reference_has_all_second_derivatives(kind, count):
    graph = GRAPHS[kind](count)
    X = np.array([[-0.5, 0.3], [0.25, -0.75], [0.9, 0.6]])[:, : len(graph[1])]
    kernel = mgcompile.compile(*graph, backend="numpy", cache=False)
    hold(kernel, graph, X, rtol=1e-9)


@pytest.mark.parametrize(("kind", "count"), [("powers", 40), ("powers", 100), ("weighted", 100)])
def test_native_code_has_all_second_derivatives(kind, count):
    graph = GRAPHS[kind](count)
    X = np.array([[-0.5, 0.3], [0.9, 0.6]])[:, : len(graph[1])]
    hold(mgcompile.compile(*graph, cache=False), graph, X, rtol=1e-9)


def test_the_series_of_40_terms_is_one_over_1_minus_x():
    # 2 / (1 - x)**3 but for the terms from x**40 on
    kernel = mgcompile.compile(*powers(40), backend="numpy", cache=False)
    np.testing.assert_allclose(kernel.hessian([-0.5]), [[2 / 1.5**3]], rtol=1e-8)


def test_a_hundred_unlike_powers_are_a_tape():
    kernel = mgcompile.compile(*powers(100), backend="numpy", cache=False)
    assert any(isinstance(s, Tape) for s in kernel.program.statements)
