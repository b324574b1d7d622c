"""Bessel functions of orders 0 and 1: J, I and e^-|x| I.

J: up to 5 the product with its first two zeros (Hart, 1968, fits it so), then by modulus and angle
(DLMF 10.17.3). I: up to 8 in powers of x^2/4 (DLMF 10.25.2), then e^x / sqrt(x) times a polynomial
in 1/x.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attrs import frozen

from mgcompile.backends.llvm.ir.module_builder import Function
from mgcompile.backends.llvm.math.functions import coefficients_special as fitted
from mgcompile.backends.llvm.math.functions.exponential import EXP
from mgcompile.backends.llvm.math.functions.formats import format_of
from mgcompile.backends.llvm.math.functions.quantile import quotient
from mgcompile.backends.llvm.math.functions.trigonometric import COS, SIN
from mgcompile.backends.llvm.math.functions.two_parts import square

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block

__all__ = ["I0", "I0E", "I1", "I1E", "J0", "J1"]

_NEAR_J, _NEAR_I = 5.0, 8.0
# (J_0(x) - 1) / z in z = x^2 (DLMF 10.2.2), so that J_0(0) is 1.
_SERIES = tuple((-0.25) ** k / math.factorial(k) ** 2 for k in range(1, 10))


@frozen
class _Order:
    """Hold what an order has of its own: squares of its zeros in two parts, and fits."""

    odd: bool
    zeros: Mapping[str, Sequence[tuple[float, float]]]
    near: Mapping[str, Sequence[float]]
    along: tuple[Mapping[str, Sequence[float]], Mapping[str, Sequence[float]]]
    across: tuple[Mapping[str, Sequence[float]], Mapping[str, Sequence[float]]]
    near_i: Mapping[str, Sequence[float]]
    far_i: Mapping[str, Sequence[float]]


_ZERO = _Order(
    odd=False,
    zeros={
        "double": (
            (5.783185962946784, 4.123247343506204e-16),
            (30.471262343662087, -2.366534485750659e-16),
        ),
        "float": (
            (5.783185958862305, 4.084479865440471e-09),
            (30.471261978149414, 3.655126761259453e-07),
        ),
    },
    near=fitted.J0,
    along=(fitted.P0, fitted.P0_BELOW),
    across=(fitted.Q0, fitted.Q0_BELOW),
    near_i=fitted.NEAR_I0,
    far_i=fitted.FAR_I0,
)
_ONE = _Order(
    odd=True,
    zeros={
        "double": (
            (14.681970642123893, -9.858177825793294e-17),
            (49.2184563216946, 5.086354069436341e-16),
        ),
        "float": (
            (14.681970596313477, 4.5810416793301556e-08),
            (49.21845626831055, 5.3384056286631676e-08),
        ),
    },
    near=fitted.J1,
    along=(fitted.P1, fitted.P1_BELOW),
    across=(fitted.Q1, fitted.Q1_BELOW),
    near_i=fitted.NEAR_I1,
    far_i=fitted.FAR_I1,
)


def _oscillating(order: _Order) -> Callable[[Block, Vec], Vec]:
    def function(block: Block, x: Vec) -> Vec:
        a = block.absolute(x)
        value = block.select(a < _NEAR_J, _near_j(order, block, a), _far_j(order, block, a))
        return block.from_bits(block.bits(value) ^ _sign(block, x)) if order.odd else value

    return function


def _sign(block: Block, x: Vec) -> Vec:
    return block.bits(x) ^ block.bits(block.absolute(x))


def _near_j(order: _Order, block: Block, a: Vec) -> Vec:
    z, z_low = square(block, a)
    value = block.polynomial(z * (1.0 / 12.5) - 1.0, order.near[a.kind.element])
    for high, low in order.zeros[a.kind.element]:
        value = value * ((z - high) + (z_low - low))
    if order.odd:
        return value * a
    return block.select(z < 1.0, block.fma(z, block.polynomial(z, _SERIES), 1.0), value)


def _far_j(order: _Order, block: Block, a: Vec) -> Vec:
    inverse = 1.0 / a
    t = inverse * inverse * 25.0
    along, across = (quotient(block, t, *pair) for pair in (order.along, order.across))
    cosine, sine = block.call(COS, a), block.call(SIN, a)
    # sqrt(2) times the cosine and sine of a - pi/4.
    first, second = cosine + sine, sine - cosine
    if order.odd:
        first, second = second, -first
    sum_ = block.fma(along, first, -(across * inverse * second))
    return block.square_root(inverse * (1.0 / math.pi)) * sum_


def _modified(order: _Order, *, scaled: bool) -> Callable[[Block, Vec], Vec]:
    def function(block: Block, x: Vec) -> Vec:
        a = block.absolute(x)
        z = a * a * 0.25
        near = block.fma(z, block.polynomial(z, order.near_i[x.kind.element]), 1.0)
        near = near * (a * 0.5) if order.odd else near
        inverse = 1.0 / a
        far = block.split_polynomial(inverse * 8.0, order.far_i[x.kind.element])
        far = far / block.square_root(a)
        if scaled:
            near = near * block.call(EXP, -a)
            value = block.select(a < _NEAR_I, near, far)
        else:
            value = _grown(block, a, near, far)
        return block.select(x < 0.0, -value, value) if order.odd else value

    return function


def _grown(block: Block, a: Vec, near: Vec, far: Vec) -> Vec:
    usual = block.select(a < _NEAR_I, near, far * block.call(EXP, a))
    most = format_of(a.kind).exp_overflow - 1.0
    large = a > most

    def robust() -> list[Vec]:
        half = block.call(EXP, a * 0.5)
        found = block.select(a < math.inf, far * half * half, math.nan)  # as SciPy has it
        return [block.select(large, found, usual)]

    return block.rarely(large, robust, [usual])[0]


J0, J1 = Function("j0", _oscillating(_ZERO)), Function("j1", _oscillating(_ONE))
I0, I1 = (
    Function("i0", _modified(_ZERO, scaled=False)),
    Function("i1", _modified(_ONE, scaled=False)),
)
I0E, I1E = (
    Function("i0e", _modified(_ZERO, scaled=True)),
    Function("i1e", _modified(_ONE, scaled=True)),
)
