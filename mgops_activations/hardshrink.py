"""Hard shrinkage: x where |x| is above a threshold, else 0 (Donoho, 1995).

Partial 1 where x is kept, else 0, also at both steps. A family: ``hardshrink`` has PyTorch's
threshold, 1/2, ``hardshrink:0.2`` another.
"""

from mgcore import Op, op_family, ops


@op_family
def hardshrink(threshold: float = 0.5) -> Op:
    """Return the op with that threshold."""
    if not threshold >= 0.0:
        raise ValueError(f"the threshold is {threshold!r}, and must be 0 or more")
    return Op(
        "hardshrink",
        forward=lambda x: ops.select(ops.le(abs(x), threshold), 0.0, x),
        partials=(lambda out, x: ops.gt(abs(x), threshold),),
        kink=lambda x: abs(x) - threshold,
        doc=f"x if |x| > {threshold:g} else 0",
    )
