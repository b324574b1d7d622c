"""Polygamma function: the n-th derivative of digamma, n a whole number, x > 0 (DLMF 5.15.1).

(-1)**(n+1) n! zeta(n+1, x) from n = 1 on. A composite. Partials: 0 for n, which counts, and
polygamma(n + 1, x): derivatives of every order are of the family.
"""

import math
from typing import Any

from mgcore import Op, ops


def _forward(n: Any, x: Any) -> Any:
    if isinstance(n, float) and (n < 0.0 or not n.is_integer()):
        raise ValueError(f"the order {n!r} is no whole number from 0 on")
    counts = ops.maximum(n, 1.0)
    sign = 2.0 * ops.mod(counts, 2.0) - 1.0
    above = sign * (ops.gamma(counts + 1.0) * ops.zeta(counts + 1.0, x))
    is_order = ops.logical_and(ops.ge(n, 0.0), ops.eq(n, ops.floor(n)))
    return ops.select(is_order, ops.select(n, above, ops.digamma(x)), math.nan)


polygamma = Op(
    "polygamma",
    forward=_forward,
    partials=(lambda out, n, x: 0.0, lambda out, n, x: ops.polygamma(n + 1.0, x)),
    domain=("{0, 1, ...}", "(0, inf)"),
    doc="n-th derivative of digamma(x)",
)
