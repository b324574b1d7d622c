"""Lambert's W, principal branch: the W >= -1 with W e**W = x (DLMF 4.13).

Partial 1 / (x + e**W), which unlike W / (x (1 + W)) is well defined at x = 0, and for large x does
not suffer from the rounding of e**W. At the branch point x = -1/e, where W = -1, the slope is
infinite, so the domain leaves it out.
"""

from collections.abc import Callable
from typing import Any

from scipy.special import lambertw

from mgcore import Op, hookimpl, ops


def _principal_branch(x: float) -> float:
    w = complex(lambertw(x))
    if w.imag:
        raise ValueError("W is real for x >= -1/e = -0.36788 only")
    return w.real


lambert_w = Op(
    "lambert_w",
    forward=_principal_branch,
    partials=(lambda out, x: 1.0 / (x + ops.exp(out)),),
    domain=("(-0.36787944117144233, inf)",),
    symbol="W",
    doc="the W with W * e**W = x",
)


@hookimpl
def mgcore_register_ops() -> Op:
    """Bring the op."""
    return lambert_w


@hookimpl
def mgcore_op_reference(op: Op) -> Callable[..., Any] | None:
    """Tell the conformance kit what it should compute."""
    from mpmath import lambertw as reference  # for tests alone

    return reference if op is lambert_w else None
