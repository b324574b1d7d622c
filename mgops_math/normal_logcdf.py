"""Logarithm of the standard normal distribution function: log(Phi(x)), without underflow.

By SciPy below 0.

Partial phi(x)/Phi(x), below 0 as sqrt(2/pi)/erfcx(-x/sqrt(2)), which keeps its digits in the tail.
"""

import math
from typing import Any

from mgcore import Op, ops
from mgops_math.scipy_special import scipy_function

_ROOT_HALF = math.sqrt(0.5)
_SCALE = math.sqrt(2.0 / math.pi)


_scipy = scipy_function("log_ndtr")


def _forward(x: Any) -> Any:
    above = ops.log1p(-ops.normal_cdf(-ops.maximum(x, 0.0)))
    return ops.select(ops.gt(x, 0.0), above, _scipy(ops.minimum(x, 0.0)))


def _partial(_out: Any, x: Any) -> Any:
    ratio = _SCALE / ops.erfcx(-ops.minimum(x, 1.0) * _ROOT_HALF)
    high = ops.maximum(x, -1.0)
    return ops.select(ops.gt(x, 0.0), ops.normal_pdf(high) / ops.normal_cdf(high), ratio)


normal_logcdf = Op(
    "normal_logcdf",
    forward=_forward,
    partials=(_partial,),
    doc="log(Phi(x)), Phi the standard normal distribution function",
)
