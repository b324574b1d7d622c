"""The angle x, given in degrees, in radians. Partial pi / 180."""

import math

from mgcore import Op

_FACTOR = math.pi / 180.0

radians = Op(
    "radians",
    forward=lambda x: _FACTOR * x,
    partials=(lambda out, x: _FACTOR,),
    doc="x degrees in radians",
)
