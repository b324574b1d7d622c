"""Write what happens in a register tile of a sum or dot: loops over the terms, then the stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve, frozen

from mgcompile.backends.llvm.codegen.element_lanes import fetch, only_live, put, splat
from mgcompile.backends.llvm.codegen.elementwise import apply, outside_reads
from mgcompile.backends.llvm.codegen.tile_addresses import Spread
from mgcompile.backends.llvm.math.op_table import counted
from mgcompile.schedule.decisions import Turn
from mgcompile.support.zero_product import ZERO_DOT, adds_products

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.backends.llvm.codegen.element_lanes import Lanes
    from mgcompile.backends.llvm.codegen.tile_addresses import Copy
    from mgcompile.backends.llvm.ir.function_builder import Index, Writer
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block
    from mgcompile.backends.llvm.ir.vector_type import Kind
    from mgcompile.program.ir import Access, Bundle
    from mgcompile.schedule.ir import Group, Product

__all__ = ["RegisterTile", "finish", "reduce_terms"]


@frozen
class RegisterTile:
    """A register tile at work: the code around it, what it reads and what it writes.

    Attributes:
        bundle: the sum or dot.
        group: what finishes its results before they are stored, if anything does.
        start: where the numbers are that the sums start from, if not from zero.
        turn: how their terms are added up.
        copies: the members of the block of accumulators.
        vectors: how many vectors each member has (0: none, it is a scalar).
        kind: of an accumulator.
        operands: where the bundle's operands are read.
        extra: where the numbers are read that the group takes from memory.
        results: where the arrays are written that are kept in memory.
        mask: the register that tells samples of the batch from what fills up a tile, for what is
            not batched but summed over the batch.
        lanes: the lanes of an accumulator in use, where elements are in them, not samples.
    """

    writer: Writer
    codegen: CodegenContext
    bundle: Bundle
    group: Group | None
    start: Spread | None
    turn: Turn
    copies: tuple[Copy, ...]
    vectors: int
    kind: Kind
    operands: tuple[Spread, ...]
    extra: dict[Access, Spread]
    results: dict[int, Spread]
    mask: str = ""
    lanes: Lanes | None = None

    @classmethod
    def of(cls, writer: Writer, codegen: CodegenContext, product: Product) -> RegisterTile:
        """Return the tile of a product before any axis is entered, of one number."""
        bundle, group, start = product.bundle, product.group, product.start
        origin: Copy = (0,) * len(bundle.shape)
        made = [bundle.result] if group is None else [bundle.result, *group.results]
        reads = {} if group is None else outside_reads(writer, codegen, group, made)
        base = "partial" if bundle.over_batch else ""
        return cls(
            writer=writer,
            codegen=codegen,
            bundle=bundle,
            group=group,
            start=None if start is None else Spread({origin: codegen.address(writer, start)}),
            turn=Turn(),
            copies=(origin,),
            vectors=0,
            kind=codegen.scalar,
            operands=tuple(Spread({origin: codegen.address(writer, a)}) for a in bundle.operands),
            extra={access: Spread({origin: address}) for access, address in reads.items()},
            results={
                array: Spread({origin: codegen.result(writer, array, bundle.shape, base)})
                for array in made
                if codegen.loops.stored(array)
            },
        )

    def entered(self, axis: int, step: int, index: Index) -> RegisterTile:
        """Fix an axis of the shape: `index`, and the `step - 1` points after it."""
        loops = len(self.codegen.iterations)
        return evolve(
            self,
            start=self.start and self.start.enter(loops, axis, step, index),
            operands=tuple(each.enter(loops, axis, step, index) for each in self.operands),
            extra={k: each.enter(loops, axis, step, index) for k, each in self.extra.items()},
            results={k: each.enter(loops, axis, step, index) for k, each in self.results.items()},
        )

    def reduced(self, axis: int, index: Index, plus: int = 0) -> RegisterTile:
        """Fix a reduced axis at `index + plus`."""
        place = len(self.codegen.iterations) + len(self.bundle.shape) + axis
        return evolve(self, operands=tuple(each.fix(place, index, plus) for each in self.operands))

    def shifted(self, distance: Index) -> RegisterTile:
        """Move everything batched along the samples by a number of bytes."""
        write, batched = self.writer, self.codegen.batched
        operands = tuple(
            each.shifted(write, distance) if batched(access.array) else each
            for access, each in zip(self.bundle.operands, self.operands, strict=True)
        )
        extra = {
            access: each.shifted(write, distance) if batched(access.array) else each
            for access, each in self.extra.items()
        }
        if self.bundle.over_batch:
            return evolve(self, operands=operands, extra=extra)
        results = {k: each.shifted(write, distance) for k, each in self.results.items()}
        return evolve(self, operands=operands, extra=extra, results=results)

    def first(self) -> list[str]:
        """Append the first values of the accumulators, member by member, and return them."""
        each = max(1, self.vectors)
        if self.start is None:
            return [self.kind.literal(0.0)] * (len(self.copies) * each)
        block, values = self.writer.block(self.kind), []
        for copy in self.copies:
            if self.lanes is not None:
                at = self.start.at(copy)
                values.append(fetch(block, self.codegen.scalar, at, self.lanes, 0.0).name)
                continue
            pointer = self.start.at(copy).pointer
            values += [_fetch(block, self.codegen, pointer, 0, batched=False).name] * each
        self.writer.splice(block)
        return values


def reduce_terms(nest: RegisterTile, axis: int, totals: list[str]) -> list[str]:
    """Append the loops over the reduced axes from `axis` on; return the accumulators after them."""
    bundle = nest.bundle
    if axis == len(bundle.reduced):
        return _accumulate(nest, totals)
    if not nest.turn.terms:
        for index in range(bundle.reduced[axis]):
            totals = reduce_terms(nest.reduced(axis, index), axis + 1, totals)
        return totals
    if axis < len(bundle.reduced) - 1:
        carried = [(str(nest.kind), total) for total in totals]
        with nest.writer.loop(bundle.reduced[axis], carried=carried) as turn:
            turn.following = reduce_terms(nest.reduced(axis, turn.index), axis + 1, turn.values)
        return turn.values
    return _reduce_last(nest, axis, totals)


def _reduce_last(nest: RegisterTile, axis: int, totals: list[str]) -> list[str]:
    """Append the loop over the last reduced axis, several terms in a turn."""
    count, length = len(totals), nest.bundle.reduced[axis]
    terms, parts = nest.turn.terms, nest.turn.parts
    whole = length // terms * terms
    if not whole:
        for index in range(length):
            totals = reduce_terms(nest.reduced(axis, index), axis + 1, totals)
        return totals
    zero = nest.kind.literal(0.0)
    sums = [*totals, *[zero] * (count * (parts - 1))]
    with nest.writer.loop(whole, step=terms, carried=[(str(nest.kind), s) for s in sums]) as turn:
        turn.following = list(turn.values)
        for term in range(terms):
            own = slice(term % parts * count, (term % parts + 1) * count)
            here = nest.reduced(axis, turn.index, term)
            turn.following[own] = reduce_terms(here, axis + 1, turn.following[own])
    totals = _added(nest, turn.values, count)
    for index in range(whole, length):
        totals = reduce_terms(nest.reduced(axis, index), axis + 1, totals)
    return totals


def _added(nest: RegisterTile, sums: Sequence[str], count: int) -> list[str]:
    """Append the addition of the parts of each sum, which are `count` apart."""
    block = nest.writer.block(nest.kind)
    parts = [block.register(name) for name in sums]
    while len(parts) > count:
        half = len(parts) // 2
        parts = [a + b for a, b in zip(parts[:half], parts[half:], strict=True)]
    nest.writer.splice(block)
    return [part.name for part in parts]


def _accumulate(nest: RegisterTile, totals: Sequence[str]) -> list[str]:
    """Append one term of every sum of the block."""
    block = nest.writer.block(nest.kind)
    results = list(totals)
    each = max(1, nest.vectors)
    for number in _in_order(nest.copies):
        for vector in range(each):
            place = number * each + vector
            values = [
                _term(nest, block, access, spread, nest.copies[number], vector)
                for access, spread in zip(nest.bundle.operands, nest.operands, strict=True)
            ]
            total = block.register(totals[place])
            if adds_products(nest.bundle.op):
                first, second = values
                if nest.bundle.op is ZERO_DOT:
                    second = counted(block, first, second)
                with block.rounded(exactly=nest.bundle.result in nest.codegen.exact):
                    total = block.multiply_add(first, second, total)
            else:
                for value in values:
                    total = total + value
            results[place] = total.name
    nest.writer.splice(block)
    return results


def _in_order(copies: Sequence[Copy]) -> list[int]:
    """Return the members in an order that keeps the fewest operands in registers.

    What moves along the longest side of the block is loaded once and used at once.
    """
    sides = copies[-1]
    axes = sorted(range(len(sides)), key=lambda axis: -sides[axis])
    return sorted(range(len(copies)), key=lambda k: [copies[k][axis] for axis in axes])


def _term(
    nest: RegisterTile, block: Block, access: Access, spread: Spread, copy: Copy, vector: int
) -> Vec:
    codegen, batched = nest.codegen, nest.codegen.batched(access.array)
    constant = codegen.loops.constant(access)
    if nest.lanes is not None:
        if constant is not None:
            return only_live(block, block.constant(constant), nest.lanes)
        return fetch(block, codegen.scalar, spread.at(copy), nest.lanes, 0.0)
    if constant is not None:
        value = block.constant(constant)
    else:
        value = _fetch(block, codegen, spread.at(copy).pointer, vector, batched=batched)
    if nest.mask and not batched:
        return block.select(block.register(nest.mask, nest.kind.mask), value, 0.0)
    return value


def _fetch(
    block: Block, codegen: CodegenContext, pointer: str, vector: int, *, batched: bool
) -> Vec:
    size, kind = codegen.tile.bytes, block.kind
    if kind.lanes == 1:
        return block.append(f"load {kind}, ptr {pointer}, align {size}", kind)
    if not batched:
        number = block.append(f"load {kind.element}, ptr {pointer}, align {size}", codegen.scalar)
        return splat(block, number.name)
    width = size * kind.lanes
    if vector:
        pointer = block.append(f"getelementptr i8, ptr {pointer}, i64 {vector * width}", kind).name
    return block.append(f"load {kind}, ptr {pointer}, align {width}", kind)


def finish(nest: RegisterTile, totals: Sequence[str]) -> None:
    """Append what the group does with the sums, and the stores."""
    writer, codegen, size = nest.writer, nest.codegen, nest.codegen.tile.bytes * nest.kind.lanes
    if nest.lanes is not None:
        _finish_elements(nest, nest.lanes, totals)
        return
    each = max(1, nest.vectors)
    for number, copy in enumerate(nest.copies):
        block = writer.block(nest.kind)
        for vector in range(each):
            values = {nest.bundle.result: block.register(totals[number * each + vector])}
            if nest.group is not None:
                known = {
                    access: _fetch(
                        block,
                        codegen,
                        spread.at(copy).pointer,
                        vector,
                        batched=codegen.batched(access.array),
                    )
                    for access, spread in nest.extra.items()
                }
                values = apply(block, codegen, nest.group, known, values)
            writer.splice(block)
            for array, spread in nest.results.items():
                pointer = writer.offset(spread.at(copy).pointer, vector * size)
                writer.store(nest.kind, values[array].name, pointer, size)


def _finish_elements(nest: RegisterTile, lanes: Lanes, totals: Sequence[str]) -> None:
    """Append the same for vectors of elements; a sum over the batch is added to what is there."""
    scalar, result = nest.codegen.scalar, nest.bundle.result
    for copy, total in zip(nest.copies, totals, strict=True):
        block = nest.writer.block(lanes.kind)
        values = {result: block.register(total)}
        if nest.bundle.over_batch:
            old = fetch(block, scalar, nest.results[result].at(copy), lanes)
            values[result] = old + values[result]
        if nest.group is not None:
            known = {
                access: fetch(block, scalar, spread.at(copy), lanes)
                for access, spread in nest.extra.items()
            }
            values = apply(block, nest.codegen, nest.group, known, values)
        for array, spread in nest.results.items():
            put(block, scalar, spread.at(copy), values[array], lanes)
        nest.writer.splice(block)
