"""Soft shrinkage: x moved toward 0 by a threshold, and 0 on the way (Donoho, 1995).

Partial 1 where |x| is above the threshold, else 0, also at both kinks. A family: ``softshrink`` has
PyTorch's threshold, 1/2, ``softshrink:0.2`` another.
"""

from mgcore import Op, op_family, ops


@op_family
def softshrink(threshold: float = 0.5) -> Op:
    """Return the op with that threshold."""
    if not threshold >= 0.0:
        raise ValueError(f"the threshold is {threshold!r}, and must be 0 or more")
    t = f"{threshold:g}"
    return Op(
        "softshrink",
        forward=lambda x: x - ops.minimum(ops.maximum(x, -threshold), threshold),
        partials=(lambda out, x: ops.gt(abs(x), threshold),),
        kink=lambda x: abs(x) - threshold,
        doc=f"x - {t} if x > {t}, x + {t} if x < -{t}, else 0",
    )
