"""Distribution function of the standard normal distribution: Phi(x) (DLMF 7.2.1, 7.18.2).

(1 + erf(x/sqrt(2)))/2 from -1 on, gelu(x)/x below, which keeps its digits. A composite. Partial:
its density, `normal_pdf`.
"""

import math
from typing import Any

from mgcore import Op, ops

_ROOT_HALF = math.sqrt(0.5)


def _forward(x: Any) -> Any:
    low = ops.maximum(ops.minimum(x, -1.0), -1000.0)
    high = ops.maximum(x, -1.0)
    return ops.select(
        ops.lt(x, -1.0), ops.gelu(low) / low, 0.5 * (1.0 + ops.erf(high * _ROOT_HALF))
    )


normal_cdf = Op(
    "normal_cdf",
    forward=_forward,
    partials=(lambda out, x: ops.normal_pdf(x),),
    symbol="Phi",
    doc="Phi(x), the standard normal distribution function",
)
