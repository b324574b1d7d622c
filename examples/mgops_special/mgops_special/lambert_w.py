"""Lambert's W, principal branch: the W >= -1 with W e**W = x (DLMF 4.13).

Partial 1 / (e**W (1 + W)), which unlike W / (x (1 + W)) is well defined at x = 0. At the branch
point x = -1/e, where W = -1, the slope is infinite, so the domain leaves it out.
"""

from scipy.special import lambertw

from mgcore import Op, ops


def _principal_branch(x: float) -> float:
    w = complex(lambertw(x))
    if w.imag:
        raise ValueError("W is real for x >= -1/e = -0.36788 only")
    return w.real


lambert_w = Op(
    "lambert_w",
    forward=_principal_branch,
    partials=(lambda out, x: 1.0 / (ops.exp(out) * (1.0 + out)),),
    domain=("(-0.36787944117144233, inf)",),
    symbol="W",
    doc="the W with W * e**W = x",
)
