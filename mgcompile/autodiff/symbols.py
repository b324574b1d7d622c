"""The compiler's number type: run an op's rule on symbols, and its steps become bundles.

A `Symbol` takes over when an op is applied to it, so a rule written once, with operators and ops,
writes a piece of a program. Nothing here knows the derivative of anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mgcompile.errors import SymbolError
from mgcompile.program.builder import affine
from mgcompile.program.index_maps import constant_place, dense_strides, moving_axes, only_axes
from mgcompile.program.ir import CONSTS, Access, Affine
from mgcompile.support.quotient import QUOTIENT
from mgcompile.support.ranges import UNKNOWN, Doubt, Range, ends_below, of_number
from mgcompile.support.recorded_rule import simplified
from mgcompile.support.zero_product import ZERO_BOTH, ZERO_MUL
from mgcore import ops
from mgcore.foreign import with_operators

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.program.builder import Builder
    from mgcompile.program.ir import Bundle
    from mgcore import Op

__all__ = ["Emitter", "Number", "Symbol"]


@with_operators
class Symbol:
    """A number that a program computes at every point of a domain, and maybe for every sample."""

    __slots__ = ("access", "emitter")
    __mgcore_undecided__ = SymbolError

    def __init__(self, access: Access, emitter: Emitter) -> None:
        self.access = access
        self.emitter = emitter

    @staticmethod
    def __mgcore_apply__(op: Op, operands: tuple[Any, ...]) -> Number:
        """Write the application of an op to symbols and numbers into the program."""
        for operand in operands:
            if isinstance(operand, Symbol):
                return operand.emitter.apply(op, operands)
        raise AssertionError


Number = Symbol | float

# Two constants become one if that is far from overflow and from losing digits.
_SMALLEST, _LARGEST = 1e-30, 1e30


@attrs.define(slots=True, eq=False)
class Emitter:
    """Write the ops that are applied to symbols over one domain.

    Args:
        builder: Where the bundles go.
        loops: Extents of the loops around, which index maps have as their first axes.
        domain: Axes of the statement whose rule is run.
    """

    builder: Builder
    loops: tuple[int, ...]
    domain: tuple[int, ...]
    _known: dict[tuple[Op, tuple[Access, ...]], Symbol] = attrs.field(factory=dict, init=False)

    @property
    def strict(self) -> bool:
        """Tell whether every op is to be done as the rules write it."""
        return self.builder.strict

    def symbol(self, access: Access) -> Number:
        """Return what is read through `access` as an operand of a rule."""
        place = constant_place(access)
        return Symbol(access, self) if place is None else self.builder.consts[place]

    def access(self, number: Number) -> Access:
        """Return an access over loops and domain that reads a symbol or a plain number."""
        if isinstance(number, Symbol):
            return number.access
        strides = (0,) * (len(self.loops) + len(self.domain))
        return affine(CONSTS, self.builder.constant(number), *strides)

    def apply(self, op: Op, operands: Sequence[Number]) -> Number:
        """Apply an op at every point of the domain, over the axes on which it depends alone."""
        operands = tuple(x if isinstance(x, Symbol) else float(x) for x in operands)
        simple: Number | None = simplified(op, operands)
        if simple is not None:
            return simple
        if self.builder.strict:
            return self._applied(op, operands)
        if op is ops.mul or op is ops.neg:
            plain = [x for x in operands if not isinstance(x, Symbol)]
            symbols = [x for x in operands if isinstance(x, Symbol)]
            if op is ops.neg and symbols:
                return self._scaled(symbols[0], -1.0)
            if len(plain) == len(symbols) == 1:
                return self._scaled(symbols[0], plain[0])
        if op is ops.div:
            x, y = operands
            if isinstance(y, Symbol):
                return self._divided(x, y)
        return self._applied(op, operands)

    def _divided(self, x: Number, y: Symbol) -> Number:
        """Return `x / y`, by a reciprocal of the same `y` when there is one already."""
        known = self.builder.reciprocals()
        key = (self.loops, self.domain, y.access)
        if key in known:
            reciprocal = Symbol(known[key], self)
            if self.range(reciprocal).finite:
                return self.multiply(x, reciprocal)
            return self._applied(QUOTIENT, (x, y, reciprocal))
        result = self._applied(ops.div, (x, y))
        if not isinstance(x, Symbol) and x == 1.0 and isinstance(result, Symbol):
            known[key] = result.access
        return result

    def _scaled(self, x: Symbol, factor: float) -> Number:
        """Return `factor * x`, as one product when `x` is a number times something already."""
        inner = self._scaling(x)
        if inner is not None and _SMALLEST <= abs(factor * inner[1]) <= _LARGEST:
            x, factor = inner[0], factor * inner[1]
        if factor == 1.0:
            return x
        return (
            self._applied(ops.neg, (x,)) if factor == -1.0 else self._applied(ops.mul, (x, factor))
        )

    def _scaling(self, x: Symbol) -> tuple[Symbol, float] | None:
        """Return `(y, c)` if `x` was made as `c * y` or `-y` over the same points."""
        made = self.builder.maker(x.access.array)
        if made is None or made.reduced or not (made.op is ops.mul or made.op is ops.neg):
            return None
        reads = self._same_points(x, made)
        if reads is None:
            return None
        numbers = [self.symbol(access) for access in reads]
        if made.op is ops.neg:
            return (numbers[0], -1.0) if isinstance(numbers[0], Symbol) else None
        plain = [y for y in numbers if not isinstance(y, Symbol)]
        symbols = [y for y in numbers if isinstance(y, Symbol)]
        return (symbols[0], plain[0]) if len(plain) == len(symbols) == 1 else None

    def _same_points(self, x: Symbol, made: Bundle) -> list[Access] | None:
        """Return what `made` reads, over our domain, if `x` reads its result point by point."""
        depth = len(self.loops)
        if any(len(a.index.strides) != depth + len(made.shape) for a in made.operands):
            return None
        strides = (0,) * depth + dense_strides(self.domain)
        if made.shape == self.domain and x.access.index == Affine(0, strides):
            return list(made.operands)
        if self.builder.arrays[made.result].size != 1 or depth:
            return None
        zeros = (0,) * len(self.domain)
        indices = [access.index for access in made.operands]
        if not all(isinstance(index, Affine) for index in indices):
            return None
        return [
            affine(access.array, access.index.offset, *zeros)
            for access in made.operands
            if isinstance(access.index, Affine)
        ]

    def _applied(self, op: Op, operands: tuple[Number, ...]) -> Number:
        if op.name == "dot" and op is ops.dot:
            half = len(operands) // 2
            pairs = zip(operands[:half], operands[half:], strict=True)
            return self.apply(ops.sum, [self.multiply(x, y) for x, y in pairs])
        accesses = tuple(self.access(x) for x in operands)
        key = (op, accesses)
        if key not in self._known:
            self._known[key] = self._emit(op, accesses)
        return self._known[key]

    def multiply(self, x: Number, y: Number) -> Number:
        """Return the product of two numbers of which none, one or both are symbols."""
        if isinstance(x, Symbol) or isinstance(y, Symbol):
            return self.apply(ops.mul, (x, y))
        return x * y

    def total(self, number: Number, reduced: tuple[int, ...]) -> Number:
        """Return the sum of a number over the last axes of the domain, which are `reduced`."""
        if not reduced:
            return number
        access, depth = self.access(number), len(self.loops)
        key = (ops.sum, (access,))  # free: the sum of one operand is that operand
        if key not in self._known:
            last = len(self.domain) - len(reduced)
            moves = moving_axes(access.index)[depth:]
            kept = tuple(axis for axis in range(last) if moves[axis])
            axes = (*kept, *range(last, len(self.domain)))
            read = only_axes(access.index, (*range(depth), *(depth + axis for axis in axes)))
            shape = tuple(self.domain[axis] for axis in kept)
            result = self.builder.bundle(ops.sum, shape, [Access(access.array, read)], reduced)
            self._known[key] = self._spread(result, kept, shape)
        return self._known[key]

    def range(self, number: Number) -> Range:
        """Return in what range a number is at all points of the domain."""
        if not isinstance(number, Symbol):
            return of_number(number)
        ranges = self.builder.ranges
        return UNKNOWN if ranges is None else ranges.of_access(number.access, self.domain)

    def ends(self, above: Number, below: Number) -> bool:
        """Tell whether a factor `above` that may be 0 may meet one that is infinite or NaN."""
        if self.builder.guarded:
            may_be_zero = isinstance(above, Symbol) or above == 0.0
            return may_be_zero and self.range(below).doubt is not Doubt.NONE
        return not self.builder.plain and ends_below(self.range(above), self.range(below))

    def chained(self, above: Number, below: Number) -> Number:
        """Return the product of two factors of the chain rule, `above` nearer to the output.

        Where that is 0 the product is, even if the other factor is infinite or NaN.
        """
        if not self.ends(above, below):
            return self.multiply(above, below)
        # Constant factors go outside, where they meet others.
        (above, first), (below, second) = self._apart(above), self._apart(below)
        return self.multiply(self._applied(ZERO_MUL, (above, below)), first * second)

    def _apart(self, x: Number) -> tuple[Number, float]:
        """Return `(y, c)`, of which `x` is the product."""
        inner = None
        if isinstance(x, Symbol) and not self.builder.strict:
            inner = self._scaling(x)
        near = inner is not None and _SMALLEST**0.5 <= abs(inner[1]) <= _LARGEST**0.5
        return inner if inner is not None and near else (x, 1.0)

    def moved(self, partial: Number, tangent: Number) -> Number:
        """Return the product of a partial and a tangent: where either is 0, so is the product."""
        if not self.ends(tangent, partial):
            return self.chained(partial, tangent)
        if not self.ends(partial, tangent):
            return self.chained(tangent, partial)
        return self.apply(ZERO_BOTH, (partial, tangent))

    def _emit(self, op: Op, accesses: tuple[Access, ...]) -> Symbol:
        depth = len(self.loops)
        moving = [moving_axes(access.index) for access in accesses]
        kept = tuple(
            axis for axis in range(len(self.domain)) if any(moves[depth + axis] for moves in moving)
        )
        shape = tuple(self.domain[axis] for axis in kept)
        axes = (*range(depth), *(depth + axis for axis in kept))
        reads = [Access(access.array, only_axes(access.index, axes)) for access in accesses]
        return self._spread(self.builder.bundle(op, shape, reads), kept, shape)

    def _spread(self, result: int, kept: tuple[int, ...], shape: tuple[int, ...]) -> Symbol:
        """Return a symbol of an array over the axes `kept`, the same along all others."""
        depth = len(self.loops)
        strides = [0] * (depth + len(self.domain))
        for axis, stride in zip(kept, dense_strides(shape), strict=True):
            strides[depth + axis] = stride
        return Symbol(affine(result, 0, *strides), self)
