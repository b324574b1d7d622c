"""The gamma function and its logarithm, and beta functions made of them.

Gamma(x) from 8 on by Stirling's series (DLMF 5.11.1), its exponent in two parts; below as
Gamma(x + 8) / (x (x + 1) ... (x + 7)). The logarithm around 1 and 2 is a quotient times its zeros;
from there it is shifted by its recurrence, and from 8 on Stirling's series.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.backends.llvm.ir.module_builder import Function
from mgcompile.backends.llvm.math.c_library import c_call
from mgcompile.backends.llvm.math.functions.coefficients_special import LGAMMA, LGAMMA_BELOW
from mgcompile.backends.llvm.math.functions.exponential import EXP_OF_PARTS
from mgcompile.backends.llvm.math.functions.logarithm import LOG
from mgcompile.backends.llvm.math.functions.long_logarithm import long_log
from mgcompile.backends.llvm.math.functions.quantile import quotient
from mgcompile.backends.llvm.math.functions.two_parts import product, quick_sum, two_sum

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block

__all__ = ["GAMMA", "LGAMMA_OF", "long_gamma"]

_SHIFTED = 8.0
# log(2 pi) / 2 in two parts.
_CONSTANT = (0.9189385332046728, -3.878294158067242e-17)
# B_2k / (2k (2k - 1)), k = 1, 2, ... (DLMF 5.11.1)
_STIRLING = (
    *(1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0),
    *(-691.0 / 360360.0, 1.0 / 156.0, -3617.0 / 122400.0, 43867.0 / 244188.0),
)


def _series(block: Block, y: Vec) -> Vec:
    inverse = 1.0 / y
    terms = _STIRLING if y.kind.element == "double" else _STIRLING[:4]
    return inverse * block.polynomial(inverse * inverse, terms)


def _long_product(block: Block, a: tuple[Vec, Vec], b: tuple[Vec, Vec]) -> tuple[Vec, Vec]:
    high, low = product(block, a[0], b[0])
    return high, low + block.fma(a[0], b[1], a[1] * b[0])


def _rising(block: Block, x: Vec) -> tuple[Vec, Vec]:
    """Return x (x + 1) ... (x + 7) in two parts: with q = x (x + 7) it is q (q+6) (q+10) (q+12)."""
    zero = block.constant(0.0, x.kind)
    q = _long_product(block, (x, zero), two_sum(x, block.constant(7.0, x.kind)))
    total = q
    for distance in (6.0, 10.0, 12.0):
        high, low = two_sum(q[0], block.constant(distance, x.kind))
        total = _long_product(block, total, (high, low + q[1]))
    return total


def long_gamma(block: Block, x: Vec) -> tuple[Vec, Vec, Vec, Vec]:
    """Return e and p, each in two parts, with Gamma(x) = exp(e) / p, for normal x > 0."""
    low = x < _SHIFTED
    y, y_low = two_sum(x, block.select(low, block.constant(_SHIFTED, x.kind), 0.0))
    log, log_low = long_log(block, y)
    high, rest = product(block, log, y - 0.5)
    # The slope by y of what follows is log(y) - 1/(2 y).
    rest = rest + block.fma(log_low, y, y_low * (log - 0.5 / y))
    high, lost = two_sum(high, -y)
    rest = rest + lost
    high, lost = two_sum(high, block.constant(_CONSTANT[0], x.kind))
    rest = (rest + lost) + (_series(block, y) + _CONSTANT[1])
    high, rest = quick_sum(high, rest)
    one, none = block.constant(1.0, x.kind), block.constant(0.0, x.kind)
    small = block.select(low, x, one)
    total, total_low = _rising(block, small)
    return high, rest, block.select(low, total, one), block.select(low, total_low, none)


def _gamma(block: Block, x: Vec) -> Vec:
    if x.kind.element == "float":
        wide = block.call(GAMMA, block.convert("fpext", x, x.kind.double))
        return block.convert("fptrunc", wide, x.kind)
    high, low, total, total_low = long_gamma(block, x)
    inverse = 1.0 / total
    value = block.call(EXP_OF_PARTS, high, low)
    quotient = value * inverse
    usual = block.fma(quotient, -(total_low * inverse), quotient)
    outside = block.inverse((x >= 2.0**-1000) & (x <= 171.5))

    def robust() -> list[Vec]:
        return [block.select(outside, c_call(block, "tgamma", x), usual)]

    return block.rarely(outside, robust, [usual])[0]


def _lgamma(block: Block, x: Vec) -> Vec:
    large, small = x >= _SHIFTED, x < 1.0
    whole = block.intrinsic("floor", x)
    one = block.constant(1.0, x.kind)
    # From 3 to 8: (x - 1) (x - 2) ... down to where 2 <= x - k < 3.
    steps = one
    for k in range(1, 6):
        step = x - float(k)
        steps = block.select(step >= 2.0, steps * step, steps)
    log = block.call(LOG, block.select(small | large, x, steps))
    t = block.select(x < 3.0, block.select(small, x - 1.0, x - 2.0), x - whole)
    t = block.select(large, one, t)
    near = t * block.select(small, x, t + 1.0) * quotient(block, t, LGAMMA, LGAMMA_BELOW)
    near = block.select(small, near - log, near + log)
    far = (block.fma(x - 0.5, log, -x)) + (_series(block, x) + _CONSTANT[0])
    usual = block.select(large, far, near)
    outside = block.inverse((x > 0.0) & (x <= 1e30))

    def robust() -> list[Vec]:
        return [block.select(outside, c_call(block, "lgamma", x), usual)]

    return block.rarely(outside, robust, [usual])[0]


GAMMA = Function("gamma", _gamma)
LGAMMA_OF = Function("lgamma", _lgamma)
