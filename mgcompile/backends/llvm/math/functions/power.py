"""x^y as e^(y log x), with the logarithm and the product in two parts.

An error in y log x counts up to 745-fold in the result, so the logarithm carries 64 bits.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.ir.module_builder import Function
from mgcompile.backends.llvm.math.functions.coefficients import LONG_LOG as POLYNOMIAL
from mgcompile.backends.llvm.math.functions.exponential import EXP, EXP_OF_PARTS
from mgcompile.backends.llvm.math.functions.formats import format_of
from mgcompile.backends.llvm.math.functions.logarithm import LOG, normal, scaled_up, split
from mgcompile.backends.llvm.math.functions.two_parts import product, quick_sum, two_sum

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block

# In two parts.
_TWO_THIRDS = (float.fromhex("0x1.5555555555555p-1"), float.fromhex("0x1.5555555555555p-55"))


def long_log(block: Block, x: Vec, lift: Vec | None = None) -> tuple[Vec, Vec]:
    """Return log(x / 2^lift) in two parts, for normal x > 0."""
    form = format_of(x.kind)
    m, k = split(block, x)
    if lift is not None:
        k = k - lift
    # s = (m - 1) / (m + 1) in two parts; m - 1 is exact.
    f = m - 1.0
    divisor, divisor_low = quick_sum(block.constant(2.0, x.kind), f)
    s = f / divisor
    s_low = block.fma(-s, divisor_low, block.exact_fma(-s, divisor, f)) / divisor
    # log(m) = 2 s + 2/3 s^3 + s^5 P(s^2), the first two terms in two parts.
    z, z_low = product(block, s, s)
    z_low = block.fma(s + s, s_low, z_low)
    cube, cube_low = product(block, z, s)
    cube_low = block.fma(z, s_low, block.fma(z_low, s, cube_low))
    third, third_low = product(block, cube, _TWO_THIRDS[0])
    third_low = block.fma(cube, _TWO_THIRDS[1], block.fma(cube_low, _TWO_THIRDS[0], third_low))
    rest = cube * z * block.polynomial(z, POLYNOMIAL[x.kind.element])
    high, low = quick_sum(s + s, third)
    low = low + (third_low + block.fma(s_low, 2.0, rest))
    # k ln(2) first: it is the larger, or zero.
    total, lost = two_sum(k * form.ln2_high, high)
    step, step_low = two_sum(total, k * form.ln2_low)
    # The error of ln2_high + ln2_low is below 2^-97, of k ln2_low's product below 2^-86.
    return quick_sum(step, step_low + (lost + low))


def _exponent(block: Block, x: Vec, y: Vec, lift: Vec | None = None) -> tuple[Vec, Vec]:
    """Return y log(x) in two parts."""
    log_high, log_low = long_log(block, x, lift)
    high, low = product(block, log_high, y)
    return high, block.fma(log_low, y, low)


def _pow(block: Block, x: Vec, y: Vec) -> Vec:
    if x.kind.element == "float":
        return _pow_in_double(block, x, y)
    usual = block.call(EXP_OF_PARTS, *_exponent(block, x, y))
    plain = normal(x) & (block.absolute(y) < math.inf)
    return block.rarely(block.inverse(plain), lambda: [_robust(block, x, y)], [usual])[0]


def _pow_in_double(block: Block, x: Vec, y: Vec) -> Vec:
    """Return x^y of single-precision numbers, for which a plain double logarithm is enough."""
    wide_x, wide_y = (block.convert("fpext", v, v.kind.double) for v in (x, y))
    usual = block.call(EXP, block.call(LOG, wide_x) * wide_y)
    plain = normal(x) & (block.absolute(y) < math.inf)
    [wide] = block.rarely(block.inverse(plain), lambda: [_robust(block, wide_x, wide_y)], [usual])
    return block.convert("fptrunc", wide, x.kind)


def _robust(block: Block, x: Vec, y: Vec) -> Vec:
    """Return x^y by the rules of IEEE 754 for every x and y."""
    size = block.absolute(x)
    lifted, lift = scaled_up(block, size)
    value = block.call(EXP_OF_PARTS, *_exponent(block, lifted, y, lift))
    grows = (y > 0.0).same(size > 1.0)
    extreme = block.select(grows, block.constant(math.inf, x.kind), 0.0)
    value = block.select(_beyond(size), extreme, value)
    value = block.select(_infinite(y), block.select(size.same(1.0), 1.0, extreme), value)
    value = _signed(value, x, y)
    value = block.select(x.is_nan() | y.is_nan(), x + y, value)
    one = x.same(1.0) | y.same(0.0)
    return block.select(one, 1.0, value)


def _beyond(size: Vec) -> Vec:
    return size.same(0.0) | _infinite(size)


def _infinite(y: Vec) -> Vec:
    return y.block.absolute(y).same(math.inf)


def _signed(value: Vec, x: Vec, y: Vec) -> Vec:
    """Return the power of |x| with the sign for x: of odd powers, and NaN for roots."""
    block = value.block
    size = block.absolute(y)
    whole = _whole(size)
    odd = whole & block.inverse(_whole(size * 0.5))
    signed = block.select(odd, block.copy_sign(value, x), value)
    undefined = (x < 0.0) & block.inverse(whole) & block.inverse(_infinite(x))
    return block.select(undefined, math.nan, signed)


def _whole(size: Vec) -> Vec:
    """Return where a number that is not negative is an integer."""
    anchor = 2.0 ** format_of(size.kind).mantissa
    return (size >= anchor) | ((size + anchor) - anchor).same(size)


POW = Function("pow", _pow, inline=False, arity=2)


# Constant exponents


def power(block: Block, x: Vec, y: Vec) -> Vec:
    """Return x^y: products and roots for small constant y, which are faster and as accurate."""
    if y.value is None or y.value not in _CONSTANT_EXPONENTS:
        return block.call(POW, x, y)
    return _CONSTANT_EXPONENTS[y.value](block, x)


def _product_of(count: int) -> Callable[[Block, Vec], Vec]:
    """Return the lowering of x^count: squares, and a factor x for an odd count."""

    def repeated(block: Block, x: Vec) -> Vec:
        if count == 1:
            return x
        half = _product_of(count // 2)(block, x)
        return half * half * x if count % 2 else half * half

    return repeated


def _reciprocal_of(count: int) -> Callable[[Block, Vec], Vec]:
    # The reciprocal first: x^count could overflow where the result is subnormal.
    return lambda block, x: _product_of(count)(block, 1.0 / x)


def _root(block: Block, x: Vec) -> Vec:
    # As pow has it: of -0 it is +0, of -inf it is +inf.
    return block.select(x.same(-math.inf), math.inf, block.square_root(x + 0.0))


_CONSTANT_EXPONENTS: Mapping[float, Callable[[Block, Vec], Vec]] = {
    0.0: lambda block, x: block.constant(1.0, x.kind),
    0.5: _root,
    -0.5: lambda block, x: 1.0 / _root(block, x),
    1.5: lambda block, x: block.absolute(x) * _root(block, x),
    -1.5: lambda block, x: (1.0 / block.absolute(x)) / _root(block, x),
    **{float(n): _product_of(n) for n in range(1, 9)},
    **{float(-n): _reciprocal_of(n) for n in range(1, 5)},
}
