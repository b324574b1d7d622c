"""Differences of digamma, and quotients of gamma functions, without cancellation."""

from typing import Any

from mgcore import ops

__all__ = ["digamma_gap", "far_apart", "stirling_rest"]

_LARGE = 20.0
_STIRLING = (1.0 / 1188.0, -1.0 / 1680.0, 1.0 / 1260.0, -1.0 / 360.0, 1.0 / 12.0)
# f(m + h) - f(m - h) = 2 h f'(m) + 2 h**3 f'''(m)/3! + ...
_ODD_FACTORIALS = (2.0, 2.0 / 6.0, 2.0 / 120.0, 2.0 / 5040.0)


def digamma_gap(a: Any, b: Any) -> Any:
    """Return digamma(a) - digamma(a + b) for a, b > 0, where b is small by its Taylor series."""
    near = ops.lt(b, 0.03 * a)
    h = ops.select(near, 0.5 * b, 0.0)
    middle = a + h
    power, total = h, 0.0
    for k, factor in enumerate(_ODD_FACTORIALS):
        total = total - factor * (power * ops.polygamma(2.0 * k + 1.0, middle))
        power = power * (h * h)
    return ops.select(near, total, ops.digamma(a) - ops.digamma(a + b))


def far_apart(a: Any, b: Any) -> tuple[Any, Any, Any]:
    """Return the lesser, the larger one, and whether 20 lies between; two such numbers if not."""
    less, more = ops.minimum(a, b), ops.maximum(a, b)
    far = ops.logical_and(ops.lt(less, _LARGE), ops.gt(more, _LARGE))
    return ops.select(far, less, 1.0), ops.select(far, more, 2.0 * _LARGE), far


def stirling_rest(less: Any, more: Any) -> Any:
    """Return log(Gamma(more)/Gamma(more + less)) + less log(more + less), for more > 20.

    By Stirling's series (DLMF 5.11.1), so that no large logarithms cancel.
    """
    total = more + less
    here, there = 1.0 / more, 1.0 / total
    series = here * ops.polyval(here * here, *_STIRLING)
    series = series - there * ops.polyval(there * there, *_STIRLING)
    return less - (more - 0.5) * ops.log1p(less / more) + series
