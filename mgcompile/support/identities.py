"""Tell objects apart by numbers, many at a time: what graphs of Python objects are read with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Objects = NDArray[np.object_]

__all__ = ["addresses", "as_array", "distinct", "identities", "positions"]

_SPARSEST = 64
"""Slots of a table for each object up to which it is quicker than to sort."""


def identities(objects: Sequence[object]) -> Numbers:
    """Return a number for each object that no other has: its address, as an object array keeps it.

    The same as `id`, without a Python integer for each.

    Args:
        objects: Kept alive by the caller for as long as the numbers are used.
    """
    return addresses(as_array(objects))


def as_array(objects: Sequence[object]) -> Objects:
    """Return an array of objects, whatever they are."""
    return np.fromiter(objects, dtype=object, count=len(objects))


def addresses(objects: Objects) -> Numbers:
    """Return the identities of what a contiguous array of objects holds, for as long as it does."""
    return np.ndarray(objects.shape, dtype=np.intp, buffer=objects).astype(np.int64, copy=False)


def distinct(identity: Numbers) -> tuple[Numbers, Numbers]:
    """Tell the few objects apart that are met again and again.

    Args:
        identity: Of whatever is met.

    Returns:
        Where each of the few is met first, in this order, and for whatever is met which it is.
    """
    if not len(identity):
        return identity, identity
    slot = (identity - identity.min()) >> (object.__basicsize__.bit_length() - 1)
    slots = int(slot.max()) + 1
    if slots > _SPARSEST * len(identity):
        met: dict[int, int] = {}
        slot = np.array([met.setdefault(x, len(met)) for x in identity.tolist()])
        slots = len(met)
    place = np.arange(len(identity))
    table = np.empty(slots, dtype=np.int64)
    table[slot[::-1]] = place[::-1]  # the first one is written last
    first = np.flatnonzero(table[slot] == place)
    table[slot[first]] = np.arange(len(first))
    return first, table[slot]


def positions(known: Numbers, wanted: Numbers, size: int) -> Numbers:
    """Return where in `known`, whose members are distinct, each of `wanted` is; -1 if it is not.

    Args:
        known: Identities of objects.
        wanted: Identities of objects of these types, in any order.
        size: Bytes that each of the objects takes at least. Two of them lie as far apart, so that
            those in one slot of a table of no wider slots are the same.
    """
    if not len(known):
        return np.full(len(wanted), -1)
    shift, lowest = size.bit_length() - 1, int(known.min())
    slots = ((int(known.max()) - lowest) >> shift) + 1
    if slots <= _SPARSEST * len(known):
        table = np.full(slots + 2, -1, dtype=np.int32 if len(known) < 1 << 31 else np.int64)
        lowest -= 1 << shift  # the first slot and the last one are of what lies outside
        table[(known - lowest) >> shift] = np.arange(len(known))
        return table.take((wanted - lowest) >> shift, mode="clip").astype(np.int64)
    order = np.argsort(known, kind="stable")
    place = np.searchsorted(known[order], wanted)
    found = order.take(place, mode="clip")
    return np.where(known[found] == wanted, found, -1)
