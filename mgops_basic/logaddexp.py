"""log(e**x + e**y) without overflow: `logsumexp` of two operands, by NumPy's name. A composite.

Partials sigmoid(x - y) and sigmoid(y - x).
"""

from typing import Any

from mgcore import Op, ops


def _share(x: Any, y: Any) -> Any:
    # What the difference loses counts as many times as the logistic function falls.
    d = x - y
    back = d - x
    lost = (x - (d - back)) - (y + back)
    return ops.sigmoid(d) * (1.0 + lost * ops.sigmoid(-d))


logaddexp = Op(
    "logaddexp",
    forward=lambda x, y: ops.logsumexp(x, y),
    partials=(lambda out, x, y: _share(x, y), lambda out, x, y: _share(y, x)),
    doc="log(e**x + e**y)",
)
