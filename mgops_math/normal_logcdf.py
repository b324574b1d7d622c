"""Logarithm of the standard normal distribution function: log(Phi(x)), without underflow.

By SciPy below 0.

Partial phi(x)/Phi(x) as sqrt(2/pi)/erfcx(-x/sqrt(2)), which keeps its digits in both tails.
"""

import math
from typing import Any

from mgcore import Op, ops
from mgops_math.scipy_special import scipy_function

_ROOT_HALF = math.sqrt(0.5)
_ONE = 10.0  # from here on Phi is 1
_SCALE = math.sqrt(2.0 / math.pi)


_scipy = scipy_function("log_ndtr")


def _forward(x: Any) -> Any:
    above = ops.log1p(-ops.normal_cdf(-ops.maximum(x, 0.0)))
    return ops.select(ops.gt(x, 0.0), above, _scipy(ops.minimum(x, 0.0)))


def _partial(_out: Any, x: Any) -> Any:
    ratio = _SCALE / ops.erfcx(-ops.minimum(x, _ONE) * _ROOT_HALF)
    return ops.select(ops.gt(x, _ONE), ops.normal_pdf(x), ratio)


normal_logcdf = Op(
    "normal_logcdf",
    forward=_forward,
    partials=(_partial,),
    doc="log(Phi(x)), Phi the standard normal distribution function",
)
