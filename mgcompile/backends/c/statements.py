"""Write statements of a program as C."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import attrs

from mgcompile.backends.c.op_table import OF_ROWS, table_name
from mgcompile.backends.c.text import identifier, indented
from mgcompile.program.ir import Bundle, Loop, Scatter, Tape, extent
from mgcompile.support.zero_product import adds_products, adds_up

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mgcompile.backends.c.functions import Functions
    from mgcompile.backends.c.names import Names, Place
    from mgcompile.program.ir import Access, Carry, ScatterPart, Statement

__all__ = ["Memory", "Writer", "looped"]

_AXES = "ijlmoqruvw"
# So many terms are written side by side; more become a loop.
_UNROLLED = 8
# Arrays above the first are on the heap in a function that needs more than the second (doubles).
_SMALL, _STACK = 64, 8192


@attrs.define(slots=True, eq=False)
class Memory:
    """Where the arrays of a function are: those of large programs in one block of the heap."""

    heap: bool
    used: int = 0

    @classmethod
    def of(cls, sizes: Sequence[int]) -> Memory:
        """Return the memory of a function with arrays of these sizes."""
        return cls(heap=sum(sizes) > _STACK)

    def declared(self, name: str, size: int) -> str:
        """Return the line that declares an array."""
        if not self.heap or size <= _SMALL:
            return f"double {name}[{size}];"
        self.used += size
        return f"double *const {name} = work + {self.used - size};"


@attrs.frozen(slots=True, eq=False)
class Writer:
    """Write the statements of one function."""

    names: Names
    functions: Functions
    memory: Memory

    def statement(self, statement: Statement, loops: tuple[int, ...] = ()) -> list[str]:
        """Return a statement as lines; `loops` are the extents of those around it."""
        match statement:
            case Bundle():
                return self._bundle(statement, loops)
            case Scatter():
                return self._scatter(statement, loops)
            case Tape():
                return self._tape(statement, loops)
            case Loop():
                return self._loop(statement, loops)

    def new(self, array: int, stem: str) -> tuple[str, list[str]]:
        """Return the name of a new array, and its declaration."""
        name, size = self.names.call(array, identifier(stem)), self.size(array)
        declared = f"double {name};" if size == 1 else self.memory.declared(name, size)
        return name, [declared]

    def size(self, array: int) -> int:
        """Return the number of elements of an array."""
        return self.names.program.arrays[array].size

    def copied(
        self, size: int, target: Callable[[Place], str], source: Callable[[Place], str]
    ) -> list[str]:
        """Return lines that copy elements."""
        return looped((size,), lambda at: [f"{target(at[0])} = {source(at[0])};"])

    def zeroed(self, array: int, stem: str) -> list[str]:
        """Return lines that declare an array of zeros."""
        name, declared = self.new(array, stem)
        if self.size(array) == 1:
            return [f"double {name} = 0.0;"]
        return declared + looped((self.size(array),), lambda at: [f"{name}[{at[0]}] = 0.0;"])

    def added(self, bundle: Bundle) -> list[str]:
        """Return lines that add a sample to a sum over all of them."""

        def add(at: Sequence[Place]) -> list[str]:
            before, last = self._value(bundle, at, ())
            return [*before, f"{self._result(bundle, at)} += {last};"]

        return looped(bundle.shape, add, self._unrolls(bundle))

    def _bundle(self, bundle: Bundle, loops: tuple[int, ...]) -> list[str]:
        name, declared = self.new(bundle.result, bundle.op.name)
        if self.size(bundle.result) == 1:
            before, last = self._value(bundle, (0,) * len(bundle.shape), loops)
            return [*before, f"const double {name} = {last};"]

        def compute(at: Sequence[Place]) -> list[str]:
            before, last = self._value(bundle, at, loops)
            return [*before, f"{self._result(bundle, at)} = {last};"]

        return declared + looped(bundle.shape, compute, self._unrolls(bundle))

    def _unrolls(self, bundle: Bundle) -> bool:
        return extent(bundle.shape + bundle.reduced) <= _UNROLLED

    def _result(self, bundle: Bundle, at: Sequence[Place]) -> str:
        terms, fixed, step = [], 0, extent(bundle.shape)
        for k, n in zip(at, bundle.shape, strict=True):
            step //= max(n, 1)
            if isinstance(k, int):
                fixed += k * step
            elif n > 1:
                terms.append(k if step == 1 else f"{k} * {step}")
        return self.names.element(bundle.result, " + ".join(terms) if terms else fixed)

    def _value(
        self, bundle: Bundle, at: Sequence[Place], loops: tuple[int, ...]
    ) -> tuple[list[str], str]:
        """Return the lines before an element of a bundle, and the expression that it is."""
        reads, axes = self._reads(bundle, loops), [*_iterations(loops), *at]
        if not bundle.reduced:
            return [], self.functions.applied(bundle.op, [x(axes) for x in reads])
        terms = extent(bundle.reduced)
        if not adds_up(bundle.op):
            return self._along(bundle, reads[0], axes)
        if terms <= _UNROLLED:
            points = [[*axes, *inner] for inner in product(*map(range, bundle.reduced))]
            if adds_products(bundle.op):
                operands = [x(point) for x in reads for point in points]
            else:
                operands = [x(point) for point in points for x in reads]
            return [], self.functions.applied(bundle.op, operands)
        # Rows of one result are apart: each has a total of its own, in a block of its own.
        total = f"total_{bundle.result}"

        def add(inner: Sequence[Place]) -> list[str]:
            operands = [x([*axes, *inner]) for x in reads]
            return [f"{total} += {self.functions.applied(bundle.op, operands)};"]

        lines = looped(bundle.reduced, add, first_axis=len(bundle.shape))
        return [f"double {total} = 0.0;", *lines], total

    def _along(
        self, bundle: Bundle, read_at: Callable[[Sequence[Place]], str], axes: Sequence[Place]
    ) -> tuple[list[str], str]:
        """Return an op that is applied to all elements along axes."""
        terms = extent(bundle.reduced)
        name = table_name(bundle.op)
        if name not in OF_ROWS or terms <= _UNROLLED:
            points = product(*map(range, bundle.reduced))
            return [], self.functions.applied(bundle.op, [read_at([*axes, *x]) for x in points])
        row = f"row_{bundle.result}"
        steps = [extent(bundle.reduced[k + 1 :]) for k in range(len(bundle.reduced))]

        def keep(inner: Sequence[Place]) -> list[str]:
            flat = " + ".join(f"{k} * {step}" for k, step in zip(inner, steps, strict=True))
            return [f"{row}[{flat}] = {read_at([*axes, *inner])};"]

        lines = looped(bundle.reduced, keep, first_axis=len(bundle.shape))
        called = f"{self.functions.shipped(OF_ROWS[name])}({row}, {terms})"
        return [f"double {row}[{terms}];", *lines], called

    def _reads(
        self, bundle: Bundle, loops: tuple[int, ...]
    ) -> list[Callable[[Sequence[Place]], str]]:
        extents = loops + bundle.shape + bundle.reduced

        def reader(access: Access) -> Callable[[Sequence[Place]], str]:
            return lambda point: self.names.access(access, point, extents)

        return [reader(access) for access in bundle.operands]

    def _scatter(self, scatter: Scatter, loops: tuple[int, ...]) -> list[str]:
        lines = self.zeroed(scatter.result, "sums")
        for part in scatter.parts:
            lines += self._part(scatter.result, part, loops)
        return lines

    def _part(self, result: int, part: ScatterPart, loops: tuple[int, ...]) -> list[str]:
        extents = loops + part.shape

        def add(at: Sequence[Place]) -> list[str]:
            point = [*_iterations(loops), *at]
            target = self.names.element(result, self.names.place(part.target, point, extents))
            return [f"{target} += {self.names.access(part.source, point, extents)};"]

        return looped(part.shape, add)

    def _tape(self, tape: Tape, loops: tuple[int, ...]) -> list[str]:
        around = _iterations(loops)
        pool = [
            self.names.access(access, [*around, place], (*loops, length))
            for access, length in zip(tape.externals, tape.lengths, strict=True)
            for place in range(length)
        ]
        name, lines = self.new(tape.result, "step")
        start, operand = tape.start.tolist(), tape.operand.tolist()
        for i, code in enumerate(tape.code.tolist()):
            operands = [pool[x] for x in operand[start[i] : start[i + 1]]]
            made = self.names.element(tape.result, i)
            lines.append(f"{made} = {self.functions.applied(tape.ops[code], operands)};")
            pool.append(made)
        return [f"double {name};", *lines[1:]] if self.size(tape.result) == 1 else lines

    def _loop(self, loop: Loop, loops: tuple[int, ...]) -> list[str]:
        k = f"k{len(loops)}"
        lines = [line for carry in loop.carries for line in self._begun(carry, loops)]
        for stack in loop.stacks:
            lines += self.new(stack.result, "all")[1]
        inside = [line for x in loop.body for line in self.statement(x, (*loops, loop.count))]
        for stack in loop.stacks:
            inside += self._stacked(stack.result, stack.source, k)
        inside += self._handed_on(loop)
        for carry in loop.carries:
            # What a loop carried is there after it, under the name that it had.
            self.names.rename(carry.final, f"state_{carry.array}")
        return [*lines, f"for (int {k} = 0; {k} < {loop.count}; {k}++) {{", *indented(inside), "}"]

    def _begun(self, carry: Carry, loops: tuple[int, ...]) -> list[str]:
        """Return lines that declare what a loop carries, and copy its initial state."""
        _, declared = self.new(carry.array, "state")
        size, around = self.size(carry.array), _iterations(loops)

        def initial(at: Place) -> str:
            return self.names.access(carry.initial, [*around, at], (*loops, size))

        return declared + self.copied(size, lambda at: self.names.element(carry.array, at), initial)

    def _stacked(self, result: int, source: int, k: str) -> list[str]:
        size, names = self.size(source), self.names

        def target(at: Place) -> str:
            first = k if size == 1 else f"{k} * {size}"
            return names.element(result, first if size == 1 else f"{first} + {at}")

        return self.copied(size, target, lambda at: names.element(source, at))

    def _handed_on(self, loop: Loop) -> list[str]:
        """Return lines that make what was computed the state of the next iteration."""
        moving = [carry for carry in loop.carries if carry.following != carry.array]
        carried = {carry.array for carry in loop.carries}
        # A carried array would be overwritten before it is handed on.
        risky = dict.fromkeys(carry.following for carry in moving if carry.following in carried)
        lines = [line for array in risky for line in self._put_aside(array)]
        for carry in moving:
            lines += self._moved_on(carry, aside=carry.following in risky)
        return lines

    def _put_aside(self, array: int) -> list[str]:
        size, name = self.size(array), f"before_{array}"
        if size == 1:
            return [f"const double {name} = {self.names.element(array, 0)};"]
        copied = self.copied(
            size, lambda at: f"{name}[{at}]", lambda at: self.names.element(array, at)
        )
        return [self.memory.declared(name, size), *copied]

    def _moved_on(self, carry: Carry, *, aside: bool) -> list[str]:
        size = self.size(carry.array)

        def source(at: Place) -> str:
            if not aside:
                return self.names.element(carry.following, at)
            name = f"before_{carry.following}"
            return name if size == 1 else f"{name}[{at}]"

        return self.copied(size, lambda at: self.names.element(carry.array, at), source)


def _iterations(loops: Sequence[int]) -> list[Place]:
    return [f"k{depth}" for depth in range(len(loops))]


def looped(
    shape: Sequence[int],
    body: Callable[[Sequence[Place]], list[str]],
    unrolled: bool | None = None,
    *,
    first_axis: int = 0,
) -> list[str]:
    """Return lines for every point of a shape: one after the other if they are few, else in loops.

    Args:
        shape: Extents of the axes.
        body: Gets the place along each axis, a number or the name of a variable.
        unrolled: Whether there are no loops; by default for a few points.
        first_axis: How many axes there are around these.
    """
    if unrolled or (unrolled is None and extent(tuple(shape)) <= _UNROLLED):
        return [line for at in product(*map(range, shape)) for line in body(at)]
    axes = [_axis(first_axis + k) for k in range(len(shape))]
    at: list[Place] = [0 if n == 1 else axis for axis, n in zip(axes, shape, strict=True)]
    lines = body(at)
    for axis, n in zip(reversed(axes), reversed(shape), strict=True):
        if n != 1:
            head = f"for (int {axis} = 0; {axis} < {n}; {axis}++) {{"
            lines = [head, *indented(lines), "}"]
    return lines


def _axis(number: int) -> str:
    return _AXES[number] if number < len(_AXES) else f"i{number}"
