"""Domains: the set of real numbers that an operand may be, in interval notation.

``"(0, inf)"``, ``"[-1, 1]"``, ``"(-inf, 0) | (0, inf)"``, ``"[-1/e, inf)"``, ``"(-pi/2, pi/2)"``;
whole numbers from the first on, ``"{0, 1, ...}"``, for an operand that counts: a place or an order.
"""

import math
import re

import attrs

from mgcore.errors import OpDefinitionError

__all__ = ["REALS", "Domain", "Interval", "parse_domain"]

_BOUND = r"\s*([+-]?)\s*(inf|pi|e|\d+\.?\d*(?:e[+-]?\d+)?|\.\d+)\s*(?:/\s*(pi|e|\d+\.?\d*))?\s*"
_INTERVAL = re.compile(rf"\s*([\[(]){_BOUND},{_BOUND}([\])])\s*")
_WHOLE = re.compile(r"\s*\{\s*(-?\d+)\s*,\s*(-?\d+)\s*,\s*\.\.\.\s*\}\s*")
_NAMED = {"inf": math.inf, "pi": math.pi, "e": math.e}


@attrs.frozen
class Interval:
    """Hold the reals from `low` to `high`.

    Args:
        low: the lower border, ``-inf`` for none.
        high: the upper border, ``inf`` for none.
        low_closed: whether `low` belongs to it.
        high_closed: whether `high` belongs to it.

    """

    low: float
    high: float
    low_closed: bool
    high_closed: bool

    def __contains__(self, x: float) -> bool:
        above = self.low <= x if self.low_closed else self.low < x
        below = x <= self.high if self.high_closed else x < self.high
        return above and below

    @property
    def empty(self) -> bool:
        """Tell whether no real number lies in it."""
        if self.low == self.high:
            return not (self.low_closed and self.high_closed and math.isfinite(self.low))
        return self.low > self.high

    @property
    def smallest(self) -> float:
        """Return the smallest finite float64 in it."""
        low = max(self.low, -math.nextafter(math.inf, 0.0))
        return low if low in self else math.nextafter(low, math.inf)

    @property
    def largest(self) -> float:
        """Return the largest finite float64 in it."""
        high = min(self.high, math.nextafter(math.inf, 0.0))
        return high if high in self else math.nextafter(high, -math.inf)


@attrs.frozen
class Domain:
    """Hold a union of intervals, or the whole numbers in them, and the text it was written as."""

    text: str
    intervals: tuple[Interval, ...]
    whole: bool = False

    def __contains__(self, x: float) -> bool:
        return any(x in part for part in self.intervals) and (not self.whole or x % 1.0 == 0.0)

    @property
    def borders(self) -> tuple[float, ...]:
        """Return the finite borders, in the order of the text, each once."""
        ends = [end for part in self.intervals for end in (part.low, part.high)]
        return tuple(dict.fromkeys(end for end in ends if math.isfinite(end)))


REALS = Domain("(-inf, inf)", (Interval(-math.inf, math.inf, False, False),))


def parse_domain(text: str, owner: str = "") -> Domain:
    """Read a domain in interval notation.

    Args:
        text: intervals joined by ``|``; borders are decimal numbers, ``inf``, ``pi``, ``e``, or a
            quotient of two of them. Or two whole numbers, each one more than the last, and dots.
        owner: whose domain it is, for the message, such as "operand 0 of log".

    Raises:
        OpDefinitionError: if the text is no such thing or an interval in it is empty.

    >>> 0.0 in parse_domain("(0, inf)"), 0.0 in parse_domain("[0, inf)")
    (False, True)

    """
    whose = f"the domain of {owner}" if owner else "the domain"
    if not isinstance(text, str):
        raise OpDefinitionError(f'{whose} must be a string such as "(0, inf)", not {text!r}')
    if (found := _WHOLE.fullmatch(text)) is not None and int(found[2]) == int(found[1]) + 1:
        return Domain(text, (Interval(float(found[1]), math.inf, True, False),), whole=True)
    parts = []
    for piece in text.split("|"):
        match = _INTERVAL.fullmatch(piece)
        if match is None:
            raise OpDefinitionError(
                f"{whose} is {text!r}, and {piece.strip()!r} is no interval; write for example "
                '"(0, inf)", "[-1, 1]", "(-inf, 0) | (0, inf)" or "{0, 1, ...}"'
            )
        opening, s1, n1, d1, s2, n2, d2, closing = match.groups()
        low, high = _number(s1, n1, d1), _number(s2, n2, d2)
        part = Interval(low, high, opening == "[", closing == "]")
        if part.empty:
            raise OpDefinitionError(
                f"{whose} is {text!r}, but no number lies in {piece.strip()!r}; write the smaller "
                "border first, and closed brackets for a single number"
            )
        parts.append(part)
    return Domain(text, tuple(parts))


def _number(sign: str, numerator: str, divisor: str | None) -> float:
    def value(word: str) -> float:
        return _NAMED[word] if word in _NAMED else float(word)

    size = value(numerator) / (value(divisor) if divisor else 1.0)
    return -size if sign == "-" else size
