"""Numbers of float32: a rule run on them does what float32 arithmetic makes of it."""

import math
import struct
from typing import Any

from mgcore.errors import MgcoreError, NotGenericError
from mgcore.foreign import with_operators
from mgcore.op import Op
from mgcore.places import is_shipped

__all__ = ["Single", "gives_out", "rounded"]


def rounded(x: float) -> float:
    """Return the float32 number nearest to `x`; an infinity if it is too large for one."""
    try:
        return float(struct.unpack("f", struct.pack("f", x))[0])
    except OverflowError:
        return math.copysign(math.inf, x)


@with_operators
class Single:
    """Hold a float32 number; every op is rounded to one."""

    __slots__ = ("value",)

    def __init__(self, value: float) -> None:
        self.value = rounded(value)

    @staticmethod
    def __mgcore_apply__(op: Op, operands: tuple[Any, ...]) -> "Single":
        numbers = [_number(x) for x in operands]
        if not is_shipped(op):
            try:
                return Single(_number(op.forward(*map(Single, numbers))))
            except NotGenericError:
                pass  # one call of a library, rounded once
        return Single(op(*numbers))

    def __bool__(self) -> bool:
        return self.value != 0.0

    def __eq__(self, other: object) -> bool:
        return self.value == _number(other)

    def __lt__(self, other: object) -> bool:
        return self.value < _number(other)

    def __le__(self, other: object) -> bool:
        return self.value <= _number(other)

    def __gt__(self, other: object) -> bool:
        return self.value > _number(other)

    def __ge__(self, other: object) -> bool:
        return self.value >= _number(other)

    __hash__ = None  # type: ignore[assignment]  # equality is numerical; it is no key


def gives_out(op: Op, xs: tuple[float, ...], i: int | None, right: float, bound: float) -> bool:
    """Tell whether float32 arithmetic by itself fails the op at `xs`.

    Args:
        op: the op.
        xs: operands, float32 numbers.
        i: which partial; None for the result.
        right: what it should give.
        bound: how far from that it may be.

    """
    singles = list(map(Single, xs))
    try:
        out = Single.__mgcore_apply__(op, tuple(singles))
        if i is not None:
            partials = op.partials
            out = (
                partials[i](out, *singles)
                if isinstance(partials, tuple)
                else (list(partials(out, *singles))[i])
            )
    except (MgcoreError, ArithmeticError, ValueError, TypeError, AttributeError):
        return True
    return not abs(_number(out) - right) <= bound


def _number(x: object) -> float:
    return x.value if isinstance(x, Single) else float(x)  # type: ignore[arg-type]  # else a TypeError is right
