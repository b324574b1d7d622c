"""Gaussian error linear unit: x Phi(x), Phi the normal distribution (Hendrycks and Gimpel, 2016).

The exact form; no digits are lost for negative x. Partial Phi(x) + x phi(x), in kernels with Phi as
half of 1 + erf where that does not cancel, and gelu(x)/x for x below -1.
"""

import math
from typing import Any

from mgcore import Op, ops

_ROOT_HALF = math.sqrt(0.5)


def _partial(out: Any, x: Any) -> Any:
    density = ops.normal_pdf(x)  # its exponential is that of a gelu in a kernel
    if isinstance(x, float):
        return ops.normal_cdf(x) + x * density
    middle = 0.5 * (1.0 + ops.erf(x * _ROOT_HALF))
    return ops.select(ops.gt(x, -1.0), middle, out / x) + x * density


gelu = Op(
    "gelu",
    forward=lambda x: x * ops.normal_cdf(x),
    partials=(_partial,),
    doc="x * Phi(x)",
)
