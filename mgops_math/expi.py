"""Exponential integral Ei(x): the principal value of the integral of e**t/t to x (DLMF 6.2.5).

By SciPy below 0. Up to 12 its power series (DLMF 6.6.1) less that at its zero, so that neither
cancels; from 40 on the asymptotic one (DLMF 6.12.2), and between them a polynomial in 1/x for
x e**-x Ei(x). Partial e**x/x; at 0 it is minus infinite.
"""

import math
from typing import Any

from mgcore import Op, ops
from mgops_math.scipy_special import scipy_function

_ZERO, _ZERO_LOW = 0.3725074107813666, 1.3140183414386028e-17
_SERIES_END, _FAR = 12.0, 40.0
_LARGEST = 720.0  # beyond, the result is infinite
_SHIFT = 16.0  # keeps the exponential finite where the result is

# The best in the sense of Chebyshev, right to 2**-55.
_PLACE, _CENTRE = 240.0 / 7.0, 13.0 / 7.0  # takes 1/x from 1/40 to 1/12 to -1 to 1
_MIDDLE = (
    *(6.876269421424183e-11, 2.978351591325545e-10, -1.219571382996982e-09),
    *(-1.1898530439499637e-09, 7.364822217828162e-09, -3.1509119278509864e-09),
    *(-2.0847263960132716e-08, 3.802027808520623e-08, 1.1543078572678267e-08),
    *(-1.4698825928407606e-07, 1.638772894228611e-07, 3.3912874141893067e-07),
    *(-9.562618478828282e-07, -5.402794459828398e-07, 3.882994853371641e-06),
    *(1.6381661897020966e-06, -1.4510706827015678e-05, -1.9783149345423815e-05),
    *(2.494539352656887e-05, 0.00015101237332921494, 0.0005558305898431309),
    *(0.003249298918277548, 0.037740663937210886, 1.061282676026047),
)


def _quotient() -> list[float]:
    """Return the polynomial (p(x) - p(zero))/(x - zero), p(x) the sum of x**k/(k k!) from k = 1."""
    found = [0.0]
    for k in range(60, 0, -1):
        found.append(found[-1] * _ZERO + 1.0 / (k * math.factorial(k)))
    return found[1:]


_QUOTIENT = _quotient()
_ASYMPTOTIC = [float(k) for k in range(40, 0, -1)]
_scipy = scipy_function("expi")


def _near(x: Any) -> Any:
    """Return Ei(x) for 0 < x < 12."""
    gap = (x - _ZERO) - _ZERO_LOW
    low = ops.lt(x, 0.5 * _ZERO)
    log = ops.select(low, ops.log(x / _ZERO), ops.log1p(ops.select(low, 0.0, gap) / _ZERO))
    return log + gap * ops.polyval(x, *_QUOTIENT)


def _beyond(x: Any) -> Any:
    """Return Ei(x) for x > 12."""
    r = 1.0 / x
    middle = ops.polyval(_PLACE * r - _CENTRE, *_MIDDLE)
    low = ops.minimum(r, 1.0 / _FAR)
    series = 1.0
    for k in _ASYMPTOTIC:
        series = 1.0 + (k * low) * series
    value = ops.select(ops.lt(x, _FAR), middle, series)
    return ops.exp(x - _SHIFT) * (value * r * math.exp(_SHIFT))


def _forward(x: Any) -> Any:
    if type(x) is float:
        return (
            _scipy(x) if not x > 0.0 else _near(x) if x < _SERIES_END else _beyond(min(x, _LARGEST))
        )
    near = _near(ops.minimum(ops.select(ops.gt(x, 0.0), x, 1.0), _SERIES_END))
    far = _beyond(ops.minimum(ops.maximum(x, _SERIES_END), _LARGEST))
    positive = ops.select(ops.lt(x, _SERIES_END), near, far)
    return ops.select(ops.gt(x, 0.0), positive, _scipy(ops.minimum(x, 0.0)))


expi = Op(
    "expi",
    forward=_forward,
    partials=(lambda out, x: ops.exp(x) / x,),
    symbol="Ei",
    domain="(-inf, 0) | (0, inf)",
    robust="(-inf, 700)",  # beyond, e**x is too large for a float64 and e**x / x is not
    doc="integral of e**t / t from -inf to x",
)
