"""What the reference backend has to get right that no comparison of numbers shows."""

from __future__ import annotations

import numpy as np
import pytest

import mgcompile
from mgcore import Value, ops


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_outputs_keep_the_sign_of_zero(backend):
    """By IEEE 754: (-0) (0) = -0, -(0) = -0, -0 + 0 = 0, and a leaf is itself."""
    x, y = Value(1.0, "x"), Value(1.0, "y")
    outputs = [x * y, -y, x + y, x, ops.sqrt(x)]
    kernel = mgcompile.compile(outputs, [x, y], backend=backend, cache=False)
    for rows in (np.array([[-0.0, 0.0]] * 3), np.array([-0.0, 0.0])):
        signs = [np.signbit(found).tolist() for found in kernel(rows)]
        assert [np.all(sign) for sign in signs] == [True, True, False, True, True]


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_a_sum_of_zeros_of_both_signs_is_positive(backend):
    x = Value(1.0, "x")
    kernel = mgcompile.compile([x + (-x), x], [x], backend=backend, cache=False)
    assert not np.signbit(kernel(np.array([0.0]))[0])
