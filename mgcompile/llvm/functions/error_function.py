"""erf, and gelu, whose tail erf cannot give without cancelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..library import Function
from .coefficients import ERF as ERF_POLYNOMIAL
from .coefficients import TAIL as TAIL_POLYNOMIAL
from .exponential import EXP, expm1_of_reduced, power_of_two, reduced

if TYPE_CHECKING:
    from ..block import Block, Vec

_ERF_CAP = {"double": 6.0, "float": 4.0}
_TAIL_CAP = {"double": 39.0, "float": 14.5}


def _erf(block: Block, x: Vec) -> Vec:
    # erf(a) = 1 - e^(-a P(a)); P is smooth, and the difference is exact where it matters.
    cap = _ERF_CAP[x.kind.element]
    a = block.absolute(x)
    a = block.select(a > cap, cap, a)
    r, shifted = reduced(block, a * -block.split_polynomial(a, ERF_POLYNOMIAL[x.kind.element]))
    scale = power_of_two(block, shifted)
    rest = block.fma(-expm1_of_reduced(block, r), scale, 1.0 - scale)
    return block.copy_sign(rest, x)


def _gelu(block: Block, x: Vec) -> Vec:
    # x Phi(x), with Phi(-a) = e^(-a^2 / 2) R(a). a^2 is kept in two parts, since the exponential
    # magnifies its error, and x R(a) comes first, since the exponential may be subnormal.
    cap = _TAIL_CAP[x.kind.element]
    a = block.absolute(x)
    a = block.select(a > cap, cap, a)
    square = a * a
    lost = block.exact_fma(a, a, -square)
    bell = block.call(EXP, square * -0.5)
    bell = block.fma(bell * lost, -0.5, bell)
    polynomial = block.split_polynomial((a - 4.0) / (a + 4.0), TAIL_POLYNOMIAL[x.kind.element])
    ratio = polynomial / block.fma(a, 0.8, 1.0)
    return block.select(x > 0.0, x * (1.0 - ratio * bell), (x * ratio) * bell)


ERF = Function("erf", _erf)
GELU = Function("gelu", _gelu)
