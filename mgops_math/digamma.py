"""Digamma function: the derivative of log(Gamma(x)), for x > 0 (DLMF 5.2.2). By SciPy.

Partial polygamma(1, x).
"""

from mgcore import Op, ops
from mgops_math.scipy_special import scipy_function

digamma = Op(
    "digamma",
    forward=scipy_function("psi"),
    partials=(lambda out, x: ops.polygamma(1.0, x),),
    symbol="psi",
    domain="(0, inf)",
    doc="derivative of log(Gamma(x))",
)
