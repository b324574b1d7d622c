"""Choose how many samples a tile has, and how many tiles are worth a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from mgcompile.program.cost import cost
from mgcompile.program.ir import extent
from mgcompile.schedule.costs import TOGETHER, is_heavy
from mgcompile.schedule.decisions import MOST_TILES, Tile
from mgcompile.schedule.ir import BLOCK, Group
from mgcompile.schedule.live_outs import untouched
from mgcompile.schedule.matrix_product_tiles import sums_of

if TYPE_CHECKING:
    from mgcompile.schedule.ir import LoopProgram

__all__ = ["choose_tile", "tile_of"]

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

MANY_SUMS = 10 / 3
"""Sums over the batch for each element of a tile from which on four vectors of samples pay.

Lanes are added up, and a loop begun, once a tile: a sum takes about three cycles for that, and an
element some three for each vector where a tile has no room in the first-level cache.
"""

CHUNK_FLOPS = 500_000
"""Work of a chunk: some fifty microseconds, about what a thread takes to begin."""

SUM_FLOPS = 1_000
"""The same for each sum over the batch: every chunk has its own, cleared first, added at last."""


def choose_tile(loops: LoopProgram) -> LoopProgram:
    """Choose the number of samples of a tile: as many as the first-level cache has room for."""
    if loops.one_sample:
        return evolve(loops, tile=Tile(loops.dtype, loops.width, 1))
    tile = tile_of(loops)
    return evolve(loops, tile=evolve(tile, chunk=_chunk(loops, tile)))


def _chunk(loops: LoopProgram, tile: Tile) -> int:
    """Return how many tiles a chunk has at least; it depends on no thread, nor do sums then."""
    flops = max(1, cost(loops.program, loops.dtype).per_sample * tile.samples)
    tiles = -(-max(CHUNK_FLOPS, SUM_FLOPS * loops.sizes["sums"]) // flops)
    if any(phase.weight_gradients for phase in loops.phases):
        tiles = max(tiles, BLOCK // tile.samples)
    return min(tiles, MOST_TILES)


def tile_of(loops: LoopProgram) -> Tile:
    """Return the tile of a program whose arrays have places.

    Where the machine for tapes is at work, its cost for each step counts for more than the cache.
    """
    machine, width = bool(loops.interpreted), loops.width
    copied = 0 if loops.in_place else loops.sizes["inputs"]
    elements = max(1, copied + loops.sizes["tile"] - untouched(loops))
    worked_on = max(1, elements - loops.streamed)
    item = 8 if loops.dtype == "float64" else 4
    vectors, wide = MOST_VECTORS, any(phase.weight_gradients for phase in loops.phases)
    if wide:
        vectors = min(vectors, BLOCK // width)
    least, most_bytes, fewer = 2, CACHE_BYTES, 2
    if machine:
        least, most_bytes = 4, MACHINE_BYTES
    elif not wide and _only_functions(loops):
        least, most_bytes, fewer = TOGETHER, PASSING_BYTES, TOGETHER
    elif _lane_sums(loops) > MANY_SUMS * elements:
        least = 4
    while vectors > least and (
        worked_on * vectors * width * item > most_bytes
        or elements * vectors * width * item > STREAM_BYTES
    ):
        vectors -= fewer
    while wide and BLOCK % (vectors * width):
        vectors -= 2  # a block is made of whole tiles
    return Tile(loops.dtype, width, vectors * width)


def _lane_sums(loops: LoopProgram) -> int:
    """Return how many results are sums over the batch with samples in the lanes."""
    bundles = [product.bundle for product, _ in sums_of(loops)]
    return sum(extent(bundle.shape) for bundle in bundles if bundle.over_batch)


def _only_functions(loops: LoopProgram) -> bool:
    """Tell whether tiles go through elementwise loops alone, functions among them."""
    units = [unit for phase in loops.phases for unit in phase.tiled]
    groups = [unit for unit in units if isinstance(unit, Group)]
    return len(groups) == len(units) and any(is_heavy(group) for group in groups)
