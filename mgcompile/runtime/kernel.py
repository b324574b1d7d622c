"""The compiled callable."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Generic, Literal

import attrs
import numpy as np

from mgcompile.errors import InputError, OptionError
from mgcompile.program.optimizer import OptimizerSpec
from mgcompile.program.traversal import ops_of
from mgcompile.runtime.arguments import InputNames, read_params, recorded_batch
from mgcompile.runtime.calls import Calls
from mgcompile.runtime.compiled_programs import Built
from mgcompile.runtime.fast_path import Shortcuts
from mgcompile.runtime.finite_checks import Checks
from mgcompile.runtime.hessian import Hessians, chosen_source
from mgcompile.runtime.jacobian import Jacobians, check_choice
from mgcompile.runtime.out import fill, fill_both
from mgcompile.runtime.proof import Proof
from mgcompile.runtime.rule_probes import check_probes, probes
from mgcompile.runtime.serialize import write_file
from mgcompile.runtime.train_loop import (
    OptimizerState,
    TrainingRun,
    epoch_order,
    learning_rates,
    rule_of,
    run_training,
    steps_itself,
    trainer_of,
    update_size,
)
from mgcompile.support.aligned import aligned_copy
from mgcompile.support.cache_dir import cache_folder
from mgcompile.verification.report import Verified
from mgcore.value import set_leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from typing_extensions import TypeVar

    from mgcompile.backends.interface import Backend, Options, Trainer
    from mgcompile.program.ir import Program
    from mgcompile.runtime.early import Early
    from mgcompile.runtime.jacobian_plan import Plan
    from mgcompile.runtime.nan_trace import Recording
    from mgcore import Value

    Floats = NDArray[Any]
    Values = TypeVar("Values", default=Any)  # what a call gives; Python has defaults from 3.13 on
else:
    from typing import TypeVar

    Values = TypeVar("Values")

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


class Kernel(Generic[Values]):
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
        proof: Proof | None = None,
    ) -> None:
        self.program = program
        self._signature = signature
        self._options = options
        self._proof = proof
        self._built = Built(program, options, backend, proof)
        self._checks = Checks(signature.checks, signature.params, recording)
        self._dtype = dtype = np.dtype(options.dtype)
        self._leaves = tuple(leaves)
        recorded = None if self._built.takes_data else recorded_batch(program.data, dtype)
        self._calls = Calls(
            built=self._built,
            jacobians=Jacobians(self._built, dtype),
            hessians=Hessians(self._built, dtype),
            checks=self._checks,
            names=InputNames(signature.inputs),
            dtype=dtype,
            several=signature.several,
            recorded=recorded,
        )
        self._shortcuts = Shortcuts(
            self._built,
            usable=not signature.checks,
            several=signature.several,
            recorded=None if recorded is None else recorded.rows(),
        )
        self.params = params

    def prepare(self) -> Kernel:
        """Compile what a call needs now; gradients and training are compiled when first used."""
        self._built.executable("forward")
        return self

    def hasten(self, early: Early | None) -> Kernel:
        """Run programs in a quick form until machine code is there; None: compile when called."""
        self._built.early = early
        if early is not None:
            weakref.finalize(self, early.worker.stop).atexit = False
        return self

    def wait(self) -> Kernel:
        """Run in machine code from now on, once that is there; return the kernel.

        Of one compiled with `background`, calls before may have run in a quick form of it; others
        are as they are. What has not been called yet is compiled when it is.

        Raises:
            CompileError: What making the machine code of something that was called has met with,
                `MiscompiledError` if it does not compute the recorded graph. Without `wait` the
                first call that would run in it raises this, and so does each that follows.
        """
        if self._built.early is not None:
            self._built.early.wait()
        return self

    @property
    def verified(self) -> Verified:
        """What was checked against the recorded graph before the kernel was handed out.

        Gradients, products with Hessians and training loops are compiled when they are first
        used, checked then, and listed from then on.
        """
        if self._proof is None:
            return Verified(False, ())
        found, early = self._proof.verified, self._built.early
        if early is None or early.proof is None:
            return found
        return attrs.evolve(found, checks=early.proof.verified.checks + found.checks)

    @property
    def signature(self) -> Signature:
        """What it was compiled from: labels of inputs and parameters, and the form of results."""
        return self._signature

    @property
    def options(self) -> Options:
        """How it was built: dtype, threads, cache."""
        return self._options

    @property
    def backend(self) -> Backend:
        """What it was built by."""
        return self._built.backend

    @property
    def built(self) -> Built:
        """The programs behind the kernel, for those who run them with parameters of their own."""
        return self._built

    # Parameters

    @property
    def params(self) -> Floats:
        """The current parameters, shape (n_params,), in the order of `params`: a copy."""
        return self._params.copy()

    @params.setter
    def params(self, values: Any) -> None:
        array = read_params(values, self.program.n_params, self._dtype)
        self._checks.check_params(array)
        self._params = array
        self._optimizer_state = OptimizerState()

    @property
    def optimizer_state(self) -> OptimizerState:
        """What the optimiser remembers, and how many updates and epochs are done: a copy.

        `train` goes on from it with an optimiser of the same kind, and begins afresh with another,
        or after `params` was set. Set it to go on elsewhere, or to `None` to begin afresh.
        """
        return self._optimizer_state.copy()

    @optimizer_state.setter
    def optimizer_state(self, state: OptimizerState | None) -> None:
        if state is None:
            state = OptimizerState()
        rows = getattr(state, "rows", None)
        fits = rows is None or (np.ndim(rows) == 2 and np.shape(rows)[1] == self.program.n_params)
        if not isinstance(state, OptimizerState) or not fits:
            message = (
                f"optimizer_state is {type(state).__name__}; give what optimizer_state of a kernel "
                f"with {self.program.n_params} parameters was, or None"
            )
            raise OptionError(message)
        self._optimizer_state = state.copy()

    # Values and gradients

    def __call__(self, X: Any = None, *, out: Any = None) -> Values:
        """Return the values of the outputs.

        Args:
            X: An array (n, n_inputs), a sequence of columns, or a mapping from labels to columns;
                columns are arrays (n,) or numbers. One sample: an array (n_inputs,), or numbers.
                A frame, or a row of one, is read by its labels; a tensor or any other table is
                read as an array. Not given when the kernel has no inputs.
            out: An array (n,) that the values are written to and that is returned; with a list of
                outputs, a sequence with one for each, or an array (n_outputs, n).

        Returns:
            Shape (n,), or a list of such arrays when `outputs` was a list. For one sample a float
            or a list of floats.
        """
        shortcut = self._shortcuts.forward or self._shortcuts.open("forward")
        found = shortcut(X, self._params, False)
        if found is None:
            found = self._calls.values(shortcut, X, self._params)
        result: Values = found if out is None else fill(out, found, self._signature.several)
        return result

    def value_and_grad(self, X: Any, *, out: Any = None) -> tuple[Values, Any]:
        """Return the values and, per sample, the derivatives of each to each input.

        Args:
            X: As for a call.
            out: A pair: `out` for the values, as in a call, and an array (n, n_inputs) for the
                derivatives, in the order of X's columns; one for each when `outputs` was a list.

        Returns:
            The values, as a call gives them, and d value/d input in the container that X is, with
            its labels in its order: an array (n, n_inputs), or columns (n,), or a table. When
            `outputs` was a list: one such for each. With `out`, that.
        """
        if not self._built.takes_data:
            message = "the kernel has no inputs to differentiate by; use loss_and_grad()"
            raise InputError(message)
        shortcut = self._shortcuts.inputs or self._shortcuts.open("inputs")
        found: tuple[Any, Any] | None = shortcut(X, self._params, False)
        if found is None:
            pair: tuple[Values, Any] = self._calls.value_and_grad(shortcut, X, self._params, out)
            return pair
        return found if out is None else fill_both(out, found, self._signature.several)

    def loss_and_grad(
        self, X: Any = None, reduction: Literal["mean", "sum"] = "mean", *, out: Any = None
    ) -> tuple[float, Floats]:
        """Return the loss over all samples and its gradient to the parameters.

        Args:
            X: As for a call; not given when the kernel has no inputs.
            reduction: "mean" or "sum" over the samples. A loss recorded over its data set already
                is what it is, and is not reduced.
            out: An array (n_params,) that the gradient is written to and that is returned.

        Returns:
            A float, and the gradient, shape (n_params,).
        """
        if reduction not in ("mean", "sum"):
            message = f"reduction is {reduction!r}; it is 'mean' or 'sum'"
            raise OptionError(message)
        shortcut = self._shortcuts.loss or self._shortcuts.open("loss")
        found: tuple[float, Floats] | None = shortcut(X, self._params, reduction == "mean")
        if found is None:
            mean = reduction == "mean"
            found = self._calls.loss_and_grad(shortcut, X, self._params, mean=mean)
        return found if out is None else (found[0], fill(out, found[1]))

    def jacobian(
        self,
        X: Any = None,
        wrt: Literal["inputs", "params"] | None = None,
        *,
        per_sample: bool = False,
        mode: Literal["forward", "reverse"] | None = None,
        out: Any = None,
    ) -> Any:
        """Return the derivatives of all outputs.

        Leaves that no output depends on together, or outputs that depend on no leaf together, are
        differentiated by in one go.

        Args:
            X: As for a call; not given when the kernel has no inputs.
            wrt: "inputs" or "params"; by default inputs, or params when the kernel has no inputs.
            per_sample: Whether the derivatives to parameters are each sample's own; else they are
                summed over the samples, as `loss_and_grad(reduction="sum")` does.
            mode: Forward or reverse mode; None: whichever costs less, or both.
            out: An array of the result's shape that it is written to and that is returned.

        Returns:
            To inputs: shape (n, n_outputs, n_inputs); X in columns, a mapping or a frame gives what
            `value_and_grad` does, a list with an item for each output. To params: shape
            (n_outputs, n_params), or (n, n_outputs, n_params) with `per_sample`. A single sample
            has no axis n; of an output that is no list there is no axis n_outputs.

        Raises:
            OptionError: for an impossible option.
        """
        return self._calls.jacobian(X, self._params, wrt, per_sample=per_sample, mode=mode, out=out)

    def jacobian_plan(
        self,
        wrt: Literal["inputs", "params"] | None = None,
        mode: Literal["forward", "reverse"] | None = None,
    ) -> Plan:
        """Return how `jacobian` computes: printed, how many sweeps, and about what they cost."""
        source = check_choice(self._built, wrt, mode, per_sample=False)
        return self._calls.jacobians.plan(source, mode)

    # Second derivatives

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
        return self._calls.hvp(X, self._params, v, wrt)

    def hessian(self, X: Any = None, wrt: Literal["inputs", "params"] | None = None) -> Floats:
        """Return the matrix of second derivatives, by as few sweeps as `hessian_plan` says.

        Args:
            X: As for a call; not given when the kernel has no inputs.
            wrt: As for `hvp`.

        Returns:
            To inputs: shape (n, n_inputs, n_inputs), or (n_inputs, n_inputs) for one sample. To
            params: shape (n_params, n_params), of the mean loss.
        """
        return self._calls.hessian(X, self._params, wrt)

    def hessian_plan(self, wrt: Literal["inputs", "params"] | None = None) -> Plan:
        """Return how `hessian` computes: how many sweeps of the gradient, and their cost in it.

        Leaves that no slope depends on together share a sweep: a tridiagonal Hessian takes three.

        Raises:
            OptionError: if there is no such thing, or the kernel has several outputs.
        """
        return self._calls.hessians.plan(chosen_source(self._built, wrt))

    # Training

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
            optimizer: `mgnn.optim.SGD(...)`, `Adam(...)` or `AdamW(...)`, which goes on from
                `optimizer_state`; one of your own with `lr` and `start(parameters)` is called from
                Python after every mini-batch, and begins afresh. Its `lr` may be a function of the
                update's number from 0, or of the epoch's if its argument is called `epoch`.
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
        # An optimiser with an update of its own keeps its own state; the rule is then not used.
        own = steps_itself(optimizer)
        rule = OptimizerSpec("sgd") if own else rule_of(optimizer)
        state = OptimizerState() if own else self._optimizer_state
        if progress is not None and not callable(progress):
            message = f"progress is {progress!r}; give a function of epoch and loss"
            raise OptionError(message)
        batch = self._calls.batch(X)
        size = update_size(batch.count, epochs, batch_size)
        mixed = shuffle and size < batch.count
        state.started(rule, self._params)
        done, per_epoch = (state.updates, state.epochs), -(-batch.count // size)
        training = TrainingRun(
            trainer=trainer_of(self._built, optimizer, rule, batch_size, batch.count),
            rule=rule,
            inputs=batch.inputs,
            count=batch.count,
            epochs=epochs,
            batch_size=size,
            order=(lambda e: epoch_order(seed, done[1] + e, batch.count)) if mixed else None,
            rates=lambda first, count: learning_rates(optimizer, first, count, per_epoch, done),
            state=state,
            progress=None if progress is None else lambda epoch, loss, _: progress(epoch, loss),
        )
        return self.run(training)

    def trainer(self, rule: OptimizerSpec, samples: int | None = None) -> Trainer:
        """Return the native training loop for an update rule, of so many samples if known."""
        return self._built.trainer(rule, samples=samples)

    def run(self, training: TrainingRun) -> list[float]:
        """Run a training run on this kernel's parameters and write them back."""
        params = aligned_copy(self._params)
        losses: list[float] = []
        try:
            run_training(training, params, losses)
        finally:
            self._params = params
            self.write_back(params)
        self._checks.check_params(params)
        return losses

    def write_back(self, params: Floats) -> None:
        """Write parameters to the leaves that were compiled."""
        if self._leaves:  # a kernel from a file has none
            set_leaves(self._leaves, params.tolist())

    # To people and files

    def explain(self, kind: Literal["forward", "inputs", "loss"] = "forward") -> str:
        """Return the program for a person to read.

        Args:
            kind: "forward", "inputs" (values and gradients to inputs) or "loss" (loss and gradient
                to parameters: what a training step computes).

        Returns:
            A summary (matrix products with sizes, loops, gathers, what stayed irregular and why,
            flops and bytes), then the statements.
        """
        from mgcompile.runtime.report import explain

        if kind not in ("forward", "inputs", "loss"):
            message = f"kind is {kind!r}; it is 'forward', 'inputs' or 'loss'"
            raise OptionError(message)
        return explain(self._built.derived(kind), self._options.dtype)

    def save(self, path: str | Path) -> None:
        """Write the kernel to a file, whole or not at all; `mgcompile.load` reads it.

        Args:
            path: Of the file. It is a pickle: load only files that you trust.
        """
        write_file(self, path)

    def export(self, path: str | Path, *, target: str | None = None) -> None:
        """Write the kernel as readable C99, or as object code, with a header beside it.

        Both need libm alone. The functions compute in double precision what a call,
        `value_and_grad` and `loss_and_grad` do: the header says how they are called. Generic rules
        of other packages are included.

        Args:
            path: Of the file, "price.c" or "price.o"; its stem begins all names that it defines.
            target: Of object code, the processor level that it is for: "x86-64-v2", "x86-64-v3",
                "x86-64-v4" or "aarch64"; by default "x86-64-v3", or "aarch64" on one.

        Raises:
            ExportError: naming an op whose rule runs in Python alone, a file that is neither, or a
                level that there is not.
        """
        from mgcompile.runtime.export import export

        export(self._built, self._signature, self._params, path, target)

    def __getstate__(self) -> dict[str, Any]:
        return {
            "program": self.program,
            "signature": self._signature,
            "params": self._params,
            "optimizer_state": self._optimizer_state,
            "options": attrs.evolve(self._options, cache=None),
            "cached": self._options.cache is not None,
            "backend": self._built.backend_name,
            "rules": probes(ops_of(self.program)),
            "proof": None if self._proof is None else self._proof.kept(),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        options = state["options"]
        if state["cached"]:
            options = attrs.evolve(options, cache=cache_folder())
        program: Program = state["program"]
        check_probes(state["rules"], ops_of(program))
        proof = state["proof"]
        if proof is not None:
            proof = Proof.of_kept(proof, program.data, options)
        self.__init__(  # type: ignore[misc] # a kernel is its program, parameters and options
            program, state["signature"], state["params"], options, state["backend"], proof=proof
        )
        self._optimizer_state = state.get("optimizer_state", OptimizerState())

    def __repr__(self) -> str:
        return (
            f"<kernel of {self.program.n_params} parameters, {len(self._signature.inputs)} inputs, "
            f"{self._built.n_outputs} outputs, {self._options.dtype}, {self._built.backend_name}>"
        )

    def _repr_html_(self) -> str:
        """Show what it computes, its sizes, cost and program in a notebook."""
        from mgcompile.runtime.report import kernel_card

        return kernel_card(self)
