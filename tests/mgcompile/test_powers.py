"""Powers with a constant exponent: products, roots and quotients, with all their derivatives."""

from __future__ import annotations

import itertools
import math
import re

import mpmath
import numpy as np
import pytest

import mgcompile
from mgcore import Value, ops

BACKENDS = ("llvm", "numpy")
EXPONENTS = [2, 3, 4, 5, 6, 7, 8, 9, -1, -2, -3, -4, -5, 0.5, -0.5, 1.5, -1.5, 0.3, 1, 0]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("exponent", EXPONENTS)
def test_value_slope_and_second_derivative_are_those_of_mpmath(exponent, backend):
    x = Value(0.7, "x")
    kernel = mgcompile.compile(x**exponent, [x], backend=backend, cache=False)
    points = [0.3, 1.0, 1.7, 12.5, 1e-30, 1e20]
    if float(exponent).is_integer():
        points += [-p for p in points]
    X = np.array(points)[:, None]
    values, slopes = kernel.value_and_grad(X)
    found = np.column_stack([values, slopes[:, 0], kernel.hessian(X)[:, 0, 0]])
    with mpmath.workdps(40):
        e = mpmath.mpf(exponent)
        expected = [
            [float(mpmath.mpf(p) ** e), *(_derivative(mpmath.mpf(p), e, n) for n in (1, 2))]
            for p in points
        ]
    np.testing.assert_allclose(found, expected, rtol=4e-15)


def _derivative(x, e, order):
    factor = e if order == 1 else e * (e - 1)
    return float(factor * x ** (e - order)) if factor else 0.0


@pytest.mark.parametrize("backend", BACKENDS)
def test_zeros_of_either_sign_and_infinity(backend):
    x = Value(0.7, "x")
    powers = {2: 0.0, 3: 0.0, -1: math.inf, -2: math.inf, 0.5: 0.0, -0.5: math.inf}
    outputs = [x**e for e in powers]
    kernel = mgcompile.compile(outputs, [x], backend=backend, cache=False)
    found = np.transpose(kernel(np.array([[0.0], [-0.0], [math.inf]])))
    assert found[0].tolist() == list(powers.values())
    # IEEE 754: pow(-0, -1) is -inf, pow(-0, -0.5) is +inf.
    assert found[1].tolist() == [0.0, -0.0, -math.inf, math.inf, 0.0, math.inf]
    assert not np.signbit(found[1, 4])
    assert found[2].tolist() == [math.inf, math.inf, 0.0, 0.0, math.inf, 0.0]


def rosenbrock(x, square):
    terms = [100.0 * square(b - square(a)) + square(1.0 - a) for a, b in itertools.pairwise(x)]
    return ops.sum(*terms)


@pytest.mark.parametrize("kind", ["forward", "inputs"])
def test_a_square_is_the_program_of_a_product(kind):
    """As fast as `x * x`, as it is the same program: no power, no select, no other loop."""
    programs = []
    for square in (lambda e: e * e, lambda e: e**2):
        x = [Value(0.1 * i - 0.4, f"x{i}") for i in range(30)]
        kernel = mgcompile.compile(rosenbrock(x, square), x, cache=False)
        programs.append(sorted(re.findall(r"= ([a-z_]+)\(", kernel.explain(kind))))
    assert programs[0] == programs[1]


@pytest.mark.parametrize("count", [3, 400])
def test_nothing_is_left_unfolded_in_the_gradient(count):
    """In a regular graph and on a tape, where an exponent is one of the tape's constants."""
    x = [Value(0.5 + 0.01 * i, f"x{i}") for i in range(count)]
    state = x[0]
    for i in range(count):
        other = x[7 * i % count]
        state = state + other**0.3 if i % 3 else state * other + 1.0
    kernel = mgcompile.compile(state, x, cache=False)
    text = kernel.explain("inputs")
    assert "pow" in text
    assert "select" not in text


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_variable_exponent_has_the_slopes_that_exist(backend):
    """The slope to x at (-2, 3) is 12, the second one -12; to the exponent there is none."""
    x, y = Value(0.7, "x"), Value(1.3, "y")
    kernel = mgcompile.compile(x**y, [x, y], backend=backend, cache=False)
    X = np.array([[-2.0, 3.0], [2.0, 3.0]])
    _, slopes = kernel.value_and_grad(X)
    second = kernel.hessian(X)
    assert slopes[0, 0] == 12.0
    assert second[0, 0, 0] == -12.0
    assert np.isnan([slopes[0, 1], second[0, 0, 1], second[0, 1, 0], second[0, 1, 1]]).all()
    log = math.log(2.0)
    np.testing.assert_allclose(slopes[1], [12.0, 8.0 * log], rtol=1e-14)
    expected = [[12.0, 4.0 * (1.0 + 3.0 * log)], [4.0 * (1.0 + 3.0 * log), 8.0 * log * log]]
    np.testing.assert_allclose(second[1], expected, rtol=1e-14)
