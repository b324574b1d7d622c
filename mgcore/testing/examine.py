"""Run the checks on an op and report; `check_op` and `assert_op` are the way in."""

import difflib
from collections.abc import Callable, Iterable
from typing import Any

import attrs

from mgcore.errors import RuleError
from mgcore.ieee import raise_nonfinite
from mgcore.op import Op
from mgcore.plugins.registry import registry
from mgcore.testing.report import CheckError, CheckResult, Report
from mgcore.testing.snippets import import_line
from mgcore.testing.subject import Subject, UsageError
from mgcore.testing.table import CHECKS
from mgcore.testing.tally import Skip, Violation

__all__ = ["assert_op", "check_op", "known_checks", "run_check", "subject_of"]


def check_op(
    op: Op | str,
    *,
    reference: Callable[..., Any] | None = None,
    checks: Iterable[str] | None = None,
    samples: int = 50,
    seed: int = 0,
    strict: bool = False,
) -> Report:
    """Run the conformance checks on an op.

    Args:
        op: the op, or the name of a registered one.
        reference: what it should compute, written with mpmath; by default what a plugin answers
            to the hook ``mgcore_op_reference``.
        checks: names of checks, as in `CHECKS`; all of them by default.
        samples: how many sets of operands each check draws, at least 1.
        seed: what they are drawn with.
        strict: whether an op that is fragile fails, as one that is wrong does.

    Returns:
        The report; it is printed as a table. An op that fails raises nothing.

    Raises:
        UsageError: if the call itself makes no sense.

    """
    subject = subject_of(op, reference, samples, seed)
    names = list(CHECKS) if checks is None else known_checks(checks)
    return Report(subject.op.name, tuple(run_check(name, subject, strict) for name in names), seed)


def assert_op(
    op: Op | str,
    *,
    reference: Callable[..., Any] | None = None,
    checks: Iterable[str] | None = None,
    samples: int = 50,
    seed: int = 0,
    strict: bool = False,
) -> None:
    """Run the conformance checks on an op, and raise at the first that fails.

    Args:
        op: as for `check_op`, like the other arguments.
        reference: what it should compute.
        checks: names of checks.
        samples: how many sets of operands each check draws.
        seed: what they are drawn with.
        strict: whether an op that is fragile fails.

    Raises:
        CheckError: naming the check, the operands, both numbers and the lines that show it.
        UsageError: if the call itself makes no sense.

    """
    subject = subject_of(op, reference, samples, seed)
    for name in list(CHECKS) if checks is None else known_checks(checks):
        result = run_check(name, subject, strict)
        if result.verdict == "fail":
            raise CheckError(f"{subject.op.name} fails {result} (seed {seed})")


def run_check(name: str, subject: Subject, strict: bool = False) -> CheckResult:
    """Run one check; whatever it raises becomes its verdict."""
    try:
        with raise_nonfinite():  # what has no finite result is told from what has
            tally = CHECKS[name].run(subject)
    except Skip as skip:
        return CheckResult(name, "skip", reason=str(skip))
    except Violation as found:
        return _found(CheckResult(name, "fail", "wrong"), subject, found)
    except UsageError:
        raise
    except RuleError as error:  # a promise broken, which the error says
        return CheckResult(name, "fail", "wrong", reason=str(error))
    except Exception as error:
        reason = f"could not be run: {type(error).__name__}: {error}"
        return CheckResult(name, "fail", "wrong", reason=reason)
    if tally.samples == 0:
        reason = "tried no operands, and gave no reason to skip"
        return CheckResult(name, "fail", "wrong", reason=reason)
    result = CheckResult(
        name,
        "pass",
        samples=tally.samples,
        worst=tally.worst,
        worst_of_bound=tally.worst_of_bound,
        reason=tally.note,
    )
    if tally.weakness is None:
        return result
    fragile = attrs.evolve(result, verdict="fail" if strict else "pass", level="fragile")
    return _found(fragile, subject, tally.weakness)


def _found(result: CheckResult, subject: Subject, found: Violation) -> CheckResult:
    return attrs.evolve(
        result,
        reason=found.reason,
        operands=found.operands,
        got=found.got,
        expected=found.expected,
        snippet=f"{import_line(subject.op)}\n{found.snippet}" if found.snippet else "",
    )


def subject_of(
    op: Op | str, reference: Callable[..., Any] | None, samples: int, seed: int
) -> Subject:
    """Return the op and how it is to be examined; see `check_op` for the arguments."""
    if isinstance(op, str):
        op = registry.load(op)
    if not isinstance(op, Op):
        raise UsageError(f"check_op takes an Op or the name of one, not {type(op).__name__} {op!r}")
    if samples < 1:
        raise UsageError(f"samples is {samples}; draw at least 1")
    if reference is None:
        reference = registry.reference(op)
    subject = Subject(op, reference, samples, seed)
    subject.require_precise_reference()
    return subject


def known_checks(names: Iterable[str]) -> list[str]:
    """Return the names as a list, or say which is no check."""
    chosen = [names] if isinstance(names, str) else list(names)
    for name in chosen:
        if name not in CHECKS:
            near = difflib.get_close_matches(name, CHECKS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(CHECKS)}"
            raise UsageError(f"no check is called {name!r}; {hint}")
    return chosen
