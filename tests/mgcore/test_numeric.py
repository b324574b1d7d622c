"""The numerical slope, and the check of gradients against it."""

import math

import pytest

from mgcore import Op, Value, check_gradient, numeric
from mgcore.errors import GradientCheckError


def f(x):
    return 3 * x**2 - 4 * x + 5


def test_the_slope_of_the_parabola_at_three():
    h = 0.001
    assert f(3.0) == 20.0
    assert round(f(3.0 + h), 6) == 20.014003
    assert round(numeric.derivative(f, 3.0, h=h), 6) == 14.003
    assert numeric.derivative(f, 3.0, h=h, method="central") == pytest.approx(14.0, abs=1e-9)
    assert numeric.derivative(f, 2 / 3) == pytest.approx(0.0, abs=1e-5)


def test_the_slopes_of_many_inputs():
    slopes = numeric.gradient(lambda a, b, c: a * b + c, (2.0, -3.0, 10.0), h=1e-4)
    assert slopes == pytest.approx([-3.0, 2.0, 1.0], rel=1e-9)
    assert numeric.gradient(
        lambda xs: xs[0] * xs[1], [2.0, 5.0], method="central"
    ) == pytest.approx([5.0, 2.0])


def test_values_may_be_used_inside():
    assert numeric.derivative(lambda x: Value(x).tanh(), 0.3, method="central") == pytest.approx(
        1 - math.tanh(0.3) ** 2, rel=1e-8
    )


@pytest.mark.parametrize("arguments", [{"h": 0}, {"method": "sideways"}])
def test_senseless_settings_are_refused(arguments):
    with pytest.raises(ValueError):
        numeric.derivative(f, 1.0, **arguments)


def test_a_right_gradient_passes_and_is_reported():
    checks = check_gradient(lambda a, b, c, d: (a * b + c) * d, [2.0, -3.0, 10.0, -2.0])
    assert [c.analytic for c in checks] == [6.0, -4.0, -2.0, 4.0]
    assert all(c.difference < 1e-6 for c in checks)


def test_a_wrong_gradient_names_operand_values_and_step():
    wrong = Op("wrong", forward=lambda x, y: x * y, partials=(lambda o, x, y: y, lambda o, x, y: y))
    with pytest.raises(GradientCheckError) as caught:
        check_gradient(lambda a, b: wrong(a, b), [2.0, 5.0])
    text = str(caught.value)
    assert "operand 1 at 5.0" in text
    assert "backpropagation gives 5.0" in text
    assert "gives 2.0000" in text or "gives 1.9999" in text
    assert "step" in text
