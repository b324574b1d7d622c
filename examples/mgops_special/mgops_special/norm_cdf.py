"""Distribution function of the standard normal: (1 + erf(x / sqrt(2))) / 2 (DLMF 7.2.1, 7.18).

Partial e**(-x**2 / 2) / sqrt(2 pi). Accurate to about 1e-16 absolutely, not relatively, far left.
"""

import math

from mgcore import Op, ops

_ROOT_HALF = math.sqrt(0.5)
_DENSITY_AT_0 = 1.0 / math.sqrt(2.0 * math.pi)

norm_cdf = Op(
    "norm_cdf",
    forward=lambda x: 0.5 * (1.0 + ops.erf(x * _ROOT_HALF)),
    partials=(lambda out, x: _DENSITY_AT_0 * ops.exp(-0.5 * x * x),),
    symbol="Φ",
    # Farther left 1 + erf cancels: the error is small beside 1, not beside the result.
    robust="(-0.5, inf)",
    doc="(1 + erf(x / sqrt(2))) / 2",
)
