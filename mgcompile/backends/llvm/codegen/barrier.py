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
    origin = writer.label
    writer.do("br label %look")
    writer.begin("look")
    writer.do(f"%looks = phi i64 [ 0, %{origin} ], [ %more, %wait ], [ 0, %offer ]")
    now = writer.value(f"load atomic i64, ptr {tickets} seq_cst, align 8")
    late = writer.value(f"icmp ult i64 {now}, {goal}")
    writer.do(f"br i1 {late}, label %wait, label %through")
    writer.begin("wait")
    writer.do("%more = add i64 %looks, 1")
    patient = writer.value(f"icmp ult i64 %more, {_PATIENCE}")
    writer.do(f"br i1 {patient}, label %look, label %offer")
    writer.begin("offer")
    offer = "SwitchToThread" if "windows" in host().triple else "sched_yield"
    library.declare(f"@{offer}", f"declare i32 @{offer}()")
    writer.do(f"call i32 @{offer}()")
    writer.do("br label %look")
    writer.begin("through")
    return writer.text()
