"""Scaled modified Bessel function of order 1: e**-|x| I1(x) (DLMF 10.25.2). By SciPy.

Partial (i0e(x) + bessel_ine(2, x))/2 - sign(x) i1e(x), from 1/2 on as an integral, since that
cancels, and from 20 on by its asymptotic series. The second derivative jumps at 0.
"""

from typing import Any

from mgcore import Op, ops
from mgops_math.bessel_series import scaled_slope_of_low_order
from mgops_math.scipy_special import scipy_function

_NEAR = 0.5


def _partial(out: Any, x: Any) -> Any:
    near = 0.5 * (ops.i0e(x) + ops.bessel_ine(2.0, x)) - ops.sign(x) * out
    return ops.select(ops.lt(abs(x), _NEAR), near, scaled_slope_of_low_order(1, x))


i1e = Op(
    "i1e",
    forward=scipy_function("i1e"),
    partials=(_partial,),
    kink=lambda x: x,
    doc="e**-|x| * I1(x)",
)
