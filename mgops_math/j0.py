"""Bessel function of the first kind of order 0 (DLMF 10.2.2).

By SciPy below 25, from there on by Hankel's expansion, since SciPy rounds large angles. Partial
-j1(x).
"""

from typing import Any

from mgcore import Op, ops
from mgops_math.bessel_series import FAR, far_j
from mgops_math.scipy_special import scipy_function

_scipy = scipy_function("j0")


def _forward(x: Any) -> Any:
    if type(x) is float and abs(x) < FAR:
        return _scipy(x)
    near = _scipy(ops.minimum(ops.maximum(x, -FAR), FAR))
    return ops.select(ops.lt(abs(x), FAR), near, far_j(0.0, x))


j0 = Op(
    "j0",
    forward=_forward,
    partials=(lambda out, x: -ops.j1(x),),
    doc="Bessel function J0(x)",
)
