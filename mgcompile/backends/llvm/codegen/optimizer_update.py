"""Write an optimiser's update of every parameter, or of those that products leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve, frozen

from mgcompile.backends.llvm.abi.training_run import training_slot
from mgcompile.backends.llvm.codegen.element_lanes import splat
from mgcompile.backends.llvm.codegen.team import own_range
from mgcompile.backends.llvm.ir.vector_type import Kind
from mgcompile.program.ir import PARAMS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Writer
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block
    from mgcompile.program.optimizer import OptimizerSpec

__all__ = ["Step", "clipped", "step_of", "write_left", "write_updates"]


@frozen
class Step:
    """Registers of one update, in the kernel's element type.

    ``scale`` turns the gradient of the sum into that of the mean; ``correct1`` and ``correct2``
    are Adam's 1 / (1 - beta^t).
    """

    rate: str
    scale: str
    correct1: str
    correct2: str


def step_of(
    writer: Writer,
    codegen: CodegenContext,
    rule: OptimizerSpec,
    rate: str,
    size: str,
    powers: list[str],
) -> tuple[Step, list[str]]:
    """Append the numbers that are the same for all parameters; return them and the new powers."""
    element = codegen.scalar.element

    def narrow(value: str) -> str:
        if element == "double":
            return value
        return writer.value(f"fptrunc double {value} to float")

    grown, corrections = [], []
    for power, beta in zip(powers, (rule.beta1, rule.beta2), strict=False):  # none for SGD
        literal = Kind("double", 1).literal(beta)
        grown.append(writer.value(f"fmul double {power}, {literal}"))
        rest = writer.value(f"fsub double 1.0, {grown[-1]}")
        corrections.append(narrow(writer.value(f"fdiv double 1.0, {rest}")))
    scale = "1.0"
    if codegen.program.data is None:
        number = writer.value(f"uitofp i64 {size} to double")
        scale = narrow(writer.value(f"fdiv double 1.0, {number}"))
    return Step(narrow(rate), scale, *(corrections or ("1.0", "1.0"))), grown


def clipped(writer: Writer, codegen: CodegenContext, rule: OptimizerSpec, step: Step) -> Step:
    """Append the norm of the whole gradient; return the step with the factor that shortens it."""
    element, number = codegen.scalar.element, Kind("double", 1)
    scale = step.scale
    if element == "float":
        scale = "1.0" if scale == "1.0" else writer.value(f"fpext float {scale} to double")
    writer.library.declare("@llvm.sqrt.f64", "declare double @llvm.sqrt.f64(double)")
    root = writer.value(f"call double @llvm.sqrt.f64(double {_sum_of_squares(writer, codegen)})")
    norm = writer.value(f"fmul double {root}, {scale}")
    longer = writer.value(f"fadd double {norm}, {number.literal(1e-6)}")
    factor = writer.value(f"fdiv double {number.literal(rule.clip_norm)}, {longer}")
    shortens = writer.value(f"fcmp olt double {factor}, 1.0")
    factor = writer.value(f"select i1 {shortens}, double {factor}, double 1.0")
    scale = writer.value(f"fmul double {scale}, {factor}")
    if element == "float":
        scale = writer.value(f"fptrunc double {scale} to float")
    return evolve(step, scale=scale)


def _sum_of_squares(writer: Writer, codegen: CodegenContext) -> str:
    """Append the sum of the squares of the gradient, in double precision; return it."""
    count, size = codegen.program.n_params, codegen.tile.bytes
    gradient = codegen.start(writer, codegen.program.output("param_gradient"))
    whole = count // codegen.tile.width * codegen.tile.width
    total = "0.0"
    for kind, start, stop in ((codegen.vector, 0, whole), (codegen.scalar, whole, count)):
        if start >= stop:
            continue
        first = "zeroinitializer" if kind.lanes > 1 else total
        carried = [(str(kind.double), first)]
        step = size * kind.lanes
        with writer.loop(stop * size, start=start * size, step=step, carried=carried) as turn:
            g = writer.load(kind, writer.offset(gradient, turn.index), size)
            if kind.element == "float":
                g = writer.value(f"fpext {kind} {g} to {kind.double}")
            square = writer.value(f"fmul {kind.double} {g}, {g}")
            turn.following = [writer.value(f"fadd {kind.double} {turn.values[0]}, {square}")]
        total = turn.values[0]
        if kind.lanes > 1:
            symbol = f"@llvm.vector.reduce.fadd.v{kind.lanes}f64"
            text = f"declare double {symbol}(double, {kind.double})"
            writer.library.declare(symbol, text)
            total = writer.value(f"call double {symbol}(double 0.0, {kind.double} {total})")
    return total


def write_updates(
    writer: Writer,
    codegen: CodegenContext,
    rule: OptimizerSpec,
    step: Step,
    left: NDArray[np.int64] | None,
    direct: str,
) -> None:
    """Append the update of all parameters, or of those that are left when products did theirs.

    Threads share the first among them; of these there are few, and the first thread does them.
    """
    if left is None:
        _write_update(writer, codegen, rule, step)
        return
    leads = writer.value("icmp eq i64 %thread, 0")
    with writer.when(writer.value(f"and i1 {leads}, {direct}")):
        write_left(writer, codegen, left, (rule, step))
    with writer.unless(direct):
        _write_update(writer, codegen, rule, step)


def write_left(
    writer: Writer,
    codegen: CodegenContext,
    left: NDArray[np.int64],
    update: tuple[OptimizerSpec, Step] | None,
) -> None:
    """Append a loop over listed parameters: update them, or set their gradient to zero."""
    if not len(left):
        return
    size, kind = codegen.tile.bytes, codegen.scalar
    table = writer.offset("%tables", codegen.tables.add(left) * 4)
    gradient = codegen.start(writer, codegen.program.output("param_gradient"))
    with writer.loop(len(left)) as turn:
        short = writer.load("i32", writer.offset(table, writer.mul(turn.index, 4)), 4)
        wide = writer.value(f"sext i32 {short} to i64")
        distance = writer.mul(wide, size)
        if update is None:
            place = writer.offset(gradient, distance)
            writer.store(kind, kind.literal(0.0), place, size)
        else:
            _write_parameter(writer, codegen, *update, kind, str(distance))


def _write_update(writer: Writer, codegen: CodegenContext, rule: OptimizerSpec, step: Step) -> None:
    """Append the loop over this thread's parameters by vectors; the first one does the rest."""
    count, size = codegen.program.n_params, codegen.tile.bytes
    width = codegen.tile.width
    whole = count // width * width
    if whole:
        begin, end = own_range(writer, whole * size, width * size)
        with writer.loop(end, start=begin, step=width * size, maybe_empty=True) as turn:
            _write_parameter(writer, codegen, rule, step, codegen.vector, str(turn.index))
    if whole < count:
        with (
            writer.when(writer.value("icmp eq i64 %thread, 0")),
            writer.loop(count * size, start=whole * size, step=size) as turn,
        ):
            _write_parameter(writer, codegen, rule, step, codegen.scalar, str(turn.index))


def _write_parameter(
    writer: Writer,
    codegen: CodegenContext,
    rule: OptimizerSpec,
    step: Step,
    kind: Kind,
    distance: str,
) -> None:
    size, block = codegen.tile.bytes, writer.block(kind)
    gradient = codegen.start(writer, codegen.program.output("param_gradient"))
    state = training_slot(writer, "STATE", "ptr")
    rows = [
        writer.offset(state, row * codegen.program.n_params * size)
        for row in range(rule.state_rows)
    ]
    p_at, g_at, *rows_at = (
        writer.offset(pointer, distance)
        for pointer in (codegen.start(writer, PARAMS), gradient, *rows)
    )
    p, g, *memory = (
        block.append(f"load {kind}, ptr {pointer}, align {size}", kind)
        for pointer in (p_at, g_at, *rows_at)
    )
    g = g * splat(block, step.scale)
    if rule.kind == "adamw":
        p = p - splat(block, step.rate) * rule.weight_decay * p
    elif rule.weight_decay:
        g = block.multiply_add(p, rule.weight_decay, g)
    p, memory = _updated(block, rule, step, p, g, memory)
    if rule.l1:
        left = block.absolute(p) - splat(block, step.rate) * rule.l1
        p = block.select(left <= 0.0, 0.0, block.copy_sign(left, p))  # a nan stays one
    for value, pointer in zip((p, *memory), (p_at, *rows_at), strict=True):
        block.lines.append(f"  store {kind} {value.name}, ptr {pointer}, align {size}")
    writer.splice(block)


def _updated(
    block: Block, rule: OptimizerSpec, step: Step, p: Vec, g: Vec, memory: list[Vec]
) -> tuple[Vec, list[Vec]]:
    """Append a rule's formula; return the new parameter and state (see `backend.OptimizerSpec`)."""
    rate = splat(block, step.rate)
    if rule.kind == "sgd":
        if memory:
            g = block.multiply_add(memory[0], rule.momentum, g)
            memory = [g]
        return p - rate * g, memory
    m = memory[0] * rule.beta1 + g * (1 - rule.beta1)
    s = memory[1] * rule.beta2 + g * g * (1 - rule.beta2)
    unbiased = m * splat(block, step.correct1)
    spread = block.square_root(s * splat(block, step.correct2))
    return p - rate * unbiased / (spread + rule.epsilon), [m, s]
