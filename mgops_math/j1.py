"""Bessel function of the first kind of order 1 (DLMF 10.2.2).

By SciPy below 25, from there on by Hankel's expansion, since SciPy rounds large angles. Partial
(j0(x) - bessel_jn(2, x))/2 (DLMF 10.6.1), which needs no division by x.
"""

from typing import Any

from mgcore import Op, ops
from mgops_math.bessel_series import FAR, NEAR, far_j, small_j
from mgops_math.scipy_special import scipy_function

_scipy = scipy_function("j1")


def _forward(x: Any) -> Any:
    if type(x) is float and NEAR <= abs(x) < FAR:
        return _scipy(x)
    near = _scipy(ops.minimum(ops.maximum(x, -FAR), FAR))
    near = ops.select(ops.lt(abs(x), NEAR), small_j(1.0, x), near)
    return ops.select(ops.lt(abs(x), FAR), near, far_j(1.0, x))


j1 = Op(
    "j1",
    forward=_forward,
    partials=(lambda out, x: 0.5 * (ops.j0(x) - ops.bessel_jn(2.0, x)),),
    doc="Bessel function J1(x)",
)
