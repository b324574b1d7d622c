"""Rules that are run once on symbols: the steps do what the rule does."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.special

import mgcompile
from mgcompile.errors import SymbolError
from mgcompile.support.recorded_rule import Recorder, recorded
from mgcore import Op, Value, ops


def taken(rule, *numbers):
    """Take the recorded steps of a rule on floats."""
    steps = recorded(rule, len(numbers))
    return steps.taken(numbers, lambda function, xs: float(function(*xs)), float)


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        (lambda x, y: x * y - 2.0 / y + x**3.0, [0.7 * 1.3 - 2.0 / 1.3 + 0.7**3]),
        (lambda x, y: ops.select(ops.gt(x, y), np.arctan2(x, y), -y), [-1.3]),
        (
            lambda x, y: (x.exp(), np.expm1(y), scipy.special.erfinv(0.1 * x), 4.0),
            [math.exp(0.7), math.expm1(1.3), scipy.special.erfinv(0.07), 4.0],
        ),
    ],
)
def test_the_steps_give_what_the_rule_gives(rule, wanted):
    assert taken(rule, 0.7, 1.3) == pytest.approx(wanted, rel=1e-15)


def test_a_function_of_numpy_that_a_shipped_op_is_becomes_that_op():
    steps = recorded(lambda x: np.arctan(x) + scipy.special.ndtr(x), 1).steps
    assert [function for function, _ in steps] == [ops.atan, scipy.special.ndtr, ops.add]


def test_a_rule_that_asks_a_symbol_for_its_value_is_refused():
    for rule in (lambda x: x if x > 0 else -x, math.sin, lambda x: 1.0 * (x == 2.0)):
        with pytest.raises(SymbolError):
            recorded(rule, 1)


def test_shared_steps_are_taken_once_and_a_product_with_1_not_at_all():
    recorder = Recorder(1, shares=True)
    x = recorder.traced(0)
    assert (x * 1.0) is x
    assert ops.exp(x) is ops.exp(x)
    assert recorder.steps == [(ops.exp, (0,))]


def test_a_step_is_no_other_one_whose_constant_python_takes_for_the_same():
    """The operand at place 2 is not the number 2.0, and 0.0 is not -0.0."""
    recorder = Recorder(3, shares=True)
    x, _, z = map(recorder.traced, range(3))
    assert (x * z).place != (x * 2.0).place
    assert ops.copysign(x, 0.0).place != ops.copysign(x, -0.0).place


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
def test_a_tape_takes_no_constant_of_a_rule_for_the_number_of_a_step(backend):
    # y exp(x^2 / 2) - 2, whose slope x (f + 2) reads the result, at place 2, and multiplies by 2.
    op = Op(
        "bell",
        forward=lambda x, y: y * ops.exp(0.5 * x * x) - 2.0,
        partials=(lambda out, x, y: x * out + x * 2.0, lambda out, x, y: ops.exp(0.5 * x * x)),
    )
    x = [Value(0.1 + 0.2 * i, f"x{i}") for i in range(5)]
    state, seed = x[0], 1
    for _ in range(60):
        seed = seed * 48271 % 2147483647
        other = x[seed % 5]
        kind = seed % 4
        if kind == 0:
            state = op(ops.sin(state), other)
        elif kind == 1:
            state = state * other + x[seed % 3]
        elif kind == 2:
            state = op(other, state * 0.1)
        else:
            state = ops.tanh(state) - other
    kernel = mgcompile.compile(state, x, backend=backend, cache=False)
    assert "tape" in kernel.explain()
    state.backward()
    _, slopes = kernel.value_and_grad([each.data for each in x])
    np.testing.assert_allclose(slopes, [each.grad for each in x], rtol=1e-12)


def test_a_rule_of_numpy_functions_runs_natively_without_a_callback():
    # A PythonCallbackWarning would be an error here.
    op = Op(
        "bent",
        forward=lambda x: np.arcsinh(x) + np.log1p(x * x),
        partials=(lambda out, x: 1.0 / np.sqrt(x * x + 1.0) + 2.0 * x / (1.0 + x * x),),
        doc="asinh(x) + log(1 + x^2)",
    )
    x = Value(0.4, "x")
    kernel = mgcompile.compile(op(x), inputs=[x])
    value, gradient = kernel.value_and_grad([0.9])
    assert value == pytest.approx(math.asinh(0.9) + math.log1p(0.81), rel=1e-15)
    assert gradient[0] == pytest.approx(1.0 / math.sqrt(1.81) + 1.8 / 1.81, rel=1e-15)
