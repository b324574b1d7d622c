"""e^x, e^x - 1, 2^x: x = k ln 2 + r with |r| <= ln(2) / 2, a polynomial in r, scaled by 2^k."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.ir.module_builder import Function
from mgcompile.backends.llvm.math.functions.coefficients import EXP as POLYNOMIAL
from mgcompile.backends.llvm.math.functions.coefficients import EXP2 as EXP2_POLYNOMIAL
from mgcompile.backends.llvm.math.functions.formats import format_of

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block


def reduced(block: Block, x: Vec, *, roughly: bool = False) -> tuple[Vec, Vec]:
    """Return r, and k as the low bits of a floating-point number.

    k * ln2_high is exact, and so is x - k * ln2_high: r carries one rounding. Roughly, it is off
    by k times the error of a rounded ln(2) as well.
    """
    form = format_of(x.kind)
    shifted = block.fma(x, form.log2_e, form.magic)
    k = shifted - form.magic
    if roughly:
        return block.fma(k, -math.log(2.0), x), shifted
    return block.fma(k, -form.ln2_low, block.fma(k, -form.ln2_high, x)), shifted


def reduced_in_parts(block: Block, x: Vec) -> tuple[Vec, Vec, Vec]:
    """Return r in two parts, and k as the low bits of a floating-point number."""
    form = format_of(x.kind)
    shifted = block.fma(x, form.log2_e, form.magic)
    k = shifted - form.magic
    first = block.fma(k, -form.ln2_high, x)
    r = block.fma(k, -form.ln2_low, first)
    return r, block.fma(k, -form.ln2_low, first - r), shifted


def growth_of_reduced(block: Block, r: Vec) -> Vec:
    """Return e^r - 1 - r for a reduced r."""
    return r * r * block.tree_polynomial(r, POLYNOMIAL[r.kind.element])


def expm1_of_reduced(block: Block, r: Vec) -> Vec:
    """Return e^r - 1 for a reduced r."""
    return block.fma(r * r, block.split_polynomial(r, POLYNOMIAL[r.kind.element]), r)


def power_of_two(block: Block, shifted: Vec) -> Vec:
    """Return 2^k for the k in the low bits of ``shifted``, a normal number's exponent."""
    return scale_of_integer(block, block.bits(shifted))


def scale_of_integer(block: Block, k: Vec, more: int = 0) -> Vec:
    """Return 2^(k + more) for the integer in the low bits of ``k``."""
    form = format_of(k.kind)
    one = block.constant((form.bias + more) << form.mantissa, k.kind)
    return block.from_bits((k << form.mantissa) + one)


def scaled_twice(block: Block, value: Vec, shifted: Vec) -> Vec:
    """Return value * 2^k where 2^k itself may be out of range: two factors, one rounding."""
    form = format_of(value.kind)
    k = block.bits(shifted)
    half = block.bits((shifted - form.magic) * 0.5 + form.magic)
    return (value * scale_of_integer(block, half)) * scale_of_integer(block, k - half)


def clamped(block: Block, x: Vec) -> Vec:
    """Return x brought to where e^x just underflows or overflows; NaN stays."""
    form = format_of(x.kind)
    x = block.select(x > form.exp_overflow + 1, form.exp_overflow + 1, x)
    return block.select(x < form.exp_zero, form.exp_zero, x)


def exp_parts(block: Block, x: Vec) -> tuple[Vec, Vec]:
    """Return g and k with e^x = (g + 1) 2^k; k in the low bits of a floating-point number."""
    r, shifted = reduced(block, x)
    return expm1_of_reduced(block, r), shifted


def raised(block: Block, value: Vec, shifted: Vec) -> Vec:
    """Return value * 2^k for the k in the low bits of ``shifted``, if both are normal numbers."""
    mantissa = format_of(value.kind).mantissa
    return block.from_bits(block.bits(value) + (block.bits(shifted) << mantissa))


def inside(block: Block, x: Vec) -> Vec:
    """Return where e^x is a normal number, and no NaN."""
    return block.within(x, -format_of(x.kind).exp_normal)


def _exp(block: Block, x: Vec) -> Vec:
    growth, k = exp_parts(block, x)

    def robust() -> list[Vec]:
        growth, k = exp_parts(block, clamped(block, x))
        return [scaled_twice(block, growth + 1.0, k)]

    return block.rarely(block.inverse(inside(block, x)), robust, [raised(block, growth + 1.0, k)])[
        0
    ]


def _exp_of_parts(block: Block, high: Vec, low: Vec) -> Vec:
    """Return e^(high + low), little more than half an ulp off; low is a correction to high."""
    value, shifted = _mantissa_of_parts(block, high, low)

    def robust() -> list[Vec]:
        # What overflows or underflows has no correction: of a large number it is large too.
        between = clamped(block, high)
        value, shifted = _mantissa_of_parts(
            block, between, block.select(between.same(high), low, 0.0)
        )
        return [scaled_twice(block, value, shifted)]

    usual = raised(block, value, shifted)
    return block.rarely(block.inverse(inside(block, high)), robust, [usual])[0]


def _mantissa_of_parts(block: Block, high: Vec, low: Vec) -> tuple[Vec, Vec]:
    r, r_low, shifted = reduced_in_parts(block, high)
    one = r + 1.0
    lost = r - (one - 1.0)
    growth = growth_of_reduced(block, r)
    return one + (lost + block.fma(r_low + low, one + growth, growth)), shifted


def _expm1(block: Block, x: Vec) -> Vec:
    form = format_of(x.kind)
    lowest, highest = -(form.mantissa + 3) * math.log(2), form.exp_overflow + 0.01
    between = block.select(x < lowest, lowest, block.select(x > highest, highest, x))
    r, shifted = reduced(block, between)
    # Half the result first: 2^k may be out of range where the result is not.
    scale = scale_of_integer(block, block.bits(shifted - 1.0))
    # r goes in before the smaller rest: what rounding their sum loses counts twice above ln(2)/2.
    half = block.fma(growth_of_reduced(block, r), scale, block.fma(r, scale, scale - 0.5))
    return block.copy_sign(half + half, x)  # of a zero too


def _exp2(block: Block, x: Vec) -> Vec:
    usual = raised(block, *exp2_parts(block, x))

    def robust() -> list[Vec]:
        return [scaled_twice(block, *exp2_parts(block, exp2_clamped(block, x)))]

    plain = block.within(x, format_of(x.kind).bias - 1.0)
    return block.rarely(block.inverse(plain), robust, [usual])[0]


def exp2_clamped(block: Block, x: Vec) -> Vec:
    """Return x brought to where 2^x just underflows or overflows; NaN stays."""
    form = format_of(x.kind)
    most, least = form.bias + 3.0, -(form.bias + form.mantissa + 2.0)
    x = block.select(x > most, most, x)
    return block.select(x < least, least, x)


def exp2_parts(block: Block, x: Vec, low: Vec | None = None) -> tuple[Vec, Vec]:
    """Return v and k with 2^(x + low) = v 2^k; k in the low bits of a floating-point number.

    For moderate x; low is a correction to it.
    """
    magic = format_of(x.kind).magic
    shifted = (x if low is None else x + low) + magic
    r = x - (shifted - magic)
    # The first terms one by one: their roundings count.
    first, *rest = EXP2_POLYNOMIAL[x.kind.element]
    if low is None:
        slope = block.fma(r, block.split_polynomial(r, rest), first)
    else:
        r = r + low
        slope = block.fma(r, block.split_polynomial(r, rest), first)
    return block.fma(r, slope, 1.0), shifted


EXP = Function("exp", _exp)
EXP2 = Function("exp2", _exp2)
EXP_OF_PARTS = Function("exp_of_parts", _exp_of_parts, arity=2)
EXPM1 = Function("expm1", _expm1)
