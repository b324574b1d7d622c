"""Write the machine: a loop that reads a step and calls the function of its opcode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.backends.llvm.codegen.codegen_context import MEMORY_SPACES
from mgcompile.backends.llvm.ir.function_builder import Writer
from mgcompile.backends.llvm.ir.lanes import gathered
from mgcompile.backends.llvm.ir.vector import Vec
from mgcompile.backends.llvm.ir.vector_type import Kind
from mgcompile.backends.llvm.math.emit import emit
from mgcompile.backends.llvm.tapevm.opcodes import AREA_BITS, HALT

if TYPE_CHECKING:
    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.backends.llvm.ir.vector_builder import Block
    from mgcompile.backends.llvm.tapevm.opcodes import Action, Opcode

__all__ = ["machine_name", "write_machines"]

_UNROLL = 2  # vectors at a time, of short code; a tile is filled up to an even number
_SHORT = 16  # lines


def write_machines(codegen: CodegenContext) -> None:
    """Add the machines that the tapes of a program call to its library.

    A machine is ``void name(areas..., i64 lane_bytes, ptr stream)``: one for tapes whose results
    have a row for the samples of a tile, and one for those whose results are single numbers.
    """
    for batched, opcodes in codegen.opcodes.by_kind.items():
        name = machine_name(batched=batched)
        actions = []
        for opcode, number in opcodes.items():
            symbol = f"{name}.{number}"
            codegen.library.declare(
                f"@{symbol}", _opcode_function(codegen, symbol, opcode, batched=batched)
            )
            actions.append(f"ptr @{symbol}")
        table = f"@{name}.opcodes = internal constant [{len(actions)} x ptr] [{', '.join(actions)}]"
        codegen.library.declare(f"@{name}.opcodes", table)
        codegen.library.declare(f"@{name}", _machine(codegen, name))


def machine_name(*, batched: bool) -> str:
    """Return the symbol of a machine, without ``@``."""
    return "machine_of_rows" if batched else "machine_of_numbers"


def _machine(codegen: CodegenContext, name: str) -> str:
    """Return the loop that reads an opcode and calls its function, which returns the next step."""
    arguments = [*(f"ptr %{area}" for area in MEMORY_SPACES), "i64 %lane_bytes", "ptr %stream"]
    writer = Writer(codegen.library, name, arguments)
    writer.do(f"%areas = alloca [{len(MEMORY_SPACES)} x ptr]")
    for number, area in enumerate(MEMORY_SPACES):
        writer.store("ptr", f"%{area}", writer.offset("%areas", 8 * number), 8)
    table = f"@{name}.opcodes, i64 -{8 * (HALT + 1)}"
    with writer.repeat(("ptr", "%stream")) as turn:
        (step,) = turn.values
        code = writer.load("i32", step, 4)
        writer.leave_loop(turn, writer.value(f"icmp eq i32 {code}, {HALT}"))
        entries = writer.value(f"getelementptr i8, ptr {table}")
        action = writer.load(
            "ptr", writer.value(f"getelementptr ptr, ptr {entries}, i32 {code}"), 8
        )
        following = writer.value(f"call ptr {action}(ptr {step}, ptr %areas, i64 %lane_bytes)")
        turn.following = [following]
    return writer.text()


def _opcode_function(codegen: CodegenContext, symbol: str, opcode: Opcode, *, batched: bool) -> str:
    """Return ``ptr symbol(ptr step, ptr areas, i64 lane_bytes)``, which does one step."""
    shape = codegen.tile
    arguments = ["ptr %step", "ptr %areas", "i64 %lane_bytes"]
    writer = Writer(codegen.library, symbol, arguments, returns="ptr")
    row = shape.bytes * shape.samples
    target = _place(writer, 0, row if batched else shape.bytes)
    sources = [
        _place(writer, 1 + k, shape.bytes if shared or not batched else row)
        for k, shared in enumerate(opcode.shared)
    ]
    if batched:
        _write_row(writer, codegen, opcode, target, sources)
    else:
        writer.splice(_step(writer, codegen.scalar, opcode.action, target, [*sources]))
    writer.do(f"ret ptr {writer.offset('%step', 4 * (2 + opcode.action.arity))}")
    return writer.text()


def _write_row(
    writer: Writer, codegen: CodegenContext, opcode: Opcode, target: str, sources: list[str]
) -> None:
    """Append a loop over the vectors of a row; operands that samples share are spread before it."""
    shape = codegen.tile
    before = writer.block(codegen.vector)
    operands = [
        _splat(before, source) if shared else source
        for source, shared in zip(sources, opcode.shared, strict=True)
    ]
    writer.splice(before)
    length = len(_step(writer, codegen.vector, opcode.action, target, operands).lines)
    unroll = _UNROLL if length <= _SHORT else 1
    size = shape.width * shape.bytes
    with writer.loop("%lane_bytes", step=unroll * size) as turn:
        for part in range(unroll):
            distance = writer.add(turn.index, part * size)
            moved = [x if isinstance(x, Vec) else writer.offset(x, distance) for x in operands]
            to = writer.offset(target, distance)
            writer.splice(_step(writer, codegen.vector, opcode.action, to, moved))


def _step(
    writer: Writer, kind: Kind, action: Action, target: str, operands: list[str | Vec]
) -> Block:
    """Return the code for one register: operands are pointers or registers."""
    block = writer.block(kind)
    align = kind.lanes * kind.bits // 8
    numbers = [
        block.register(x.name)
        if isinstance(x, Vec)
        else block.append(f"load {kind}, ptr {x}, align {align}", kind)
        for x in operands
    ]
    result = apply(block, action, numbers)
    block.lines.append(f"  store {kind} {result.name}, ptr {target}, align {align}")
    return block


def apply(block: Block, action: Action, numbers: list[Vec]) -> Vec:
    """Append what a step does."""
    if not action.onto:
        return emit(block, action.op, numbers)
    total, *factors = numbers
    half = len(factors) // 2
    for left, right in zip(factors[:half], factors[half:], strict=True):
        total = block.multiply_add(left, right, total)
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


def _splat(block: Block, pointer: str) -> Vec:
    kind = block.kind
    scalar = Kind(kind.element, 1)
    number = block.append(f"load {scalar}, ptr {pointer}, align {kind.bits // 8}", scalar)
    return gathered([number] * kind.lanes)
