"""What the compiler asks of a backend.

A backend is an object found under the entry-point group `mgcore.backends`. It gets verified
programs and gives back executables; it never sees a graph of nodes, and it owns no calculus: the
programs it gets for gradients are ordinary programs.

Programs that the compiler hands to `build`, told apart by the names of their outputs:

=================  ==========================================================================
forward            `value` (n_outputs): batched when any output depends on an input
value_and_grad     `value`, `input_gradient` (n_inputs, batched unless the same for all samples)
loss_and_grad      `loss` (1, unbatched: the sum over all samples), `param_gradient` (n_params,
                   unbatched: of that sum)
second order       inputs or parameters are doubled, `[x, v]`; `input_product` or `param_product`
Jacobian           a direction stands behind the inputs or the parameters; `tangent` (n_outputs) in
                   forward mode; in reverse `cotangent` (n_inputs or n_params), or the sum over
                   all samples, `param_cotangent` (n_params, unbatched)
=================  ==========================================================================

The mean over samples is the sum times `1 / n`, done by whoever calls. A program with recorded data
takes `Program.data` as its inputs, in which case the loss already is what the user wrote, and is
neither divided nor cut into mini-batches; for these there is one of a single sample's loss, without
`Program.data`, that is trained as any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import attrs

from mgcompile.support.train_call import TrainCall

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mgcompile.program.ir import Program
    from mgcompile.program.optimizer import OptimizerSpec

    Floats = NDArray[Any]

__all__ = ["Backend", "Door", "Executable", "Options", "Shortcut", "TrainCall", "Trainer"]


@attrs.frozen(slots=True)
class Options:
    """How to build.

    Args:
        dtype: Of the elements.
        threads: How many share a call.
        cache: The folder for compiled objects; None: they are not kept.
        one_sample: Whether calls have few samples (see `Backend`), so that each is best computed
            alone, with elements in the lanes of vectors. Results differ in rounding at most.
    """

    dtype: Literal["float64", "float32"] = "float64"
    threads: int = 1
    cache: str | None = None
    one_sample: bool = False


class Shortcut(Protocol):
    """The shortest way through a program, for calls so small that every other way costs more.

    It gives what a kernel gives, in the form that a kernel gives it, or None for a call that it
    does not take. Safe to call from several threads at once.
    """

    def __call__(self, X: Any, params: Floats, mean: bool) -> Any:
        """Run the program once over all samples, or leave it.

        Args:
            X: Whatever the user gave. Taken are arrays of the executable's dtype, not empty: (n,
                n_inputs), or one sample (n_inputs,).
            params: Shape (n_params,), contiguous, of the executable's dtype. Never written to.
            mean: Whether loss and gradient to parameters are divided by the number of samples.

        Returns:
            None, or what the outputs are, a tuple of them when there are two. Per sample: an array
            (n,) for a `value` of one element, else (n, size), and a float or (size,) for one
            sample. A `loss`, or a `value` that is not batched, is a float if it has one element.
        """
        ...


class Door(Protocol):
    """A shortcut for calls of some numbers of samples that hands calls of other numbers on."""

    shortcut: Shortcut

    def lead_to(self, other: Executable) -> None:
        """Give calls of other numbers to the shortcut of another executable, if it has one.

        Until then they are left. The other one was built by the same backend.
        """
        ...


class Executable(Protocol):
    """A program made ready to run. Safe to call from several threads at once.

    It may have a method `tell_nan`, called as itself, which returns beside the results whether any
    derivative among them (all but `value` and `loss`) is NaN; without it they are looked through
    afterwards. And it may have an attribute `shortcut`, a `Shortcut`, which then leaves a call that
    has such a result, and beside it a method `door(below, most)` that gives a `Door`, or None, for
    calls of more than `below` samples and at most `most` (None: any number): so of two forms of a
    program that are chosen by the number of samples either is called at once. A program with inputs
    has one only if its `value` and `input_gradient` are batched.
    """

    def __call__(
        self, inputs: Floats | Sequence[Floats], count: int, params: Floats
    ) -> tuple[Floats, ...]:
        """Run the program once over all samples.

        Args:
            inputs: The columns, of the executable's dtype: either one array (count, n_inputs), of
                any strides, or a sequence of n_inputs arrays (count,), whose stride may be 0
                (a number for all samples). Never written to.
            count: Number of samples, 0 or more.
            params: Shape (n_params,), contiguous, of the executable's dtype. Never written to.

        Returns:
            New arrays, one for each output of the program: (count, size) in any strides when it is
            batched (column-major when `inputs` came as columns), else (size,).
        """
        ...


class Trainer(Protocol):
    """A training loop around a loss_and_grad program."""

    def __call__(self, call: TrainCall) -> NDArray[np.float64]:
        """Train; write the call's `params` and `state` in place.

        Returns:
            The mean loss of each epoch (sums of all batches, by the parameters at that time,
            divided by count), shape (epochs,). With recorded data: the loss of each step.
        """
        ...


@runtime_checkable
class Backend(Protocol):
    """A way to run programs.

    It may have a method `few_samples(program, dtype) -> int`: up to how many samples the form that
    `Options.one_sample` asks for is faster than the usual one. Without it there is one form.
    """

    name: str

    def build(self, program: Program, options: Options) -> Executable:
        """Return an executable for a verified program."""
        ...

    def build_trainer(self, program: Program, rule: OptimizerSpec, options: Options) -> Trainer:
        """Return a trainer for a verified loss_and_grad program."""
        ...
