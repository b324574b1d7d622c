"""Write the loop nest of a group of elementwise bundles."""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from typing import TYPE_CHECKING

from mgcompile.llvm.emit import emit
from mgcompile.llvm.folds import write_logsumexp
from mgcompile.llvm.lowerings import is_shipped
from mgcompile.program import Affine, extent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mgcompile.llvm.block import Block, Vec
    from mgcompile.llvm.frame import Cursor, Frame
    from mgcompile.llvm.fuse import Group
    from mgcompile.llvm.kind import Kind
    from mgcompile.llvm.writer import Index, Writer
    from mgcompile.program import Access, Bundle
    from mgcore import Op

__all__ = ["Key", "apply", "outside_reads", "splat", "write_group", "write_many_operands"]

MOST_OPERANDS = 16
"""Elements along an axis that are written out, one by one."""

Key = tuple[int, int, tuple[int, ...], bytes]


def access_key(access: Access) -> Key:
    """Return what is equal for accesses that read the same elements."""
    index = access.index
    if isinstance(index, Affine):
        return access.array, index.offset, index.strides, b""
    return access.array, 0, index.strides, index.table.tobytes()


def splat(block: Block, value: str) -> Vec:
    """Return one number in every lane."""
    kind = block.kind
    if kind.lanes == 1:
        return block.register(value)
    first = block.append(f"insertelement {kind} poison, {kind.element} {value}, i64 0", kind)
    zeros = f"<{kind.lanes} x i32> zeroinitializer"
    return block.append(f"shufflevector {kind} {first.name}, {kind} poison, {zeros}", kind)


def outside_reads(
    writer: Writer, frame: Frame, group: Group, inside: set[int]
) -> dict[Key, Cursor]:
    """Return cursors on what a group reads from memory: neither constants nor arrays `inside`."""
    read: dict[Key, Cursor] = {}
    for bundle in group.bundles:
        for access in bundle.operands:
            key = access_key(access)
            if access.array in inside or key in read or frame.constant(access) is not None:
                continue
            read[key] = frame.cursor(writer, access)
    return read


def write_group(writer: Writer, frame: Frame, group: Group) -> None:
    """Append a loop over the group's points, and for each over the vectors of the tile."""
    shape, loops = group.shape, len(frame.iterations)
    read = outside_reads(writer, frame, group, set(group.results))
    written = {
        bundle.result: frame.result(writer, bundle.result, shape)
        for bundle in group.bundles
        if frame.stored(bundle.result)
    }
    cursors = [*read.values(), *written.values()]
    with ExitStack() as stack:
        for axis, length in enumerate(shape):
            turn = stack.enter_context(writer.loop(length))
            for cursor in cursors:
                cursor.enter(loops + axis, turn.index)
        if group.tiled:
            _write_lanes(writer, frame, group, read, written)
        else:
            _write_point(writer, frame, group, read, written)


def _write_lanes(
    writer: Writer,
    frame: Frame,
    group: Group,
    read: dict[Key, Cursor],
    written: dict[int, Cursor],
) -> None:
    kind, size = frame.shape.vector, frame.shape.bytes
    before = writer.block(kind)
    known: dict[Key, Vec] = {}
    for key, cursor in read.items():
        if not frame.batched(key[0]):
            number = before.append(
                f"load {kind.element}, ptr {cursor.pointer}, align {size}", frame.shape.scalar
            )
            known[key] = splat(before, number.name)
    writer.splice(before)
    width = frame.shape.width * size
    vectors = 2 if group.cheap else 1  # a tile is cut into pairs of vectors
    with writer.loop("%lane_bytes", step=vectors * width) as turn:
        for vector in range(vectors):
            block = writer.block(kind)
            distance = writer.add(turn.index, vector * width)
            for key, vec in known.items():
                known[key] = block.register(vec.name)
            for key, cursor in read.items():
                if frame.batched(key[0]):
                    known[key] = _load(block, cursor.pointer, distance, width)
            results = apply(block, frame, group, known)
            for array, cursor in written.items():
                where = block.append(
                    f"getelementptr i8, ptr {cursor.pointer}, i64 {distance}", kind
                )
                text = f"store {kind} {results[array].name}, ptr {where.name}, align {width}"
                block.lines.append(f"  {text}")
            writer.splice(block)


def _load(block: Block, pointer: str, distance: Index, align: int) -> Vec:
    where = block.append(f"getelementptr i8, ptr {pointer}, i64 {distance}", block.kind).name
    return block.append(f"load {block.kind}, ptr {where}, align {align}", block.kind)


def _write_point(
    writer: Writer,
    frame: Frame,
    group: Group,
    read: dict[Key, Cursor],
    written: dict[int, Cursor],
) -> None:
    kind, size = frame.shape.scalar, frame.shape.bytes
    block = writer.block(kind)
    known = {
        key: block.append(f"load {kind}, ptr {cursor.pointer}, align {size}", kind)
        for key, cursor in read.items()
    }
    results = apply(block, frame, group, known)
    for array, cursor in written.items():
        text = f"store {kind} {results[array].name}, ptr {cursor.pointer}, align {size}"
        block.lines.append(f"  {text}")
    writer.splice(block)


def apply(
    block: Block,
    frame: Frame,
    group: Group,
    known: dict[Key, Vec],
    made: Mapping[int, Vec] | None = None,
) -> dict[int, Vec]:
    """Append the ops of a group for one vector.

    Args:
        block: takes the instructions.
        frame: where the group stands.
        group: the bundles.
        known: the registers of what is read from memory.
        made: the registers of what was made before at the same point.

    Returns:
        The register of each result, and what was made before.
    """
    results = dict(made or {})
    for bundle in group.bundles:
        operands = []
        for access in bundle.operands:
            number = frame.constant(access)
            if number is not None:
                operands.append(block.constant(number))
            elif access.array in results:
                operands.append(results[access.array])
            else:
                operands.append(known[access_key(access)])
        results[bundle.result] = emit(block, bundle.op, operands)
    return results


def write_many_operands(writer: Writer, frame: Frame, bundle: Bundle) -> None:
    """Append the nest of an op whose operands are the elements along the reduced axes."""
    (access,) = bundle.operands
    size, loops = frame.shape.bytes, len(frame.iterations)
    read = frame.cursor(writer, access)
    written = frame.result(writer, bundle.result, bundle.shape)
    batched = frame.batched(bundle.result)
    kind = frame.shape.vector if batched else frame.shape.scalar
    width = size * kind.lanes
    with ExitStack() as stack:
        for axis, length in enumerate(bundle.shape):
            turn = stack.enter_context(writer.loop(length))
            for cursor in (read, written):
                cursor.enter(loops + axis, turn.index)
        first = loops + len(bundle.shape)
        axes = [(first + axis, length) for axis, length in enumerate(bundle.reduced)]
        with writer.loop("%lane_bytes" if batched else width, step=width) as turn:
            if is_shipped(bundle.op, "logsumexp") and extent(bundle.reduced) > MOST_OPERANDS:
                result = write_logsumexp(writer, kind, read, axes, turn.index, width)
            else:
                result = _write_out(writer, bundle.op, kind, read, axes, (turn.index, width))
            writer.store(kind, result, writer.offset(written.pointer, turn.index), width)


def _write_out(
    writer: Writer,
    op: Op,
    kind: Kind,
    read: Cursor,
    axes: list[tuple[int, int]],
    place: tuple[Index, int],
) -> str:
    """Append an op of all elements along `axes`, as operands; return the register of the result."""
    block = writer.block(kind)
    operands = []
    for point in itertools.product(*(range(length) for _, length in axes)):
        one = read.fork()
        for (axis, _), index in zip(axes, point, strict=True):
            one.enter(axis, index)
        operands.append(_load(block, one.pointer, *place))
    result = emit(block, op, operands)
    writer.splice(block)
    return result.name
