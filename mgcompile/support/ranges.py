"""Bound numbers without computing them: between what they lie, and whether they are finite.

An interval analysis of one pass: leaves are any finite numbers. It tells where a factor of the
chain rule can be infinite or NaN, so that only there a factor of 0 beside it has to be looked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import IntEnum

import attrs

__all__ = [
    "FINITE",
    "UNKNOWN",
    "Doubt",
    "Range",
    "Rule",
    "ends_below",
    "joined",
    "of_number",
    "widened",
]

TINY = 5e-324
"""The lower bound of what is positive, but may be as small as you like."""

SAFE = 1e-150
"""What is at least so large is not 0, not even after a few more roundings."""

_BIG = 1e150
"""The square of what is no larger is finite."""

_LARGEST_EXPONENT = 80.0
"""e to the power of it is finite in float32 too."""


class Doubt(IntEnum):
    """How a number may come to be no finite one."""

    NONE = 0
    HUGE = 1
    """A product or power of numbers that may be huge: it may overflow, but only where they are."""
    FAR = 2
    """It grows or vanishes exponentially: it may overflow, or be divided by when it is 0."""
    EDGE = 3
    """It may be at the edge of a domain: log(0), 1 / 0."""


@attrs.frozen(slots=True)
class Range:
    """Numbers from `low` to `high`, which are finite but for the doubt."""

    low: float = -math.inf
    high: float = math.inf
    doubt: Doubt = Doubt.NONE

    @property
    def finite(self) -> bool:
        """Whether there is no doubt, huge operands aside."""
        return self.doubt <= Doubt.HUGE

    @property
    def huge(self) -> bool:
        """Whether some of them are so large that a product may overflow."""
        return max(-self.low, self.high) > _BIG

    @property
    def nonzero(self) -> bool:
        """Whether 0 is far from all of them."""
        return self.low >= SAFE or self.high <= -SAFE


FINITE = Range()
UNKNOWN = Range(doubt=Doubt.EDGE)


def of_number(x: float) -> Range:
    """Return the range of one number."""
    return Range(x, x) if math.isfinite(x) else UNKNOWN


def ends_below(above: Range, below: Range) -> bool:
    """Tell whether the convention for zeros has to be seen to in a product of the chain rule.

    Args:
        above: The range of the factor nearer to the output, below which nothing counts where it is
            exactly 0.
        below: That of the other factor.
    """
    return below.doubt is not Doubt.NONE and not above.nonzero


def joined(*ranges: Range) -> Range:
    """Return a range that holds all of these."""
    return Range(
        min(r.low for r in ranges),
        max(r.high for r in ranges),
        max(r.doubt for r in ranges),
    )


def widened(before: Range, after: Range) -> Range:
    """Return a range for what was `before` and, an iteration later, is in `after` too.

    A bound that moves goes to where it cannot move any more but once, so that this ends.
    """
    low = before.low
    if after.low < low:
        low = next((x for x in (TINY, 0.0) if low > x and after.low >= x), -math.inf)
    high = before.high if after.high <= before.high else math.inf
    return Range(low, high, max(before.doubt, after.doubt))


Rule = Callable[..., Range]
"""From the ranges of operands to that of the result."""


def _made(low: float, high: float, *operands: Range, doubt: Doubt = Doubt.NONE) -> Range:
    if not low < math.inf or not high > -math.inf:
        return UNKNOWN  # a constant overflows
    return Range(low, high, max((doubt, *(x.doubt for x in operands))))


# What ops make of ranges


def add(*terms: Range) -> Range:
    """Return the range of a sum."""
    return _made(sum(t.low for t in terms), sum(t.high for t in terms), *terms)


def neg(x: Range) -> Range:
    """Return the range of the opposite."""
    return attrs.evolve(x, low=-x.high, high=-x.low)


def sub(x: Range, y: Range) -> Range:
    """Return the range of a difference."""
    return add(x, neg(y))


def mul(x: Range, y: Range) -> Range:
    """Return the range of a product."""
    corners = [_times(a, b) for a in (x.low, x.high) for b in (y.low, y.high)]
    low, high = min(corners), max(corners)
    if low <= 0.0 and _is_positive(x, y):
        low = TINY  # underflow aside
    return _made(low, high, x, y, doubt=Doubt.HUGE if x.huge and y.huge else Doubt.NONE)


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0.0 or b == 0.0 else a * b


def _is_positive(x: Range, y: Range) -> bool:
    return (x.low > 0.0 and y.low > 0.0) or (x.high < 0.0 and y.high < 0.0)


def square(x: Range) -> Range:
    """Return the range of x times itself."""
    found = mul(x, x)
    return _made(max(found.low, 0.0), found.high, x, doubt=found.doubt)


def dot(*factors: Range) -> Range:
    """Return the range of a sum of products, of the first half with the second."""
    half = len(factors) // 2
    return add(*map(mul, factors[:half], factors[half:]))


def div(x: Range, y: Range) -> Range:
    """Return the range of a quotient."""
    if y.low <= 0.0 <= y.high:
        return _made(-math.inf, math.inf, x, y, doubt=Doubt.EDGE)
    doubt = Doubt.NONE if y.nonzero else Doubt.FAR
    low, high = sorted((_reciprocal(y.low), _reciprocal(y.high)))
    found = mul(x, Range(low, high))
    return _made(found.low, found.high, x, y, doubt=doubt)


def reciprocal(x: Range) -> Range:
    """Return the range of 1 / x."""
    return div(of_number(1.0), x)


def _reciprocal(a: float) -> float:
    return math.copysign(TINY, a) if math.isinf(a) else 1.0 / a


def magnitude(x: Range) -> Range:
    """Return the range of the absolute value."""
    if x.low >= 0.0:
        return x
    return _made(max(0.0, -x.high), max(-x.low, x.high), x)


def whole(x: Range) -> Range:
    """Return the range of x rounded to a whole number, down, up or to the nearest."""
    return _made(x.low - 1.0, x.high + 1.0, x)


def copysign(x: Range, y: Range) -> Range:
    """Return the range of |x| with the sign of y."""
    high = magnitude(x).high
    return _made(-high, high, x, y)


def hypot(x: Range, y: Range) -> Range:
    """Return the range of sqrt(x**2 + y**2)."""
    x, y = magnitude(x), magnitude(y)
    return _made(max(x.low, y.low), x.high + y.high, x, y)


def scaled(factor: float) -> Rule:
    """Return the rule of a multiplication by a number."""
    return lambda x: mul(of_number(factor), x)


def maximum(x: Range, y: Range) -> Range:
    """Return the range of the larger one."""
    return _made(max(x.low, y.low), max(x.high, y.high), x, y)


def minimum(x: Range, y: Range) -> Range:
    """Return the range of the smaller one."""
    return _made(min(x.low, y.low), min(x.high, y.high), x, y)


def largest(*xs: Range) -> Range:
    """Return the range of the largest of some numbers."""
    return _made(max(x.low for x in xs), max(x.high for x in xs), *xs)


def smallest(*xs: Range) -> Range:
    """Return the range of the smallest of some numbers."""
    return _made(min(x.low for x in xs), min(x.high for x in xs), *xs)


def exp(x: Range) -> Range:
    """Return the range of e**x."""
    far = Doubt.FAR if x.high > _LARGEST_EXPONENT else Doubt.NONE
    low = max(TINY, math.exp(x.low)) if x.low < _LARGEST_EXPONENT else 1.0
    high = math.inf if far else math.exp(x.high)
    return _made(low, high, x, doubt=far)


def exp2(x: Range) -> Range:
    """Return the range of 2**x."""
    return exp(mul(x, of_number(math.log(2.0))))


def expm1(x: Range) -> Range:
    """Return the range of e**x - 1."""
    return sub(exp(x), of_number(1.0))


def log(x: Range) -> Range:
    """Return the range of the natural logarithm."""
    if x.low <= 0.0:
        return _made(-math.inf, _log(x.high), x, doubt=Doubt.EDGE)
    return _made(_log(x.low), _log(x.high), x, doubt=Doubt.NONE if x.nonzero else Doubt.FAR)


def log1p(x: Range) -> Range:
    """Return the range of log(1 + x)."""
    return log(add(x, of_number(1.0)))


def logarithm(base: float) -> Rule:
    """Return the rule of the logarithm to a base."""

    def rule(x: Range) -> Range:
        return mul(log(x), of_number(1.0 / math.log(base)))

    return rule


def _log(a: float) -> float:
    return math.inf if math.isinf(a) or a <= 0.0 else math.log(a)


def sqrt(x: Range) -> Range:
    """Return the range of the square root."""
    if x.low < 0.0:
        return _made(0.0, math.inf, x, doubt=Doubt.EDGE)
    return _made(math.sqrt(x.low), math.sqrt(x.high), x)


def rsqrt(x: Range) -> Range:
    """Return the range of 1 / sqrt(x)."""
    return reciprocal(sqrt(x))


def cbrt(x: Range) -> Range:
    """Return the range of the cube root."""
    return _made(math.cbrt(x.low), math.cbrt(x.high), x)


def power(x: Range, y: Range) -> Range:
    """Return the range of x**y."""
    if y.low == y.high and y.finite:
        return _constant_power(x, y.low)
    if x.low > 0.0:
        return _made(TINY, math.inf, x, y, doubt=Doubt.FAR)
    return _made(-math.inf, math.inf, x, y, doubt=Doubt.EDGE)


def _constant_power(x: Range, y: float) -> Range:
    if y == 0.0:
        return Range(1.0, 1.0)
    if y < 0.0:
        return div(Range(1.0, 1.0), _constant_power(x, -y))
    whole, odd = y.is_integer(), y % 2.0 == 1.0
    if not whole and x.low < 0.0:
        return _made(0.0, math.inf, x, doubt=Doubt.EDGE)
    if whole and not odd:
        x = magnitude(x)
    doubt = Doubt.HUGE if x.huge and y > 1.0 else Doubt.NONE
    return _made(_power(x.low, y), _power(x.high, y), x, doubt=doubt)


def _power(a: float, y: float) -> float:
    try:
        found = a**y
    except OverflowError:
        return math.copysign(math.inf, a)
    return TINY if found == 0.0 < a else found


def select(_condition: Range, x: Range, y: Range) -> Range:
    """Return the range of one of two."""
    return joined(x, y)


def within(low: float, high: float) -> Rule:
    """Return the rule of a bounded function; an infinite operand leaves it in its bounds."""

    def rule(*operands: Range) -> Range:
        edge = any(x.doubt is Doubt.EDGE for x in operands)
        return Range(low, high, Doubt.EDGE if edge else Doubt.NONE)

    return rule


def truth(*_operands: Range) -> Range:
    """Return the range of a comparison, which is a number whatever it compares."""
    return Range(0.0, 1.0)


def any_finite(x: Range) -> Range:
    """Return the range of a function of which nothing is known but that finite stays finite."""
    return _made(-math.inf, math.inf, x)


def in_domain(first: float, last: float, low: float, high: float) -> Rule:
    """Return the rule of a function from `first` to `last`, there between `low` and `high`."""

    def rule(x: Range) -> Range:
        if x.low < first or x.high > last:
            return _made(-math.inf, math.inf, x, doubt=Doubt.EDGE)
        return _made(low, high, x)

    return rule


def sinh(x: Range) -> Range:
    """Return the range of the hyperbolic sine."""
    far = Doubt.FAR if max(-x.low, x.high) > _LARGEST_EXPONENT else Doubt.NONE
    return _made(_sinh(x.low), _sinh(x.high), x, doubt=far)


def cosh(x: Range) -> Range:
    """Return the range of the hyperbolic cosine."""
    size = magnitude(x)
    far = Doubt.FAR if size.high > _LARGEST_EXPONENT else Doubt.NONE
    return _made(1.0, math.inf if far else math.cosh(size.high), x, doubt=far)


def _sinh(a: float) -> float:
    return math.sinh(a) if abs(a) <= _LARGEST_EXPONENT else math.copysign(math.inf, a)


def asinh(x: Range) -> Range:
    """Return the range of the inverse hyperbolic sine."""
    return _made(math.asinh(x.low), math.asinh(x.high), x)


def periodic(x: Range) -> Range:
    """Return the range of sine and cosine, which are NaN for an infinite operand."""
    return _made(-1.0, 1.0, x)


def rising(lowest: float) -> Rule:
    """Return the rule of a function that rises from `lowest`, below x where x is positive."""

    def rule(x: Range) -> Range:
        return _made(max(lowest, min(x.low, 0.0)), max(x.high, 0.0), x)

    return rule


def selu(x: Range) -> Range:
    """Return the range of the scaled exponential unit."""
    return _made(max(-1.76, 1.76 * min(x.low, 0.0)), 1.06 * max(x.high, 0.0), x)


def logsigmoid(x: Range) -> Range:
    """Return the range of log(1 / (1 + e**-x))."""
    return neg(softplus(neg(x)))


def relu(x: Range) -> Range:
    """Return the range of max(x, 0)."""
    return _made(max(x.low, 0.0), max(x.high, 0.0), x)


def leaky_relu(x: Range) -> Range:
    """Return the range of x where it is positive, else of 0.01 x."""
    low, high = (a if a > 0.0 else 0.01 * a for a in (x.low, x.high))
    return _made(low, high, x)


def softplus(x: Range) -> Range:
    """Return the range of log(1 + e**x)."""
    return _made(max(x.low, TINY), max(x.high, 0.0) + math.log(2.0), x)


def logsumexp(*xs: Range) -> Range:
    """Return the range of log(e**x1 + e**x2 + ...), of which there may be many."""
    return _made(max(x.low for x in xs), math.inf, *xs)
