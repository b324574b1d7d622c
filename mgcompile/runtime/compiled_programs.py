"""The programs behind a kernel, each derived and compiled when it is first needed."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import attrs

from mgcompile.autodiff.pipeline import (
    hessian_product,
    input_gradient,
    input_gradients,
    param_gradient,
    per_sample_loss,
    sweep_program,
)
from mgcompile.backends.callbacks import told_once
from mgcompile.backends.registry import find_backend
from mgcompile.errors import OptionError
from mgcompile.program.cost import cost
from mgcompile.program.ir import INPUTS, PARAMS
from mgcompile.runtime.few_or_many import FewOrMany
from mgcompile.runtime.guarded import Guarded, GuardedTrainer, derivatives
from mgcompile.support.steps import in_background
from mgcompile.support.sweeps import SWEEPS
from mgcore.gc_pause import collector_paused

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from mgcompile.backends.interface import Backend, Executable, Options, Trainer
    from mgcompile.program.ir import Program
    from mgcompile.program.optimizer import OptimizerSpec
    from mgcompile.runtime.early import Early
    from mgcompile.runtime.proof import Proof

    Floats = NDArray[Any]
    Objects = dict[str, bytes]

__all__ = ["Built", "Source"]

Made = TypeVar("Made")

Source = Literal["inputs", "params"]
"""What derivatives are taken to."""


MUCH_WORK = 1_000
"""Flops for a sample from which on calls of few samples get code of their own: about a microsecond
with samples in the lanes, half of it alone."""


class Built:
    """A forward program, and what was compiled of it so far. Safe to use from several threads.

    Args:
        program: The forward program.
        options: How to build.
        backend: A backend, or its name.
        proof: Checks what is built before anybody gets it; None: nothing does.
    """

    def __init__(
        self,
        program: Program,
        options: Options,
        backend: str | Backend,
        proof: Proof | None = None,
    ) -> None:
        self.program = program
        self.options = options
        self.backend = find_backend(backend)
        self.backend_name = backend if isinstance(backend, str) else backend.name
        self.proof = proof
        self.early: Early | None = None
        """What runs until machine code is there, where that is made in the background."""
        self._lock = threading.RLock()
        self._made: dict[Any, Any] = {}
        self._told: set[str] = set()  # ops of which the user has been warned

    @property
    def n_outputs(self) -> int:
        """Return the number of outputs."""
        return self.program.arrays[self.program.output("value")].size

    @property
    def takes_data(self) -> bool:
        """Return whether a call takes X: there are inputs, and no data set was recorded."""
        return bool(self.program.n_inputs) and self.program.data is None

    def point_to_prove(self, dtype: np.dtype[Any]) -> tuple[Floats, Floats] | None:
        """Return samples and parameters as recorded; None where what is built is not checked."""
        if self.proof is None or not self.proof.verifier.level:
            return None
        recorded, data = self.proof.verifier.recorded, self.program.data
        rows = recorded.inputs[None] if data is None else data
        return rows.astype(dtype), recorded.params.astype(dtype)

    def source(self, wrt: str | None) -> Source:
        """Return "inputs" or "params": what derivatives are taken to; None is what there is.

        Raises:
            OptionError: if there is no such thing.
        """
        if wrt is None:
            return "inputs" if self.takes_data else "params"
        if wrt == "inputs" and not self.takes_data:
            message = "the kernel has no inputs; take wrt='params'"
            raise OptionError(message)
        if wrt == "inputs":
            return "inputs"
        if wrt == "params":
            return "params"
        message = f"wrt is {wrt!r}; it is 'inputs' or 'params'"
        raise OptionError(message)

    def derived(
        self, kind: str, output: int = 0, *, guarded: bool = False, quick: bool = False
    ) -> Program:
        """Return a program.

        Args:
            kind: "forward", "inputs" (values and gradient to inputs), "all_inputs" (values and
                the gradients of all of them), "loss" (loss and gradient to
                parameters), "minibatch" (the same, of samples of the recorded data set),
                "input_product" or "param_product" (of the Hessian with a vector), or a name in
                `SWEEPS` (a Jacobian along a direction).
            output: Which output the gradient to inputs is of.
            guarded: Whether every product is 0 where the factor above is; else those of which
                finite data may make the other infinite or NaN, and of a Jacobian none.
            quick: Whether, if not guarded, fewer products are, as its twin stands by.

        Raises:
            OptionError: if the kind needs a kernel of one output, or a loss that is a mean or a sum
                over its samples.
        """
        program = attrs.evolve(self.program, guarded=guarded)
        if kind == "forward":
            return program
        if kind in SWEEPS:
            return sweep_program(program, SWEEPS[kind], plain=not guarded)
        if kind == "all_inputs":
            return input_gradients(program, quick=quick)
        if kind == "inputs":
            return input_gradient(program, output, quick=quick)
        if kind == "input_product":
            return hessian_product(self.derived("inputs", guarded=guarded), INPUTS)
        if kind == "param_product":
            return hessian_product(self.derived("loss", guarded=guarded), PARAMS)
        if self.n_outputs != 1:
            message = (
                f"the kernel has {self.n_outputs} outputs; a loss is one output: compile their "
                "sum, or whatever is to be minimised"
            )
            raise OptionError(message)
        loss = program if kind == "loss" else per_sample_loss(program)
        return param_gradient(loss, quick=quick)

    def renew(self) -> None:
        """Begin afresh in the child of a fork: what was being built is not, and nobody has it."""
        self._lock = threading.RLock()

    def executable(self, kind: str, output: int = 0, *, final: bool = False) -> Executable:
        """Return what runs a program that `derived` gives: what it runs in for good if `final`."""
        key = kind, output
        if self.early is not None and not final:
            pending = self.early.executable(*key)
            if pending is not None:
                return pending
        found: Executable | None = self._made.get(key)
        return self._once(key, lambda: self._by_count(*key)) if found is None else found

    def checked(self, kind: str, output: int = 0) -> Executable:
        """Return what runs a program on any number of samples, built and checked by now."""
        found = self.executable(kind, output, final=True)
        return found.many if isinstance(found, FewOrMany) else found

    def _once(self, key: object, build: Callable[[], Made]) -> Made:
        """Return what `build` makes, unless another thread has made it."""
        # The collector is the whole process's: the background leaves it as it is.
        pause = nullcontext() if in_background() else collector_paused()
        with self._lock, pause, told_once(self._told):
            if key not in self._made:
                self._made[key] = build()
            return self._made[key]  # type: ignore[no-any-return] # put there by this method

    def _by_count(self, kind: str, output: int) -> Executable:
        """Return an executable; of much work for a sample, with another form for few samples."""
        program = self.derived(kind, output, quick=True)
        few = self._few_samples(program)
        alike = kind in SWEEPS or cost(program, self.options.dtype).per_sample < MUCH_WORK
        if alike or not few:
            return self._form(program, kind, output, few=False)
        forms = FewOrMany(
            partial(self._form, program, kind, output, few=False),
            partial(self._form, program, kind, output, few=True),
            few,
        )
        if kind == "forward":
            _ = forms.many  # what `compile` hands out is built, and so checked, by then
        return forms

    def _form(self, program: Program, kind: str, output: int, *, few: bool) -> Executable:
        """Return one form of a program; of derivatives, with its twin that looks at every zero."""
        options = attrs.evolve(self.options, one_sample=few)
        slopes = derivatives(program)

        def build(*, guarded: bool) -> Executable:
            some = self.derived(kind, output, guarded=True) if guarded else program
            made = self.backend.build(some, options)
            if slopes and not guarded:
                twice = kind in ("input_product", "param_product")
                exact = partial(self._once, twin, partial(build, guarded=True))
                made = Guarded(made, exact, slopes, twice)
            if self.proof is not None:
                form = ["few samples"] * few + ["every zero looked for"] * guarded
                self.proof.executable(kind, output, made, form=", ".join(form))
            return made

        key = kind, output, "few" if few else "many"
        twin = *key, "guarded"
        return self._once(key, partial(build, guarded=False))

    def _few_samples(self, program: Program) -> int:
        """Return up to how many samples the backend has a form of its own for; 0 for none."""
        asked = getattr(self.backend, "few_samples", None)
        return 0 if asked is None else int(asked(program, self.options.dtype))

    def object_code(self, kind: str, output: int = 0, rule: OptimizerSpec | None = None) -> Objects:
        """Return the object code of a program, or of a training loop, by the key of a cache.

        It is empty for a backend that has none. What it is taken from is built, and so checked,
        first.
        """
        made = self.checked(kind, output) if rule is None else self.trainer(rule, kind)
        code = getattr(self.backend, "object_code", None)
        if code is None or made is None:
            return {}
        found: Objects = code(self.derived(kind, output, quick=True), self.options, rule)
        return found

    def trainer(
        self, rule: OptimizerSpec, kind: str = "loss", samples: int | None = None
    ) -> Trainer:
        """Return a training loop.

        Args:
            rule: The update.
            kind: "loss", or "minibatch".
            samples: Those of an update, where that is known: few have a form of their own.
        """
        few = samples is not None and samples <= self._few_samples(self.program)
        options = attrs.evolve(self.options, one_sample=few)

        def build(*, guarded: bool) -> Trainer:
            program = self.derived(kind, guarded=guarded, quick=not guarded)
            made = self.backend.build_trainer(program, rule, options)
            if not guarded:
                exact = partial(self._once, twin, partial(build, guarded=True))
                made = GuardedTrainer(made, exact)
            if self.proof is not None:
                self.proof.trainer(kind, rule, made)
            return made

        key, twin = (kind, rule, few), (kind, rule, few, "guarded")
        return self._once(key, partial(build, guarded=False))
