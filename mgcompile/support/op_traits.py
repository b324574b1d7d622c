"""What the compiler knows of the shipped ops: one table, looked up by the op itself.

An op of the same name from another package is another op: of it nothing is known but its rules.
What a backend does to run an op stands beside that backend, in a table that is asked by `shipped`.
"""

from __future__ import annotations

import math
import sys
from functools import cache
from typing import TYPE_CHECKING

import attrs

from mgcompile.support import ranges
from mgcompile.support.chains import CHAINS, MAXIMUM_CHAIN, MINIMUM_CHAIN
from mgcompile.support.filled import FILL
from mgcompile.support.quotient import QUOTIENT
from mgcompile.support.slopes import SIGMOID_SLOPE, SLOPES, TANH_SLOPE
from mgcompile.support.zero_product import ZERO_BOTH, ZERO_DOT, ZERO_MUL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mgcompile.support.ranges import Rule
    from mgcore import Op

__all__ = ["Traits", "has_edge", "is_known", "is_shipped", "shipped_name", "traits_of"]

# The packages that the ops of the table come from.
_HOMES = ("mgops_basic", "mgops_activations", "mgops_math")

_OWN = {
    op.name: op
    for op in (FILL, ZERO_MUL, ZERO_BOTH, ZERO_DOT, QUOTIENT, *SLOPES.values(), *CHAINS.values())
}


@attrs.frozen(slots=True)
class Traits:
    """What is known of an op.

    Args:
        range: What it makes of the ranges of its operands; None: its rule tells, or nobody.
        weight: About how many instructions it takes for a vector; None: one less than operands.
        divisions: How many long divisions keep the divider busy meanwhile.
        cheap: Whether it takes a few instructions of arithmetic.
        commutative: Whether its operands may change places.
        endless: Whether it takes any number of operands without its rule being written out.
        edge: Whether its domain ends where a sum that cancels may come to lie.
        arithmetic: Whether it adds, multiplies and divides, and nothing else.
        flat: Whether its result or a slope is 0 on more than a few points of its domain.
        steps: Whether its slopes are 0 everywhere.
    """

    range: Rule | None = None
    weight: int | None = None
    divisions: int = 0
    cheap: bool = False
    commutative: bool = False
    endless: bool = False
    edge: bool = False
    arithmetic: bool = False
    flat: bool = False
    steps: bool = False

    @property
    def flops(self) -> int:
        """Return about how many operations it counts for."""
        return 1 if self.cheap else _TRANSCENDENTAL


_TRANSCENDENTAL = 20
_UNKNOWN = Traits(flat=True)

_TABLE: Mapping[str, Traits] = {
    "add": Traits(ranges.add, cheap=True, commutative=True, arithmetic=True),
    "sub": Traits(ranges.sub, cheap=True, arithmetic=True),
    "mul": Traits(ranges.mul, cheap=True, commutative=True, arithmetic=True),
    "neg": Traits(ranges.neg, cheap=True, arithmetic=True),
    "div": Traits(ranges.div, weight=3, divisions=1, arithmetic=True),
    "pow": Traits(ranges.power, weight=60, edge=True),
    "exp": Traits(ranges.exp, weight=20),
    "log": Traits(ranges.log, weight=25, divisions=1, edge=True),
    "sqrt": Traits(ranges.sqrt, weight=4, divisions=2, edge=True),
    "exp2": Traits(ranges.exp2, weight=22),
    "expm1": Traits(ranges.expm1, weight=25),
    "log1p": Traits(ranges.log1p, weight=35, divisions=2, edge=True),
    "log2": Traits(ranges.logarithm(2.0), weight=32, divisions=1, edge=True),
    "log10": Traits(ranges.logarithm(10.0), weight=32, divisions=1, edge=True),
    "cbrt": Traits(ranges.cbrt, weight=32, divisions=1),
    "square": Traits(ranges.square, cheap=True, arithmetic=True),
    "reciprocal": Traits(ranges.reciprocal, weight=3, divisions=1, arithmetic=True),
    "rsqrt": Traits(ranges.rsqrt, weight=6, divisions=3, edge=True),
    "sin": Traits(ranges.periodic, weight=35),
    "cos": Traits(ranges.periodic, weight=35),
    "tan": Traits(ranges.any_finite, weight=55, divisions=1),
    "asin": Traits(ranges.in_domain(-1.0, 1.0, -1.6, 1.6), weight=30, divisions=1, edge=True),
    "acos": Traits(ranges.in_domain(-1.0, 1.0, 0.0, 3.2), weight=32, divisions=1, edge=True),
    "atan": Traits(ranges.within(-1.6, 1.6), weight=35, divisions=1),
    "sinh": Traits(ranges.sinh, weight=32),
    "cosh": Traits(ranges.cosh, weight=32),
    "asinh": Traits(ranges.asinh, weight=45, divisions=3),
    "acosh": Traits(
        ranges.in_domain(1.0, math.inf, 0.0, math.inf), weight=48, divisions=3, edge=True
    ),
    "atanh": Traits(ranges.in_domain(-0.999, 0.999, -4.0, 4.0), weight=45, divisions=1, edge=True),
    "erf": Traits(ranges.within(-1.0, 1.0), weight=40, divisions=1),
    "erfc": Traits(ranges.within(ranges.TINY, 2.0), weight=70, divisions=2),
    "gaussian": Traits(ranges.within(0.0, 1.0), weight=26),
    "normal_pdf": Traits(ranges.within(0.0, 0.4), weight=30),
    "gamma": Traits(weight=110, divisions=4),
    "lgamma": Traits(weight=80, divisions=3),
    "erfcx": Traits(weight=70, divisions=2),
    "erfinv": Traits(weight=75, divisions=3),
    "normal_quantile": Traits(weight=75, divisions=3),
    "j0": Traits(ranges.within(-1.0, 1.0), weight=110, divisions=4),
    "j1": Traits(ranges.within(-1.0, 1.0), weight=110, divisions=4),
    "i0": Traits(weight=65, divisions=3),
    "i1": Traits(weight=65, divisions=3),
    "i0e": Traits(weight=65, divisions=3),
    "i1e": Traits(weight=65, divisions=3),
    "abs": Traits(ranges.magnitude, cheap=True),
    "maximum": Traits(ranges.maximum, cheap=True, flat=True),
    "minimum": Traits(ranges.minimum, cheap=True, flat=True),
    "gt": Traits(ranges.truth, cheap=True, flat=True, steps=True),
    "ge": Traits(ranges.truth, cheap=True, flat=True, steps=True),
    "lt": Traits(ranges.truth, cheap=True, flat=True, steps=True),
    "le": Traits(ranges.truth, cheap=True, flat=True, steps=True),
    "eq": Traits(ranges.truth, cheap=True, flat=True, steps=True),
    "ne": Traits(ranges.truth, cheap=True, flat=True, steps=True),
    "logical_and": Traits(ranges.truth, cheap=True, flat=True, steps=True),
    "logical_or": Traits(ranges.truth, cheap=True, flat=True, steps=True),
    "logical_not": Traits(ranges.truth, cheap=True, flat=True, steps=True),
    "isnan": Traits(ranges.truth, cheap=True, flat=True, steps=True),
    "select": Traits(ranges.select, cheap=True, flat=True),
    "floor": Traits(ranges.whole, cheap=True, flat=True, steps=True),
    "ceil": Traits(ranges.whole, cheap=True, flat=True, steps=True),
    "trunc": Traits(ranges.whole, cheap=True, flat=True, steps=True),
    "round": Traits(ranges.whole, cheap=True, flat=True, steps=True),
    "sign": Traits(ranges.within(-1.0, 1.0), cheap=True, flat=True, steps=True),
    "copysign": Traits(ranges.copysign, cheap=True, flat=True),
    "mod": Traits(weight=60, flat=True),
    "hypot": Traits(ranges.hypot, weight=12, divisions=3),
    "atan2": Traits(ranges.within(-3.2, 3.2), weight=45, divisions=1),
    "degrees": Traits(ranges.scaled(180.0 / math.pi), cheap=True, arithmetic=True),
    "radians": Traits(ranges.scaled(math.pi / 180.0), cheap=True, arithmetic=True),
    "remainder": Traits(weight=60, flat=True),
    "sum": Traits(ranges.add, commutative=True, endless=True, arithmetic=True),
    "dot": Traits(ranges.dot, endless=True, arithmetic=True),
    "relu": Traits(ranges.relu, cheap=True, flat=True),
    "leaky_relu": Traits(ranges.leaky_relu, cheap=True),
    "elu": Traits(ranges.rising(-1.0), weight=25),
    "tanh": Traits(ranges.within(-1.0, 1.0), weight=30, divisions=1),
    "sigmoid": Traits(ranges.within(ranges.TINY, 1.0), weight=25, divisions=1),
    "softplus": Traits(ranges.softplus, weight=45),
    "silu": Traits(ranges.rising(-0.3), weight=28),
    "gelu": Traits(ranges.rising(-0.2), weight=45, divisions=2),
    "relu6": Traits(ranges.within(0.0, 6.0), cheap=True, flat=True),
    "hardtanh": Traits(ranges.within(-1.0, 1.0), cheap=True, flat=True),
    "hardsigmoid": Traits(ranges.within(0.0, 1.0), weight=4, divisions=1, flat=True),
    "hardswish": Traits(ranges.rising(-0.38), weight=6, divisions=1, flat=True),
    "selu": Traits(ranges.selu, weight=26),
    "logsigmoid": Traits(ranges.logsigmoid, weight=46),
    "mish": Traits(ranges.rising(-0.31), weight=90, divisions=2),
    "max": Traits(ranges.largest, commutative=True, endless=True, flat=True),
    "min": Traits(ranges.smallest, commutative=True, endless=True, flat=True),
    "logsumexp": Traits(ranges.logsumexp, commutative=True, endless=True),
    MAXIMUM_CHAIN.name: Traits(ranges.largest, endless=True, flat=True),
    MINIMUM_CHAIN.name: Traits(ranges.smallest, endless=True, flat=True),
    # Beside the op of the same operand, as they stand in a gradient.
    TANH_SLOPE.name: Traits(ranges.within(0.0, 1.0), weight=6),
    SIGMOID_SLOPE.name: Traits(ranges.within(0.0, 0.25), weight=26, divisions=1),
    QUOTIENT.name: Traits(lambda x, y, _: ranges.div(x, y), weight=4, cheap=True),
    FILL.name: Traits(ranges.select, cheap=True),
    ZERO_MUL.name: Traits(ranges.mul, weight=3, cheap=True),
    ZERO_BOTH.name: Traits(ranges.mul, weight=5, cheap=True),
    ZERO_DOT.name: Traits(ranges.dot, weight=3),
}


def is_shipped(op: Op, name: str) -> bool:
    """Tell whether an op is the shipped one of a name."""
    if op.name != name:
        return False
    if op is _OWN.get(name):
        return True
    modules = (sys.modules.get(f"{home}.{name}") for home in _HOMES)
    return any(getattr(module, name, None) is op for module in modules)


def shipped_name(op: Op) -> str | None:
    """Return the name by which a table may be asked; None for an op of another package."""
    return op.name if is_shipped(op, op.name) else None


def has_edge(op: Op) -> bool:
    """Tell whether an op's domain ends: that of a shipped one, or one that its author declares."""
    return traits_of(op).edge or (op.domain is not None and not is_shipped(op, op.name))


def is_known(op: Op) -> bool:
    """Tell whether an op is one of the table: for these every backend has code of its own."""
    return traits_of(op) is not _UNKNOWN


@cache
def traits_of(op: Op) -> Traits:
    """Return what is known of an op; of one that is not shipped, nothing."""
    return _TABLE.get(op.name, _UNKNOWN) if is_shipped(op, op.name) else _UNKNOWN
