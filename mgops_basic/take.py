"""Gather: take(index, x0, x1, ...) is the operand of that number, counted from 0.

The index is a whole number from 0 to n - 1; another is refused by name, and so is a missing one.
Partials: 0 for the index, also at the steps between whole numbers, 1 for the operand taken and 0
for the others. In a kernel, where the index may be data, a wrong index gives NaN.
"""

import math
from typing import Any

from mgcore import Op, ops
from mgcore.errors import ArityError, ChoiceError


def _forward(*operands: Any) -> Any:
    if len(operands) < 2:
        raise ArityError("take gets an index and what it chooses from: take(index, x0, x1, ...)")
    index, *choices = operands
    if type(index) is float:
        return choices[_place(index, len(choices))]
    taken: Any = math.nan
    for place, choice in enumerate(choices):
        taken = ops.select(ops.eq(index, float(place)), choice, taken)
    return taken


def _place(index: float, count: int) -> int:
    if 0.0 <= index < count and index.is_integer():
        return int(index)
    wrong = "is no whole number" if index - index or not index.is_integer() else "is out of range"
    raise ChoiceError(
        f"index {index!r} of take {wrong}: it chooses one of {count} operands, so give a whole "
        f"number from 0 to {count - 1}"
    )


def _partials(_out: Any, index: Any, *choices: Any) -> tuple[Any, ...]:
    return (0.0, *[ops.eq(index, float(place)) for place in range(len(choices))])


take = Op(
    "take",
    forward=_forward,
    partials=_partials,
    domain=("{0, 1, ...}", "(-inf, inf)"),
    doc="x0 if index = 0, x1 if index = 1, ... of take(index, x0, x1, ...)",
)
