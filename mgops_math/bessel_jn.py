"""Bessel function of the first kind of a whole order n (DLMF 10.2.2).

By SciPy (Amos); near 0 and far out, where that loses digits, by series. Partials: 0 for n, which
counts, and (J_{n-1}(x) - J_{n+1}(x))/2, -J_1(x) for n = 0 (DLMF 10.6.1).
"""

from typing import Any

from mgcore import Op, ops
from mgops_math.bessel_series import NEAR, far_j, is_far, small_j
from mgops_math.scipy_special import scipy_function

_scipy = scipy_function("jv")


def _forward(n: Any, x: Any) -> Any:
    far, near = is_far(n, x), ops.lt(abs(x), NEAR)
    # Where it is not asked, SciPy gets what costs it little.
    middle = _scipy(n, ops.select(ops.logical_or(near, far), 1.0, x))
    return ops.select(far, far_j(n, x), ops.select(near, small_j(n, x), middle))


def _partial(_out: Any, n: Any, x: Any) -> Any:
    above = ops.bessel_jn(n + 1.0, x)
    below = ops.bessel_jn(ops.maximum(n - 1.0, 0.0), x)
    return ops.select(n, 0.5 * (below - above), -above)


bessel_jn = Op(
    "bessel_jn",
    forward=_forward,
    partials=(lambda out, n, x: 0.0, _partial),
    domain=("{0, 1, ...}", "(-inf, inf)"),
    doc="Bessel function J_n(x)",
)
