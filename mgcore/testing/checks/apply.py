"""Apply an op or one of its rules at operands, telling its failures from the limits of floats."""

import dis
import math
from typing import Any

from mgcore.errors import ChoiceError, DomainError, MgcoreError, RangeError
from mgcore.op import describe_failure
from mgcore.places import rule_place
from mgcore.testing.snippets import call, partial_call
from mgcore.testing.subject import Operands, Subject
from mgcore.testing.tally import Violation

__all__ = [
    "ADVICE",
    "apply",
    "is_ordinary",
    "missing_partial",
    "partial_at",
    "refuses_itself",
    "result_of",
]

ADVICE = 'or say where it holds: robust="(-1e4, 1e4)", with your own range'
_NEAR = (1e-3, 8.0)  # where nothing overflows but what is written to


def apply(subject: Subject, xs: Operands) -> float | None:
    """Return the op's result at `xs`; None where it is not defined or no finite float64.

    Raises:
        Violation: if the rule itself is broken.

    """
    out = result_of(subject, xs)
    return out if isinstance(out, float) and math.isfinite(out) else None


def result_of(subject: Subject, xs: Operands) -> float | MgcoreError:
    """Return the op's result at `xs`, or the error that says it is not defined there."""
    try:
        out: float = subject.op(*xs)
    except (ChoiceError, DomainError, RangeError) as error:
        return error
    except MgcoreError as error:
        raise Violation(
            f"the forward rule fails: {error}; it stands in {rule_place(subject.op.forward)}",
            xs,
            type(error).__name__,
            "a float",
            call(subject.op, xs),
        ) from error
    return out


def partial_at(subject: Subject, i: int, xs: Operands, out: float) -> float | None:
    """Return partial `i` at `xs`; None where it is not defined or no finite float64.

    Raises:
        Violation: if the rule itself is broken.

    """
    rule = subject.partial(i)
    try:
        found: Any = rule(out, *xs)
    except Exception as error:
        described = describe_failure(error, subject.op, xs, derivative=f"operand {i}")
        if isinstance(described, (DomainError, RangeError)):
            return None
        raise Violation(
            f"the partial by operand {i} fails: {described}; it stands in {rule_place(rule)}",
            xs,
            type(error).__name__,
            "a float",
            partial_call(subject.op, i, xs),
        ) from error
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        raise Violation(
            f"the partial by operand {i} returns {type(found).__name__}, not a float; it stands in "
            f"{rule_place(rule)}",
            xs,
            found,
            "a float",
            partial_call(subject.op, i, xs),
        )
    return float(found) if math.isfinite(found) else None


def missing_partial(subject: Subject, i: int, xs: Operands, out: float, slope: Any) -> Violation:
    """Tell of a partial that has no value, or is infinite, where the slope is a number."""
    try:
        got = repr(subject.partial(i)(out, *xs))
    except Exception as error:
        got = type(describe_failure(error, subject.op, xs, f"operand {i}")).__name__
    return Violation(
        f"the partial by operand {i} overflows on the way ({got}), though it is a float64 itself; "
        f"let the rule in {subject.place_of_partial(i)} saturate, {ADVICE}",
        xs,
        got,
        float(slope.value),
        partial_call(subject.op, i, xs),
    )


def is_ordinary(xs: Operands) -> bool:
    """Tell whether all operands are of a size at which no arithmetic gives out."""
    return all(x == 0.0 or _NEAR[0] <= abs(x) <= _NEAR[1] for x in xs)


def refuses_itself(error: MgcoreError) -> bool:
    """Tell whether the rule itself raised ``error``, and no function that it calls."""
    cause: BaseException = error.__cause__ or error
    step = cause.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    if step is None or isinstance(cause, MgcoreError):
        return False
    raised = dis.opname[step.tb_frame.f_code.co_code[step.tb_lasti]]
    return raised in {"RAISE_VARARGS", "RERAISE"}
