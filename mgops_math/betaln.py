"""Logarithm of the beta function: log(Gamma(a) Gamma(b)/Gamma(a + b)), a, b > 0. By SciPy.

Partials digamma(a) - digamma(a + b), and the same with b for a; by their series where
that cancels.
"""

from typing import Any

from mgcore import Op, ops
from mgops_math.differences import digamma_gap, far_apart, stirling_rest
from mgops_math.scipy_special import scipy_function

_scipy = scipy_function("betaln")


def _forward(a: Any, b: Any) -> Any:
    less, more, far = far_apart(a, b)
    apart = ops.lgamma(less) - less * ops.log(more + less) + stirling_rest(less, more)
    low = ops.minimum(a, b)
    tiny = ops.lt(low, 1e-17)
    special = ops.logical_or(far, tiny)
    near = _scipy(ops.select(special, 1.0, a), ops.select(special, 1.0, b))
    small = ops.log1p(low / ops.maximum(a, b)) - ops.log(low)  # of 1/a + 1/b
    return ops.select(far, apart, ops.select(tiny, small, near))


betaln = Op(
    "betaln",
    forward=_forward,
    partials=(lambda out, a, b: digamma_gap(a, b), lambda out, a, b: digamma_gap(b, a)),
    domain="(0, inf)",
    robust="(1e-20, inf)",  # below, the partials overflow on the way
    doc="log(Gamma(a) * Gamma(b) / Gamma(a + b))",
)
