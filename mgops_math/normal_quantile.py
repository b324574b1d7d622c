"""Quantile of the standard normal distribution: the x with Phi(x) = p, for 0 < p < 1. By SciPy.

Partial sqrt(2 pi) e**(out**2/2).
"""

import math
from typing import Any

from mgcore import Op, ops
from mgops_math.scipy_special import scipy_function

_SCALE = math.sqrt(2.0 * math.pi)
_ROOT_HALF = math.sqrt(0.5)


def _partial(out: Any, p: Any) -> Any:
    # In the tails Mills' ratio over the probability: the exponential would magnify out's rounding.
    upper = ops.gt(p, 0.5)
    tail = ops.select(upper, 1.0 - p, p)
    size = ops.select(upper, out, -out)
    ratio = 0.5 * _SCALE * ops.erfcx(ops.maximum(size, 0.0) * _ROOT_HALF) / tail
    return ops.select(ops.lt(tail, 0.25), ratio, _SCALE * ops.exp(0.5 * (out * out)))


normal_quantile = Op(
    "normal_quantile",
    forward=scipy_function("ndtri"),
    partials=(_partial,),
    domain="(0, 1)",
    doc="the x with Phi(x) = p",
)
