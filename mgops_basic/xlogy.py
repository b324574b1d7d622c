"""x log(y), and 0 where x is 0, whatever y is (entropies and likelihoods want that). A composite.

Partials log(y), and x/y.
"""

from mgcore import Op, ops

xlogy = Op(
    "xlogy",
    forward=lambda x, y: x * ops.log(ops.select(x, y, 1.0)),
    partials=(lambda out, x, y: ops.log(y), lambda out, x, y: x / y),
    domain=("(-inf, inf)", "(0, inf)"),
    doc="x * log(y), 0 if x = 0",
)
