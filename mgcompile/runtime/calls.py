"""Calls of a kernel the long way: read X, run the program, check the results, hand them over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from mgcompile.errors import InputError
from mgcompile.runtime.arguments import read_batch
from mgcompile.runtime.fast_path import in_dtype
from mgcompile.runtime.hessian import chosen_source, product
from mgcompile.runtime.jacobian import check_choice
from mgcompile.runtime.out import fill, fill_both

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mgcompile.backends.interface import Shortcut
    from mgcompile.runtime.arguments import Batch, InputNames
    from mgcompile.runtime.compiled_programs import Built
    from mgcompile.runtime.finite_checks import Checks
    from mgcompile.runtime.hessian import Hessians
    from mgcompile.runtime.jacobian import Jacobians

    Floats = NDArray[Any]

__all__ = ["Calls"]


@attrs.frozen(slots=True, eq=False)
class Calls:
    """What a kernel needs for its calls; `mgcompile.runtime.kernel.Kernel` says what these take.

    Args:
        built: The programs.
        jacobians: Those of several outputs.
        hessians: Those of one output.
        checks: Of results.
        names: Of the inputs.
        dtype: Of the programs.
        several: Whether `outputs` was a list.
        recorded: What a kernel without X takes instead.
    """

    built: Built
    jacobians: Jacobians
    hessians: Hessians
    checks: Checks
    names: InputNames
    dtype: np.dtype[Any]
    several: bool
    recorded: Batch | None

    def batch(self, X: Any) -> Batch:
        """Read X, or take what the kernel has instead of it."""
        if self.recorded is None:
            return read_batch(X, self.names, self.dtype)
        if X is not None:
            message = "the kernel was compiled with inputs=[] and takes no X"
            raise InputError(message)
        return self.recorded

    def tried(self, shortcut: Shortcut, X: Any, params: Floats, mean: bool) -> tuple[Any, Any]:
        """Try a shortcut once more with an array of another dtype; return what it gave, and X."""
        converted = in_dtype(X, self.dtype) if self.recorded is None else None
        if converted is None:
            return None, X
        return shortcut(converted, params, mean), converted

    def values(self, shortcut: Shortcut, X: Any, params: Floats) -> Any:
        """Return the values of the outputs."""
        found, X = self.tried(shortcut, X, params, False)
        if found is not None:
            return found
        batch = self.batch(X)
        (values,) = self.built.executable("forward")(batch.inputs, batch.count, params)
        self.checks.check_result(values, "a value", batch, params)
        return batch.values(values, several=self.several)

    def value_and_grad(self, shortcut: Shortcut, X: Any, params: Floats, out: Any) -> Any:
        """Return the values, and the derivatives to the inputs."""
        found, X = self.tried(shortcut, X, params, False)
        if found is not None:
            return found if out is None else fill_both(out, found, self.several)
        batch = self.batch(X)
        if out is not None:
            batch = batch.as_array()
        if self.several:
            values, made = self.jacobians.with_values(batch, params)
            gradients: Any = [batch.gradient(made[:, k]) for k in range(made.shape[1])]
        else:
            values, gradient = self.built.executable("inputs")(batch.inputs, batch.count, params)
            made = batch.per_sample(gradient)
            gradients = batch.gradient(made)
        self.checks.check_result(made, "a gradient to the inputs", batch, params)
        self.checks.check_result(values, "a value", batch, params)
        pair = batch.values(values, several=self.several), gradients
        return pair if out is None else fill_both(out, pair, self.several)

    def loss_and_grad(
        self, shortcut: Shortcut, X: Any, params: Floats, *, mean: bool
    ) -> tuple[float, Floats]:
        """Return the loss over all samples, and its gradient to the parameters."""
        found, X = self.tried(shortcut, X, params, mean)
        if found is not None:
            return found  # type: ignore[no-any-return]  # of this form, for such a program
        batch = self.batch(X)
        loss, gradient = self.built.executable("loss")(batch.inputs, batch.count, params)
        total = float(loss[0])
        if mean and self.built.takes_data:
            if not batch.count:
                message = "X has no samples, so there is no mean loss; use reduction='sum'"
                raise InputError(message)
            total /= batch.count
            gradient /= self.dtype.type(batch.count)
        for result in (total, gradient):
            self.checks.check_result(
                result, "the loss or its gradient", batch, params, per_sample=False
            )
        return total, gradient

    def jacobian(
        self, X: Any, params: Floats, wrt: Any, *, per_sample: bool, mode: Any, out: Any
    ) -> Any:
        """Return the derivatives of all outputs."""
        source = check_choice(self.built, wrt, mode, per_sample=per_sample)
        batch = self.batch(X)
        if out is not None:
            batch = batch.as_array()
        if source == "inputs":
            found = self.jacobians.to_inputs(batch, params, mode)
        else:
            found = self.jacobians.to_params(batch, params, mode, per_sample=per_sample)
        own = source == "inputs" or per_sample
        self.checks.check_result(found, "a derivative", batch, params, per_sample=own)
        given = self._given(found, batch, to_inputs=source == "inputs", own=own)
        return given if out is None else fill(out, given)

    def _given(self, found: Floats, batch: Batch, *, to_inputs: bool, own: bool) -> Any:
        """Return a Jacobian in the form of X, and of the outputs."""
        if to_inputs:
            return batch.jacobian(found) if self.several else batch.gradient(found[:, 0])
        found = found[0] if own and batch.single else found
        return found if self.several else found[..., 0, :]

    def hvp(self, X: Any, params: Floats, v: Any, wrt: Any) -> Any:
        """Return the product of the Hessian with a vector."""
        batch = self.batch(X)
        source = chosen_source(self.built, wrt)
        found, made = product(self.built, self.names, source, batch, params, v)
        self.checks.check_result(
            made, "a product with the Hessian", batch, params, per_sample=source == "inputs"
        )
        return found

    def hessian(self, X: Any, params: Floats, wrt: Any) -> Floats:
        """Return the matrix of second derivatives."""
        source = chosen_source(self.built, wrt)
        batch = self.batch(X)
        found = self.hessians(source, batch, params)
        self.checks.check_result(
            found, "a second derivative", batch, params, per_sample=source == "inputs"
        )
        return found
