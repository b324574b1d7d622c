"""x log(1 + y), and 0 where x is 0, whatever y is. A composite.

Partials log1p(y), and x/(1 + y).
"""

from mgcore import Op, ops

xlog1py = Op(
    "xlog1py",
    forward=lambda x, y: x * ops.log1p(ops.select(x, y, 1.0)),
    partials=(lambda out, x, y: ops.log1p(y), lambda out, x, y: x / (1.0 + y)),
    domain=("(-inf, inf)", "(-1, inf)"),
    doc="x * log(1 + y), 0 if x = 0",
)
