"""Bound the numbers in the arrays of a program: which may be infinite or NaN, and which are not 0.

One range for an array, whatever its elements. A loop is gone through until its state's range stays.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.program.index_maps import dense_strides, extremes
from mgcompile.program.ir import (
    CONSTS,
    INPUTS,
    PARAMS,
    SAMPLES,
    Access,
    Affine,
    Bundle,
    Loop,
    Scatter,
    Statement,
    Tape,
    map_elements,
)
from mgcompile.support.op_traits import traits_of
from mgcompile.support.ranges import (
    FINITE,
    UNKNOWN,
    Doubt,
    Range,
    add,
    joined,
    mul,
    of_number,
    square,
    widened,
)
from mgcompile.support.recorded_rule import recorded
from mgcompile.support.zero_product import adds_up
from mgcore import Op, ops

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mgcompile.program.ir import Program
    from mgcompile.support.recorded_rule import Function

__all__ = ["ValueRanges", "range_of_op", "tape_constants", "tape_doubts"]

_MOST_ROUNDS = 12
_SAMPLES = Range(1.0, math.inf)


@attrs.define(slots=True, eq=False)
class ValueRanges:
    """The ranges of arrays, of which those of results are found as statements are noted in order.

    Args:
        consts: The constants; the list may grow.
    """

    consts: Sequence[float] | NDArray[np.float64]
    _of: dict[int, Range] = attrs.field(factory=dict, init=False)
    _multiples: dict[int, _Multiple] = attrs.field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self._of.update({INPUTS: FINITE, PARAMS: FINITE, SAMPLES: _SAMPLES})

    @classmethod
    def of_program(cls, program: Program) -> ValueRanges:
        """Return the ranges of all arrays of a program."""
        ranges = cls(program.consts.tolist())
        if program.guarded or program.takes_anything:
            ranges.put(INPUTS, UNKNOWN)
        if program.guarded:
            ranges.put(PARAMS, UNKNOWN)
        for statement in program.statements:
            ranges.note(statement)
        return ranges

    def of_array(self, array: int) -> Range:
        """Return the range of an array's elements; of one that was not noted, any."""
        return self._of.get(array, UNKNOWN)

    def put(self, array: int, found: Range) -> None:
        """Say what is known of an array that no statement makes."""
        self._of[array] = found

    def of_access(self, access: Access, domain: tuple[int, ...] = ()) -> Range:
        """Return the range of what an access reads.

        Args:
            access: The access.
            domain: Extents of its last axes; constants along axes before them may be any.
        """
        if access.array != CONSTS:
            return self.of_array(access.array)
        index, ahead = access.index, len(access.index.strides) - len(domain)
        if any(index.strides[:ahead]):
            return FINITE if all(map(math.isfinite, self.consts)) else UNKNOWN
        low, high = extremes(index, (1,) * ahead + domain)
        read = self.consts[low : high + 1]
        if not all(map(math.isfinite, read)):
            return UNKNOWN
        return joined(of_number(float(min(read))), of_number(float(max(read))))

    def note(self, statement: Statement) -> None:
        """Find the ranges of what a statement makes."""
        if isinstance(statement, Bundle):
            self._of[statement.result] = self._of_bundle(statement)
        elif isinstance(statement, Scatter):
            self._of[statement.result] = self._of_scatter(statement)
        elif isinstance(statement, Tape):
            self._of[statement.result] = self._of_tape(statement)
        else:
            self._note_loop(statement)

    def _of_bundle(self, bundle: Bundle) -> Range:
        domain = bundle.shape + bundle.reduced
        read = [self.of_access(access, domain) for access in bundle.operands]
        op, accesses = bundle.op, bundle.operands
        if op is ops.dot and accesses[0] == accesses[1]:
            return _many(square(read[0]))
        if op is ops.mul or op is ops.neg:
            self._note_multiple(bundle, read)
        if op is ops.mul:
            (first, scale), (second, more) = (self._source(a, domain) for a in accesses)
            if first == second:
                power = square(self.of_access(first, domain))
                return mul(power, of_number(scale * more))
        found = range_of_op(op, tuple(read))
        adds = bundle.reduced or bundle.over_batch
        return _many(found) if adds and adds_up(op) else found

    def _note_multiple(self, bundle: Bundle, read: list[Range]) -> None:
        """Remember an array of multiples of others by one constant."""
        accesses = bundle.operands
        factors = [(accesses[0], -1.0)] if bundle.op is ops.neg else []
        for factor, other in ((0, 1), (1, 0)):
            if len(accesses) == 2 and accesses[factor].array == CONSTS:
                factors.append((accesses[other], read[factor].low))
                if read[factor].low != read[factor].high:
                    return
        for access, by in factors:
            index = access.index
            if isinstance(index, Affine) and len(index.strides) == len(bundle.shape):
                made = _Multiple(bundle.shape, access.array, index, by)
                self._multiples[bundle.result] = made

    def _source(self, access: Access, domain: tuple[int, ...]) -> tuple[Access, float]:
        """Return an access and a number of which a read number is the product, at every point."""
        scale = 1.0
        while access.array in self._multiples:
            made = self._multiples[access.array]
            if not _reads_all(access, domain, made.shape):
                break
            access, scale = _over(made, domain), scale * made.by
        return access, scale

    def _of_scatter(self, scatter: Scatter) -> Range:
        read = [self.of_access(part.source, part.shape) for part in scatter.parts]
        zero = of_number(0.0)
        return _many(joined(zero, add(*(joined(zero, x) for x in read)))) if read else zero

    def _of_tape(self, tape: Tape) -> Range:
        doubts = tape_doubts(tape, self)[sum(tape.lengths) :]
        return Range(doubt=Doubt(int(doubts.max(initial=0))))

    def _note_loop(self, loop: Loop) -> None:
        states = {c.array: self.of_access(c.initial) for c in loop.carries}
        for _ in range(_MOST_ROUNDS):
            self._of.update(states)
            for statement in loop.body:
                self.note(statement)
            after = {
                c.array: widened(states[c.array], self.of_array(c.following)) for c in loop.carries
            }
            if after == states:
                break
            states = after
        else:
            self._of.update(dict.fromkeys(states, UNKNOWN))
            for statement in loop.body:
                self.note(statement)
        self.note_ends(loop)

    def note_ends(self, loop: Loop) -> None:
        """Find the ranges of what a loop hands back, from those of its arrays."""
        for carry in loop.carries:
            last = self.of_array(carry.following)
            self._of[carry.final] = joined(last, self.of_array(carry.array))
        for stack in loop.stacks:
            self._of[stack.result] = self.of_array(stack.source)


def _long(domain: tuple[int, ...]) -> list[int]:
    return [axis for axis, length in enumerate(domain) if length > 1]


def _reads_all(access: Access, domain: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Tell whether an access over `domain` reads an array over `shape` point by point.

    Axes of one point do not matter.
    """
    index = access.index
    if not isinstance(index, Affine) or len(index.strides) != len(domain) or index.offset:
        return False
    here, there, strides = _long(domain), _long(shape), dense_strides(shape)
    return [domain[axis] for axis in here] == [shape[axis] for axis in there] and (
        [index.strides[axis] for axis in here] == [strides[axis] for axis in there]
    )


def _over(made: _Multiple, domain: tuple[int, ...]) -> Access:
    """Return what an array holds multiples of, read over the same points of `domain`."""
    strides = [0] * len(domain)
    for here, there in zip(_long(domain), _long(made.shape), strict=True):
        strides[here] = made.index.strides[there]
    return Access(made.array, Affine(made.index.offset, tuple(strides)))


@attrs.frozen(slots=True)
class _Multiple:
    """What an array over `shape` holds `by` times: elements of another one."""

    shape: tuple[int, ...]
    array: int
    index: Affine
    by: float


def _many(term: Range) -> Range:
    """Return the range of a sum of any number of terms, one or more."""
    low = term.low if term.low >= 0.0 else -math.inf
    high = term.high if term.high <= 0.0 else math.inf
    return attrs.evolve(term, low=low, high=high)


@lru_cache(maxsize=4096)
def range_of_op(op: Op, operands: tuple[Range, ...]) -> Range:
    """Return what an op makes of ranges: by the table, else by its rule, else any number."""
    known = traits_of(op).range
    if known is not None:
        return known(*operands)
    try:
        rule = recorded(op.forward, len(operands))
    except Exception:  # a rule that cannot be followed
        return UNKNOWN
    (found,) = rule.taken(operands, lambda f, xs: _range_of(f, tuple(xs)), of_number)
    return found


def _range_of(function: Function, operands: tuple[Range, ...]) -> Range:
    return range_of_op(function, operands) if isinstance(function, Op) else UNKNOWN


_MOST_CONSTANTS = 1000
"""Distinct constants beside which an op on a tape is looked at."""


def tape_doubts(tape: Tape, ranges: ValueRanges) -> NDArray[np.uint8]:
    """Return the doubt of every element of a tape's pool, externals first; shape (pool,).

    Operands are taken as any numbers, but for constants.
    """
    pool = int(sum(tape.lengths))
    found = bytearray(pool + len(tape.code))
    first = 0
    for access, length in zip(tape.externals, tape.lengths, strict=True):
        found[first : first + length] = bytes([ranges.of_access(access, (length,)).doubt]) * length
        first += length
    own: list[int] = _own_doubts(tape, tape_constants(tape, ranges))
    operand, start = tape.operand.tolist(), tape.start.tolist()
    if not any(own) and not any(found):
        return np.frombuffer(bytes(found), dtype=np.uint8)
    for i, doubt in enumerate(own):
        found[pool + i] = max(doubt, *(found[x] for x in operand[start[i] : start[i + 1]]))
    return np.frombuffer(bytes(found), dtype=np.uint8)


def tape_constants(tape: Tape, ranges: ValueRanges) -> dict[int, float]:
    """Return the constants in a tape's pool, by their place."""
    found: dict[int, float] = {}
    first = 0
    for access, length in zip(tape.externals, tape.lengths, strict=True):
        if access.array == CONSTS:
            elements = map_elements(access.index, (length,)).tolist()
            found.update((first + k, float(ranges.consts[e])) for k, e in enumerate(elements))
        first += length
    return found


def _of_constant(x: float | None) -> Range:
    return FINITE if x is None else of_number(x)


def _own_doubts(tape: Tape, constant: dict[int, float]) -> list[int]:
    """Return what doubt each instruction adds to that of its operands."""
    width = np.diff(tape.start)
    found = np.zeros(len(tape.code), dtype=np.int64)
    for code, op in enumerate(tape.ops):
        members = np.flatnonzero(tape.code == code)
        if not len(members):
            continue
        plain = range_of_op(op, (FINITE,) * int(width[members].min()))
        found[members] = plain.doubt
        if plain.finite or op.arity is None:
            continue
        rows = tape.operand[tape.start[members][:, None] + np.arange(op.arity)]
        keys = [tuple(constant.get(x) for x in row) for row in rows.tolist()]
        if len(set(keys)) <= _MOST_CONSTANTS:
            known = {key: range_of_op(op, tuple(map(_of_constant, key))).doubt for key in set(keys)}
            found[members] = [known[key] for key in keys]
    return found.tolist()
