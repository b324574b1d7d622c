"""The compiled callable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import attrs
import numpy as np

from mgcompile.built import Built
from mgcompile.cache import cache_folder
from mgcompile.containers import Batch, InputNames, read_batch
from mgcompile.errors import InputError, NotFiniteError, OptionError
from mgcompile.files import write_file
from mgcompile.second_order import chosen_source, hessian, product
from mgcompile.training import Course, epoch_order, learning_rates, rule_of, run_course

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mgcompile.backend import Options, Rule, Trainer
    from mgcompile.program import Program
    from mgcompile.replays import Recording
    from mgcore import Value

    Floats = NDArray[Any]

__all__ = ["Kernel", "Signature"]


@attrs.frozen(slots=True)
class Signature:
    """What a kernel was compiled from, apart from the program.

    Args:
        inputs: Labels of the inputs.
        params: Labels of the parameters.
        several: Whether `outputs` was a list.
        checks: Whether parameters and results are checked for NaN and infinity.
    """

    inputs: tuple[str, ...]
    params: tuple[str, ...]
    several: bool
    checks: bool


class Kernel:
    """A graph as a function of its inputs and parameters, in native code.

    Made by `mgcompile.compile`. Safe to call from several threads at once.
    """

    def __init__(
        self,
        program: Program,
        signature: Signature,
        params: Floats,
        options: Options,
        backend: Any,
        leaves: Sequence[Value] = (),
        recording: Recording | None = None,
    ) -> None:
        self.program = program
        self._signature = signature
        self._options = options
        self._built = Built(program, options, backend)
        self._dtype = np.dtype(options.dtype)
        self._columns = program.n_inputs if self._built.takes_data else -1
        self._names = InputNames(signature.inputs)
        self._leaves = tuple(leaves)
        self._recording = recording
        self._recorded_batch: Batch | None = None
        self.params = params

    def prepare(self) -> Kernel:
        """Compile what a call needs now; gradients and training are compiled when first used."""
        self._built.executable("forward")
        return self

    # Parameters

    @property
    def params(self) -> Floats:
        """The current parameters, shape (n_params,), in the order of `params`: a copy."""
        return self._params.copy()

    @params.setter
    def params(self, values: Any) -> None:
        array = np.asarray(values)
        count = self.program.n_params
        if array.shape != (count,):
            message = f"params has shape {array.shape}; the kernel's is ({count},)"
            raise InputError(message)
        if array.dtype.kind not in "fiu":
            message = f"params has dtype {array.dtype}, which is no real number"
            raise InputError(message)
        array = np.array(array, dtype=self._dtype)
        if self._signature.checks:
            self._check_params(array)
        self._params = array

    def _check_params(self, array: Floats) -> None:
        bad = np.flatnonzero(~np.isfinite(array))
        if len(bad):
            place = int(bad[0])
            label = self._signature.params[place]
            message = (
                f"parameter {place}{f' ({label!r})' if label else ''} is {array[place]} (checks "
                "are on); set kernel.params to finite numbers"
            )
            raise NotFiniteError(message)

    # Running

    def __call__(self, X: Any = None) -> Any:
        """Return the values of the outputs.

        Args:
            X: An array (n, n_inputs), a sequence of columns, or a mapping from labels to columns;
                columns are arrays (n,) or numbers. One sample: an array (n_inputs,), or numbers.
                Not given when the kernel has no inputs.

        Returns:
            Shape (n,), or a list of such arrays when `outputs` was a list. For one sample a float
            or a list of floats.
        """
        if self._is_matrix(X) and not (self._signature.several or self._signature.checks):
            # The common case, without the description of a batch: this is what a call costs.
            (values,) = self._built.executable("forward")(X, len(X), self._params)
            return values[:, 0] if values.ndim > 1 else np.repeat(values, len(X))
        batch = self._batch(X)
        (values,) = self._built.executable("forward")(batch.inputs, batch.count, self._params)
        return self._values(values, batch)

    def value_and_grad(self, X: Any) -> tuple[Any, Any]:
        """Return the values and, per sample, the derivatives of each to each input.

        Args:
            X: As for a call.

        Returns:
            The values, as a call gives them, and d value/d input in the container that X is: an
            array (n, n_inputs), or columns (n,). When `outputs` was a list: one such for each.
        """
        if not self._built.takes_data:
            message = "the kernel has no inputs to differentiate by; use loss_and_grad()"
            raise InputError(message)
        if self._is_matrix(X) and not (self._signature.several or self._signature.checks):
            values, gradient = self._built.executable("inputs")(X, len(X), self._params)
            if values.ndim > 1 and gradient.ndim > 1:
                return values[:, 0], gradient
        batch = self._batch(X)
        gradients = []
        for output in range(self._built.n_outputs):
            run = self._built.executable("inputs", output)
            values, gradient = run(batch.inputs, batch.count, self._params)
            gradient = batch.per_sample(gradient)
            self._check_result(gradient, "a gradient to the inputs", batch)
            gradients.append(batch.gradient(gradient))
        found = self._values(values, batch)
        return found, gradients if self._signature.several else gradients[0]

    def loss_and_grad(
        self, X: Any = None, reduction: Literal["mean", "sum"] = "mean"
    ) -> tuple[float, Floats]:
        """Return the loss over all samples and its gradient to the parameters.

        Args:
            X: As for a call; not given when the kernel has no inputs.
            reduction: "mean" or "sum" over the samples. A loss recorded over its data set already
                is what it is, and is not reduced.

        Returns:
            A float, and the gradient, shape (n_params,).
        """
        if reduction not in ("mean", "sum"):
            message = f"reduction is {reduction!r}; it is 'mean' or 'sum'"
            raise OptionError(message)
        run = self._built.executable("loss")
        if self._is_matrix(X) and len(X) and not self._signature.checks:
            count = len(X)
            loss, gradient = run(X, count, self._params)
            if reduction == "sum":
                return float(loss[0]), gradient
            gradient /= count
            return float(loss[0]) / count, gradient
        batch = self._batch(X)
        loss, gradient = run(batch.inputs, batch.count, self._params)
        total = float(loss[0])
        if reduction == "mean" and self._built.takes_data:
            if not batch.count:
                message = "X has no samples, so there is no mean loss; use reduction='sum'"
                raise InputError(message)
            total /= batch.count
            gradient /= self._dtype.type(batch.count)
        if self._signature.checks:
            both = np.append(gradient, total)
            self._check_result(both, "the loss or its gradient", batch, per_sample=False)
        return total, gradient

    def hvp(
        self, X: Any = None, v: Any = None, wrt: Literal["inputs", "params"] | None = None
    ) -> Any:
        """Return the product of the Hessian with a vector, by forward over reverse mode.

        Args:
            X: As for a call; not given when the kernel has no inputs.
            v: The vector. To inputs: in a container as X, a vector for every sample, or an array
                (n_inputs,), one for all. To params: shape (n_params,).
            wrt: "inputs" (of each value, per sample) or "params" (of the mean loss); by default
                inputs, or params when the kernel has no inputs.

        Returns:
            To inputs: in the container that X is, as a gradient. To params: shape (n_params,).
        """
        batch = self._batch(X)
        source = chosen_source(self._built, wrt)
        return product(self._built, self._names, source, batch, self._params, v)

    def hessian(self, X: Any = None, wrt: Literal["inputs", "params"] | None = None) -> Floats:
        """Return the matrix of second derivatives.

        Args:
            X: As for a call; not given when the kernel has no inputs.
            wrt: As for `hvp`.

        Returns:
            To inputs: shape (n, n_inputs, n_inputs), or (n_inputs, n_inputs) for one sample. To
            params: shape (n_params, n_params), of the mean loss.
        """
        source = chosen_source(self._built, wrt)
        return hessian(self._built, source, self._batch(X), self._params)

    def explain(self, kind: Literal["forward", "inputs", "loss"] = "forward") -> str:
        """Return the program for a person to read.

        Args:
            kind: "forward", "inputs" (values and gradients to inputs) or "loss" (loss and gradient
                to parameters: what a training step computes).

        Returns:
            A summary (matrix products with sizes, loops, gathers, what stayed irregular and why,
            flops and bytes), then the statements.
        """
        from mgcompile.explain import explain

        return explain(self._built.derived(kind), self._options.dtype)

    def save(self, path: str | Path) -> None:
        """Write the kernel to a file, whole or not at all; `mgcompile.load` reads it.

        Args:
            path: Of the file. It is a pickle: load only files that you trust.
        """
        write_file(self, path)

    def __getstate__(self) -> dict[str, Any]:
        return {
            "program": self.program,
            "signature": self._signature,
            "params": self._params,
            "options": attrs.evolve(self._options, cache=None),
            "cached": self._options.cache is not None,
            "backend": self._built.backend_name,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        options = state["options"]
        if state["cached"]:
            options = attrs.evolve(options, cache=cache_folder())
        self.__init__(  # type: ignore[misc] # a kernel is its program, parameters and options
            state["program"], state["signature"], state["params"], options, state["backend"]
        )

    def __repr__(self) -> str:
        return (
            f"<kernel of {self.program.n_params} parameters, {len(self._signature.inputs)} inputs, "
            f"{self._built.n_outputs} outputs, {self._options.dtype}, {self._built.backend_name}>"
        )

    def train(
        self,
        X: Any = None,
        optimizer: Any = None,
        *,
        epochs: int = 1,
        batch_size: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        progress: Callable[[int, float], object] | None = None,
    ) -> list[float]:
        """Train the parameters; the loop runs in native code.

        The parameters are written back to the kernel and to the leaves that were compiled, also
        when Ctrl-C or an error in `progress` ends the training early.

        Args:
            X: As for a call; not given when the kernel has no inputs.
            optimizer: `mgnn.optim.SGD(...)` or `mgnn.optim.Adam(...)`.
            epochs: Passes over the samples.
            batch_size: Samples of an update; None for all at once. A loss recorded over its data
                set has to be a mean or a sum over the samples; it is then estimated from those of
                the batch, scaled to all.
            shuffle: Whether every epoch has its own order of samples.
            seed: Of that order.
            progress: Called after every epoch with its number (from 0) and loss.

        Returns:
            The loss of each epoch: the mean over the samples, each at the time it was used.
        """
        rule = rule_of(optimizer)
        batch = self._batch(X)
        _check_count("epochs", epochs)
        if not batch.count:
            message = "X has no samples to train on"
            raise InputError(message)
        size = batch.count if batch_size is None else batch_size
        _check_count("batch_size", size)
        mixed = shuffle and size < batch.count
        course = Course(
            trainer=self._batch_trainer(rule, batch_size, batch.count),
            rule=rule,
            inputs=batch.inputs,
            count=batch.count,
            epochs=epochs,
            batch_size=min(size, batch.count),
            order=(lambda epoch: epoch_order(seed, epoch, batch.count)) if mixed else None,
            rates=lambda first, count: learning_rates(optimizer, first, count),
            progress=None if progress is None else lambda epoch, loss, _: progress(epoch, loss),
        )
        return self.run(course)

    def trainer(self, rule: Rule) -> Trainer:
        """Return the native training loop for an update rule."""
        return self._built.trainer(rule)

    def _batch_trainer(self, rule: Rule, batch_size: int | None, count: int) -> Trainer:
        """Return the training loop that takes `batch_size` of `count` samples at a time."""
        whole = batch_size is None or (self.program.data is not None and batch_size >= count)
        if self._built.takes_data or whole:
            return self._built.trainer(rule)
        try:
            return self._built.trainer(rule, "minibatch")
        except OptionError as error:
            message = (
                f"batch_size is {batch_size}, but the loss was recorded over its whole data set "
                f"and cannot be cut: {error}. Leave batch_size out, or compile the loss of one "
                "sample with inputs=[...]"
            )
            raise OptionError(message) from error

    def run(self, course: Course) -> list[float]:
        """Run a training course on this kernel's parameters and write them back."""
        params = self._params.copy()
        losses: list[float] = []
        try:
            run_course(course, params, losses)
        finally:
            self._params = params
            self.write_back(params)
        if self._signature.checks:
            self._check_params(params)
        return losses

    def write_back(self, params: Floats) -> None:
        """Write parameters to the leaves that were compiled."""
        for leaf, value in zip(self._leaves, params.tolist(), strict=False):
            leaf.data = value

    # Helpers

    def _is_matrix(self, X: Any) -> bool:
        """Tell whether X is an array (n, n_inputs) that needs no conversion."""
        return (
            type(X) is np.ndarray
            and X.dtype is self._dtype
            and X.ndim == 2
            and X.shape[1] == self._columns
        )

    def _batch(self, X: Any) -> Batch:
        if self._built.takes_data:
            if self._is_matrix(X):
                return Batch(X, X.shape[0], "array", single=False)
            return read_batch(X, self._names, self._dtype)
        if X is not None:
            message = "the kernel was compiled with inputs=[] and takes no X"
            raise InputError(message)
        return self._recorded()

    def _recorded(self) -> Batch:
        if self._recorded_batch is None:
            data = self.program.data
            rows = np.zeros((1, 0)) if data is None else data
            array = np.ascontiguousarray(rows, dtype=self._dtype)
            self._recorded_batch = Batch(array, len(array), "array", single=True)
        return self._recorded_batch

    def _values(self, values: Floats, batch: Batch) -> Any:
        self._check_result(values, "a value", batch)
        if batch.single:
            found = values.reshape(-1)[: self._built.n_outputs]
            return found.tolist() if self._signature.several else float(found[0])
        rows = batch.per_sample(values)
        return list(rows.T) if self._signature.several else rows[:, 0]

    def _check_result(
        self, result: Floats, what: str, batch: Batch, *, per_sample: bool = True
    ) -> None:
        if not self._signature.checks:
            return
        finite = np.isfinite(result)
        if np.all(finite):
            return
        self._check_params(self._params)
        message = f"{what} is infinite or NaN (checks are on), with finite parameters"
        if self._recording is None:
            message = f"{message}; look at X"
            raise NotFiniteError(message)
        rows = batch.rows()
        suspects = np.arange(len(rows))
        if per_sample and len(result) == len(rows):
            suspects = np.flatnonzero(~finite.reshape(len(rows), -1).all(axis=1))
        account = self._recording.account(rows, suspects.tolist(), self._params)
        message = f"{message}; {account}"
        raise NotFiniteError(message)


def _check_count(name: str, count: object) -> None:
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        message = f"{name} is {count!r}; it is a whole number of at least 1"
        raise OptionError(message)
