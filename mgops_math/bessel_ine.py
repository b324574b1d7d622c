"""Scaled modified Bessel function of a whole order n: e**-|x| I_n(x) (DLMF 10.25.2).

By SciPy (Amos); near 0 and far out, where that loses digits, by series. Partials: 0 for n, which
counts, and (I_{n-1} + I_{n+1})/2 - sign(x) I_n, each scaled, far out by the series, since that
cancels. At the kink 0 the slope of order 0 is 0.
"""

from typing import Any

from mgcore import Op, ops
from mgops_math.bessel_series import NEAR_I, far_scaled_i, is_far, scaled_slope, small_i
from mgops_math.scipy_special import scipy_function

_scipy = scipy_function("ive")


def _forward(n: Any, x: Any) -> Any:
    far, near = is_far(n, x), ops.lt(abs(x), NEAR_I)
    # Where it is not asked, SciPy gets what costs it little.
    middle = _scipy(n, ops.select(ops.logical_or(near, far), 1.0, x))
    tiny = small_i(n, x) * ops.exp(-abs(x))
    return ops.select(far, far_scaled_i(n, x), ops.select(near, tiny, middle))


def _partial(out: Any, n: Any, x: Any) -> Any:
    above = ops.bessel_ine(n + 1.0, x)
    below = ops.bessel_ine(ops.maximum(n - 1.0, 0.0), x)
    near = ops.select(n, 0.5 * (below + above), above) - ops.sign(x) * out
    return scaled_slope(near, n, x)


bessel_ine = Op(
    "bessel_ine",
    forward=_forward,
    partials=(lambda out, n, x: 0.0, _partial),
    domain=("{0, 1, ...}", "(-inf, inf)"),
    kink=lambda n, x: x,
    doc="e**-|x| * I_n(x)",
)
