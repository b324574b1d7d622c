"""Choose how many samples a tile has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.backends.llvm.codegen.codegen_context import Shape
from mgcompile.backends.llvm.codegen.interleave import TOGETHER
from mgcompile.schedule.fusion import Group, is_heavy
from mgcompile.schedule.weight_gradients import BLOCK

if TYPE_CHECKING:
    from mgcompile.schedule.layout import Layout

__all__ = ["choose_shape"]

CACHE_BYTES = 24 * 1024
"""What a tile's arrays may take so that they stay in the first-level cache."""

PASSING_BYTES = 10 * 1024
"""The same where all is functions and arithmetic: what passes through takes much of the cache."""

MACHINE_BYTES = 2 << 20
"""The same where a tape is run by the machine."""

STREAM_BYTES = 8 * 1024 * 1024
"""What a tile's arrays may take when most of them are passed through once, in order."""

MOST_VECTORS = 16
"""The vectors of samples in a tile, at most: more no longer saves loop overhead."""


def choose_shape(
    layout: Layout, dtype: str, width: int, *, machine: bool = False, unused: int = 0
) -> Shape:
    """Choose the number of samples of a tile: as many as the first-level cache has room for.

    Where the machine for tapes is at work, its cost for each step counts for more than the cache;
    of the tile's elements it never touches those `unused`.
    """
    copied = 0 if layout.in_place else layout.sizes["inputs"]
    elements = max(1, copied + layout.sizes["tile"] - unused)
    worked_on = max(1, elements - layout.streamed)
    item = 8 if dtype == "float64" else 4
    vectors, wide = MOST_VECTORS, any(phase.wide for phase in layout.phases)
    if wide:
        vectors = min(vectors, BLOCK // width)
    least, most_bytes, fewer = 2, CACHE_BYTES, 2
    if machine:
        least, most_bytes = 4, MACHINE_BYTES
    elif not wide and _only_functions(layout):
        least, most_bytes, fewer = TOGETHER, PASSING_BYTES, TOGETHER
    while vectors > least and (
        worked_on * vectors * width * item > most_bytes
        or elements * vectors * width * item > STREAM_BYTES
    ):
        vectors -= fewer
    while wide and BLOCK % (vectors * width):
        vectors -= 2  # a block is made of whole tiles
    return Shape(dtype, width, vectors * width)


def _only_functions(layout: Layout) -> bool:
    """Tell whether tiles go through elementwise loops alone, functions among them."""
    units = [unit for phase in layout.phases for unit in phase.tiled]
    groups = [unit for unit in units if isinstance(unit, Group)]
    return len(groups) == len(units) and any(is_heavy(group) for group in groups)
