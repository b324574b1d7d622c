"""Check the local derivatives where they are tiny: relative to themselves, over the whole range."""

from collections.abc import Iterator

from mgcore.derivatives import grad
from mgcore.errors import MgcoreError
from mgcore.testing.bounded import FUNCTION_UNITS, UNIT
from mgcore.testing.checks.apply import ADVICE, apply, partial_at
from mgcore.testing.snippets import partial_call
from mgcore.testing.subject import LARGEST, Operands, Subject
from mgcore.testing.tally import Skip, Tally, Violation
from mgcore.value import Value

__all__ = ["check_tails"]

SIZES = (
    *(1e-8, 1e-3, 0.1, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 9.0, 12.0, 16.0, 19.0, 20.0, 26.0),
    *(30.0, 37.0, 50.0, 100.0, 300.0, 700.0, 1e3, 1e6, 1e10, 1e17),
)
SMALLEST = 1e-280  # below, underflow on the way costs digits
ALLOWED = 8.0 * FUNCTION_UNITS  # a partial is a handful of operations
# Large operands are numbers too: no partial may lose half of its digits to their rounding.
MOST = 1e-8


def check_tails(subject: Subject) -> Tally:
    """Hold every partial against its exact value relative to its size, also where it is tiny.

    The error allowed is that of operands and partial each perturbed by 64 rounding units, but never
    more than 1e-8 of the partial. It finds 1 - tanh(x)**2, which is right to 16 digits near 0, to
    none at 19, and 0 from 20 on: fragile, since the formula is right. What rounding does not
    explain is wrong.
    """
    if subject.truth is None:
        raise Skip("exact slopes need a generic forward rule or a reference")
    tally = Tally()
    for xs in _points(subject):
        if not subject.interior(xs) or (out := apply(subject, xs)) is None:
            continue
        graph = _by_graph(subject, xs)
        for i in subject.differentiable(len(xs)):
            _compare(subject, tally, xs, i, [partial_at(subject, i, xs, out), graph[i]])
        tally.samples += 1
    if not tally.samples:
        raise Skip("none of the operands tried has a finite result")
    return tally


def _points(subject: Subject) -> Iterator[Operands]:
    for n in subject.counts[:2]:
        marks = [s * size for size in SIZES for s in (1.0, -1.0)]
        for base in subject.ordinary(n, 1 if n == 1 else 2):
            for x in marks:
                for i in range(n):
                    yield tuple(x if k == i else old for k, old in enumerate(base))
        if n > 1:
            yield from ((x,) * n for x in marks)


def _by_graph(subject: Subject, xs: Operands) -> list[float | None]:
    """Return the partials as rules on Values give them: those may take another way there."""
    leaves = [Value(x) for x in xs]
    try:
        return [d.data for d in grad(subject.op(*leaves), leaves, create_graph=True)]
    except MgcoreError:
        return [None] * len(xs)


def _compare(
    subject: Subject, tally: Tally, xs: Operands, i: int, found: list[float | None]
) -> None:
    slope = subject.slope(xs, i)
    if slope is None or not SMALLEST < abs(slope.value) < LARGEST:
        return
    if not slope.error <= UNIT * abs(slope.value):
        return  # nothing tells it closely enough
    size = scale = float(abs(slope.value))
    for k, x in enumerate(xs):
        bend = subject.slope(xs, i, k, tolerance=1e-3 * scale / max(abs(x), SMALLEST))
        if bend is None:
            return
        scale += abs(x) * float(abs(bend.value) + bend.error)
    bound = min(ALLOWED * UNIT * scale, MOST * size)
    for got in found:
        if got is None:
            continue
        if reason := tally.compare(got, slope.value, bound):
            right = float(slope.value)
            snippet = f"{partial_call(subject.op, i, xs)}  # {right!r} is right"
            what = f"the partial by operand {i} is {reason}"
            if not _is_rounding(subject, i, xs, abs(got - right)):
                raise Violation(what, xs, got, right, snippet)
            what += f"; write the rule in {subject.place_of_partial(i)} so that it cancels less"
            tally.weaken(subject, Violation(f"{what}, {ADVICE}", xs, got, right, snippet))


def _is_rounding(subject: Subject, i: int, xs: Operands, error: float) -> bool:
    """Tell whether the rule, right as a formula, can be off by `error` as it is evaluated."""
    out = subject.op(*xs)
    return error <= subject.partial_bound(i, xs, out, subject.forward_bound(xs, out))
