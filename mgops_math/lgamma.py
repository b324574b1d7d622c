"""Logarithm of the gamma function: log(Gamma(x)) for x > 0 (DLMF 5.2.1). Partial digamma(x).

Below 0, beyond its domain, it is log(|Gamma(x)|), as in the C library and SciPy.
"""

import math

from mgcore import Op, ops

lgamma = Op(
    "lgamma",
    forward=math.lgamma,
    partials=(lambda out, x: ops.digamma(x),),
    domain="(0, inf)",
    doc="log(Gamma(x))",
)
