"""Continuously differentiable exponential unit: x where x > 0, else alpha expm1(x/alpha).

Barron, 2017; alpha > 0 is an operand, a number or something to be learnt; 1 makes it `elu`.
Partials by x: 1 where x > 0, else e**(x/alpha); by alpha: 0 where x > 0, else expm1(u) - u e**u
with u = x/alpha, near 0 by its series, since that cancels. The second derivative jumps at x = 0.
"""

import math
from typing import Any

from mgcore import Op, ops

# expm1(u) - u e**u = -(u**2/2! + 2 u**3/3! + 3 u**4/4! + ...)
_SERIES = tuple((1.0 - k) / math.factorial(k) for k in range(18, 1, -1))


def _by_alpha(_out: Any, x: Any, alpha: Any) -> Any:
    u = ops.minimum(x, 0.0) / alpha
    near = ops.lt(abs(u), 0.5)
    small, large = ops.select(near, u, 0.0), ops.select(near, -1.0, u)
    # Far below 0 e**u is 0, and u may be infinite.
    bell = ops.maximum(large, -800.0) * ops.exp(large)
    return ops.select(near, small * small * ops.polyval(small, *_SERIES), ops.expm1(large) - bell)


celu = Op(
    "celu",
    forward=lambda x, alpha: ops.maximum(x, 0.0) + alpha * ops.expm1(ops.minimum(x, 0.0) / alpha),
    partials=(lambda out, x, alpha: ops.exp(ops.minimum(x, 0.0) / alpha), _by_alpha),
    domain=("(-inf, inf)", "(0, inf)"),
    kink=lambda x, alpha: x,
    doc="x if x > 0 else alpha * (e**(x/alpha) - 1)",
)
