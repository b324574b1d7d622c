"""Write the training loop: epochs, mini-batches, and what happens in each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from mgcompile.backends.llvm.abi.context import slot_address
from mgcompile.backends.llvm.abi.training_run import training_slot
from mgcompile.backends.llvm.codegen.memory_spaces import areas
from mgcompile.backends.llvm.codegen.optimizer_update import (
    clipped,
    step_of,
    write_left,
    write_updates,
)
from mgcompile.backends.llvm.codegen.run_function import begin_phases, run_phases
from mgcompile.backends.llvm.codegen.signal_poll import held, poll, released, stopped
from mgcompile.backends.llvm.codegen.team import barrier, begin_together, left
from mgcompile.backends.llvm.ir.function_builder import Writer
from mgcompile.backends.llvm.ir.vector_type import Kind
from mgcompile.schedule.ir import BLOCK

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mgcompile.backends.llvm.codegen.codegen_context import CodegenContext
    from mgcompile.backends.llvm.ir.function_builder import Index
    from mgcompile.program.optimizer import OptimizerSpec

__all__ = ["train_function"]


@frozen
class _Training:
    """A training loop at work.

    Attributes:
        writer: the function.
        codegen: a loss_and_grad program.
        rule: the optimiser's update.
        rest: the parameters that wide products leave to update; None when these update none.
        count: samples.
        batch: samples of an update.
        leads: whether this thread is the first, an i1.
        gil: the thread's state, to take the GIL again.
    """

    writer: Writer
    codegen: CodegenContext
    rule: OptimizerSpec
    rest: NDArray[np.int64] | None
    count: Index
    batch: Index
    leads: str
    gil: str


def train_function(
    codegen: CodegenContext, name: str, rule: OptimizerSpec, rest: NDArray[np.int64] | None
) -> str:
    """Write the function that trains for some epochs.

    Args:
        codegen: a loss_and_grad program, with the outputs `loss` and `param_gradient`.
        name: the function's symbol.
        rule: the optimiser's update.
        rest: the parameters that wide products leave to update when they do it themselves, which
            they can in batches of one block; None when they cannot.

    Returns:
        The text of ``void name(ptr context, ptr scratch, i64 thread, i64 threads, ptr run)``. It
        is called with the GIL, which it releases, and ends early with a Python exception set when
        the handler of a signal raised.
    """
    arguments = ["ptr %context", "ptr %scratch", "i64 %thread", "i64 %threads", "ptr %training"]
    writer = Writer(codegen.library, name, arguments, internal=False)
    begin_together(writer)
    areas(writer, codegen)
    begin_phases(writer)
    count, batch = training_slot(writer, "COUNT"), training_slot(writer, "BATCH")
    orders, losses = training_slot(writer, "ORDERS"), training_slot(writer, "LOSSES", "ptr")
    rates = training_slot(writer, "RATES", "ptr")
    unordered = writer.value(f"icmp eq i64 {orders}, 0")
    leads = writer.value("icmp eq i64 %thread, 0")
    gil = released(writer, leads)
    training = _Training(writer, codegen, rule, rest, count, batch, leads, gil)
    with writer.loop(training_slot(writer, "EPOCHS")) as epoch:
        distance = writer.mul(epoch.index, writer.mul(count, 8))
        order = writer.add(orders, distance)
        order = writer.value(f"select i1 {unordered}, i64 0, i64 {order}")
        writer.store("i64", order, slot_address(writer, "ORDER"), 8)
        mean = _write_epoch(training, epoch.index, rates)
        writer.store("double", mean, writer.offset(losses, writer.mul(epoch.index, 8)), 8)
    left(writer)
    held(writer, gil)
    return writer.text()


def _write_epoch(training: _Training, epoch: Index, rates: str) -> str:
    """Append the loop over mini-batches; return the mean of their losses."""
    writer, count, batch = training.writer, training.count, training.batch
    powers = _powers(writer, training.rule, epoch)
    state = [("double", value) for value in ("0.0", *powers)]
    batches = writer.value(f"udiv i64 {writer.add(count, writer.add(batch, -1))}, {batch}")
    begun = writer.offset(rates, writer.mul(epoch, training_slot(writer, "RATE_EPOCH")))
    with writer.loop(batches, carried=state) as turn:
        place = writer.offset(begun, writer.mul(turn.index, training_slot(writer, "RATE_UPDATE")))
        rate = writer.load("double", place, 8)
        first = writer.mul(turn.index, batch)
        size = writer.minimum(writer.value(f"sub i64 {count}, {first}"), batch)
        writer.store("i64", str(first), slot_address(writer, "BEGIN"), 8)
        writer.store("i64", str(size), slot_address(writer, "COUNT"), 8)
        turn.following = _write_batch(training, rate, str(size), turn.values)
    if training.codegen.program.data is not None:
        return turn.values[0]
    number = writer.value(f"uitofp i64 {count} to double")
    return writer.value(f"fdiv double {turn.values[0]}, {number}")


def _write_batch(training: _Training, rate: str, size: str, state: list[str]) -> list[str]:
    """Append what is done with a mini-batch.

    Args:
        training: the loop.
        rate: the learning rate.
        size: samples of the batch.
        state: the sum of the losses so far, and the powers of Adam's betas.

    Returns:
        The state after it.
    """
    writer, codegen, rule = training.writer, training.codegen, training.rule
    with writer.when(training.leads):
        poll(writer)
    direct = _tell_products(writer, codegen, rule, (rate, size), training.rest)
    run_phases(writer)
    with writer.when(stopped(writer)):
        left(writer)
        held(writer, training.gil)
        writer.leave()
    total = _add_loss(writer, codegen, state[0])
    step, grown = step_of(writer, codegen, rule, rate, size, state[1:])
    if rule.clip_norm:
        step = clipped(writer, codegen, rule, step)
    write_updates(writer, codegen, rule, step, training.rest, direct)
    barrier(writer)
    return [total, *grown]


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
    rest: NDArray[np.int64] | None,
) -> str:
    """Append what tells wide products to update parameters; return whether they do, an i1.

    `numbers` are the learning rate and the number of samples of the batch.
    """
    if rest is None:
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
        write_left(writer, codegen, rest, None)
    return direct


def _add_loss(writer: Writer, codegen: CodegenContext, total: str) -> str:
    kind = codegen.scalar
    pointer = codegen.start(writer, codegen.program.output("loss"))
    value = writer.load(kind, pointer, codegen.tile.bytes)
    if kind.element == "float":
        value = writer.value(f"fpext float {value} to double")
    return writer.value(f"fadd double {total}, {value}")
