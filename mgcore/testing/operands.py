"""Draw operands from an op's declared domain, with Hypothesis."""

import math
from typing import TYPE_CHECKING

from mgcore.domain import Domain, Interval

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["edge_points", "floats_in"]

# Most ops do what they do near 1; a third of the operands is drawn from farther away.
_REACHES = (8.0, 8.0, 60.0, math.inf)
_MARKS = (0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0)
_TINY = (5e-324, 1e-310, 2.2250738585072014e-308, 1e-160, 1e-20, 1e-8, 1e-3)
_LARGE = (5.0, 7.0, 9.0, 13.0, 19.0, 30.0, 100.0, 710.0, 1e3, 1e6, 1e10, 1e17, 1e100, 1e160, 1e300)


def floats_in(domain: Domain) -> "SearchStrategy[float]":
    """Return a strategy for the finite float64 numbers of `domain`, borders included."""
    from hypothesis import strategies as st

    if domain.whole:
        first = int(domain.intervals[0].low)
        return st.integers(first, first + 6).map(float)
    pieces = [
        _between(max(part.smallest, -reach), min(part.largest, reach))
        for reach in _REACHES
        for part in domain.intervals
        if max(part.smallest, -reach) <= min(part.largest, reach)
    ]
    marks = [x for x in (*_MARKS, *_beside_borders(domain)) if x in domain]
    return st.one_of(*pieces, *([st.sampled_from(marks)] if marks else []))


def edge_points(domain: Domain, robust: Domain | None = None) -> list[float]:
    """Return where rules go wrong that are right elsewhere.

    Args:
        domain: what the operand may be.
        robust: the range at which full marks are promised, if there is one.

    """
    if domain.whole:
        first = domain.intervals[0].low
        return [first, first + 1.0, first + 2.0, first + 5.0]
    points = [s * x for x in (*_TINY, *_LARGE) for s in (1.0, -1.0)]
    points += [0.0, *_MARKS[1:], *_beside_borders(domain)]
    points += _beside_borders(robust) if robust is not None else []
    return [x for x in dict.fromkeys(points) if x in domain]


def _between(low: float, high: float) -> "SearchStrategy[float]":
    from hypothesis import strategies as st

    return st.floats(low, high, allow_nan=False, allow_infinity=False)


def _beside_borders(domain: Domain) -> list[float]:
    found = []
    for part in domain.intervals:
        found += [x for x in (part.low, part.high) if math.isfinite(x)]
        if math.isfinite(part.low):
            found += [math.nextafter(part.low, math.inf), part.low + 1e-3 * _width(part)]
        if math.isfinite(part.high):
            found += [math.nextafter(part.high, -math.inf), part.high - 1e-3 * _width(part)]
    return found


def _width(part: Interval) -> float:
    return min(part.high - part.low, 1.0)
