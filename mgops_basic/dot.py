"""Dot product of two vectors given one after the other: dot(*w, *x) = w1 x1 + w2 x2 + ...

The number of operands is even: the first half times the second half. The partial with respect to
an operand is its partner in the other half.
"""

import builtins
import operator
from typing import Any

from mgcore import Op
from mgcore.errors import ArityError


def _forward(*operands: Any) -> Any:
    half = len(operands) // 2
    if 2 * half != len(operands):
        raise ArityError(
            f"dot takes two vectors of one length, dot(*w, *x), but got {len(operands)} operands"
        )
    # `map` ends with the second half, so that the first need not be cut out.
    return builtins.sum(map(operator.mul, operands, operands[half:]))


def _partials(_out: Any, *operands: Any) -> tuple[Any, ...]:
    half = len(operands) // 2
    return operands[half:] + operands[:half]


dot = Op("dot", _forward, _partials, symbol="dot", doc="w1*x1 + w2*x2 + ... of dot(*w, *x)")
