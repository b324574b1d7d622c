"""Write sums and dots with elements in the lanes, not samples: neighbouring results, or terms."""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from typing import TYPE_CHECKING

from attrs import evolve

from mgcompile.backends.llvm.codegen.element_lanes import Lanes, laned
from mgcompile.backends.llvm.codegen.horizontal_sum import horizontal
from mgcompile.backends.llvm.codegen.register_tile import RegisterTile, finish, reduce_terms
from mgcompile.backends.llvm.codegen.tile_addresses import Spread
from mgcompile.backends.llvm.codegen.transpose import shuffled
from mgcompile.backends.llvm.ir.vector_type import Kind

if TYPE_CHECKING:
    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.backends.llvm.codegen.tile_addresses import Copy
    from mgcompile.backends.llvm.ir.function_builder import Index, Writer
    from mgcompile.schedule.decisions import ElementSum, SumBlock
    from mgcompile.schedule.ir import Product

__all__ = ["write_element_product"]


def write_element_product(writer: Writer, codegen: CodegenContext, product: Product) -> None:
    """Append the nests that compute a `sum` or `dot`, and what finishes it in registers.

    Args:
        writer: The function.
        codegen: Where the product stands.
        product: The bundle is with or without reduced axes; with `over_batch` its result is added
            to, not set.
    """
    nest = evolve(RegisterTile.of(writer, codegen, product), lanes=Lanes(codegen.scalar, 1))
    chosen = codegen.loops.element_sums[product.bundle.result]
    if chosen.along is not None:
        _write_along(nest, chosen, chosen.along)
        return
    kind = codegen.scalar
    if chosen.across is not None:
        kind = codegen.vector
        nest = _laned(nest, len(codegen.iterations) + chosen.across, operands=True)
    for block in chosen.blocks:
        _write_block(evolve(nest, kind=kind, lanes=Lanes(kind, block.live)), block)


def _write_block(nest: RegisterTile, block: SumBlock) -> None:
    """Append loops over the blocks of every axis, and the sums of a block."""
    copies = tuple(itertools.product(*(range(part.step) for part in block.ranges)))
    nest = evolve(nest, copies=copies, turn=block.turn)
    with ExitStack() as stack:
        for axis, part in enumerate(block.ranges):
            turn = stack.enter_context(
                nest.writer.loop(part.stop, start=part.start, step=part.step)
            )
            nest = nest.entered(axis, part.step, turn.index)
        finish(nest, reduce_terms(nest, 0, nest.first()))


def _laned(nest: RegisterTile, place: int, *, operands: bool) -> RegisterTile:
    """Return the nest with an axis of all that it reads and writes in the lanes."""
    width = nest.codegen.tile.width

    def cut(spread: Spread) -> Spread:
        return Spread({k: laned(each, place, width) for k, each in spread.addresses.items()})

    found = evolve(
        nest,
        start=nest.start and cut(nest.start),
        extra={access: cut(each) for access, each in nest.extra.items()},
        results={array: cut(each) for array, each in nest.results.items()},
    )
    return evolve(found, operands=tuple(map(cut, nest.operands))) if operands else found


def _write_along(nest: RegisterTile, chosen: ElementSum, along: int) -> None:
    """Append nests whose accumulators hold neighbouring terms of a sum."""
    bundle, width, across = nest.bundle, nest.codegen.tile.width, chosen.across
    place = len(nest.codegen.iterations)
    ahead = place + len(bundle.shape) + along
    operands = tuple(
        Spread({k: laned(each, ahead, width) for k, each in spread.addresses.items()})
        for spread in nest.operands
    )
    nest = evolve(nest, operands=operands)
    with ExitStack() as stack:
        for axis, length in enumerate(bundle.shape):
            if axis != across:
                turn = stack.enter_context(nest.writer.loop(length))
                nest = nest.entered(axis, 1, turn.index)
        if across is None:
            _write_rows(nest, None, along, 0, chosen.blocks[0])
            return
        nest = _laned(nest, place + across, operands=False)
        for block in chosen.blocks:
            part = block.ranges[across]
            with nest.writer.loop(part.stop, start=part.start) as turn:
                _write_rows(nest, across, along, turn.index, block)


def _write_rows(
    nest: RegisterTile, across: int | None, along: int, vector: Index, results: SumBlock
) -> None:
    """Append the sums that make a vector of neighbours along an axis."""
    count = results.live
    codegen, writer, bundle = nest.codegen, nest.writer, nest.bundle
    kind, loops = codegen.vector, len(codegen.iterations)
    origin: Copy = (0,) * len(bundle.shape)
    rows: tuple[Copy, ...] = (origin,)
    whole_nest = nest
    if across is not None:
        rows = tuple((*origin[:across], row, *origin[across + 1 :]) for row in range(count))
        first = writer.mul(vector, kind.lanes)
        operands = tuple(s.enter(loops, across, count, first) for s in nest.operands)
        nest = evolve(nest, operands=operands)
        whole_nest = evolve(
            whole_nest,
            start=nest.start and nest.start.enter(loops, across, 1, vector),
            extra={k: each.enter(loops, across, 1, vector) for k, each in nest.extra.items()},
            results={k: each.enter(loops, across, 1, vector) for k, each in nest.results.items()},
        )
    totals = _summed(evolve(nest, copies=rows, kind=kind), along, results)
    size = 1
    while size < count:
        size *= 2
    totals += [kind.literal(0.0)] * (size - count)
    total = horizontal(writer, kind, totals)
    single = count == 1
    lanes = Lanes(codegen.scalar, 1) if single else Lanes(kind, count)
    here = evolve(whole_nest, copies=(origin,), kind=lanes.kind, lanes=lanes)
    block_of = writer.block(kind)
    if not single and size < kind.lanes:
        part = block_of.register(total, Kind(kind.element, size))
        order = [min(lane, size - 1) for lane in range(kind.lanes)]
        total = shuffled(block_of, part, part, order).name
        writer.splice(block_of)
    if here.start is not None:
        block_of = writer.block(lanes.kind)
        (begun,) = here.first()
        total = (block_of.register(begun) + block_of.register(total)).name
        writer.splice(block_of)
    finish(here, [total])


def _summed(nest: RegisterTile, along: int, results: SumBlock) -> list[str]:
    """Append the loops over all terms; return the accumulators."""
    bundle, kind = nest.bundle, nest.codegen.vector
    whole, rest = divmod(bundle.reduced[along], kind.lanes)
    totals = [kind.literal(0.0)] * len(nest.copies)
    place = len(nest.codegen.iterations) + len(bundle.shape) + along
    for blocks, live, turn in (
        (whole, kind.lanes, results.turn),
        (min(rest, 1), rest, results.rest),
    ):
        if not blocks:
            continue
        here = nest
        if live < kind.lanes:
            moved = tuple(spread.fix(place, whole, 0) for spread in nest.operands)
            here = evolve(nest, operands=moved)
        reduced = (*bundle.reduced[:along], blocks, *bundle.reduced[along + 1 :])
        lanes = Lanes(kind, live)
        here = evolve(here, bundle=evolve(bundle, reduced=reduced), lanes=lanes, turn=turn)
        totals = reduce_terms(here, 0, totals)
    return totals
