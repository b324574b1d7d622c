"""erfc and erfcx: the scaled tail of the normal distribution, and erf's polynomial around 0.

erfc(x) = 2 Phi(-sqrt(2) x); the tail of Phi is e^(-x^2) times a function that varies little.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.ir.module_builder import Function
from mgcompile.backends.llvm.math.functions.coefficients import CENTRE, TAIL
from mgcompile.backends.llvm.math.functions.exponential import EXP_OF_PARTS
from mgcompile.backends.llvm.math.functions.two_parts import square

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block

__all__ = ["ERFC", "ERFCX"]

_ROOT = math.sqrt(2.0)
_NEAR = 0.53  # up to here the polynomial around 0 holds
_FAR = {"double": 27.5, "float": 10.2}  # up to here the tail's fit holds; erfc is 0
# sqrt(pi) x erfcx(x) = 1 - 1/(2 x^2) + 3/(4 x^4) - ... (DLMF 7.12.1)
_SERIES = (1.0, -0.5, 0.75, -1.875, 6.5625, -29.53125, 162.421875)


def _tail(block: Block, a: Vec) -> Vec:
    """Return erfcx(a) for a from about 1/2 to the end of the fit."""
    t = (a - 4.0 / _ROOT) / (a + 4.0 / _ROOT)
    constant, *rest = TAIL[a.kind.element]
    value = block.fma(block.split_polynomial(t, rest), t, constant)
    return (value + value) / block.fma(a, _ROOT * 13 / 16, 1.0)


def _erf_near(block: Block, x: Vec) -> Vec:
    """Return erf(x) around 0."""
    z = x * x
    return (2.0 * _ROOT) * (x * block.polynomial(z + z, CENTRE[x.kind.element]))


def _erfc(block: Block, x: Vec) -> Vec:
    a = block.absolute(x)
    cap = _FAR[x.kind.element]
    a = block.select(a > cap, cap, a)
    high, low = square(block, a)
    tail = _tail(block, a) * block.call(EXP_OF_PARTS, -high, -low)
    far = block.select(x > 0.0, tail, 2.0 - tail)
    return block.select(block.absolute(x) < _NEAR, 1.0 - _erf_near(block, x), far)


def _erfcx(block: Block, x: Vec) -> Vec:
    a = block.absolute(x)
    cap = _FAR[x.kind.element]
    usual = _tail(block, block.select(a > cap, cap, a))
    beyond = block.inverse(x >= _NEAR) | (x > cap)

    def robust() -> list[Vec]:
        large = block.select(x > cap, x, cap)
        inverse = 1.0 / large
        series = block.polynomial(inverse * inverse, _SERIES) * (inverse / math.sqrt(math.pi))
        high, low = square(block, block.select(x < -cap, -cap, x))
        growth = block.call(EXP_OF_PARTS, high, low)
        near = growth * (1.0 - _erf_near(block, x))
        negative = 2.0 * growth - usual
        value = block.select(a < _NEAR, near, block.select(x < 0.0, negative, usual))
        value = block.select(x > cap, series, value)
        return [block.select(x.is_nan(), x, value)]

    return block.rarely(beyond, robust, [usual])[0]


ERFC = Function("erfc", _erfc)
ERFCX = Function("erfcx", _erfcx)
