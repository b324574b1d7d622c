"""Scaled modified Bessel function of order 0: e**-|x| I0(x) (DLMF 10.25.2). By SciPy.

Partial sign(x) e**-|x| (I1(|x|) - I0(x)), as an integral, since that cancels, and from 20 on by its
asymptotic series. At the kink 0 it is 0.
"""

from mgcore import Op
from mgops_math.bessel_series import scaled_slope_of_low_order
from mgops_math.scipy_special import scipy_function

i0e = Op(
    "i0e",
    forward=scipy_function("i0e"),
    partials=(lambda out, x: scaled_slope_of_low_order(0, x),),
    kink=lambda x: x,
    doc="e**-|x| * I0(x)",
)
