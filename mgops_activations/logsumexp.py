"""Log of a sum of exponentials of any number of operands, without overflow.

log(e**x1 + e**x2 + ...) = m + log(1 + the sum of e**(x-m) over the others), m the largest operand.
The partial with respect to x_i is e**(x_i - out), the softmax.
"""

import math

from mgcore import Op, ops


def _forward(*xs: float) -> float:
    m = max(xs)
    if math.isinf(m):
        return m if not any(math.isnan(x) for x in xs) else math.nan
    others = list(xs)
    others.remove(m)
    return m + math.log1p(sum(math.exp(x - m) for x in others))


logsumexp = Op(
    "logsumexp",
    _forward,
    partials=lambda out, *xs: tuple(ops.exp(x - out) for x in xs),
    doc="log(e**x1 + e**x2 + ...)",
)
