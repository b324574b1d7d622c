"""Write the text of LLVM functions: fresh names, folding integer arithmetic, loops with state."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import define, field

from mgcompile.backends.llvm.ir.vector_builder import Block

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from mgcompile.backends.llvm.ir.module_builder import Library
    from mgcompile.backends.llvm.ir.vector_type import Kind

__all__ = ["Index", "LoopState", "Writer"]

Index = int | str
"""An i64: a number known now, or the name of a register."""


@define
class LoopState:
    """What a loop under construction knows: its index, and registers handed from turn to turn.

    ``values`` holds the carried registers at the start of a turn; set ``following`` before the
    loop closes, and read ``values`` of the results after it (the same registers as ``following``).
    ``end`` is the label after the loop.
    """

    index: Index
    values: list[str]
    following: list[str] = field(factory=list)
    end: str = ""


class Writer:
    """Append instructions to one function.

    Args:
        library: collects declarations and functions that the code calls.
        name: the function's symbol, without ``@``.
        arguments: LLVM types and names, such as ``("ptr %x", "i64 %n")``.
        returns: LLVM's return type.
        internal: whether the function is visible in this module alone.
        spills: whether vectors are likely to be spilled; each then has its own aligned place, and
            none lies across the border of two lines of the cache.
    """

    def __init__(
        self,
        library: Library,
        name: str,
        arguments: Sequence[str],
        returns: str = "void",
        *,
        internal: bool = True,
        spills: bool = False,
    ) -> None:
        self.library = library
        self.lines: list[str] = []
        linkage = "internal " if internal else ""
        signature = ", ".join(arguments)
        stack = f" alignstack({library.target.vector_bits // 8})" if spills else ""
        self._head = f"define {linkage}{returns} @{name}({signature}) nounwind{stack} {{"
        self._returns = returns
        self._count = 0
        self._shares = False
        self.label = "entry"

    def fresh(self, prefix: str = "r") -> str:
        """Return a name not used before in this function, without ``%``."""
        self._count += 1
        return f"{prefix}{self._count}"

    def value(self, instruction: str) -> str:
        """Append an instruction and return the register of its result."""
        name = f"%{self.fresh()}"
        self.lines.append(f"  {name} = {instruction}")
        return name

    def do(self, instruction: str) -> None:
        """Append an instruction without a result."""
        self.lines.append(f"  {instruction}")

    def text(self) -> str:
        """Return the function's text; what gives something back has to end in a ``ret``."""
        last = ["  ret void"] if self._returns == "void" else []
        return "\n".join([self._head, "entry:", *self.lines, *last, "}"])

    # Integers and addresses

    def add(self, a: Index, b: Index) -> Index:
        """Return a + b."""
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        if a == 0:
            return b
        if b == 0:
            return a
        return self.value(f"add i64 {a}, {b}")

    def mul(self, a: Index, b: Index) -> Index:
        """Return a * b."""
        if isinstance(a, int) and isinstance(b, int):
            return a * b
        if 0 in (a, b):
            return 0
        if a == 1:
            return b
        if b == 1:
            return a
        return self.value(f"mul i64 {a}, {b}")

    def minimum(self, a: Index, b: Index) -> Index:
        """Return the smaller of two numbers that are not negative."""
        if isinstance(a, int) and isinstance(b, int):
            return min(a, b)
        self.library.declare("@llvm.umin.i64", "declare i64 @llvm.umin.i64(i64, i64)")
        return self.value(f"call i64 @llvm.umin.i64(i64 {a}, i64 {b})")

    def offset(self, pointer: str, distance: Index) -> str:
        """Return the pointer moved by a number of bytes."""
        if distance == 0:
            return pointer
        return self.value(f"getelementptr i8, ptr {pointer}, i64 {distance}")

    def opaque(self, number: str) -> str:
        """Return an i64 again, of which LLVM then knows nothing; it costs no instruction."""
        return self.value(f'call i64 asm "", "=r,0"(i64 {number})')

    def load(self, kind: str | Kind, pointer: str, align: int) -> str:
        """Return what is stored at a pointer."""
        return self.value(f"load {kind}, ptr {pointer}, align {align}")

    def store(self, kind: str | Kind, value: str, pointer: str, align: int) -> None:
        """Store a value at a pointer."""
        self.do(f"store {kind} {value}, ptr {pointer}, align {align}")

    def copy(self, source: str, target: str, size: Index) -> None:
        """Copy so many bytes."""
        name = "@llvm.memcpy.p0.p0.i64"
        self.library.declare(name, f"declare void {name}(ptr, ptr, i64, i1)")
        self.do(f"call void {name}(ptr {target}, ptr {source}, i64 {size}, i1 false)")

    # Straight-line blocks of elementwise code

    @contextmanager
    def sharing(self, *, shared: bool) -> Iterator[None]:
        """Let functions be called, not inlined, if so asked, in blocks made meanwhile."""
        self._shares = shared
        yield
        self._shares = False

    def block(
        self, kind: Kind, *, straight: bool = False, shared: bool = False, noting: bool = False
    ) -> Block:
        """Return an empty block whose registers are new in this function."""
        return Block(
            self.library,
            kind,
            prefix=self.fresh("b") + ".",
            flags=self.library.flags,
            straight=straight,
            shared=shared or self._shares,
            noting=noting,
        )

    def splice(self, block: Block) -> None:
        """Append the instructions of a block."""
        self.lines.extend(block.lines)
        block.lines.clear()

    # Control flow

    def begin(self, label: str) -> None:
        """Start a basic block; the one before must have ended in a branch."""
        self.lines.append(f"{label}:")
        self.label = label

    @contextmanager
    def when(self, condition: str, *, rarely: bool = False) -> Iterator[None]:
        """Run the code of the context only when an i1 is set; it gives no registers back.

        Args:
            condition: the i1.
            rarely: whether it is almost never set: the code then stands out of the way.
        """
        then, end = self.fresh("then"), self.fresh("end")
        weights = f", !prof {self.library.unlikely()}" if rarely else ""
        self.do(f"br i1 {condition}, label %{then}, label %{end}{weights}")
        self.begin(then)
        yield
        self.do(f"br label %{end}")
        self.begin(end)

    def unless(self, condition: str) -> AbstractContextManager[None]:
        """Run the code of the context only when an i1 is not set."""
        return self.when(self.inverse(condition))

    def inverse(self, condition: str) -> str:
        """Return the opposite of an i1."""
        return self.value(f"xor i1 {condition}, true")

    def leave(self, result: str = "void") -> None:
        """Leave the function; what is appended next, in the same context, is never reached."""
        self.do(f"ret {result}")
        self.begin(self.fresh("unreached"))

    def leave_loop(self, turn: LoopState, condition: str) -> None:
        """Leave the innermost loop, one that hands nothing out, when an i1 is set."""
        going = self.fresh("going")
        self.do(f"br i1 {condition}, label %{turn.end}, label %{going}")
        self.begin(going)

    @contextmanager
    def repeat(self, *carried: tuple[str, str]) -> Iterator[LoopState]:
        """Repeat the code of the context until it leaves the loop.

        Args:
            carried: (type, first value) of registers handed from turn to turn.
        """
        name, origin = self.fresh("L"), self.label
        self.do(f"br label %{name}")
        self.begin(name)
        place = len(self.lines)
        state = LoopState("", [f"%{name}.c{k}" for k in range(len(carried))], end=f"{name}.end")
        yield state
        self.do(f"br label %{name}")
        self.lines[place:place] = self._handed_on(state, carried, origin)
        self.begin(state.end)

    @contextmanager
    def loop(
        self,
        stop: Index,
        *,
        start: Index = 0,
        step: Index = 1,
        carried: Sequence[tuple[str, str]] = (),
        maybe_empty: bool = False,
        plain: bool = False,
    ) -> Iterator[LoopState]:
        """Repeat the code of the context for `start, start + step, ...` below `stop`.

        Args:
            stop: end of the range, not part of it.
            start: its beginning.
            step: distance of one turn to the next.
            carried: (type, first value) of registers handed from turn to turn.
            maybe_empty: whether the range can be empty.
            plain: whether what is read and written is a number's size apart from turn to turn, or
                wherever a table says; of a range with an end known only later that is sure.

        Yields:
            The state. A range known to have one turn is no loop: its index is a number.
        """
        known = isinstance(start, int) and isinstance(stop, int) and isinstance(step, int)
        if known and start + step >= stop:  # type: ignore[operator]  # all are int when known
            state = LoopState(start, [first for _, first in carried])
            yield state
            state.values = state.following
            return
        name = self.fresh("L")
        if maybe_empty:
            some = self.value(f"icmp ult i64 {start}, {stop}")
            self.do(f"br i1 {some}, label %{name}, label %{name}.end")
        else:
            self.do(f"br label %{name}")
        origin = self.label
        self.begin(name)
        place = len(self.lines)
        index = f"%{name}.i"
        values = [f"%{name}.c{k}" for k in range(len(carried))]
        state = LoopState(index, values, end=f"{name}.end")
        yield state
        following = self.value(f"add nuw nsw i64 {index}, {step}")
        if plain or isinstance(stop, str):
            # Where LLVM sees how an index moves it looks for better ways to count, for up to half
            # of the time that code takes it, and finds none where addresses are a base and this.
            following = self.opaque(following)
        again = self.value(f"icmp ult i64 {following}, {stop}")
        self.do(f"br i1 {again}, label %{name}, label %{name}.end")
        phi = f"  {index} = phi i64 [ {start}, %{origin} ], [ {following}, %{self.label} ]"
        self.lines[place:place] = [phi, *self._handed_on(state, carried, origin)]
        last = self.label
        self.begin(f"{name}.end")
        if not maybe_empty:
            state.values = state.following
            return
        state.values = [
            self.value(f"phi {kind} [ {first}, %{origin} ], [ {following}, %{last} ]")
            for (kind, first), following in zip(carried, state.following, strict=True)
        ]

    def _handed_on(
        self, state: LoopState, carried: Sequence[tuple[str, str]], origin: str
    ) -> list[str]:
        """Return the lines that begin a turn: each register is its first value, or the next one."""
        return [
            f"  {register} = phi {kind} [ {first}, %{origin} ], [ {new}, %{self.label} ]"
            for (kind, first), register, new in zip(
                carried, state.values, state.following, strict=True
            )
        ]
