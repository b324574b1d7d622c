"""Run the conformance kit over the good and the broken ops, and tell what came out."""

from concurrent.futures import ProcessPoolExecutor

import attrs

from gallery.broken import BROKEN
from gallery.good import GOOD, GROUPS
from mgcore import Op
from mgcore.testing import Report, check_op

WORKERS = 8

__all__ = ["Outcome", "outcome_of", "outcomes"]


@attrs.frozen
class Outcome:
    """Tell what the kit says of one op.

    Args:
        kind: of slip, or of function.
        name: of the op.
        wrong: the checks that it fails.
        fragile: the checks that it passes with advice.

    """

    kind: str
    name: str
    wrong: tuple[str, ...]
    fragile: tuple[str, ...]

    @property
    def word(self) -> str:
        """Return rejected, fragile or accepted."""
        return "rejected" if self.wrong else "fragile" if self.fragile else "accepted"


def outcome_of(kind: str, op: Op, report: Report) -> Outcome:
    """Sum up a report."""
    wrong = tuple(check.name for check in report.failures)
    return Outcome(kind, op.name, wrong, tuple(check.name for check in report.fragile))


def outcomes(good: bool) -> list[Outcome]:
    """Examine every good op, or every broken one, in several processes."""
    count = len(GOOD) if good else len(BROKEN)
    with ProcessPoolExecutor(max_workers=WORKERS) as pool:
        return list(pool.map(_good if good else _broken, range(count)))


def _good(k: int) -> Outcome:
    kinds = [kind for kind, found in GROUPS.items() for _ in found]
    return outcome_of(kinds[k], GOOD[k], check_op(GOOD[k]))


def _broken(k: int) -> Outcome:
    each = BROKEN[k]
    return outcome_of(each.kind, each.op, check_op(each.op, reference=each.reference))
