"""Log of a sum of exponentials of any number of operands, without overflow.

log(e**x1 + e**x2 + ...) = m + log(1 + the sum of e**(x-m) over the others), m the largest operand.
The partial with respect to x_i is the softmax e**(x_i - out). Where the operands are large, out is
rounded too coarsely for that (two operands of 1e17 would have the slopes 1 and 1), so on numbers
and Values these are divided by their sum.
"""

import math
from typing import Any

from mgcore import Op, Value, ops


def _forward(*xs: float) -> float:
    m = max(xs)
    if math.isinf(m):
        return m if not any(math.isnan(x) for x in xs) else math.nan
    others = list(xs)
    others.remove(m)
    return m + math.log1p(sum(math.exp(x - m) for x in others))


def _partials(out: Any, *xs: Any) -> tuple[Any, ...]:
    shares = [ops.exp(x - out) for x in xs]
    if not isinstance(out, (float, Value)):
        # A compiler needs each share to depend on its own operand alone, to run along an axis.
        return tuple(shares)
    total = sum(shares[1:], shares[0])
    return tuple(share / total for share in shares)


logsumexp = Op(
    "logsumexp",
    _forward,
    _partials,
    doc="log(e**x1 + e**x2 + ...)",
)
