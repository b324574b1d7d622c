"""Absolute value: |x|.

Partial -1, 0 or 1, the sign of x; the convention at the kink is abs'(0) = 0.
"""

import builtins

from mgcore import Op, ops

abs = Op(
    "abs",
    forward=builtins.abs,
    partials=(lambda out, x: ops.gt(x, 0.0) - ops.lt(x, 0.0),),
    symbol="| |",
    kink=lambda x: x,
    doc="|x|",
)
