"""Write how a function finds the areas of memory that a program's arrays live in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.llvm.context import slot_address

if TYPE_CHECKING:
    from mgcompile.llvm.frame import Frame
    from mgcompile.llvm.writer import Writer

__all__ = ["areas", "rounded"]


def rounded(size: int) -> int:
    """Return a number of bytes rounded up to whole cache lines."""
    return -(-size // 64) * 64


def areas(writer: Writer, frame: Frame) -> None:
    """Append the addresses of the areas that do not change from tile to tile."""
    sizes, shape = frame.layout.sizes, frame.shape
    for area, name in (
        ("params", "PARAMS"),
        ("consts", "CONSTS"),
        ("tables", "TABLES"),
        ("shared", "SHARED"),
        ("sums", "SUMS"),
    ):
        writer.do(f"%{area} = load ptr, ptr {slot_address(writer, name)}, align 8")
    inputs = rounded(sizes["inputs"] * shape.tile * shape.bytes)
    tile = rounded(sizes["tile"] * shape.tile * shape.bytes)
    writer.do("%samples = getelementptr i8, ptr %scratch, i64 0")
    writer.do("%inputs = getelementptr i8, ptr %scratch, i64 64")
    writer.do(f"%tile = getelementptr i8, ptr %scratch, i64 {64 + inputs}")
    writer.do(f"%own = getelementptr i8, ptr %scratch, i64 {64 + inputs + tile}")
