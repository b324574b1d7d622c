"""Log of a sum of exponentials of any number of operands, without overflow.

log(e**x1 + e**x2 + ...) = m + log(1 + the sum of e**(x-m) over the others), m the largest operand.
The partial with respect to x_i is the softmax e**(x_i - out). Where the operands are large, out is
rounded too coarsely for that (two operands of 1e17 would have the slopes 1 and 1), so these are
divided by their sum.
"""

import math
from typing import Any

from mgcore import Op, ops


def _forward(*xs: float) -> float:
    m = max(xs)
    if math.isinf(m):
        return m if not any(math.isnan(x) for x in xs) else math.nan
    others = list(xs)
    others.remove(m)
    return m + math.log1p(sum(math.exp(x - m) for x in others))


def _share(x: Any, out: Any) -> Any:
    """Return e**(x - out); what the difference loses counts, too."""
    d = x - out
    share = ops.exp(d)
    back = d - x
    lost = (x - (d - back)) - (out + back)
    return share + ops.select(share, share * lost, 0.0)  # of an infinite operand nothing is lost


def _partials(out: Any, *xs: Any) -> tuple[Any, ...]:
    shares = [_share(x, out) for x in xs]
    scale = 1.0 / ops.sum(*shares)
    return tuple(share * scale for share in shares)


logsumexp = Op(
    "logsumexp",
    _forward,
    _partials,
    doc="log(e**x1 + e**x2 + ...)",
)
