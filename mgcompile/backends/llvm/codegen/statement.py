"""Write a block of units, each by the module that knows its kind; loops write their bodies here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.backends.llvm.codegen.elementwise import write_group, write_many_operands
from mgcompile.backends.llvm.codegen.horizontal_sum import write_ghosts
from mgcompile.backends.llvm.codegen.reduction import write_reduction
from mgcompile.backends.llvm.codegen.scatter import write_copy, write_rotation, write_scatter
from mgcompile.backends.llvm.codegen.straight_tape import write_tape
from mgcompile.backends.llvm.tapevm.tapes import run_tape
from mgcompile.program.ir import Access, Affine, Bundle, Scatter, Tape
from mgcompile.schedule.ir import Group, LoopUnit, Product
from mgcompile.support.zero_product import adds_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.backends.llvm.codegen.codegen_context import Frame
    from mgcompile.backends.llvm.ir.function_builder import Writer
    from mgcompile.schedule.ir import Unit

__all__ = ["write_units"]


def write_units(
    writer: Writer, frame: Frame, block: Sequence[Unit], cleared: set[int] | None = None
) -> None:
    """Append the code of units, in order.

    `cleared` are the arrays whose ghosts code that runs before has cleared; others are added.
    """
    cleared = set() if cleared is None else cleared
    for unit in block:
        match unit:
            case Group():
                write_group(writer, frame, unit)
            case Product():
                write_reduction(writer, frame, unit)
            case Bundle():
                if unit.over_batch:
                    _clear_ghosts(writer, frame, unit, cleared)
                _write_bundle(writer, frame, unit)
            case Scatter():
                write_scatter(writer, frame, unit)
            case LoopUnit():
                _write_loop(writer, frame, unit)
            case Tape():
                interpreted = unit.result in frame.loops.interpreted
                run = run_tape if interpreted else write_tape
                run(writer, frame, unit)


def _write_bundle(writer: Writer, frame: Frame, bundle: Bundle) -> None:
    if adds_up(bundle.op):
        write_reduction(writer, frame, Product(bundle, None))
    else:
        write_many_operands(writer, frame, bundle)


def _clear_ghosts(writer: Writer, frame: Frame, bundle: Bundle, cleared: set[int]) -> None:
    """Append what keeps out of a sum the numbers that fill up the last vector of a tile.

    `cleared` are the arrays that this was done for before; those of the bundle are added.
    """
    batched = {a.array: None for a in bundle.operands if frame.batched(a.array)}
    left = [array for array in batched if array not in cleared]
    cleared.update(left)
    if left:
        write_ghosts(writer, frame, left)


def _write_loop(writer: Writer, frame: Frame, unit: LoopUnit) -> None:
    loop = unit.loop
    for carry in loop.carries:
        write_copy(writer, frame, carry.initial, carry.array)
    with writer.loop(loop.count) as turn:
        inside = frame.inside(turn.index)
        write_units(writer, inside, unit.body)
        for stack in loop.stacks:
            size = frame.program.arrays[stack.source].size
            step = size * frame.unit(stack.result)
            target = writer.offset(frame.start(writer, stack.result), writer.mul(turn.index, step))
            write_copy(writer, inside, _whole(inside, stack.source), stack.source, target)
        _hand_on(writer, inside, unit)


def _whole(frame: Frame, array: int) -> Access:
    return Access(array, Affine(0, (*(0 for _ in frame.iterations), 1)))


def _hand_on(writer: Writer, frame: Frame, unit: LoopUnit) -> None:
    """Append the copies of the new state to the carried arrays.

    A carried array that is itself the next state of another one is read before it is overwritten:
    the copies are ordered so, and arrays that form a ring move at once.
    """
    waiting = {carry.array: carry.following for carry in unit.loop.carries}
    waiting = {array: following for array, following in waiting.items() if array != following}
    while waiting:
        free = [array for array in waiting if array not in waiting.values()]
        for array in free:
            write_copy(writer, frame, _whole(frame, waiting.pop(array)), array)
        if waiting and not free:
            ring = [next(iter(waiting))]
            while waiting[ring[-1]] != ring[0]:
                ring.append(waiting[ring[-1]])
            write_rotation(writer, frame, ring)
            for array in ring:
                del waiting[array]
