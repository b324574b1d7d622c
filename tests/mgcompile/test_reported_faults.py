"""Faults that were reported, with the numbers that are right: what no other test names.

The rest stands where it belongs: zeros in zero_convention.py, reads in test_permuted_reads.py,
strict mode in test_strict.py, and so on.
"""

import math

import numpy as np
import pytest

import mgcompile
from mgcore import Op, Value, grad, hessian, ops, raise_nonfinite
from mgcore.errors import MgcoreError

BACKENDS = ["numpy", "llvm"]


def test_a_gradient_penalty_of_a_cube_of_a_negative_number():
    """(d(x^3)/dx - 1)^2 has the slope 2 (3 x^2 - 1) 6 x: -264 at -2."""
    x = Value(-2.0)
    slope = grad(x**3, [x], create_graph=True)[0]
    assert grad((slope - 1.0) ** 2, x) == -264.0
    assert hessian((slope - 1.0) ** 2, x) == 12.0 * (9.0 * 4.0 - 1.0)


@pytest.mark.parametrize(
    "large",
    [
        lambda x: x**2,
        lambda x: x * x,
        lambda x: x / 1e-200,
        lambda x: ops.sum(1e108 * x, 1e108 * x),
        lambda x: ops.dot(x, x, x, x),
    ],
)
def test_an_overflow_is_infinite_however_it_comes_about(large):
    x = Value(1e200)
    assert large(x).data == math.inf
    with raise_nonfinite(), pytest.raises(MgcoreError, match=r"overflow|too large|inf") as caught:
        large(x)
    assert "border of the domain" not in str(caught.value)


@pytest.mark.parametrize("backend", BACKENDS)
def test_powers_that_overflow_are_infinite_in_kernels(backend):
    x, y = Value(2.0, "x"), Value(3.0, "y")
    kernel = mgcompile.compile(x**y, [x, y], backend=backend, cache=False)
    with np.errstate(all="ignore"):
        found = kernel(np.array([[2.0, 3e16], [2.0, 1024.0], [-2.0, 1025.0], [2.0, 1023.0]]))
    assert found.tolist() == [math.inf, math.inf, -math.inf, 2.0**1023]


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_op_of_the_users_is_not_taken_for_the_shipped_one_of_its_name(backend):
    mine = Op("dot", lambda a, b: a * b + 1.0, (lambda out, a, b: b, lambda out, a, b: a))
    x, y = Value(2.0, "x"), Value(3.0, "y")
    kernel = mgcompile.compile(mine(x, y), [x, y], backend=backend, cache=False)
    values, slopes = kernel.value_and_grad(np.array([[2.0, 5.0]] * 3))
    assert values.tolist() == [11.0] * 3
    assert slopes.tolist() == [[5.0, 2.0]] * 3


@pytest.mark.filterwarnings("ignore::mgcompile.errors.PythonCallbackWarning")
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_ufunc_of_somebody_else_is_not_taken_for_numpys_of_its_name(backend):
    def log(v):
        return v + 1.0

    strange = np.frompyfunc(log, 1, 1)
    op = Op("strange", lambda x: float(strange(x)), (lambda out, x: 1.0,))
    x = Value(2.0, "x")
    kernel = mgcompile.compile(op(x) * x, [x], backend=backend, cache=False)
    assert kernel(np.array([[2.0], [7.0]])).tolist() == [6.0, 56.0]


@pytest.mark.parametrize("label", [3, b"x", ["x"]])
def test_a_label_that_is_no_string_is_refused_at_once(label):
    with pytest.raises(MgcoreError, match="label"):
        Value(1.0, label)


@pytest.mark.filterwarnings("ignore::mgcompile.errors.PythonCallbackWarning")
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_rule_for_all_operands_that_gives_one_number_is_named_where_it_stands(backend):
    total = Op("one_for_all", lambda *xs: ops.sum(*xs), lambda out, *xs: 1.0)
    x, y = Value(1.0), Value(2.0)
    kernel = mgcompile.compile(total(x, y), [x, y], backend=backend, cache=False)
    with pytest.raises(MgcoreError, match="of the 2 operands, and returned 1; .*test_reported"):
        kernel.value_and_grad(np.array([[1.0, 2.0]]))


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
def test_polygamma_is_no_number_where_its_order_is_not_whole(backend):
    n, x = Value(1.0, "n"), Value(2.0, "x")
    kernel = mgcompile.compile(ops.polygamma(n, x), [n, x], backend=backend, cache=False)
    values, slopes = kernel.value_and_grad(np.array([[1.5, 2.0], [-1.0, 2.0], [1.0, 2.0]]))
    assert np.isnan(values[:2]).all()
    assert np.isnan(slopes[0, 1])  # of order 2.5
    assert values[2] == pytest.approx(math.pi**2 / 6 - 1, rel=1e-14)  # DLMF 5.15.3
