"""Exponential integral Ei(x): the principal value of the integral of e**t/t to x (DLMF 6.2.5).

By SciPy. Partial e**x/x; at 0 it is minus infinite.
"""

from mgcore import Op, ops
from mgops_math.scipy_special import scipy_function

expi = Op(
    "expi",
    forward=scipy_function("expi"),
    partials=(lambda out, x: ops.exp(x) / x,),
    symbol="Ei",
    domain="(-inf, 0) | (0, inf)",
    doc="integral of e**t / t from -inf to x",
)
