"""Quantile of the standard normal distribution: the x with Phi(x) = p, for 0 < p < 1. By SciPy.

Partial sqrt(2 pi) e**(out**2/2).
"""

import math

from mgcore import Op, ops
from mgops_math.scipy_special import scipy_function

_SCALE = math.sqrt(2.0 * math.pi)

normal_quantile = Op(
    "normal_quantile",
    forward=scipy_function("ndtri"),
    partials=(lambda out, p: _SCALE * ops.exp(0.5 * (out * out)),),
    domain="(0, 1)",
    doc="the x with Phi(x) = p",
)
