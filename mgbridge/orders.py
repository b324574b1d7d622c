"""A function and the pullbacks of its pullbacks, each compiled when it is first asked for.

The arguments of order 0, the pullback, are *blocks* of columns: the operands, then a cotangent of
the outputs. It gives the cotangents of the operands. The arguments of order k + 1 are those of
order k, then a cotangent of each of its results; its results are the cotangents of the arguments of
order k. Parameters, where the function is differentiated to them, are a block beside these at every
order. `mgcompile.autodiff.orders` has the programs.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.autodiff import orders as programs
from mgcompile.runtime.guarded import Guarded
from mgcore.gc_pause import collector_paused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mgcompile import Kernel
    from mgcompile.backends.interface import Executable
    from mgcompile.program.ir import Program

    Floats = NDArray[Any]

__all__ = ["Arguments", "Orders"]

_FEW = 16
"""Columns that are handed over one by one; more are put side by side in one array."""


@attrs.frozen
class Arguments:
    """The arguments of one order.

    Args:
        widths: Columns of each block that is batched.
        results: How many of them, from the first on, there is a result for.
        params: How many vectors of parameters there are.
        param_results: How many of these there is a result for.
        layout: The argument at each place of the program; None where it reads zeros.
        param_layout: The same, of parameters.
    """

    widths: tuple[int, ...]
    results: int
    params: int
    param_results: int
    layout: tuple[int | None, ...]
    param_layout: tuple[int | None, ...]

    @property
    def count(self) -> int:
        """Return the number of all arguments."""
        return len(self.widths) + self.params

    def following(self) -> Arguments:
        """Return those of the next order."""
        blocks, params = len(self.widths), self.params
        layout, results = self.layout, self.results
        moving = [None if k is None or k >= results else blocks + k for k in layout]
        param_layout, param_moving = self.param_layout, tuple[int | None, ...]()
        if self.param_results:
            param_moving = tuple(
                None if k is None or k >= self.param_results else params + k for k in param_layout
            )
        return Arguments(
            widths=self.widths + self.widths[:results],
            results=blocks,
            params=params + self.param_results,
            param_results=params if self.param_results else 0,
            layout=(*layout, *moving),
            param_layout=(*param_layout, *param_moving),
        )


class Orders:
    """Values and pullbacks of a kernel's program. Safe to use from several threads at once.

    Args:
        kernel: Where the program comes from, and how it is built.
        widths: Of the blocks that its inputs are.
        to_params: Whether pullbacks are to the parameters too.
    """

    def __init__(self, kernel: Kernel, widths: Sequence[int], *, to_params: bool) -> None:
        self.program = kernel.program
        self.options = kernel.options
        self.backend = kernel.backend
        self.to_params = to_params
        self.n_outputs = self.program.arrays[self.program.output("value")].size
        places = tuple(range(len(widths) + 1))
        first = Arguments(
            widths=(*widths, self.n_outputs),
            results=len(widths),
            params=1,
            param_results=int(to_params),
            layout=places,
            param_layout=(0,),
        )
        self._arguments = [first]
        self._scalars: dict[bool, list[Program]] = {False: [], True: []}
        self._made: dict[tuple[int, str, bool], Executable] = {}
        self._lock = threading.RLock()

    def arguments(self, order: int) -> Arguments:
        """Return the arguments of a pullback."""
        with self._lock:
            while len(self._arguments) <= order:
                self._arguments.append(self._arguments[-1].following())
        return self._arguments[order]

    def value(self, blocks: Sequence[Floats], params: Floats) -> Floats:
        """Return the outputs.

        Args:
            blocks: A column (n,) for each block of one column, else (n, width); of one dtype, which
                is float64 or float32.
            params: Shape (n_params,), of the same dtype.

        Returns:
            Shape (n, n_outputs).
        """
        count = len(blocks[0])
        dtype = blocks[0].dtype
        run = self._executable(-1, dtype)
        (found,) = run(_side_by_side(blocks), count, np.ascontiguousarray(params, dtype=dtype))
        return found if found.ndim == 2 else np.broadcast_to(found, (count, self.n_outputs))

    def pullback(
        self, order: int, blocks: Sequence[Floats], params: Sequence[Floats]
    ) -> tuple[list[Floats], list[Floats]]:
        """Return the results of an order.

        Args:
            order: 0 or more.
            blocks: The batched arguments, as for `value`.
            params: Vectors, shape (n_params,) each.

        Returns:
            What there is for the blocks, shape (n, width) each, and for the parameters.
        """
        about, dtype, count = self.arguments(order), blocks[0].dtype, len(blocks[0])
        zero = np.zeros((), dtype)
        first = self._arguments[0].widths
        widths = first * (len(about.layout) // len(first))
        laid = [
            blocks[k] if k is not None else np.broadcast_to(zero, (count, width))
            for k, width in zip(about.layout, widths, strict=True)
        ]
        size = self.program.n_params
        vectors = [np.zeros(size, dtype) if k is None else params[k] for k in about.param_layout]
        run = self._executable(order, dtype)
        found = run(_side_by_side(laid), count, np.concatenate(vectors).astype(dtype, copy=False))
        rows = found[0] if found[0].ndim == 2 else np.broadcast_to(found[0], (count, sum(widths)))
        starts = np.cumsum([0, *widths])
        at = [starts[about.layout.index(k)] for k in range(about.results)]
        places = [about.param_layout.index(k) for k in range(about.param_results)]
        return (
            [rows[:, s : s + width] for s, width in zip(at, about.widths, strict=False)],
            [found[1][place * size : (place + 1) * size] for place in places],
        )

    def slopes(self, taken: Sequence[int]) -> tuple[Program, list[float]]:
        """Return the program of derivatives of the only output, by each input.

        Args:
            taken: The inputs that it was differentiated by already; each is a block of its own.

        Returns:
            A program whose first inputs are those of the function, and what its others are: the
            cotangent 1, and a unit vector for each of `taken`.
        """
        count, order = self.program.n_inputs, len(taken)
        about = self.arguments(order)
        numbers = [1.0]
        for step, k in enumerate(taken):
            numbers += [float(j == k) for j in range(self.arguments(step).results)]
        constants = [0.0 if k is None else numbers[k - count] for k in about.layout[count:]]
        if not order:
            return self._program(0), constants
        self._program(order)  # writes the scalar of this order down
        scalar = self._scalars[False][order]
        return programs.gradient(scalar, to_params=False, first=count), constants

    def _executable(self, order: int, dtype: np.dtype[Any], *, guarded: bool = False) -> Executable:
        """Return what runs an order; the outputs themselves are order -1.

        One of derivatives has two forms, unless the `guarded` one is asked for.
        """
        key = (order, dtype.name, guarded)
        if key not in self._made:
            with self._lock, collector_paused():
                if key not in self._made:
                    name: Any = dtype.name
                    program = self._program(order, guarded=guarded)
                    options = attrs.evolve(self.options, dtype=name)
                    made = self.backend.build(program, options)
                    if order >= 0 and not guarded:
                        exact = partial(self._executable, order, dtype, guarded=True)
                        slopes = tuple(range(len(program.outputs)))
                        made = Guarded(made, exact, slopes, twice=order > 0)
                    self._made[key] = made
        return self._made[key]

    def _program(self, order: int, *, guarded: bool = False) -> Program:
        program = attrs.evolve(self.program, guarded=guarded)
        if order < 0:
            return program
        if order == 0:
            return programs.pullback(program, to_params=self.to_params)
        scalars = self._scalars[guarded]
        if not scalars:
            scalars.append(programs.contraction(program))
        while len(scalars) <= order:
            scalars.append(programs.next_order(scalars[-1], to_params=self.to_params))
        return programs.gradient(scalars[order], to_params=self.to_params)


def _side_by_side(blocks: Sequence[Floats]) -> Floats | tuple[Floats, ...]:
    """Return blocks as columns, or as one array where these would be many."""
    if len(blocks) == 1:  # an array takes the shortest way
        return blocks[0] if blocks[0].ndim == 2 else blocks[0][:, None]
    if sum(block.shape[1] if block.ndim == 2 else 1 for block in blocks) > _FEW:
        return np.hstack([block if block.ndim == 2 else block[:, None] for block in blocks])
    columns: list[Floats] = []
    for block in blocks:
        columns += [block] if block.ndim == 1 else [block[:, k] for k in range(block.shape[1])]
    return tuple(columns)
