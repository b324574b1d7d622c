"""Write how a function finds the areas of memory that a program's arrays live in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.backends.llvm.abi.context import slot_address
from mgcompile.schedule.ir import BLOCK, PANEL

if TYPE_CHECKING:
    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Writer
    from mgcompile.schedule.ir import LoopProgram

__all__ = ["areas", "scratch_offsets"]


def scratch_offsets(loops: LoopProgram) -> dict[str, int]:
    """Return where in a thread's own memory each area begins, in bytes, and its `end`."""
    shape = loops.chosen_tile
    sizes, tile = loops.sizes, shape.samples
    lengths = {
        "samples": 1,
        "inputs": sizes["inputs"] * (tile + 8 // shape.bytes),
        "tile": sizes["tile"] * tile,
        "own": sizes["own"],
        "block": sizes["block"] * max(tile, BLOCK),
        "turned": sizes["packed"],
        "panel": 2 * shape.width * PANEL * BLOCK if sizes["packed"] else 0,
    }
    offsets, end = {}, 0
    for area, length in lengths.items():
        offsets[area] = end
        end += -(-length * shape.bytes // 64) * 64
    return {**offsets, "end": end}


def areas(writer: Writer, codegen: CodegenContext) -> None:
    """Append the addresses of the areas that do not change from tile to tile."""
    for area, name in (
        ("params", "PARAMS"),
        ("consts", "CONSTS"),
        ("tables", "TABLES"),
        ("shared", "SHARED"),
        ("sums", "SUMS"),
    ):
        writer.do(f"%{area} = load ptr, ptr {slot_address(writer, name)}, align 8")
    for area, offset in scratch_offsets(codegen.loops).items():
        if area != "end":
            writer.do(f"%{area} = getelementptr i8, ptr %scratch, i64 {offset}")
