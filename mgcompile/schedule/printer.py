"""Print a loop program for a person: phases, the loops of each, where arrays live."""

from __future__ import annotations

import math
from itertools import zip_longest
from typing import TYPE_CHECKING

from mgcompile.program.printer import format_access, format_statement
from mgcompile.schedule.ir import Group, LoopUnit, Product, ScatterUnit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mgcompile.program.ir import Bundle
    from mgcompile.schedule.decisions import ElementNest, ElementSum
    from mgcompile.schedule.ir import LoopProgram, Phase, Unit

__all__ = ["format_loops", "format_unit"]


def format_loops(loops: LoopProgram) -> str:
    """Return a loop program as text, with what has been decided so far.

    A unit is what runs as one loop nest: `loop` for fused elementwise bundles, `product` for a sum
    with what finishes it in registers. `@tile+8` says that an array begins at element 8 of the
    space `tile`; an array without a place lives in registers alone.
    """
    lines = [_head(loops)]
    if not loops.phases:
        lines += [
            line
            for statement in loops.program.statements
            for line in format_statement(statement, loops.program).splitlines()
        ]
    for number, phase in enumerate(loops.phases):
        lines += _phase(loops, number, phase)
    lines += [
        f"a{array} is a part of a{access.array}" for array, access in loops.destinations.items()
    ]
    return "\n".join(lines)


def _head(loops: LoopProgram) -> str:
    tile = f", tiles of {loops.tile.samples} samples" if loops.tile else ""
    sizes = ", ".join(f"{space} {size}" for space, size in loops.sizes.items() if size)
    return f"{loops.dtype} x {loops.width}{tile}" + (f"; {sizes}" if sizes else "")


def _phase(loops: LoopProgram, number: int, phase: Phase) -> Iterator[str]:
    yield f"phase {number}:"
    for title, block in (("once", phase.shared), ("for every tile", phase.tiled)):
        if block:
            yield f"  {title}:"
            yield from _block(loops, block, "    ", 0)
    for product in phase.weight_gradients:
        rows = "".join(f", rows by {part.step}" for part in product.row_blocks[:1])
        yield f"  block by block, {product.row_count} x {product.column_count}{rows}:"
        yield "    " + _statement(loops, product.bundle, 0)


def _block(loops: LoopProgram, block: Sequence[Unit], indent: str, depth: int) -> Iterator[str]:
    for unit in block:
        for line in format_unit(loops, unit, depth):
            yield indent + line


def format_unit(loops: LoopProgram, unit: Unit, depth: int = 0) -> Iterator[str]:
    """Yield the lines of a unit that stands in `depth` loops."""
    if isinstance(unit, Group):
        vectors = f", {unit.vectors} vectors a turn" if unit.vectors > 1 else ""
        lanes = "".join(_lane(nest) for nest in loops.element_nests.get(unit.results[0], ()))
        yield f"loop over {list(unit.shape)}{vectors}{lanes}:"
        yield from (f"  {_statement(loops, bundle, depth)}" for bundle in unit.bundles)
    elif isinstance(unit, Product):
        start = ""
        if unit.start is not None:
            domain = (0,) * depth, unit.bundle.shape
            start = f" from {format_access(unit.start, *domain, loops.program)}"
        yield f"product{start}: {_statement(loops, unit.bundle, depth)}"
        if unit.group is not None:
            yield from (f"  then {_statement(loops, b, depth)}" for b in unit.group.bundles)
    elif isinstance(unit, ScatterUnit):
        yield "scatter of what is made in registers:"
        yield from (f"  {_statement(loops, bundle, depth)}" for bundle in unit.bundles)
        yield from (f"  {line}" for line in format_unit(loops, unit.scatter, depth))
    elif isinstance(unit, LoopUnit):
        yield f"repeat {unit.loop.count} times:"
        yield from _block(loops, unit.body, "  ", depth + 1)
        for carry in unit.loop.carries:
            ends = f"first a{carry.initial.array}, last a{carry.final}"
            yield f"  a{carry.array} = a{carry.following} ({ends})"
        yield from (f"  keep a{stack.source} in a{stack.result}" for stack in unit.loop.stacks)
    else:
        text = format_statement(unit, loops.program, depth).splitlines()
        of_parts = [_lane(nest) for nest in loops.element_nests.get(unit.result, ())]
        for line, lane in zip_longest(text, of_parts[: len(text)], fillvalue=""):
            yield f"{line}{_decided(loops, unit.result)}{lane}"


def _statement(loops: LoopProgram, bundle: Bundle, depth: int) -> str:
    return format_statement(bundle, loops.program, depth) + _decided(loops, bundle.result)


def _decided(loops: LoopProgram, array: int) -> str:
    """Return where an array lives, and how a sum is cut."""
    place, blockings = loops.places.get(array), loops.blockings.get(array, ())
    text = "" if place is None else f"  @{place.space}+{place.offset}"
    blocks = [" x ".join(map(str, each.block)) for each in blockings]
    if any(math.prod(each.block) > 1 for each in blockings):
        text += f"  in blocks of {' and '.join(blocks)}"
    if array in loops.element_sums:
        text += _lanes(loops.element_sums[array])
    if blockings and blockings[0].turn.terms:
        turn = blockings[0].turn
        text += f"  {turn.terms} terms a turn, in {turn.parts} parts"
    if calls := sum(place[0] == array for place in loops.shared_calls):
        text += f"  {calls} shared calls" if calls > 1 else "  a shared call"
    return text


def _lane(nest: ElementNest) -> str:
    """Return the loops of what has no samples in the lanes, and which of them is there."""
    if nest.lane is None:
        return ""
    written = f", {nest.written_out} written out" if nest.written_out > 1 else ""
    return f", axis {nest.lane} of {list(nest.shape)} in the lanes{written}"


def _lanes(chosen: ElementSum) -> str:
    """Return what is in the lanes of a sum without samples there, and its blocks."""
    blocks = " and ".join(
        " x ".join(str(part.step) for part in each.ranges) or "1" for each in chosen.blocks
    )
    if chosen.along is not None:
        rows = "" if chosen.across is None else f" of neighbours on axis {chosen.across}"
        return f"  terms on reduced axis {chosen.along} in the lanes{rows}"
    if chosen.across is not None:
        return f"  results on axis {chosen.across} in the lanes, in blocks of {blocks}"
    return f"  in blocks of {blocks}" if any(c not in "1 xand" for c in blocks) else ""
