"""Choose what is in the lanes of sums and dots that have no samples there.

Either neighbouring results are, each with an accumulator of its own; or neighbouring terms of a
sum, whose accumulator's lanes are added up at the end: for some neighbouring results at once.
Whatever takes the fewest instructions, about, is chosen.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from mgcompile.program.ir import extent
from mgcompile.schedule.decisions import ElementSum, Range, SumBlock
from mgcompile.schedule.lanes import Path, fetch_cost, path_of, put_cost, result_path, vectors_of
from mgcompile.schedule.matrix_product_tiles import even, sums_of, turn_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mgcompile.program.ir import Bundle
    from mgcompile.schedule.ir import LoopProgram, Product

__all__ = ["choose_element_sums", "sums_alone"]

MOST_SUMS = 8
"""Accumulators of a block: enough that no addition waits for the one before."""

ALONE = 4
"""The same where each is one number."""

FEW_TERMS = 3
"""Terms from which on it may pay to put them into lanes."""

LANES_ADDED = 3.0
"""Instructions, about, to add up the lanes of one of eight vectors."""


@frozen
class _Plan:
    """What is in the lanes; `beside` is an axis of which several points are worked on at once."""

    across: int | None = None
    along: int | None = None
    beside: int | None = None


def choose_element_sums(loops: LoopProgram) -> LoopProgram:
    """Choose for each sum what takes the fewest instructions."""
    chosen = {}
    for product, depth in sums_of(loops):
        bundle = product.bundle
        if not loops.samples_in_lanes(bundle):
            plan = _best(_estimate(loops, product, depth))
            blocks = tuple(_blocks(bundle, plan, loops.width))
            chosen[bundle.result] = ElementSum(blocks, plan.across, plan.along)
    return evolve(loops, element_sums=chosen)


def sums_alone(loops: LoopProgram) -> LoopProgram:
    """Compute one result at a time, a term at a time."""
    chosen = {}
    for product, _ in sums_of(loops):
        bundle = product.bundle
        if not loops.samples_in_lanes(bundle):
            ranges = tuple(Range(0, length, 1) for length in bundle.shape)
            chosen[bundle.result] = ElementSum((SumBlock(ranges, 1, turn_of(bundle.reduced, 1)),))
    return evolve(loops, element_sums=chosen)


def _best(estimate: _Estimate) -> _Plan:
    axes = [axis for axis, length in enumerate(estimate.shape) if length > 1]
    plans = [_Plan(), *(_Plan(axis, beside=_beside(estimate, axis)) for axis in axes)]
    for along, length in enumerate(estimate.reduced):
        if length >= FEW_TERMS:
            plans += [_Plan(axis, along) for axis in (None, *axes)]
    return min(plans, key=estimate.cost)


def _blocks(bundle: Bundle, plan: _Plan, width: int) -> Iterator[SumBlock]:
    """Yield the blocks of a plan, in the order in which they are computed."""
    start = 0
    length = 1 if plan.across is None else bundle.shape[plan.across]
    for count, live in vectors_of(length, 1 if plan.across is None else width):
        most = 2 if plan.along is None and count > 1 else 1
        choices = []
        for axis, extent_of_axis in enumerate(bundle.shape):
            if axis == plan.across:
                parts = even(count, most)
                choices.append(
                    [evolve(p, start=p.start + start, stop=p.stop + start) for p in parts]
                )
            elif plan.along is None:
                choices.append(list(_beside_parts(bundle, plan, axis, most)))
            else:
                choices.append([Range(0, extent_of_axis, 1)])
        for ranges in itertools.product(*choices):
            yield _block(bundle, plan, ranges, live, width)
        start += count


def _beside_parts(bundle: Bundle, plan: _Plan, axis: int, most: int) -> tuple[Range, ...]:
    length = bundle.shape[axis]
    if plan.across is None and axis == len(bundle.shape) - 1:
        return even(length, ALONE)
    return even(length, MOST_SUMS // most) if axis == plan.beside else (Range(0, length, 1),)


def _block(
    bundle: Bundle, plan: _Plan, ranges: tuple[Range, ...], live: int, width: int
) -> SumBlock:
    """Return a block with how its terms are added up."""
    if plan.along is None:
        sums = math.prod(part.step for part in ranges)
        return SumBlock(ranges, live, turn_of(bundle.reduced, sums))
    before, after = bundle.reduced[: plan.along], bundle.reduced[plan.along + 1 :]
    whole = bundle.reduced[plan.along] // width
    turn, rest = (turn_of((*before, n, *after), live) for n in (whole, 1))
    return SumBlock(ranges, live, turn, rest)


@frozen
class _Estimate:
    """Count about how many instructions a sum or dot takes by a plan."""

    shape: tuple[int, ...]
    reduced: tuple[int, ...]
    loops: int
    width: int
    reads: list[Path]
    writes: list[Path]

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
        for count, live in vectors_of(self.shape[across], self.width):
            loads = 0.0
            for path in self.reads:
                one = fetch_cost(*path.along(place), live)
                if beside is not None and not path.moves(self.loops + beside):
                    one /= min(self.shape[beside], 4)
                loads += one / (2 if count > 1 and not path.moves(place) else 1)
            stores = sum(put_cost(*path.along(place), live) for path in self.writes)
            total += count * (terms * (1.0 + loads) + stores)
        return total

    def _along(self, across: int | None, along: int) -> float:
        """Return what one result takes with terms in the lanes, beside its neighbours' ones."""
        place = self.loops + len(self.shape) + along
        rows = 1 if across is None else min(self.shape[across], self.width)
        total = 8.0 if rows <= 2 else LANES_ADDED
        for count, live in vectors_of(self.reduced[along], self.width):
            loads = 0.0
            for path in self.reads:
                shared = across is not None and not path.moves(self.loops + across)
                loads += fetch_cost(*path.along(place), live) / (rows if shared else 1)
            total += count * (extent(self.reduced) // self.reduced[along]) * (1.0 + loads)
        if across is None:
            return total + len(self.writes)
        stores = (put_cost(*each.along(self.loops + across), rows) for each in self.writes)
        return total + sum(stores) / rows


def _estimate(loops: LoopProgram, product: Product, depth: int) -> _Estimate:
    bundle, group = product.bundle, product.group
    made = (bundle.result, *(group.results if group else ()))
    writes = [
        result_path(loops, array, bundle.shape, depth) for array in made if loops.stored(array)
    ]
    reads = [path_of(operand.index) for operand in bundle.operands]
    return _Estimate(bundle.shape, bundle.reduced, depth, loops.width, reads, writes)


def _beside(estimate: _Estimate, across: int) -> int | None:
    """Return the axis of which several points read the most in common."""
    found, most = None, -1
    for axis, length in enumerate(estimate.shape):
        if axis != across and length > 1:
            shared = sum(not each.moves(estimate.loops + axis) for each in estimate.reads)
            if shared >= most:
                found, most = axis, shared
    return found
