"""Polynomial at x, by Horner's rule: polyval(x, c1, ..., cn) = c1 x**(n-1) + ... + cn.

Coefficients of the highest power first, as in NumPy; without any it is 0. Partials: the derivative
of the polynomial by x, and a power of x for each coefficient.
"""

from typing import Any

from mgcore import Op, ops
from mgcore.errors import ArityError


def _forward(*operands: Any) -> Any:
    if not operands:
        raise ArityError("polyval takes x and the coefficients, but got no operand")
    x, *coefficients = operands
    total: Any = coefficients[0] if coefficients else 0.0
    for c in coefficients[1:]:
        total = total * x + c
    return total


def _partials(_out: Any, x: Any, *coefficients: Any) -> tuple[Any, ...]:
    degree = len(coefficients) - 1
    slopes = [float(degree - i) * c for i, c in enumerate(coefficients[:-1])]
    powers: list[Any] = [1.0]
    while len(powers) <= degree:
        powers.append(powers[-1] * x)
    return (ops.polyval(x, *slopes) if slopes else 0.0, *reversed(powers[: degree + 1]))


polyval = Op(
    "polyval", _forward, _partials, doc="c1*x**(n-1) + ... + cn of polyval(x, c1, ..., cn)"
)
