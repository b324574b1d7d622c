"""Derivatives as functions agree with calculus, in both modes and to any order."""

import math

import pytest

from mgcore import Constant, Value, grad, hessian, hvp, jacobian, jvp, ops, vjp
from mgcore.errors import BackwardError


def test_grad_leaves_the_gradients_alone():
    a, b = Value(2.0), Value(-3.0)
    y = a * b
    assert grad(y, [a, b]) == [-3.0, 2.0]
    assert grad(y, (a, b)) == (-3.0, 2.0)
    assert grad(y, a) == -3.0
    assert (a.grad, b.grad, y.grad) == (0.0, 0.0, 0.0)


def test_inner_nodes_are_inputs_too():
    x = Value(3.0)
    h = x * x
    y = h * h + x
    assert grad(y, [h, x]) == [18.0, 109.0]


def test_any_order():
    x = Value(0.7)
    derivative = ops.sin(x)
    expected = [math.cos, lambda t: -math.sin(t), lambda t: -math.cos(t), math.sin, math.cos]
    for f in expected:
        derivative = grad(derivative, x, create_graph=True)
        assert isinstance(derivative, Value)
        assert derivative.data == pytest.approx(f(0.7), rel=1e-15)


def test_powers_differentiate_down_to_zero_and_stay_there():
    x = Value(0.0)
    d = x**3
    seen = []
    for _ in range(5):
        d = grad(d, x, create_graph=True)
        seen.append(d.data)
    assert seen == [0.0, 0.0, 6.0, 0.0, 0.0]


def test_an_input_that_does_not_matter_gives_zero():
    x, y = Value(1.0), Value(2.0)
    assert grad(x * 2, [x, y]) == [2.0, 0.0]
    second = grad(grad(x * 2, x, create_graph=True), x, create_graph=True)
    assert type(second) is Constant
    assert second.data == 0.0


def test_hessian_and_products_with_it():
    a, b, c = Value(0.5), Value(-1.5), Value(2.0)

    def f():
        return a * a * b + ops.exp(b * c) + ops.sin(a * c)

    h = hessian(f(), [a, b, c])
    e, s, k = math.exp(-3.0), math.sin(1.0), math.cos(1.0)
    expected = [
        [2 * -1.5 - 4 * s, 1.0, k - s],
        [1.0, 4 * e, e + -1.5 * 2 * e],
        [k - s, e + -1.5 * 2 * e, 2.25 * e - 0.25 * s],
    ]
    for row, wanted in zip(h, expected, strict=True):
        assert row == pytest.approx(wanted, rel=1e-14)
    v = [1.0, -2.0, 0.5]
    product = hvp(f(), [a, b, c], v)
    assert product == pytest.approx(
        [sum(p * q for p, q in zip(r, v, strict=True)) for r in expected]
    )


def test_forward_and_reverse_mode_agree():
    x, y = Value(0.3), Value(1.2)
    outputs = [ops.tanh(x * y), x / y, ops.log(y) * x]
    rows = jacobian(outputs, [x, y])
    for i, j in [(0, 1), (1, 0), (1, 1)]:
        assert jvp(outputs[i], [x, y], [i == 0 or j == 0, j == 1]) == pytest.approx(
            rows[i][0] * (i == 0 or j == 0) + rows[i][1] * (j == 1)
        )
    tall = [grad(o, [x, y]) for o in outputs]
    assert rows == [pytest.approx(r, rel=1e-14) for r in tall]
    pulled = vjp(outputs, [x, y], [1.0, -2.0, 0.5])
    assert pulled == pytest.approx(
        [tall[0][k] - 2 * tall[1][k] + 0.5 * tall[2][k] for k in range(2)], rel=1e-14
    )


@pytest.mark.parametrize(
    "attempt",
    [
        lambda x: grad(x * 2, [3.0]),
        lambda x: grad(3.0, [x]),
        lambda x: grad(x * 2, [(x * 2).operands[1]]),
        lambda x: vjp([x * 2, x], [x], [1.0]),
        lambda x: jvp(x * 2, [x], [1.0, 2.0]),
    ],
)
def test_what_has_no_derivative_is_refused(attempt):
    with pytest.raises(BackwardError):
        attempt(Value(1.0))
