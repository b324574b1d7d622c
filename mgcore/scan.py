"""Repeat a step: a loop that a compiler may record once, and that records every step on Values."""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from mgcore.errors import ScanError
from mgcore.nest import flatten

__all__ = ["scan", "stepped", "xs_of_one_form"]

Step = Callable[[Any, Any], tuple[Any, Any]]


def scan(f: Step, init: Any, xs: Sequence[Any] | None = None, length: int | None = None) -> Any:
    """Carry a state through a loop: ``carry, y = f(carry, x)`` for each x, as `jax.lax.scan` does.

    Args:
        f: takes the carry and one x (None without `xs`); returns the next carry, of the same form,
            and a y (None for nothing).
        init: the first carry: a number, a Value, or a nest (lists, tuples, dicts) of them.
        xs: one x for each step, each a number, a Value or a nest of them.
        length: how many steps; needed without `xs`, and checked with it.

    Returns:
        The last carry, and the list of the ys. On numbers and Values the loop is simply run, and
        every step recorded. A type that records what is applied to it may define
        ``__mgcore_scan__(f, init, xs, length)`` and call `f` but once, as the symbols of
        `mgcompile.trace` do: the numbers are the same.

    Raises:
        ScanError: if there is neither `xs` nor `length`, they disagree, or `f` returns no pair, or
            a carry of another form than `init`.

    >>> carry, ys = scan(lambda v, x: (v + x, v * x), 0.0, [1.0, 2.0, 3.0])
    >>> carry, ys
    (6.0, [0.0, 2.0, 9.0])

    """
    steps = _count(xs, length)
    leaves, form = flatten(init)
    rows, _ = xs_of_one_form(xs, steps)
    for leaf in chain(leaves, *rows):
        recorded = getattr(type(leaf), "__mgcore_scan__", None)
        if recorded is not None:
            return recorded(f, init, xs, steps)
    carry, ys = init, []
    for i in range(steps):
        carry, y = stepped(f, carry, None if xs is None else xs[i], form)
        ys.append(y)
    return carry, ys


def stepped(f: Step, carry: Any, x: Any, form: Any) -> tuple[Any, Any]:
    """Return what one step gives, if it is a carry of the right form and a y."""
    out = f(carry, x)
    if not isinstance(out, tuple) or len(out) != 2:
        raise ScanError(f"the step of a scan returns a carry and a y, not {out!r:.80}")
    if (found := flatten(out[0])[1]) != form:
        raise ScanError(
            f"the carry has another form after a step than before: {found} for {form}; return what "
            "has the form of init"
        )
    return out


def _count(xs: Sequence[Any] | None, length: int | None) -> int:
    if xs is None:
        if length is None:
            raise ScanError("a scan needs xs or length: how many steps are there to be?")
        if isinstance(length, bool) or not isinstance(length, int) or length < 0:
            raise ScanError(f"length is {length!r}; it is a whole number of steps, 0 or more")
        return length
    try:
        count = len(xs)
    except TypeError:
        raise ScanError(f"xs is {type(xs).__name__}; give a list with one x a step") from None
    if length is not None and length != count:
        raise ScanError(f"length is {length!r}, but xs has {count} items")
    return count


def xs_of_one_form(xs: Sequence[Any] | None, steps: int) -> tuple[list[list[Any]], Any]:
    """Return the leaves of each x, and the form that all have.

    Raises:
        ScanError: if one has another form than the first.

    """
    if xs is None:
        return [[] for _ in range(steps)], "none"
    parts = [flatten(xs[i]) for i in range(steps)]
    for i, (_, form) in enumerate(parts):
        if form != parts[0][1]:
            raise ScanError(f"x number {i} has another form than the first: {form}, {parts[0][1]}")
    return [leaves for leaves, _ in parts], parts[0][1] if parts else "none"
