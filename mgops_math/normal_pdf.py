"""Density of the standard normal distribution: phi(x) = e**(-x**2/2)/sqrt(2 pi). A composite.

Partial -x phi(x).
"""

import math

from mgcore import Op, ops
from mgops_math.squares import exp_of_square

_AT_0 = 1.0 / math.sqrt(2.0 * math.pi)

normal_pdf = Op(
    "normal_pdf",
    forward=lambda x: _AT_0 * exp_of_square(-0.5, x),
    partials=(lambda out, x: -ops.minimum(ops.maximum(x, -50.0), 50.0) * out,),
    symbol="phi",
    doc="e**(-x**2 / 2) / sqrt(2 * pi)",
)
