"""Write whether a loop is needed: whether a number is not 0, for any of the samples at work."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Writer
    from mgcompile.program.ir import Access

__all__ = ["write_needed"]


def write_needed(writer: Writer, codegen: CodegenContext, access: Access) -> str:
    """Append the look at a number that tells; return an i1.

    Numbers in lanes beyond the last sample may be any: they make a loop run that need not, at most.
    """
    kind, size = codegen.scalar, codegen.tile.bytes
    pointer = codegen.address(writer, access).pointer
    if not codegen.batched(access.array):
        number = writer.load(kind, pointer, size)
        return writer.value(f"fcmp une {kind} {number}, {kind.literal(0.0)}")
    kind = codegen.vector
    mask = f"<{kind.lanes} x i1>"
    with writer.loop(
        "%lane_bytes", step=size * kind.lanes, carried=[(mask, "zeroinitializer")]
    ) as turn:
        numbers = writer.load(kind, writer.offset(pointer, turn.index), size)
        some = writer.value(f"fcmp une {kind} {numbers}, {kind.literal(0.0)}")
        turn.following = [writer.value(f"or {mask} {turn.values[0]}, {some}")]
    bits = writer.value(f"bitcast {mask} {turn.values[0]} to i{kind.lanes}")
    return writer.value(f"icmp ne i{kind.lanes} {bits}, 0")
