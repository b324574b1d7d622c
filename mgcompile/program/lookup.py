"""See in a `take` whose choices lie at equal distances a look-up in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from mgcompile.program.ir import Access, Affine
from mgcompile.support.op_traits import is_shipped

if TYPE_CHECKING:
    from mgcompile.program.ir import Bundle

__all__ = ["Lookup", "lookup_of"]

FEWEST = 3
"""Choices from which on a table is looked up."""


@frozen
class Lookup:
    """The number of a choice, and the choices, which lie `step` elements apart."""

    index: Access
    first: Access
    step: int
    count: int

    @property
    def choices(self) -> Access:
        """All choices, along one more axis, the last."""
        index = self.first.index
        assert isinstance(index, Affine)  # noqa: S101 - `lookup_of` makes no other
        return Access(self.first.array, Affine(index.offset, (*index.strides, self.step)))


def lookup_of(bundle: Bundle) -> Lookup | None:
    """Return a bundle as a look-up; None for another op, or choices that lie anywhere."""
    if not is_shipped(bundle.op, "take") or bundle.reduced or len(bundle.operands) <= FEWEST:
        return None
    index, *choices = bundle.operands
    maps = [choice.index for choice in choices if isinstance(choice.index, Affine)]
    if len(maps) < len(choices) or len({choice.array for choice in choices}) > 1:
        return None
    step = maps[1].offset - maps[0].offset
    for place, each in enumerate(maps):
        if each != Affine(maps[0].offset + place * step, maps[0].strides):
            return None
    return Lookup(index, choices[0], step, len(choices)) if step else None
