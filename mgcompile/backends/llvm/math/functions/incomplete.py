"""The beta function, its logarithm, and the regularised incomplete gamma and beta functions.

Their factors are exponentials of sums in two parts. P(a, x) by its series (DLMF 8.11.4), for large
x by the continued fraction of Q (DLMF 8.9.2); I_x(a, b) by its continued fraction (DLMF 8.17.22) on
the side where that converges fast. What lies outside their ranges is left to the rules of the ops.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from attrs import frozen

from mgcompile.backends.llvm.ir.module_builder import Function
from mgcompile.backends.llvm.math.functions.exponential import EXP_OF_PARTS
from mgcompile.backends.llvm.math.functions.gamma import long_gamma
from mgcompile.backends.llvm.math.functions.logarithm import LOG
from mgcompile.backends.llvm.math.functions.long_logarithm import long_log
from mgcompile.backends.llvm.math.functions.two_parts import product, quick_sum, two_sum

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block

    Pair = tuple[Vec, Vec]

__all__ = ["function_of"]

_EPSILON = 2.0**-54
_MOST_TURNS = 400


def _plus(a: Pair, b: Pair) -> Pair:
    high, low = two_sum(a[0], b[0])
    return quick_sum(high, low + (a[1] + b[1]))


def _minus(a: Pair) -> Pair:
    return -a[0], -a[1]


def _times(block: Block, a: Pair, b: Vec) -> Pair:
    high, low = product(block, a[0], b)
    return high, block.fma(a[1], b, low)


def _beta_parts(block: Block, a: Vec, b: Vec) -> tuple[Pair, Vec]:
    """Return e and a factor f with B(a, b) = exp(e) f."""
    total, lost = two_sum(a, b)
    *first, p, p_low = long_gamma(block, a)
    *second, q, q_low = long_gamma(block, b)
    *third, r, r_low = long_gamma(block, total)
    # What the sum lost counts with the slope of log(Gamma), about log(a + b - 1/2).
    slope = block.call(LOG, block.select(total > 1.5, total - 0.5, 1.0))
    exponent = _plus(_plus((first[0], first[1]), (second[0], second[1])), (-third[0], -third[1]))
    exponent = exponent[0], block.fma(-lost, slope, exponent[1])
    below, below_low = product(block, p, q)
    below_low = below_low + block.fma(p, q_low, p_low * q)
    inverse = 1.0 / below
    factor = r * inverse
    rest = block.exact_fma(-factor, below, r) + block.fma(-factor, below_low, r_low)
    return exponent, block.fma(rest, inverse, factor)


def _beta(block: Block, a: Vec, b: Vec) -> Vec:
    exponent, factor = _beta_parts(block, a, b)
    return block.call(EXP_OF_PARTS, *exponent) * factor


def _betaln(block: Block, a: Vec, b: Vec) -> Vec:
    exponent, factor = _beta_parts(block, a, b)
    value = block.call(EXP_OF_PARTS, *exponent) * factor
    return block.call(LOG, value)


def _gammainc(block: Block, a: Vec, x: Vec) -> Vec:
    # x^a e^-x / Gamma(a), in one exponential.
    high, low, below, below_low = long_gamma(block, a)
    exponent = _plus(_times(block, long_log(block, x), a), (-x, block.constant(0.0, x.kind)))
    exponent = _plus(exponent, (-high, -low))
    factor = block.call(EXP_OF_PARTS, *exponent) * (below + below_low)
    # The series holds everywhere; the fraction is quick, and its roundings few, from here on.
    lower = x < block.fma(a, 1.25, 6.0)
    series = _gamma_series(block, a, block.select(lower, x, 0.0)) / a
    fraction = _gamma_fraction(block, a, block.select(lower, a + a + 10.0, x))
    return block.select(lower, factor * series, 1.0 - factor * fraction)


def _gamma_series(block: Block, a: Vec, x: Vec) -> Vec:
    """Return 1 + x/(a+1) + x^2/((a+1)(a+2)) + ..., each term with what its roundings lost."""
    one, zero = block.constant(1.0, x.kind), block.constant(0.0, x.kind)
    inverse = one / block.select(x > 0.0, x, 1.0)

    def turn(state: list[Vec]) -> tuple[list[Vec], Vec]:
        total, lost, term, term_low, n = state
        n = n + 1.0
        below, below_low = two_sum(a, n)
        ratio = x / below
        rest = block.exact_fma(-ratio, below, x) - ratio * below_low  # times 1/below = ratio/x
        following, following_low = product(block, term, ratio)
        term_low = block.fma(term_low, ratio, block.fma(following * inverse, rest, following_low))
        new = total + following
        lost = lost + ((following - (new - total)) + term_low)
        return [new, lost, following, term_low, n], following > new * _EPSILON

    total, lost, *_ = block.repeat([one, zero, one, zero, zero], _MOST_TURNS, turn)
    return total + lost


def _gamma_fraction(block: Block, a: Vec, x: Vec) -> Vec:
    """Return Gamma(a, x) / (x^a e^-x) by Lentz's method."""
    b = x + 1.0 - a
    start = 1.0 / b
    zero, large = block.constant(0.0, x.kind), block.constant(2.0**200, x.kind)

    def turn(state: list[Vec]) -> tuple[list[Vec], Vec]:
        value, c, d, n = state
        n = n + 1.0
        part = n * (a - n)
        floor = b + (n + n)
        d = 1.0 / block.fma(part, d, floor)
        c = floor + part / c
        step = c * d
        return [value * step, c, d, n], block.absolute(step - 1.0) > _EPSILON * 4.0

    value, *_ = block.repeat([start, large, start, zero], _MOST_TURNS, turn)
    return value


def _betainc(block: Block, a: Vec, b: Vec, x: Vec) -> Vec:
    one = block.constant(1.0, x.kind)
    # Beyond the mean, so that 1 - I does not cancel, where the fraction is quick there.
    swapped = (x > (a + 1.0) / (a + b + 2.0)) & (x > a / (a + b))
    rest = 1.0 - x
    rest_low = (1.0 - rest) - x
    # x^a (1 - x)^b / B(a, b), in one exponential.
    exponent, factor = _beta_parts(block, a, b)
    exponent = _plus(_times(block, long_log(block, x), a), _minus(exponent))
    tail, tail_low = long_log(block, rest)
    exponent = _plus(exponent, _times(block, (tail, tail_low + rest_low / rest), b))
    scale = block.call(EXP_OF_PARTS, *exponent) / factor
    c, d = block.select(swapped, b, a), block.select(swapped, a, b)
    fraction = _beta_fraction(block, c, d, block.select(swapped, rest, x))
    value = scale * fraction / c
    return block.select(swapped, one - value, value)


def _beta_fraction(block: Block, a: Vec, b: Vec, x: Vec) -> Vec:
    """Return the continued fraction, two terms a turn, its denominators brought back to 1."""
    zero = block.constant(0.0, x.kind)
    # What cancels first is kept in two parts: all that follows magnifies its error.
    total, total_low = two_sum(a, b)
    share, share_low = _times(block, (total, total_low), x)
    whole, whole_low = two_sum(a, block.constant(1.0, x.kind))
    first = ((whole - share) + (whole_low - share_low)) / whole

    def turn(state: list[Vec]) -> tuple[list[Vec], Vec]:
        above, before, before_below, n, found = state
        n = n + 1.0
        even = a + (n + n)
        up = n * (b - n) * x / ((even - 1.0) * even)
        middle = block.fma(up, before, above)
        middle_below = block.fma(up, before_below, 1.0)
        down = -((a + n) * (total + n) * x) / (even * (even + 1.0))
        top = block.fma(down, above, middle)
        top_below = down + middle_below
        inverse = 1.0 / top_below
        following = top * inverse
        far = block.absolute(following - above) > block.absolute(following) * (_EPSILON * 8.0)
        # A lane that is done keeps its value: further turns only add roundings.
        found = block.select(found.same(0.0) & block.inverse(far), following, found)
        goes = found.same(0.0)
        return [following, middle * inverse, middle_below * inverse, n, found], goes

    inverse = 1.0 / first
    start = [inverse, inverse, inverse, zero, zero]
    last, *_, found = block.repeat(start, _MOST_TURNS, turn)
    return block.select(found.same(0.0), last, found)


@frozen
class _Usual:
    """Hold a function and the ranges of its operands."""

    compute: Callable[..., Vec]
    ranges: tuple[tuple[float, float], ...]


_USUAL: Mapping[str, _Usual] = {
    "beta": _Usual(_beta, ((1e-5, 60.0), (1e-5, 60.0))),
    "betaln": _Usual(_betaln, ((1e-5, 60.0), (1e-5, 60.0))),
    "gammainc": _Usual(_gammainc, ((1e-3, 100.0), (1e-8, 300.0))),
    "betainc": _Usual(_betainc, ((1e-3, 60.0), (1e-3, 60.0), (1e-9, 1.0 - 2.0**-40))),
}


# By their rules alone, but in double precision: in single their sums lose more than 4 ulp.
_BY_RULE = {"zeta": 2}


def function_of(name: str, rule: Callable[..., Vec]) -> Function | None:
    """Return the function of an op, or None where it has none here.

    Args:
        name: the op's name.
        rule: appends the op's own rule to a block, for operands outside the ranges.
    """
    if name in _BY_RULE:
        return _in_double_by_rule(name, rule)
    usual = _USUAL.get(name)
    if usual is None:
        return None
    inner = Function(f"{name}.usual", usual.compute, inline=False, arity=len(usual.ranges))

    def body(block: Block, *operands: Vec) -> Vec:
        masks = [
            (x >= low) & (x <= high) for x, (low, high) in zip(operands, usual.ranges, strict=True)
        ]
        inside = reduce(lambda a, b: a & b, masks)
        found = _in_double(block, inner, [block.select(inside, x, 0.5) for x in operands])

        def robust() -> list[Vec]:
            return [block.select(inside, found, rule(block, operands))]

        return block.rarely(block.inverse(inside), robust, [found])[0]

    return Function(name, body, inline=False, arity=len(usual.ranges))


def _in_double_by_rule(name: str, rule: Callable[..., Vec]) -> Function:
    inner = Function(
        f"{name}.rule", lambda block, *xs: rule(block, xs), inline=False, arity=_BY_RULE[name]
    )
    return Function(
        name, lambda block, *xs: _in_double(block, inner, xs), inline=False, arity=_BY_RULE[name]
    )


def _in_double(block: Block, function: Function, operands: Sequence[Vec]) -> Vec:
    kind = operands[0].kind
    if kind.element == "double":
        return block.call(function, *operands)
    wide = [block.convert("fpext", x, kind.double) for x in operands]
    return block.convert("fptrunc", block.call(function, *wide), kind)
