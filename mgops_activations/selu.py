"""Scaled exponential linear unit: s x where x > 0, else s a (e**x - 1) (Klambauer et al., 2017).

With s = 1.0507... and a = 1.6732..., at which mean 0 and variance 1 stay. Partial s where x > 0,
else s a e**x, also at the kink.
"""

import math

from mgcore import Op, ops

_SCALE = 1.0507009873554804934193349852946
_BELOW = 1.7580993408473768599402175208123

selu = Op(
    "selu",
    forward=lambda x: _SCALE * x if x > 0.0 else _BELOW * math.expm1(x),
    # The minimum keeps e**x from overflowing where it is not wanted.
    partials=(
        lambda out, x: ops.select(ops.gt(x, 0.0), _SCALE, _BELOW * ops.exp(ops.minimum(x, 0.0))),
    ),
    kink=lambda x: x,
    doc="1.0507 * x if x > 0 else 1.7581 * (e**x - 1)",
)
