"""Distribution function of the standard normal distribution: Phi(x) = erfc(-x/sqrt(2))/2.

Partial: its density, `normal_pdf`.
"""

import math

from mgcore import Op, ops

_ROOT_HALF = math.sqrt(0.5)

normal_cdf = Op(
    "normal_cdf",
    forward=lambda x: 0.5 * ops.erfc(-x * _ROOT_HALF),
    partials=(lambda out, x: ops.normal_pdf(x),),
    symbol="Phi",
    doc="Phi(x), the standard normal distribution function",
)
