"""Measure the partials that kernels compute, in ulps of the exact ones, against mpmath.

A partial that crosses 0 cannot be right to the last bits of itself beside the crossing, unless its
rule knows where that is: there its condition number, |x f''(x) / f'(x)|, says by how much an error
of one rounding on the way is magnified, and stands beside the error.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen

from mgcompile.testing.accuracy import error_in_ulps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mgcore import Op

__all__ = ["PartialMeasurement", "kernel_partials", "worst_partial_error"]

_BITS = 200


@frozen
class PartialMeasurement:
    """Hold the worst error of a partial over some samples.

    Attributes:
        ulps: the error, in ulps of the exact partial.
        condition: the partial's condition number by its own operand, there.
        operands: where it occurred.
        well: the worst error of those points whose condition number is at most 10.
    """

    ulps: float
    condition: float
    operands: tuple[float, ...]
    well: float


def kernel_partials(op: Op, operands: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return an op's partials as a compiled kernel in float64 has them, one row per operand."""
    import mgcompile
    from mgcore import Value

    leaves = [Value(float(x[0])) for x in operands]
    kernel = mgcompile.compile(op(*leaves), inputs=leaves)
    _, gradient = kernel.value_and_grad(list(operands))
    return np.array([np.asarray(each) for each in gradient])


def worst_partial_error(
    partial: NDArray[Any],
    reference: Callable[..., Any],
    operands: Sequence[NDArray[Any]],
    place: int,
) -> PartialMeasurement:
    """Compare one partial with the derivative of the exact function.

    Args:
        partial: what was computed, one number for each point.
        reference: takes mpmath numbers and returns the exact value of the op.
        operands: arrays of the points' coordinates.
        place: by which operand the partial is.

    Returns:
        The largest error; a partial that is infinite or NaN where the exact one is not counts as
        infinite.
    """
    import mpmath

    worst, well = PartialMeasurement(-1.0, 0.0, (), 0.0), 0.0
    for row in zip(*operands, partial, strict=True):
        point, found = tuple(float(x) for x in row[:-1]), float(row[-1])
        with mpmath.workprec(_BITS):
            slope, curvature = _derivatives(reference, point, place)
            error = error_in_ulps(found, slope, partial.dtype)
            condition = abs(point[place] * curvature / slope) if slope else mpmath.inf
        if condition <= 10.0:
            well = max(well, error)
        if not error <= worst.ulps:
            worst = PartialMeasurement(error, float(condition), point, 0.0)
    return PartialMeasurement(worst.ulps, worst.condition, worst.operands, well)


def _derivatives(
    reference: Callable[..., Any], point: tuple[float, ...], place: int
) -> tuple[Any, Any]:
    """Return the first and second derivative by differences in four times the digits."""
    import mpmath

    size = max(abs(math.frexp(x)[1]) for x in point)
    # Far apart exponentials differ by as many bits.
    apart = int(min(3.0 * max(map(abs, point)), 10_000.0)) if size < 12 else 0
    with mpmath.workprec(4 * _BITS + 3 * size + apart):
        at = [mpmath.mpf(x) for x in point]
        x = at[place]
        step = mpmath.ldexp(min(abs(x), 1) or 1, -_BITS)

        def value(shift: int) -> Any:
            moved = [*at[:place], x + shift * step, *at[place + 1 :]]
            return reference(*moved)

        below, here, above = value(-1), value(0), value(1)
        return (above - below) / (2 * step), (above - 2 * here + below) / step**2
