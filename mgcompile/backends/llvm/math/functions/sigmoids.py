"""tanh, the logistic function, softplus: quotients and logarithms of e^x that do not cancel."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.ir.module_builder import Function
from mgcompile.backends.llvm.math.functions.exponential import (
    EXP,
    expm1_of_reduced,
    reduced,
    scale_of_integer,
)
from mgcompile.backends.llvm.math.functions.formats import format_of
from mgcompile.backends.llvm.math.functions.logarithm import log_of_one_plus_unit

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block


def _tanh(block: Block, x: Vec) -> Vec:
    # With G = (e^(2|x|) - 1) / 2: tanh |x| = G / (G + 1), and what is left of G is divided too.
    growth, total = _half_growth(block, x)
    inverse = 1.0 / total
    quotient = growth * inverse
    rest = block.exact_fma(-quotient, growth, growth - quotient)
    return block.copy_sign(block.fma(rest, inverse, quotient), x)


def _half_growth(block: Block, x: Vec) -> tuple[Vec, Vec]:
    """Return G = (e^(2|x|) - 1) / 2 and G + 1, of no |x| above the cap."""
    cap = _slope_cap(x)
    a = block.absolute(x)
    a = block.select(a > cap, cap, a)
    r, shifted = reduced(block, a + a, roughly=x.kind.element == "float")
    half = scale_of_integer(block, block.bits(shifted), -1)
    growth = block.fma(expm1_of_reduced(block, r), half, half - 0.5)
    return growth, growth + 1.0


def _slope_cap(x: Vec) -> float:
    """Return up to where e^(2|x|) is far from overflow; tanh is 1 long before."""
    return 0.45 * format_of(x.kind).exp_overflow


def _tanh_slope(block: Block, x: Vec) -> Vec:
    # 1 - tanh^2 = (2 G + 1) / (G + 1)^2 = i (2 - i) with i = 1 / (G + 1).
    _, total = _half_growth(block, x)
    inverse = 1.0 / total
    usual = inverse * (2.0 - inverse)
    a = block.absolute(x)
    far = a > _slope_cap(x)

    def robust() -> list[Vec]:
        return [block.select(far, block.call(EXP, a * -2.0) * 4.0, usual)]

    return block.rarely(far, robust, [usual])[0]


def sigmoid(block: Block, x: Vec) -> Vec:
    """Return 1 / (1 + e^-x); its e^-|x| is shared with that of -x and of softplus."""
    e = block.call(EXP, -block.absolute(x))
    part = block.select(x < 0.0, e, 1.0)
    return block.call(_SHARE_OF_UNIT, part, e)


def softplus(block: Block, x: Vec) -> Vec:
    """Return log(1 + e^x) as max(x, 0) + log(1 + e^-|x|)."""
    e = block.call(EXP, -block.absolute(x))
    return block.call(_SOFTPLUS_OF, x, e)


def silu(block: Block, x: Vec) -> Vec:
    """Return x sigmoid(x)."""
    return block.call(_SILU_OF, x, sigmoid(block, x))


def _share_of_unit(block: Block, part: Vec, e: Vec) -> Vec:
    # part / (1 + e), and what is left of the part is divided too; part - quotient is exact.
    inverse = 1.0 / (e + 1.0)
    quotient = part * inverse
    rest = block.exact_fma(-quotient, e, part - quotient)
    return block.fma(rest, inverse, quotient)


def _softplus_of(block: Block, x: Vec, e: Vec) -> Vec:
    return block.select(x < 0.0, 0.0, x) + log_of_one_plus_unit(block, e)


def _silu_of(block: Block, x: Vec, share: Vec) -> Vec:
    # Where the logistic function is subnormal the product would magnify its error.
    form = format_of(x.kind)
    lowest = form.exp_normal + 4.0

    def robust() -> list[Vec]:
        shift = 32.0
        tail = x * block.call(EXP, x + shift) * math.exp(-shift)
        return [block.select((x < lowest) & (x > -math.inf), tail, x * share)]

    return block.rarely(x < lowest, robust, [x * share])[0]


TANH = Function("tanh", _tanh)
TANH_SLOPE_OF = Function("tanh_slope_of", _tanh_slope)
_SHARE_OF_UNIT = Function("share_of_unit", _share_of_unit, arity=2)
_SOFTPLUS_OF = Function("softplus_of", _softplus_of, arity=2)
_SILU_OF = Function("silu_of", _silu_of, arity=2)
