"""Functions of lists of numbers that nets are made of, from registered ops alone."""

from collections.abc import Sequence
from math import sqrt
from typing import Any

from mgcore import ops
from mgnn.errors import ShapeError

__all__ = ["attention", "rmsnorm", "softmax"]


def softmax(xs: Sequence[Any]) -> list[Any]:
    """Return exp(x) / (sum of the exp of all) for each x, for numbers of any size.

    As exp(x - logsumexp of all): n + 1 ops of n numbers, which compile to loops. `mgcore.softmax`
    records an op of n operands for each share instead, whose slopes keep their digits where a share
    is close to 1.

    Args:
        xs: at least one number or Value; unitless.

    Returns:
        As many, positive, of sum 1.

    Raises:
        ShapeError: if `xs` is empty.

    """
    if not len(xs):
        raise ShapeError("softmax of nothing; give at least one number")
    shift = ops.logsumexp(*xs)
    return [ops.exp(x - shift) for x in xs]


def rmsnorm(xs: Sequence[Any], eps: float = 1e-5) -> list[Any]:
    """Divide numbers by the root of their mean square (Zhang and Sennrich 2019).

    Args:
        xs: at least one number or Value.
        eps: added to the mean square, so that zeros stay zeros.

    Returns:
        As many numbers, whose mean square is 1 but for `eps`.

    Raises:
        ShapeError: if `xs` is empty.

    """
    if not len(xs):
        raise ShapeError("rmsnorm of nothing; give at least one number")
    scale = (ops.dot(*xs, *xs) / len(xs) + eps) ** -0.5
    return [x * scale for x in xs]


def attention(query: Sequence[Any], keys: Sequence[Any], values: Sequence[Any]) -> list[Any]:
    """Return the mean of `values`, weighted by how well each key fits the query.

    The weights are softmax(query . key / sqrt(d)) (Vaswani et al. 2017, equation 1).

    Args:
        query: d numbers or Values.
        keys: n lists of d, n at least 1.
        values: n lists, all of one length.

    Returns:
        A list of the values' length.

    Raises:
        ShapeError: if lengths do not fit.

    """
    if len(keys) != len(values) or any(len(key) != len(query) for key in keys):
        raise ShapeError(
            f"{len(keys)} keys of {sorted({*map(len, keys)})} numbers and {len(values)} values do "
            f"not fit a query of {len(query)}; give a key of as many numbers for each value"
        )
    weights = softmax([ops.dot(*query, *key) / sqrt(len(query)) for key in keys])
    return [ops.dot(*weights, *column) for column in zip(*values, strict=True)]
