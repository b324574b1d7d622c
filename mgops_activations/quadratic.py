"""Sign with parabolas between: x (2 - |x|) where |x| < 1, else the sign of x (Liu et al., 2018).

The function of which Bi-Real nets take the slope in place of that of a sign. Partial 2 (1 - |x|)
where |x| < 1, else 0. The second derivative jumps at -1, 0 and 1.
"""

from mgcore import Op, ops

quadratic = Op(
    "quadratic",
    forward=lambda x: ops.select(ops.lt(abs(x), 1.0), x * (2.0 - abs(x)), ops.sign(x)),
    partials=(lambda out, x: 2.0 * ops.maximum(1.0 - abs(x), 0.0),),
    kink=lambda x: x * (1.0 - x) * (1.0 + x),
    doc="x * (2 - |x|) if |x| < 1 else sign(x)",
)
