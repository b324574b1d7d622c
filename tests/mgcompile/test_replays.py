"""With checks on, a kernel that meets NaN names the op, the operands and the path."""

import numpy as np
import pytest

import mgcompile
from mgcompile.errors import NotFiniteError
from mgcore import Value, ops


def _kernel(output, inputs, params=(), **options):
    return mgcompile.compile(output, inputs, params, checks=True, backend="numpy", **options)


def test_the_first_bad_sample_and_the_op_with_its_operands_are_named():
    x = Value(1.0, "x")
    kernel = _kernel(ops.log(x) * 2.0, [x])
    with pytest.raises(NotFiniteError, match=r"sample 2, .*log\(x=-3\.0\)"):
        kernel(np.array([[1.0], [2.0], [-3.0], [4.0]]))


def test_a_bad_gradient_is_followed_to_the_parameter_with_its_factors():
    x, w = Value(1.0, "x"), Value(2.0, "w")
    kernel = _kernel(ops.sqrt(x * w) * 3.0, [x], [w])
    with pytest.raises(NotFiniteError) as caught:
        kernel.loss_and_grad(np.array([[1.0], [0.0]]))
    text = str(caught.value)
    assert "sample 1" in text
    assert "the derivative of sqrt(0.0)" in text
    assert "From the output: mul (x 3.0) -> sqrt" in text
    assert "the parameter 'x'" in text or "the parameter 'w'" in text


def test_gradients_to_inputs_are_checked_too():
    x = Value(1.0, "x")
    kernel = _kernel(ops.sqrt(x), [x])
    with pytest.raises(NotFiniteError, match="gradient to the inputs.*sample 1"):
        kernel.value_and_grad(np.array([[4.0], [0.0]]))


def test_what_overflows_in_float32_alone_is_told_as_such():
    x = Value(1.0, "x")
    kernel = _kernel(x * x, [x], dtype="float32")
    with pytest.raises(NotFiniteError, match="in float64, the samples stay finite"):
        kernel(np.array([[1e30]], dtype="float32"))


def test_the_current_parameters_are_replayed_not_those_recorded():
    x, w = Value(1.0, "x"), Value(2.0, "w")
    kernel = _kernel(ops.log(x + w), [x], [w])
    kernel.params = np.array([-5.0])
    with pytest.raises(NotFiniteError, match=r"log\(-4\.0\)"):
        kernel(np.array([[1.0]]))
