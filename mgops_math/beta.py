"""Beta function: Gamma(a) Gamma(b)/Gamma(a + b), a, b > 0 (DLMF 5.12.1). By SciPy.

Partials the result times digamma(a) - digamma(a + b), and the same with b for a;
by their series where that cancels.
"""

from typing import Any

from mgcore import Op, ops
from mgops_math.differences import digamma_gap, far_apart, stirling_rest
from mgops_math.scipy_special import scipy_function

_scipy = scipy_function("beta")


def _forward(a: Any, b: Any) -> Any:
    less, more, far = far_apart(a, b)
    ratio = ops.pow(more + less, -less) * ops.exp(stirling_rest(less, more))
    near = _scipy(ops.select(far, 1.0, a), ops.select(far, 1.0, b))
    return ops.select(far, ops.gamma(less) * ratio, near)


beta = Op(
    "beta",
    forward=_forward,
    partials=(lambda out, a, b: out * digamma_gap(a, b), lambda out, a, b: out * digamma_gap(b, a)),
    domain="(0, inf)",
    robust="(1e-20, inf)",  # below, the partials overflow on the way
    doc="Gamma(a) * Gamma(b) / Gamma(a + b)",
)
