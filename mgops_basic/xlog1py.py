"""x log(1 + y), and 0 where x is 0 and y a number. A composite.

Partials log1p(y), and x/(1 + y), which is 0 at (0, -1): there the op does not depend on y.
"""

from mgcore import Op, ops

xlog1py = Op(
    "xlog1py",
    forward=lambda x, y: x * ops.log1p(ops.select(ops.logical_or(x, ops.isnan(y)), y, 1.0)),
    partials=(
        lambda out, x, y: ops.log1p(y),
        lambda out, x, y: ops.select(ops.logical_or(x, 1.0 + y), x / (1.0 + y), 0.0),
    ),
    domain=("(-inf, inf)", "(-1, inf)"),
    doc="x * log(1 + y), 0 if x = 0",
)
