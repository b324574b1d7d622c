"""Forward mode from program to program: the derivative along a direction.

Applied to a gradient program it gives the product of the Hessian with a vector. Tapes are in
`forward_tape`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.autodiff.active import active_arrays
from mgcompile.autodiff.forward_tape import write_tangent_tape
from mgcompile.autodiff.matrix_product_adjoints import dot_of
from mgcompile.autodiff.partials import local_derivatives
from mgcompile.autodiff.symbols import Emitter, Number, Symbol
from mgcompile.program.builder import Builder, affine
from mgcompile.program.dce import needed_only
from mgcompile.program.index_maps import dense_strides, shifted
from mgcompile.program.ir import (
    CONSTS,
    INPUTS,
    PARAMS,
    SAMPLES,
    Access,
    Affine,
    Array,
    Bundle,
    Carry,
    Loop,
    Program,
    Scatter,
    Stack,
    Statement,
    extent,
)
from mgcompile.support.zero_product import ZERO_DOT, adds_up
from mgcore import ops

if TYPE_CHECKING:
    from mgcompile.support.sweeps import Sweep
    from mgcore import Op

__all__ = [
    "along_direction",
    "derivative_along",
    "product_with_hessian",
    "slope_to_the_input",
]


def slope_to_the_input(program: Program, output: int = 0, *, plain: bool = False) -> Program:
    """Return the program of all values and of the derivative of one of them to the only input.

    Args:
        program: A forward program of one input, whose output `value` is batched.
        output: Which element of `value`.
        plain: Whether products are NaN where one factor is 0 and the other infinite or NaN.

    Returns:
        Outputs `value` and `input_gradient` (1,), batched, as reverse mode gives them.
    """
    writer = _Writer(program, {INPUTS: CONSTS}, plain=plain)
    value, tangent = program.output("value"), None
    moved = writer.tangent_of(value)
    if moved is not None:
        tangent = ((1,), Access(moved.array, shifted(moved.index, output)), Affine(0, (1,)))
    slope = writer.builder.scatter(1, [] if tangent is None else [tangent])
    return needed_only(writer.builder.finish([("value", value), ("input_gradient", slope)]))


def product_with_hessian(program: Program, source: int) -> Program:
    """Return the program of the product of a Hessian with a vector.

    Args:
        program: A gradient program, whose output is `input_gradient` or `param_gradient`.
        source: INPUTS or PARAMS, what it is the gradient to.

    Returns:
        The inputs (or parameters) are doubled, first the point, then the vector; the output is
        `input_product` or `param_product`.
    """
    name = {INPUTS: "input", PARAMS: "param"}[source]
    writer = _Writer(program, {source: source})
    return _finished(writer, f"{name}_gradient", f"{name}_product")


def along_direction(program: Program, sweep: Sweep, *, plain: bool = False) -> Program:
    """Return the program of how all outputs move along a direction.

    Args:
        program: A forward program.
        sweep: What is moved, and where the direction stands: behind the inputs or the parameters.
        plain: Whether products are NaN where one factor is 0 and the other infinite or NaN.

    Returns:
        The output is `tangent`, of the size of `value`.
    """
    source = {"inputs": INPUTS, "params": PARAMS}[sweep.source]
    seeds = {source: PARAMS if sweep.shared else INPUTS}
    return _finished(_Writer(program, seeds, plain=plain), "value", "tangent")


def _finished(writer: _Writer, output: str, name: str) -> Program:
    """Return the program of the tangent of one output, called `name`."""
    program = writer.program
    array = program.output(output)
    size = program.arrays[array].size
    tangent = writer.tangent_of(array)
    if tangent is None:
        found = writer.builder.scatter(size, [])
    elif tangent.index == Affine(0, (1,)):
        found = tangent.array
    else:  # the output is a leaf, whose tangent is a part of the direction
        found = writer.builder.bundle(ops.sum, (size,), [tangent])
    return needed_only(writer.builder.finish([(name, found)], program.data))


def derivative_along(program: Program, sources: set[int]) -> Program:
    """Return the program of the derivative of `value` along a direction.

    Args:
        program: A forward program.
        sources: INPUTS, PARAMS, or both: what moves.

    Returns:
        What moves is doubled, first the point, then the direction; the output is `value`.
    """
    writer = _Writer(program, {source: source for source in sorted(sources)})
    return _finished(writer, "value", "value")


class _Writer:
    """Write every statement and, after it, the statement of its tangent.

    Args:
        program: What is differentiated.
        seeds: The leaves that move, INPUTS or PARAMS, and behind which each direction stands;
            behind CONSTS, where there is one leaf, stands a 1.
        plain: Whether products with 0 are as they come.
    """

    def __init__(self, program: Program, seeds: dict[int, int], *, plain: bool = False) -> None:
        self.program = program
        longer = [program.n_inputs, program.n_params]
        self.directions: dict[int, tuple[int, int]] = {}
        for source, behind in seeds.items():
            if behind == CONSTS:
                continue
            self.directions[source] = (behind, longer[behind])
            longer[behind] += program.arrays[source].size
        self.builder = Builder(longer[INPUTS], longer[PARAMS], program.consts.tolist())
        for source, behind in seeds.items():
            if behind == CONSTS:
                self.directions[source] = (CONSTS, self.builder.constant(1.0))
        self.builder.arrays = list(program.arrays)
        self.builder.arrays[INPUTS] = Array(longer[INPUTS], batched=True)
        self.builder.arrays[PARAMS] = Array(longer[PARAMS], batched=False)
        self.builder.bound_numbers(program)
        self.builder.plain = plain
        self.active = active_arrays(program.statements, set(seeds))
        self.tangent: dict[int, int] = {}
        for statement in program.statements:
            self._write(statement, ())

    def tangent_of(self, array: int) -> Access | None:
        """Return an access over `(size,)` to the tangent of an array, None when it is zero."""
        if array in self.directions:
            return affine(*self.directions[array], 1)
        return affine(self.tangent[array], 0, 1) if array in self.tangent else None

    def _moved(self, access: Access) -> Access | None:
        """Return the access that reads the tangents of what `access` reads."""
        if access.array in self.directions:
            behind, first = self.directions[access.array]
            return Access(behind, shifted(access.index, first))
        if access.array in self.tangent:
            return Access(self.tangent[access.array], access.index)
        return None

    def _write(self, statement: Statement, loops: tuple[int, ...]) -> None:
        if isinstance(statement, Loop):
            self._write_loop(statement, loops)
            return
        self.builder.add(statement)
        if statement.result not in self.active:
            return
        if isinstance(statement, Bundle):
            self._write_bundle(statement, loops)
        elif isinstance(statement, Scatter):
            moved = [(part, self._moved(part.source)) for part in statement.parts]
            parts = [(p.shape, source, p.target) for p, source in moved if source is not None]
            if parts:
                size = self.program.arrays[statement.result].size
                self.tangent[statement.result] = self.builder.scatter(size, parts)
        else:
            tangents = [self._moved(access) for access in statement.externals]
            self.tangent[statement.result] = write_tangent_tape(statement, tangents, self.builder)

    def _write_bundle(self, bundle: Bundle, loops: tuple[int, ...]) -> None:
        domain, first_own = bundle.shape + bundle.reduced, len(self.builder.arrays)
        emitter = Emitter(self.builder, loops, domain)
        strides = (0,) * len(loops) + dense_strides(bundle.shape) + (0,) * len(bundle.reduced)
        out = Symbol(Access(bundle.result, Affine(0, strides)), emitter)
        operands = [emitter.symbol(access) for access in bundle.operands]
        moved = {i: self._moved(access) for i, access in enumerate(bundle.operands)}
        tangents = {i: emitter.symbol(read) for i, read in moved.items() if read is not None}
        partials = local_derivatives(bundle.op, emitter, out, operands, tangents, bundle.reduced)
        terms = [(partials[i], tangents[i]) for i in tangents if not _is_zero(partials[i])]
        if not terms:
            return
        if bundle.reduced or adds_up(bundle.op):
            reads = [self._summed(bundle, emitter, *term, loops=loops) for term in terms]
            inner = Emitter(self.builder, loops, bundle.shape)
        else:
            reads = [emitter.moved(p, t) for p, t in terms]
            inner = emitter
        total = inner.apply(ops.sum, reads)
        access = inner.access(total)
        dense = Affine(0, (0,) * len(loops) + dense_strides(bundle.shape))
        whole = self.builder.arrays[access.array].size == extent(bundle.shape)
        if access.array >= first_own and access.index == dense and whole:
            self.tangent[bundle.result] = access.array
        else:  # the tangent of something else, a number, or the same along an axis
            self.tangent[bundle.result] = self.builder.bundle(ops.sum, bundle.shape, [access])

    def _summed(
        self,
        bundle: Bundle,
        emitter: Emitter,
        partial: Number,
        tangent: Number,
        *,
        loops: tuple[int, ...],
    ) -> Number:
        """Return one term of the tangent of a sum or dot, summed as that is."""
        builder = self.builder
        factors = [x for x in (partial, tangent) if isinstance(x, Symbol)]
        scale = 1.0
        for x in (partial, tangent):
            scale *= 1.0 if isinstance(x, Symbol) else x
        op: Op = ops.sum
        if len(factors) == 2:
            op, factors = self._paired(emitter, *factors)
        if not factors:  # the slope of an input to itself, added up
            factors = [Symbol(emitter.access(1.0), emitter)]
        reads = [emitter.access(x) for x in factors]
        over_batch = bundle.over_batch and builder.is_batched(reads)
        result = builder.bundle(op, bundle.shape, reads, bundle.reduced, over_batch=over_batch)
        inner = Emitter(builder, loops, bundle.shape)
        strides = (0,) * len(loops) + dense_strides(bundle.shape)
        total: Number = Symbol(affine(result, 0, *strides), inner)
        if bundle.over_batch and not over_batch:
            samples = Symbol(affine(SAMPLES, 0, *(0,) * len(strides)), inner)
            total = inner.multiply(total, samples)
        return inner.multiply(total, scale)

    @staticmethod
    def _paired(emitter: Emitter, partial: Symbol, tangent: Symbol) -> tuple[Op, list[Symbol]]:
        """Return what adds up products that are 0 where either factor is, and the factors."""
        first, second = dot_of(emitter, partial, tangent), dot_of(emitter, tangent, partial)
        if first is ZERO_DOT and second is ZERO_DOT:
            beside = emitter.apply(ops.select, (tangent, partial, 0.0))
            assert isinstance(beside, Symbol)  # noqa: S101 - the condition is one
            return ZERO_DOT, [beside, tangent]
        return (second, [tangent, partial]) if second is ZERO_DOT else (first, [partial, tangent])

    def _write_loop(self, loop: Loop, loops: tuple[int, ...]) -> None:
        builder = self.builder
        moving = [carry for carry in loop.carries if carry.array in self.active]
        batched = any(builder.arrays[carry.array].batched for carry in loop.carries)
        starts = [self._moved(carry.initial) for carry in moving]
        batched |= builder.is_batched([start for start in starts if start is not None])
        batched |= any(behind == INPUTS for behind, _ in self.directions.values())
        for carry in moving:
            self.tangent[carry.array] = builder.new_array(
                builder.arrays[carry.array].size, batched=batched
            )
        builder.open_loop()
        for statement in loop.body:
            self._write(statement, (*loops, loop.count))
        followings = [self._following(carry) for carry in moving]
        body = builder.take_body()
        zero = affine(CONSTS, builder.constant(0.0), *(0,) * len(loops), 0)
        before = len(loop.carries) + len(loop.stacks)
        carries = list(loop.carries)
        for carry, start, following in zip(moving, starts, followings, strict=True):
            final = builder.new_array(builder.arrays[carry.array].size, batched=batched)
            carries.append(Carry(self.tangent[carry.array], start or zero, following, final))
            self.tangent[carry.final] = final
        stacks = list(loop.stacks)
        for stack in loop.stacks:
            if stack.source in self.tangent:
                source = self.tangent[stack.source]
                made = builder.arrays[source]
                result = builder.new_array(loop.count * made.size, batched=made.batched)
                stacks.append(Stack(result, source))
                self.tangent[stack.result] = result
        # A tangent may be looked at where the number itself is not, beside a factor of 0.
        needed = loop.needed if len(carries) + len(stacks) == before else None
        builder.add(Loop(loop.count, body, tuple(carries), tuple(stacks), needed))

    def _following(self, carry: Carry) -> int:
        """Return the array of the body that holds the tangent of the next state."""
        if carry.following in self.tangent:
            return self.tangent[carry.following]
        return self.builder.scatter(self.builder.arrays[carry.array].size, [])


def _is_zero(number: Number) -> bool:
    return not isinstance(number, Symbol) and number == 0.0
