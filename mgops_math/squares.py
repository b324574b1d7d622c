"""Squares in two parts, and their exponentials: exp magnifies what rounding a square loses."""

from typing import Any

from mgcore import ops

__all__ = ["exp_of_square", "square_in_parts"]

_PARTS = 128.0  # a multiple of 1/128 below 64 has an exact square, in single precision below 32
_FAR = 64.0  # beyond, the exponential of minus a square is 0


def square_in_parts(x: Any) -> tuple[Any, Any]:
    """Return m**2 and (x - m)(x + m), unitless, of any |x| < 64; of a larger one as of 64.

    m is the multiple of 1/128 nearest to x (Moshier, Cephes): the first part is exact, the second
    small.
    """
    near = ops.minimum(ops.maximum(x, -_FAR), _FAR)
    m = ops.round(near * _PARTS) / _PARTS
    return m * m, (near - m) * (near + m)


def exp_of_square(scale: float, x: Any) -> Any:
    """Return e**(scale x**2), unitless, for a scale of 1, -1 or -1/2 and any x.

    For values alone: an op whose rule it is tells its own partial.
    """
    square, rest = square_in_parts(x)
    return ops.exp(scale * square) * ops.exp(scale * rest)
