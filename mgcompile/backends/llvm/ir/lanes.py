"""Take vectors apart into registers and lanes, and put them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from mgcompile.backends.llvm.ir.vector import Vec
from mgcompile.backends.llvm.ir.vector_type import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.backends.llvm.ir.target import Target

__all__ = ["abreast", "gathered", "joined", "lane", "register_kind", "registers", "repeated"]


def register_kind(kind: Kind, target: Target) -> Kind:
    """Return the kind of the vectors of `target` that one of `kind` is made of."""
    return evolve(kind, lanes=min(kind.lanes, target.vector_bits // kind.bits))


def registers(a: Vec) -> list[Vec]:
    """Append the parts of a vector that fill a register each."""
    part = register_kind(a.kind, a.block.library.target)
    if part == a.kind:
        return [a]
    if part.lanes == 1:
        return [lane(a, index) for index in range(a.kind.lanes)]
    numbers = [
        ", ".join(f"i32 {start + place}" for place in range(part.lanes))
        for start in range(0, a.kind.lanes, part.lanes)
    ]
    return [
        a.block.append(
            f"shufflevector {a.kind} {a.name}, {a.kind} poison, <{part.lanes} x i32> <{mask}>",
            part,
        )
        for mask in numbers
    ]


def abreast(a: Vec) -> Vec:
    """Return a vector of several registers, all of which are there before any is used.

    LLVM would finish one after the other, each step waiting for the one before, and keep all
    constants meanwhile. An assembly of no instructions, with all registers as its operands, is
    a point that they pass together.
    """
    parts, letter = registers(a), a.block.library.target.register
    if len(parts) == 1 or not letter:
        return a
    each = parts[0].kind
    together = Kind("{" + ", ".join([str(each)] * len(parts)) + "}", 1)
    constraints = [f"={letter}"] * len(parts) + [str(place) for place in range(len(parts))]
    operands = ", ".join(f"{part.kind} {part.name}" for part in parts)
    text = f'call {together} asm "", "{",".join(constraints)}"({operands})'
    passed = a.block.append(text, together)
    parts = [
        a.block.append(f"extractvalue {together} {passed.name}, {place}", each)
        for place in range(len(parts))
    ]
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=True)
        parts = [joined(low, high) for low, high in pairs]
    return parts[0]


def joined(low: Vec, high: Vec) -> Vec:
    """Append a vector of the lanes of two."""
    kind = evolve(low.kind, lanes=2 * low.kind.lanes)
    if low.kind.lanes == 1:
        return gathered([low, high])
    mask = ", ".join(f"i32 {place}" for place in range(kind.lanes))
    operands = f"{low.kind} {low.name}, {low.kind} {high.name}, <{kind.lanes} x i32> <{mask}>"
    return low.block.append(f"shufflevector {operands}", kind)


def repeated(a: Vec, lanes: int) -> Vec:
    """Append a vector that holds another one several times; `lanes` are a multiple of its."""
    if lanes == a.kind.lanes:
        return a
    kind = evolve(a.kind, lanes=lanes)
    if a.kind.lanes == 1:
        return gathered([a] * lanes)
    mask = ", ".join(f"i32 {lane % a.kind.lanes}" for lane in range(lanes))
    operands = f"{a.kind} {a.name}, {a.kind} poison, <{lanes} x i32> <{mask}>"
    return a.block.append(f"shufflevector {operands}", kind)


def lane(a: Vec, index: int) -> Vec:
    """Append the extraction of one lane, a scalar."""
    if a.kind.lanes == 1:
        return a
    return a.block.append(f"extractelement {a.kind} {a.name}, i32 {index}", Kind(a.kind.element, 1))


def gathered(lanes: Sequence[Vec]) -> Vec:
    """Append the building of a vector from scalars."""
    if len(lanes) == 1:
        return lanes[0]
    kind = Kind(lanes[0].kind.element, len(lanes))
    whole = Vec(lanes[0].block, "poison", kind)
    for index, scalar in enumerate(lanes):
        item = f"{scalar.kind} {scalar.name}, i32 {index}"
        whole = lanes[0].block.append(f"insertelement {kind} {whole.name}, {item}", kind)
    return whole
