"""Find the periods of a list of hashes: what may be loops, the outermost first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

__all__ = ["FEWEST_ITERATIONS", "periodic_spans", "span_of"]

FEWEST_ITERATIONS = 6
_MOST_ANCHORS = 8


def periodic_spans(hashes: Numbers) -> list[tuple[int, int, int]]:
    """Return the spans that are periodic, as `(low, high, period)`, the longest first.

    What occurs least often, but often enough, is of the outermost loop: the distances between its
    places are tried as periods, and then those of what occurs most often.
    """
    _, which, times = np.unique(hashes, return_inverse=True, return_counts=True)
    often = np.flatnonzero(times >= FEWEST_ITERATIONS)
    rarest = often[np.argsort(times[often], kind="stable")].tolist()
    spans: dict[tuple[int, int, int], None] = {}
    for value in rarest[:_MOST_ANCHORS] + rarest[_MOST_ANCHORS:][-1:]:
        places = np.flatnonzero(which == value)
        steps = np.diff(places)
        for period in np.unique(steps)[:_MOST_ANCHORS].tolist():
            begins = places[:-1][steps == period]
            low, high = span_of(hashes, int(begins[len(begins) // 2]), period)
            if high - low >= FEWEST_ITERATIONS * period:
                spans[low, high, period] = None
    return sorted(spans, key=lambda span: (span[0] - span[1], span[2], span[0]))


def span_of(hashes: Numbers, at: int, period: int) -> tuple[int, int]:
    """Return from where to where the hashes around `at` repeat themselves with a period."""
    breaks = np.flatnonzero(hashes[period:] != hashes[:-period])
    place = int(np.searchsorted(breaks, at))
    low = int(breaks[place - 1]) + 1 if place else 0
    high = int(breaks[place]) if place < len(breaks) else len(hashes) - period
    return low, high + period
