"""What the kit found: one line per check, and on failure what is needed to see it again."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import attrs

from mgcore.errors import MgcoreError

__all__ = ["CheckError", "CheckResult", "Level", "Report", "Verdict"]

Verdict: TypeAlias = Literal["pass", "fail", "skip"]
Level: TypeAlias = Literal["", "fragile", "wrong"]


HEADER = ("check", "samples", "worst error", "of bound", "verdict", "reason")


class CheckError(MgcoreError, AssertionError):
    """Report an op that failed a check of the conformance kit."""


@attrs.frozen
class CheckResult:
    """Tell how one check of one op went.

    Attributes:
        name: the check's name, as in the table of `mgcore.testing.CHECKS`.
        verdict: "pass", "fail" or "skip".
        level: "wrong" where the rules are; "fragile" where they are right, but floating-point
            arithmetic fails them at some operands, which passes unless the checks are strict; else
            empty.
        samples: how many sets of operands were tried.
        worst: the largest error that was met, relative to the exact number, among the comparisons
            that are sharp; None where nothing is measured.
        worst_of_bound: the largest error as a part of its bound; above 1 it fails.
        reason: why it failed, is fragile or was skipped; on a pass what is worth knowing, or empty.
        operands: the operands of the failure or the weakness, the simplest that were found.
        got: what the op gave there.
        expected: what it should have given.
        snippet: lines of Python that show the failure.

    """

    name: str
    verdict: Verdict
    level: Level = ""
    samples: int = 0
    worst: float | None = None
    worst_of_bound: float | None = None
    reason: str = ""
    operands: tuple[float, ...] | None = None
    got: object = None
    expected: object = None
    snippet: str = ""

    @property
    def word(self) -> str:
        """Return the verdict as tables show it: pass, fragile, fail or skip."""
        return self.level if self.verdict == "pass" and self.level else self.verdict

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.word}" + (f", {self.reason}" if self.reason else "")]
        if self.operands is not None:
            lines.append(f"  operands  {', '.join(map(repr, self.operands))}")
        if self.got is not None or self.expected is not None:
            lines += [f"  got       {self.got}", f"  expected  {self.expected}"]
        if self.snippet:
            lines += ["  to see it again:", *(f"    {x}" for x in self.snippet.splitlines())]
        return "\n".join(lines)


@attrs.frozen
class Report:
    """Hold the results of all checks of one op; printing it gives the table.

    Attributes:
        op: the op's name.
        checks: one result per check, in the order of the table of checks.
        seed: what the operands were drawn with.

    """

    op: str
    checks: tuple[CheckResult, ...]
    seed: int

    @property
    def passed(self) -> bool:
        """Tell whether no check failed and at least one passed."""
        verdicts = [check.verdict for check in self.checks]
        return "fail" not in verdicts and "pass" in verdicts

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        """Return the checks that failed."""
        return tuple(check for check in self.checks if check.verdict == "fail")

    @property
    def fragile(self) -> tuple[CheckResult, ...]:
        """Return the checks that pass, but say where the arithmetic fails and how to mend it."""
        return tuple(check for check in self.checks if check.word == "fragile")

    def __getitem__(self, name: str) -> CheckResult:
        """Return the result of the check `name`."""
        for check in self.checks:
            if check.name == name:
                return check
        raise KeyError(f"no check is called {name!r}; this report has {self._names()}")

    def _names(self) -> str:
        return ", ".join(check.name for check in self.checks)

    def __str__(self) -> str:
        rows: list[tuple[str, ...]] = [HEADER]
        rows += [_row(check) for check in self.checks]
        widths = [max(len(row[i]) for row in rows) for i in range(5)]
        lines = [f"{self.op} (seed {self.seed})"]
        lines += ["  ".join((*map(str.ljust, row[:5], widths), row[5])).rstrip() for row in rows]
        lines.append(summary(self.checks))
        lines += [f"\n{check}" for check in (*self.failures, *self.fragile)]
        return "\n".join(lines)


def summary(checks: Sequence[CheckResult]) -> str:
    """Say how many checks ran, failed, and were skipped."""
    counts: Mapping[str, int] = {
        word: sum(check.verdict == word for check in checks) for word in ("pass", "fail", "skip")
    }
    ran = counts["pass"] + counts["fail"]
    text = f"{ran} of {len(checks)} checks ran: {counts['pass']} passed, {counts['fail']} failed"
    if fragile := sum(check.word == "fragile" for check in checks):
        text = text.replace(" passed", f" passed ({fragile} fragile)")
    return f"{text}; {counts['skip']} skipped" if counts["skip"] else text


def _row(check: CheckResult) -> tuple[str, ...]:
    return (
        check.name,
        str(check.samples) if check.samples else "-",
        "-" if check.worst is None else f"{check.worst:.1e}",
        "-" if check.worst_of_bound is None else f"{check.worst_of_bound:.2f}",
        check.word,
        check.reason,
    )
