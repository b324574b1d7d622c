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
from mgcompile.backends.llvm.codegen.horizontal_sum import horizontal
from mgcompile.backends.llvm.codegen.register_tile import RegisterTile, finish, reduce_terms
from mgcompile.backends.llvm.codegen.tile_addresses import Spread
from mgcompile.backends.llvm.codegen.transpose import shuffled
from mgcompile.backends.llvm.ir.vector_type import Kind
from mgcompile.program.ir import extent
from mgcompile.schedule.ir import Range
from mgcompile.schedule.register_blocking import even, turn_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mgcompile.backends.llvm.codegen.codegen_context import Address, CodegenContext
    from mgcompile.backends.llvm.codegen.tile_addresses import Copy
    from mgcompile.backends.llvm.ir.function_builder import Index, Writer
    from mgcompile.schedule.ir import Product

__all__ = ["write_element_reduction"]

MOST_SUMS = 8
"""Accumulators of a block: enough that no addition waits for the one before."""

FEW_TERMS = 3
"""Terms from which on it may pay to put them into lanes."""

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
    nest = evolve(RegisterTile.of(writer, codegen, product), lanes=Lanes(codegen.scalar, 1))
    plan = _plan(nest)
    if plan.along is not None:
        _write_along(nest, plan.across, plan.along)
    elif plan.across is not None:
        _write_across(nest, plan.across, plan.beside)
    else:
        _write_alone(nest)


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
    copies = tuple(itertools.product(*(range(part.step) for part in ranges)))
    nest = evolve(nest, copies=copies, turn=turn_of(nest.bundle.reduced, len(copies)))
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
        rows = tuple((*origin[:across], row, *origin[across + 1 :]) for row in range(count))
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
        turn = turn_of(reduced, len(nest.copies))
        lanes = Lanes(kind, live)
        here = evolve(here, bundle=evolve(bundle, reduced=reduced), lanes=lanes, turn=turn)
        totals = reduce_terms(here, 0, totals)
    return totals


def _plan(nest: RegisterTile) -> _Plan:
    """Choose what is in the lanes: whatever takes the fewest instructions, about."""
    bundle, origin = nest.bundle, (0,) * len(nest.bundle.shape)
    reads = [spread.at(origin) for spread in nest.operands]
    writes = [spread.at(origin) for spread in nest.results.values()]
    estimate = _Estimate(
        bundle.shape, bundle.reduced, len(nest.codegen.iterations), nest.codegen.tile.width,
        reads, writes,
    )  # fmt: skip
    axes = [axis for axis, length in enumerate(bundle.shape) if length > 1]
    plans = [_Plan(None)]
    plans += [_Plan(axis, beside=_beside(estimate, axis)) for axis in axes]
    for along, length in enumerate(bundle.reduced):
        if length >= FEW_TERMS:
            plans += [_Plan(axis, along) for axis in (None, *axes)]
    return min(plans, key=estimate.cost)


@frozen
class _Estimate:
    """Count about how many instructions a sum or dot takes by a plan."""

    shape: tuple[int, ...]
    reduced: tuple[int, ...]
    loops: int
    width: int
    reads: list[Address]
    writes: list[Address]

    def cost(self, plan: _Plan) -> float:
        """Return about how many instructions the whole takes."""
        results, terms = extent(self.shape), extent(self.reduced)
        if plan.along is not None:
            return results * self._along(plan.across, plan.along)
        if plan.across is not None:
            return results // self.shape[plan.across] * self._across(plan.across, plan.beside)
        return results * terms * (1.0 + 0.7 * len(self.reads)) + results

    def _across(self, across: int, beside: int | None) -> float:
        """Return what the results along an axis take that is in the lanes."""
        place, terms, total = self.loops + across, extent(self.reduced), 0.0
        for count, live in _blocks(self.shape[across], self.width):
            loads = 0.0
            for address in self.reads:
                one = fetch_cost(*_moves(address, place), live)
                if beside is not None and not address.moves(self.loops + beside):
                    one /= min(self.shape[beside], 4)
                loads += one / (2 if count > 1 and not address.moves(place) else 1)
            stores = sum(put_cost(*_moves(address, place), live) for address in self.writes)
            total += count * (terms * (1.0 + loads) + stores)
        return total

    def _along(self, across: int | None, along: int) -> float:
        """Return what one result takes with terms in the lanes, beside its neighbours' ones."""
        place = self.loops + len(self.shape) + along
        rows = 1 if across is None else min(self.shape[across], self.width)
        total = 8.0 if rows <= 2 else LANES_ADDED
        for count, live in _blocks(self.reduced[along], self.width):
            loads = 0.0
            for address in self.reads:
                shared = across is not None and not address.moves(self.loops + across)
                loads += fetch_cost(*_moves(address, place), live) / (rows if shared else 1)
            total += count * (extent(self.reduced) // self.reduced[along]) * (1.0 + loads)
        if across is None:
            return total + len(self.writes)
        stores = (put_cost(*_moves(each, self.loops + across), rows) for each in self.writes)
        return total + sum(stores) / rows


def _blocks(length: int, width: int) -> list[tuple[int, int]]:
    """Return how many vectors an axis takes, and of how many lanes in use each is."""
    whole, rest = divmod(length, width)
    return [pair for pair in ((whole, width), (1, rest)) if all(pair)]


def _beside(estimate: _Estimate, across: int) -> int | None:
    """Return the axis of which several points read the most in common."""
    found, most = None, -1
    for axis, length in enumerate(estimate.shape):
        if axis != across and length > 1:
            shared = sum(not each.moves(estimate.loops + axis) for each in estimate.reads)
            if shared >= most:
                found, most = axis, shared
    return found


def _moves(address: Address, place: int) -> tuple[int, int]:
    return address.strides[place], address.steps[place] if address.steps else 0
