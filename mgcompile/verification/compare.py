"""Compare one result of what was built with what the graph gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.verification.tolerance import agreeing, judged

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[Any]

__all__ = ["Mismatch", "Part", "Tally", "compare"]


@attrs.frozen(slots=True, eq=False)
class Part:
    """A result beside what it should be; all of shape (k, samples).

    Args:
        what: What the numbers are.
        found: What was given.
        wanted: What the graph gives, in float64.
        magnitude: Of what was added up to each, at least its own.
        repeats: Gives the perturbed repetitions, shape (repeats, k, samples), when they are needed;
            given True, thorough ones.
    """

    what: str
    found: Floats
    wanted: Floats
    magnitude: Floats
    repeats: Callable[[bool], Floats]


@attrs.frozen(slots=True)
class Mismatch:
    """The first number that is wrong: which one, what was given and what the graph gives."""

    what: str
    found: float
    wanted: float


@attrs.define(slots=True, eq=False)
class Tally:
    """How many numbers were compared, and of how many nothing could be said."""

    compared: int = 0
    undecided: int = 0


def compare(part: Part, dtype: str, tally: Tally) -> Mismatch | None:
    """Return the first number of a part that is wrong, if there is one, and count the numbers."""
    tally.compared += part.found.size
    doubtful = ~agreeing(part.found, part.wanted, part.magnitude, dtype)
    if not doubtful.any():
        return None
    for thorough in (False, True):
        comparison = judged(
            part.found[doubtful],
            part.wanted[doubtful],
            part.magnitude[doubtful],
            part.repeats(thorough)[:, doubtful],
            dtype,
        )
        if not comparison.wrong.any():
            break
    tally.undecided += int(comparison.undecided.sum())
    if not comparison.wrong.any():
        return None
    element, sample = np.argwhere(doubtful)[int(np.flatnonzero(comparison.wrong)[0])].tolist()
    numbers = float(part.found[element, sample]), float(part.wanted[element, sample])
    return Mismatch(f"{part.what} {element}, sample {sample}", *numbers)
