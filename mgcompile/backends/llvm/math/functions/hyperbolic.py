"""sinh and cosh, and their inverses.

x = k ln 2 + r: sinh(x) = S cosh(r) + C sinh(r), with S and C the hyperbolic sine and cosine of
k ln 2, (2^k -+ 2^-k)/2, and short polynomials of r. cosh is e^x / 2 and a quarter of its
reciprocal, which magnifies no error. asinh and acosh are logarithms of numbers in two parts.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.ir.module_builder import Function
from mgcompile.backends.llvm.math.functions.coefficients import ATANH as ATANH_POLYNOMIAL
from mgcompile.backends.llvm.math.functions.coefficients import COSH as COSH_POLYNOMIAL
from mgcompile.backends.llvm.math.functions.coefficients import SINH as SINH_POLYNOMIAL
from mgcompile.backends.llvm.math.functions.exponential import (
    exp_parts,
    power_of_two,
    raised,
    reduced_in_parts,
)
from mgcompile.backends.llvm.math.functions.formats import format_of
from mgcompile.backends.llvm.math.functions.logarithm import log_of_parts, split
from mgcompile.backends.llvm.math.functions.two_parts import quick_sum, root, square, two_sum

if TYPE_CHECKING:
    from collections.abc import Callable

    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block

__all__ = ["ACOSH", "ASINH", "ATANH", "COSH", "SINH"]

# Up to here a square does not overflow; beyond, the root of it and 1 is the number itself.
_LARGE = {"double": 2.0**500, "float": 2.0**60}
_TINY = {"double": 2.0**-1022, "float": 2.0**-126}


def _sinh(block: Block, x: Vec) -> Vec:
    a = block.absolute(x)
    usual = _sinh_of_size(block, a, 1.0)
    return block.copy_sign(_where_moderate(block, a, usual, _sinh_of_size), x)


def _cosh(block: Block, x: Vec) -> Vec:
    a = block.absolute(x)
    return _where_moderate(block, a, _cosh_of_size(block, a, 1.0), _cosh_of_size)


def _where_moderate(
    block: Block, a: Vec, usual: Vec, of_size: Callable[[Block, Vec, float], Vec]
) -> Vec:
    """Return the usual value; near overflow it is found as a small multiple and scaled up."""
    form = format_of(a.kind)
    most = form.exp_overflow - 2.0

    def robust() -> list[Vec]:
        cut = block.select(a > form.exp_overflow + 1.0, form.exp_overflow + 1.0, a)
        large = block.select(cut < most, most, cut)
        small = of_size(block, large, 2.0**-64)
        scaled = block.select(a.is_nan(), a, (small * 2.0**32) * 2.0**32)
        return [block.select(a <= most, usual, scaled)]

    return block.rarely(block.inverse(block.within(a, most)), robust, [usual])[0]


def _cosh_of_size(block: Block, a: Vec, scale: float) -> Vec:
    """Return `scale`, a power of two, times the hyperbolic cosine of a number from 0 up."""
    growth, shifted = exp_parts(block, a)
    half = raised(block, growth + 1.0, shifted + (math.log2(scale) - 1.0))
    return half + (0.25 * scale * scale) / half


def _sinh_of_size(block: Block, a: Vec, scale: float) -> Vec:
    """Return `scale` times the hyperbolic sine of a number from 0 up."""
    form = format_of(a.kind)
    r, r_low, shifted = reduced_in_parts(block, a)
    # 2^-k no longer counts beside 2^k from here on.
    floor = form.magic - (form.mantissa + 10.0)
    opposite = (form.magic - shifted) + form.magic
    opposite = block.select(opposite < floor, floor, opposite)
    up = power_of_two(block, shifted - 2.0) * (2.0 * scale)
    down = power_of_two(block, opposite - 1.0) * scale
    cosine, sine = up + down, up - down
    z = r * r
    odd = r * z * block.polynomial(z, SINH_POLYNOMIAL[a.kind.element]) + r_low
    rest = z * block.fma(z, block.polynomial(z, COSH_POLYNOMIAL[a.kind.element]), 0.5)
    # sine + cosine r first, with what it loses.
    high = block.exact_fma(cosine, r, sine)
    small = block.fma(sine, rest, cosine * odd)
    if a.kind.element == "float":  # granted more ulps
        return high + small
    return high + (block.exact_fma(cosine, r, sine - high) + small)


def _asinh(block: Block, x: Vec) -> Vec:
    a = block.absolute(x)
    high, low = square(block, a)
    total, lost = two_sum(high, block.constant(1.0, x.kind))
    value = _log_with_root(block, a, total, lost + low)
    return block.copy_sign(_where_small(block, a, value), x)


def _acosh(block: Block, x: Vec) -> Vec:
    high, low = square(block, x)
    total, lost = two_sum(high, block.constant(-1.0, x.kind))
    total, rest = quick_sum(total, lost + low)
    value = _log_with_root(block, x, total, rest)
    found = _where_small(block, x, value)
    return block.select(x >= 1.0, found, math.nan)


def _log_with_root(block: Block, a: Vec, total: Vec, low: Vec) -> Vec:
    """Return log(a + sqrt(total + low)), a and the root from 0 up."""
    first, rest = root(block, total, low)
    u, lost = two_sum(a, first)
    twice = first + first
    correction = block.fma(lost, twice, rest) / block.fma(twice, u, _TINY[a.kind.element])
    m, k = split(block, u)
    return log_of_parts(block, m - 1.0, k, correction)


def _where_small(block: Block, a: Vec, value: Vec) -> Vec:
    """Return the value where a is small enough for its square; log(2 a) where it is not."""
    large = block.inverse(a <= _LARGE[a.kind.element])

    def robust() -> list[Vec]:
        m, k = split(block, block.select(large, a, 1.0))
        log = log_of_parts(block, m - 1.0, k + 1.0)
        log = block.select(a < math.inf, log, a)  # infinite, or NaN
        return [block.select(large, log, value)]

    return block.rarely(large, robust, [value])[0]


def _atanh(block: Block, x: Vec) -> Vec:
    # Below 1/2 by a polynomial. From there on 1 - a = m 2^k is exact, and log((1 + a) / m) / 2 is
    # atanh(s) with s = (1 + a - m) / (1 + a + m), again below 1/2.
    a = block.absolute(x)
    u, v = a + 1.0, 1.0 - a
    m, k = _mantissa_and_exponent(block, v)
    near = a < 0.5
    s = block.select(near, a, ((u - m) + (a - (u - 1.0))) / (u + m))
    z = s * s
    value = block.fma(s * z, block.split_polynomial(z, ATANH_POLYNOMIAL[x.kind.element]), s)
    value = block.fma(block.select(near, 0.0, k), -0.5 * math.log(2.0), value)
    edge = block.inverse(a < 1.0)

    def robust() -> list[Vec]:
        outside = block.select(a.same(1.0), block.constant(math.inf, x.kind), math.nan)
        return [block.select(edge, outside, value)]

    return block.copy_sign(block.rarely(edge, robust, [value])[0], x)


def _mantissa_and_exponent(block: Block, x: Vec) -> tuple[Vec, Vec]:
    """Return m in [1, 2) and k as a floating-point number, for normal x > 0."""
    form = format_of(x.kind)
    bits, anchor = block.bits(x), 2.0**form.mantissa
    m = block.from_bits(bits & ((1 << form.mantissa) - 1) | x.kind.pattern(1.0))
    field = block.from_bits((bits >> form.mantissa) | x.kind.pattern(anchor))
    return m, field - (anchor + form.bias)


SINH = Function("sinh", _sinh)
COSH = Function("cosh", _cosh)
ASINH = Function("asinh", _asinh)
ACOSH = Function("acosh", _acosh)
ATANH = Function("atanh", _atanh)
