"""Log of a sum of exponentials of any number of operands, without overflow.

log(e**x1 + e**x2 + ...) = m + log(e**(x1-m) + e**(x2-m) + ...) with m the largest operand.
The partial with respect to x_i is e**(x_i - out), the softmax.
"""

import math

from mgcore import Op, ops


def _forward(*xs: float) -> float:
    m = max(xs)
    if math.isinf(m):
        return m if not any(math.isnan(x) for x in xs) else math.nan
    return m + math.log(sum(math.exp(x - m) for x in xs))


logsumexp = Op(
    "logsumexp",
    _forward,
    partials=lambda out, *xs: tuple(ops.exp(x - out) for x in xs),
    doc="log(e**x1 + e**x2 + ...)",
)
