"""A number that carries how it moves: forward mode through any rule, on any number type.

What an op does to a moving number is the op applied to what it carries, and the op's own partials
times the slopes. So it runs on floats, on Values (then the slopes can be differentiated again) and
on a compiler's symbols alike.
"""

from collections.abc import Callable, Sequence
from typing import Any

from mgcore.errors import RuleError
from mgcore.foreign import with_operators
from mgcore.op import Op
from mgcore.places import rule_place

__all__ = ["slopes_of"]

Slope = Any  # a number of whatever type, or None where nothing moves


@with_operators
class _Moving:
    """A number, and its slope along each of some directions."""

    __slots__ = ("number", "slopes")

    def __init__(self, number: Any, slopes: tuple[Slope, ...]) -> None:
        self.number = number
        self.slopes = slopes

    @staticmethod
    def __mgcore_apply__(op: Op, operands: tuple[Any, ...]) -> "_Moving":
        numbers = [x.number if isinstance(x, _Moving) else x for x in operands]
        out = op(*numbers)
        slopes = [x.slopes for x in operands if isinstance(x, _Moving)]
        count = len(slopes[0])
        moving = {
            i: x.slopes
            for i, x in enumerate(operands)
            if isinstance(x, _Moving) and any(slope is not None for slope in x.slopes)
        }
        partials = _partials(op, out, numbers, list(moving))
        return _Moving(
            out,
            tuple(
                _total([_chained(partials[i], moving[i][k]) for i in moving]) for k in range(count)
            ),
        )


def slopes_of(
    f: Callable[..., Any], numbers: Sequence[Any], places: Sequence[int]
) -> tuple[Any, list[Slope]]:
    """Return what a function gives, and its derivatives to some of its operands.

    Args:
        f: written with operators and ops.
        numbers: its operands, of any number type that takes ops over, or floats.
        places: the operands to differentiate by.

    Returns:
        The result, and a derivative for each of `places`: None for one that is 0 whatever the
        numbers are. All of the number type of the operands.

    Raises:
        RuleError: if the function gives something that does not come from its operands.

    """
    made = [
        _Moving(x, tuple(1.0 if i == place else None for place in places))
        for i, x in enumerate(numbers)
    ]
    out = f(*made)
    if not isinstance(out, _Moving):
        raise RuleError(
            f"{getattr(f, '__name__', 'the function')} returned {type(out).__name__}, which does "
            f"not depend on its operands; it stands in {rule_place(f)}"
        )
    return out.number, list(out.slopes)


def _partials(op: Op, out: Any, numbers: list[Any], wanted: list[int]) -> dict[int, Any]:
    if not wanted:
        return {}
    if not isinstance(op.partials, tuple):
        every = tuple(op.partials(out, *numbers))
        return {i: every[i] for i in wanted}
    return {i: op.partials[i](out, *numbers) for i in wanted}


def _chained(partial: Any, slope: Slope) -> Slope:
    if slope is None:
        return None
    if _is(partial, 0.0) or _is(slope, 0.0):
        return 0.0  # a factor of 0 ends what lies below it
    if _is(partial, 1.0):
        return slope
    if _is(slope, 1.0):
        return partial
    return slope * partial


def _total(terms: list[Slope]) -> Slope:
    total = None
    for term in terms:
        if term is not None:
            total = term if total is None or _is(total, 0.0) else total + term
    return total


def _is(number: Any, value: float) -> bool:
    return type(number) is float and number == value
