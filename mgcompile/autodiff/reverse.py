"""Third stage: reverse mode from program to program.

The partials of every op are run once per bundle, on symbols; sums, products of sums (`dot`) and
reads through maps are turned round structurally. Loops are in `reverse_loop`, tapes in
`reverse_tape`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.autodiff.active import active_arrays
from mgcompile.autodiff.adjoints import Adjoints, over_shape
from mgcompile.autodiff.engine_order import engine_gradient
from mgcompile.autodiff.matrix_product_adjoints import Contribution
from mgcompile.autodiff.partials import local_derivatives
from mgcompile.autodiff.reverse_loop import reverse_loop
from mgcompile.autodiff.reverse_take import one_hot
from mgcompile.autodiff.reverse_tape import reverse_tape
from mgcompile.autodiff.symbols import Emitter, Number, Symbol
from mgcompile.graph.ir import INPUT, PARAM
from mgcompile.program.builder import Builder, affine
from mgcompile.program.dce import needed_only
from mgcompile.program.index_maps import dense_strides, scaled, shifted
from mgcompile.program.ir import (
    CONSTS,
    FIRST_RESULT,
    INPUTS,
    PARAMS,
    SAMPLES,
    Access,
    Affine,
    Array,
    Bundle,
    Program,
    Scatter,
    Statement,
    Tape,
)
from mgcompile.program.lookup import lookup_of
from mgcompile.support.filled import FILL
from mgcompile.support.zero_product import ZERO_DOT
from mgcore import ops

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mgcompile.program.ir import IndexMap
    from mgcompile.support.sweeps import Sweep

__all__ = [
    "dense",
    "gradient_to_inputs",
    "gradient_to_params",
    "gradients_to_inputs",
    "pulled_back",
    "read_through",
    "reverse_program",
    "reverse_statements",
]


def gradient_to_params(program: Program, *, plain: bool = False) -> Program:
    """Return the program of the loss, summed over samples, and its gradient to the parameters.

    Args:
        program: A forward program with one output, `value` of size 1.
        plain: Whether products are NaN where one factor is 0 and the other infinite or NaN.

    Returns:
        Outputs `loss` (1,) and `param_gradient` (n_params,), neither batched.
    """
    followed = engine_gradient(program, 0, PARAM)
    if followed is not None:
        builder, value, slopes = followed
        results = [("loss", value), ("param_gradient", slopes)]
        if builder.n_inputs:
            results = [(name, _over_samples(builder, array)) for name, array in results]
        return needed_only(builder.finish(results))
    builder, value = _replayed(program, plain=plain), program.output("value")
    loss = value if program.data is not None else _over_samples(builder, value)
    adjoints = Adjoints(builder)
    adjoints.seed(loss, 1.0)
    reverse_program(builder, adjoints, {PARAMS})
    gradient = dense(builder, adjoints.take(PARAMS), program.n_params)
    made = builder.finish([("loss", loss), ("param_gradient", gradient)], program.data)
    return needed_only(made)


def gradient_to_inputs(program: Program, output: int = 0, *, plain: bool = False) -> Program:
    """Return the program of all values and of the gradient of one of them, per sample.

    Args:
        program: A forward program whose output `value` is batched.
        output: Which element of `value`.
        plain: Whether products are NaN where one factor is 0 and the other infinite or NaN.

    Returns:
        Outputs `value` and `input_gradient` (n_inputs,), batched.
    """
    followed = engine_gradient(program, output, INPUT)
    if followed is not None:
        builder, value, slopes = followed
        return needed_only(builder.finish([("value", value), ("input_gradient", slopes)]))
    builder, value = _replayed(program, plain=plain), program.output("value")
    adjoints = Adjoints(builder)
    one = affine(CONSTS, builder.constant(1.0))
    if program.arrays[value].size == 1:
        adjoints.seed(value, 1.0)
    else:
        adjoints.add_flat(value, one, (), Affine(output, ()))
    reverse_program(builder, adjoints, {INPUTS})
    gradient = dense(builder, adjoints.take(INPUTS), program.n_inputs)
    return needed_only(builder.finish([("value", value), ("input_gradient", gradient)]))


def gradients_to_inputs(program: Program, *, plain: bool = False) -> Program:
    """Return the program of all values and of the gradient of each to the inputs, per sample.

    Args:
        program: A forward program, of a few outputs: each has a reverse walk of its own, written
            out, and what they have in common is computed once.
        plain: Whether products are NaN where one factor is 0 and the other infinite or NaN.

    Returns:
        Outputs `value`, and `input_gradient` (n_outputs * n_inputs,), one output after the other.
    """
    builder, value = _replayed(program, plain=plain), program.output("value")
    count, n_inputs = len(program.statements), program.n_inputs
    one = affine(CONSTS, builder.constant(1.0))
    parts = []
    for output in range(program.arrays[value].size):
        adjoints = Adjoints(builder)
        adjoints.add_flat(value, one, (), Affine(output, ()))
        forward = builder.statements()[:count]  # loops among them keep more than they did
        active = active_arrays(forward, {INPUTS})
        reverse_statements(forward, builder, adjoints, active, adjoints.contribute)
        gradient = adjoints.take(INPUTS)
        if gradient is not None:
            parts.append(((n_inputs,), gradient, Affine(output * n_inputs, (1,))))
    whole = builder.scatter(program.arrays[value].size * n_inputs, parts)
    return needed_only(builder.finish([("value", value), ("input_gradient", whole)]))


def pulled_back(program: Program, sweep: Sweep, *, plain: bool = False) -> Program:
    """Return the program of the gradient of all outputs, each weighted by a number of a direction.

    Args:
        program: A forward program.
        sweep: What the gradient is to, and where the direction stands.
        plain: Whether products are NaN where one factor is 0 and the other infinite or NaN.

    Returns:
        The output is `cotangent` (n_inputs or n_params), for every sample of its own; of a shared
        direction `param_cotangent` (n_params,), the sum over all samples.
    """
    builder, value = _replayed(program, plain=plain), program.output("value")
    source = {"inputs": INPUTS, "params": PARAMS}[sweep.source]
    seeds = PARAMS if sweep.shared else INPUTS
    sizes = [program.n_inputs, program.n_params]
    first, count, size = sizes[seeds], program.arrays[value].size, sizes[source]
    builder.arrays[seeds] = Array(first + count, batched=seeds == INPUTS)
    builder.n_params = builder.arrays[PARAMS].size
    weights = affine(seeds, first, 1)
    adjoints = Adjoints(builder, per_sample=not sweep.shared)
    if sweep.shared and program.data is None:
        value = _over_samples(builder, value)
    adjoints.add_flat(value, weights, (count,), Affine(0, (1,)))
    reverse_program(builder, adjoints, {source})
    gradient = dense(builder, adjoints.take(source, size), size)
    name = "param_cotangent" if sweep.summed else "cotangent"
    return needed_only(builder.finish([(name, gradient)], program.data))


def _replayed(program: Program, *, plain: bool) -> Builder:
    builder = Builder.continuing(program)
    builder.plain = plain
    return builder


def _over_samples(builder: Builder, value: int) -> int:
    """Return the array of the values summed over all samples."""
    size = builder.arrays[value].size
    read = affine(value, 0, int(size > 1))
    if builder.arrays[value].batched:
        return builder.bundle(ops.sum, (size,), [read], over_batch=True)
    emitter = Emitter(builder, (), (size,))
    samples = Symbol(affine(SAMPLES, 0, 0), emitter)
    total = emitter.multiply(samples, Symbol(read, emitter))
    return emitter.access(total).array


def reverse_program(builder: Builder, adjoints: Adjoints, wanted: set[int]) -> None:
    """Walk the statements of `builder` so far backwards, from the adjoints that are there.

    Args:
        builder: Holds a forward program.
        adjoints: Seeds; what is collected for the `wanted` arrays.
        wanted: INPUTS, PARAMS or both.
    """
    statements = builder.statements()
    active = active_arrays(statements, wanted)
    reverse_statements(statements, builder, adjoints, active, adjoints.contribute)


def reverse_statements(
    statements: Sequence[Statement],
    builder: Builder,
    adjoints: Adjoints,
    active: set[int],
    sink: Callable[[Contribution], None],
) -> None:
    """Walk a block backwards, turning the adjoint of each result into contributions to operands.

    Args:
        statements: The block, whose arrays are the builder's.
        builder: Where the statements of the reverse walk go.
        adjoints: Seeds, and what is collected.
        active: Arrays whose adjoints are wanted.
        sink: What takes a contribution.
    """
    for statement in reversed(statements):
        if isinstance(statement, Bundle):
            _reverse_bundle(statement, builder, adjoints, active, sink)
        elif isinstance(statement, Scatter):
            _reverse_scatter(statement, builder, adjoints, active, sink)
        elif isinstance(statement, Tape):
            reverse_tape(statement, builder, adjoints, active, sink)
        else:
            # The body of a loop is a block as well: how a block is walked goes along.
            reverse_loop(statement, builder, adjoints, active, sink, reverse_statements)


def _reverse_bundle(
    bundle: Bundle,
    builder: Builder,
    adjoints: Adjoints,
    active: set[int],
    sink: Callable[[Contribution], None],
) -> None:
    if bundle.result not in active:
        return
    adjoint = adjoints.take(bundle.result)
    if adjoint is None:
        return
    loops = adjoints.loops
    table = None if builder.strict else lookup_of(bundle)
    if table is not None:
        if table.first.array in active:
            sink(one_hot(table, bundle, builder, adjoint, loops))
        return
    domain = bundle.shape + bundle.reduced
    emitter = Emitter(builder, loops, domain)
    more = len(bundle.reduced)
    strides = (0,) * len(loops) + dense_strides(bundle.shape) + (0,) * more
    out = Symbol(Access(bundle.result, Affine(0, strides)), emitter)
    upstream = emitter.symbol(over_shape(adjoint, bundle.shape, more, len(loops)))
    operands = [emitter.symbol(access) for access in bundle.operands]
    wanted = [i for i, access in enumerate(bundle.operands) if access.array in active]
    batched = builder.is_batched(bundle.operands)
    found = local_derivatives(bundle.op, emitter, out, operands, wanted, bundle.reduced)
    for i, partial in found.items():
        access = bundle.operands[i]
        above = upstream
        if bundle.op is FILL:
            above, partial = emitter.apply(ops.select, (operands[0], upstream, 0.0)), 1.0
        elif bundle.op is ZERO_DOT and i == 1 and builder.guarded:
            above = _over_members(bundle, builder, emitter, upstream)
        sink(Contribution(domain, above, partial, access.array, access.index, batched))


def _over_members(bundle: Bundle, builder: Builder, emitter: Emitter, upstream: Number) -> Number:
    """Return what is above products over rows that were filled up, and 0 behind their ends.

    There a factor is 0, a filling or a constant; but the twin that looks at every product is to do
    without infinity and NaN.
    """
    read = bundle.operands[0]
    if read.array == CONSTS:
        return emitter.apply(ops.select, (emitter.symbol(read), upstream, 0.0))
    fill, index = builder.maker(read.array), read.index
    if fill is None or fill.op is not FILL or not isinstance(index, Affine):
        return upstream
    counts = fill.operands[0].index
    if not isinstance(counts, Affine):
        return upstream
    steps = dict(zip(dense_strides(fill.shape), counts.strides, strict=True))
    moved = Affine(counts.offset, tuple(steps[step] if step else 0 for step in index.strides))
    ends = emitter.symbol(Access(fill.operands[0].array, moved))
    return emitter.apply(ops.select, (ends, upstream, 0.0))


def _reverse_scatter(
    scatter: Scatter,
    builder: Builder,
    adjoints: Adjoints,
    active: set[int],
    sink: Callable[[Contribution], None],
) -> None:
    if scatter.result not in active:
        return
    adjoint = adjoints.take(scatter.result)
    if adjoint is None:
        return
    batched = builder.arrays[scatter.result].batched
    for part in scatter.parts:
        if part.source.array not in active:
            continue
        emitter = Emitter(builder, adjoints.loops, part.shape)
        read = read_through(builder, adjoint, part.target, len(adjoints.loops))
        upstream = emitter.symbol(read)
        source = part.source
        sink(Contribution(part.shape, upstream, 1.0, source.array, source.index, batched))


def read_through(builder: Builder, access: Access, index: IndexMap, depth: int) -> Access:
    """Return an access that reads, over `index`'s domain, what `access` has at its elements.

    Args:
        builder: Where a copy goes if `access` is not a plain run of elements.
        access: Over the loops and `(size,)`.
        index: A map into these elements.
        depth: Number of loops around.
    """
    inner = access.index
    if isinstance(inner, Affine) and not any(inner.strides[:depth]):
        moved = scaled(index, inner.strides[depth])
        return Access(access.array, shifted(moved, inner.offset))
    size = 1 if isinstance(inner, Affine) else inner.table.shape[depth]
    copy = builder.bundle(ops.sum, (size,), [access])
    return Access(copy, index)


def dense(builder: Builder, access: Access | None, size: int) -> int:
    """Return an array of `size` that holds what `access` reads; zeros for None."""
    if access is not None:
        whole = access.index == Affine(0, (1,)) and builder.arrays[access.array].size == size
        if whole and access.array >= FIRST_RESULT:
            return access.array
    parts = [] if access is None else [((size,), access, Affine(0, (1,)))]
    return builder.scatter(size, parts)
