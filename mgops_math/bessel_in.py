"""Modified Bessel function of the first kind of a whole order n (DLMF 10.25.2). A composite.

e**|x| times `bessel_ine`, in two halves, so that only the result overflows. Partials: 0 for n,
which counts, and (I_{n-1}(x) + I_{n+1}(x))/2, I_1(x) for n = 0 (DLMF 10.29.1).
"""

from typing import Any

from mgcore import Op, ops


def _forward(n: Any, x: Any) -> Any:
    half = ops.exp(0.5 * abs(x))
    return ops.bessel_ine(n, x) * half * half


def _partial(_out: Any, n: Any, x: Any) -> Any:
    above = ops.bessel_in(n + 1.0, x)
    below = ops.bessel_in(ops.maximum(n - 1.0, 0.0), x)
    return ops.select(n, 0.5 * (below + above), above)


bessel_in = Op(
    "bessel_in",
    forward=_forward,
    partials=(lambda out, n, x: 0.0, _partial),
    domain=("{0, 1, ...}", "(-inf, inf)"),
    doc="modified Bessel function I_n(x)",
)
