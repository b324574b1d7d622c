"""Write programs: number the arrays, work out sizes and which of them are batched."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs
import numpy as np

from mgcompile.program.ir import (
    CONSTS,
    INPUTS,
    Access,
    Affine,
    Array,
    Bundle,
    Carry,
    Gather,
    Loop,
    Output,
    Program,
    Scatter,
    ScatterPart,
    Stack,
    Statement,
    Tape,
    extent,
)
from mgcompile.program.value_ranges import ValueRanges

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from mgcompile.program.ir import IndexMap
    from mgcore import Op

__all__ = ["Builder", "affine", "gather"]


def affine(array: int, offset: int = 0, *strides: int) -> Access:
    """Return an access to `array` at `offset + sum(strides * axes)`."""
    return Access(array, Affine(offset, strides))


def gather(array: int, table: ArrayLike, *strides: int) -> Access:
    """Return an access to `array` through an index table, one axis for each axis of the domain."""
    index = np.asarray(table, dtype=np.int64)
    return Access(array, Gather(index, strides or (0,) * index.ndim))


class Builder:
    """Collect statements one after the other; `finish` gives the program.

    Args:
        n_inputs: Number of columns of X.
        n_params: Number of parameters.
        consts: Constants known from the start; `constant` adds more.
    """

    def __init__(self, n_inputs: int, n_params: int, consts: Sequence[float] = ()) -> None:
        self.n_inputs = n_inputs
        self.n_params = n_params
        self.consts: list[float] = list(consts)
        self.arrays: list[Array] = [
            Array(n_inputs, batched=True),
            Array(n_params, batched=False),
            Array(0, batched=False),
            Array(1, batched=False),
        ]
        self._blocks: list[list[Statement]] = [[]]
        self._constant_at: dict[str, int] = {}
        self._bundles: dict[int, Bundle] = {}
        self._reciprocals: list[dict[object, Access]] = [{}]
        self.ranges: ValueRanges | None = None
        self.strict = False
        self.chooses = False
        self.guarded = False
        self.plain = False  # products are NaN where a factor is 0 and the other not finite

    @classmethod
    def continuing(cls, program: Program) -> Builder:
        """Return a builder that holds the statements of `program` already, and bounds numbers."""
        builder = cls(program.n_inputs, program.n_params, [float(c) for c in program.consts])
        builder.arrays = list(program.arrays)
        builder._blocks = [list(program.statements)]
        builder._bundles = {s.result: s for s in program.statements if isinstance(s, Bundle)}
        builder.bound_numbers(program)
        return builder

    def bound_numbers(self, program: Program) -> None:
        """Know from now on in what range every number is; of those of `program`, at once."""
        self.ranges = ValueRanges.of_program(program)
        self.ranges.consts = self.consts
        self.strict = program.strict
        self.chooses = program.chooses
        self.guarded = program.guarded

    def known_ranges(self) -> ValueRanges:
        """Return the ranges of the arrays, of a builder that bounds numbers."""
        if self.ranges is None:
            message = "this builder does not bound numbers"
            raise ValueError(message)
        return self.ranges

    def constant(self, value: float) -> int:
        """Return the element number of `value` in CONSTS, adding it when it is new."""
        key = float(value).hex()
        if key not in self._constant_at:
            self._constant_at[key] = self.constants([value])
        return self._constant_at[key]

    def constants(self, values: Sequence[float] | NDArray[np.float64]) -> int:
        """Append a run of constants and return the element number of the first."""
        offset = len(self.consts)
        self.consts.extend(float(value) for value in values)
        return offset

    def new_array(self, size: int, *, batched: bool) -> int:
        """Return the number of a new array."""
        self.arrays.append(Array(size, batched))
        return len(self.arrays) - 1

    def add(self, statement: Statement) -> None:
        """Append a statement whose arrays were made by `new_array`."""
        self._blocks[-1].append(statement)
        if self.ranges is not None:
            if isinstance(statement, Loop):
                self.ranges.note_ends(statement)
            else:
                self.ranges.note(statement)

    def is_batched(self, accesses: Sequence[Access]) -> bool:
        """Tell whether anything read through `accesses` has a copy for every sample."""
        return any(self.arrays[access.array].batched for access in accesses)

    def bundle(
        self,
        op: Op,
        shape: Sequence[int],
        operands: Sequence[Access],
        reduced: Sequence[int] = (),
        *,
        over_batch: bool = False,
    ) -> int:
        """Append a bundle and return the number of its result."""
        batched = self.is_batched(operands) and not over_batch
        result = self.new_array(extent(tuple(shape)), batched=batched)
        made = Bundle(result, op, tuple(shape), tuple(operands), tuple(reduced), over_batch)
        self._bundles[result] = made
        self.add(made)
        return result

    def maker(self, array: int) -> Bundle | None:
        """Return the bundle whose result is `array`, if it is one."""
        return self._bundles.get(array)

    def scatter(self, size: int, parts: Sequence[tuple[Sequence[int], Access, IndexMap]]) -> int:
        """Append a scatter of `(shape, source, target)` parts and return its result."""
        batched = self.is_batched([source for _, source, _ in parts])
        result = self.new_array(size, batched=batched)
        made = tuple(ScatterPart(tuple(shape), source, target) for shape, source, target in parts)
        self.add(Scatter(result, made))
        return result

    def tape(
        self,
        externals: Sequence[tuple[Access, int]],
        ops: Sequence[Op],
        code: ArrayLike,
        start: ArrayLike,
        operand: ArrayLike,
    ) -> int:
        """Append a tape over `(access, length)` externals and return the number of its result."""
        accesses = tuple(access for access, _ in externals)
        code_table = np.asarray(code, dtype=np.int64)
        result = self.new_array(len(code_table), batched=self.is_batched(accesses))
        lengths = tuple(length for _, length in externals)
        self.add(
            Tape(
                result,
                accesses,
                lengths,
                tuple(ops),
                code_table,
                np.asarray(start, dtype=np.int64),
                np.asarray(operand, dtype=np.int64),
            )
        )
        return result

    def open_loop(self) -> None:
        """Let the statements that follow become the body of a loop, until `close_loop`."""
        self._blocks.append([])
        self._reciprocals.append({})

    @contextmanager
    def before_loop(self) -> Iterator[None]:
        """Let the statements that follow stand before the loop that is open now."""
        body, known = self._blocks.pop(), self._reciprocals.pop()
        try:
            yield
        finally:
            self._blocks.append(body)
            self._reciprocals.append(known)

    def take_body(self) -> tuple[Statement, ...]:
        """End the body begun by `open_loop` and return it; the caller appends the loop."""
        self._reciprocals.pop()
        return tuple(self._blocks.pop())

    def close_loop(
        self,
        count: int,
        carries: Sequence[Carry],
        stacked: Sequence[int] = (),
        needed: Access | None = None,
    ) -> list[int]:
        """Append the loop over the statements since `open_loop`.

        Args:
            count: Number of iterations.
            carries: State; their arrays come from `new_array`.
            stacked: Arrays of the body, or carried ones, to keep for every iteration.
            needed: What is 0 where nobody looks at the results.

        Returns:
            The results of the stacks, in the order of `stacked`.
        """
        body = self.take_body()
        stacks = []
        for source in stacked:
            array = self.arrays[source]
            stacks.append(Stack(self.new_array(count * array.size, batched=array.batched), source))
        self.add(Loop(count, body, tuple(carries), tuple(stacks), needed))
        return [stack.result for stack in stacks]

    def reciprocals(self) -> dict[object, Access]:
        """Return the reciprocals made so far in the block that is open now, to be filled."""
        return self._reciprocals[-1]

    def statements(self) -> tuple[Statement, ...]:
        """Return the statements of the block that is open now, so far."""
        return tuple(self._blocks[-1])

    def keep_carried(self, loop: Loop, carries: Sequence[Carry]) -> list[int]:
        """Add to a loop written before stacks of the carried arrays, as each iteration finds them.

        Returns:
            The results of the stacks, in the order of `carries`.
        """
        found = {stack.source: stack.result for stack in loop.stacks}
        stacks = list(loop.stacks)
        for carry in carries:
            if carry.array not in found:
                array = self.arrays[carry.array]
                result = self.new_array(loop.count * array.size, batched=array.batched)
                found[carry.array] = result
                stacks.append(Stack(result, carry.array))
                if self.ranges is not None:
                    self.ranges.put(result, self.ranges.of_array(carry.array))
        block = self._blocks[-1]
        place = next(at for at, statement in enumerate(block) if statement is loop)
        block[place] = attrs.evolve(loop, stacks=tuple(stacks))
        return [found[carry.array] for carry in carries]

    def finish(
        self, outputs: Sequence[tuple[str, int]], data: NDArray[np.float64] | None = None
    ) -> Program:
        """Return the program that hands back the `(name, array)` outputs."""
        if len(self._blocks) != 1:
            message = "a loop was opened and not closed"
            raise ValueError(message)
        arrays = [*self.arrays]
        arrays[CONSTS] = Array(len(self.consts), batched=False)
        if data is not None:
            arrays[INPUTS] = Array(data.shape[1], batched=True)
        return Program(
            n_inputs=arrays[INPUTS].size,
            n_params=self.n_params,
            consts=np.array(self.consts, dtype=np.float64),
            arrays=tuple(arrays),
            statements=tuple(self._blocks[0]),
            outputs=tuple(Output(name, array) for name, array in outputs),
            data=data,
            strict=self.strict,
            chooses=self.chooses,
            guarded=self.guarded,
        )
