"""Partials that are ops of their own in kernels, because what they are made of would lose digits.

A product that is right itself may have a derivative that cancels; here the derivative is told
beside it. All of it is told as that by the last operand, x: the first, out, is a function of x.
"""

from __future__ import annotations

from typing import Any

from mgcompile.support.internal_op import InternalOp
from mgcore import ops

__all__ = ["SIGMOID_SLOPE", "SLOPES", "TANH_SLOPE"]


def _tanh_slope(out: Any, x: Any) -> Any:
    above = 1.0 + abs(out)
    return ops.exp(-2.0 * abs(x)) * (above * above)


TANH_SLOPE = InternalOp(
    "tanh_slope",
    forward=_tanh_slope,
    partials=(lambda slope, out, x: 0.0, lambda slope, out, x: -2.0 * (out * slope)),  # noqa: ARG005 - all a partial gets
    doc="1 / cosh(x)**2 from tanh(x) and x",
)
"""Beside a tanh of the same operand it costs a few products instead of a second exponential."""

SIGMOID_SLOPE = InternalOp(
    "sigmoid_slope",
    forward=lambda out, x: out * ops.sigmoid(-x),
    partials=(lambda slope, out, x: 0.0, lambda slope, out, x: -(slope * ops.tanh(0.5 * x))),  # noqa: ARG005 - all a partial gets
    doc="sigmoid(x) sigmoid(-x) from sigmoid(x) and x",
)

SLOPES = {
    "tanh": TANH_SLOPE,
    "sigmoid": SIGMOID_SLOPE,
}
"""The partial of a shipped op of one operand, by the op's name."""
