"""x log(y), and 0 where x is 0 and y a number (entropies and likelihoods want that). A composite.

Partials log(y), and x/y, which is 0 at (0, 0): there the op does not depend on y.
"""

from mgcore import Op, ops

xlogy = Op(
    "xlogy",
    forward=lambda x, y: x * ops.log(ops.select(ops.logical_or(x, ops.isnan(y)), y, 1.0)),
    partials=(
        lambda out, x, y: ops.log(y),
        lambda out, x, y: ops.select(ops.logical_or(x, y), x / y, 0.0),
    ),
    domain=("(-inf, inf)", "(0, inf)"),
    doc="x * log(y), 0 if x = 0",
)
