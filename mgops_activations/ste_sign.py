"""Straight-through sign: the value of `sign`, the slope of `hardtanh` (Hubara et al., 2016).

Its partial is that of its surrogate, 1 where |x| < 1, else 0, also at -1 and 1, on purpose:
numerical derivatives of the value are 0.
"""

from mgcore import Op, ops

ste_sign = Op(
    "ste_sign",
    forward=lambda x: ops.sign(x),
    partials=(lambda out, x: ops.lt(abs(x), 1.0),),
    kink=lambda x: x * (1.0 - x) * (1.0 + x),
    surrogate=lambda x: ops.hardtanh(x),
    doc="sign of x, with the slope of hardtanh(x)",
)
