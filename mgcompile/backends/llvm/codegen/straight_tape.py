"""Write a short tape as straight-line code, in segments that keep their results in registers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field, frozen

from mgcompile.backends.llvm.codegen.element_lanes import splat
from mgcompile.backends.llvm.math.emit import emit
from mgcompile.program.ir import Access, Affine, Tape, map_elements

if TYPE_CHECKING:
    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Index, Writer
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block

__all__ = ["write_tape"]

SEGMENT = 100
"""Instructions of one loop over the samples: about what a core looks ahead."""


@frozen
class _Source:
    """An element of an array, as what a tape reads or makes."""

    array: int
    element: int


def write_tape(writer: Writer, codegen: CodegenContext, tape: Tape) -> None:
    """Append one loop over the samples for each segment of the tape."""
    pool = _pool(tape)
    count = len(tape.code)
    kept = codegen.loops.live_outs[tape.result]
    last_segment = _last_use(tape, len(pool))
    for begin in range(0, count, SEGMENT):
        end = min(count, begin + SEGMENT)
        stored = [i for i in range(begin, end) if kept[i] or last_segment[i] >= end]
        _write_segment(writer, codegen, tape, pool, (begin, end), stored)


def _pool(tape: Tape) -> list[_Source]:
    """Return where every external element of the pool is."""
    pool = []
    for access, length in zip(tape.externals, tape.lengths, strict=True):
        elements = map_elements(access.index, (length,)).tolist()
        pool += [_Source(access.array, element) for element in elements]
    return pool


def _last_use(tape: Tape, first: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Return the last instruction that reads each instruction's result; -1 when none does."""
    last = np.full(len(tape.code), -1, dtype=np.int64)
    reader = np.repeat(np.arange(len(tape.code)), np.diff(tape.start))
    inner = tape.operand >= first
    np.maximum.at(last, tape.operand[inner] - first, reader[inner])
    return last


def _write_segment(
    writer: Writer,
    codegen: CodegenContext,
    tape: Tape,
    pool: list[_Source],
    bounds: tuple[int, int],
    stored: list[int],
) -> None:
    size = codegen.tile.bytes
    if not codegen.batched(tape.result):
        block = writer.block(codegen.scalar)
        segment = _Segment(codegen, tape, pool, block, bounds[0], 0, size)
        segment.write(bounds, stored)
        writer.splice(block)
        return
    width = size * codegen.tile.width
    with writer.loop("%lane_bytes", step=width) as turn:
        block = writer.block(codegen.vector)
        segment = _Segment(codegen, tape, pool, block, bounds[0], turn.index, width)
        segment.write(bounds, stored)
        writer.splice(block)


@define
class _Segment:
    """The instructions of one segment, for one vector of samples."""

    codegen: CodegenContext
    tape: Tape
    pool: list[_Source]
    block: Block
    begin: int
    lane: Index
    width: int
    _results: list[Vec] = field(factory=list)

    def write(self, bounds: tuple[int, int], stored: list[int]) -> None:
        """Append the instructions, and the stores of what is read later."""
        start, operand = self.tape.start, self.tape.operand
        exactly = self.tape.result in self.codegen.exact
        for i in range(*bounds):
            read = operand[start[i] : start[i + 1]].tolist()
            op = self.tape.ops[int(self.tape.code[i])]
            shared = (self.tape.result, i) in self.codegen.loops.shared_calls
            with self.block.rounded(exactly=exactly), self.block.sharing(shared=shared):
                self._results.append(emit(self.block, op, [self._operand(k) for k in read]))
        for i in stored:
            value = self._results[i - self.begin]
            pointer = self._pointer(_Source(self.tape.result, i))
            text = f"store {self.block.kind} {value.name}, ptr {pointer}, align {self.width}"
            self.block.lines.append(f"  {text}")

    def _operand(self, number: int) -> Vec:
        first = len(self.pool)
        if number >= first + self.begin:
            return self._results[number - first - self.begin]
        if number >= first:
            return self._load(_Source(self.tape.result, number - first))
        return self._load(self.pool[number])

    def _load(self, source: _Source) -> Vec:
        known = self.codegen.loops.constant(Access(source.array, Affine(source.element, ())))
        if known is not None:
            return self.block.constant(known)
        kind = self.block.kind
        pointer = self._pointer(source)
        if kind.lanes > 1 and not self.codegen.batched(source.array):
            scalar = self.codegen.scalar
            text = f"load {scalar}, ptr {pointer}, align {self.codegen.tile.bytes}"
            return splat(self.block, self.block.append(text, scalar).name)
        return self.block.append(f"load {kind}, ptr {pointer}, align {self.width}", kind)

    def _pointer(self, source: _Source) -> str:
        place = self.codegen.loops.places[source.array]
        distance = (place.offset + source.element) * self.codegen.unit(source.array)
        pointer = self._moved(f"%{place.space}", distance)
        return self._moved(pointer, self.lane) if place.batched else pointer

    def _moved(self, pointer: str, distance: Index) -> str:
        if distance == 0:
            return pointer
        text = f"getelementptr i8, ptr {pointer}, i64 {distance}"
        return self.block.append(text, self.block.kind).name
