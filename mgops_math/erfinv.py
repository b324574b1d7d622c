"""Inverse error function: the number whose erf is x, for -1 < x < 1 (DLMF 7.17). By SciPy.

Partial sqrt(pi)/2 e**(out**2).
"""

import math

from mgcore import Op, ops
from mgops_math.scipy_special import scipy_function

_HALF_ROOT_PI = 0.5 * math.sqrt(math.pi)

erfinv = Op(
    "erfinv",
    forward=scipy_function("erfinv"),
    partials=(lambda out, x: _HALF_ROOT_PI * ops.exp(out * out),),
    domain="(-1, 1)",
    doc="the number whose erf is x",
)
