"""The cube root: x y^2 (1 - e)^(-2/3) with e = 1 - x y^3, for a y close to x^(-1/3).

The bits of y are a constant less a third of those of x, so that |e| is at most 0.103. As e is found
from the rounded x y^2, two thirds of what that lost are made good.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.ir.module_builder import Function
from mgcompile.backends.llvm.math.functions.coefficients import CBRT as POLYNOMIAL
from mgcompile.backends.llvm.math.functions.formats import format_of
from mgcompile.backends.llvm.math.functions.logarithm import normal

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block

__all__ = ["CBRT"]

_LEVEL = 0.06802151027888115
"""What levels the extremes of e: the bits of y are (4/3 bias - this) 2^mantissa - bits / 3."""

_LIFT = 2.0**18
"""The root of what subnormal numbers are multiplied by."""


def _cbrt(block: Block, x: Vec) -> Vec:
    a = block.absolute(x)
    usual = _root(block, a)

    def robust() -> list[Vec]:
        small = a < format_of(x.kind).tiny
        lifted = _root(block, block.select(small, a * _LIFT**3, a))
        value = block.select(small, lifted / _LIFT, lifted)
        inside = (a > 0.0) & (a < math.inf)
        return [block.select(inside, value, a)]

    return block.copy_sign(block.rarely(block.inverse(normal(a)), robust, [usual])[0], x)


def _root(block: Block, a: Vec) -> Vec:
    """Return the cube root of a normal a > 0."""
    y = _seed(block, a)
    root = a * (y * y)
    e = block.exact_fma(-root, y, 1.0)
    return block.fma(root * e, block.split_polynomial(e, POLYNOMIAL[a.kind.element]), root)


def _seed(block: Block, a: Vec) -> Vec:
    """Return about a^(-1/3), with one step on the upper bits of a as a number."""
    form = format_of(a.kind)
    shift = a.kind.bits - form.mantissa  # so many fewer bits are an integer in a mantissa
    anchor = 2.0**form.mantissa
    bits = (block.bits(a) >> shift) | a.kind.pattern(anchor)
    third = block.constant(-1.0 / 3.0, a.kind)
    start = (4.0 / 3.0 * form.bias - _LEVEL) * 2.0 ** (form.mantissa - shift)
    moved = block.exact_fma(block.from_bits(bits), third, start + anchor * (4.0 / 3.0))
    return block.from_bits(block.bits(moved) << shift)


CBRT = Function("cbrt", _cbrt)
