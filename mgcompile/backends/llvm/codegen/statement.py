"""Write a block of units, each by the module that knows its kind; loops write their bodies here."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.codegen.element_groups import (
    write_element_group,
    write_element_operands,
)
from mgcompile.backends.llvm.codegen.element_sums import write_element_product
from mgcompile.backends.llvm.codegen.elementwise import write_group, write_many_operands
from mgcompile.backends.llvm.codegen.horizontal_sum import write_padding_lanes
from mgcompile.backends.llvm.codegen.lookup import write_lookup
from mgcompile.backends.llvm.codegen.matrix_product import write_product
from mgcompile.backends.llvm.codegen.needed_loops import write_needed
from mgcompile.backends.llvm.codegen.scatter import write_copy, write_rotation, write_scatter
from mgcompile.backends.llvm.codegen.straight_tape import write_tape
from mgcompile.backends.llvm.tapevm.tapes import run_tape
from mgcompile.program.ir import Access, Affine, Bundle, Scatter, Tape
from mgcompile.schedule.ir import Group, LoopUnit, Product, ScatterUnit
from mgcompile.schedule.lookups import is_lookup
from mgcompile.support.zero_product import adds_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Writer
    from mgcompile.schedule.ir import Unit

__all__ = ["write_units"]


def write_units(
    writer: Writer, codegen: CodegenContext, block: Sequence[Unit], cleared: set[int] | None = None
) -> None:
    """Append the code of units, in order.

    `cleared` are the arrays whose padding lanes earlier code has cleared; others are added.
    """
    cleared = set() if cleared is None else cleared
    for unit in block:
        match unit:
            case Group():
                by_sample = unit.tiled and not codegen.one_sample
                write = write_group if by_sample else write_element_group
                write(writer, codegen, unit)
            case Product():
                _write_product(writer, codegen, unit)
            case Bundle():
                if unit.over_batch and not codegen.one_sample:
                    _clear_padding_lanes(writer, codegen, unit, cleared)
                _write_bundle(writer, codegen, unit)
            case Scatter():
                write_scatter(writer, codegen, unit)
            case ScatterUnit():
                write_scatter(writer, codegen, unit.scatter, unit.bundles)
            case LoopUnit(loop=loop):
                with ExitStack() as stack:
                    if loop.needed is not None:
                        needed = write_needed(writer, codegen, loop.needed)
                        stack.enter_context(writer.when(needed))
                    _write_loop(writer, codegen, unit)
            case Tape():
                interpreted = unit.result in codegen.loops.interpreted
                run = run_tape if interpreted else write_tape
                run(writer, codegen, unit)


def _write_bundle(writer: Writer, codegen: CodegenContext, bundle: Bundle) -> None:
    if adds_up(bundle.op):
        _write_product(writer, codegen, Product(bundle, None))
    elif is_lookup(bundle):
        write_lookup(writer, codegen, bundle)
    else:
        by_sample = codegen.samples_in_lanes(bundle)
        write = write_many_operands if by_sample else write_element_operands
        with writer.sharing(shared=(bundle.result, 0) in codegen.loops.shared_calls):
            write(writer, codegen, bundle)


def _write_product(writer: Writer, codegen: CodegenContext, product: Product) -> None:
    by_sample = codegen.samples_in_lanes(product.bundle)
    write = write_product if by_sample else write_element_product
    write(writer, codegen, product)


def _clear_padding_lanes(
    writer: Writer, codegen: CodegenContext, bundle: Bundle, cleared: set[int]
) -> None:
    """Append what keeps out of a sum the numbers that fill up the last vector of a tile.

    `cleared` are the arrays that this was done for before; those of the bundle are added.
    """
    batched = {a.array: None for a in bundle.operands if codegen.batched(a.array)}
    left = [array for array in batched if array not in cleared]
    cleared.update(left)
    if left:
        write_padding_lanes(writer, codegen, left)


def _write_loop(writer: Writer, codegen: CodegenContext, unit: LoopUnit) -> None:
    loop = unit.loop
    for carry in loop.carries:
        write_copy(writer, codegen, carry.initial, carry.array)
    with writer.loop(loop.count) as turn:
        inside = codegen.inside(turn.index)
        write_units(writer, inside, unit.body)
        for stack in loop.stacks:
            size = codegen.program.arrays[stack.source].size
            step = size * codegen.unit(stack.result)
            target = writer.offset(
                codegen.start(writer, stack.result), writer.mul(turn.index, step)
            )
            write_copy(writer, inside, _whole(inside, stack.source), stack.source, target)
        _hand_on(writer, inside, unit)


def _whole(codegen: CodegenContext, array: int) -> Access:
    return Access(array, Affine(0, (*(0 for _ in codegen.iterations), 1)))


def _hand_on(writer: Writer, codegen: CodegenContext, unit: LoopUnit) -> None:
    """Append the copies of the new state to the carried arrays.

    A carried array that is itself the next state of another one is read before it is overwritten:
    the copies are ordered so, and arrays that form a ring move at once.
    """
    waiting = {carry.array: carry.following for carry in unit.loop.carries}
    waiting = {array: following for array, following in waiting.items() if array != following}
    while waiting:
        free = [array for array in waiting if array not in waiting.values()]
        for array in free:
            write_copy(writer, codegen, _whole(codegen, waiting.pop(array)), array)
        if waiting and not free:
            ring = [next(iter(waiting))]
            while waiting[ring[-1]] != ring[0]:
                ring.append(waiting[ring[-1]])
            write_rotation(writer, codegen, ring)
            for array in ring:
                del waiting[array]
