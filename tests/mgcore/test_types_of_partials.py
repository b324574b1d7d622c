"""What number type a partial gives changes no derivative: all is computed in float64.

A float times NumPy's float32 is a float32 in Python, so that one such partial would take the digits
of all that it is multiplied with. Expected numbers are those of 3x, by hand.
"""

import fractions
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mgcompile
from mgcore import Op, Value, grad, hvp, jacobian, jvp, vjp
from mgcore.errors import RuleError

X, THREE_TENTHS = 0.1, 3.0 * 0.1  # 0.1 is no number of single precision

GIVEN: dict[str, Any] = {
    "int": 3,
    "float32": np.float32(3.0),
    "float16": np.float16(3.0),
    "longdouble": np.longdouble(3.0),
    "int64": np.int64(3),
    "fraction": fractions.Fraction(3),
    "0-d float32": np.array(3.0, dtype=np.float32),
    "0-d int": np.array(3),
}


def square_of_triple(three: Any, many: bool) -> Callable[[Value], Value]:
    """Return (3x)**2 / 2 with a partial of some type below and above: its slope is 9x."""
    rule: Any = (lambda out, x: (three,)) if many else (lambda out, x: three,)
    triple = Op("triple", lambda *xs: 3.0 * xs[0], rule)
    return lambda x: triple(x) * triple(x) / 2.0


@pytest.mark.parametrize("many", [False, True], ids=["one rule each", "one rule for all"])
@pytest.mark.parametrize("three", GIVEN.values(), ids=GIVEN)
def test_every_mode_is_as_exact_as_with_floats(three: Any, many: bool) -> None:
    f = square_of_triple(three, many)
    x = Value(X)
    right = 2.0 * (THREE_TENTHS / 2.0 * 3.0)

    def close(found: object) -> bool:
        return type(found) is float and abs(found - right) <= 4e-16

    assert close(grad(f(x), x))
    assert close(jvp(f(x), x, 1.0))
    assert close(vjp(f(x), [x], 1.0)[0])
    assert close(jacobian([f(x)], [x])[0][0])
    assert close(grad(f(x), [x], create_graph=True)[0].data)
    assert hvp(f(x), [x], [1.0]) == [9.0]
    f(x).backward()
    assert close(x.grad)
    kernel = mgcompile.compile(f(x), [x], cache=False)
    assert abs(kernel.value_and_grad([X])[1][0] - right) <= 4e-16


@pytest.mark.parametrize("slope", [lambda x: x > 0, lambda x: np.where(x > 0, 1.0, 0.0)])
def test_comparisons_and_arrays_without_axes_are_numbers(slope: Callable[[Any], Any]) -> None:
    ramp = Op("ramp", lambda x: x if x > 0 else 0.0, (lambda out, x: slope(x),))
    for number, right in ((0.1, 0.1), (-0.1, 0.0)):
        x = Value(number)
        assert grad(ramp(x) * 0.1, x) == right
        assert jvp(ramp(x) * 0.1, x, 1.0) == right


@pytest.mark.parametrize("wrong", [np.ones(1), 1j, np.complex64(1.0), None, "1"])
def test_what_is_no_real_number_is_refused(wrong: object) -> None:
    f = Op("f", lambda x: x, (lambda out, x: wrong,))
    x = Value(1.0)
    for run in (lambda: grad(f(x), x), lambda: jvp(f(x), x, 1.0), f(x).backward):
        with pytest.raises(RuleError):
            run()
