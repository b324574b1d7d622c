"""Straight-through rounding: the value of `round`, the slope 1 (Bengio et al., 2013).

Its partial is that of its surrogate x, on purpose: numerical derivatives of the value are 0.
"""

from mgcore import Op, ops

ste_round = Op(
    "ste_round",
    forward=lambda x: ops.round(x),
    partials=(lambda out, x: 1.0,),
    kink=lambda x: x - ops.floor(x) - 0.5,
    surrogate=lambda x: x,
    doc="nearest whole number to x, with the slope of x",
)
