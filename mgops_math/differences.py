"""Differences of digamma, and quotients of gamma functions, without cancellation."""

from typing import Any

from mgcore import ops

__all__ = ["digamma_gap", "far_apart", "stirling_rest"]

_LARGE = 20.0
_STIRLING = (1.0 / 1188.0, -1.0 / 1680.0, 1.0 / 1260.0, -1.0 / 360.0, 1.0 / 12.0)
# B_2k/(2k), k = 7 ... 1: digamma(x) = log(x) - 1/(2 x) - these over x**2k (DLMF 5.11.2).
_DIGAMMA = (
    *(1.0 / 12.0, -691.0 / 32760.0, 1.0 / 132.0, -1.0 / 240.0, 1.0 / 252.0),
    *(-1.0 / 120.0, 1.0 / 12.0),
)
_SHIFT = 8


def digamma_gap(a: Any, b: Any) -> Any:
    """Return digamma(a) - digamma(a + b) for a, b > 0: a sum of terms of one sign, or nearly.

    By the recurrence (DLMF 5.5.2) eight times, then by the asymptotic series of both.
    """
    total = a + b
    gap = 0.0
    for k in range(_SHIFT - 1, -1, -1):
        gap = gap - b / (total + float(k)) / (a + float(k))
    here, there = 1.0 / (a + float(_SHIFT)), 1.0 / (total + float(_SHIFT))
    apart = b * there * here  # here - there
    slope = _slope_of_series(there * there, here * here) * (here + there)
    return gap - (ops.log1p(b * here) + apart * (0.5 + slope))


def _slope_of_series(u: Any, v: Any) -> Any:
    """Return (s(u) - s(v))/(u - v) for the polynomial s of the series, without a difference."""
    value, slope = _DIGAMMA[0], 0.0
    for coefficient in (*_DIGAMMA[1:], 0.0):
        slope = slope * u + value
        value = value * v + coefficient
    return slope


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
