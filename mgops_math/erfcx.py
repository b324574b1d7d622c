"""Scaled complementary error function: e**(x**2) erfc(x) (DLMF 7.2.3).

By SciPy (Johnson's Faddeeva package). Partial 2 x erfcx(x) - 2/sqrt(pi), which cancels far out:
from 6.5 on it is the derivative of the asymptotic series (DLMF 7.12.1).
"""

import math
from typing import Any

from mgcore import Op, ops
from mgops_math.scipy_special import scipy_function

_ONE_OVER_ROOT_PI = 1.0 / math.sqrt(math.pi)
_FAR = 6.5


def _coefficients(count: int) -> list[float]:
    """Return (-1)**k (2k+1)!!/2**k, the highest k first."""
    found = [1.0]
    for k in range(1, count):
        found.append(-found[-1] * (2 * k + 1) / 2.0)
    return found[::-1]


_SERIES = _coefficients(27)


def _partial(out: Any, x: Any) -> Any:
    far = ops.ge(x, _FAR)
    r = 1.0 / ops.select(far, x, 2.0 * _FAR)
    square = r * r
    series = -_ONE_OVER_ROOT_PI * (square * ops.polyval(square, *_SERIES))
    near = 2.0 * (ops.select(far, 0.0, x) * out - _ONE_OVER_ROOT_PI)
    return ops.select(far, series, near)


erfcx = Op(
    "erfcx",
    forward=scipy_function("erfcx"),
    partials=(_partial,),
    doc="e**(x**2) * erfc(x)",
)
