"""Scaled modified Bessel function of order 0: e**-|x| I0(x) (DLMF 10.25.2). By SciPy.

Partial i1e(x) - sign(x) i0e(x), from 25 on by its asymptotic series, since that cancels. At the
kink 0 it is 0.
"""

from mgcore import Op, ops
from mgops_math.bessel_series import scaled_slope
from mgops_math.scipy_special import scipy_function

i0e = Op(
    "i0e",
    forward=scipy_function("i0e"),
    partials=(lambda out, x: scaled_slope(ops.i1e(x) - ops.sign(x) * out, 0.0, x),),
    kink=lambda x: x,
    doc="e**-|x| * I0(x)",
)
