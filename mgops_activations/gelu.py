"""Gaussian error linear unit: x Phi(x), Phi the normal distribution (Hendrycks and Gimpel, 2016).

The exact form, with erfc so that no digits are lost for negative x. Partial Phi(x) + x phi(x).
"""

import math

from mgcore import Op, ops

_ROOT_HALF = math.sqrt(0.5)
_PHI_0 = 1.0 / math.sqrt(2.0 * math.pi)

gelu = Op(
    "gelu",
    forward=lambda x: 0.5 * x * math.erfc(-x * _ROOT_HALF),
    partials=(
        lambda out, x: 0.5 * (1.0 + ops.erf(x * _ROOT_HALF)) + x * (_PHI_0 * ops.exp(-0.5 * x * x)),
    ),
    doc="x * Phi(x)",
)
