"""Leaky rectified linear unit: x where x > 0, else slope times x; the usual slope is 0.01.

Partial 1 where x > 0, else the slope, also at the kink. A family: ``leaky_relu:0.2`` has the slope
0.2 (Maas et al., 2013).
"""

from typing import Any

from mgcore import Op, op_family, ops


@op_family
def leaky_relu(slope: float = 0.01) -> Op:
    """Return the op with that slope for negative operands."""

    def forward(x: Any) -> Any:
        if isinstance(x, float):
            return x if x > 0.0 else slope * x
        return ops.select(ops.gt(x, 0.0), x, slope * x)

    return Op(
        "leaky_relu",
        forward,
        partials=(lambda out, x: ops.select(ops.gt(x, 0.0), 1.0, slope),),
        kink=lambda x: x,
        doc=f"x if x > 0 else {slope:g} * x",
    )
