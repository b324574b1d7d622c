"""Choice, by the name that NumPy and PyTorch have for `select`: a composite of it.

Partials are those of `select`: 0 for the condition, 1 for the operand chosen, 0 for the other.
"""

from mgcore import Op, ops
from mgops_basic.select import select

where = Op(
    "where",
    forward=lambda condition, x, y: ops.select(condition, x, y),
    partials=select.partials,
    symbol=select.symbol,
    kink=select.kink,
    doc=select.doc,
)
