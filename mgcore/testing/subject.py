"""An op under examination: its operands, what it should give, and what is known about both."""

import itertools
import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs
import mpmath
from mpmath import mpf

from mgcore.domain import REALS, Domain, parse_domain
from mgcore.errors import ArityError, MgcoreError, NotGenericError, RuleError
from mgcore.op import Op, no_derivative
from mgcore.places import is_shipped, rule_place
from mgcore.testing import precise, richardson
from mgcore.testing.bounded import FUNCTION_UNITS, UNIT, Bounded, run
from mgcore.testing.operands import edge_points, floats_in
from mgcore.testing.precise import Estimate
from mgcore.testing.references import REFERENCES

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["LARGEST", "Operands", "Subject", "UsageError"]

Operands = tuple[float, ...]
LARGEST = math.nextafter(math.inf, 0.0)
_COUNTS = (1, 2, 4)
_MOST_WHOLE = 20.0
_ZERO = Estimate(mpf(0), mpf(0))
_POINTS = (0.7, -0.4, 1.3, 2.5, 0.2, -1.9)


class UsageError(MgcoreError, ValueError):
    """Report a call of the kit that makes no sense."""


@attrs.frozen(slots=False)
class Subject:
    """Hold an op and how it is to be examined.

    Args:
        op: the op.
        reference: what it should compute, a function of mpmath numbers; None if there is none.
        samples: how many sets of operands each check draws.
        seed: what they are drawn with.

    """

    op: Op
    reference: Callable[..., Any] | None = None
    samples: int = 50
    seed: int = 0
    _slopes: dict[tuple[Operands, tuple[int, ...]], Estimate | None] = attrs.field(
        factory=dict, init=False, repr=False
    )

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Return the numbers of operands to try: the arity, or those that the op accepts."""
        if self.op.arity is not None:
            return (self.op.arity,)
        accepted = []
        for n in _COUNTS:
            try:
                self.op(*self.typical(n))
            except ArityError:
                continue
            except MgcoreError:
                pass  # it takes as many; these are outside of its domain
            accepted.append(n)
        return tuple(accepted)

    def domain(self, i: int) -> Domain:
        """Return the domain of operand `i`."""
        if self.op.domain is None:
            return REALS
        text = self.op.domain[min(i, len(self.op.domain) - 1)]
        return parse_domain(text, f"operand {i} of {self.op.name}")

    def promises(self, xs: Sequence[float]) -> bool | None:
        """Tell whether the author promises full marks at `xs`; None if no range is declared."""
        if self.op.robust is None:
            return None
        ranges = [self.robust(i) for i in range(len(xs))]
        return all(part is None or x in part for x, part in zip(xs, ranges, strict=True))

    def typical(self, n: int) -> Operands:
        """Return `n` unremarkable operands, each in its domain."""
        return next(self.ordinary(n))

    def ordinary(self, n: int, count: int = 8) -> "itertools.islice[Operands]":
        """Return `count` sets of `n` operands of moderate size, strictly inside the domain."""
        choices = [[_inside(self.domain(i), x) for x in _POINTS] for i in range(n)]
        sets = (
            tuple(c[(k + 2 * i) % len(c)] for i, c in enumerate(choices)) for k in itertools.count()
        )
        return itertools.islice(sets, count)

    @property
    def strategy(self) -> "SearchStrategy[Operands]":
        """Return the Hypothesis strategy for sets of operands."""
        from hypothesis import strategies as st

        return st.sampled_from(self.counts).flatmap(
            lambda n: st.tuples(*(floats_in(self.domain(i)) for i in range(n)))
        )

    def telling(self, largest: float = math.inf) -> list[Operands]:
        """Return sets of operands at which rules are wrong that are right elsewhere.

        One operand at zero, an integer, large, tiny, beside a border of the domain or of the range
        declared robust, the others ordinary; all operands alike; both sides of every kink.

        Args:
            largest: the largest size of the operands, and one over the smallest, zero apart.

        """
        found: list[Operands] = []
        for n in self.counts[:2]:
            marks = [
                [x for x in edge_points(self.domain(i), self.robust(i)) if _within(x, largest)]
                for i in range(n)
            ]
            moved = range(n) if self.op.arity is not None else (n - 1,)
            base = self.typical(n)
            found += [_with(base, i, x) for i in moved for x in marks[i]]
            if n > 1:
                ties = [x for x in marks[0] if all(x in self.domain(i) for i in range(n))]
                found += [(x,) * n for x in ties]
        found += [beside for xs in self.kinks for beside in self._beside(xs)]
        return list(dict.fromkeys(found))

    def robust(self, i: int) -> Domain | None:
        """Return the range of operand `i` at which the author promises full marks, if any."""
        if self.op.robust is None:
            return None
        text = self.op.robust[min(i, len(self.op.robust) - 1)]
        return parse_domain(text, f"the robust range, operand {i} of {self.op.name}")

    @cached_property
    def kinks(self) -> list[Operands]:
        """Return declared kinks, found by bisection where `kink` changes sign between operands."""
        kink = self.op.kink
        if kink is None:
            return []
        found = []
        for n in self.counts:
            sets = [*self.ordinary(n), *((x,) * n for x in (-9.0, 9.0))]
            for xs, ys in itertools.pairwise(sets):
                if kink(*xs) * kink(*ys) < 0 and (middle := _bisected(kink, xs, ys)):
                    found.append(middle)
        return list(dict.fromkeys(found))

    def _beside(self, xs: Operands) -> list[Operands]:
        """Return operands on both sides of a kink, as near as floats are and a little farther."""
        found = []
        for i, x in enumerate(xs):
            near = [math.nextafter(x, side) for side in (-math.inf, math.inf)]
            found += [_with(xs, i, y) for y in (*near, x - 1e-3, x + 1e-3)]
        return [ys for ys in found if all(y in self.domain(i) for i, y in enumerate(ys))]

    def interior(self, xs: Operands) -> bool:
        """Tell whether `xs` is away from every border and kink, so that derivatives exist."""
        inside = all(self._inside(self.domain(i), x) for i, x in enumerate(xs))
        return inside and not self.at_kink(xs)

    @staticmethod
    def _inside(domain: Domain, x: float) -> bool:
        """Tell whether `x` is inside; of whole numbers the first twenty are looked at."""
        if domain.whole:
            return x in domain and abs(x) <= _MOST_WHOLE
        return x in domain and x not in domain.borders

    def at_kink(self, xs: Sequence[float]) -> bool:
        """Tell whether the op declares a kink at `xs`."""
        return self.op.kink is not None and self.op.kink(*xs) == 0

    # What it should give.

    @cached_property
    def truth(self) -> Callable[..., Any] | None:
        """Return what the op should compute, in mpmath; None if nothing can tell."""
        if self.reference is not None:
            return self.reference
        if self.op.name in REFERENCES and is_shipped(self.op):
            return REFERENCES[self.op.name]
        return self._own_rule if self.generic_forward else None

    @property
    def differentiated(self) -> Callable[..., Any]:
        """Return the function whose derivatives the partials are: what it computes, mostly."""
        rule = self.op.surrogate
        if rule is not None:
            return lambda *xs: precise.evaluate(rule, xs)
        assert self.truth is not None, "callers have looked"  # noqa: S101 - a caller's bug
        return self.truth

    def require_precise_reference(self) -> None:
        """Raise a UsageError if the reference takes or gives no mpmath numbers."""
        if self.reference is None:
            return
        name = self.op.name
        if not callable(self.reference):
            raise UsageError(f"the reference of {name} must be a function, not {self.reference!r}")
        try:
            out = self.reference(*map(mpf, self.typical(self.counts[0])))
        except TypeError as error:
            raise UsageError(
                f"the reference of {name} does not take mpmath numbers: {error}; write it with "
                "mpmath's functions"
            ) from error
        if isinstance(out, float):
            raise UsageError(
                f"the reference of {name} returned the float {out!r}, which has 16 digits; write "
                "it with mpmath's functions, which keep the precision they are given"
            )

    def differentiable(self, count: int) -> list[int]:
        """Return by which of `count` operands the op has derivatives, as far as its author says."""
        partials = self.op.partials
        if not isinstance(partials, tuple):
            return list(range(count))
        return [i for i, rule in enumerate(partials) if rule is not no_derivative]

    @property
    def independent(self) -> bool:
        """Tell whether `truth` is independent of the op's own rules."""
        return self.truth is not None and self.truth != self._own_rule

    def _own_rule(self, *xs: Any) -> Any:
        return precise.evaluate(self.op.forward, xs)

    @cached_property
    def generic_forward(self) -> bool:
        """Tell whether the forward rule runs on numbers of any precision."""
        try:
            for n in self.counts:
                for xs in self.ordinary(n):
                    precise.evaluate(self.op.forward, list(map(mpf, xs)))
        except (NotGenericError, MgcoreError, ArithmeticError, ValueError):
            return False
        return True

    def exact(self, xs: Operands) -> Any:
        """Return the exact result at `xs` as an mpmath number; None if nothing can tell."""
        if self.truth is None:
            return None
        try:
            with mpmath.mp.workdps(60):
                return precise.real(self.truth(*map(mpf, xs)))
        except (ArithmeticError, ValueError):
            return None

    def slope(self, xs: Operands, *by: int, tolerance: float = 0.0) -> Estimate | None:
        """Return a derivative at `xs` with a bound of its error; None where there is none to have.

        Args:
            xs: where.
            by: the operands to differentiate by, one or two.
            tolerance: the error that does no harm; what is sharper takes longer.

        By an operand that counts, whose domain is whole numbers, the derivative is 0.

        """
        if any(self.domain(i).whole for i in by):
            return _ZERO
        if (xs, by) in self._slopes:
            known = self._slopes[xs, by]
            if known is None or known.error <= tolerance or known.error <= 1e-25 * abs(known.value):
                return known
        if len(self._slopes) > 1000:
            self._slopes.clear()
        found = self._slopes[xs, by] = self._new_slope(xs, by, tolerance)
        return found

    def _new_slope(self, xs: Operands, by: tuple[int, ...], tolerance: float) -> Estimate | None:
        try:
            if self.truth is not None:
                return precise.derivative(
                    self.differentiated, xs, *by, tolerance=tolerance, cancels=not self.independent
                )
            if len(by) == 1 and self.op.surrogate is None:
                return richardson.derivative(self.op, xs, by[0], self.same_piece)
            rule, out = self.partial(by[0]), self.op(*xs)
            noise = self.partial_bound(by[0], xs, out, FUNCTION_UNITS * UNIT * abs(out))
            return richardson.derivative(
                lambda *zs: float(rule(self.op(*zs), *zs)), xs, by[1], self.same_piece, noise
            )
        except (ArithmeticError, ValueError):
            return None

    def same_piece(self, xs: Sequence[float], ys: Sequence[float]) -> bool:
        """Tell whether no border and no declared kink lies between two points."""
        for i, (x, y) in enumerate(zip(xs, ys, strict=True)):
            pieces = self.domain(i).intervals
            if not any(x in piece and y in piece for piece in pieces):
                return False
        kink = self.op.kink
        return kink is None or kink(*xs) * kink(*ys) > 0

    def partial(self, i: int) -> Callable[..., Any]:
        """Return the rule for the partial by operand `i`, also of an op that returns all."""
        partials = self.op.partials
        if isinstance(partials, tuple):
            return partials[i]

        def one_of_all(out: Any, *xs: Any) -> Any:
            found = tuple(partials(out, *xs))
            if len(found) != len(xs):
                raise RuleError(
                    f"the partials rule of {self.op.name} must return one number for each of the "
                    f"{len(xs)} operands, and returned {len(found)}; it stands in "
                    f"{rule_place(partials)}"
                )
            return found[i]

        return one_of_all

    def place_of_partial(self, i: int) -> str:
        """Return where the rule for the partial by operand `i` stands."""
        partials = self.op.partials
        return rule_place(partials[i] if isinstance(partials, tuple) else partials)

    # How far rounding may take it.

    def forward_bound(self, xs: Operands, out: float) -> float:
        """Bound the rounding error of the forward rule: mixed stability, or what the rule costs."""
        mixed = self.stable_bound(xs, out)
        try:
            return max(mixed, 4 * run(self.op.forward, list(map(Bounded, xs))).error)
        except NotGenericError:
            return mixed
        except MgcoreError:
            return math.inf

    def stable_bound(self, xs: Operands, out: float) -> float:
        """Bound the error that operands and result make, each perturbed by 8 rounding units."""
        scale = abs(out)
        for i, x in enumerate(xs):
            if x != 0:
                found = self.slope(xs, i, tolerance=1e-3 * abs(out / x))
                if found is None:
                    return math.inf
                scale += abs(x) * float(abs(found.value) + found.error)
        return FUNCTION_UNITS * (UNIT * scale + 5e-324)

    def partial_bound(self, i: int, xs: Operands, out: float, out_error: float) -> float:
        """Bound the rounding error of partial `i` by running the rule on Bounded numbers."""
        rule = self.partial(i)
        try:
            return 4 * run(rule, [Bounded(out, out_error), *map(Bounded, xs)]).error + 1e-323
        except NotGenericError:
            return self._conditioned_bound(rule, xs, out)
        except (MgcoreError, ArithmeticError, ValueError):
            return math.inf

    def _conditioned_bound(self, rule: Callable[..., Any], xs: Operands, out: float) -> float:
        """Bound the error of a rule on floats alone by how it moves when its operands move."""
        operands = (out, *xs)
        try:
            here = float(rule(*operands))
            bound = 64 * UNIT * (abs(here) + abs(out) / max(1.0, *map(abs, xs))) + 1e-323
            for k, x in enumerate(operands):
                for nudge in (-64 * UNIT, 64 * UNIT):
                    moved = list(operands)
                    moved[k] = x * (1 + nudge)
                    bound += abs(float(rule(*moved)) - here)
        except (ArithmeticError, ValueError):
            return math.inf
        return bound


def _inside(domain: Domain, x: float) -> float:
    """Return `x`, or a number of moderate size strictly inside `domain` instead."""
    if x in domain and x not in domain.borders:
        return x
    part = domain.intervals[0]
    low, high = part.low, part.high
    if domain.whole:
        return low + math.floor(abs(x))
    if part.low == part.high:
        return low
    share = 1 / (1 + math.exp(-x))
    if math.isinf(low) and math.isinf(high):
        return abs(x) + 0.1
    if math.isinf(high):
        return low + abs(x)
    if math.isinf(low):
        return high - abs(x)
    return low + share * (high - low)


def _within(x: float, largest: float) -> bool:
    return x == 0.0 or 1.0 / largest <= abs(x) <= largest


def _bisected(kink: Callable[..., float], low: Operands, high: Operands) -> Operands | None:
    """Return a zero of `kink` between two sets of operands; None if floats miss it."""
    for _ in range(200):
        middle = tuple((a + b) / 2 for a, b in zip(low, high, strict=True))
        if kink(*middle) == 0:
            return middle
        if middle in (low, high):
            return None
        low, high = (middle, high) if kink(*middle) * kink(*low) > 0 else (low, middle)
    return None


def _with(xs: Operands, i: int, x: float) -> Operands:
    return tuple(x if k == i else old for k, old in enumerate(xs))
