"""Say how each shipped op becomes instructions: one table, op name to lowering.

A lowering takes the block that instructions are appended to and the operands, and returns the
result. Ops without an entry are lowered by :mod:`mgcompile.llvm.foreign`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .block import Block, Vec

Lowering = Callable[..., "Vec"]


def _sum(block: Block, *terms: Vec) -> Vec:
    if not terms:
        return block.constant(0.0)
    return reduce(lambda total, term: total + term, terms)


def _dot(block: Block, *factors: Vec) -> Vec:
    half = len(factors) // 2
    if not half:
        return block.constant(0.0)
    total = factors[0] * factors[half]
    for left, right in zip(factors[1:half], factors[half + 1 :], strict=True):
        total = block.fma(left, right, total)
    return total


def _truth(mask: Vec) -> Vec:
    return mask.block.select(mask, mask.block.constant(1.0), 0.0)


LOWERINGS: Mapping[str, Lowering] = {
    "add": lambda _, a, b: a + b,
    "sub": lambda _, a, b: a - b,
    "mul": lambda _, a, b: a * b,
    "div": lambda _, a, b: a / b,
    "neg": lambda _, a: -a,
    "abs": lambda block, a: block.absolute(a),
    "sqrt": lambda block, a: block.square_root(a),
    "gt": lambda _, a, b: _truth(a > b),
    "ge": lambda _, a, b: _truth(a >= b),
    "lt": lambda _, a, b: _truth(a < b),
    "le": lambda _, a, b: _truth(a <= b),
    "sum": _sum,
    "dot": _dot,
}
