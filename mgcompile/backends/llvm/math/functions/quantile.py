"""The quantile of the normal distribution and the inverse of erf, after Wichura (1988, AS 241).

Around the median a quotient in 0.425^2 - u^2, u = p - 1/2; in the tails one in sqrt(-log(p)).
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import zip_longest
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.ir.module_builder import Function
from mgcompile.backends.llvm.math.functions.coefficients_special import (
    FAR_TAIL,
    FAR_TAIL_BELOW,
    QUANTILE,
    QUANTILE_BELOW,
    TAIL,
    TAIL_BELOW,
)
from mgcompile.backends.llvm.math.functions.logarithm import LOG

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block

__all__ = ["ERFINV", "NORMAL_QUANTILE"]

_CENTRE, _FAR = 0.425, 6.2
_SLOPE = math.sqrt(2.0 * math.pi)  # at the median


def quotient(
    block: Block,
    x: Vec,
    above: Mapping[str, Sequence[float]],
    below: Mapping[str, Sequence[float]],
) -> Vec:
    """Return a quotient of two polynomials."""
    element = x.kind.element
    return block.polynomial(x, above[element]) / block.polynomial(x, below[element])


def _times_quotient(
    block: Block,
    r: Vec,
    above: Mapping[str, Sequence[float]],
    below: Mapping[str, Sequence[float]],
    scale: float,
    about: float,
) -> Vec:
    """Return `scale` r times a quotient that is `about` a number: what is rounded is the rest."""
    element, most = r.kind.element, scale * about
    pairs = zip_longest(above[element], below[element], fillvalue=0.0)
    rest = [float(Fraction(scale) * Fraction(a) - Fraction(most) * Fraction(b)) for a, b in pairs]
    return block.fma(r, block.polynomial(r, rest) / block.polynomial(r, below[element]), r * most)


def _quantile_of(block: Block, u: Vec, tail: Vec, x: Vec, scale: float) -> Vec:
    """Return `scale` (x/u) times the quantile of 1/2 + u; x is u, or 2 u not yet rounded.

    `tail` is the lesser of p and 1 - p.
    """
    rest = quotient(block, _CENTRE * _CENTRE - u * u, QUANTILE, QUANTILE_BELOW)
    centre = block.fma(x * scale, rest, x * (scale * _SLOPE))
    r = block.square_root(-block.call(LOG, tail))
    factor = scale if x is u else 2.0 * scale
    usual = _times_quotient(block, r, TAIL, TAIL_BELOW, factor, 1.125)
    far = r > _FAR

    def robust() -> list[Vec]:
        other = _times_quotient(block, r, FAR_TAIL, FAR_TAIL_BELOW, factor, 1.375)
        other = block.select(tail.same(0.0), math.inf, other)
        return [block.select(far, other, usual)]

    outer = block.rarely(far, robust, [usual])[0]
    return block.select(block.absolute(u) < _CENTRE, centre, block.copy_sign(outer, u))


def _normal_quantile(block: Block, p: Vec) -> Vec:
    u = p - 0.5
    return _quantile_of(block, u, block.select(p > 0.5, 1.0 - p, p), u, 1.0)


def _erfinv(block: Block, x: Vec) -> Vec:
    u = x * 0.5
    value = _quantile_of(block, u, 0.5 - block.absolute(u), x, 0.5 * math.sqrt(0.5))
    return value + 0.0  # of -0 it is 0, as SciPy has it


NORMAL_QUANTILE = Function("normal_quantile", _normal_quantile)
ERFINV = Function("erfinv", _erfinv)
