"""Rules that Python runs for a kernel: what they raise surfaces, never as a silent NaN."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

import mgcompile
from mgcompile.errors import PythonCallbackWarning, UndefinedResultWarning
from mgcore import MgcoreError, Op, Value
from mgnn import optim

BACKENDS = ["numpy", "llvm"]
CASES = [("numpy", 1), ("llvm", 1), ("llvm", 2)]


def compiled(op, backend="llvm", threads=1):
    x, w = Value(0.5, "x"), Value(1.0, "w")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PythonCallbackWarning)
        kernel = mgcompile.compile(
            op(x * w) * 2.0, [x], [w], backend=backend, threads=threads, cache=False
        )
        kernel.value_and_grad(np.full((2, 1), 0.5))  # compiles
        kernel.loss_and_grad(np.full((2, 1), 0.5))
    return kernel


def breaking(x):
    if x > 2.0:
        raise RuntimeError("a bug in the rule")
    return math.atan(x)


def slope(out, x):
    if x > 1.0:
        raise KeyError("a bug in the partial")
    return 1.0 / (1.0 + x * x) if math.isfinite(x) else 0.0


broken = Op("broken_of_test", breaking, (slope,))
root = Op("root_of_test", lambda x: math.sqrt(x), (lambda out, x: math.pow(2.0 * out, -1),))


@pytest.mark.parametrize(("backend", "threads"), CASES)
def test_an_error_in_a_rule_names_op_and_operands_when_the_call_returns(backend, threads):
    kernel = compiled(broken, backend, threads)
    X = np.linspace(0.0, 1.0, 3000)[:, None]
    np.testing.assert_allclose(kernel(X), 2 * np.arctan(X[:, 0]), rtol=1e-15)
    X[2999] = 3.0  # in the part of the last thread
    with pytest.raises(MgcoreError, match=r"broken_of_test\(3\.0\).*test_callbacks.*bug in"):
        kernel(X)
    X[2999] = 1.0
    np.testing.assert_allclose(kernel(X), 2 * np.arctan(X[:, 0]), rtol=1e-15)


@pytest.mark.parametrize(("backend", "threads"), CASES)
def test_an_error_in_a_partial_names_the_derivative(backend, threads):
    kernel = compiled(broken, backend, threads)
    X = np.array([[0.5], [1.5]])
    with pytest.raises(MgcoreError, match=r"broken_of_test_partial_0\(.*1\.5\).*bug in"):
        kernel.value_and_grad(X)
    with pytest.raises(MgcoreError, match="bug in the partial"):
        kernel.loss_and_grad(X)


@pytest.mark.parametrize("backend", BACKENDS)
def test_where_a_rule_has_no_value_there_is_nan_and_a_warning(backend):
    kernel = compiled(root, backend)
    with pytest.warns(UndefinedResultWarning, match=r"root_of_test\(-4\.0\).*domain") as caught:
        values = kernel(np.array([[4.0], [-4.0], [np.nan], [0.0], [-1.0]]))
    np.testing.assert_array_equal(values, [4.0, np.nan, np.nan, 0.0, np.nan])
    assert len(caught) == 1
    assert caught[0].filename == __file__
    kernel(np.array([[4.0], [np.nan]]))  # NaN that goes through is no failure of the rule


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_partial_without_value_warns_too(backend):
    kernel = compiled(root, backend)
    with pytest.warns(UndefinedResultWarning, match="root_of_test_partial_0"):
        _, slopes = kernel.value_and_grad(np.array([[4.0], [0.0]]))
    np.testing.assert_array_equal(slopes[:, 0], [0.5, np.nan])


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_error_while_training_leaves_the_parameters_of_the_last_finished_updates(backend):
    kernel = compiled(broken, backend)
    before = kernel.params
    with pytest.raises(MgcoreError, match="broken_of_test"):
        kernel.train(np.array([[0.5], [1.5]]), optim.SGD(lr=0.1), epochs=3)
    np.testing.assert_array_equal(kernel.params, before)


@pytest.mark.parametrize("backend", BACKENDS)
def test_ctrl_c_in_a_rule_is_heard(backend):
    def interrupted(x):
        if x > 0.9:
            raise KeyboardInterrupt
        return math.floor(x)

    kernel = compiled(Op("interrupted_of_test", interrupted, (lambda out, x: 0.0,)), backend)
    with pytest.raises(KeyboardInterrupt):
        kernel(np.ones((5, 1)))
    np.testing.assert_array_equal(kernel(np.full((5, 1), 0.5)), np.zeros(5))


def test_rules_see_only_the_numbers_of_the_samples():
    seen = []

    def look(x):
        seen.append(x)
        return math.floor(x)

    op = Op("looking_of_test", look, (lambda out, x: 0.0,))
    x, p = Value(0.5, "x"), [Value(float(i)) for i in range(7)]
    out = op(x) + sum((op(a) for a in p[1:]), op(p[0]))
    with pytest.warns(PythonCallbackWarning):
        kernel = mgcompile.compile(out, [x], p, cache=False)
    for count in (1, 5):
        seen.clear()
        kernel(np.arange(10.0, 10.0 + count)[:, None])
        assert set(seen) == {*map(float, range(7)), *np.arange(10.0, 10.0 + count).tolist()}


def test_one_warning_a_kernel_tells_of_an_op_that_is_called_back():
    x, w = Value(0.5, "x"), Value(1.0, "w")
    op = Op("gate_of_test", lambda x: math.atan(x), (lambda out, x: 1.0 / (1.0 + x * x),))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        kernel = mgcompile.compile(op(x * w) + op(x) * w, [x], [w], cache=False)
        kernel.value_and_grad(np.ones((3, 1)))
        kernel.loss_and_grad(np.ones((3, 1)))
        kernel.train(np.ones((3, 1)), optim.SGD(lr=0.1))
        kernel.train(np.ones((3, 1)), optim.Adam(lr=0.1))
    (warning,) = caught
    assert warning.category is PythonCallbackWarning
    assert warning.filename == __file__
    assert "gate_of_test" in str(warning.message)
    assert "mgcore.ops" in str(warning.message)
    assert "scipy.special" in str(warning.message)
