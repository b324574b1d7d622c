"""Write the functions of C through which other programs call a lowered program.

Each lays out on the stack the block of words that the code is called with, and the memory that it
works in: on the stack too if that is little, else from malloc.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mgcompile.backends.llvm.abi.context import SLOTS, slot_address
from mgcompile.backends.llvm.codegen.run_function import MOST_CHUNKS, RUN
from mgcompile.backends.llvm.ir.function_builder import Index, Writer
from mgcompile.backends.llvm.ir.module_builder import Library

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mgcompile.backends.llvm.ir.target import Target
    from mgcompile.backends.llvm.lower import Lowered

__all__ = ["Entry", "entry_text"]

_ON_STACK = 1 << 15
"""Bytes of memory that are taken from the stack."""

_DOUBLE = 8
_WORD = 8


@attrs.frozen(slots=True)
class Entry:
    """A function of C.

    Args:
        name: Its symbol.
        arguments: Their names, in order; "n" is a size_t, all others are pointers.
        rows: Where samples are: the name of an argument or of a global, or "" for none.
        count: How many there are: a number, or "n".
        results: For each output of the program the argument that it goes to.
        params: Whether there is an argument `p`.
    """

    name: str
    arguments: tuple[str, ...]
    rows: str
    count: int | str
    results: Mapping[str, str]
    params: bool


def entry_text(lowered: Lowered, entry: Entry, target: Target) -> str:
    """Return the function, to stand in the module of the lowered program."""
    library = Library(target)
    types = [f"{'i64' if name == 'n' else 'ptr'} %{name}" for name in entry.arguments]
    writer = Writer(library, entry.name, types, "i32", internal=False)
    if entry.count == "n":
        with writer.when(writer.value("icmp eq i64 %n, 0")):
            writer.leave("i32 2")
    count: Index = "%n" if entry.count == "n" else int(entry.count)
    memory = _Memory(writer, lowered, count)
    _fill_context(writer, lowered, entry, count, memory)
    writer.do(f"call void @{RUN}(ptr %context, ptr {memory.scratch}, i64 0, i64 1)")
    if entry.count == "n":
        _divide(writer, lowered, entry)
    memory.give_back()
    writer.do("ret i32 0")
    return f"{writer.text()}\n\n{library.text()}"


class _Memory:
    """The areas that a run works in, one behind the other."""

    def __init__(self, writer: Writer, lowered: Lowered, count: Index) -> None:
        self.writer = writer
        sizes, tile = lowered.loops.sizes, lowered.tile
        fixed = {
            "scratch": lowered.scratch_bytes,
            "shared": sizes["shared"] * tile.bytes,
            "sums": sizes["sums"] * tile.bytes * MOST_CHUNKS,
        }
        places, end = {}, 0
        for area, size in fixed.items():
            places[area] = end
            end += -(-size // 64) * 64
        of_tile = sizes["store"] * tile.samples * tile.bytes
        total: Index = end
        if of_tile:
            more = writer.add(count, tile.samples - 1)
            tiles = (
                more // tile.samples
                if isinstance(more, int)
                else writer.value(f"udiv i64 {more}, {tile.samples}")
            )
            total = writer.add(end, writer.mul(tiles, of_tile))
        self.from_heap = not isinstance(total, int) or total > _ON_STACK
        self.block = self._reserved(total)
        start = self._aligned(self.block) if self.from_heap else self.block
        self.scratch = writer.offset(start, places["scratch"])
        self.shared = writer.offset(start, places["shared"])
        self.sums = writer.offset(start, places["sums"])
        self.store = writer.offset(start, end)

    def _reserved(self, total: Index) -> str:
        writer = self.writer
        if not self.from_heap:
            return writer.value(f"alloca [{max(64, int(total))} x i8], align 64")
        writer.library.declare("@malloc", "declare ptr @malloc(i64)")
        writer.library.declare("@free", "declare void @free(ptr)")
        block = writer.value(f"call ptr @malloc(i64 {writer.add(total, 64)})")
        with writer.when(writer.value(f"icmp eq ptr {block}, null")):
            writer.leave("i32 1")
        return block

    def _aligned(self, block: str) -> str:
        number = self.writer.value(f"ptrtoint ptr {block} to i64")
        raised = self.writer.value(f"add i64 {number}, 63")
        even = self.writer.value(f"and i64 {raised}, -64")
        return self.writer.value(f"inttoptr i64 {even} to ptr")

    def give_back(self) -> None:
        """Append the end of its life."""
        if self.from_heap:
            self.writer.do(f"call void @free(ptr {self.block})")


def _fill_context(
    writer: Writer, lowered: Lowered, entry: Entry, count: Index, memory: _Memory
) -> None:
    program = lowered.program
    writer.do(f"%context = alloca [{len(SLOTS)} x i64], align 16")
    writer.do(f"%outputs = alloca [{3 * len(program.outputs)} x i64], align 16")
    for name in SLOTS:
        writer.store("i64", "0", slot_address(writer, name), 8)
    pointers = {
        "CONSTS": "@consts",
        "TABLES": "@tables",
        "SHARED": memory.shared,
        "SUMS": memory.sums,
        "STORE": memory.store,
        "OUTPUTS": "%outputs",
        "SCRATCH": memory.scratch,
    }
    if entry.params:
        pointers["PARAMS"] = "%p"
    if entry.rows:
        pointers["MATRIX"] = entry.rows if entry.rows.startswith("@") else f"%{entry.rows}"
    for name, pointer in pointers.items():
        writer.store("ptr", pointer, slot_address(writer, name), 8)
    words = {"COUNT": count, "ROW": _DOUBLE * program.n_inputs, "COLUMN": _DOUBLE}
    for name, word in words.items():
        writer.store("i64", str(word), slot_address(writer, name), 8)
    for place, output in enumerate(program.outputs):
        line = 3 * _WORD * place
        size = program.arrays[output.array].size
        writer.store("ptr", f"%{entry.results[output.name]}", writer.offset("%outputs", line), 8)
        for distance, word in ((_WORD, size * _DOUBLE), (2 * _WORD, _DOUBLE)):
            writer.store("i64", str(word), writer.offset("%outputs", line + distance), 8)


def _divide(writer: Writer, lowered: Lowered, entry: Entry) -> None:
    """Append the division of sums over the samples by their number."""
    divisor = writer.value("uitofp i64 %n to double")
    for output in lowered.program.outputs:
        size = lowered.program.arrays[output.array].size
        pointer = f"%{entry.results[output.name]}"
        if not size:
            continue
        with writer.loop(size) as turn:
            where = writer.offset(pointer, writer.mul(turn.index, _DOUBLE))
            number = writer.load("double", where, 8)
            quotient = writer.value(f"fdiv double {number}, {divisor}")
            writer.store("double", quotient, where, 8)
