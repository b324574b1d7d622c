"""erf, and gelu, whose tail erf cannot give without cancelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..library import Function
from .coefficients import CENTRE as CENTRE_POLYNOMIAL
from .coefficients import ERF as ERF_POLYNOMIAL
from .coefficients import TAIL as TAIL_POLYNOMIAL
from .exponential import EXP_OF_PARTS, expm1_in_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..block import Block, Vec

_ERF_CAP = {"double": 6.0, "float": 4.0}
_TAIL_CAP = {"double": 39.0, "float": 14.5}


def _polynomial(block: Block, x: Vec, table: Mapping[str, Sequence[float]]) -> Vec:
    """Return a long polynomial; only the step that adds the constant term rounds at full size."""
    constant, *rest = table[x.kind.element]
    return block.fma(block.split_polynomial(x, rest), x, constant)


def _erf(block: Block, x: Vec) -> Vec:
    # erf(a) = 1 - e^(-a P(a)); P is smooth, and the difference is exact where it matters.
    cap = _ERF_CAP[x.kind.element]
    a = block.absolute(x)
    a = block.select(a > cap, cap, a)
    factor = -_polynomial(block, a, ERF_POLYNOMIAL)
    exponent = a * factor
    growth, low = expm1_in_parts(block, exponent, block.exact_fma(a, factor, -exponent))
    return block.copy_sign(-growth - low, x)


def _gelu(block: Block, x: Vec) -> Vec:
    a = block.absolute(x)
    return block.select(a < 0.75, _gelu_centre(block, x), _gelu_tail(block, x, a))


def _gelu_centre(block: Block, x: Vec) -> Vec:
    share = block.polynomial(x * x, CENTRE_POLYNOMIAL[x.kind.element])
    return x * block.fma(x, share, 0.5)


def _gelu_tail(block: Block, x: Vec, a: Vec) -> Vec:
    # x Phi(x), with Phi(-a) = e^(-a^2 / 2) R(a). a^2 is kept in two parts, since the exponential
    # magnifies its error, and x R(a) comes first, since the exponential may be subnormal.
    cap = _TAIL_CAP[x.kind.element]
    a = block.select(a > cap, cap, a)
    square = a * a
    lost = block.exact_fma(a, a, -square)
    bell = block.call(EXP_OF_PARTS, square * -0.5, lost * -0.5)
    polynomial = _polynomial(block, (a - 4.0) / (a + 4.0), TAIL_POLYNOMIAL)
    ratio = polynomial / block.fma(a, 13 / 16, 1.0)
    return block.select(x > 0.0, x * (1.0 - ratio * bell), (x * ratio) * bell)


ERF = Function("erf", _erf)
GELU = Function("gelu", _gelu)
