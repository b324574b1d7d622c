"""Local derivatives keep their digits where they are tiny; the right numbers are mpmath's."""

import mpmath
import pytest

from mgcore import Value, grad, hessian, ops

POINTS = (
    -350.0,
    -37.0,
    -20.0,
    -19.0,
    -9.0,
    -3.0,
    -0.7,
    0.0,
    0.4,
    2.0,
    9.0,
    19.0,
    20.0,
    37.0,
    350.0,
)


def _gelu(x):
    return x * mpmath.ncdf(x)


def _sigmoid(x):
    return 1 / (1 + mpmath.exp(-x))


SMOOTH = {
    "tanh": mpmath.tanh,
    "gelu": _gelu,
    "sigmoid": _sigmoid,
    "silu": lambda x: x * _sigmoid(x),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "erf": mpmath.erf,
}


@pytest.mark.parametrize("x", POINTS)
@pytest.mark.parametrize("name", sorted(SMOOTH))
def test_slopes_in_every_mode(name, x):
    leaf = Value(x)
    out = getattr(ops, name)(leaf)
    with mpmath.workdps(400):
        first, second = (float(mpmath.diff(SMOOTH[name], x, n)) for n in (1, 2))
    out.backward()
    # At 37 the square of the operand is rounded to 1e-13 of e**-x**2.
    close = pytest.approx(first, rel=1e-12, abs=1e-307)
    assert leaf.grad == close
    assert grad(out, leaf) == close
    assert grad(out, leaf, create_graph=True).data == close
    assert hessian(out, leaf) == pytest.approx(second, rel=1e-11, abs=1e-307)


@pytest.mark.parametrize("x", [0.3, 1e10, -1e10, 1e17])
def test_equal_operands_share_the_slope_of_logsumexp_equally(x):
    for count in (2, 3):
        leaves = [Value(x) for _ in range(count)]
        out = ops.logsumexp(*leaves)
        assert grad(out, leaves) == pytest.approx([1 / count] * count)
        assert sum(grad(out, leaves)) == pytest.approx(1.0, abs=1e-15)
        rows = hessian(out, leaves)
        assert rows[0] == pytest.approx([1 / count - 1 / count**2] + [-1 / count**2] * (count - 1))


def test_slopes_of_logsumexp_far_apart():
    leaves = [Value(0.0), Value(-700.0), Value(30.0)]
    total = mpmath.exp(0) + mpmath.exp(-700) + mpmath.exp(30)
    right = [float(mpmath.exp(x.data) / total) for x in leaves]
    assert grad(ops.logsumexp(*leaves), leaves) == pytest.approx(right, rel=1e-13)
