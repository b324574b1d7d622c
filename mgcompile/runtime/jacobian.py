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
from mgcompile.runtime.jacobian_plan import FEW, dense_plan, has_few_outputs, sparse_plan
from mgcompile.runtime.jacobian_sweeps import Sweeps, place_entries, prove_entries
from mgcompile.support.sweeps import Sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from mgcompile.runtime.arguments import Batch
    from mgcompile.runtime.compiled_programs import Built, Source
    from mgcompile.runtime.jacobian_plan import Part, Plan

    Floats = NDArray[Any]

__all__ = ["Jacobians", "check_choice"]

Mode = Literal["forward", "reverse"]


def check_choice(built: Built, wrt: str | None, mode: str | None, *, per_sample: bool) -> Source:
    """Return what the Jacobian is to: "inputs" or "params".

    Raises:
        OptionError: if there is no such thing.
    """
    chosen = built.source(wrt)
    if mode not in (None, "forward", "reverse"):
        message = f"mode is {mode!r}; it is 'forward', 'reverse' or None, the cheaper one"
        raise OptionError(message)
    if per_sample and built.program.data is not None:
        message = "the loss was recorded over its data set: it has no Jacobian per sample"
        raise OptionError(message)
    return chosen


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
    _sweeps: dict[tuple[Source, Part], Sweeps] = attrs.field(factory=dict, init=False)
    _proved: set[Part] = attrs.field(factory=set, init=False)

    def plan(self, wrt: Source, mode: Mode | None = None) -> Plan:
        """Return how a Jacobian is computed."""
        found = self._plans.get((wrt, mode))
        if found is None:
            program, outputs = self.built.program, self.built.n_outputs
            source = INPUTS if wrt == "inputs" else PARAMS
            leaves = program.arrays[source].size
            found = dense_plan(outputs, leaves, mode)
            if wrt == "inputs" and has_few_outputs(found, mode):
                found = attrs.evolve(dense_plan(outputs, leaves, "reverse"), together=True)
            elif len(found.parts[0].directions) > FEW:
                pattern = dependence(program, source)
                found = found if pattern is None else sparse_plan(pattern, mode)
            self._plans[wrt, mode] = found
        return found

    def with_values(self, batch: Batch, params: Floats) -> tuple[Floats, Floats]:
        """Return the values, as a program gives them, and what `to_inputs` gives."""
        if self.plan("inputs").together:
            return self._all_inputs(batch, params)
        (values,) = self.built.executable("forward")(batch.inputs, batch.count, params)
        return values, self.to_inputs(batch, params)

    def to_inputs(self, batch: Batch, params: Floats, mode: Mode | None = None) -> Floats:
        """Return the derivatives to the inputs, shape (n, n_outputs, n_inputs)."""
        if self.plan("inputs", mode).together:
            return self._all_inputs(batch, params)[1]
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
        rows = batch.rows() if self.built.takes_data else np.zeros((1, 0), self.dtype)
        found = np.zeros(plan.shape, self.dtype)
        for part in plan.parts:
            if part.mode == "reverse" or self.built.program.data is not None:
                total = self._shared(part, batch, params)
            else:
                each = self._apart(part, "params", rows, params)
                total = sum((results.sum(axis=0) for _, results in each), np.zeros(1, self.dtype))
            if batch.count:
                place_entries(part, total[None], found[None])
        return found

    def _all_inputs(self, batch: Batch, params: Floats) -> tuple[Floats, Floats]:
        """Return values, and gradients, shape (n, n_outputs, n_inputs), by one program."""
        values, found = self.built.executable("all_inputs")(batch.inputs, batch.count, params)
        shape = (batch.count, self.built.n_outputs, self.built.program.n_inputs)
        return values, batch.per_sample(found).reshape(shape)

    def _is_gradient(self, wrt: Source, mode: Mode | None) -> bool:
        """Tell whether the Jacobian is the gradient of one output, which has its own program."""
        alone = self.built.n_outputs == 1
        return alone and self.plan(wrt, mode).parts[0].mode == "reverse"

    def _of_each(self, wrt: Source, batch: Batch, params: Floats, mode: Mode | None) -> Floats:
        plan = self.plan(wrt, mode)
        rows = batch.rows() if self.built.takes_data else np.zeros((1, 0), self.dtype)
        if len(plan.parts) == 1 and plan.parts[0].rows is None:
            sweeps = self._ready(plan.parts[0], wrt)
            if len(rows) <= sweeps.at_once:
                return sweeps.matrix(sweeps.along_each(rows, params))
        found = np.zeros((len(rows), *plan.shape), self.dtype)
        for part in plan.parts:
            for samples, results in self._apart(part, wrt, rows, params):
                place_entries(part, results, found[samples])
        return found

    def _apart(
        self, part: Part, wrt: Source, rows: Floats, params: Floats
    ) -> Iterator[tuple[slice, Floats]]:
        """Yield some samples, and their results along all directions: (samples, sweeps, size)."""
        sweeps = self._ready(part, wrt)
        for start in range(0, len(rows), sweeps.at_once):
            samples = slice(start, min(start + sweeps.at_once, len(rows)))
            yield samples, sweeps.along_each(rows[samples], params)

    def _ready(self, part: Part, wrt: Source) -> Sweeps:
        found = self._sweeps.get((wrt, part))
        if found is None:
            run = self.built.executable(Sweep(part.mode, wrt).kind)
            directions = part.directions.astype(self.dtype)
            columns = self.built.program.n_inputs
            found = Sweeps(part.mode, run, directions, columns)
            self._prove(part, lambda at, some: attrs.evolve(found, directions=some).once(*at))
            self._sweeps[wrt, part] = found
        return found

    def _shared(self, part: Part, batch: Batch, params: Floats) -> Floats:
        """Return the results along all directions, of all samples together: (sweeps, size)."""
        run = self.built.executable(Sweep(part.mode, "params", shared=True).kind)

        def along(inputs: Any, count: int, params: Floats, directions: Floats) -> Floats:
            each = [run(inputs, count, np.concatenate([params, v]))[0] for v in directions]
            return np.stack(each)

        if part not in self._proved:
            self._prove(part, lambda at, some: along(at[0], len(at[0]), at[1], some))
            self._proved.add(part)
        return along(batch.inputs, batch.count, params, part.directions.astype(self.dtype))

    def _prove(self, part: Part, along: Callable[[tuple[Floats, Floats], Floats], Floats]) -> None:
        """Hold the entries that a part gives to one sweep for all of them, as recorded."""
        at = self.built.point_to_prove(self.dtype)
        if part.rows is not None and at is not None:
            prove_entries(
                part,
                lambda directions: along(at, directions.astype(self.dtype)),
                (self.built.n_outputs, part.leaves),
                "Jacobian",
            )
