"""The angle x, given in radians, in degrees. Partial 180 / pi."""

import math

from mgcore import Op

_FACTOR = 180.0 / math.pi

degrees = Op(
    "degrees",
    forward=lambda x: _FACTOR * x,
    partials=(lambda out, x: _FACTOR,),
    doc="x radians in degrees",
)
