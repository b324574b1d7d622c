"""Write the machine: a loop that reads a step and branches to the code of its opcode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.llvm.emit import emit
from mgcompile.llvm.frame import AREAS
from mgcompile.llvm.vm.stream import AREA_BITS, HALT
from mgcompile.llvm.writer import Writer

if TYPE_CHECKING:
    from mgcompile.llvm.block import Block, Vec
    from mgcompile.llvm.frame import Frame
    from mgcompile.llvm.vm.steps import Action
    from mgcompile.llvm.vm.stream import Opcode

__all__ = ["machine_function"]

_UNROLL = 2  # vectors at a time; a tile has an even number


def machine_function(frame: Frame, name: str, opcodes: tuple[Opcode, ...], batched: bool) -> None:
    """Add a machine to the frame's library.

    Args:
        frame: the program's frame.
        name: the function's symbol: ``void name(areas..., i64 lane_bytes, ptr stream)``.
        opcodes: what the stream has; their code is written in this order.
        batched: whether results have a row for the samples of a tile, or are one number.
    """
    arguments = [*(f"ptr %{area}" for area in AREAS), "i64 %lane_bytes", "ptr %stream"]
    writer = Writer(frame.library, name, arguments)
    writer.do(f"%areas = alloca [{len(AREAS)} x ptr]")
    for number, area in enumerate(AREAS):
        writer.store("ptr", f"%{area}", writer.offset("%areas", 8 * number), 8)
    origin = writer.label
    writer.do("br label %dispatch")
    writer.begin("dispatch")
    head = len(writer.lines)
    code = writer.load("i32", "%step", 4)
    targets = " ".join(f"i32 {k + 1}, label %op{k + 1}" for k in range(len(opcodes)))
    writer.do(f"switch i32 {code}, label %halt [ {targets} ]")
    ways = [f"[ %stream, %{origin} ]"]
    for number, opcode in enumerate(opcodes, start=HALT + 1):
        writer.begin(f"op{number}")
        _write_opcode(writer, frame, opcode, batched)
        following = writer.offset("%step", 4 * (2 + opcode.action.arity))
        ways.append(f"[ {following}, %{writer.label} ]")
        writer.do("br label %dispatch")
    writer.lines.insert(head, f"  %step = phi ptr {', '.join(ways)}")
    writer.begin("halt")
    writer.do("ret void")
    frame.library.declare(f"@{name}", writer.text())


def _write_opcode(writer: Writer, frame: Frame, opcode: Opcode, batched: bool) -> None:
    shape = frame.shape
    row = shape.bytes * shape.tile
    target = _place(writer, 0, row if batched else shape.bytes)
    sources = [
        _place(writer, 1 + k, shape.bytes if shared or not batched else row)
        for k, shared in enumerate(opcode.shared)
    ]
    if not batched:
        block = writer.block(shape.scalar)
        numbers = [_load(block, source, shape.bytes) for source in sources]
        _store(block, apply(block, opcode.action, numbers), target, shape.bytes)
        writer.splice(block)
        return
    block = writer.block(shape.vector)
    splats = [
        _splat(block, source, shape.bytes) if shared else None
        for source, shared in zip(sources, opcode.shared, strict=True)
    ]
    writer.splice(block)
    step = shape.width * shape.bytes
    with writer.loop("%lane_bytes", step=_UNROLL * step) as turn:
        for part in range(_UNROLL):
            block = writer.block(shape.vector)
            distance = writer.add(turn.index, part * step)
            numbers = [
                _load(block, writer.offset(source, distance), step)
                if splat is None
                else block.register(splat.name)
                for source, splat in zip(sources, splats, strict=True)
            ]
            _store(
                block, apply(block, opcode.action, numbers), writer.offset(target, distance), step
            )
            writer.splice(block)


def apply(block: Block, action: Action, numbers: list[Vec]) -> Vec:
    """Append what a step does."""
    if not action.onto:
        return emit(block, action.op, numbers)
    total, *factors = numbers
    half = len(factors) // 2
    for left, right in zip(factors[:half], factors[half:], strict=True):
        total = block.fma(left, right, total)
    return total


def _place(writer: Writer, number: int, unit: int) -> str:
    """Append the decoding of a place: the pointer to an element of an area."""
    word = writer.load("i32", writer.offset("%step", 4 * (1 + number)), 4)
    area = writer.value(f"and i32 {word}, {(1 << AREA_BITS) - 1}")
    entry = writer.value(f"getelementptr ptr, ptr %areas, i32 {area}")
    base = writer.load("ptr", entry, 8)
    element = writer.value(f"lshr i32 {word}, {AREA_BITS}")
    wide = writer.value(f"zext i32 {element} to i64")
    return writer.offset(base, writer.mul(wide, unit))


def _load(block: Block, pointer: str, align: int) -> Vec:
    return block.append(f"load {block.kind}, ptr {pointer}, align {align}", block.kind)


def _store(block: Block, value: Vec, pointer: str, align: int) -> None:
    block.lines.append(f"  store {value.kind} {value.name}, ptr {pointer}, align {align}")


def _splat(block: Block, pointer: str, align: int) -> Vec:
    kind = block.kind
    number = f"load {kind.element}, ptr {pointer}, align {align}"
    scalar = block.append(number, type(kind)(kind.element, 1))
    return block.gathered([scalar] * kind.lanes)
