"""Distribution function of the standard normal distribution: Phi(x) (DLMF 7.2.1, 7.18.2).

erfc(z)/2 with z = -x/sqrt(2), and z**2 - x**2/2 times as much: what rounding z does to the tail. A
composite. Partial: its density, `normal_pdf`.
"""

import math
from typing import Any

from mgcore import Op, ops
from mgops_math.squares import square_in_parts

_ROOT_HALF = math.sqrt(0.5)


def _forward(x: Any) -> Any:
    if type(x) is float and x > -1.0:
        return 0.5 * math.erfc(-x * _ROOT_HALF)
    low = ops.minimum(ops.maximum(x, -40.0), 0.0)
    z = -low * _ROOT_HALF
    (high, more), (square, rest) = square_in_parts(z), square_in_parts(low)
    out = 0.5 * ops.erfc(-x * _ROOT_HALF)
    return out + out * ((high - 0.5 * square) + (more - 0.5 * rest))


normal_cdf = Op(
    "normal_cdf",
    forward=_forward,
    partials=(lambda out, x: ops.normal_pdf(x),),
    symbol="Phi",
    doc="Phi(x), the standard normal distribution function",
)
