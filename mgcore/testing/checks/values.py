"""Checks of the forward rule: its values, and what it does at the ends of the number line."""

import math
from collections.abc import Iterable
from typing import Any

from mpmath import mp, mpf

from mgcore.errors import ChoiceError, DomainError, MgcoreError, RangeError
from mgcore.places import rule_place
from mgcore.testing.checks.apply import (
    ADVICE,
    apply,
    is_ordinary,
    missing_partial,
    partial_at,
    refuses_itself,
    result_of,
)
from mgcore.testing.snippets import call, partial_call
from mgcore.testing.subject import LARGEST, Operands, Subject
from mgcore.testing.tally import Skip, Tally, Violation, for_each_drawn

__all__ = ["check_borders", "check_forward", "check_nonfinite", "check_overflow", "check_zeros"]


def check_forward(subject: Subject) -> Tally:
    """Hold the forward rule against its reference, or against itself in high precision.

    The error allowed is that of mixed stability (operands and result each perturbed by 8 rounding
    units), or what running error analysis of the rule gives, where that is more.
    """
    if subject.truth is None:
        raise Skip("the forward rule runs on floats alone and no reference is given")
    against = "its own rule in mpmath" if not subject.independent else "mpmath"
    tally = Tally(note=f"against {against}")
    for_each_drawn(subject, lambda xs: _compare_forward(subject, tally, xs))
    tally.require_sharp()
    return tally


def _compare_forward(subject: Subject, tally: Tally, xs: Operands) -> None:
    out, exact = apply(subject, xs), subject.exact(xs)
    if out is None and exact is not None and is_ordinary(xs) and subject.interior(xs):
        got = _text(result_of(subject, xs))
        if not _overflows(subject, xs):
            raise Violation("the result is no number", xs, got, float(exact), call(subject.op, xs))
    if out is None or exact is None:
        return
    tally.samples += 1
    if not subject.interior(xs):
        return

    snippet = f"{call(subject.op, xs)}  # {float(exact)!r} is right"
    if reason := tally.compare(out, exact, subject.forward_bound(xs, out)):
        raise Violation(f"the result is {reason}", xs, out, float(exact), snippet)
    error = float(abs(mpf(out) - exact))
    if error > subject.stable_bound(xs, out):
        what = (
            f"the result is off by {error:.3g}, which is {error / abs(float(exact) or 1):.1g} of "
            f"it: the rule in {rule_place(subject.op.forward)} loses digits that the operands "
            f"have; write it so that it cancels less, {ADVICE}"
        )
        tally.weaken(subject, Violation(what, xs, out, float(exact), snippet))


def check_zeros(subject: Subject) -> Tally:
    """Look at both zeros and at subnormal numbers: -0.0 is 0.0, and tiny is nothing special."""
    tally = Tally()
    for base, i in _ordinary(subject):
        if 0.0 not in subject.domain(i):
            continue
        _compare_zeros(subject, base, i)
        for tiny in (5e-324, -5e-324, 1e-310, -1e-310):
            xs = _with(base, i, tiny)
            if tiny in subject.domain(i) and subject.truth is not None and not subject.at_kink(xs):
                _compare_forward(subject, tally, xs)
        tally.samples += 1
    if not tally.samples:
        tally.samples = _tiny_in_open_domain(subject, tally)
    if not tally.samples:
        raise Skip("neither 0 nor numbers near it lie in the domain")
    return tally


def _compare_zeros(subject: Subject, base: Operands, i: int) -> None:
    plus, minus = _with(base, i, 0.0), _with(base, i, -0.0)
    up, down = result_of(subject, plus), result_of(subject, minus)
    if isinstance(up, float) != isinstance(down, float) or (isinstance(up, float) and up != down):
        raise Violation(
            "0.0 and -0.0 are one number, but the results differ",
            minus,
            down,
            up,
            f"{call(subject.op, plus)}, {call(subject.op, minus)}",
        )
    if not (isinstance(up, float) and isinstance(down, float)):
        return
    for k in range(len(base)):
        first, second = partial_at(subject, k, plus, up), partial_at(subject, k, minus, down)
        if first != second:
            raise Violation(
                f"0.0 and -0.0 are one number, but the partials by operand {k} differ",
                minus,
                second,
                first,
                partial_call(subject.op, k, minus),
            )


def _tiny_in_open_domain(subject: Subject, tally: Tally) -> int:
    count = 0
    for base, i in _ordinary(subject):
        for tiny in (5e-324, -5e-324, 1e-310, -1e-310):
            xs = _with(base, i, tiny)
            if tiny in subject.domain(i):
                count += 1
                if subject.truth is not None:
                    _compare_forward(subject, tally, xs)
                else:
                    result_of(subject, xs)
    return count


def check_nonfinite(subject: Subject) -> Tally:
    """Feed NaN and infinities: NaN never becomes a number, and a number at infinity is the limit.

    An operand is looked at where the result depends on it. Refusing with a DomainError is right
    as well, and so is NaN at infinity.
    """
    tally = Tally()
    for base, i in _ordinary(subject):
        out = apply(subject, base)
        if out is None or not partial_at(subject, i, base, out):
            continue
        xs = _with(base, i, math.nan)
        got = result_of(subject, xs)
        if isinstance(got, float) and not math.isnan(got):
            reason = (
                f"operand {i} is NaN, and the result hides it (as min and max of Python do); let "
                f"the rule in {rule_place(subject.op.forward)} give NaN, {ADVICE}"
            )
            found = Violation(reason, xs, got, "nan, or a DomainError", call(subject.op, xs))
            tally.weaken(subject, found)
        tally.samples += 1
        for end in (math.inf, -math.inf):
            _look_at_infinity(subject, base, i, end)
    if not tally.samples:
        tally.samples = _nonfinite_is_harmless(subject)
        tally.note = "no operand moves the result; nothing raises"
    return tally


def _nonfinite_is_harmless(subject: Subject) -> int:
    return sum(
        result_of(subject, _with(base, i, x)) is not None
        for base, i in _ordinary(subject)
        for x in (math.nan, math.inf, -math.inf)
    )


def _look_at_infinity(subject: Subject, base: Operands, i: int, end: float) -> None:
    xs = _with(base, i, end)
    got = result_of(subject, xs)
    borders = [b for part in subject.domain(i).intervals for b in (part.low, part.high)]
    if end not in borders or not isinstance(got, float) or math.isnan(got):
        return
    near, far = _far_values(subject, base, i, end)
    if near is None or far is None:
        return
    if math.isinf(got):
        right = (far - near) * got > 0 or (far * got > 0 and abs(far) > LARGEST)
    else:
        right = abs(far - got) <= 1e-6 * max(1.0, abs(got)) or abs(far - near) > abs(far) * 1e-9
    if not right:
        limit = float(far) if abs(far) < LARGEST else math.copysign(math.inf, far)
        raise Violation(
            f"operand {i} is {end}, and the result is not the limit there",
            xs,
            got,
            limit,
            call(subject.op, xs),
        )


def _far_values(subject: Subject, base: Operands, i: int, end: float) -> tuple[Any, Any]:
    sign = math.copysign(1.0, end)
    if subject.truth is None:
        first, second = (apply(subject, _with(base, i, sign * x)) for x in (1e200, 1e300))
        return first, second
    with mp.workdps(60):
        first, second = (
            subject.exact(_with(base, i, mpf(10) ** power * sign)) for power in (300, 400)
        )
    return first, second


def check_borders(subject: Subject) -> Tally:
    """Go to the borders of the domain: a closed border is served, and so is what lies just inside.

    Beyond a border the op may refuse or compute, but its rules must not break.
    """
    tally = Tally()
    for base, i in _ordinary(subject, 2):
        for part in subject.domain(i).intervals * (not subject.domain(i).whole):
            for border, closed, inward in (
                (part.low, part.low_closed, math.inf),
                (part.high, part.high_closed, -math.inf),
            ):
                if not math.isfinite(border):
                    continue
                inside = [math.nextafter(border, inward)] + [border] * closed
                for x in inside:
                    _must_serve(subject, tally, base, i, x)
                result_of(subject, _with(base, i, math.nextafter(border, -inward)))
                tally.samples += 1
    if not tally.samples:
        raise Skip(
            "the domain is the whole real line" if _is_whole(subject) else "no finite border"
        )
    return tally


def _is_whole(subject: Subject) -> bool:
    return subject.op.domain is None


def _must_serve(subject: Subject, tally: Tally, base: Operands, i: int, x: float) -> None:
    xs = _with(base, i, x)
    got = result_of(subject, xs)
    if (isinstance(got, float) and math.isfinite(got)) or _overflows(subject, xs):
        return
    overflown = isinstance(got, RangeError) or (isinstance(got, float) and math.isinf(got))
    if overflown and _grows_until(subject, base, i, xs):
        return
    found = Violation(
        f"the declared domain has these operands in it, but the op gives {_text(got)}; let the "
        f"rule in {rule_place(subject.op.forward)} serve them, narrow the domain, {ADVICE}",
        xs,
        _text(got),
        "a number",
        call(subject.op, xs),
    )
    at_border = x in subject.domain(i).borders
    if at_border or (isinstance(got, MgcoreError) and refuses_itself(got)):
        raise found
    tally.weaken(subject, found)


def check_overflow(subject: Subject) -> Tally:
    """Go to the largest operands: only what is really too large for a float64 may overflow.

    Where the exact result is known it decides. Else the operand is found beyond which the op
    fails: just below, a true overflow comes with a result near the largest float64.
    """
    tally = Tally()
    for base, i in _ordinary(subject, 3):
        if subject.domain(i).whole:
            continue
        for sign in (1.0, -1.0):
            known = False
            for x in (20.0, 100.0, 800.0, 1e4, 1e10, 1e100, 1e160, 1e300, LARGEST):
                xs = _with(base, i, sign * x)
                if xs[i] in subject.domain(i) and subject.interior(xs):
                    known = _must_not_overflow(subject, tally, base, i, xs, known)
                    tally.samples += 1
    if not tally.samples:
        raise Skip("the domain holds no large numbers")
    return tally


def _must_not_overflow(
    subject: Subject, tally: Tally, base: Operands, i: int, xs: Operands, known: bool
) -> bool:
    """Look at one set of operands; return whether it is known that this direction overflows."""
    got = result_of(subject, xs)
    if isinstance(got, float) and math.isfinite(got):
        for k in subject.differentiable(len(xs)):
            _partial_must_not_overflow(subject, tally, k, xs, got)
        return known
    if isinstance(got, ChoiceError):
        return known
    if isinstance(got, DomainError) and refuses_itself(got):
        raise Violation(
            f"large operands lie in the declared domain, but the op refuses them: {got}",
            xs,
            type(got).__name__,
            "a number",
            call(subject.op, xs),
        )
    if known or _overflows(subject, xs) or _grows_until(subject, base, i, xs):
        return True
    exact = subject.exact(xs)
    found = Violation(
        f"an intermediate result overflows ({_text(got)}), though the result itself is a "
        f"float64; let the rule in {rule_place(subject.op.forward)} saturate, {ADVICE}",
        xs,
        _text(got),
        "a saturated result" if exact is None else float(exact),
        call(subject.op, xs),
    )
    tally.weaken(subject, found)
    return True


def _partial_must_not_overflow(
    subject: Subject, tally: Tally, k: int, xs: Operands, out: float
) -> None:
    if partial_at(subject, k, xs, out) is not None:
        return
    slope = subject.slope(xs, k, tolerance=1e-13)
    if slope is None or abs(slope.value) > LARGEST / 4 or not _is_known(slope):
        return
    tally.weaken(subject, missing_partial(subject, k, xs, out, slope))


def _is_known(slope: Any) -> bool:
    return bool(slope.error <= 1e-6 * abs(slope.value) + 1e-12)


def _overflows(subject: Subject, xs: Operands) -> bool:
    """Tell whether the exact result, or the terms that it is made of, exceed a float64."""
    exact = subject.exact(xs)
    if exact is None:
        return False
    scale = abs(exact)
    for i, x in enumerate(xs):
        slope = subject.slope(xs, i, tolerance=1e-3 * LARGEST / abs(x)) if x else None
        scale += abs(x * slope.value) if slope is not None else 0
    return bool(scale > LARGEST / 4)


def _grows_until(subject: Subject, base: Operands, i: int, xs: Operands) -> bool:
    """Tell whether, for all we know, results grow to the largest float64 before the op fails."""
    if subject.truth is not None:
        return False
    good, bad = base[i], xs[i]
    for _ in range(2200):
        middle = (
            good / 2 + bad / 2
            if abs(bad) < 4 * abs(good) + 1
            else math.copysign(math.sqrt(abs(good)) * math.sqrt(abs(bad)), bad)
        )
        if middle in (good, bad):
            break
        if apply(subject, _with(base, i, middle)) is None:
            bad = middle
        else:
            good = middle
    out = apply(subject, _with(base, i, good))
    return out is not None and abs(out) > 1e290


def _text(got: float | MgcoreError) -> str:
    return repr(got) if isinstance(got, float) else f"{type(got).__name__}: {got}"


def _ordinary(subject: Subject, count: int = 6) -> Iterable[tuple[Operands, int]]:
    for n in subject.counts:
        for base in subject.ordinary(n, count):
            for i in range(n):
                yield base, i


def _with(xs: Operands, i: int, x: Any) -> Operands:
    return tuple(x if k == i else old for k, old in enumerate(xs))
