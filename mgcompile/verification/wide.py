"""Ops of any number of operands, evaluated on all their operands at once.

Their rules take operands one by one: a sum of 80,000 terms would be as many additions of arrays.
These say the same of one array, by the formulas that the ops' modules state; a test holds each
to the rule of its op.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mgcompile.verification.numbers import Noise
    from mgcore import Op

    Floats = NDArray[Any]
    Rounded = Callable[[Floats], Floats]

__all__ = ["Wide", "wide_of"]


@attrs.frozen(slots=True)
class Wide:
    """What an op makes of `reads`, its operands: shape (k, operands, lanes).

    Args:
        value: Of the reads, shape (k, lanes).
        partials: Of that value and the reads, to each operand, shape (k, operands, lanes).
    """

    value: Callable[[Floats, Rounded], Floats]
    partials: Callable[[Floats, Floats, Rounded], Floats]

    def forward(self, reads: Floats, noise: Noise | None) -> Floats:
        """Return the results; every step is perturbed if there is noise."""
        return self.value(reads, noise or _exact)

    def locals_(self, out: Floats, reads: Floats, noise: Noise | None) -> Floats:
        """Return the local derivatives; every step is perturbed if there is noise."""
        return self.partials(out, reads, noise or _exact)


def _exact(numbers: Floats) -> Floats:
    return numbers


def wide_of(op: Op) -> Wide | None:
    """Return how an op is evaluated on all operands at once; None for another op than these."""
    found = _WIDE.get(op.name)
    return found if found is not None and getattr(ops, op.name) is op else None


def _sum(reads: Floats, rounded: Rounded) -> Floats:
    return np.asarray(rounded(reads).sum(axis=1))


def _dot(reads: Floats, rounded: Rounded) -> Floats:
    half = reads.shape[1] // 2
    reads = rounded(reads)
    return np.asarray(np.einsum("kal,kal->kl", reads[:, :half], reads[:, half:]))


def _partners(_: Floats, reads: Floats, __: Rounded) -> Floats:
    return np.roll(reads, reads.shape[1] // 2, axis=1)


def _shared(chosen: Callable[..., Any]) -> Callable[[Floats, Floats, Rounded], Floats]:
    """Return the partials of the largest or smallest: an equal share for those that are it."""

    def partials(_: Floats, reads: Floats, rounded: Rounded) -> Floats:
        ties = (reads == chosen(reads, axis=1, keepdims=True)).astype(reads.dtype)
        return rounded(ties / ties.sum(axis=1, keepdims=True))

    return partials


def _logsumexp(reads: Floats, rounded: Rounded) -> Floats:
    largest = reads.argmax(axis=1)[:, None]
    top = np.take_along_axis(reads, largest, axis=1)
    terms = np.exp(reads - top)
    np.put_along_axis(terms, largest, 0.0, axis=1)
    found = np.where(np.isinf(top[:, 0]), top[:, 0], top[:, 0] + np.log1p(terms.sum(axis=1)))
    return rounded(found)


def _softmax(out: Floats, reads: Floats, rounded: Rounded) -> Floats:
    shares = rounded(np.exp(rounded(reads - out[:, None])))
    scale = rounded(1.0 / rounded(shares.sum(axis=1)))
    return rounded(shares * scale[:, None])


_WIDE = {
    "sum": Wide(_sum, lambda _, reads, __: np.ones_like(reads)),
    "dot": Wide(_dot, _partners),
    "max": Wide(lambda reads, _: np.asarray(reads.max(axis=1)), _shared(np.max)),
    "min": Wide(lambda reads, _: np.asarray(reads.min(axis=1)), _shared(np.min)),
    "logsumexp": Wide(_logsumexp, _softmax),
}
"""The largest of numbers is one of them: it has no rounding of its own."""
