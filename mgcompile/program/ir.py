"""The intermediate representation that every stage of the compiler reads and writes.

A `Program` is a tuple of statements in topological order over numbered arrays. Arrays are flat;
a statement gives them axes. Four arrays exist before the first statement:

====  =========  ========  =================================================================
id    name       batched   elements
====  =========  ========  =================================================================
0     INPUTS     yes       the columns of X, `n_inputs`
1     PARAMS     no        the parameters, `n_params`
2     CONSTS     no        `Program.consts`
3     SAMPLES    no        one element: the number of samples in this call (or mini-batch)
====  =========  ========  =================================================================

**The batch is implicit.** Every sample has its own copy of a batched array, and sample i reads
sample i. What does not depend on an input is not batched and is computed once per call. The only
way from batched to unbatched is `over_batch`, a `sum` or `dot` that also runs over all samples.

The domain of a statement is its axes: `shape + reduced`, and inside a `Loop` the iteration number
in front of them (of the outermost loop first). An index map takes a point of the domain to an
element number of the array that is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mgcompile.graph.ir import Graph
    from mgcore import Op

    View = Callable[[NDArray[np.int64]], NDArray[np.int64]]

__all__ = [
    "CONSTS",
    "FIRST_RESULT",
    "INPUTS",
    "PARAMS",
    "SAMPLES",
    "Access",
    "Affine",
    "Array",
    "Bundle",
    "Carry",
    "Gather",
    "IndexMap",
    "Loop",
    "Output",
    "Program",
    "Scatter",
    "ScatterPart",
    "Stack",
    "Statement",
    "Tape",
    "extent",
    "map_elements",
]

INPUTS, PARAMS, CONSTS, SAMPLES = range(4)
FIRST_RESULT = 4


def _frozen_table(table: NDArray[np.int64]) -> NDArray[np.int64]:
    table = np.array(table, dtype=np.int64)
    table.flags.writeable = False
    return table


def _contents(table: NDArray[np.int64]) -> tuple[tuple[int, ...], bytes]:
    """Return what is equal for equal tables: numbers, and the axes that they lie along."""
    return table.shape, table.tobytes()


@attrs.frozen(slots=True)
class Array:
    """A flat array: `size` elements, for every sample of its own when `batched`."""

    size: int
    batched: bool


@attrs.frozen(slots=True)
class Affine:
    """The map `offset + sum(strides[k] * i[k])`; stride 0 repeats an element along that axis."""

    offset: int
    strides: tuple[int, ...]

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the greatest element without what strides add."""
        return self.offset, self.offset

    def rebuilt(
        self, strides: tuple[int, ...], view: View | None = None, *, times: int = 1, plus: int = 0
    ) -> Affine:
        """Return a map of other strides, whose own elements are `times` these and `plus`."""
        del view  # of a table, which there is not
        return Affine(self.offset * times + plus, strides)


@attrs.frozen(slots=True, cache_hash=True)
class Gather:
    """The map `table[i] + sum(strides[k] * i[k])`.

    `table` has one axis for each axis of the domain; along an axis on which it does not depend
    its extent is 1. An axis may move through the table or through its stride, not both.
    """

    table: NDArray[np.int64] = attrs.field(converter=_frozen_table, eq=_contents)
    strides: tuple[int, ...]

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the greatest element without what strides add."""
        return int(self.table.min()), int(self.table.max())

    def rebuilt(
        self, strides: tuple[int, ...], view: View | None = None, *, times: int = 1, plus: int = 0
    ) -> Gather:
        """Return a map of other strides, whose own elements are `times` these and `plus`.

        `view` says how the table lies along the axes of the new map.
        """
        table = self.table if view is None else view(self.table)
        same = times == 1 and plus == 0
        return Gather(table if same else table * times + plus, strides)


IndexMap = Affine | Gather


@attrs.frozen(slots=True)
class Access:
    """Read `array` through an index map.

    Two that are equal read the same elements at the same points: whoever wants to know whether a
    number was read already compares accesses, or has them as keys.
    """

    array: int
    index: IndexMap


@attrs.frozen(slots=True)
class Bundle:
    """Isomorphic nodes executed as one loop nest; the result is row-major over `shape`.

    - Most ops: one access per operand, `reduced` empty; element i is `op(*operands at i)`.
    - `sum`: one access or more; adds all of them up, over the `reduced` axes too.
    - `dot`: two accesses; adds up their products over the `reduced` axes.
    - Any other op with any number of operands (`logsumexp`) may have one access and `reduced` axes,
      and then is applied to all elements along these, in row-major order.

    With `over_batch` (`sum` and `dot` alone, at least one operand batched, never inside a loop) the
    sum runs over all samples as well, and the result is not batched.
    """

    result: int
    op: Op
    shape: tuple[int, ...]
    operands: tuple[Access, ...]
    reduced: tuple[int, ...] = ()
    over_batch: bool = False


@attrs.frozen(slots=True)
class ScatterPart:
    """Add `source`, read over the axes `shape`, into the elements that `target` names."""

    shape: tuple[int, ...]
    source: Access
    target: IndexMap


@attrs.frozen(slots=True)
class Scatter:
    """Start from zeros and add every part: the reverse of reading through maps.

    Parts may overlap, and a part's target may name an element more than once.
    The result is batched when a source is.
    """

    result: int
    parts: tuple[ScatterPart, ...]


@attrs.frozen(slots=True)
class Carry:
    """State that a loop hands on: `array` inside the body, `final` after the loop.

    `initial` is read over the one axis `(size,)`, outside of the loop's domain; `following` is the
    array (of the body, or a carried one) that holds the state of the next iteration.
    """

    array: int
    initial: Access
    following: int
    final: int


@attrs.frozen(slots=True)
class Stack:
    """Keep `source`, an array of the body or a carried one, of every iteration.

    Iteration k writes elements `k * size ... (k + 1) * size - 1` of `result`, which can be read
    after the loop.
    """

    result: int
    source: int


@attrs.frozen(slots=True)
class Loop:
    """Repeat `body` for `count` iterations, in order.

    Arrays made by the body live for one iteration. Within the body an index map has the iteration
    as its first axis, behind those of the loops around; into an array of the body or a carried one
    it must not depend on it.

    `needed` reads one number. Where it is 0, nobody looks at what the loop makes, which may then be
    anything: of whatever is worked on at once, if it is 0 for all, the loop may be left out.
    """

    count: int
    body: tuple[Statement, ...]
    carries: tuple[Carry, ...]
    stacks: tuple[Stack, ...] = ()
    needed: Access | None = None


@attrs.frozen(slots=True, eq=False)
class Tape:
    """Scalar instructions without a regular structure, one after the other.

    The operands come from a pool: first the elements of the `externals` (each read over the one
    axis `lengths[j]`), one after the other, then the results of the instructions. Instruction i
    applies `ops[code[i]]` to the pool elements `operand[start[i]:start[i + 1]]` and appends its
    result; `sum` and `dot` take any number (`dot`: first half times second half). `result` is the
    array of all results. Everything is batched as soon as one external is. Never inside a loop.
    """

    result: int
    externals: tuple[Access, ...]
    lengths: tuple[int, ...]
    ops: tuple[Op, ...]
    code: NDArray[np.int64] = attrs.field(converter=_frozen_table)
    start: NDArray[np.int64] = attrs.field(converter=_frozen_table)
    operand: NDArray[np.int64] = attrs.field(converter=_frozen_table)


Statement = Bundle | Scatter | Loop | Tape


@attrs.frozen(slots=True)
class Output:
    """An array to hand back: shape (n, size) when it is batched, (size,) when not."""

    name: str
    array: int


@attrs.frozen(slots=True, eq=False)
class Program:
    """A function from inputs and parameters to the arrays named in `outputs`.

    `consts` are float64, whatever the kernel computes in. `data` is the data set that was recorded
    into the graph, shape (samples, n_inputs): the inputs of a program whose kernel has none. Of a
    `strict` program every op is rounded as it stands: nothing is fused, reordered or shared by a
    reciprocal; it keeps the graph as it was `recorded`, whose order its gradients follow. One that
    `chooses` is of a graph that does so by its inputs, which may be infinite or NaN then. In the
    derivatives of a `guarded` one every product is 0 where the factor above is, whatever the other.
    """

    n_inputs: int
    n_params: int
    consts: NDArray[np.float64]
    arrays: tuple[Array, ...]
    statements: tuple[Statement, ...]
    outputs: tuple[Output, ...]
    data: NDArray[np.float64] | None = None
    strict: bool = False
    recorded: Graph | None = None
    chooses: bool = False
    guarded: bool = False

    @property
    def takes_anything(self) -> bool:
        """Tell whether inputs may be infinite or NaN where the graph does not choose them."""
        return self.chooses if self.data is None else not bool(np.isfinite(self.data).all())

    def output(self, name: str) -> int:
        """Return the array of the output `name`; raise KeyError when there is none."""
        for output in self.outputs:
            if output.name == name:
                return output.array
        raise KeyError(name)


def extent(axes: tuple[int, ...]) -> int:
    """Return the number of points of a domain with these axes; 1 when there are none."""
    size = 1
    for length in axes:
        size *= length
    return size


def map_elements(index: IndexMap, domain: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the element numbers that a map gives over its whole domain, shape `domain`."""
    if isinstance(index, Affine):
        total = np.full(domain, index.offset, dtype=np.int64)
    else:
        total = np.broadcast_to(index.table, domain).copy()
    for axis, (length, stride) in enumerate(zip(domain, index.strides, strict=True)):
        if stride:
            steps = np.arange(length, dtype=np.int64) * stride
            total += steps.reshape((-1,) + (1,) * (len(domain) - axis - 1))
    return total
