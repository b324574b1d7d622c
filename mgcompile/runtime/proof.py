"""Let every program of a kernel prove itself as it is built: checked, or refused with a report."""

from __future__ import annotations

import os
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcompile.backends.callbacks import muted
from mgcompile.errors import MiscompiledError, OptionError
from mgcompile.graph.ir import INPUT, PARAM
from mgcompile.support.times import timed
from mgcompile.verification.check import Subject, Verifier
from mgcompile.verification.evaluate import Point, forward
from mgcompile.verification.numbers import UnverifiableError
from mgcompile.verification.points import Recorded
from mgcompile.verification.reduce import reduced, script, sketched
from mgcompile.verification.report import Check, Verified

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from mgcompile.backends.interface import Executable, Options, Trainer
    from mgcompile.graph.ir import Graph
    from mgcompile.program.optimizer import OptimizerSpec
    from mgcompile.verification.check import Level
    from mgcompile.verification.compare import Mismatch
    from mgcompile.verification.reduce import Sketch

    Floats = NDArray[Any]
    ExamineSubject = Callable[[Subject, OptimizerSpec | None, Graph, Recorded], Mismatch | None]

__all__ = ["Proof", "chosen_level"]

_aside: ContextVar[list[Check] | None] = ContextVar("aside", default=None)

_WORDS: dict[str, Level] = {
    "full": "full", "": True, "on": True, "1": True, "true": True,
    "off": False, "0": False, "false": False,
}  # fmt: skip
_SECONDS = 10.0
"""How long a failing graph is reduced."""

_MOST_KEPT = 20_000
"""Nodes up to which a graph goes into a kernel's file."""

_LONGEST = 60
"""Lines of a script that a message shows."""


def chosen_level(verify: object) -> Level:
    """Return the level of checking: as asked for, else as `MGCOMPILE_VERIFY` says, else True.

    Raises:
        OptionError: for another value than "full", True, False and None.
    """
    if verify is None:
        word = os.environ.get("MGCOMPILE_VERIFY", "").strip().lower()
        if word not in _WORDS:
            message = f"MGCOMPILE_VERIFY is {word!r}; it is 'full', 'on' or 'off'"
            raise OptionError(message)
        return _WORDS[word]
    if verify is True or verify is False or verify == "full":
        return verify
    message = f"verify is {verify!r}; it is 'full', True or False"
    raise OptionError(message)


class Proof:
    """Check the programs of one kernel as they are built, and remember what was checked.

    Args:
        graph: As captured.
        recorded: The leaves' numbers and the outputs'.
        data: The data set recorded into the graph, or None.
        options: How the kernel is built.
        level: How much is checked.
        examine: Builds a program of another graph and returns its first wrong number: given the
            kind of program and the output, the graph and what was recorded of it. None: a wrong
            program is reported without a smaller graph.
    """

    def __init__(
        self,
        graph: Graph,
        recorded: Recorded,
        data: Floats | None,
        options: Options,
        level: Level,
        examine: ExamineSubject | None = None,
    ) -> None:
        self.verifier = Verifier(graph, recorded, data, options.dtype, level)
        self.options = options
        self._examine = examine
        self._checks: list[Check] = []

    def kept(self) -> tuple[Graph, Recorded, Level] | None:
        """Return what goes into a kernel's file; None for a graph too large to go with it."""
        verifier = self.verifier
        if len(verifier.reference.graph.code) > _MOST_KEPT:
            return None
        return verifier.reference.graph, verifier.recorded, verifier.level

    @classmethod
    def of_kept(
        cls,
        kept: tuple[Graph, Recorded, Level],
        data: Floats | None,
        options: Options,
    ) -> Proof:
        """Return the proof of a kernel that was read from a file."""
        graph, recorded, level = kept
        return cls(graph, recorded, data, options, level)

    @property
    def verified(self) -> Verified:
        """Return what was checked so far."""
        return Verified(self.verifier.level, tuple(self._checks))

    @contextmanager
    def aside(self) -> Iterator[list[Check]]:
        """Give what is checked meanwhile, in this context, and do not list it (see `add`)."""
        checks: list[Check] = []
        token = _aside.set(checks)
        try:
            yield checks
        finally:
            _aside.reset(token)

    def add(self, checks: Iterable[Check]) -> None:
        """List what was checked aside."""
        self._checks += checks

    def executable(self, kind: str, output: int, made: Executable, *, form: str = "") -> None:
        """Check an executable, or a form of it that has a name.

        Raises:
            MiscompiledError: if it does not compute what the graph does.
        """
        subject = Subject(kind, output, made, bool(getattr(made, "calls_back", False)), form)
        self._settle(subject, None, lambda: self.verifier.check(subject))

    def trainer(self, kind: str, rule: OptimizerSpec, made: Trainer) -> None:
        """Check a training loop, as `executable` does."""
        calls_back = bool(getattr(made, "calls_back", False))
        subject = Subject(kind, 0, made, calls_back)  # type: ignore[arg-type]  # it trains
        self._settle(
            subject,
            rule,
            lambda: self.verifier.check_trainer(kind, rule, made, calls_back=subject.calls_back),
        )

    def _settle(
        self,
        subject: Subject,
        rule: OptimizerSpec | None,
        check: Callable[[], tuple[Check, Mismatch | None]],
    ) -> None:
        if not self.verifier.level:
            return
        try:
            with muted(), np.errstate(all="ignore"), timed("check"):
                done, mismatch = check()
        except UnverifiableError as error:
            name = str(subject) if rule is None else f"training ({rule.kind})"
            done, mismatch = Check(name, f"nothing: {error}", 0, 0, 0), None
        if mismatch is not None:
            raise self._miscompiled(subject, rule, done, mismatch)
        aside = _aside.get()
        (self._checks if aside is None else aside).append(done)

    def _miscompiled(
        self, subject: Subject, rule: OptimizerSpec | None, done: Check, mismatch: Mismatch
    ) -> MiscompiledError:
        text = self._script(subject, rule)
        shown = text
        if text.count("\n") > _LONGEST:
            shown = "(it is long: see the error's attribute `script`)\n"
        message = (
            f"the compiled {done.program} is wrong and is not handed out: {mismatch.what} is "
            f"{mismatch.found!r}, the recorded graph gives {mismatch.wanted!r}. This is a fault of "
            "the compiler: please report it with the program below. Meanwhile the eager engine "
            f"(backend='eager' in fit) or compile(..., strict=True) may do.\n{shown}"
        )
        return MiscompiledError(message, text)

    def _script(self, subject: Subject, rule: OptimizerSpec | None) -> str:
        """Return the smallest failing graph that is found in a while, as a program."""
        reference, recorded = self.verifier.reference, self.verifier.recorded
        examine = self._examine
        if examine is None:
            return ""
        point = Point(recorded.inputs[:, None], recorded.params[:, None])
        try:
            with np.errstate(all="ignore"):
                values = forward(reference.schedule, point)
            whole = attrs.evolve(
                sketched(reference.graph, values.numbers[:, 0]),
                roots=tuple(reference.graph.roots.tolist()),
            )
        except Exception:  # a graph that cannot be evaluated: the report does without
            return ""

        def fails(sketch: Sketch) -> bool:
            graph, inputs, params, roots = sketch.graph()
            with muted(), np.errstate(all="ignore"):
                found = examine(subject, rule, graph, Recorded(inputs, params, roots))
            return found is not None

        leaf = INPUT if self.verifier.takes_inputs else PARAM
        small = reduced(whole, fails, leaf, _SECONDS)
        return script(small, subject.kind, f"dtype={self.options.dtype!r}")
