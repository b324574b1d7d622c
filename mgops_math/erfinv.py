"""Inverse error function: the number whose erf is x, for -1 < x < 1 (DLMF 7.17). By SciPy.

Partial sqrt(pi)/2 e**(out**2).
"""

import math
from typing import Any

from mgcore import Op, ops
from mgops_math.scipy_special import scipy_function

_HALF_ROOT_PI = 0.5 * math.sqrt(math.pi)


def _partial(out: Any, x: Any) -> Any:
    # Far out by erfcx over 1 - |x|, which is exact: the exponential would magnify out's rounding.
    tail = 1.0 - abs(x)
    ratio = _HALF_ROOT_PI * ops.erfcx(abs(out)) / tail
    return ops.select(ops.lt(tail, 0.5), ratio, _HALF_ROOT_PI * ops.exp(out * out))


erfinv = Op(
    "erfinv",
    forward=scipy_function("erfinv"),
    partials=(_partial,),
    domain="(-1, 1)",
    doc="the number whose erf is x",
)
