"""Scaled complementary error function: e**(x**2) erfc(x) (DLMF 7.2.3).

By SciPy (Johnson's Faddeeva package), below 0 from its value above. Partial 2 x erfcx(x) -
2/sqrt(pi), which cancels for x > 0. There it is -2/pi times the integral of
t**2 e**(-t**2)/(t**2 + x**2) over all t (from DLMF 7.7.1), by the trapezoidal rule, to which the
poles at t = +-i x add a term (Chiarella and Reichel, 1968): all of one sign, right to 1e-18.
"""

import math
from typing import Any

from mgcore import Op, ops
from mgops_math.scipy_special import scipy_function
from mgops_math.squares import exp_of_square

_scipy = scipy_function("erfcx")
_ROOT_PI = math.sqrt(math.pi)
_NEAR = 0.125
_STEP = 0.45
_BEYOND = math.pi / _STEP  # from here on the poles add nothing
_NODES = [(k * _STEP) ** 2 for k in range(14, 0, -1)]
_TERMS = [(t, 4.0 * _STEP / math.pi * t * math.exp(-t)) for t in _NODES]


def _forward(x: Any) -> Any:
    low = ops.minimum(x, 0.0)
    return ops.select(
        ops.lt(x, 0.0), 2.0 * exp_of_square(1.0, low) - _scipy(-low), _scipy(ops.maximum(x, 0.0))
    )


def _partial(out: Any, x: Any) -> Any:
    far = ops.ge(x, _NEAR)
    near = 2.0 * (ops.select(far, 0.0, x) * out - 1.0 / _ROOT_PI)
    return ops.select(far, -_integral(ops.select(far, x, 1.0)), near)


def _integral(x: Any) -> Any:
    r = 1.0 / x
    square = r * r
    total = r * (r * ops.sum(*[weight / (1.0 + t * square) for t, weight in _TERMS]))
    low = ops.minimum(x, _BEYOND)
    poles = 4.0 * low * ops.exp(low * low) / ops.expm1(2.0 * _BEYOND * low)
    return total + ops.select(ops.lt(x, _BEYOND), poles, 0.0)


erfcx = Op(
    "erfcx",
    forward=_forward,
    partials=(_partial,),
    doc="e**(x**2) * erfc(x)",
)
