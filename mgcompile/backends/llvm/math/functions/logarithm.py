"""log(x) and log(1 + x): x = 2^k m with m around 1, then log(m) = 2 atanh((m - 1) / (m + 1)).

The way of summing the parts is that of fdlibm (Sun Microsystems, 1993).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attrs import frozen

from mgcompile.backends.llvm.ir.module_builder import Function
from mgcompile.backends.llvm.math.functions.coefficients import LOG as POLYNOMIAL
from mgcompile.backends.llvm.math.functions.coefficients import LOG2 as LOG2_POLYNOMIAL
from mgcompile.backends.llvm.math.functions.formats import format_of
from mgcompile.backends.llvm.math.functions.two_parts import quick_sum

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block


def split(block: Block, x: Vec) -> tuple[Vec, Vec]:
    """Return m in [sqrt(1/2), sqrt(2)) and k as a floating-point number, for normal x > 0."""
    form = format_of(x.kind)
    integer = x.kind.integer
    one = form.bias << form.mantissa
    root = block.bits(block.constant(math.sqrt(0.5), x.kind))
    moved = block.bits(x) + (block.constant(one, integer) - root)
    m = block.from_bits((moved & ((1 << form.mantissa) - 1)) + root)
    # An integer in the low bits of 2^mantissa is read off by a subtraction.
    anchor = 2.0**form.mantissa
    field = (moved >> form.mantissa) | block.bits(block.constant(anchor, x.kind))
    return m, block.from_bits(field) - (anchor + form.bias)


def log_of_parts(block: Block, f: Vec, k: Vec, correction: Vec | None = None) -> Vec:
    """Return k ln(2) + log(1 + f) (+ a small correction), for 1 + f in [sqrt(1/2), sqrt(2)]."""
    form = format_of(f.kind)
    s = f / (f + 2.0)
    z = s * s
    tail = z * block.polynomial(z, POLYNOMIAL[f.kind.element])
    half_square = f * f * 0.5
    low = block.fma(k, form.ln2_low, s * (half_square + tail))
    if correction is not None:
        low = low + correction
    return block.fma(k, form.ln2_high, f - (half_square - low))


def log_of_one_plus_unit(block: Block, e: Vec) -> Vec:
    """Return log(1 + e) for 0 <= e <= 1, to the last bits also where e is tiny."""
    large = e > math.sqrt(2) - 1
    f = block.select(large, e * 0.5 - 0.5, e)
    return log_of_parts(block, f, block.select(large, block.constant(1.0, e.kind), 0.0))


def normal(x: Vec) -> Vec:
    """Return where x is positive, normal and finite."""
    form = format_of(x.kind)
    return x.block.between(x, form.tiny, form.huge)


def specials(block: Block, x: Vec) -> Vec:
    """Return log(x) for x <= 0, infinite, or NaN."""
    rest = block.select(x > 0.0, x, math.nan)
    return block.select(x.same(0.0), -math.inf, rest)


def scaled_up(block: Block, x: Vec) -> tuple[Vec, Vec]:
    """Return x with subnormal numbers multiplied by a power of two, and log2 of the factor."""
    form = format_of(x.kind)
    small = x < form.tiny
    lift = float(form.mantissa + 2)
    y = block.select(small, x * 2.0**lift, x)
    return y, block.select(small, block.constant(lift, x.kind), 0.0)


def _log(block: Block, x: Vec) -> Vec:
    m, k = split(block, x)
    usual = log_of_parts(block, m - 1.0, k)

    def robust() -> list[Vec]:
        y, lift = scaled_up(block, x)
        m, k = split(block, y)
        value = log_of_parts(block, m - 1.0, k - lift)
        inside = (x > 0.0) & (x < math.inf)
        return [block.select(inside, value, specials(block, x))]

    return block.rarely(block.inverse(normal(x)), robust, [usual])[0]


def _log1p(block: Block, x: Vec) -> Vec:
    u = x + 1.0
    # What the sum lost (Knuth's two-sum); log(u + c) = log(u) + c / u.
    back = u - 1.0
    lost = (1.0 - (u - back)) + (x - back)
    m, k = split(block, u)
    value = log_of_parts(block, m - 1.0, k, lost / u)
    inside = (u > 0.0) & (u < math.inf)
    return block.select(inside, value, specials(block, u))


@frozen
class _Base:
    """Hold 1/ln(b) in two parts, and log_b(2) in two, multiples of the first by exponents exact."""

    factor: float
    factor_low: float
    two: float
    two_low: float


_TWO = {
    "double": _Base(float.fromhex("0x1.71547652b82fep+0"), 2.0355273740931033e-17, 1.0, 0.0),
    "float": _Base(float.fromhex("0x1.715476p+0"), 1.925963033500011e-08, 1.0, 0.0),
}
_TEN = {
    "double": _Base(
        float.fromhex("0x1.bcb7b1526e50ep-2"),
        1.098319650216765e-17,
        float.fromhex("0x1.34413509f6p-2"),
        3.694239077158931e-13,
    ),
    "float": _Base(0.4342944920063019, -1.010305e-08, 0.301025390625, 4.605038981e-06),
}


def _log_to(base: _Base, block: Block, f: Vec, k: Vec) -> Vec:
    """Return the logarithm of 2^k (1 + f) to a base, for 1 + f in [sqrt(1/2), sqrt(2)]."""
    if f.kind.element == "float":  # granted more ulps
        two = base.two + base.two_low
        terms = [base.factor_low, *(two * c for c in LOG2_POLYNOMIAL["float"])]
        rest = f * block.split_polynomial(f, terms)
        if base.two_low:
            rest = block.fma(k, base.two_low, rest)
        return block.fma(k, base.two, block.fma(f, base.factor, rest))
    s = f / (f + 2.0)
    z = s * s
    tail = z * block.polynomial(z, POLYNOMIAL[f.kind.element])
    half_square = f * f * 0.5
    high, low = quick_sum(f, -half_square)
    low = block.fma(s, half_square + tail, low - block.exact_fma(f * 0.5, f, -half_square))
    scaled = high * base.factor
    rest = block.exact_fma(high, base.factor, -scaled)
    rest = rest + block.fma(high, base.factor_low, low * base.factor)
    total, lost = quick_sum(k * base.two, scaled)  # k is 0, or its multiple the larger
    if base.two_low:
        rest = block.fma(k, base.two_low, rest)
    return total + (lost + rest)


def _log_of_base(bases: Mapping[str, _Base]) -> Callable[[Block, Vec], Vec]:
    def logarithm(block: Block, x: Vec) -> Vec:
        base = bases[x.kind.element]
        m, k = split(block, x)
        usual = _log_to(base, block, m - 1.0, k)

        def robust() -> list[Vec]:
            y, lift = scaled_up(block, x)
            m, k = split(block, y)
            value = _log_to(base, block, m - 1.0, k - lift)
            inside = (x > 0.0) & (x < math.inf)
            return [block.select(inside, value, specials(block, x))]

        return block.rarely(block.inverse(normal(x)), robust, [usual])[0]

    return logarithm


LOG = Function("log", _log)
LOG2 = Function("log2", _log_of_base(_TWO))
LOG10 = Function("log10", _log_of_base(_TEN))
LOG1P = Function("log1p", _log1p)
