"""Write sums and dots whose elements, not samples, are in the lanes.

Either neighbouring results are, each with an accumulator of its own; or neighbouring terms of a
sum, whose accumulator's lanes are added up at the end: for some neighbouring results at once.
"""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from mgcompile.backends.llvm.codegen.element_lanes import (
    Lanes,
    fetch_cost,
    laned,
    put_cost,
)
from mgcompile.backends.llvm.codegen.elementwise import outside_reads
from mgcompile.backends.llvm.codegen.horizontal_sum import horizontal
from mgcompile.backends.llvm.codegen.register_tile import RegisterTile, finish, reduce_terms
from mgcompile.backends.llvm.codegen.tile_addresses import Spread
from mgcompile.backends.llvm.codegen.transpose import shuffled
from mgcompile.backends.llvm.ir.vector_type import Kind
from mgcompile.program.ir import extent
from mgcompile.schedule.register_blocking import Range, even

if TYPE_CHECKING:
    from collections.abc import Callable

    from mgcompile.backends.llvm.codegen.codegen_context import Address, CodegenContext
    from mgcompile.backends.llvm.codegen.tile_addresses import Copy
    from mgcompile.backends.llvm.ir.function_builder import Index, Writer
    from mgcompile.schedule.ir import Product

__all__ = ["write_element_reduction"]

MOST_SUMS = 8
"""Accumulators of a block: enough that no addition waits for the one before."""

LANES_ADDED = 3.0
"""Instructions, about, to add up the lanes of one of eight vectors."""


@frozen
class _Plan:
    """What is in the lanes: results along the axis `across`, or terms along the reduced `along`.

    With `along`, the sums of a block are neighbours on the axis `across`; None: each is alone.
    `beside` is an axis of which several points are worked on at once.
    """

    across: int | None
    along: int | None = None
    beside: int | None = None


def write_element_reduction(writer: Writer, codegen: CodegenContext, product: Product) -> None:
    """Append the nests that compute a `sum` or `dot`, and what finishes it in registers.

    Args:
        writer: The function.
        codegen: Where the product stands.
        product: The bundle is with or without reduced axes; with `over_batch` its result is added
            to, not set.
    """
    nest = _nest(writer, codegen, product)
    plan = _plan(nest)
    if plan.along is not None:
        _write_along(nest, plan.across, plan.along)
    elif plan.across is not None:
        _write_across(nest, plan.across, plan.beside)
    else:
        _write_alone(nest)


def _nest(writer: Writer, codegen: CodegenContext, product: Product) -> RegisterTile:
    """Return the nest before any axis is entered, with one number as its accumulator."""
    bundle, group, start = product.bundle, product.group, product.start
    origin: Copy = (0,) * len(bundle.shape)
    made = [bundle.result] if group is None else [bundle.result, *group.results]
    reads = {} if group is None else outside_reads(writer, codegen, group, set(made))
    base = "partial" if bundle.over_batch else ""
    return RegisterTile(
        writer=writer,
        codegen=codegen,
        bundle=bundle,
        group=group,
        start=None if start is None else Spread({origin: codegen.address(writer, start)}),
        copies=(origin,),
        vectors=0,
        kind=codegen.scalar,
        operands=tuple(Spread({origin: codegen.address(writer, a)}) for a in bundle.operands),
        extra={access: Spread({origin: address}) for access, address in reads.items()},
        results={
            array: Spread({origin: codegen.result(writer, array, bundle.shape, base)})
            for array in made
            if codegen.stored(array)
        },
        lanes=Lanes(codegen.scalar, 1),
    )


def _write_alone(nest: RegisterTile) -> None:
    """Append nests with one number as an accumulator, a few of them at once."""
    shape = nest.bundle.shape
    last = len(shape) - 1
    choices = [
        even(length, 4) if axis == last else (Range(0, length, 1),)
        for axis, length in enumerate(shape)
    ]
    for ranges in itertools.product(*choices):
        _write_ranges(nest, ranges, lambda here: finish(here, reduce_terms(here, 0, here.first())))


def _write_across(nest: RegisterTile, across: int, beside: int | None) -> None:
    """Append nests whose accumulators hold neighbours along the axis `across`."""
    bundle, codegen = nest.bundle, nest.codegen
    width, place = codegen.tile.width, len(codegen.iterations) + across
    whole, rest = divmod(bundle.shape[across], width)
    cut = _laned(nest, place, operands=True)
    most = 1 if whole == 1 else 2
    for blocks, live in ((even(whole, most) if whole else (), width), (None, rest)):
        if not live:
            continue
        if blocks is None:
            blocks, most = (Range(whole, whole + 1, 1),), 1
        choices = []
        for axis, length in enumerate(bundle.shape):
            if axis == across:
                choices.append(blocks)
            elif axis == beside:
                choices.append(even(length, MOST_SUMS // most))
            else:
                choices.append((Range(0, length, 1),))
        here = evolve(cut, kind=codegen.vector, lanes=Lanes(codegen.vector, live))
        for ranges in itertools.product(*choices):
            _write_ranges(
                here, ranges, lambda nest: finish(nest, reduce_terms(nest, 0, nest.first()))
            )


def _write_ranges(
    nest: RegisterTile, ranges: tuple[Range, ...], finished: Callable[[RegisterTile], None]
) -> None:
    """Append loops over the blocks of every axis; `finished` writes what is in them."""
    nest = evolve(nest, copies=tuple(itertools.product(*(range(part.step) for part in ranges))))
    with ExitStack() as stack:
        for axis, part in enumerate(ranges):
            turn = stack.enter_context(
                nest.writer.loop(part.stop, start=part.start, step=part.step)
            )
            nest = nest.entered(axis, part.step, turn.index)
        finished(nest)


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


def _write_along(nest: RegisterTile, across: int | None, along: int) -> None:
    """Append nests whose accumulators hold neighbouring terms of a sum."""
    bundle, width = nest.bundle, nest.codegen.tile.width
    place = len(nest.codegen.iterations)
    ahead = place + len(bundle.shape) + along
    operands = tuple(
        Spread({k: laned(each, ahead, width) for k, each in spread.addresses.items()})
        for spread in nest.operands
    )
    nest = evolve(nest, operands=operands)
    others = [axis for axis in range(len(bundle.shape)) if axis != across]
    with ExitStack() as stack:
        for axis in others:
            turn = stack.enter_context(nest.writer.loop(bundle.shape[axis]))
            nest = nest.entered(axis, 1, turn.index)
        if across is None:
            _write_rows(nest, None, along, 0, 1)
            return
        nest = _laned(nest, place + across, operands=False)
        whole, rest = divmod(bundle.shape[across], width)
        if whole:
            with nest.writer.loop(whole) as turn:
                _write_rows(nest, across, along, turn.index, width)
        if rest:
            _write_rows(nest, across, along, whole, rest)


def _write_rows(
    nest: RegisterTile, across: int | None, along: int, block: Index, count: int
) -> None:
    """Append `count` sums that are neighbours along an axis, from a block of lanes on."""
    codegen, writer, bundle = nest.codegen, nest.writer, nest.bundle
    kind, loops = codegen.vector, len(codegen.iterations)
    origin: Copy = (0,) * len(bundle.shape)
    rows: tuple[Copy, ...] = (origin,)
    whole_nest = nest
    if across is not None:
        rows = tuple(
            (*origin[:across], row, *origin[across + 1 :]) for row in range(count)
        )
        first = writer.mul(block, kind.lanes)
        operands = tuple(s.enter(loops, across, count, first) for s in nest.operands)
        nest = evolve(nest, operands=operands)
        whole_nest = evolve(
            whole_nest,
            start=nest.start and nest.start.enter(loops, across, 1, block),
            extra={k: each.enter(loops, across, 1, block) for k, each in nest.extra.items()},
            results={k: each.enter(loops, across, 1, block) for k, each in nest.results.items()},
        )
    totals = _summed(evolve(nest, copies=rows, kind=kind), along)
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


def _summed(nest: RegisterTile, along: int) -> list[str]:
    """Append the loops over all terms; return the accumulators."""
    bundle, kind = nest.bundle, nest.codegen.vector
    whole, rest = divmod(bundle.reduced[along], kind.lanes)
    totals = [kind.literal(0.0)] * len(nest.copies)
    place = len(nest.codegen.iterations) + len(bundle.shape) + along
    for blocks, live in ((whole, kind.lanes), (min(rest, 1), rest)):
        if not blocks:
            continue
        here = nest
        if live < kind.lanes:
            moved = tuple(spread.fix(place, whole, 0) for spread in nest.operands)
            here = evolve(nest, operands=moved)
        reduced = (*bundle.reduced[:along], blocks, *bundle.reduced[along + 1 :])
        here = evolve(here, bundle=evolve(bundle, reduced=reduced), lanes=Lanes(kind, live))
        totals = reduce_terms(here, 0, totals)
    return totals


def _plan(nest: RegisterTile) -> _Plan:
    """Choose what is in the lanes: whatever takes the fewest instructions, about."""
    bundle, width = nest.bundle, nest.codegen.tile.width
    shape, reduced, loops = bundle.shape, bundle.reduced, len(nest.codegen.iterations)
    results, terms = extent(shape), extent(reduced)
    origin: Copy = (0,) * len(shape)
    reads = [spread.at(origin) for spread in nest.operands]
    writes = [spread.at(origin) for spread in nest.results.values()]
    best, least = _Plan(None), results * terms * (1.0 + 0.7 * len(reads)) + results
    for across, length in enumerate(shape):
        if length == 1:
            continue
        beside = _beside(shape, reads, across, loops)
        cost = 0.0
        for count, live in _blocks(length, width):
            loads = 0.0
            for address in reads:
                stays = beside is not None and not address.moves(loops + beside)
                several = min(shape[beside], 4) if beside is not None and stays else 1
                twice = 2 if not address.moves(loops + across) and count > 1 else 1
                loads += fetch_cost(*_moves(address, loops + across), live) / several / twice
            stores = sum(put_cost(*_moves(a, loops + across), live) for a in writes)
            cost += count * (terms * (1.0 + loads) + stores)
        cost *= results // length
        if cost < least:
            best, least = _Plan(across, beside=beside), cost
    for along, length in enumerate(reduced):
        if length < 3:
            continue
        place = loops + len(shape) + along
        for across in (None, *(axis for axis, size in enumerate(shape) if size > 1)):
            size = 1 if across is None else shape[across]
            rows = min(size, width)
            cost = 0.0
            for count, live in _blocks(length, width):
                loads = sum(
                    fetch_cost(*_moves(address, place), live)
                    / (rows if across is not None and not address.moves(loops + across) else 1)
                    for address in reads
                )
                cost += count * (terms // length) * (1.0 + loads)
            alone = 8.0 if rows < 3 else LANES_ADDED
            stored = sum(
                put_cost(*_moves(a, loops + across), rows) / rows for a in writes
            ) if across is not None else float(len(writes))
            cost = results * (cost + alone + stored)
            if cost < least:
                best, least = _Plan(across, along), cost
    return best


def _blocks(length: int, width: int) -> list[tuple[int, int]]:
    """Return how many vectors an axis takes, and of how many lanes in use each is."""
    whole, rest = divmod(length, width)
    return [pair for pair in ((whole, width), (1, rest)) if all(pair)]


def _beside(
    shape: tuple[int, ...], reads: list[Address], across: int, loops: int
) -> int | None:
    """Return the axis of which several points read the most in common."""
    found, most = None, -1
    for axis, length in enumerate(shape):
        if axis != across and length > 1:
            shared = sum(not address.moves(loops + axis) for address in reads)
            if shared >= most:
                found, most = axis, shared
    return found


def _moves(address: Address, place: int) -> tuple[int, int]:
    return address.strides[place], address.steps[place] if address.steps else 0
