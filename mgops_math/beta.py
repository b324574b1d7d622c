"""Beta function: Gamma(a) Gamma(b)/Gamma(a + b), a, b > 0 (DLMF 5.12.1). By SciPy.

Partials the result times digamma(a) - digamma(a + b), and the same with b for a;
by their series where that cancels.
"""

import math
from typing import Any

from mgcore import Op
from mgops_math.differences import digamma_gap
from mgops_math.scipy_special import scipy_function

_scipy = scipy_function("beta")
_STIRLING = (1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0)


def _forward(a: Any, b: Any) -> Any:
    if type(a) is not float or type(b) is not float:
        return _scipy(a, b)
    less, more = sorted((a, b))
    if not less < 20.0 < more < math.inf or less < 1e-300:
        return _scipy(a, b)
    # Gamma(more)/Gamma(more + less) by Stirling's series, so that no large logarithms cancel.
    rest = less - (more - 0.5) * math.log1p(less / more)
    total = more + less
    for k, c in enumerate(_STIRLING):
        rest += c * (more ** -(2 * k + 1) - total ** -(2 * k + 1))
    return math.gamma(less) * total**-less * math.exp(rest)


beta = Op(
    "beta",
    forward=_forward,
    partials=(lambda out, a, b: out * digamma_gap(a, b), lambda out, a, b: out * digamma_gap(b, a)),
    domain="(0, inf)",
    doc="Gamma(a) * Gamma(b) / Gamma(a + b)",
)
