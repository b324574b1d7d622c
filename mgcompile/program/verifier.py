"""Hold a program against the rules of the intermediate representation, after every stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.errors import InvalidProgramError
from mgcompile.program.index_maps import extremes, moving_axes
from mgcompile.program.ir import (
    CONSTS,
    FIRST_RESULT,
    INPUTS,
    PARAMS,
    SAMPLES,
    Access,
    Array,
    Bundle,
    Gather,
    IndexMap,
    Loop,
    Program,
    Scatter,
    Statement,
    Tape,
    extent,
)
from mgcompile.program.printer import format_statement
from mgcompile.program.traversal import made
from mgcompile.support.zero_product import adds_products, adds_up

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["verify"]


# Outputs that are summed over the batch (see `mgcompile.backends.interface`).
_SUMMED = frozenset({"loss", "param_gradient", "param_cotangent", "param_product"})


@attrs.define
class _Scope:
    """What a statement may read: arrays defined so far, and how many loops each is inside of.

    Every iteration of those loops makes it anew, so that it cannot be read by their numbers.
    """

    program: Program
    defined: dict[int, int]
    loops: tuple[int, ...]

    def makes(self, array: int) -> bool:
        """Tell whether an array is of the body of a loop, or of one around it."""
        return self.defined.get(array, 0) > 0


def verify(program: Program) -> Program:
    """Check a program and return it.

    Args:
        program: Any program.

    Returns:
        The same program, when every array is defined once and before it is read, every map stays
        inside the array it reads, sizes and batching agree, and outputs exist.

    Raises:
        InvalidProgramError: With the statement around the fault.
    """
    sources = (
        Array(program.n_inputs, batched=True),
        Array(program.n_params, batched=False),
        Array(len(program.consts), batched=False),
        Array(1, batched=False),
    )
    if program.arrays[:FIRST_RESULT] != sources:
        message = f"the source arrays are {program.arrays[:FIRST_RESULT]}, expected {sources}"
        raise InvalidProgramError(message)
    if program.data is not None and program.data.shape[1:] != (program.n_inputs,):
        message = f"data has shape {program.data.shape}, expected (samples, {program.n_inputs})"
        raise InvalidProgramError(message)
    scope = _Scope(program, dict.fromkeys((INPUTS, PARAMS, CONSTS, SAMPLES), 0), ())
    for statement in program.statements:
        _check(statement, scope)
    for output in program.outputs:
        if output.array not in scope.defined:
            message = f"output {output.name!r} is array {output.array}, which nothing defines"
            raise InvalidProgramError(message)
        if output.name in _SUMMED and program.arrays[output.array].batched:
            message = f"output {output.name!r} is array {output.array}, one for each sample"
            raise InvalidProgramError(message)
    return program


def _check(statement: Statement, scope: _Scope) -> None:
    try:
        if isinstance(statement, Bundle):
            _check_bundle(statement, scope)
        elif isinstance(statement, Scatter):
            _check_scatter(statement, scope)
        elif isinstance(statement, Tape):
            _check_tape(statement, scope)
        else:
            _check_loop(statement, scope)
    except _FaultError as fault:
        message = f"{fault}\n  in {format_statement(statement, scope.program)}"
        raise InvalidProgramError(message) from None


class _FaultError(Exception):
    """What is wrong, before it is known where."""


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise _FaultError(message)


def _check_access(access: Access, domain: tuple[int, ...], scope: _Scope) -> bool:
    """Check one read over `domain` (without the loops' axes); return whether it is batched."""
    _require(access.array in scope.defined, f"array {access.array} is read before it is defined")
    array = scope.program.arrays[access.array]
    axes = scope.loops + domain
    _check_map(access.index, axes, array.size)
    moves = moving_axes(access.index)[: scope.defined[access.array]]
    _require(not any(moves), f"array {access.array} is local, but is read by iteration")
    return array.batched


def _any_batched(reads: Iterable[tuple[Access, tuple[int, ...]]], scope: _Scope) -> bool:
    """Check every read, and tell whether one of them is batched."""
    batched = False
    for access, domain in reads:
        batched |= _check_access(access, domain, scope)
    return batched


def _check_map(index: IndexMap, axes: tuple[int, ...], size: int) -> None:
    _require(len(index.strides) == len(axes), f"strides {index.strides} for axes {axes}")
    if extent(axes) == 0:
        return
    if isinstance(index, Gather):
        _require(index.table.ndim == len(axes), f"the table has not one axis for each of {axes}")
        for length, stride, rows in zip(axes, index.strides, index.table.shape, strict=True):
            _require(rows in (1, length), f"the table {index.table.shape} does not fit {axes}")
            _require(rows == 1 or stride == 0, "an axis moves through table and stride")
    low, high = extremes(index, axes)
    _require(low >= 0 and high < size, f"elements {low} to {high} of an array of {size}")


def _define(result: int, size: int, scope: _Scope, *, batched: bool) -> None:
    arrays = scope.program.arrays
    _require(FIRST_RESULT <= result < len(arrays), f"there is no array {result}")
    _require(result not in scope.defined, f"array {result} is defined twice")
    array = arrays[result]
    _require(array.size == size, f"array {result} has size {array.size}, made with {size}")
    _require(array.batched == batched, f"array {result}: batched is {array.batched}, not {batched}")
    scope.defined[result] = len(scope.loops)


def _check_bundle(bundle: Bundle, scope: _Scope) -> None:
    name, count = bundle.op.name, len(bundle.operands)
    domain = bundle.shape + bundle.reduced
    _require(all(length > 0 for length in domain), f"an axis of {domain} is empty")
    batched = _any_batched(((access, domain) for access in bundle.operands), scope)
    if adds_products(bundle.op):
        _require(count == 2, f"{name} has {count} accesses, not two")
    elif adds_up(bundle.op):
        _require(count >= 1, "sum has no access")
    else:
        _require(not bundle.over_batch, f"{name} cannot run over the batch")
        arity = bundle.op.arity
        _require(arity is None or arity == count, f"{name} has {count} accesses, not {arity}")
        lone = arity is None and count == 1
        _require(not bundle.reduced or lone, f"{name} with reduced axes needs one access")
    if bundle.over_batch:
        _require(batched, "a sum over the batch of something that is not batched")
        _require(not scope.loops, "a sum over the batch inside a loop")
    _define(bundle.result, extent(bundle.shape), scope, batched=batched and not bundle.over_batch)


def _check_scatter(scatter: Scatter, scope: _Scope) -> None:
    size = scope.program.arrays[scatter.result].size
    batched = False
    for part in scatter.parts:
        batched |= _check_access(part.source, part.shape, scope)
        _check_map(part.target, scope.loops + part.shape, size)
        moves = moving_axes(part.target)[: len(scope.loops)]
        _require(not any(moves), "a scatter inside a loop writes by iteration")
    _define(scatter.result, size, scope, batched=batched)


def _check_tape(tape: Tape, scope: _Scope) -> None:
    _require(not scope.loops, "a tape inside a loop")
    batched = _any_batched(
        ((access, (length,)) for access, length in zip(tape.externals, tape.lengths, strict=True)),
        scope,
    )
    count, pool = len(tape.code), sum(tape.lengths)
    _require(len(tape.start) == count + 1, f"{len(tape.start)} starts for {count} instructions")
    _require(tape.start[0] == 0 and tape.start[-1] == len(tape.operand), "starts do not fit")
    widths = np.diff(tape.start)
    _require(bool(np.all(widths >= 1)), "an instruction without operands")
    _require(
        bool(np.all((tape.code >= 0) & (tape.code < len(tape.ops)))), "a code outside of the ops"
    )
    reader = np.repeat(np.arange(count), widths)
    ordered = (tape.operand >= 0) & (tape.operand < pool + reader)
    _require(bool(np.all(ordered)), "an instruction reads a later one")
    for number, op in enumerate(tape.ops):
        own = widths[tape.code == number]
        _require(op.arity is None or bool(np.all(own == op.arity)), f"wrong arity for {op.name}")
    _define(tape.result, count, scope, batched=batched)


def _check_loop(loop: Loop, scope: _Scope) -> None:
    arrays = scope.program.arrays
    _require(loop.count > 0, "a loop of no iterations")
    if loop.needed is not None and _check_access(loop.needed, (), scope):
        shared = [array for array in made(loop) if not arrays[array].batched]
        _require(not shared, f"some samples need the loop, and all share what it makes, {shared}")
    inner = _Scope(scope.program, dict(scope.defined), (*scope.loops, loop.count))
    for carry in loop.carries:
        size = arrays[carry.array].size
        initial = _check_access(carry.initial, (size,), scope)
        batched = arrays[carry.array].batched
        _require(batched or not initial, f"carried array {carry.array} starts batched, and is not")
        _define(carry.array, size, inner, batched=batched)
    for statement in loop.body:
        _check(statement, inner)
    for carry in loop.carries:
        _require(inner.makes(carry.following), f"array {carry.following} is not of the body")
        following, own = arrays[carry.following], arrays[carry.array]
        _require(following.size == own.size, f"carried array {carry.array} changes its size")
        _require(own.batched or not following.batched, f"carried array {carry.array} gets batched")
    _define_after_loop(loop, inner, scope)


def _define_after_loop(loop: Loop, inner: _Scope, scope: _Scope) -> None:
    arrays = scope.program.arrays
    taken: Iterable[int] = inner.defined.keys() - scope.defined.keys()
    for carry in loop.carries:
        own = arrays[carry.array]
        _require(carry.final not in taken, f"array {carry.final} is defined twice")
        _define(carry.final, own.size, scope, batched=own.batched)
    for stack in loop.stacks:
        _require(inner.makes(stack.source), f"array {stack.source} is not of the body")
        _require(stack.result not in taken, f"array {stack.result} is defined twice")
        source = arrays[stack.source]
        _define(stack.result, loop.count * source.size, scope, batched=source.batched)
