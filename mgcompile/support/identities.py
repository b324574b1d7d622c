"""Tell objects apart by numbers, many at a time: what graphs of Python objects are read with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

__all__ = ["identities", "positions"]

_SPARSEST = 64
"""Slots of a table for each object up to which it is quicker than to sort."""


def identities(objects: Iterable[object], count: int) -> Numbers:
    """Return a number for each object that no other has: its address, as an object array keeps it.

    The same as `id`, without a Python integer for each.

    Args:
        objects: Kept alive by the caller for as long as the numbers are used.
        count: How many there are.
    """
    references = np.fromiter(objects, dtype=object, count=count)
    return np.ndarray(count, dtype=np.intp, buffer=references).astype(np.int64)


def positions(known: Numbers, wanted: Numbers, size: int) -> Numbers:
    """Return where in `known`, whose members are distinct, each of `wanted` is.

    Args:
        known: Identities of one object or more.
        wanted: Identities of some of them, in any order.
        size: Bytes that each of the known objects takes at least. Two of them lie as far apart,
            so that those in one slot of a table of no wider slots are the same.
    """
    shift, lowest = size.bit_length() - 1, int(known.min())
    slots = ((int(known.max()) - lowest) >> shift) + 1
    if slots <= _SPARSEST * len(known):
        table = np.zeros(slots, dtype=np.int32 if len(known) < 1 << 31 else np.int64)
        table[(known - lowest) >> shift] = np.arange(len(known))
        found: Numbers = table[(wanted - lowest) >> shift].astype(np.int64)
    else:
        order = np.argsort(known, kind="stable")
        found = order[np.searchsorted(known[order], wanted)]
    return found
