"""Gaussian error linear unit: x Phi(x), Phi the normal distribution (Hendrycks and Gimpel, 2016).

The exact form, with erfc so that no digits are lost for negative x. Partial Phi(x) + x phi(x). Phi
is half of 1 + erf where that does not cancel, and gelu(x)/x for x below -1.
"""

import math
from typing import Any

from mgcore import Op, ops

_ROOT_HALF = math.sqrt(0.5)
_PHI_0 = 1.0 / math.sqrt(2.0 * math.pi)


def _partial(out: Any, x: Any) -> Any:
    if isinstance(x, float):
        return 0.5 * math.erfc(-x * _ROOT_HALF) + x * (_PHI_0 * math.exp(-0.5 * x * x))
    density = ops.normal_pdf(x)  # its exponential is that of a gelu in a kernel
    middle = 0.5 * (1.0 + ops.erf(x * _ROOT_HALF))
    return ops.select(ops.gt(x, -1.0), middle, out / x) + x * density


gelu = Op(
    "gelu",
    forward=lambda x: 0.5 * x * math.erfc(-x * _ROOT_HALF),
    partials=(_partial,),
    doc="x * Phi(x)",
)
