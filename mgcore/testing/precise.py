"""Numbers of high precision: a rule that is generic runs on them as it runs on floats."""

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, TypeAlias

import attrs
import mpmath
from mpmath import mp, mpf

from mgcore.errors import NotGenericError
from mgcore.foreign import with_operators
from mgcore.op import Op
from mgcore.places import is_shipped
from mgcore.testing.references import REFERENCES

__all__ = ["Estimate", "Precise", "derivative", "evaluate", "real"]

Real: TypeAlias = Any  # an mpmath number; mpmath ships no types
Function: TypeAlias = Callable[..., Real]

# Steps are relative to the operand; a second difference cancels 60 digits and leaves 50.
_STEP = mpf(10) ** -30
_DIGITS = 110


@with_operators
class Precise:
    """Hold one mpmath number; ops act on it through their references or their generic rules."""

    __slots__ = ("value",)

    def __init__(self, value: Real) -> None:
        self.value = mpf(value)

    @staticmethod
    def __mgcore_apply__(op: Op, operands: tuple[Any, ...]) -> "Precise":
        reference = REFERENCES.get(op.name)
        if reference is not None and is_shipped(op):
            return Precise(real(reference(*map(_number, operands))))
        return Precise(evaluate(op.forward, [_number(x) for x in operands]))

    def __float__(self) -> float:
        raise NotGenericError("a rule turned its operand into a float, which loses the precision")

    def __bool__(self) -> bool:
        return bool(self.value != 0)

    def __eq__(self, other: object) -> bool:
        return bool(self.value == _number(other))

    def __lt__(self, other: object) -> bool:
        return bool(self.value < _number(other))

    def __le__(self, other: object) -> bool:
        return bool(self.value <= _number(other))

    def __gt__(self, other: object) -> bool:
        return bool(self.value > _number(other))

    def __ge__(self, other: object) -> bool:
        return bool(self.value >= _number(other))

    __hash__ = None  # type: ignore[assignment]  # equality is numerical; it is no key


def evaluate(forward: Callable[..., Any], xs: Sequence[Real]) -> Real:
    """Run a forward rule in the working precision.

    Raises:
        NotGenericError: if the rule works on floats alone.

    """
    try:
        out = forward(*map(Precise, xs))
    except NotGenericError:
        raise
    except (TypeError, AttributeError) as error:
        raise NotGenericError(f"the rule works on floats alone: {error}") from error
    return real(_number(out))


@attrs.frozen
class Estimate:
    """Hold a number and a bound of its error."""

    value: Real
    error: Real


def derivative(
    f: Function, xs: Sequence[float], *by: int, tolerance: float = 0.0, cancels: bool = False
) -> Estimate:
    """Return a partial derivative of f at `xs` by central differences at high precision.

    Args:
        f: a function of mpmath numbers.
        xs: where.
        by: the operands to differentiate by, one or two indices.
        tolerance: the absolute error that does no harm.
        cancels: whether f may lose digits inside, or be pieced together, as a formula does and is,
            and mpmath's functions are not; what more digits and a smaller step change is then
            added to the error.

    Digits are added until the error is below the tolerance or 25 digits of the result, or there
    are 900 of them.

    """
    digits = _DIGITS
    while True:
        found = _difference(f, xs, by, digits + _magnitude(xs))
        if cancels:
            finer = _difference(f, xs, by, digits + _magnitude(xs) + 40, shrink=2)
            found = Estimate(finer.value, finer.error + 4 * abs(finer.value - found.value))
        enough = max(tolerance, abs(found.value) * mpf(10) ** -25)
        if found.value == 0 or found.error <= enough or digits > 900:
            return found
        digits *= 3


def _difference(
    f: Function, xs: Sequence[float], by: tuple[int, ...], digits: int, shrink: int = 1
) -> Estimate:
    with mp.workdps(digits):
        point = [mpf(x) for x in xs]
        steps = [_step(point, i) / shrink for i in by]
        total, values = _moved_sum(f, point, by, steps)
        width = mp.fprod(2 * h for h in steps)
        # A rule may cancel inside, as 0.5*(1 + erf(x)) does: its terms are taken to be of size 1.
        noise = max(mpf(1), *map(abs, values)) * mpf(10) ** (3 - digits) / abs(width)
        # The truncation error of a central difference is of the order of the step squared, but
        # where the slopes on both sides differ it is half of their difference.
        truncation = abs(total / width) * mpf(10) ** -40
        if len(by) == 1:
            truncation += abs(values[0] + values[1] - 2 * f(*point)) / width
        if not all(point[i] for i in by):
            # At 0 no size tells the right step: see how much a half of it changes.
            halves = [h / 2 for h in steps]
            half_total, _ = _moved_sum(f, point, by, halves)
            truncation += 4 * abs(half_total / (width / 2 ** len(by)) - total / width)
        return Estimate(total / width, noise + truncation)


def _moved_sum(
    f: Function, point: Sequence[Real], by: tuple[int, ...], steps: Sequence[Real]
) -> tuple[Real, list[Real]]:
    """Return the signed sum of f at the corners that the steps lead to, and f at each."""
    signs = list(product((1, -1), repeat=len(by)))
    values = []
    for sign in signs:
        moved = list(point)
        for s, i, h in zip(sign, by, steps, strict=True):
            moved[i] += s * h
        values.append(f(*moved))
    return mp.fsum(mp.fprod(s) * v for s, v in zip(signs, values, strict=True)), values


def _number(x: object) -> Real:
    return x.value if isinstance(x, Precise) else mpf(x)


def real(x: Real) -> Real:
    """Return an mpmath result as a real number; ValueError if it is complex."""
    if isinstance(x, mpmath.mpc):
        if x.imag != 0:
            raise ValueError("not a real number")
        return x.real
    return mpf(x)


def _step(point: Sequence[Real], i: int) -> Real:
    # Beside 0 only the other operands tell how near something may happen.
    sizes = [abs(point[i])] if point[i] else [min(abs(x), 1 / abs(x)) for x in point if x]
    return _STEP * min([mpf(1), *sizes])


def _magnitude(xs: Sequence[float]) -> int:
    # A large operand needs its own digits before those of the step.
    largest = max((abs(x) for x in xs), default=1.0)
    return int(math.log10(largest)) if largest > 10 else 0
