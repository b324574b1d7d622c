"""Differences of digamma without cancellation."""

from typing import Any

from mgcore import ops

__all__ = ["digamma_gap"]

# f(m + h) - f(m - h) = 2 h f'(m) + 2 h**3 f'''(m)/3! + ...
_ODD_FACTORIALS = (2.0, 2.0 / 6.0, 2.0 / 120.0, 2.0 / 5040.0, 2.0 / 362880.0, 2.0 / 39916800.0)


def digamma_gap(a: Any, b: Any) -> Any:
    """Return digamma(a) - digamma(a + b) for a, b > 0, where b is small by its Taylor series."""
    near = ops.lt(b, 0.1 * a)
    h = ops.select(near, 0.5 * b, 0.0)
    middle = a + h
    power, total = h, 0.0
    for k, factor in enumerate(_ODD_FACTORIALS):
        total = total - factor * (power * ops.polygamma(2.0 * k + 1.0, middle))
        power = power * (h * h)
    return ops.select(near, total, ops.digamma(a) - ops.digamma(a + b))
