"""Variance of any number of operands, at least one: the mean of (x - mean)**2, as NumPy has it.

That of a sample is n/(n - 1) times as large. In two passes, so that nothing cancels but x - mean
(Chan, Golub and LeVeque, 1983). Partials 2 (x - mean)/n.
"""

from typing import Any

from mgcore import Op, ops
from mgcore.errors import ArityError


def _forward(*xs: Any) -> Any:
    if not xs:
        raise ArityError("var takes at least one operand, but got none")
    middle = ops.mean(*xs)
    return ops.mean(*[(x - middle) * (x - middle) for x in xs])


def _partials(_out: Any, *xs: Any) -> tuple[Any, ...]:
    middle = ops.mean(*xs)
    return tuple((2.0 / len(xs)) * (x - middle) for x in xs)


var = Op("var", _forward, _partials, doc="mean of (x - mean)**2")
