"""Run a graph in a mode and compare: failures, each with all that is needed to see it again."""

from __future__ import annotations

import random
import warnings

import attrs
import numpy as np

from campaign.modes import MODES, Subject
from campaign.truth import COLUMNS, EPS
from mgcore.errors import MgcoreError

__all__ = ["Failure", "failures", "tolerance"]

SCATTER = 40.0
ROUNDINGS = 16.0


@attrs.frozen
class Failure:
    """What went wrong.

    Attributes:
        graph: the graph.
        mode: the mode.
        what: the case.
        kind: "wrong", "not finite", "finite", "refused" or "crash".
        found: what came out, or the error.
        right: what should have.
        script: the line that shows it.
        choice: the seed of the mode's own choices.
    """

    graph: object
    mode: str
    what: str
    kind: str
    found: object
    right: object
    script: str
    choice: int

    @property
    def signature(self):
        return self.mode, self.what, self.kind

    def text(self):
        """Return a script that shows the fault, and what it should print."""
        return "\n".join(
            [
                f"# {self.mode}, {self.what}: {self.kind}",
                f"# right: {self.right}",
                f"# found: {self.found}",
                "import numpy as np, mgcompile",
                "from mgcore import Value, grad, hessian, hvp, jacobian, jvp, ops, vjp",
                "from mgnn import optim",
                self.graph.script(),
                "Y, leaves = y if isinstance(y, list) else [y], inputs + params",
                *self.script.split("; ")[:-1],
                f"print({self.script.split('; ')[-1]})",
            ]
        )


def tolerance(expected, dtype):
    """Return how far a result may be from the truth, by the scatter of the disturbed columns."""
    first = expected[..., 0]
    with np.errstate(invalid="ignore", over="ignore"):
        scatter = np.max(np.abs(expected[..., COLUMNS[dtype]] - first[..., None]), axis=-1)
        return SCATTER * scatter + ROUNDINGS * EPS[dtype] * np.abs(first) + TINY[dtype]


TINY = {"float64": 1e-290, "float32": 1e-30}


def failures(graph, modes, choice=0, *, only=None):
    """Return the first failure of a graph in each of the modes.

    Args:
        graph: the graph.
        modes: names of modes.
        choice: the seed of what the modes draw.
        only: the one case that is asked for.
    """
    subject, found = Subject(graph, random.Random(choice), only), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for mode in modes:
            subject.rng = random.Random(choice)
            for case in MODES[mode](subject):
                if only is None or case.what == only:
                    failure = _judged(subject, mode, case, choice)
                    if failure is not None:
                        found.append(failure)
                        break
    return found


def _judged(subject, mode, case, choice):
    def failed(kind, found, right):
        return Failure(subject.graph, mode, case.what, kind, found, right, case.script, choice)

    expected = np.asarray(case.expected)
    right = expected[..., 0].astype(float)
    rows = list(case.rows)
    truth = subject.truth
    excused = bool(
        truth.broken[rows].any() or truth.wild["float64"][rows].any() or not _defined(subject, rows)
    )
    try:
        result = np.asarray(case.run(), dtype=float)
    except MgcoreError as error:
        if excused:
            return None
        return failed("refused", f"{type(error).__name__}: {error}", right.tolist())
    except Exception as error:
        if excused and isinstance(error, ArithmeticError):
            return None
        return failed("crash", f"{type(error).__name__}: {error}", right.tolist())
    if result.shape != right.shape:
        return failed("wrong", f"shape {result.shape}", f"shape {right.shape}")
    wrong = _wrong(result, expected, case, truth)
    if wrong is None:
        return None
    kind, places = wrong
    place = tuple(int(k) for k in np.argwhere(places)[0])
    return failed(
        kind, f"{result[place]!r} at {list(place)}", f"{right[place]!r} (all: {_short(right)})"
    )


def _short(array):
    text = repr(array.tolist())
    return text if len(text) < 300 else text[:300] + " ..."


def _defined(subject, rows):
    t = subject.truth
    gradients = all(np.isfinite(g[:, rows, 0]).all() for g in t.g)
    return gradients and all(h is None or np.isfinite(h[:, :, rows, 0]).all() for h in t.h)


def _wrong(result, expected, case, truth):
    right = expected[..., 0]
    rows = list(case.rows)
    if case.derivative and truth.tiny[rows].any():
        return None
    if case.second and truth.extreme[rows].any():
        return None
    limits = tolerance(expected, case.dtype)
    if case.slack:
        limits = limits + case.slack * np.max(np.abs(right[np.isfinite(right)]), initial=1.0)
    finite = np.isfinite(result)
    with np.errstate(invalid="ignore"):
        off = np.isfinite(right) & finite & (np.abs(result - right) > limits)
    if off.any():
        return "wrong", off
    bound = np.isfinite(right) & ~finite
    if not case.derivative:
        missing = ~np.isfinite(right) & finite
        if missing.any():
            return "finite", missing
    else:
        bound &= np.isfinite(limits)
        if case.second:  # where there is no first derivative, nothing is promised
            bound &= all(np.isfinite(g[:, rows, 0]).all() for g in truth.g)
    if case.slack:  # of another library, which has other conventions
        bound[...] = False
    if bound.any() and not (truth.broken[rows].any() or truth.wild[case.dtype][rows].any()):
        return "not finite", bound
    return None
