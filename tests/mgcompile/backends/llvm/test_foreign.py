"""Ops of other packages run natively from their two rules alone."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from scipy import special

import mgcompile
from mgcompile.backends.llvm.math.emit import emit
from mgcompile.errors import PythonCallbackWarning
from mgcompile.testing.array_functions import over_arrays
from mgcore import Op, Value, grad, ops

X = np.linspace(0.1, 4.0, 11)


def native(op, dtype="float64"):
    return over_arrays(lambda block, *xs: emit(block, op, xs), op.arity, dtype)


def unary(name, forward, partial=lambda out, x: 0.0):
    return Op(name, forward, (partial,))


softsign = unary("softsign", lambda x: x / (1 + abs(x)), lambda out, x: (1 + abs(x)) ** -2)
gammaln = unary("gammaln", special.gammaln, lambda out, x: special.psi(x))
gate = unary(
    "gate", lambda x: math.atan(x), lambda out, x: 1.0 / (1.0 + x * x)
)  # its forward rule is Python, its partial generic


def test_a_generic_rule_writes_its_own_instructions():
    np.testing.assert_allclose(native(softsign)(X), X / (1 + X), rtol=1e-15)


def test_a_rule_may_use_any_op_and_functions_of_numpy():
    op = unary("mixed", lambda x: np.exp(-x) * ops.tanh(x) + x**2 - np.sqrt(x).sin())
    expected = np.exp(-X) * np.tanh(X) + X**2 - np.sin(np.sqrt(X))
    np.testing.assert_allclose(native(op)(X), expected, rtol=1e-14)


def test_a_rule_that_returns_a_number_is_a_constant():
    np.testing.assert_array_equal(native(unary("five", lambda x: 5))(X), np.full(11, 5.0))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "function",
    [special.gammaln, special.gamma, special.psi, special.j0, special.ndtri, special.expi],
    ids=lambda function: function.__name__,
)
def test_functions_of_scipy_special_are_called_as_machine_code(function, dtype):
    x = (X / 5.0).astype(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = native(unary("wrapped", lambda x: function(x)), dtype)(x)
    np.testing.assert_array_equal(got, function(x.astype("float64")).astype(dtype))


def test_functions_of_two_operands_are_called_too():
    op = Op("beta", special.betaln, (lambda out, a, b: 0.0,) * 2)
    np.testing.assert_array_equal(native(op)(X, X[::-1]), special.betaln(X, X[::-1]))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_any_other_callable_is_called_back_with_one_warning_that_names_the_op(dtype):
    with pytest.warns(PythonCallbackWarning, match=r"op gate .*mgcore\.ops") as caught:
        function = over_arrays(
            lambda block, x: emit(block, gate, [x]) + emit(block, gate, [x * 2.0]), 1, dtype
        )
    assert len(caught) == 1
    expected = np.arctan(X) + np.arctan(2 * X)
    np.testing.assert_allclose(function(X), expected, rtol=1e-6 if dtype == "float32" else 1e-15)


def test_a_callback_that_has_no_value_gives_nan():
    # an overflow inside a rule says nothing of its result: that of 1 / (1 + exp(1000)) is 0
    with pytest.warns(PythonCallbackWarning):
        function = native(unary("steep", lambda x: math.log(x) / (1.0 + math.exp(x))))
    np.testing.assert_array_equal(function([-1.0, 1000.0, 1.0]), [math.nan, math.nan, 0.0])


def test_two_ops_of_one_name_are_kept_apart():
    first, second = unary("same", lambda x: math.ceil(x)), unary("same", lambda x: math.floor(x))
    with pytest.warns(PythonCallbackWarning):
        function = over_arrays(
            lambda block, x: emit(block, first, [x]) - emit(block, second, [x]), 1
        )
    np.testing.assert_array_equal(function([0.5, 2.0, -1.5]), [1.0, 0.0, 1.0])


@pytest.mark.parametrize("op", [softsign, gammaln, gate], ids=lambda op: op.name)
def test_kernels_differentiate_through_foreign_ops(op):
    x, w = Value(0.7, "x"), Value(1.3, "w")
    out = op(x * w) * w + op(x + 2.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PythonCallbackWarning)
        kernel = mgcompile.compile(out, inputs=[x], params=[w], cache=False)
        values, slopes = kernel.value_and_grad(X[:, None])
        loss, gradient = kernel.loss_and_grad(X[:1, None])
    for number, value, slope in zip(X.tolist(), values, slopes[:, 0], strict=True):
        x = Value(number)
        out = op(x * w) * w + op(x + 2.0)
        assert value == pytest.approx(out.data, rel=1e-13)
        assert slope == pytest.approx(grad(out, [x])[0], rel=1e-12)
        if number == X[0]:
            assert loss == pytest.approx(out.data, rel=1e-13)
            assert gradient[0] == pytest.approx(grad(out, [w])[0], rel=1e-12)


@pytest.mark.parametrize(
    ("op", "called"),
    [(softsign, set()), (gammaln, {"scipy.special.gammaln", "scipy.special.psi"})],
    ids=lambda value: getattr(value, "name", ""),
)
def test_kernels_of_foreign_ops_call_nothing_but_machine_code(op, called):
    x, w = Value(0.7, "x"), Value(1.3, "w")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kernel = mgcompile.compile(op(x * w) * w, inputs=[x], params=[w], cache=False)
        runs = [kernel._built.executable(kind) for kind in ("forward", "inputs", "loss")]
        runs = [getattr(run, "quick", run) for run in runs]
    imports = [run.lowered.imports for run in runs]
    assert {symbol for each in imports for symbol in each} == called
    assert all(function.source is None for each in imports for function in each.values())
