"""Under detect_anomaly the first number that is not finite is named where it was made."""

import inspect
import math

import pytest

from mgcore import Op, Value, detect_anomaly, ops
from mgcore.errors import NonFiniteError


def test_the_first_bad_node_is_named_with_op_operands_and_line():
    big, ten = Value(1e308, label="big"), Value(10.0, label="ten")
    here = inspect.currentframe().f_lineno
    with detect_anomaly(), pytest.raises(NonFiniteError) as caught:
        big * ten
    text = str(caught.value)
    assert "mul is inf" in text
    assert "operand 0 'big' = 1e+308" in text
    assert "operand 1 'ten' = 10.0" in text
    assert f"test_anomaly.py, line {here + 2}" in text
    assert isinstance(caught.value, FloatingPointError)


def test_a_line_inside_the_user_program_is_named_not_one_of_ours():
    mgnn = pytest.importorskip("mgnn")
    assert mgnn is not None
    w = [Value(1e200) for _ in range(2)]
    with detect_anomaly(), pytest.raises(NonFiniteError, match=r"test_anomaly\.py, line \d+"):
        ops.dot(*w, 1e200, 1e200)


def test_nothing_is_checked_outside_and_finite_work_passes_inside():
    assert (Value(1e308) * 10).data == math.inf
    with detect_anomaly():
        x = Value(2.0)
        (x * x + 1).backward()
    assert x.grad == 4.0


def test_a_bad_gradient_is_named_with_its_factors():
    steep = Op("steep", forward=lambda x: x, partials=(lambda out, x: math.inf,))
    x = Value(1.0, label="x")
    with detect_anomaly():
        y = steep(x) * 2
        with pytest.raises(NonFiniteError) as caught:
            y.backward()
    text = str(caught.value)
    assert "operand 0 'x' of steep" in text
    assert "upstream 2.0 x local derivative inf" in text
    assert "test_anomaly.py" in text
