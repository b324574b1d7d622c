"""The magnitude of x with the sign of y (IEEE 754, 5.5.1).

A 0 has a sign in floating point alone, so 0 is not in the domain of y; computed it is, by that
sign. Partials 1 where the signs agree, else -1, and 0; by x at 0 it is 0.
"""

import math

from mgcore import Op, ops

copysign = Op(
    "copysign",
    forward=math.copysign,
    partials=(
        lambda out, x, y: ops.sign(x) * ops.copysign(1.0, y),
        lambda out, x, y: 0.0,
    ),
    domain=("(-inf, inf)", "(-inf, 0) | (0, inf)"),
    kink=lambda x, y: x,
    doc="|x| with the sign of y",
)
