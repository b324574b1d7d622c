"""Logarithms in two parts, to 64 bits: log(x) for gamma functions, log2(x) for powers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.backends.llvm.math.functions.coefficients import LONG_LOG, LONG_LOG2
from mgcompile.backends.llvm.math.functions.formats import format_of
from mgcompile.backends.llvm.math.functions.logarithm import split
from mgcompile.backends.llvm.math.functions.two_parts import product, quick_sum, two_sum

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block

__all__ = ["long_log", "long_log2"]

# In two parts.
_TWO_THIRDS = (float.fromhex("0x1.5555555555555p-1"), float.fromhex("0x1.5555555555555p-55"))

# 2/ln(2) and a third of it, in two parts.
_LOG2_TERMS = {
    "double": (
        (float.fromhex("0x1.71547652b82fep+1"), float.fromhex("0x1.777d0ffda0d24p-55")),
        (float.fromhex("0x1.ec709dc3a03fdp-1"), float.fromhex("0x1.d27f05548af0cp-55")),
    ),
    "float": (
        (float.fromhex("0x1.715476p+1"), float.fromhex("0x1.4ae0cp-25")),
        (float.fromhex("0x1.ec709ep-1"), float.fromhex("-0x1.e2fe02p-28")),
    ),
}


def long_log(block: Block, x: Vec, lift: Vec | None = None) -> tuple[Vec, Vec]:
    """Return log(x / 2^lift) in two parts, for normal x > 0."""
    form = format_of(x.kind)
    m, k = split(block, x)
    if lift is not None:
        k = k - lift
    s, s_low = _share(block, m)
    # log(m) = 2 s + 2/3 s^3 + s^5 P(s^2), the first two terms in two parts.
    z, z_low = product(block, s, s)
    z_low = block.fma(s + s, s_low, z_low)
    cube, cube_low = product(block, z, s)
    cube_low = block.fma(z, s_low, block.fma(z_low, s, cube_low))
    third, third_low = product(block, cube, _TWO_THIRDS[0])
    third_low = block.fma(cube, _TWO_THIRDS[1], block.fma(cube_low, _TWO_THIRDS[0], third_low))
    rest = cube * z * block.polynomial(z, LONG_LOG[x.kind.element])
    high, low = quick_sum(s + s, third)
    low = low + (third_low + block.fma(s_low, 2.0, rest))
    # k ln(2) first: it is the larger, or zero.
    total, lost = two_sum(k * form.ln2_high, high)
    step, step_low = two_sum(total, k * form.ln2_low)
    # The error of ln2_high + ln2_low is below 2^-97, of k ln2_low's product below 2^-86.
    return quick_sum(step, step_low + (lost + low))


def long_log2(block: Block, x: Vec, lift: Vec | None = None) -> tuple[Vec, Vec]:
    """Return log2(x / 2^lift) in two parts, for normal x > 0.

    The second is up to 2^-12 of the first.
    """
    m, k = split(block, x)
    if lift is not None:
        k = k - lift
    s, s_low = _share(block, m)
    # log2(m) = s (2 + 2/3 s^2 + s^4 P(s^2)) / ln(2), the first two terms in two parts.
    (first, first_low), (second, second_low) = _LOG2_TERMS[x.kind.element]
    slope: Vec | float = second
    terms = LONG_LOG2[x.kind.element]
    z, z_low = product(block, s, s)
    z_low = block.fma(s + s, s_low, z_low)
    if x.kind.element == "double":
        slope = block.fma(z, 2.0 * terms[0], second)  # with what the rest gives to z_low
        rest = block.polynomial(z, (second_low, *terms))
    else:
        rest = z * block.polynomial(z, terms)
    factor, lost = _product_sum(block, z, second, block.constant(first, x.kind))
    factor_low = block.fma(z_low, slope, lost + first_low)
    factor_low = block.fma(z, rest, factor_low)
    total, lost = _product_sum(block, s, factor, k)  # k is 0, or the larger
    return total, block.fma(s, factor_low, block.fma(s_low, factor, lost))


def _share(block: Block, m: Vec) -> tuple[Vec, Vec]:
    """Return (m - 1) / (m + 1) in two parts, for m in [sqrt(1/2), sqrt(2))."""
    f = m - 1.0  # exact
    inverse = 1.0 / (f + 2.0)
    s = f * inverse
    # f - 2 s is exact, as 2 s is not far from f.
    return s, block.exact_fma(-s, f, f - (s + s)) * inverse


def _product_sum(block: Block, a: Vec, b: Vec | float, c: Vec) -> tuple[Vec, Vec]:
    """Return a b + c in two parts, for c the larger, or 0."""
    total = block.exact_fma(a, b, c)
    return total, block.exact_fma(a, b, c - total)
