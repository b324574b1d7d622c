"""Write where the threads of a run wait for each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.backends.llvm.abi.context import slot_address
from mgcompile.backends.llvm.ir.function_builder import Writer
from mgcompile.backends.llvm.runtime.jit import host

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.module_builder import Library

__all__ = ["barrier", "barrier_function"]

_PATIENCE = 1 << 12
"""Looks at the others, some microseconds, after which a thread offers its core to them.

Where there are fewer free cores than threads, those waited for may need that one.
"""


def barrier(writer: Writer) -> None:
    """Append the wait of ``%threads`` threads for each other."""
    writer.do("call void @barrier(ptr %context, i64 %threads)")


def barrier_function(library: Library) -> str:
    """Write ``@barrier``: wait until all threads have come here as often as this one."""
    writer = Writer(library, "barrier", ["ptr %context", "i64 %threads"])
    tickets = slot_address(writer, "TICKETS")
    alone = writer.value("icmp eq i64 %threads, 1")
    with writer.when(alone):
        writer.leave()
    ticket = writer.value(f"atomicrmw add ptr {tickets}, i64 1 seq_cst, align 8")
    round_number = writer.value(f"udiv i64 {ticket}, %threads")
    goal = writer.mul(writer.add(round_number, 1), "%threads")
    offer = "SwitchToThread" if "windows" in host().triple else "sched_yield"
    library.declare(f"@{offer}", f"declare i32 @{offer}()")
    with writer.repeat(("i64", "0")) as turn:
        now = writer.value(f"load atomic i64, ptr {tickets} seq_cst, align 8")
        writer.leave_loop(turn, writer.value(f"icmp uge i64 {now}, {goal}"))
        looks = writer.add(turn.values[0], 1)
        patient = writer.value(f"icmp ult i64 {looks}, {_PATIENCE}")
        with writer.unless(patient):
            writer.do(f"call i32 @{offer}()")
        turn.following = [writer.value(f"select i1 {patient}, i64 {looks}, i64 0")]
    return writer.text()
