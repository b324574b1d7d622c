"""Tell rounding from faults: by how much numbers move when every result is perturbed a little.

A kernel sums in another order, multiplies and adds in one step, and has functions of its own, so it
differs from the recorded graph by rounding, by more where the graph magnifies rounding. Most
numbers agree so closely that nothing more is asked. For the others the evaluation is repeated with
every result perturbed by a few rounding errors (Monte Carlo arithmetic, Parker 1997): how far the
result moves says how far rounding may move the kernel's. At a kink that rounding can cross, and
beside an edge of a domain, the repetitions disagree by much, and so nothing is decided there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[Any]

__all__ = ["NOISE", "REPEATS", "Comparison", "agreeing", "judged"]

NOISE = 4
"""The perturbation, in units of the last place."""

REPEATS = 12
_SPREADS = 32
"""So many times the largest move of the repetitions is still rounding."""

_CLOSE = {"float64": 1e-10, "float32": 2e-5}
"""Relative differences up to which numbers agree without further questions."""


@attrs.frozen(slots=True, eq=False)
class Comparison:
    """How numbers of a kernel compare with a reference, each.

    Args:
        wrong: Where they differ by more than rounding.
        undecided: Where no reference says what is right.
    """

    wrong: NDArray[np.bool_]
    undecided: NDArray[np.bool_]


def agreeing(found: Floats, reference: Floats, magnitude: Floats, dtype: str) -> NDArray[np.bool_]:
    """Tell which numbers agree without further questions.

    Args:
        found: What the kernel gave.
        reference: What it should be.
        magnitude: Of what was added up to it, at least its own.
        dtype: Of the kernel.
    """
    with np.errstate(all="ignore"):
        close = np.abs(found - reference) <= _CLOSE[dtype] * magnitude
    same: NDArray[np.bool_] = close | (found == reference) | (np.isnan(found) & np.isnan(reference))
    return same


def judged(
    found: Floats, reference: Floats, magnitude: Floats, repeats: Floats, dtype: str
) -> Comparison:
    """Compare numbers, given what perturbed repetitions made of them.

    Args:
        found: What the kernel gave, shape (m,).
        reference: Evaluated without noise in float64, shape (m,).
        magnitude: Of what was added up to it, at least its own.
        repeats: Evaluated in the kernel's dtype with noise, shape (REPEATS, m).
        dtype: Of the kernel.
    """
    unit = float(np.finfo(dtype).eps)
    tiny = float(np.finfo(dtype).tiny)
    with np.errstate(all="ignore"):
        known = np.isfinite(reference) & np.isfinite(repeats).all(axis=0)
        spread = np.abs(repeats - reference).max(axis=0)
        allowed = _SPREADS * spread + 64 * unit * magnitude + 16 * tiny
        far = ~(np.abs(found - reference) <= allowed)
    same = (found == reference) | (np.isnan(found) & np.isnan(reference))
    return Comparison(wrong=known & far & ~same, undecided=~known & ~same)
