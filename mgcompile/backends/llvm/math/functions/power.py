"""x^y as 2^(y log2 x), with the logarithm and the product in two parts.

An error in y log2 x counts up to 745-fold in the result, so the logarithm carries 64 bits.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.ir.module_builder import Function
from mgcompile.backends.llvm.math.functions.exponential import (
    exp2_clamped,
    exp2_parts,
    raised,
    scaled_twice,
)
from mgcompile.backends.llvm.math.functions.formats import format_of
from mgcompile.backends.llvm.math.functions.logarithm import normal, scaled_up
from mgcompile.backends.llvm.math.functions.long_logarithm import long_log2
from mgcompile.backends.llvm.math.functions.two_parts import product

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block


def _pow(block: Block, x: Vec, y: Vec) -> Vec:
    exponent, low = _exponent(block, x, y)
    usual = raised(block, *exp2_parts(block, exponent, low))
    plain = normal(x) & block.within(exponent, format_of(x.kind).bias - 2.0)
    return block.rarely(block.inverse(plain), lambda: [_robust(block, x, y)], [usual])[0]


def _exponent(block: Block, x: Vec, y: Vec, lift: Vec | None = None) -> tuple[Vec, Vec]:
    """Return y log2(x) in two parts."""
    log_high, log_low = long_log2(block, x, lift)
    high, low = product(block, log_high, y)
    return high, block.fma(log_low, y, low)


def _robust(block: Block, x: Vec, y: Vec) -> Vec:
    """Return x^y by the rules of IEEE 754 for every x and y."""
    size = block.absolute(x)
    lifted, lift = scaled_up(block, size)
    exponent, low = _exponent(block, lifted, y, lift)
    between = exp2_clamped(block, exponent)
    low = block.select(between.same(exponent), low, 0.0)
    value = scaled_twice(block, *exp2_parts(block, between, low))
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


POW = Function("pow", _pow, arity=2)


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
