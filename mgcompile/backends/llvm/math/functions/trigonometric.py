"""sin, cos and tan: a reduced angle r + low in [-pi/4, pi/4], its quadrant, and two polynomials.

tan is r + r^3 P(r^2) / Q(r^2), or -1 over that in every second quadrant.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attrs import frozen

from mgcompile.backends.llvm.ir.module_builder import Function
from mgcompile.backends.llvm.math.functions.angle import reduce_huge
from mgcompile.backends.llvm.math.functions.coefficients import COS as COS_POLYNOMIAL
from mgcompile.backends.llvm.math.functions.coefficients import SIN as SIN_POLYNOMIAL
from mgcompile.backends.llvm.math.functions.coefficients import TAN as TAN_ABOVE
from mgcompile.backends.llvm.math.functions.coefficients import TAN_BELOW
from mgcompile.backends.llvm.math.functions.formats import format_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block

# Up to here a multiple of pi/2 in three parts is accurate enough, and k fits the low bits.
_LARGEST = {"double": 2.0**24, "float": 2.0**12}


@frozen
class Angle:
    """Hold x = quadrant * pi/2 + r + low; the quadrant in the two low bits of an integer."""

    r: Vec
    low: Vec
    quadrant: Vec


def _reduce(block: Block, x: Vec) -> Angle:
    form = format_of(x.kind)
    high, middle, low = form.half_pi
    shifted = block.fma(x, 2.0 / math.pi, form.magic)
    k = form.magic - shifted
    # The first step is exact: r is a multiple of the last bit of pi/2. The second keeps its errors.
    first = block.exact_fma(k, high, x)
    step = k * middle
    step_low = block.exact_fma(k, middle, -step)
    r = first + step
    return Angle(r, block.fma(k, low, ((first - r) + step) + step_low), block.bits(shifted))


def _reduced(block: Block, x: Vec) -> Angle:
    """Reduce an angle of any size."""
    usual = _reduce(block, x)
    outside = block.inverse(block.within(x, _LARGEST[x.kind.element]))

    def robust() -> Sequence[Vec]:
        if x.kind.element == "float":
            other = _reduce_in_double(block, x)
        else:
            other = Angle(*reduce_huge(block, block.select(outside, x, 1.0)))
        return [
            block.select(outside, there, here)
            for there, here in zip(_parts(other), _parts(usual), strict=True)
        ]

    return Angle(*block.rarely(outside, robust, _parts(usual)))


def _parts(angle: Angle) -> tuple[Vec, Vec, Vec]:
    return angle.r, angle.low, angle.quadrant


def _reduce_in_double(block: Block, x: Vec) -> Angle:
    angle = _reduced(block, block.convert("fpext", x, x.kind.double))
    r = block.convert("fptrunc", angle.r, x.kind)
    rest = angle.r - block.convert("fpext", r, x.kind.double)
    low = block.convert("fptrunc", rest + angle.low, x.kind)
    return Angle(r, low, block.convert("trunc", angle.quadrant, x.kind.integer))


def _sin_of_reduced(block: Block, angle: Angle, z: Vec) -> tuple[Vec, Vec]:
    """Return the sine of r + low in two parts to be summed."""
    r, low = angle.r, angle.low
    slope = block.polynomial(z, SIN_POLYNOMIAL[r.kind.element])
    return r, block.fma(r * z, slope, low * (1.0 - z * 0.5))


def _cos_of_reduced(block: Block, angle: Angle, z: Vec) -> tuple[Vec, Vec]:
    """Return the cosine of r + low in two parts to be summed."""
    r, low = angle.r, angle.low
    half = z * 0.5
    top = 1.0 - half
    rest = z * z * block.polynomial(z, COS_POLYNOMIAL[r.kind.element])
    return top, ((1.0 - top) - half) + block.fma(r, -low, rest)


def _either(block: Block, angle: Angle, quadrant: Vec) -> Vec:
    """Return the sine of the angle with another quadrant, without the sign of its half turn."""
    z = angle.r * angle.r
    sine, sine_low = _sin_of_reduced(block, angle, z)
    cosine, cosine_low = _cos_of_reduced(block, angle, z)
    odd = (quadrant & 1).same(0)
    return block.select(odd, sine + sine_low, cosine + cosine_low)


def _turned(block: Block, value: Vec, quadrant: Vec) -> Vec:
    """Return the value with its sign changed in the second half turn."""
    top = value.kind.bits - 1
    return block.from_bits(block.bits(value) ^ ((quadrant >> 1) << top))


def _sin(block: Block, x: Vec) -> Vec:
    # Of |x|, so that the sign of a zero is kept.
    magnitude = block.absolute(x)
    angle = _reduced(block, magnitude)
    value = _turned(block, _either(block, angle, angle.quadrant), angle.quadrant)
    sign = block.bits(x) ^ block.bits(magnitude)
    return block.from_bits(block.bits(value) ^ sign)


def _cos(block: Block, x: Vec) -> Vec:
    angle = _reduced(block, block.absolute(x))
    quadrant = angle.quadrant + block.constant(1, angle.quadrant.kind)
    return _turned(block, _either(block, angle, quadrant), quadrant)


def _tan(block: Block, x: Vec) -> Vec:
    magnitude = block.absolute(x)
    angle = _reduced(block, magnitude)
    r, element = angle.r, x.kind.element
    z = r * r
    ratio = block.polynomial(z, TAN_ABOVE[element]) / block.polynomial(z, TAN_BELOW[element])
    value = r + block.fma(r * z, ratio, angle.low)
    value = block.select((angle.quadrant & 1).same(0), value, -1.0 / value)
    sign = block.bits(x) ^ block.bits(magnitude)
    return block.from_bits(block.bits(value) ^ sign)


SIN = Function("sin", _sin)
TAN = Function("tan", _tan)
COS = Function("cos", _cos)
