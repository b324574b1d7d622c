"""Series of Bessel functions of a whole order, where the libraries' own lose digits.

Near 0 the power series (DLMF 10.2.2, 10.25.2), far out Hankel's expansions (DLMF 10.17.3, 10.40.1).
The rules are generic: a part that is not wanted gets an operand at which it is harmless.
"""

import math
from typing import Any

from mgcore import ops

__all__ = [
    "FAR",
    "NEAR",
    "NEAR_I",
    "far_j",
    "far_scaled_i",
    "is_far",
    "scaled_slope",
    "scaled_slope_of_low_order",
    "small_i",
    "small_j",
]

NEAR, NEAR_I = 1.0, 8.0
"""Below these the power series serve: of J while its terms hardly cancel; those of I never do."""

FAR = 25.0
_FAR_SLOPE = 20.0
_NODES = 24  # of the trapezoidal rule; the error is that of 48 of them, I_48(20)/I_0(20)
_TERMS = 30
_NEAR_TERMS, _NEAR_TERMS_I = 10, 25
_SCALE = 1.0 / math.sqrt(2.0 * math.pi)


def is_far(n: Any, x: Any) -> Any:
    """Tell whether the expansions hold: from 25 on, and from the square of the order on."""
    return ops.ge(abs(x), ops.maximum(FAR, n * n))


def small_j(n: Any, x: Any) -> Any:
    """Return J_n(x) for |x| < NEAR."""
    x = ops.minimum(ops.maximum(x, -NEAR), NEAR)
    return _power_series(n, x, -(0.25 * x * x), _NEAR_TERMS)


def small_i(n: Any, x: Any) -> Any:
    """Return I_n(x) for |x| < NEAR_I."""
    x = ops.minimum(ops.maximum(x, -NEAR_I), NEAR_I)
    return _power_series(n, x, 0.25 * x * x, _NEAR_TERMS_I)


def _power_series(n: Any, x: Any, q: Any, terms: int) -> Any:
    tail = 1.0
    for k in range(terms, 0, -1):
        tail = 1.0 + q / (k * (n + float(k))) * tail
    return ops.pow(0.5 * x, n) / ops.gamma(n + 1.0) * tail


def _coefficients(n: Any) -> list[Any]:
    """Return a_k(n)/8**k/k! of DLMF 10.17.1."""
    found, factor = [], 1.0
    for k in range(_TERMS):
        if k:
            factor = factor * ((4.0 * (n * n) - (2.0 * k - 1.0) ** 2) / (8.0 * k))
        found.append(factor)
    return found


def far_j(n: Any, x: Any) -> Any:
    """Return J_n(x) for large |x|: P cos(chi) - Q sin(chi), chi = |x| - (n/2 + 1/4) pi."""
    size = ops.maximum(abs(x), FAR)
    r = 1.0 / size
    a = _coefficients(n)
    square = -(r * r)
    p = ops.polyval(square, *reversed(a[::2]))
    q = r * ops.polyval(square, *reversed(a[1::2]))
    # cos and sin of |x| - pi/4, times sqrt(2), without a rounded angle; then quarters of a turn.
    cosine, sine = ops.cos(size), ops.sin(size)
    ahead, across = cosine + sine, sine - cosine
    half = ops.mod(n, 2.0)
    turn = 1.0 - ops.mod(n - half, 4.0)
    along = turn * ops.select(half, across, ahead)
    beside = turn * ops.select(half, -ahead, across)
    out = ops.sqrt(r / math.pi) * (p * along - q * beside)
    return out * ops.select(half, ops.sign(x), 1.0)


def far_scaled_i(n: Any, x: Any) -> Any:
    """Return e**-|x| I_n(x) for large |x|."""
    r = 1.0 / ops.maximum(abs(x), FAR)
    series = ops.polyval(-r, *reversed(_coefficients(n)))
    return _SCALE * ops.sqrt(r) * series * ops.select(ops.mod(n, 2.0), ops.sign(x), 1.0)


def scaled_slope(near: Any, n: Any, x: Any) -> Any:
    """Return the slope of e**-|x| I_n(x), given what the recurrence makes of it, which cancels."""
    return _far_slope(near, n, x, is_far(n, x))


def scaled_slope_of_low_order(n: int, x: Any) -> Any:
    """Return the slope of e**-|x| I_n(x) for n = 0 or 1, which does not cancel; for n = 1 near 0.

    It is the mean of (c - 1) c**n e**(|x|(c - 1)) over all angles, c their cosine (DLMF 10.32.1),
    by the midpoint rule; from 20 on its asymptotic series.
    """
    size = ops.minimum(abs(x), _FAR_SLOPE)
    total = []
    for k in range(_NODES - 1, -1, -1):  # the small terms first
        half = math.sin((k + 0.5) * (0.5 * math.pi / _NODES)) ** 2
        weight = 2.0 * half * (1.0 - 2.0 * half) ** n / _NODES
        total.append(weight * ops.exp(-2.0 * half * size))
    mean = -ops.sum(*total)
    near = mean if n else ops.sign(x) * mean
    return _far_slope(near, float(n), x, ops.ge(abs(x), _FAR_SLOPE))


def _far_slope(near: Any, n: Any, x: Any, far: Any) -> Any:
    r = 1.0 / ops.maximum(abs(x), _FAR_SLOPE)
    terms = [(k + 0.5) * a for k, a in enumerate(_coefficients(n))]
    size = -_SCALE * (r * ops.sqrt(r)) * ops.polyval(-r, *reversed(terms))
    # The function is even or odd as n is, its slope the other way round.
    return ops.select(far, size * ops.select(ops.mod(n, 2.0), 1.0, ops.sign(x)), near)
