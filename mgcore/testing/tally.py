"""Count samples and errors while a check runs, and stop it at the first violation."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import attrs
from mpmath import mpf

from mgcore.errors import MgcoreError
from mgcore.testing.subject import Operands, Subject

__all__ = ["Skip", "Tally", "Violation"]

SHARP = 1e-6  # a bound this small beside a number tells right from wrong
SMALL = 1e-10  # and so does one this small, whatever the number: most are near 1


class Skip(Exception):  # noqa: N818 - it is no error
    """End a check that cannot be run on this op; the message is the reason."""


class Violation(MgcoreError, AssertionError):  # noqa: N818 - a verdict, told in the report
    """End a check that failed.

    Args:
        reason: what is wrong, in one sentence.
        operands: where.
        got: what the op gave.
        expected: what it should have given.
        snippet: lines of Python, after the op has been bound to its name, that show it.

    """

    def __init__(
        self,
        reason: str,
        operands: Operands | None = None,
        got: object = None,
        expected: object = None,
        snippet: str = "",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.operands = operands
        self.got = got
        self.expected = expected
        self.snippet = snippet


@attrs.define
class Tally:
    """Count what a check has done.

    Attributes:
        samples: sets of operands on which something was compared.
        worst: the largest error, relative to the exact number, among the comparisons whose bound is
            small beside that number; None if there were none.
        worst_of_bound: the largest error as a part of its bound.
        sharp: comparisons whose bound was small: those that tell right from wrong.
        note: what is worth knowing when it passes.
        weakness: the simplest operands at which floating-point arithmetic fails a right formula;
            None if there are none, or the author promises nothing there.

    """

    samples: int = 0
    worst: float | None = None
    worst_of_bound: float | None = None
    sharp: int = 0
    note: str = ""
    weakness: Violation | None = None

    def compare(self, got: float, expected: Any, bound: float) -> str:
        """Compare a number with what it should be.

        Args:
            got: the number, a float.
            expected: a float or an mpmath number.
            bound: how far it may be off; infinite where nothing can be said.

        Returns:
            What is wrong, as "off by ..."; empty if nothing is.

        """
        if not bound < math.inf:
            return ""
        error = abs(mpf(got) - expected) if math.isfinite(got) else mpf("inf")
        if not error <= bound:
            return f"off by {float(error):.3g}, where rounding explains at most {float(bound):.3g}"
        size = abs(float(expected))
        self.sharp += bound <= max(SHARP * size, SMALL)
        if bound <= SHARP * size or error == 0:
            self.worst = max(self.worst or 0.0, float(error) / size if size else 0.0)
        self.worst_of_bound = max(
            self.worst_of_bound or 0.0, float(error / bound) if bound else 0.0
        )
        return ""

    def weaken(self, subject: Subject, found: Violation) -> None:
        """Note where arithmetic fails a formula that is right: that is fragile, not wrong.

        Raises:
            Violation: if the author has promised full marks there (`Op.robust`).

        """
        promised = subject.promises(found.operands or ())
        if promised:
            found.reason += "; the op declares these operands robust"
            raise found
        simpler = self.weakness is None or _complexity(found) < _complexity(self.weakness)
        if promised is None and simpler:
            self.weakness = found

    def require_sharp(self, least: int = 5) -> None:
        """Fail if hardly a comparison could have told right from wrong."""
        if self.sharp < min(least, max(self.samples, 1)):
            raise Violation(
                f"only {self.sharp} of {self.samples} samples could be compared closely; the rules "
                "lose too many digits in the declared domain, or the domain is too narrow"
            )


def _complexity(found: Violation) -> tuple[int, float]:
    operands = found.operands or ()
    return len(repr(operands)), sum(abs(x) for x in operands if math.isfinite(x))


def for_each_drawn(subject: Subject, body: Callable[[Operands], None]) -> None:
    """Run `body` on operands drawn from the op's domain; on a violation, shrink the operands.

    Raises:
        Violation: the one at the simplest operands that were found.

    """
    from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
    from hypothesis.errors import Flaky

    last: list[Violation] = []

    @seed(subject.seed)
    @settings(
        max_examples=subject.samples,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        print_blob=False,
    )
    @given(subject.strategy)
    def drawn(xs: Operands) -> None:
        try:
            body(xs)
        except Violation as violation:
            last.append(violation)
            raise

    try:
        drawn()
    except Flaky:
        if not last:
            raise
        raise last[-1] from None


def for_each(operands: Iterable[Operands], body: Callable[[Operands], None]) -> None:
    """Run `body` on the given sets of operands."""
    for xs in operands:
        body(xs)
