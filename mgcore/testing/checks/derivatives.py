"""Checks of the local derivatives: first, second, in both modes, and at kinks."""

import math

from mpmath import mp, mpf

from mgcore.derivatives import grad, jvp, vjp
from mgcore.errors import DomainError, MgcoreError, NotGenericError, RangeError
from mgcore.testing.bounded import UNIT, bounded_gradient, is_exact
from mgcore.testing.checks.apply import apply, is_ordinary, missing_partial, partial_at
from mgcore.testing.snippets import partial_call
from mgcore.testing.subject import LARGEST, Operands, Subject
from mgcore.testing.tally import Skip, Tally, Violation, for_each, for_each_drawn
from mgcore.value import Value

__all__ = ["check_kinks", "check_modes", "check_partials", "check_second"]

NOTHING = 1e-40  # an error that matters nowhere but in the tails, which have a check of their own
KNOWN = 1e-6  # a slope known this closely, relatively, is a number
UNDECLARED = (
    "but no kink is declared; give the op a kink, a function of the operands that is zero there"
)


def check_partials(subject: Subject) -> Tally:
    """Hold every partial against a numerical derivative of the forward rule.

    The derivative is taken in mpmath at 110 digits or more where a reference is given or the
    forward rule is generic, else by Richardson extrapolation. The error allowed is that of the
    numerical derivative plus what running error analysis of the partial's own rule gives.
    """
    tally = Tally(note=_source(subject))

    def body(xs: Operands) -> None:
        if not subject.interior(xs) or (out := apply(subject, xs)) is None:
            return
        out_error = 0.0 if is_exact(subject.op) else subject.forward_bound(xs, out)
        for i in subject.differentiable(len(xs)):
            _compare_partial(subject, tally, xs, i, out, out_error)
        tally.samples += 1

    for_each_drawn(subject, body)
    for_each(subject.telling(), body)
    tally.require_sharp()
    return tally


def _compare_partial(
    subject: Subject, tally: Tally, xs: Operands, i: int, out: float, out_error: float
) -> None:
    rounding = subject.partial_bound(i, xs, out, out_error)
    slope = subject.slope(xs, i, tolerance=max(1e-3 * min(rounding, LARGEST), NOTHING))
    if slope is None or abs(slope.value) > LARGEST:
        return
    got = partial_at(subject, i, xs, out)
    if got is None:
        if abs(slope.value) <= LARGEST / 4 and slope.error <= KNOWN * abs(slope.value):
            missing = missing_partial(subject, i, xs, out, slope)
            if is_ordinary(xs):
                raise missing
            tally.weaken(subject, missing)
        return
    if reason := tally.compare(got, slope.value, rounding + float(slope.error)):
        right = float(slope.value)
        snippet = f"{partial_call(subject.op, i, xs)}  # {right!r} is right"
        raise Violation(f"the partial by operand {i} is {reason}", xs, got, right, snippet)


def check_second(subject: Subject) -> Tally:
    """Hold the second derivatives, made from the partials, against numerical ones."""
    tally = Tally(note=_source(subject))

    def body(xs: Operands) -> None:
        if not subject.interior(xs) or apply(subject, xs) is None:
            return
        leaves = [Value(x) for x in xs]
        try:
            wanted = [leaves[i] for i in subject.differentiable(len(leaves))]
            firsts = grad(subject.op(*leaves), wanted, create_graph=True)
        except NotGenericError as error:
            raise Skip(f"a partial is not generic: {error}") from error
        except MgcoreError:
            return
        for i, first in zip(subject.differentiable(len(leaves)), firsts, strict=True):
            _compare_row(subject, tally, xs, leaves, i, first)
        tally.samples += 1

    for_each_drawn(subject, body)
    for_each(subject.telling(largest=30.0), body)
    tally.require_sharp()
    return tally


def _compare_row(
    subject: Subject, tally: Tally, xs: Operands, leaves: list[Value], i: int, first: Value
) -> None:
    try:
        row = grad(first, [leaves[j] for j in subject.differentiable(len(leaves))])
        _, bounds = bounded_gradient(first, leaves)
    except (MgcoreError, ArithmeticError):
        return
    for j, got in zip(subject.differentiable(len(leaves)), row, strict=True):
        rounding = 4 * bounds[j].error + 1e-322
        tolerance = max(1e-3 * min(rounding, LARGEST), NOTHING)
        slope = subject.slope(xs, i, j, tolerance=tolerance) if j >= i else None
        if slope is None or abs(slope.value) > LARGEST:
            continue

        if reason := tally.compare(got, slope.value, rounding + float(slope.error)):
            right = float(slope.value)
            what = f"the second derivative by operands {i} and {j} is {reason}"
            raise Violation(what, xs, got, right, _hessian_call(subject, xs, i, j, right))


def _hessian_call(subject: Subject, xs: Operands, i: int, j: int, right: float) -> str:
    leaves = ", ".join(f"Value({x!r})" for x in xs)
    return (
        f"from mgcore import Value, hessian\nxs = [{leaves}]\n"
        f"hessian({subject.op.name}(*xs), xs)[{i}][{j}]  # {right!r} is right"
    )


def check_modes(subject: Subject) -> Tally:
    """Compare reverse mode, forward mode and `backward` on the op: three ways to one derivative."""
    tally = Tally()

    def body(xs: Operands) -> None:
        if not subject.interior(xs) or apply(subject, xs) is None:
            return
        leaves = [Value(x) for x in xs]
        kept = {*subject.differentiable(len(xs))}
        out = subject.op(*[x if i in kept else x.data for i, x in enumerate(leaves)])
        weights = [0.5 + 0.25 * k for k in range(len(xs))]
        try:
            reverse = vjp(out, leaves, 1.0)
            forward = jvp(out, leaves, weights)
            out.backward()
        except (RangeError, DomainError):  # what has no slope here, other checks tell
            return
        terms = [w * d for w, d in zip(weights, reverse, strict=True)]
        bound = 4 * len(xs) * UNIT * sum(map(abs, terms)) + 1e-322

        if math.isfinite(bound) and (reason := tally.compare(forward, math.fsum(terms), bound)):
            raise Violation(f"forward and reverse mode differ: {reason}", xs, forward, sum(terms))
        for i, (x, d) in enumerate(zip(leaves, reverse, strict=True)):
            if x.grad != d and not (math.isnan(x.grad) and math.isnan(d)):
                raise Violation(
                    f"backward and grad differ in operand {i}: a partial depends on more than its "
                    "arguments",
                    xs,
                    x.grad,
                    d,
                )
        tally.samples += 1

    for_each_drawn(subject, body)
    return tally


def check_kinks(subject: Subject) -> Tally:
    """Look at the kinks: a declared one keeps the convention, and none is left undeclared.

    At a kink each partial must lie between the slopes on both sides (it is a subgradient). At
    zeros, ones and ties the slopes on both sides must agree unless a kink is declared.
    """
    if subject.truth is None:
        raise Skip("slopes beside a point need a generic forward rule or a reference")
    tally = Tally()
    for xs in _marked_points(subject):
        out = apply(subject, xs)
        if out is None:
            continue
        for i in subject.differentiable(len(xs)):
            _look_at(subject, tally, xs, i, out)
        tally.samples += 1
    kinks = "kinks" if subject.op.kink is not None else "no kink"
    tally.note = f"{kinks} declared"
    return tally


def _marked_points(subject: Subject) -> list[Operands]:
    points: list[Operands] = []
    marks = (0.0, 1.0, -1.0, 0.5, 2.0, 3.0, -2.0, -3.0)
    for n in subject.counts:
        for base in subject.ordinary(n, 2):
            for mark in marks:
                points += [
                    tuple(mark if k == i else x for k, x in enumerate(base)) for i in range(n)
                ]
        points += [(mark,) * n for mark in marks]
    domains = [subject.domain(i) for i in range(max(subject.counts))]
    inside = [
        xs
        for xs in dict.fromkeys(points)
        if all(x in d and x not in d.borders for x, d in zip(xs, domains, strict=False))
    ]
    return [*inside, *subject.kinks]


def _look_at(subject: Subject, tally: Tally, xs: Operands, i: int, out: float) -> None:
    before, after = _beside(subject, xs, i, -1), _beside(subject, xs, i, 1)
    got = partial_at(subject, i, xs, out)
    if before is None or after is None:
        return
    (below, left), (above, right) = before, after
    slack = 1e-12 * (abs(left) + abs(right)) + 1e-15
    declared = subject.at_kink(xs)
    if not declared:
        snippet = partial_call(subject.op, i, xs)
        if abs(left - right) > 1e-6 * (abs(left) + abs(right)) + 1e-15:
            reason = f"the slope by operand {i} is {left!r} on the left and {right!r} on the right"
            raise Violation(f"{reason}, {UNDECLARED}", xs, got, "one slope", snippet)
        if abs(below - above) > 1e-12 * (abs(below) + abs(above)) + 1e-15:
            reason = f"the result jumps from {below!r} to {above!r} in operand {i}"
            raise Violation(f"{reason}, {UNDECLARED}", xs, out, "one value", snippet)
    if got is None:
        if i not in subject.differentiable(len(xs)):
            return
        raise Violation(
            f"the partial by operand {i} has no value, though there are slopes on both sides",
            xs,
            "no number",
            f"{left!r} to {right!r}",
            partial_call(subject.op, i, xs),
        )
    if not min(left, right) - slack <= got <= max(left, right) + slack:
        where = "at the kink" if declared else "here"
        raise Violation(
            f"the partial by operand {i} {where} does not lie between the slopes on both sides",
            xs,
            got,
            f"{left!r} to {right!r}",
            partial_call(subject.op, i, xs),
        )
    outside = max(min(left, right) - got, got - max(left, right), 0.0)
    size = max(abs(left), abs(right))
    tally.worst = max(tally.worst or 0.0, outside / size if size else 0.0)


def _beside(subject: Subject, xs: Operands, i: int, side: int) -> tuple[float, float] | None:
    """Return value and slope a little to one side of `xs` in operand `i`, if there are numbers."""
    if subject.domain(i).whole:
        return None
    with mp.workdps(80):
        nudge = mpf(10) ** -20 * max(abs(xs[i]), 1.0) * side
        moved = tuple(x + nudge if k == i else mpf(x) for k, x in enumerate(xs))
        value, slope = subject.exact(moved), subject.slope(moved, i)
    if value is None or slope is None or max(abs(value), abs(slope.value)) > LARGEST:
        return None
    return float(value), float(slope.value)


def _source(subject: Subject) -> str:
    if subject.reference is not None:
        return "against the given reference"
    if subject.independent:
        return "against mpmath"
    return "against its own rule in mpmath" if subject.truth else "by Richardson extrapolation"
