"""Gaussian function: e**(-x**2), right to the last bits also far out. A composite.

Partial -2 x e**(-x**2). It is what the slopes of erf and erfc are made of, and a radial basis.
"""

from mgcore import Op, ops
from mgops_math.squares import exp_of_square

gaussian = Op(
    "gaussian",
    forward=lambda x: exp_of_square(-1.0, x),
    partials=(lambda out, x: -2.0 * (ops.minimum(ops.maximum(x, -64.0), 64.0) * out),),
    doc="e**(-x**2)",
)
