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
    "small_i",
    "small_j",
]

NEAR, NEAR_I = 1.0, 8.0
"""Below these the power series serve: of J while its terms hardly cancel; those of I never do."""

FAR = 25.0
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
    r = 1.0 / ops.maximum(abs(x), FAR)
    terms = [(k + 0.5) * a for k, a in enumerate(_coefficients(n))]
    size = -_SCALE * (r * ops.sqrt(r)) * ops.polyval(-r, *reversed(terms))
    # The function is even or odd as n is, its slope the other way round.
    far = size * ops.select(ops.mod(n, 2.0), 1.0, ops.sign(x))
    return ops.select(is_far(n, x), far, near)
