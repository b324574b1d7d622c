"""Write the training loop: epochs, mini-batches, and the optimiser's update of every parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve, frozen

from mgcompile.backends.llvm.abi.context import slot_address
from mgcompile.backends.llvm.abi.training_run import training_slot
from mgcompile.backends.llvm.codegen.barrier import barrier
from mgcompile.backends.llvm.codegen.elementwise import splat
from mgcompile.backends.llvm.codegen.memory_spaces import areas
from mgcompile.backends.llvm.codegen.signal_poll import held, poll, released, stopped
from mgcompile.backends.llvm.ir.function_builder import Writer
from mgcompile.backends.llvm.ir.vector_type import Kind
from mgcompile.program.ir import PARAMS
from mgcompile.schedule.ir import BLOCK

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Index
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block
    from mgcompile.program.optimizer import OptimizerSpec

__all__ = ["train_function"]


@frozen
class _Step:
    """Registers of one update, in the kernel's element type.

    ``scale`` turns the gradient of the sum into that of the mean; ``correct1`` and ``correct2``
    are Adam's 1 / (1 - beta^t).
    """

    rate: str
    scale: str
    correct1: str
    correct2: str


def train_function(
    codegen: CodegenContext, name: str, rule: OptimizerSpec, left: NDArray[np.int64] | None
) -> str:
    """Write the function that trains for some epochs.

    Args:
        codegen: a loss_and_grad program, with the outputs `loss` and `param_gradient`.
        name: the function's symbol.
        rule: the optimiser's update.
        left: the parameters that wide products leave to update when they do it themselves, which
            they can in batches of one block; None when they cannot.

    Returns:
        The text of ``void name(ptr context, ptr scratch, i64 thread, i64 threads, ptr run)``. It
        is called with the GIL, which it releases, and ends early with a Python exception set when
        the handler of a signal raised.
    """
    arguments = ["ptr %context", "ptr %scratch", "i64 %thread", "i64 %threads", "ptr %training"]
    writer = Writer(codegen.library, name, arguments, internal=False)
    areas(writer, codegen)
    count, batch = training_slot(writer, "COUNT"), training_slot(writer, "BATCH")
    orders, losses = training_slot(writer, "ORDERS"), training_slot(writer, "LOSSES", "ptr")
    rates = training_slot(writer, "RATES", "ptr")
    unordered = writer.value(f"icmp eq i64 {orders}, 0")
    leads = writer.value("icmp eq i64 %thread, 0")
    gil = released(writer, leads)
    with writer.loop(training_slot(writer, "EPOCHS")) as epoch:
        distance = writer.mul(epoch.index, writer.mul(count, 8))
        order = writer.add(orders, distance)
        order = writer.value(f"select i1 {unordered}, i64 0, i64 {order}")
        writer.store("i64", order, slot_address(writer, "ORDER"), 8)
        powers = _powers(writer, rule, epoch.index)
        state = [("double", value) for value in ("0.0", *powers)]
        batches = writer.value(f"udiv i64 {writer.add(count, writer.add(batch, -1))}, {batch}")
        begun = writer.offset(rates, writer.mul(epoch.index, training_slot(writer, "RATE_EPOCH")))
        with writer.loop(batches, carried=state) as turn:
            place = writer.offset(
                begun, writer.mul(turn.index, training_slot(writer, "RATE_UPDATE"))
            )
            rate = writer.load("double", place, 8)
            first = writer.mul(turn.index, batch)
            size = writer.minimum(writer.value(f"sub i64 {count}, {first}"), batch)
            writer.store("i64", str(first), slot_address(writer, "BEGIN"), 8)
            writer.store("i64", str(size), slot_address(writer, "COUNT"), 8)
            with writer.when(leads):
                poll(writer)
            direct = _tell_products(writer, codegen, rule, (rate, str(size)), left)
            writer.do("call void @phases(ptr %context, ptr %scratch, i64 %thread, i64 %threads)")
            with writer.when(stopped(writer)):
                held(writer, gil)
                writer.do("ret void")
                writer.begin(writer.fresh("unreached"))
            total = _add_loss(writer, codegen, turn.values[0])
            step, grown = _step(writer, codegen, rule, rate, str(size), turn.values[1:])
            with writer.when(leads):
                if rule.clip_norm:
                    step = _clipped(writer, codegen, rule, step)
                _write_updates(writer, codegen, rule, step, left, direct)
            barrier(writer)
            turn.following = [total, *grown]
        mean = turn.values[0]
        if codegen.program.data is None:
            number = writer.value(f"uitofp i64 {count} to double")
            mean = writer.value(f"fdiv double {mean}, {number}")
        writer.store("double", mean, writer.offset(losses, writer.mul(epoch.index, 8)), 8)
    held(writer, gil)
    writer.do("ret void")
    return writer.text()


def _powers(writer: Writer, rule: OptimizerSpec, epoch: Index) -> list[str]:
    """Append loads of what Adam's betas are raised to before an epoch; return the two powers."""
    if not rule.has_moments:
        return []
    place = writer.offset(training_slot(writer, "POWERS", "ptr"), writer.mul(epoch, 16))
    return [writer.load("double", writer.offset(place, 8 * k), 8) for k in range(2)]


def _tell_products(
    writer: Writer,
    codegen: CodegenContext,
    rule: OptimizerSpec,
    numbers: tuple[str, str],
    left: NDArray[np.int64] | None,
) -> str:
    """Append what tells wide products to update parameters; return whether they do, an i1.

    `numbers` are the learning rate and the number of samples of the batch.
    """
    if left is None:
        return "false"
    rate, size = numbers
    scale = "1.0"
    if codegen.program.data is None:
        count = writer.value(f"uitofp i64 {size} to double")
        scale = writer.value(f"fdiv double 1.0, {count}")
    product = writer.value(f"fmul double {rate}, {scale}")
    factor = writer.value(f"fneg double {product}")
    decay = Kind("double", 1).literal(-rule.weight_decay)
    less = writer.value(f"fmul double {rate}, {decay}")
    keep = writer.value(f"fadd double 1.0, {less}")
    direct = writer.value(f"icmp ule i64 {size}, {BLOCK}")
    word = writer.value(f"zext i1 {direct} to i64")
    for name, kind, value in (
        ("UPDATES", "i64", word),
        ("FACTOR", "double", factor),
        ("KEEP", "double", keep),
    ):
        writer.store(kind, value, slot_address(writer, name), 8)
    leads = writer.value("icmp eq i64 %thread, 0")
    with writer.when(writer.value(f"and i1 {leads}, {direct}")):
        _write_left(writer, codegen, left, None)
    return direct


def _write_updates(
    writer: Writer,
    codegen: CodegenContext,
    rule: OptimizerSpec,
    step: _Step,
    left: NDArray[np.int64] | None,
    direct: str,
) -> None:
    """Append the update of all parameters, or of those that are left when products did theirs."""
    if left is None:
        _write_update(writer, codegen, rule, step)
        return
    with writer.when(direct):
        _write_left(writer, codegen, left, (rule, step))
    with writer.when(writer.value(f"xor i1 {direct}, true")):
        _write_update(writer, codegen, rule, step)


def _write_left(
    writer: Writer,
    codegen: CodegenContext,
    left: NDArray[np.int64],
    update: tuple[OptimizerSpec, _Step] | None,
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


def _add_loss(writer: Writer, codegen: CodegenContext, total: str) -> str:
    kind = codegen.scalar
    pointer = codegen.start(writer, codegen.program.output("loss"))
    value = writer.load(kind, pointer, codegen.tile.bytes)
    if kind.element == "float":
        value = writer.value(f"fpext float {value} to double")
    return writer.value(f"fadd double {total}, {value}")


def _step(
    writer: Writer,
    codegen: CodegenContext,
    rule: OptimizerSpec,
    rate: str,
    size: str,
    powers: list[str],
) -> tuple[_Step, list[str]]:
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
    return _Step(narrow(rate), scale, *(corrections or ("1.0", "1.0"))), grown


def _clipped(writer: Writer, codegen: CodegenContext, rule: OptimizerSpec, step: _Step) -> _Step:
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


def _write_update(
    writer: Writer, codegen: CodegenContext, rule: OptimizerSpec, step: _Step
) -> None:
    """Append the loop over all parameters: vectors first, then what is left one by one."""
    count, size = codegen.program.n_params, codegen.tile.bytes
    whole = count // codegen.tile.width * codegen.tile.width
    parts = ((codegen.vector, 0, whole), (codegen.scalar, whole, count))
    for kind, start, stop in parts:
        if start < stop:
            width = size * kind.lanes
            with writer.loop(stop * size, start=start * size, step=width) as turn:
                _write_parameter(writer, codegen, rule, step, kind, str(turn.index))


def _write_parameter(
    writer: Writer,
    codegen: CodegenContext,
    rule: OptimizerSpec,
    step: _Step,
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
    if rule.l1:
        below = block.select(block.compare("olt", "slt", p, 0.0), -rule.l1, 0.0)
        g = g + block.select(block.compare("ogt", "sgt", p, 0.0), rule.l1, below)
    if rule.kind == "adamw":
        p = p - splat(block, step.rate) * rule.weight_decay * p
    elif rule.weight_decay:
        g = block.multiply_add(p, rule.weight_decay, g)
    p, memory = _updated(block, rule, step, p, g, memory)
    for value, pointer in zip((p, *memory), (p_at, *rows_at), strict=True):
        block.lines.append(f"  store {kind} {value.name}, ptr {pointer}, align {size}")
    writer.splice(block)


def _updated(
    block: Block, rule: OptimizerSpec, step: _Step, p: Vec, g: Vec, memory: list[Vec]
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
