"""Derivatives as functions agree with calculus, in both modes and to any order."""

import math

import pytest

from mgcore import Constant, Value, grad, hessian, hvp, jacobian, jvp, ops, vjp
from mgcore.errors import BackwardError
from mgcore.order import order_between


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


def test_inputs_that_depend_on_one_another_mean_the_same_in_every_mode():
    a = Value(3.0)
    b = a * a
    y = b * b + 2.0 * a
    # By hand: y = a**4 + 2a, so dy/da = 4a**3 + 2 in all, and dy/db = 2b.
    expected = [110.0, 18.0]
    assert grad(y, [a, b]) == jacobian([y], [a, b])[0] == expected
    assert jacobian([y, y, y], [a, b]) == [expected] * 3
    assert [jvp(y, [a, b], unit) for unit in ([1.0, 0.0], [0.0, 1.0])] == expected
    rows = hessian(y, [a, b])
    assert rows[0][0] == 12.0 * 9.0  # 12a**2
    assert [hvp(y, [a, b], [1.0, 0.0])[i] for i in (0, 1)] == [rows[0][0], rows[1][0]]


def test_one_value_for_inputs_gives_one_number():
    x = Value(2.0)
    y = x**3
    assert hessian(y, x) == 12.0
    assert hvp(y, x, 2.0) == 24.0
    assert jacobian(y, x) == [[12.0]]


@pytest.mark.parametrize("differentiate", [grad, hessian, lambda y, x: hvp(y, x, [1.0])])
def test_what_is_no_value_or_sequence_of_them_is_refused(differentiate):
    x = Value(2.0)
    with pytest.raises(BackwardError, match="float 2.0"):
        differentiate(x * x, 2.0)
    with pytest.raises(BackwardError, match="input 0 is float"):
        differentiate(x * x, [2.0])


def test_the_walk_ends_at_the_inputs_however_long_their_history_is():
    h, p = Value(1.0), Value(0.5)
    for _ in range(2000):
        h = h * 0.999 + p
    y = h * h
    assert order_between([h], [y]) == [h, y]
    assert grad(y, h) == 2.0 * h.data
    # With two inner inputs the history before them is left out as soon as it is older.
    grad(y, h, create_graph=True)
    u, v = h * 1.0, h + 0.0
    assert len(order_between([u, v], [u * v])) <= 6
    assert grad(u * v, [u, v]) == [v.data, u.data]
    # An input below another one is still found.
    assert grad(y, [h, p]) == [2.0 * h.data, grad(y, p)]
    assert grad(y, p) != 0.0


def test_nested_descent_differentiates_through_its_own_steps():
    rate = Value(0.1)
    w = Value(1.0)
    for _ in range(5):
        (slope,) = grad((w - 3.0) ** 2, [w], create_graph=True)
        w = w - rate * slope
    # w_5 = 3 - 2 (1 - 2 rate)**5, by hand.
    assert w.data == pytest.approx(3.0 - 2.0 * 0.8**5)
    assert grad(w, rate) == pytest.approx(20.0 * 0.8**4)


def test_second_derivatives_of_well_known_functions():
    x, y = Value(-1.2), Value(1.0)
    rosenbrock = (1.0 - x) ** 2 + 100.0 * (y - x**2) ** 2
    # 2 - 400 (y - 3 x**2), -400 x, 200.
    expected = [[1330.0, 480.0], [480.0, 200.0]]
    for row, right in zip(hessian(rosenbrock, [x, y]), expected, strict=True):
        assert row == pytest.approx(right)
    x, y = Value(-2.0), Value(-3.0)
    himmelblau = (x**2 + y - 11.0) ** 2 + (x + y**2 - 7.0) ** 2
    # 12 x**2 + 4 y - 42, 4 (x + y), 12 y**2 + 4 x - 26.
    assert hessian(himmelblau, [x, y]) == [[-6.0, -20.0], [-20.0, 74.0]]
    x = Value(-2.0)
    assert hessian(ops.leaky_relu(x) ** 2, x) == pytest.approx(2e-4)
    w, z = Value(-0.5), Value(-2.0)
    (slope,) = grad(w * z**2, [z], create_graph=True)
    penalty = (slope**2 - 1.0) ** 2  # (4 w**2 z**2 - 1)**2
    assert grad(penalty, [w, z]) == pytest.approx([-96.0, -24.0])


def test_a_power_of_two_values_with_a_negative_base():
    x, y = Value(-2.0), Value(3.0)
    z = x**y
    z.backward()
    assert x.grad == 12.0
    assert math.isnan(y.grad)
    assert hessian(z, [x, y])[0][0] == hessian(z, x) == -12.0


@pytest.mark.parametrize("x", [-2.0, -1e-310, -1e308])
@pytest.mark.parametrize("exponent", [2.5, -2.5])
def test_powers_that_are_no_real_numbers_and_their_slopes_are_nan(x, exponent):
    base, power = Value(x), Value(exponent)
    out = base**power
    assert math.isnan(out.data)
    assert all(map(math.isnan, grad(out, [base, power])))
    assert all(map(math.isnan, grad(base**exponent, [base])))
    out.backward()
    assert math.isnan(base.grad)
