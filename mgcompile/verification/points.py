"""Choose where a kernel is checked: at the recorded point, and at some beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[Any]

__all__ = ["Recorded", "Trial", "moved", "trials"]

_RELATIVE, _ABSOLUTE = 0.125, 0.03125
"""How far a number is moved: relative to it, and one that is 0."""


@attrs.frozen(slots=True, eq=False)
class Recorded:
    """What was recorded: the leaves' numbers, and what the outputs were with them.

    Args:
        inputs: Shape (n_inputs,).
        params: Shape (n_params,).
        roots: Shape (n_outputs,); they may be older than the leaves' numbers.
    """

    inputs: Floats
    params: Floats
    roots: Floats


@attrs.frozen(slots=True, eq=False)
class Trial:
    """One call of an executable: distinct points, repeated to fill a batch.

    Args:
        params: Shape (n_params,).
        points: Shape (m, n_inputs), m distinct samples.
        count: How many samples the batch has: sample i is point `i % m`.
    """

    params: Floats
    points: Floats
    count: int

    def rows(self) -> Floats:
        """Return the batch, shape (count, n_inputs)."""
        return np.ascontiguousarray(self.points[np.arange(self.count) % len(self.points)])

    def weights(self) -> Floats:
        """Return how often each point stands in the batch, shape (m,)."""
        return np.bincount(np.arange(self.count) % len(self.points), minlength=len(self.points))


def trials(recorded: Recorded, dtype: Any, points: int, count: int) -> list[Trial]:
    """Return the calls that a kernel is checked with.

    Args:
        recorded: What was recorded.
        dtype: Of the kernel.
        points: How many points beside the recorded one.
        count: Samples of the batch made of them.
    """
    inputs = recorded.inputs.astype(dtype)[None, :]
    params = recorded.params.astype(dtype)
    found = [Trial(params, inputs, 1)]
    random, others = (np.random.default_rng(seed) for seed in (0x5EED, 0x5EED1))
    if not inputs.size:  # the parameters alone can be moved, all samples with them
        found += [Trial(moved(params, random), inputs, 1) for _ in range(points)]
    elif points:
        beside = np.stack([moved(inputs[0], random) for _ in range(points)])
        found.append(Trial(moved(params, others), beside, max(points, count)))
    return found


def moved(numbers: Floats, random: np.random.Generator) -> Floats:
    """Return numbers somewhat beside others, of the same signs, and no two the same."""
    change = random.uniform(0.25, 1.0, numbers.shape) * np.where(
        random.random(numbers.shape) < 0.5, -1.0, 1.0
    )
    beside = numbers * (1.0 + _RELATIVE * change) + (numbers == 0.0) * _ABSOLUTE * change
    return np.asarray(beside, dtype=numbers.dtype)
