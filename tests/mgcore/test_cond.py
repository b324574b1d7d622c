"""cond calls one of two functions, and remembers on what that depended."""

import math

import pytest

from mgcore import Value, cond, detect_anomaly, grad, hessian, jvp, ops, raise_nonfinite, replay


def _root_or_line(x):
    return cond(ops.gt(x, 0.0), lambda: ops.sqrt(x), lambda: 3.0 * x)


@pytest.mark.parametrize(
    ("at", "value", "slope", "bend"), [(4.0, 2.0, 0.25, -1 / 32), (-1.0, -3.0, 3.0, 0.0)]
)
def test_only_what_is_taken_is_called_and_differentiated(at, value, slope, bend):
    x = Value(at)
    with raise_nonfinite(), detect_anomaly():
        out = _root_or_line(x)
    assert out.data == value
    assert grad(out, x) == jvp(out, x, 1.0) == slope
    assert hessian(out, x) == bend
    out.backward()
    assert x.grad == slope


def test_a_way_that_was_not_recorded_is_no_number():
    x = Value(4.0)
    out = _root_or_line(x)
    assert replay(out, {x: 9.0}).data == 3.0
    assert math.isnan(replay(out, {x: -1.0}).data)


def test_plain_numbers_choose_too():
    assert cond(1.0, lambda: "f", lambda: "g") == "f"
    assert cond(False, lambda: "f", lambda: "g") == "g"
    assert cond(math.nan, lambda: 1.0, lambda: 2.0) == 1.0


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_a_kernel_gives_no_slope_of_a_way_that_was_not_recorded(backend):
    mgcompile, numpy = map(pytest.importorskip, ("mgcompile", "numpy"))
    x = Value(4.0)
    kernel = mgcompile.compile(_root_or_line(x), [x], backend=backend, cache=False)
    values, slopes = kernel.value_and_grad(numpy.array([[9.0], [-1.0]]))
    assert values[0] == 3.0
    assert math.isnan(values[1])
    assert slopes[0, 0] == pytest.approx(1 / 6)
    assert math.isnan(slopes[1, 0])
    assert math.isnan(kernel.hvp(numpy.array([[-1.0]]), [1.0], wrt="inputs")[0, 0])
