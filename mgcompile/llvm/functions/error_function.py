"""erf, and the normal distribution's tail, which erf cannot give without cancelling."""

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


def _normal_cdf(block: Block, x: Vec) -> Vec:
    # Phi(-a) = e^(-a^2 / 2) R(a); a^2 is kept in two parts, as e^(-a^2 / 2) magnifies its error.
    cap = _TAIL_CAP[x.kind.element]
    a = block.absolute(x)
    a = block.select(a > cap, cap, a)
    square = a * a
    lost = block.exact_fma(a, a, -square)
    bell = block.call(EXP, square * -0.5)
    bell = block.fma(bell * lost, -0.5, bell)
    polynomial = block.split_polynomial((a - 4.0) / (a + 4.0), TAIL_POLYNOMIAL[x.kind.element])
    tail = bell * (polynomial / (a + a + 1.0))
    return block.select(x > 0.0, 1.0 - tail, tail)


ERF = Function("erf", _erf)
NORMAL_CDF = Function("normal_cdf", _normal_cdf)
