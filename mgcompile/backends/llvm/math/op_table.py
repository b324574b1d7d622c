"""Say how each shipped op becomes instructions: one table, op name to lowering.

A lowering takes the block that instructions are appended to and the operands, and returns the
result. Ops without an entry are lowered by :mod:`mgcompile.backends.llvm.math.custom_ops`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.math.c_library import c_call
from mgcompile.backends.llvm.math.functions.arcs import ACOS, ASIN, ATAN, ATAN2
from mgcompile.backends.llvm.math.functions.bessel import I0, I0E, I1, I1E, J0, J1
from mgcompile.backends.llvm.math.functions.complementary import ERFC, ERFCX
from mgcompile.backends.llvm.math.functions.cube_root import CBRT
from mgcompile.backends.llvm.math.functions.error_function import (
    ERF,
    GAUSSIAN,
    GELU,
    NORMAL_PDF,
)
from mgcompile.backends.llvm.math.functions.exponential import EXP, EXP2, EXPM1
from mgcompile.backends.llvm.math.functions.gamma import GAMMA, LGAMMA_OF
from mgcompile.backends.llvm.math.functions.hyperbolic import ACOSH, ASINH, ATANH, COSH, SINH
from mgcompile.backends.llvm.math.functions.logarithm import LOG, LOG1P, LOG2, LOG10
from mgcompile.backends.llvm.math.functions.power import power
from mgcompile.backends.llvm.math.functions.quantile import ERFINV, NORMAL_QUANTILE
from mgcompile.backends.llvm.math.functions.quotient import QUOTIENT_OF
from mgcompile.backends.llvm.math.functions.sigmoids import (
    TANH,
    TANH_SLOPE_OF,
    sigmoid,
    silu,
    softplus,
)
from mgcompile.backends.llvm.math.functions.trigonometric import COS, SIN, TAN
from mgcompile.support.filled import FILL
from mgcompile.support.op_traits import shipped_name
from mgcompile.support.quotient import QUOTIENT
from mgcompile.support.slopes import SIGMOID_SLOPE, TANH_SLOPE
from mgcompile.support.zero_product import ZERO_BOTH, ZERO_DOT, ZERO_MUL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block
    from mgcore import Op

Lowering = Callable[..., "Vec"]


def _sum(block: Block, *terms: Vec) -> Vec:
    if not terms:
        return block.constant(0.0)
    return reduce(lambda total, term: total + term, terms)


def _dot(block: Block, *factors: Vec) -> Vec:
    half = len(factors) // 2
    if not half:
        return block.constant(0.0)
    total = factors[0] * factors[half]
    for left, right in zip(factors[1:half], factors[half + 1 :], strict=True):
        total = block.multiply_add(left, right, total)
    return total


def _truth(mask: Vec) -> Vec:
    return mask.block.select(mask, mask.block.constant(1.0), 0.0)


def larger(block: Block, a: Vec, b: Vec) -> Vec:
    """Append the maximum of two numbers; NaN when one of them is."""
    return block.select(a.is_nan(), a, block.select(a > b, a, b))


def smaller(block: Block, a: Vec, b: Vec) -> Vec:
    """Append the minimum of two numbers; NaN when one of them is."""
    return block.select(a.is_nan(), a, block.select(a < b, a, b))


def _select(block: Block, condition: Vec, a: Vec, b: Vec) -> Vec:
    return block.select(condition.same(0.0), b, a)


def counted(block: Block, above: Vec, below: Vec) -> Vec:
    """Append the second of two factors as it counts: 0 where the first is."""
    return block.select(above.same(0.0), 0.0, below)


def _zero_mul(block: Block, above: Vec, below: Vec) -> Vec:
    return above * counted(block, above, below)


def _zero_dot(block: Block, *factors: Vec) -> Vec:
    half = len(factors) // 2
    below = [counted(block, x, y) for x, y in zip(factors[:half], factors[half:], strict=True)]
    return _dot(block, *factors[:half], *below)


def _logsumexp(block: Block, *xs: Vec) -> Vec:
    # m + log1p of the other terms: the largest term is exactly 1 and is left out, so that no
    # small ones are lost beside it.
    largest = reduce(lambda a, b: larger(block, a, b), xs)
    rest = ties = block.constant(0.0)
    for x in xs:
        rest, ties = share_beside(block, x, largest, rest, ties)
    return finished(block, largest, rest + (ties - 1.0))


def share_beside(block: Block, x: Vec, largest: Vec, rest: Vec, ties: Vec) -> tuple[Vec, Vec]:
    """Append a step of logsumexp: e**(x - largest) is added, but the largest are counted."""
    same = x.same(largest)
    more = rest + block.select(same, 0.0, block.call(EXP, x - largest))
    return more, ties + block.select(same, block.constant(1.0), 0.0)


def finished(block: Block, largest: Vec, rest: Vec) -> Vec:
    """Append the end of logsumexp, from the largest element and the sum over the others."""
    total = largest + block.call(LOG1P, rest)
    return block.select(block.absolute(largest).same(math.inf), largest, total)


def _between(block: Block, low: float, high: float, a: Vec) -> Vec:
    return block.select(a < low, low, block.select(a > high, high, a))


def _hardswish(block: Block, a: Vec) -> Vec:
    inner = block.select(a >= 3.0, a, a * (a + 3.0) / 6.0)
    return block.select(a <= -3.0, 0.0, inner)


def _selu(block: Block, a: Vec) -> Vec:
    below = block.call(EXPM1, a) * 1.7580993408473769
    return block.select(a > 0.0, a * 1.0507009873554805, below)


def _mish(block: Block, a: Vec) -> Vec:
    # Far below 0 both are x e^x, and silu keeps its digits where e^x is subnormal.
    return block.select(a < -40.0, silu(block, a), a * block.call(TANH, softplus(block, a)))


def _sign(block: Block, a: Vec) -> Vec:
    return block.select(a > 0.0, 1.0, block.select(a < 0.0, block.constant(-1.0), a))


def _nonzero(block: Block, a: Vec) -> Vec:
    return block.inverse(a.same(0.0))


def _mod(block: Block, x: Vec, y: Vec) -> Vec:
    rest = c_call(block, "fmod", x, y)
    other = block.select(rest < 0.0, block.constant(-1.0), 1.0) * y < 0.0
    moved = block.select(other & _nonzero(block, rest), rest + y, rest)
    return block.select(moved.same(0.0), block.copy_sign(moved, y), moved)


def _hypot(block: Block, x: Vec, y: Vec) -> Vec:
    x, y = block.absolute(x), block.absolute(y)
    large, small = block.select(x > y, x, y), block.select(x > y, y, x)
    ratio = small / block.select(large > 0.0, large, 1.0)
    found = large * block.square_root(block.fma(ratio, ratio, 1.0))
    found = block.select(x.is_nan() | y.is_nan(), x + y, found)
    return block.select(x.same(math.inf) | y.same(math.inf), math.inf, found)


def lowering_of(op: Op) -> Lowering | None:
    """Return the lowering of a shipped op or the compiler's own; None for any other.

    A shipped op without an entry is a composite: its own forward rule is generic and writes it.
    """
    if op in _OWN:
        return _OWN[op]
    name = shipped_name(op)
    return None if name is None else LOWERINGS.get(name)


LOWERINGS: Mapping[str, Lowering] = {
    "add": lambda _, a, b: a + b,
    "sub": lambda _, a, b: a - b,
    "mul": lambda _, a, b: a * b,
    "div": lambda _, a, b: a / b,
    "neg": lambda _, a: -a,
    "abs": lambda block, a: block.absolute(a),
    "pow": power,
    "exp": lambda block, a: block.call(EXP, a),
    "log": lambda block, a: block.call(LOG, a),
    "sqrt": lambda block, a: block.square_root(a),
    "exp2": lambda block, a: block.call(EXP2, a),
    "expm1": lambda block, a: block.call(EXPM1, a),
    "log1p": lambda block, a: block.copy_sign(block.call(LOG1P, a), a),  # of a zero too
    "log2": lambda block, a: block.call(LOG2, a),
    "log10": lambda block, a: block.call(LOG10, a),
    "cbrt": lambda block, a: block.call(CBRT, a),
    "square": lambda _, a: a * a,
    "reciprocal": lambda _, a: 1.0 / a,
    "rsqrt": lambda block, a: 1.0 / block.square_root(a),
    "sin": lambda block, a: block.call(SIN, a),
    "cos": lambda block, a: block.call(COS, a),
    "tan": lambda block, a: block.call(TAN, a),
    "asin": lambda block, a: block.call(ASIN, a),
    "acos": lambda block, a: block.call(ACOS, a),
    "atan": lambda block, a: block.call(ATAN, a),
    "sinh": lambda block, a: block.call(SINH, a),
    "cosh": lambda block, a: block.call(COSH, a),
    "asinh": lambda block, a: block.call(ASINH, a),
    "acosh": lambda block, a: block.call(ACOSH, a),
    "atanh": lambda block, a: block.call(ATANH, a),
    "erf": lambda block, a: block.call(ERF, a),
    "gaussian": lambda block, a: block.call(GAUSSIAN, a),
    "normal_pdf": lambda block, a: block.call(NORMAL_PDF, a),
    "erfc": lambda block, a: block.call(ERFC, a),
    "erfcx": lambda block, a: block.call(ERFCX, a),
    "erfinv": lambda block, a: block.call(ERFINV, a),
    "normal_quantile": lambda block, a: block.call(NORMAL_QUANTILE, a),
    "gamma": lambda block, a: block.call(GAMMA, a),
    "lgamma": lambda block, a: block.call(LGAMMA_OF, a),
    "j0": lambda block, a: block.call(J0, a),
    "j1": lambda block, a: block.call(J1, a),
    "i0": lambda block, a: block.call(I0, a),
    "i1": lambda block, a: block.call(I1, a),
    "i0e": lambda block, a: block.call(I0E, a),
    "i1e": lambda block, a: block.call(I1E, a),
    "maximum": larger,
    "minimum": smaller,
    "gt": lambda _, a, b: _truth(a > b),
    "ge": lambda _, a, b: _truth(a >= b),
    "lt": lambda _, a, b: _truth(a < b),
    "le": lambda _, a, b: _truth(a <= b),
    "eq": lambda _, a, b: _truth(a.same(b)),
    "ne": lambda block, a, b: _truth(block.inverse(a.same(b))),
    "logical_and": lambda block, a, b: _truth(_nonzero(block, a) & _nonzero(block, b)),
    "logical_or": lambda block, a, b: _truth(_nonzero(block, a) | _nonzero(block, b)),
    "logical_not": lambda _, a: _truth(a.same(0.0)),
    "isnan": lambda _, a: _truth(a.is_nan()),
    "select": _select,
    "floor": lambda block, a: block.intrinsic("floor", a),
    "ceil": lambda block, a: block.intrinsic("ceil", a),
    "trunc": lambda block, a: block.intrinsic("trunc", a),
    "round": lambda block, a: block.intrinsic("rint", a),
    "sign": _sign,
    "copysign": lambda block, a, b: block.copy_sign(a, b),
    "mod": _mod,
    "hypot": _hypot,
    "atan2": lambda block, y, x: block.call(ATAN2, y, x),
    "remainder": lambda block, a, b: c_call(block, "remainder", a, b),
    "sum": _sum,
    "dot": _dot,
    "relu": lambda block, a: block.select(a < 0.0, 0.0, a),
    "leaky_relu": lambda block, a: block.select(a > 0.0, a, a * 0.01),
    "elu": lambda block, a: block.select(a > 0.0, a, block.call(EXPM1, a)),
    "tanh": lambda block, a: block.call(TANH, a),
    "sigmoid": sigmoid,
    "softplus": softplus,
    "silu": silu,
    "gelu": lambda block, a: block.call(GELU, a),
    "relu6": lambda block, a: _between(block, 0.0, 6.0, a),
    "hardtanh": lambda block, a: _between(block, -1.0, 1.0, a),
    "hardsigmoid": lambda block, a: _between(block, 0.0, 6.0, a + 3.0) / 6.0,
    "hardswish": _hardswish,
    "selu": _selu,
    "logsigmoid": lambda block, a: -softplus(block, -a),
    "mish": _mish,
    "logsumexp": _logsumexp,
}

_OWN: Mapping[Op, Lowering] = {
    TANH_SLOPE: lambda block, _, x: block.call(TANH_SLOPE_OF, x),
    SIGMOID_SLOPE: lambda block, out, x: out * sigmoid(block, -x),
    QUOTIENT: lambda block, x, y, r: block.call(QUOTIENT_OF, x, y, r),
    FILL: _select,
    ZERO_MUL: _zero_mul,
    ZERO_BOTH: lambda block, a, b: counted(block, b, _zero_mul(block, a, b)),
    ZERO_DOT: _zero_dot,
}
