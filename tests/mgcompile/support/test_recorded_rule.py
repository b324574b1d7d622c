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
