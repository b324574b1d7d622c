"""Logarithm of the beta function: log(Gamma(a) Gamma(b)/Gamma(a + b)), a, b > 0. By SciPy.

Partials digamma(a) - digamma(a + b), and the same with b for a; by their series where
that cancels.
"""

import math
from typing import Any

from mgcore import Op
from mgops_math.differences import digamma_gap
from mgops_math.scipy_special import scipy_function

_scipy = scipy_function("betaln")


def _forward(a: Any, b: Any) -> Any:
    out = _scipy(a, b)
    if type(a) is not float or math.isfinite(out):
        return out
    less, more = sorted((a, b))  # SciPy gives up where one of them is tiny, or huge
    if less < 1e-300:
        return math.log1p(less / more) - math.log(less)
    return math.lgamma(less) - less * math.log(more)


betaln = Op(
    "betaln",
    forward=_forward,
    partials=(lambda out, a, b: digamma_gap(a, b), lambda out, a, b: digamma_gap(b, a)),
    domain="(0, inf)",
    doc="log(Gamma(a) * Gamma(b) / Gamma(a + b))",
)
