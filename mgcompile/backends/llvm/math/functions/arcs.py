"""asin, acos, atan and atan2: arguments brought near 0, and a polynomial.

asin(x) = pi/2 - 2 asin(sqrt((1 - x)/2)) from 1/2 on; atan(v/u) = pi/4 + atan((v - u)/(v + u)) from
tan(pi/8) on in double precision, and pi/2 less the arc of the reciprocal beyond 1.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.ir.module_builder import Function
from mgcompile.backends.llvm.math.functions.coefficients import ASIN as ASIN_POLYNOMIAL
from mgcompile.backends.llvm.math.functions.coefficients import ATAN as ATAN_POLYNOMIAL
from mgcompile.backends.llvm.math.functions.formats import format_of

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block

__all__ = ["ACOS", "ASIN", "ATAN", "ATAN2"]

_EIGHTH = math.sqrt(2.0) - 1.0
# atan2 works on operands whose sum, difference and reciprocal are normal.
_LEAST, _MOST = {"double": 2.0**-900, "float": 2.0**-100}, {"double": 2.0**900, "float": 2.0**100}


def _arc(block: Block, a: Vec) -> tuple[Vec, Vec, Vec, Vec]:
    """Return whether a is below 1/2; and s, z, P.

    s + s z P is asin(a), or else half of acos(a).
    """
    near = a < 0.5
    z = block.select(near, a * a, block.fma(a, -0.5, 0.5))
    s = block.select(near, a, block.square_root(z))
    return near, s, z, block.polynomial(z, ASIN_POLYNOMIAL[a.kind.element])


def _asin(block: Block, x: Vec) -> Vec:
    near, s, z, slope = _arc(block, block.absolute(x))
    part = s * block.select(near, block.constant(1.0, x.kind), -2.0)
    base = [block.select(near, 0.0, half) for half in _below_half_pi(block, x)]
    return block.copy_sign(_with_arc(block, base, part, part * z, slope), x)


def _acos(block: Block, x: Vec) -> Vec:
    near, s, z, slope = _arc(block, block.absolute(x))
    # pi/2 - asin(x); twice the arc for x from 1/2 on; and pi less that for x below -1/2.
    part = block.copy_sign(s, x) * block.select(near, block.constant(-1.0, x.kind), 2.0)
    base = [
        block.select(near, half, block.select(x > 0.0, 0.0, block.constant(2.0 * half, x.kind)))
        for half in format_of(x.kind).half_pi[:2]
    ]
    return _with_arc(block, base, part, part * z, slope)


def _with_arc(block: Block, base: list[Vec], part: Vec, factor: Vec, slope: Vec) -> Vec:
    """Return base + part + factor * slope, the base in two parts, larger than the other or 0."""
    high = base[0] + part
    low = block.fma(factor, slope, base[1])
    if part.kind.element == "double":  # with what the first rounding lost
        low = low + (part - (high - base[0]))
    return high + low


def _below_half_pi(block: Block, x: Vec) -> list[Vec]:
    """Return pi/2 in two parts.

    For singles the first is a little less than pi/2: what an arc is from 1 up is then found from a
    number from 1 up, and what is below 1 from an exact difference.
    """
    high, low, _ = format_of(x.kind).half_pi
    if x.kind.element == "float":
        high, low = 1.5625, math.pi / 2 - 1.5625
    return [block.constant(part, x.kind) for part in (high, low)]


def _atan(block: Block, x: Vec) -> Vec:
    a = block.absolute(x)
    if x.kind.element == "double":  # whose u and v are summed
        a = block.select(a > 2.0**60, 2.0**60, a)  # pi/2 long before
    one = block.constant(1.0, x.kind)
    beyond = a > 1.0
    high, low = _first_eighth(block, block.select(beyond, one, a), block.select(beyond, a, one))
    half_pi, half_pi_low, _ = format_of(x.kind).half_pi
    value = block.select(beyond, half_pi - (high - (half_pi_low - low)), high + low)
    return block.copy_sign(value, x)


def _first_eighth(block: Block, v: Vec, u: Vec) -> tuple[Vec, Vec]:
    """Return atan(v/u) for 0 <= v <= u in two parts to be summed, the first of which is rounded."""
    if v.kind.element == "float":  # granted more ulps: one polynomial as far as 1
        t = v / u
        z = t * t
        return t, t * z * block.polynomial(z, ATAN_POLYNOMIAL[v.kind.element])
    half_pi, half_pi_low, _ = format_of(v.kind).half_pi
    over = v > u * _EIGHTH
    total, difference = u + v, v - u
    total_low, difference_low = v - (total - u), (v - difference) - u
    zero = block.constant(0.0, v.kind)
    part, part_low = block.select(over, difference, v), block.select(over, difference_low, zero)
    whole, whole_low = block.select(over, total, u), block.select(over, total_low, zero)
    base = block.select(over, 0.5 * half_pi, zero)
    inverse = 1.0 / whole
    t = part * inverse
    lost = block.exact_fma(-t, whole, part) + block.fma(-t, whole_low, part_low)
    z = t * t
    rest = block.fma(t * z, block.polynomial(z, ATAN_POLYNOMIAL[v.kind.element]), lost * inverse)
    high = base + t
    return high, ((t - (high - base)) + block.select(over, 0.5 * half_pi_low, zero)) + rest


def _atan2(block: Block, y: Vec, x: Vec) -> Vec:
    v, u = block.absolute(y), block.absolute(x)
    usual = _angle(block, v, u, x)
    element = x.kind.element

    def inside(a: Vec) -> Vec:
        return block.between(a, _LEAST[element], _MOST[element])

    def robust() -> list[Vec]:
        return [_angle(block, *_tamed(block, v, u), x)]

    # A zero has no sign here.
    sign = block.select(y.same(0.0), 1.0, y)
    value = block.rarely(block.inverse(inside(v) & inside(u)), robust, [usual])[0]
    return block.copy_sign(value, sign)


def _angle(block: Block, v: Vec, u: Vec, x: Vec) -> Vec:
    """Return the angle of (u, v), both from 0 up, or of (-u, v) where x is negative."""
    half_pi, half_pi_low, _ = format_of(v.kind).half_pi
    steep, left = v > u, x < 0.0
    high, low = _first_eighth(block, block.select(steep, u, v), block.select(steep, v, u))
    zero = block.constant(0.0, v.kind)
    # high; pi/2 - high; pi/2 + high; pi - high
    base = block.select(steep, half_pi, block.select(left, 2.0 * half_pi, zero))
    base_low = block.select(steep, half_pi_low, block.select(left, 2.0 * half_pi_low, zero))
    back = steep ^ left
    high, low = block.select(back, -high, high), block.select(back, -low, low)
    value = base + high
    return value + ((high - (value - base)) + (base_low + low))


def _tamed(block: Block, v: Vec, u: Vec) -> tuple[Vec, Vec]:
    """Return numbers of the same angle that are far from overflow, of infinities and zeros too."""
    element = v.kind.element
    most = block.select(v > u, v, u)
    # Of equal infinities the angle is that of equal numbers.
    big, small = most > _MOST[element], most < 1.0
    endless = most.same(math.inf)
    tame = []
    for a in (v, u):
        ended = block.select(a.same(math.inf), block.constant(1.0, a.kind), a * 0.0)
        shrunk = block.select(endless, ended, a * _LEAST[element])
        grown = block.select(small, a * _MOST[element], a)
        tame.append(block.select(big, shrunk, grown))
    none = most.same(0.0)
    return tame[0], block.select(none, 1.0, tame[1])


ASIN = Function("asin", _asin)
ACOS = Function("acos", _acos)
ATAN = Function("atan", _atan)
ATAN2 = Function("atan2", _atan2, arity=2)
