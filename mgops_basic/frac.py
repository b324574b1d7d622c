"""Fractional part: x - trunc(x), with the sign of x, as PyTorch has it. A composite.

Partial 1, also at the steps.
"""

from mgcore import Op, ops

frac = Op(
    "frac",
    forward=lambda x: x - ops.trunc(x),
    partials=(lambda out, x: 1.0,),
    kink=lambda x: x - ops.round(x) if abs(x) >= 0.5 else 1.0,
    doc="x - trunc(x)",
)
