"""Check what a backend built against the captured graph, before anybody gets it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Literal

import attrs
import numpy as np

from mgcompile.support.sweeps import SWEEPS
from mgcompile.verification.compare import Part, Tally, compare
from mgcompile.verification.points import trials
from mgcompile.verification.reference import Reference, vector
from mgcompile.verification.report import Check
from mgcompile.verification.tolerance import REPEATS, agreeing
from mgcompile.verification.training import updates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from mgcompile.graph.ir import Graph
    from mgcompile.verification.compare import Mismatch
    from mgcompile.verification.points import Recorded, Trial

    Floats = NDArray[Any]

__all__ = ["Level", "Subject", "Verifier"]

Level = Literal["full"] | bool

_LARGE = 30_000
"""Nodes above which a deep graph is not evaluated again as a matter of course."""

_ALLOWED, _ALLOWED_PER_NODE, _MOST = 0.02, 2e-6, 0.06
"""Seconds that a check may take, and at most: about a tenth of what compiling does."""

_DEAR = 0.003
"""Seconds of an evaluation instead of which a slope at the recorded point is a difference."""

_SAMPLES = 1031
"""Samples of a batch: some tiles and a rest, of any width of tile."""


@attrs.frozen(slots=True, eq=False)
class Subject:
    """Something built, as the check calls it.

    Args:
        kind: What program it is (see `mgcompile.runtime.compiled_programs.Built.derived`).
        output: Which output a gradient to inputs is of.
        run: `(rows, count, params) -> results`.
        calls_back: Whether rules run in Python meanwhile.
        form: What form of it, where there are several.
    """

    kind: str
    output: int
    run: Callable[[Floats, int, Floats], tuple[Floats, ...]]
    calls_back: bool = False
    form: str = ""

    def __str__(self) -> str:
        """Name the program."""
        return f"{self._program()}, {self.form}" if self.form else self._program()

    def _program(self) -> str:
        if self.kind == "all_inputs":
            return "inputs (all outputs)"
        if self.kind in SWEEPS:
            return str(SWEEPS[self.kind])
        return f"inputs (output {self.output})" if self.kind == "inputs" else self.kind


class Verifier:
    """Check whatever is built of one captured graph.

    Args:
        graph: As captured.
        recorded: The leaves' numbers and the outputs'.
        data: The data set that was found in the graph, the inputs of its program; else None.
        dtype: Of the kernel.
        level: "full", True (a sample of large graphs), or False (nothing is checked).
    """

    def __init__(
        self, graph: Graph, recorded: Recorded, data: Floats | None, dtype: str, level: Level
    ) -> None:
        self.reference = Reference(graph, dtype)
        self.recorded = recorded
        self.data = data
        self.dtype = dtype
        self.level = level

    @property
    def takes_inputs(self) -> bool:
        """Tell whether the graph has inputs of its own."""
        return len(self.reference.inputs) > 0

    def check(self, subject: Subject) -> tuple[Check, Mismatch | None]:
        """Check an executable; return what was done, and the first wrong number if there is one.

        Raises:
            UnverifiableError: if the graph cannot be evaluated independently.
        """
        began, tally = time.perf_counter(), Tally()
        points, count = self._extent(subject.kind, subject.calls_back)
        chosen = trials(self.recorded, self.dtype, points or 0, count)
        mismatch, against, samples = None, "the recorded values", 0
        for place, trial in enumerate(chosen):
            rows = self._rows(trial)
            samples += len(rows)
            found = self._run(subject, rows, trial)
            if place == 0 and (done := self._as_recorded(subject, found)):
                tally.compared += done
                if subject.kind == "forward":
                    continue
                dear = points is None or self.reference.seconds(subject.kind, 1) > _DEAR
                if dear and self._rises_as_it_says(subject, rows, trial, found):
                    against = _SLOPE
                    continue
            elif points is None and subject.kind not in _EVALUATED:
                against = self._too_dear
                continue
            level_by_level = "an evaluation level by level"
            differing = against == _SLOPE
            against = f"{against}, beside it {level_by_level}" if differing else level_by_level
            wrong = self._first_wrong(self._parts(subject, trial, found, len(rows)), tally)
            if wrong and not mismatch and self._steady(subject, rows, trial, found):
                mismatch = wrong
        at = sum(len(trial.points) for trial in chosen)
        return _done(str(subject), against, at, samples, tally, began, points), mismatch

    def check_trainer(
        self, kind: str, rule: Any, trainer: Any, *, calls_back: bool
    ) -> tuple[Check, Mismatch | None]:
        """Check a training loop, as `check` checks an executable."""
        began, tally = time.perf_counter(), Tally()
        points, count = self._extent("training", calls_back)
        mismatch, against = None, self._too_dear
        if points is not None:
            against = "updates by an evaluation level by level"
            trial = trials(self.recorded, self.dtype, points, count)[1]
            rows = self._rows(trial)
            parts = updates(self.reference, kind, rule, trainer, trial, rows)
            mismatch = self._first_wrong(parts, tally)
        name = f"training ({rule.kind})"
        at = int(points is not None)
        return _done(name, against, at, count, tally, began, points), mismatch

    @property
    def _too_dear(self) -> str:
        """Say why nothing was compared."""
        nodes = len(self.reference.graph.code)
        return (
            f"nothing: evaluating {nodes:,} nodes, many of which wait for one another, would take "
            "more than a tenth of the time to compile; verify='full' does"
        )

    def _extent(self, kind: str, calls_back: bool) -> tuple[int | None, int]:
        """Return how many points beside the recorded one, and samples; None: what is recorded."""
        nodes = len(self.reference.graph.code)
        samples = 5 if calls_back else max(5, min(_SAMPLES, 200_000 // max(1, nodes)))
        if self.level == "full":
            return 4, samples
        reference, times = self.reference, 3 if kind == "training" else 1
        if nodes > _LARGE and not reference.is_shallow:
            return None, 1
        allowed = min(_ALLOWED + _ALLOWED_PER_NODE * nodes, _MOST)
        for points in (3, 1):
            if times * reference.seconds(kind, points) <= allowed:
                return points, samples
        return None, 1

    def _rows(self, trial: Trial) -> Floats:
        """Return the batch of a trial, as the executable takes it."""
        if self.data is not None:
            return np.ascontiguousarray(self.data, dtype=self.dtype)
        return trial.rows() if self.takes_inputs else np.zeros((1, 0), dtype=self.dtype)

    def _as_recorded(self, subject: Subject, found: tuple[Floats, ...]) -> int:
        """Return how many values are those that were recorded; 0 if any is not."""
        if subject.kind not in ("forward", "inputs", "all_inputs", "loss"):
            return 0
        values, wanted = found[0].reshape(-1).astype(np.float64), self.recorded.roots
        if values.shape != wanted.shape:
            return 0
        same = agreeing(values, wanted, np.abs(wanted), self.dtype)
        return len(values) if bool(np.all(same)) else 0

    def _rises_as_it_says(
        self, subject: Subject, rows: Floats, trial: Trial, found: tuple[Floats, ...]
    ) -> bool:
        """Tell whether a gradient is the slope of the values along a direction (float64 alone)."""
        if self.dtype != "float64" or subject.output or len(self.recorded.roots) != 1:
            return False
        to_inputs = subject.kind == "inputs"
        at = trial.points[0] if to_inputs else trial.params
        along = vector(len(at), self.dtype)
        slope = float(np.asarray(found[1]).reshape(-1)[: len(at)] @ along)
        step = 1e-6 * max(1.0, float(np.max(np.abs(at), initial=0.0)))
        values = []
        for sign in (-1.0, 1.0):
            here = at + sign * step * along
            points = here[None, :] if to_inputs else trial.points
            there = attrs.evolve(trial, points=points, params=trial.params if to_inputs else here)
            batch = here[None, :] if to_inputs else rows
            values.append(float(self._run(subject, batch, there)[0].reshape(-1)[0]))
        rise = (values[1] - values[0]) / (2.0 * step)
        noise = 1e-14 * max(map(abs, values)) / step
        size = float(np.abs(np.asarray(found[1]).reshape(-1)[: len(at)]) @ np.abs(along))
        return bool(abs(rise - slope) <= 1e-6 * size + noise)

    def _run(self, subject: Subject, rows: Floats, trial: Trial) -> tuple[Floats, ...]:
        """Run a program, along a direction if it takes one."""
        params, kind, sweep = trial.params, subject.kind, SWEEPS.get(subject.kind)
        along = self._direction(kind)
        if kind == "input_product" or (sweep and not sweep.shared):
            rows = np.hstack([rows, np.broadcast_to(along, (len(rows), len(along)))])
        else:
            params = np.concatenate([params, along])
        return subject.run(np.ascontiguousarray(rows), len(rows), np.ascontiguousarray(params))

    def _direction(self, kind: str) -> Floats:
        """Return the direction that a program is given; of no numbers if it takes none."""
        reference, sweep = self.reference, SWEEPS.get(kind)
        sizes = {"input_product": reference.inputs, "param_product": reference.params}
        along = sizes.get(kind, reference.inputs[:0])
        if sweep is not None:
            sources = {"inputs": reference.inputs, "params": reference.params}
            along = sources[sweep.source] if sweep.mode == "forward" else reference.graph.roots
        return vector(len(along), self.dtype)

    def _steady(
        self, subject: Subject, rows: Floats, trial: Trial, found: tuple[Floats, ...]
    ) -> bool:
        """Tell whether an executable gives the same again: a rule that is called back may not."""
        if not subject.calls_back:
            return True
        again = self._run(subject, rows, trial)
        return all(np.array_equal(x, y, equal_nan=True) for x, y in zip(found, again, strict=True))

    def _first_wrong(self, parts: Iterable[Part], tally: Tally) -> Mismatch | None:
        with np.errstate(all="ignore"):
            for part in parts:
                wrong = compare(part, self.dtype, tally)
                if wrong is not None:
                    return wrong
        return None

    def _parts(
        self, subject: Subject, trial: Trial, found: tuple[Floats, ...], count: int
    ) -> Iterator[Part]:
        """Yield each result of an executable beside what it should be."""
        kind, output = subject.kind, subject.output
        wanted = self.reference.wanted(kind, output, trial)
        collect = self._collector(kind, trial, count)
        for which, (name, result) in enumerate(zip(_RESULTS[kind], found, strict=True)):

            def repeats(thorough: bool, which: int = which) -> Floats:
                found = self.reference.wanted(kind, output, trial, REPEATS, thorough=thorough)
                return collect(np.moveaxis(found[which], 1, 0))

            exact = collect(wanted[which])
            given = np.asarray(result, dtype=np.float64)
            given = given.T if given.ndim == 2 else given[:, None]
            if kind == "minibatch":
                given = given / max(1, count)
            size = collect(np.abs(wanted[which]))
            yield Part(name, np.broadcast_to(given, exact.shape), exact, size, repeats)

    def _collector(self, kind: str, trial: Trial, count: int) -> Callable[[Floats], Floats]:
        """Return what makes of numbers at each point those of the samples, or of their sum."""
        if not self.takes_inputs:
            return lambda numbers: numbers[..., :1]
        if kind in ("loss", "param_product") or (kind in SWEEPS and SWEEPS[kind].summed):
            return lambda numbers: (numbers @ trial.weights())[..., None]
        columns = np.arange(count) % len(trial.points)
        return lambda numbers: numbers[..., columns]


def _done(
    name: str,
    against: str,
    points: int,
    samples: int,
    tally: Tally,
    began: float,
    beside: int | None,
) -> Check:
    seconds = time.perf_counter() - began
    counts = tally.compared, tally.undecided
    return Check(name, against, points, samples, *counts, beside is None, seconds)


_SLOPE = (
    "the recorded values; its sum along one direction with how the values rise there, which is "
    "compared to six digits"
)

_EVALUATED = frozenset(["forward", "inputs", "all_inputs", "loss", *SWEEPS])
"""Programs that are evaluated at the recorded point however large the graph is."""

_RESULTS = {
    "forward": ("value",),
    "inputs": ("value", "derivative to input"),
    "all_inputs": ("value", "derivative to input, of all outputs,"),
    "loss": ("loss", "derivative to parameter"),
    "minibatch": ("loss", "derivative to parameter"),
    "input_product": ("product with the Hessian, input",),
    "param_product": ("product with the Hessian, parameter",),
    **{
        kind: ("derivative along a direction, output",)
        if sweep.mode == "forward"
        else (f"derivative of weighted outputs to {sweep.source[:-1]}",)
        for kind, sweep in SWEEPS.items()
    },
}
