"""Sign: 1 where x > 0, -1 where x < 0, x itself where it is 0 or NaN. Partial 0, also at 0."""

from mgcore import Op

sign = Op(
    "sign",
    forward=lambda x: 1.0 if x > 0.0 else -1.0 if x < 0.0 else x,
    partials=(lambda out, x: 0.0,),
    kink=lambda x: x,
    doc="1 if x > 0, -1 if x < 0, 0 if x = 0",
)
