"""detect_anomaly in forward mode and in products with Hessians."""

from __future__ import annotations

import pytest

from mgcore import Op, Value, detect_anomaly, hvp, jvp, ops, raise_nonfinite
from mgcore.errors import DomainError, NonFiniteError, RangeError

STEEP = Op("steep", lambda x: x, (lambda out, x: 1e200 * x,))


def test_a_tangent_that_overflows_is_named() -> None:
    x = Value(1.0, label="x")
    out = STEEP(STEEP(x))
    assert jvp(out, x, 1.0) == float("inf")
    with detect_anomaly(), pytest.raises(NonFiniteError, match="tangent of steep became inf"):
        jvp(out, x, 1.0)


def test_a_product_with_the_hessian_that_overflows_is_named() -> None:
    x = Value(1.0, label="x")
    out = ops.mul(STEEP(x), STEEP(x))
    with detect_anomaly(), pytest.raises(NonFiniteError):
        hvp(out, [x], [1e200])


def test_finite_tangents_pass() -> None:
    x = Value(2.0)
    with detect_anomaly():
        assert jvp(x * x, x, 1.0) == 4.0
        assert hvp(x * x * x, [x], [1.0]) == [12.0]


def test_raise_nonfinite_looks_at_tangents_too() -> None:
    x = Value(0.0)
    y = ops.sqrt(x)
    with raise_nonfinite(), pytest.raises((DomainError, RangeError), match=r"sqrt"):
        jvp(y, [x], [1.0])
