"""Jacobians of a kernel: run the sweeps of a plan and put the entries in their places.

Where directions are the samples' own, every sample goes through a program once for each direction,
as so many samples of one call. Where all samples share a direction, every direction is a call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import attrs
import numpy as np

from mgcompile.errors import OptionError
from mgcompile.program.dependence import dependence
from mgcompile.program.ir import INPUTS, PARAMS
from mgcompile.runtime.jacobian_plan import FEW, dense_plan, sparse_plan
from mgcompile.support.sweeps import Sweep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mgcompile.backends.interface import Executable
    from mgcompile.runtime.arguments import Batch
    from mgcompile.runtime.compiled_programs import Built
    from mgcompile.runtime.jacobian_plan import Part, Plan

    Floats = NDArray[Any]

__all__ = ["Jacobians", "check_choice"]

_AT_ONCE = 1 << 20
"""Numbers that go into a call at most: samples with their directions."""

Source = Literal["inputs", "params"]
Mode = Literal["forward", "reverse"]


def check_choice(built: Built, wrt: str | None, mode: str | None, *, per_sample: bool) -> Source:
    """Return what the Jacobian is to: "inputs" or "params".

    Raises:
        OptionError: if there is no such thing.
    """
    chosen = wrt or ("inputs" if built.takes_data else "params")
    if chosen not in ("inputs", "params"):
        message = f"wrt is {wrt!r}; it is 'inputs' or 'params'"
        raise OptionError(message)
    if chosen == "inputs" and not built.takes_data:
        message = "the kernel has no inputs; take wrt='params'"
        raise OptionError(message)
    if mode not in (None, "forward", "reverse"):
        message = f"mode is {mode!r}; it is 'forward', 'reverse' or None, the cheaper one"
        raise OptionError(message)
    if per_sample and built.program.data is not None:
        message = "the loss was recorded over its data set: it has no Jacobian per sample"
        raise OptionError(message)
    return "inputs" if chosen == "inputs" else "params"


@attrs.frozen(slots=True, eq=False)
class Jacobians:
    """The Jacobians of one kernel: plans are made, and programs built, when they are first needed.

    Args:
        built: The kernel's programs.
        dtype: Of the kernel.
    """

    built: Built
    dtype: np.dtype[Any]
    _plans: dict[tuple[Source, Mode | None], Plan] = attrs.field(factory=dict, init=False)

    def plan(self, wrt: Source, mode: Mode | None = None) -> Plan:
        """Return how a Jacobian is computed."""
        found = self._plans.get((wrt, mode))
        if found is None:
            program, outputs = self.built.program, self.built.n_outputs
            source = INPUTS if wrt == "inputs" else PARAMS
            leaves = program.arrays[source].size
            found = dense_plan(outputs, leaves, mode)
            if len(found.parts[0].directions) > FEW:
                pattern = dependence(program, source)
                found = found if pattern is None else sparse_plan(pattern, mode)
            self._plans[wrt, mode] = found
        return found

    def to_inputs(self, batch: Batch, params: Floats, mode: Mode | None = None) -> Floats:
        """Return the derivatives to the inputs, shape (n, n_outputs, n_inputs)."""
        if self._is_gradient("inputs", mode):
            _, gradient = self.built.executable("inputs")(batch.inputs, batch.count, params)
            return batch.per_sample(gradient)[:, None]
        return self._of_each("inputs", batch, params, mode)

    def to_params(
        self, batch: Batch, params: Floats, mode: Mode | None = None, *, per_sample: bool = False
    ) -> Floats:
        """Return the derivatives to the parameters.

        Returns:
            Shape (n_outputs, n_params), summed over the samples, or with `per_sample`
            (n, n_outputs, n_params).
        """
        if per_sample:
            return self._of_each("params", batch, params, mode)
        if self._is_gradient("params", mode):
            _, gradient = self.built.executable("loss")(batch.inputs, batch.count, params)
            return gradient[None]
        plan = self.plan("params", mode)
        found = np.zeros(plan.shape, self.dtype)
        for part in plan.parts:
            if part.mode == "reverse" or self.built.program.data is not None:
                sweeps = self._shared(part, batch, params)
                _place(part, sweeps[None], found[None])
                continue
            for samples, sweeps in self._apart(part, "params", batch, params):
                some = np.zeros((len(samples), *plan.shape), self.dtype)
                _place(part, sweeps, some)
                found += some.sum(axis=0)
        return found

    def _is_gradient(self, wrt: Source, mode: Mode | None) -> bool:
        """Tell whether the Jacobian is the gradient of one output, which has its own program."""
        alone = self.built.n_outputs == 1
        return alone and self.plan(wrt, mode).parts[0].mode == "reverse"

    def _of_each(self, wrt: Source, batch: Batch, params: Floats, mode: Mode | None) -> Floats:
        plan = self.plan(wrt, mode)
        whole = len(plan.parts) == 1 and plan.parts[0].rows is None
        make = np.empty if whole else np.zeros
        found = make((batch.count, *plan.shape), self.dtype)
        for part in plan.parts:
            for samples, sweeps in self._apart(part, wrt, batch, params):
                if whole and part.mode == "reverse" and len(samples) == batch.count:
                    return sweeps
                _place(part, sweeps, found[samples.start : samples.stop])
        return found

    def _apart(
        self, part: Part, wrt: Source, batch: Batch, params: Floats
    ) -> Iterator[tuple[range, Floats]]:
        """Yield some samples, and their results along all directions: (samples, sweeps, size)."""
        run = self.built.executable(Sweep(part.mode, wrt).kind)
        directions = part.directions.astype(self.dtype)
        rows = batch.rows() if self.built.takes_data else np.zeros((1, 0), self.dtype)
        count, width = directions.shape
        step = max(1, _AT_ONCE // max(1, count * (rows.shape[1] + width)))
        for start in range(0, len(rows), step):
            samples = range(start, min(start + step, len(rows)))
            yield samples, _along_each(run, rows[samples.start : samples.stop], directions, params)

    def _shared(self, part: Part, batch: Batch, params: Floats) -> Floats:
        """Return the results along all directions, of all samples together: (sweeps, size)."""
        run = self.built.executable(Sweep(part.mode, "params", shared=True).kind)
        found = [
            run(batch.inputs, batch.count, np.concatenate([params, direction]))[0]
            for direction in part.directions.astype(self.dtype)
        ]
        return np.stack(found)


def _along_each(run: Executable, rows: Floats, directions: Floats, params: Floats) -> Floats:
    """Run a program for every row with every direction; shape (rows, directions, size)."""
    n, columns = rows.shape
    count, width = directions.shape
    lanes = np.empty((n, count, columns + width), directions.dtype)
    lanes[:, :, :columns] = rows[:, None]
    lanes[:, :, columns:] = directions
    (found,) = run(lanes.reshape(n * count, columns + width), n * count, params)
    if found.ndim == 1:  # the same for all samples: the derivative is 0
        found = np.broadcast_to(found, (n * count, len(found)))
    return found.reshape(n, count, found.shape[1])


def _place(part: Part, sweeps: Floats, found: Floats) -> None:
    """Write what the sweeps gave, (n, sweeps, size), to its places in (n, outputs, leaves)."""
    if part.rows is None:
        found[...] = sweeps.transpose(0, 2, 1) if part.mode == "forward" else sweeps
        return
    element = part.rows if part.mode == "forward" else part.columns
    found[:, part.rows, part.columns] = sweeps[:, part.sweep, element]
