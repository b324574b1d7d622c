"""erf, and gelu, whose tail erf cannot give without cancelling."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.ir.module_builder import Function
from mgcompile.backends.llvm.math.functions.coefficients import CENTRE as CENTRE_POLYNOMIAL
from mgcompile.backends.llvm.math.functions.coefficients import ERF as ABOVE
from mgcompile.backends.llvm.math.functions.coefficients import ERF_BELOW as BELOW
from mgcompile.backends.llvm.math.functions.coefficients import TAIL as TAIL_POLYNOMIAL
from mgcompile.backends.llvm.math.functions.exponential import (
    EXP,
    EXP_OF_PARTS,
    exp_parts,
    inside,
    power_of_two,
    raised,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block

_TWO_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)
_ERF_CAP = {"double": 6.0, "float": 4.0}
_TAIL_CAP = {"double": 39.0, "float": 14.5}


def _polynomial(block: Block, x: Vec, table: Mapping[str, Sequence[float]]) -> Vec:
    """Return a long polynomial; only the step that adds the constant term rounds at full size."""
    constant, *rest = table[x.kind.element]
    return block.fma(block.split_polynomial(x, rest), x, constant)


def _erf(block: Block, x: Vec) -> Vec:
    square = -(x * x)
    usual = _erf_of(block, x, block.absolute(x), square)

    def robust() -> list[Vec]:
        cap = _ERF_CAP[x.kind.element]
        a = block.absolute(x)
        a = block.select(a > cap, cap, a)
        return [_erf_of(block, x, a, -(a * a))]

    return block.rarely(block.inverse(inside(block, square)), robust, [usual])[0]


def _erf_of(block: Block, x: Vec, a: Vec, square: Vec) -> Vec:
    """Return erf(x) for a = |x|; what it computes of e^(-x^2) is what exp computes."""
    # erf(a) = (1 - e) + e a S(a) with e = e^(-a^2) and S(a) = 2/sqrt(pi) - a P(a)/Q(a): neither
    # term is negative, so nothing cancels.
    growth, k = exp_parts(block, square)
    e, scale = raised(block, growth + 1.0, k), power_of_two(block, k)
    rest = block.fma(-growth, scale, 1.0 - scale)
    above, below = (block.polynomial(a, t[x.kind.element]) for t in (ABOVE, BELOW))
    slope = block.fma(-a, above / below, _TWO_OVER_ROOT_PI)
    return block.copy_sign(block.fma(e * a, slope, rest), x)


def _gaussian(block: Block, x: Vec) -> Vec:
    """Return e^(-x^2): the exponential that erf computes, less what the square rounded away."""
    square = -(x * x)
    e = block.call(EXP, square)
    usual = block.fma(e, -block.exact_fma(x, x, square), e)

    def robust() -> list[Vec]:
        # Of an infinite square nothing is lost; the exponential is 0 long before.
        return [block.select(block.absolute(x) > 30.0, e, usual)]

    return block.rarely(block.inverse(inside(block, square)), robust, [usual])[0]


def _gelu(block: Block, x: Vec) -> Vec:
    a = block.absolute(x)
    return block.select(a < 0.75, _gelu_centre(block, x), _gelu_tail(block, x, a))


def _gelu_centre(block: Block, x: Vec) -> Vec:
    share = block.polynomial(x * x, CENTRE_POLYNOMIAL[x.kind.element])
    return x * block.fma(x, share, 0.5)


def _gelu_tail(block: Block, x: Vec, a: Vec) -> Vec:
    # x Phi(x), with Phi(-a) = e^(-a^2 / 2) R(a). a^2 is kept in two parts, since the exponential
    # magnifies its error, and x R(a) comes first, since the exponential may be subnormal.
    a, bell = _bell(block, x, a)
    polynomial = _polynomial(block, (a - 4.0) / (a + 4.0), TAIL_POLYNOMIAL)
    ratio = polynomial / block.fma(a, 13 / 16, 1.0)
    return block.select(x > 0.0, x * (1.0 - ratio * bell), (x * ratio) * bell)


def _bell(block: Block, x: Vec, a: Vec) -> tuple[Vec, Vec]:
    """Return a = |x|, cut off, and e^(-a^2 / 2); the square keeps what a product rounds away."""
    cap = _TAIL_CAP[x.kind.element]
    a = block.select(a > cap, cap, a)
    square = a * a
    lost = block.exact_fma(a, a, -square)
    return a, block.call(EXP_OF_PARTS, square * -0.5, lost * -0.5)


def _normal_pdf(block: Block, x: Vec) -> Vec:
    return _bell(block, x, block.absolute(x))[1] * (0.5 * math.sqrt(2.0 / math.pi))


GAUSSIAN = Function("gaussian", _gaussian)
ERF = Function("erf", _erf)
GELU = Function("gelu", _gelu)
NORMAL_PDF = Function("normal_pdf", _normal_pdf)
