"""Two to a power: 2**x. Partial log(2) 2**x."""

import math

from mgcore import Op

_LOG_2 = math.log(2.0)

exp2 = Op(
    "exp2",
    forward=math.exp2,
    partials=(lambda out, x: _LOG_2 * out,),
    doc="2 ** x",
)
