"""Rules that ask for their operand's value: refused by name or called back, never traced."""

from __future__ import annotations

import math

import numpy as np
import pytest

import mgcompile
from mgcompile.errors import PythonCallbackWarning
from mgcore import Op, Value, grad, hvp, ops
from mgcore.errors import NotGenericError, RuleError

# Whether x is 0, asked in every way that Python has.
QUESTIONS = {
    "equal": lambda x: x == 0.0,
    "unequal": lambda x: not x != 0.0,  # noqa: SIM202 - the question that is asked
    "reflected": lambda x: 0.0 == x,  # noqa: SIM300 - the reflected form
    "among": lambda x: x in (0.0, -0.0),
    "truth": lambda x: not x,
    "float": lambda x: not float(x),
    "int": lambda x: not int(abs(x * 1e9)),
    "less": lambda x: not abs(x) > 0.0,
}
POINTS = np.array([[0.0], [0.7], [-2.0]])
SINC = np.array([1.0, math.sin(0.7) / 0.7, math.sin(2.0) / 2.0])
SLOPES = np.array([0.0] + [math.cos(x) / x - math.sin(x) / x**2 for x in (0.7, -2.0)])


def _sinc(how: str) -> Op:
    is_zero = QUESTIONS[how]
    return Op(
        f"sinc_{how}",
        forward=lambda x: 1.0 if is_zero(x) else ops.sin(x) / x,
        partials=(lambda out, x: 0.0 if is_zero(x) else (ops.cos(x) - out) / x,),
    )


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
@pytest.mark.parametrize("how", QUESTIONS)
@pytest.mark.filterwarnings("ignore::mgcompile.errors.PythonCallbackWarning")
def test_a_kernel_takes_the_right_branch_of_each_sample(how: str, backend: str) -> None:
    x = Value(0.7, label="x")
    kernel = mgcompile.compile(_sinc(how)(x), inputs=[x], backend=backend)
    assert np.allclose(kernel(POINTS), SINC, rtol=1e-15)
    values, slopes = kernel.value_and_grad(POINTS)
    assert np.allclose(values, SINC, rtol=1e-15)
    assert np.allclose(slopes[:, 0], SLOPES, rtol=1e-13)


@pytest.mark.parametrize("how", QUESTIONS)
def test_a_graph_of_the_derivative_is_refused_by_name(how: str) -> None:
    x = Value(0.0, label="x")
    out = _sinc(how)(x)
    assert grad(out, x) == 0.0
    with pytest.raises(NotGenericError, match=rf"sinc_{how}\(x=0\.0\).*operand 0"):
        grad(out, x, create_graph=True)
    with pytest.raises(NotGenericError, match=f"sinc_{how}"):
        hvp(out, [x], [1.0])


def test_values_keep_their_identity_as_equality_outside_of_rules() -> None:
    a, b = Value(1.0), Value(1.0)
    assert a == a
    assert a != b
    assert b in [a, b]
    assert len({a, b}) == 2
    assert bool(Value(0.0))


def test_a_called_back_rule_is_announced() -> None:
    x = Value(0.7)
    with pytest.warns(PythonCallbackWarning, match="sinc_equal.*value"):
        mgcompile.compile(_sinc("equal")(x), inputs=[x])


@pytest.mark.parametrize("wrong", [None, "0.5", [1.0], (2.0,), np.ones(2)], ids=repr)
def test_a_partial_that_returns_no_number_is_an_error_everywhere(wrong: object) -> None:
    op = Op("nothing", lambda x: 2.0 * x, (lambda out, x: wrong,))
    x = Value(1.0)
    with pytest.raises(RuleError, match="nothing"):
        grad(op(x), x, create_graph=True)
    with pytest.raises(RuleError, match="nothing|derivative came out"):
        grad(op(x), x)
    kernel = mgcompile.compile(op(x), inputs=[x])
    with pytest.raises(RuleError, match="partial of nothing"):
        kernel.value_and_grad([np.ones(3)])


@pytest.mark.parametrize("count", [1, 3])
def test_partials_of_another_number_than_operands_are_an_error_everywhere(count: int) -> None:
    op = Op("pair", lambda *xs: xs[0] + xs[1], lambda out, *xs: (1.0,) * count)
    x, y = Value(1.0, "x"), Value(2.0, "y")
    for graph in (False, True):
        with pytest.raises(RuleError, match="partials rule of pair"):
            grad(op(x, y), [x, y], create_graph=graph)
    kernel = mgcompile.compile(op(x, y), inputs=[x, y])
    with pytest.raises(RuleError, match="partials rule of pair"):
        kernel.value_and_grad([1.0, 2.0])


# What a rule may make of the type of its operand: it cannot be noticed while the rule is followed.
TYPES = {
    "class": lambda x: isinstance(x, float),
    "type": lambda x: type(x) is float,
    "text": lambda x: len(str(x)) < 10,
}


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
@pytest.mark.parametrize("how", TYPES)
def test_a_rule_that_asks_for_the_type_of_its_operand_is_refused(how: str, backend: str) -> None:
    asks = TYPES[how]
    forward = Op("typed", lambda x: 2.0 * x if asks(x) else 3.0 * x, (lambda out, x: 2.0,))
    partial = Op("typed_slope", lambda x: 2.0 * x, (lambda out, x: 2.0 if asks(x) else 3.0,))
    for op, what in ((forward, "forward rule"), (partial, "partial 0")):
        x = Value(0.5, "x")
        with pytest.raises(RuleError, match=f"{what} of op {op.name}.*asks for the type"):
            mgcompile.compile(op(x) * x, inputs=[x], backend=backend, cache=False)
