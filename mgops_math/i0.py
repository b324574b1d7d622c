"""Modified Bessel function of the first kind of order 0 (DLMF 10.25.2). By SciPy. Partial i1(x)."""

from mgcore import Op, ops
from mgops_math.scipy_special import scipy_function

i0 = Op(
    "i0",
    forward=scipy_function("i0"),
    partials=(lambda out, x: ops.i1(x),),
    doc="modified Bessel function I0(x)",
)
