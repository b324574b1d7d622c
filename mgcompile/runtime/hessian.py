"""Products with Hessians, and whole Hessians, of a kernel's program.

A Hessian is the Jacobian of the gradient in forward mode. Two leaves that no slope depends on
together share a product: a banded matrix takes as many as its band is wide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.errors import InputError, OptionError
from mgcompile.program.dependence import dependence
from mgcompile.program.ir import INPUTS, PARAMS
from mgcompile.runtime.arguments import InputNames, read_batch
from mgcompile.runtime.jacobian_plan import FEW, dense_plan, sparse_plan
from mgcompile.runtime.jacobian_sweeps import Sweeps, place_entries, prove_entries
from mgcompile.runtime.tables import as_array

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mgcompile.backends.interface import Executable
    from mgcompile.runtime.arguments import Batch
    from mgcompile.runtime.compiled_programs import Built, Source
    from mgcompile.runtime.jacobian_plan import Part, Plan

    Floats = NDArray[Any]

__all__ = ["Hessians", "chosen_source", "product"]

_GRADIENTS: dict[Source, tuple[int, str, str]] = {
    "inputs": (INPUTS, "inputs", "input_gradient"),
    "params": (PARAMS, "loss", "param_gradient"),
}
"""The array of the leaves, the program of the gradient to them, and its output."""


def chosen_source(built: Built, wrt: str | None) -> Source:
    """Return "inputs" or "params": what second derivatives are taken to.

    Raises:
        OptionError: if there is no such thing, or the kernel has several outputs.
    """
    chosen = built.source(wrt)
    if built.n_outputs != 1:
        message = f"second derivatives are of one output; the kernel has {built.n_outputs}"
        raise OptionError(message)
    return chosen


def product(
    built: Built, names: InputNames, source: Source, batch: Batch, params: Floats, v: Any
) -> tuple[Any, Floats]:
    """Return the Hessian times `v`, as `Kernel.hvp` says, and as an array.

    Args:
        built: The kernel's programs.
        names: The inputs.
        source: What `chosen_source` gave.
        batch: The samples.
        params: Shape (n_params,).
        v: The vector, or one for every sample.
    """
    dtype = params.dtype
    if source == "params":
        run, mean = built.executable("param_product"), built.takes_data
        vector = _vector(v, len(params), dtype)
        made = _along_params(run, batch.inputs, batch.count, params, vector, mean=mean)
        return made, made
    count = len(names.labels)
    if isinstance(v, np.ndarray) and v.shape == (count,) and v.dtype.kind in "fiu":
        vectors = as_array(v, "v")
    else:
        found = read_batch(v, names, dtype, "v")
        if found.count not in (1, batch.count):
            message = f"v has {found.count} vectors, X has {batch.count} samples"
            raise InputError(message)
        vectors = found.rows()
    points = np.empty((batch.count, 2 * count), dtype)
    points[:, :count] = batch.rows()
    points[:, count:] = vectors
    (rows,) = built.executable("input_product")(points, batch.count, params)
    made = batch.per_sample(rows)
    return batch.gradient(made), made


@attrs.frozen(slots=True, eq=False)
class Hessians:
    """The Hessians of one kernel: along which vectors products are taken is found when first asked.

    Args:
        built: The kernel's programs.
        dtype: Of the kernel.
    """

    built: Built
    dtype: np.dtype[Any]
    _plans: dict[Source, Plan] = attrs.field(factory=dict, init=False)
    _sweeps: dict[Part, Sweeps] = attrs.field(factory=dict, init=False)
    _proved: set[Part] = attrs.field(factory=set, init=False)

    def plan(self, source: Source) -> Plan:
        """Return along which vectors products are taken."""
        found = self._plans.get(source)
        if found is None:
            array, kind, gradient = _GRADIENTS[source]
            leaves = self.built.program.arrays[array].size
            found = dense_plan(leaves, leaves, "forward")
            if leaves > FEW:
                program = self.built.derived(kind, quick=True)
                pattern = dependence(program, array, gradient)
                found = found if pattern is None else sparse_plan(pattern, "forward")
            self._plans[source] = found
        return found

    def __call__(self, source: Source, batch: Batch, params: Floats) -> Floats:
        """Return the whole Hessian, as `Kernel.hessian` says."""
        if source == "params":
            return self._to_params(batch, params)
        found = self._to_inputs(batch, params)
        return found[0] if batch.single else found

    def _to_inputs(self, batch: Batch, params: Floats) -> Floats:
        plan, rows = self.plan("inputs"), batch.rows()
        found = np.zeros((len(rows), *plan.shape), self.dtype)
        for part in plan.parts:
            sweeps = self._ready(part)
            for start in range(0, len(rows), sweeps.at_once):
                some = slice(start, start + sweeps.at_once)
                place_entries(part, sweeps.along_each(rows[some], params), found[some])
        return found

    def _to_params(self, batch: Batch, params: Floats) -> Floats:
        plan = self.plan("params")
        found = np.zeros(plan.shape, self.dtype)
        run, mean = self.built.executable("param_product"), self.built.takes_data

        def along(inputs: Any, count: int, params: Floats, directions: Floats) -> Floats:
            each = [_along_params(run, inputs, count, params, v, mean=mean) for v in directions]
            return np.stack(each)

        for part in plan.parts:
            if part not in self._proved:
                self._prove(part, "params", lambda at, some: along(at[0], len(at[0]), at[1], some))
                self._proved.add(part)
            directions = part.directions.astype(self.dtype)
            results = along(batch.inputs, batch.count, params, directions)
            place_entries(part, results[None], found[None])
        return found

    def _ready(self, part: Part) -> Sweeps:
        found = self._sweeps.get(part)
        if found is None:
            run = self.built.executable("input_product")
            directions = part.directions.astype(self.dtype)
            found = Sweeps("forward", run, directions, self.built.program.n_inputs)
            made = found
            self._prove(
                part, "inputs", lambda at, some: attrs.evolve(made, directions=some).once(*at)
            )
            self._sweeps[part] = found
        return found

    def _prove(
        self,
        part: Part,
        source: Source,
        along: Callable[[tuple[Floats, Floats], Floats], Floats],
    ) -> None:
        """Hold the entries that a part gives to one product for all of them, as recorded."""
        at = self.built.point_to_prove(self.dtype)
        if part.rows is not None and at is not None:
            prove_entries(
                part,
                lambda directions: along(at, directions.astype(self.dtype)),
                self.plan(source).shape,
                "Hessian",
            )


def _vector(v: Any, count: int, dtype: np.dtype[Any]) -> Floats:
    array = as_array(v, "v")
    if array.shape != (count,) or array.dtype.kind not in "fiu":
        message = f"v has shape {array.shape}, dtype {array.dtype}; give {count} real numbers"
        raise InputError(message)
    return array.astype(dtype)


def _along_params(
    run: Executable, inputs: Any, count: int, params: Floats, vector: Floats, *, mean: bool
) -> Floats:
    """Return the product of the Hessian of the loss, a mean or a sum over samples, and a vector."""
    (found,) = run(inputs, count, np.concatenate([params, vector]))
    return found / params.dtype.type(max(1, count)) if mean else found
