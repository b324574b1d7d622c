"""Lay neighbours along an axis into the lanes of a vector: of what has no samples there.

What all samples share has none, nor has anything in the code for one sample at a time. The axis
in the lanes is cut into whole vectors and a rest, of which the last lanes stay unused.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from mgcompile.backends.llvm.ir.vector import Vec
from mgcompile.backends.llvm.ir.vector_type import Kind
from mgcompile.schedule.lanes import Path

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mgcompile.backends.llvm.codegen.codegen_context import Address, CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Writer
    from mgcompile.backends.llvm.ir.vector_builder import Block
    from mgcompile.schedule.decisions import ElementNest

__all__ = [
    "Lanes",
    "fetch",
    "laned",
    "only_live",
    "put",
    "splat",
    "write_vectors",
]


@frozen
class Lanes:
    """A vector of neighbours: the kind of a full register, and how many of its lanes are in use."""

    kind: Kind
    live: int

    @property
    def full(self) -> bool:
        """Whether all lanes are in use."""
        return self.live == self.kind.lanes


def splat(block: Block, value: str) -> Vec:
    """Return one number in every lane."""
    kind = block.kind
    if kind.lanes == 1:
        return block.register(value)
    first = block.append(f"insertelement {kind} poison, {kind.element} {value}, i64 0", kind)
    zeros = f"<{kind.lanes} x i32> zeroinitializer"
    return block.append(f"shufflevector {kind} {first.name}, {kind} poison, {zeros}", kind)


def laned(address: Address, axis: int, width: int) -> Address:
    """Return an address whose `axis` counts vectors, with their lanes as one more axis, the last.

    That one is never entered: `fetch` and `put` see from it where the lanes are.
    """

    def cut(row: tuple[int, ...]) -> tuple[int, ...]:
        return (*row[:axis], row[axis] * width, *row[axis + 1 :], row[axis])

    return evolve(
        address,
        strides=cut(address.strides),
        steps=cut(address.steps) if address.steps else (),
        entered=set(address.entered),
    )


def write_vectors(
    writer: Writer,
    codegen: CodegenContext,
    nest: ElementNest,
    addresses: Sequence[Address],
    point: Callable[[Lanes, Sequence[Address]], None],
) -> None:
    """Append the loops of a nest.

    Args:
        writer: The function.
        codegen: Where it stands; no address has entered the axes after those of its loops.
        nest: The loops.
        addresses: What is read and written.
        point: Appends what is done with some lanes, from addresses on the first of them.
    """
    first, width = len(codegen.iterations), codegen.tile.width
    joined = [_only(each, nest, first) for each in addresses]
    with ExitStack() as stack:
        for axis, length in enumerate(nest.shape):
            if axis != nest.lane:
                plain = all(abs(address.strides[first + axis]) <= 1 for address in joined)
                turn = stack.enter_context(writer.loop(length, plain=plain))
                for address in joined:
                    address.enter(first + axis, turn.index)
        if nest.lane is None:
            point(Lanes(codegen.scalar, 1), joined)
            return
        place = first + nest.lane
        cut = [laned(each, place, width) for each in joined]
        whole, rest = divmod(nest.shape[nest.lane], width)
        parts = ((0, whole, width, nest.written_out), (whole, whole + 1, rest, 1))
        for start, stop, live, many in parts:
            if start == stop or not live:
                continue
            with writer.loop(stop, start=start, step=many) as turn:
                for plus in range(many):
                    here = [address.fork() for address in cut]
                    for address in here:
                        address.enter(place, writer.add(turn.index, plus))
                    point(Lanes(codegen.vector, live), here)


def _only(address: Address, nest: ElementNest, first: int) -> Address:
    """Return an address that the axes of a nest lead through."""
    count = len(nest.axes) if not nest.axes else nest.axes[-1] + 1
    path = Path(address.strides, address.steps).only(nest.axes, first, count)
    return evolve(address, strides=path.strides, steps=path.steps, entered=set(address.entered))


def _in_order(address: Address) -> int:
    """Return 1 where the lanes are neighbours in memory, -1 if backwards, 0 elsewhere."""
    stride = address.strides[-1]
    return stride if stride in (1, -1) and not (address.steps and address.steps[-1]) else 0


def fetch(
    block: Block, scalar: Kind, address: Address, lanes: Lanes, fill: float | None = None
) -> Vec:
    """Append the load of a vector, or of a number; every axis but the lanes' is entered.

    Args:
        block: Takes the instructions.
        scalar: The kind of one number.
        address: Of the first lane.
        lanes: Which are in use.
        fill: What the others hold; None: anything.
    """
    if lanes.kind.lanes == 1:
        pointer = _pointer_of(block, address, 0)
        return block.append(_load(scalar, pointer, address.unit), scalar)
    if not address.moves(len(address.strides) - 1):
        number = block.append(_load(scalar, address.pointer, address.unit), scalar)
        same = splat(block, number.name)
        return only_live(block, same, lanes) if fill == 0.0 else same
    order = _in_order(address)
    if not order:
        return _gathered(block, scalar, address, lanes, fill)
    pointer = _lowest(address, lanes)
    if lanes.full:
        found = block.append(_load(lanes.kind, pointer, address.unit), lanes.kind)
    else:
        found = _partly_loaded(block, pointer, lanes, address.unit, fill)
    return found if order > 0 else _backwards(block, found, lanes)


def put(block: Block, scalar: Kind, address: Address, value: Vec, lanes: Lanes) -> None:
    """Append the store of a number, or of a vector's lanes in use, as `fetch` would read them."""
    size = address.unit
    if lanes.kind.lanes == 1:
        pointer = _pointer_of(block, address, 0)
        block.lines.append(f"  store {scalar} {value.name}, ptr {pointer}, align {size}")
        return
    order = _in_order(address)
    if not order:
        for lane in range(lanes.live):
            number = _lane(block, value, lane, scalar)
            pointer = _pointer_of(block, address, lane)
            block.lines.append(f"  store {scalar} {number}, ptr {pointer}, align {size}")
        return
    pointer = _lowest(address, lanes)
    if order < 0:
        value = _backwards(block, value, lanes)
    if lanes.full:
        block.lines.append(f"  store {lanes.kind} {value.name}, ptr {pointer}, align {size}")
    elif lanes.live == 1:
        number = _lane(block, value, 0, scalar)
        block.lines.append(f"  store {scalar} {number}, ptr {pointer}, align {size}")
    else:
        kind, mask = lanes.kind, _live(block, lanes)
        symbol = f"@llvm.masked.store.{kind.suffix}.p0"
        block.library.declare(symbol, f"declare void {symbol}({kind}, ptr, i32, {mask.kind})")
        arguments = f"{kind} {value.name}, ptr {pointer}, i32 {size}, {mask.kind} {mask.name}"
        block.lines.append(f"  call void {symbol}({arguments})")


def only_live(block: Block, value: Vec, lanes: Lanes) -> Vec:
    """Append what sets the lanes that are not in use to 0."""
    return value if lanes.full else block.select(_live(block, lanes), value, 0.0)


def _load(kind: Kind, pointer: str, size: int) -> str:
    return f"load {kind}, ptr {pointer}, align {size}"


def _lowest(address: Address, lanes: Lanes) -> str:
    """Return where the lane lies that is lowest in memory."""
    if _in_order(address) > 0:
        return address.pointer
    return address.writer.offset(address.pointer, -(lanes.live - 1) * address.unit)


def _live(block: Block, lanes: Lanes) -> Vec:
    """Return the mask of the lanes in use."""
    kind = lanes.kind.mask
    bits = ", ".join(f"i1 {int(lane < lanes.live)}" for lane in range(kind.lanes))
    return Vec(block, f"<{bits}>", kind)


def _partly_loaded(block: Block, pointer: str, lanes: Lanes, size: int, fill: float | None) -> Vec:
    kind, mask = lanes.kind, _live(block, lanes)
    rest = kind.literal(0.0 if fill is None else fill)
    symbol = f"@llvm.masked.load.{kind.suffix}.p0"
    block.library.declare(symbol, f"declare {kind} {symbol}(ptr, i32, {mask.kind}, {kind})")
    arguments = f"ptr {pointer}, i32 {size}, {mask.kind} {mask.name}, {kind} {rest}"
    return block.append(f"call {kind} {symbol}({arguments})", kind)


def _backwards(block: Block, value: Vec, lanes: Lanes) -> Vec:
    """Append the exchange of first and last among the lanes in use; the others stay."""
    order = [*reversed(range(lanes.live)), *range(lanes.live, lanes.kind.lanes)]
    mask = ", ".join(f"i32 {lane}" for lane in order)
    text = f"{value.kind} {value.name}, {value.kind} poison, <{len(order)} x i32> <{mask}>"
    return block.append(f"shufflevector {text}", value.kind)


def _gathered(
    block: Block, scalar: Kind, address: Address, lanes: Lanes, fill: float | None
) -> Vec:
    """Append the load of numbers that lie apart, one by one."""
    kind = lanes.kind
    found = Vec(block, "poison" if fill is None else kind.literal(fill), kind)
    for lane in range(lanes.live):
        pointer = _pointer_of(block, address, lane)
        number = block.append(_load(scalar, pointer, address.unit), scalar)
        text = f"insertelement {kind} {found.name}, {scalar} {number.name}, i64 {lane}"
        found = block.append(text, kind)
    return found


def _pointer_of(block: Block, address: Address, lane: int) -> str:
    """Append the address of one lane's number."""
    index, number = Kind("i64", 1), Kind("i32", 1)
    pointer, entry = address.pointer, address.entry
    element = lane and lane * address.strides[-1]
    if isinstance(entry, int):
        element += address.tables.at(entry + (lane and lane * address.steps[-1]))
    if element:
        text = f"getelementptr i8, ptr {pointer}, i64 {element * address.unit}"
        pointer = block.append(text, index).name
    if isinstance(entry, str):
        place = lane and lane * address.steps[-1] * 4
        text = f"getelementptr i8, ptr {entry}, i64 {place}"
        entry = block.append(text, index).name if place else entry
        short = block.append(f"load i32, ptr {entry}, align 4", number).name
        wide = block.append(f"sext i32 {short} to i64", index).name
        moved = block.append(f"mul i64 {wide}, {address.unit}", index).name
        pointer = block.append(f"getelementptr i8, ptr {pointer}, i64 {moved}", index).name
    return pointer


def _lane(block: Block, value: Vec, lane: int, scalar: Kind) -> str:
    if value.kind.lanes == 1:
        return value.name
    return block.append(f"extractelement {value.kind} {value.name}, i64 {lane}", scalar).name
