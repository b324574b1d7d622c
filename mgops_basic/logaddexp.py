"""log(e**x + e**y) without overflow: `logsumexp` of two operands, by NumPy's name. A composite.

Partials sigmoid(x - y) and sigmoid(y - x).
"""

from mgcore import Op, ops

logaddexp = Op(
    "logaddexp",
    forward=lambda x, y: ops.logsumexp(x, y),
    partials=(lambda out, x, y: ops.sigmoid(x - y), lambda out, x, y: ops.sigmoid(y - x)),
    doc="log(e**x + e**y)",
)
