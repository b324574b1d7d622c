"""The softmax of several numbers: one op for each of its shares."""

from collections.abc import Iterable
from typing import Any

from mgcore import ops

__all__ = ["softmax"]


def softmax(xs: Iterable[Any]) -> list[Any]:
    """Return ``e**x / (e**x1 + e**x2 + ...)`` for each x of `xs`, without overflow.

    Args:
        xs: numbers, Values or symbols of a compiler, unitless.

    Returns:
        As many shares, between 0 and 1, which add up to 1; one `ops.softmax` is recorded for each.

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]

    """
    listed = list(xs)
    return [ops.softmax(x, *listed) for x in listed]
