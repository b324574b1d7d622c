"""Modified Bessel function of the first kind of order 1 (DLMF 10.25.2). By SciPy.

Partial (i0(x) + bessel_in(2, x))/2 (DLMF 10.29.1), which needs no division by x.
"""

from mgcore import Op, ops
from mgops_math.scipy_special import scipy_function

i1 = Op(
    "i1",
    forward=scipy_function("i1"),
    partials=(lambda out, x: 0.5 * (ops.i0(x) + ops.bessel_in(2.0, x)),),
    doc="modified Bessel function I1(x)",
)
