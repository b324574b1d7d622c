"""The cube root: 2^(3q) y with y in [1/3, 3], a polynomial, and a step of Halley's method.

The step makes of a relative error e one of 2/3 e^3; what it adds is small, so that only its last
addition rounds.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.ir.module_builder import Function
from mgcompile.backends.llvm.math.functions.coefficients import CBRT as POLYNOMIAL
from mgcompile.backends.llvm.math.functions.exponential import power_of_two
from mgcompile.backends.llvm.math.functions.formats import format_of
from mgcompile.backends.llvm.math.functions.logarithm import normal, scaled_up, split

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block

__all__ = ["CBRT"]

_ROOT_OF_TWO, _ROOT_OF_HALF = 2.0 ** (1.0 / 3.0), 0.5 ** (1.0 / 3.0)


def _cbrt(block: Block, x: Vec) -> Vec:
    a = block.absolute(x)
    usual = _root(block, *split(block, a))

    def robust() -> list[Vec]:
        y, lift = scaled_up(block, a)
        m, k = split(block, y)
        value = _root(block, m, k - lift)
        inside = (a > 0.0) & (a < math.inf)
        return [block.select(inside, value, a)]

    return block.copy_sign(block.rarely(block.inverse(normal(a)), robust, [usual])[0], x)


def _root(block: Block, m: Vec, k: Vec) -> Vec:
    """Return the cube root of m 2^k."""
    form = format_of(m.kind)
    shifted = block.fma(k, 1.0 / 3.0, form.magic)
    rest = k - (shifted - form.magic) * 3.0  # -1, 0 or 1
    y = block.select(rest > 0.0, m + m, block.select(rest < 0.0, m * 0.5, m))
    start = block.polynomial(m, POLYNOMIAL[m.kind.element])
    one = block.constant(1.0, m.kind)
    factor = block.select(rest < 0.0, _ROOT_OF_HALF, one)
    z = start * block.select(rest > 0.0, _ROOT_OF_TWO, factor)
    square = z * z
    cube = square * z
    missing = y - cube
    if m.kind.element == "double":
        square_low = block.exact_fma(z, z, -square)
        missing = block.exact_fma(-square, z, y) - square_low * z
    better = block.fma(z, missing / (cube + cube + y), z)
    return better * power_of_two(block, shifted)


CBRT = Function("cbrt", _cbrt)
