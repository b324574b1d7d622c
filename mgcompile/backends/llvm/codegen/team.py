"""Write how the threads of a run work together: share work, wait for each other, and leave.

Which thread does what never changes a number: chunks and elements are computed alike by any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.backends.llvm.abi.context import slot_address
from mgcompile.backends.llvm.ir.function_builder import Writer
from mgcompile.backends.llvm.runtime.jit import host

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.function_builder import Index
    from mgcompile.backends.llvm.ir.module_builder import Library

__all__ = ["barrier", "begin_together", "left", "next_chunk", "own_range", "team_functions"]

_PATIENCE = 1 << 12
"""Looks at the others, some microseconds, after which a thread offers its core to them.

Where there are fewer free cores than threads, those waited for may need that one.
"""


def begin_together(writer: Writer) -> None:
    """Append that threads wait for the first one to be here, and leave if it will never be.

    So it is when an interrupt reaches the caller after it has called upon the others.
    """
    with writer.when(writer.value("icmp ne i64 %threads, 1")):
        begun = writer.value("call i1 @begun(ptr %context, i64 %thread)")
        with writer.unless(begun):
            writer.leave()


def barrier(writer: Writer) -> None:
    """Append the wait of ``%threads`` threads for each other."""
    writer.do("call void @barrier(ptr %context, i64 %threads)")


def left(writer: Writer) -> None:
    """Append that this thread leaves; the first one waits until all others have left.

    Then nobody is at work in the memory of the run, nor counts in it.
    """
    writer.do("call void @left(ptr %context, i64 %thread, i64 %threads)")


def next_chunk(writer: Writer, chunk: Index, begun: Index) -> str:
    """Append a thread's choice of its next chunk: the first that nobody has taken.

    A thread's first chunk has its own number, so that all begin without asking. A thread that is
    slower, or was woken later, gets fewer.

    Args:
        writer: the function.
        chunk: the one it has done.
        begun: what ``CLAIMS`` was when the phase began.
    """
    return writer.value(
        f"call i64 @next_chunk(ptr %context, i64 %threads, i64 {chunk}, i64 {begun})"
    )


def own_range(writer: Writer, count: int, unit: int) -> tuple[Index, Index]:
    """Append which of `count` elements, in whole units, this thread works on; it may be none.

    Returns:
        The first of them, and the end.
    """
    units = count // unit
    each = writer.value(f"udiv i64 {writer.add('%threads', units - 1)}, %threads")
    first = writer.minimum(writer.mul("%thread", each), units)
    last = writer.minimum(writer.add(first, each), units)
    return writer.mul(first, unit), writer.mul(last, unit)


def team_functions(library: Library) -> list[str]:
    """Write ``@begun``, ``@barrier``, ``@left`` and ``@next_chunk``."""
    parts = (_begun_function, _barrier_function, _left_function, _next_chunk_function)
    return [write(library) for write in parts]


def _begun_function(library: Library) -> str:
    writer = Writer(library, "begun", ["ptr %context", "i64 %thread"], "i1")
    gate = slot_address(writer, "GATE")
    with writer.when(writer.value("icmp eq i64 %thread, 0")):
        writer.do(f"store atomic i64 1, ptr {gate} seq_cst, align 8")
        writer.leave("i1 true")
    _wait(writer, gate, 1)
    state = writer.value(f"load atomic i64, ptr {gate} seq_cst, align 8")
    writer.do(f"ret i1 {writer.value(f'icmp eq i64 {state}, 1')}")
    return writer.text()


def _barrier_function(library: Library) -> str:
    """Write ``@barrier``: wait until all threads have come here as often as this one."""
    writer = Writer(library, "barrier", ["ptr %context", "i64 %threads"])
    tickets = slot_address(writer, "TICKETS")
    alone = writer.value("icmp eq i64 %threads, 1")
    with writer.when(alone):
        writer.leave()
    ticket = writer.value(f"atomicrmw add ptr {tickets}, i64 1 seq_cst, align 8")
    round_number = writer.value(f"udiv i64 {ticket}, %threads")
    _wait(writer, tickets, writer.mul(writer.add(round_number, 1), "%threads"))
    return writer.text()


def _left_function(library: Library) -> str:
    writer = Writer(library, "left", ["ptr %context", "i64 %thread", "i64 %threads"])
    count = slot_address(writer, "LEFT")
    with writer.when(writer.value("icmp ne i64 %thread, 0")):
        writer.do(f"atomicrmw add ptr {count}, i64 1 seq_cst, align 8")
        writer.leave()
    _wait(writer, count, writer.add("%threads", -1))
    return writer.text()


def _wait(writer: Writer, count: str, goal: Index) -> None:
    """Append a wait until what others count has come to a number."""
    offer = "SwitchToThread" if "windows" in host().triple else "sched_yield"
    writer.library.declare(f"@{offer}", f"declare i32 @{offer}()")
    with writer.repeat(("i64", "0")) as turn:
        now = writer.value(f"load atomic i64, ptr {count} seq_cst, align 8")
        writer.leave_loop(turn, writer.value(f"icmp uge i64 {now}, {goal}"))
        looks = writer.add(turn.values[0], 1)
        patient = writer.value(f"icmp ult i64 {looks}, {_PATIENCE}")
        with writer.unless(patient):
            writer.do(f"call i32 @{offer}()")
        turn.following = [writer.value(f"select i1 {patient}, i64 {looks}, i64 0")]


def _next_chunk_function(library: Library) -> str:
    arguments = ["ptr %context", "i64 %threads", "i64 %chunk", "i64 %begun"]
    writer = Writer(library, "next_chunk", arguments, "i64")
    alone = writer.value("icmp eq i64 %threads, 1")
    with writer.when(alone):
        writer.leave(f"i64 {writer.add('%chunk', 1)}")
    claims = slot_address(writer, "CLAIMS")
    claim = writer.value(f"atomicrmw add ptr {claims}, i64 1 monotonic, align 8")
    number = writer.add(writer.value(f"sub i64 {claim}, %begun"), "%threads")
    writer.do(f"ret i64 {number}")
    return writer.text()
