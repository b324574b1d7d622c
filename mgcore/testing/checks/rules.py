"""Checks of the rules as functions: what they take and give, and that they are functions at all."""

import gc
import math
import time
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

from mgcore.errors import ArityError, MgcoreError, OperandTypeError
from mgcore.explain.formula import Formula
from mgcore.foreign import rules_on_values
from mgcore.op import Op
from mgcore.places import failing_line, rule_place
from mgcore.testing.checks.apply import apply, partial_at, result_of
from mgcore.testing.outside import outside_state
from mgcore.testing.snippets import call, partial_call
from mgcore.testing.subject import Operands, Subject
from mgcore.testing.tally import Skip, Tally, Violation, for_each_drawn
from mgcore.value import Value

__all__ = [
    "check_arity",
    "check_captures",
    "check_generic",
    "check_leaks",
    "check_pickling",
    "check_purity",
]


def check_arity(subject: Subject) -> Tally:
    """Count operands and results, and look at their types.

    The forward rule gives one float, the partials one float per operand; another number of
    operands, and a bool, a string or a list in place of a number are refused.
    """
    op, tally = subject.op, Tally()
    if not subject.counts:
        raise Violation("the op accepts neither 1, 2 nor 4 operands", got="none", expected="some")
    for n in subject.counts:
        for xs in subject.ordinary(n):
            _one_result_each(subject, xs)
            tally.samples += 1
        _refuses_other_types(op, subject.typical(n))
    if op.arity is not None:
        _refuses_other_counts(op, subject.typical(op.arity))
    return tally


def _one_result_each(subject: Subject, xs: Operands) -> None:
    op = subject.op
    raw = _raw_forward(op, xs)
    if raw is not None and (isinstance(raw, bool) or not isinstance(raw, (int, float))):
        raise Violation(
            f"the forward rule returns {type(raw).__name__}, not a float; it stands in "
            f"{rule_place(op.forward)}",
            xs,
            raw,
            "a float",
            call(op, xs),
        )
    out = apply(subject, xs)
    if out is None:
        return
    if not isinstance(op.partials, tuple):
        every = op.partials(out, *xs)
        count = len(tuple(every))
        if count != len(xs):
            raise Violation(
                f"the partials rule returns {count} numbers for {len(xs)} operands; it stands in "
                f"{rule_place(op.partials)}",
                xs,
                count,
                len(xs),
                f"{op.name}.partials({call(op, xs)}, *{list(xs)!r})",
            )
    for i in range(len(xs)):
        partial_at(subject, i, xs, out)


def _raw_forward(op: Op, xs: Operands) -> Any:
    try:
        return op.forward(*xs)
    except Exception:
        return None  # what this means, `apply` tells


def _refuses_other_counts(op: Op, xs: Operands) -> None:
    for operands in (xs[1:], (*xs, 1.0)):
        if not operands:
            continue
        try:
            got = op(*operands)
        except ArityError:
            continue
        except MgcoreError as error:
            got = f"{type(error).__name__}: {error}"
        raise Violation(
            f"there are {op.arity} partials, but {len(operands)} operands are not refused; let the "
            f"forward rule take exactly {op.arity}; it stands in {rule_place(op.forward)}",
            operands,
            got,
            "an ArityError",
            call(op, operands),
        )


def _refuses_other_types(op: Op, xs: Operands) -> None:
    for wrong in (True, "1.0", [1.0]):
        try:
            got = op(*xs[:-1], wrong)
        except OperandTypeError:
            continue
        raise Violation(f"the operand {wrong!r} is not refused", xs, got, "an OperandTypeError")


def check_purity(subject: Subject) -> Tally:
    """Call every rule again, in other orders and after many calls: results stay, to the bit."""
    tally = Tally()
    operands: list[Operands] = []
    for_each_drawn(subject, operands.append)
    first = [_results(subject, xs) for xs in operands]
    orders = (range(len(operands)), range(len(operands) - 1, -1, -1), _mixed(len(operands)))
    for order in orders:
        for k in order:
            _same(subject, operands[k], first[k])
    # State that takes many calls to show: the same operands over and over.
    for _ in range(300):
        _results(subject, operands[0])
    _same(subject, operands[0], first[0])
    tally.samples = len(operands)
    return tally


def _results(subject: Subject, xs: Operands) -> list[Any]:
    out = apply(subject, xs)
    if out is None:
        return [None]
    return [out, *(partial_at(subject, i, xs, out) for i in range(len(xs)))]


def _same(subject: Subject, xs: Operands, before: Sequence[Any]) -> None:
    now = _results(subject, xs)
    for k, (old, new) in enumerate(zip(before, now, strict=False)):
        if old == new or (
            old is not None and new is not None and math.isnan(old) and math.isnan(new)
        ):
            continue
        what = "the result" if k == 0 else f"the partial by operand {k - 1}"
        snippet = call(subject.op, xs) if k == 0 else partial_call(subject.op, k - 1, xs)
        raise Violation(
            f"{what} changes from call to call on the same operands; a rule may depend on its "
            "arguments alone",
            xs,
            new,
            old,
            "\n".join([snippet] * 2),
        )


def _mixed(n: int) -> list[int]:
    return sorted(range(n), key=lambda k: (k * 7919) % max(n, 1))


def check_captures(subject: Subject) -> Tally:
    """Look at what the rules hold from outside (closures, globals, defaults): it stays the same."""
    tally = Tally()
    rules = _rules(subject.op)
    before = {name: outside_state(rule) for name, rule in rules.items()}
    sets = [xs for n in subject.counts for xs in subject.ordinary(n)]
    for xs in (*sets, *reversed(sets)):
        _results(subject, xs)
        tally.samples += 1
    for name, rule in rules.items():
        after = outside_state(rule)
        for variable, (value, shown) in after.items():
            old, old_shown = before[name].get(variable, (None, "nothing"))
            if old != value:
                raise Violation(
                    f"{name} changes what it captures: {variable}. A rule must depend on its "
                    f"arguments alone (a partial is given out); it stands in {rule_place(rule)}",
                    sets[0],
                    f"{variable} is {shown}",
                    f"{variable} stays {old_shown}",
                )
    captured = sorted({variable for name in rules for variable in before[name]})
    tally.note = f"held from outside, unchanged: {', '.join(captured)}" if captured else ""
    return tally


def _rules(op: Op) -> dict[str, Callable[..., Any]]:
    rules: dict[str, Callable[..., Any]] = {"the forward rule": op.forward}
    if isinstance(op.partials, tuple):
        rules |= {f"the partial by operand {i}": rule for i, rule in enumerate(op.partials)}
    else:
        rules["the partials rule"] = op.partials
    return rules


_CALLS = 400
_LEAST_CALLS = 40
_SLACK_BYTES = 300
_FRAMES = 40


def check_leaks(subject: Subject) -> Tally:
    """Call the rules thousands of times on a few operands: memory does not grow."""
    sets = [xs for n in subject.counts for xs in subject.ordinary(n, 2)]
    rounds = _rounds(lambda: _call_all(subject, sets))
    growths = _growths(lambda: _call_all(subject, sets), rounds)
    if min(growths) > _SLACK_BYTES:  # of this process; look again at what these calls have made
        growths = _growths(lambda: _call_all(subject, sets), rounds, _held_by_calls)
    if min(growths) > _SLACK_BYTES:
        raise Violation(
            f"{min(growths)} bytes more are held after {rounds} rounds of calls on the same "
            "operands; a rule keeps something of every call",
            sets[0],
            f"{min(growths)} bytes",
            "none",
        )
    return Tally(samples=rounds, note="rounds of the same operands")


def _rounds(run: Callable[[], None]) -> int:
    """Return how often to run: hundreds of times, but not for minutes where rules are slow."""
    start = time.process_time()
    run()
    return min(_CALLS, max(_LEAST_CALLS, int(0.5 / (time.process_time() - start + 1e-6))))


def _call_all(subject: Subject, sets: Iterable[Operands]) -> None:
    for xs in sets:
        out = apply(subject, xs)
        if out is not None:
            for i in range(len(xs)):
                partial_at(subject, i, xs, out)


def _held() -> int:
    return tracemalloc.get_traced_memory()[0]


def _held_by_calls() -> int:
    """Return how many bytes are held that were asked for below a function of this file.

    Other threads, such as a server's, may fill their memory meanwhile.
    """
    traces = tracemalloc.take_snapshot().traces
    return sum(t.size for t in traces if any(f.filename == __file__ for f in t.traceback))


def _growths(run: Callable[[], None], rounds: int, measure: Callable[[], int] = _held) -> list[int]:
    """Return by how many bytes each of three equal stretches of calls grew what is held."""
    running = tracemalloc.is_tracing()
    if not running:
        tracemalloc.start(1 if measure is _held else _FRAMES)
    try:
        held = []
        for stretch in range(4):
            for _ in range(rounds if stretch else rounds // 10):
                run()
            gc.collect()
            held.append(measure())
    finally:
        if not running:
            tracemalloc.stop()
    return [after - before for before, after in pairwise(held)]


def check_generic(subject: Subject) -> Tally:
    """Run the rules on floats, on Values, and on symbols that have no value: they agree.

    The partials must run on all three. A forward rule on floats alone makes the op a primitive,
    which is allowed.
    """
    tally = Tally()
    for n in subject.counts:
        for xs in subject.ordinary(n):
            out = apply(subject, xs)
            if out is None:
                continue
            _runs_on_values(subject, xs, out)
            _runs_on_symbols(subject, n)
            tally.samples += 1
    tally.note = (
        "forward and partials"
        if _forward_is_generic(subject)
        else "the forward rule runs on floats alone"
    )
    return tally


def _runs_on_values(subject: Subject, xs: Operands, out: float) -> None:
    op = subject.op
    leaves = [Value(x) for x in xs]
    node = op(*leaves)
    if not isinstance(node, Value) or node.data != out:
        raise Violation("the op on Values gives another result than on floats", xs, node, out)
    for i in range(len(xs)):
        rule, number = subject.partial(i), partial_at(subject, i, xs, out)
        got = _run_generic(rule, (node, *leaves), i, "Value", xs)
        data = got.data if isinstance(got, Value) else got
        if number is not None and (isinstance(data, bool) or not isinstance(data, (int, float))):
            raise Violation(
                f"the partial by operand {i} on Values returns no number", xs, got, number
            )
        if number is not None and not math.isclose(data, number, rel_tol=1e-12, abs_tol=1e-300):
            raise Violation(
                f"the partial by operand {i} on Values gives another result than on floats; the "
                f"rule looks at the type of its arguments; it stands in {rule_place(rule)}",
                xs,
                data,
                number,
            )


def _runs_on_symbols(subject: Subject, n: int) -> None:
    symbols = [Formula(f"x{i}") for i in range(n)]
    for i in range(n):
        _run_generic(subject.partial(i), (Formula("out"), *symbols), i, "symbol", None)


def _run_generic(
    rule: Callable[..., Any],
    operands: Sequence[Any],
    i: int,
    kind: str,
    xs: Operands | None,
) -> Any:
    try:
        with rules_on_values():
            return rule(*operands)
    except Exception as error:
        raise Violation(
            f"the partial by operand {i} does not run on {kind}s: {type(error).__name__}: {error}. "
            "Write it with operators and mgcore.ops instead of math, comparisons and float(); see "
            f"{failing_line(error, rule)}",
            xs,
            type(error).__name__,
            f"a {kind}",
        ) from error


def _forward_is_generic(subject: Subject) -> bool:
    n = subject.counts[0]
    try:
        subject.op.forward(*(Formula(f"x{i}") for i in range(n)))
    except Exception:
        return False
    return True


def check_pickling(subject: Subject) -> Tally:
    """Pickle the op and a graph that holds it, and find both again."""
    import pickle

    from mgcore.plugins.registry import registry

    op = subject.op
    if not registry.knows(op):
        raise Skip("an op is pickled by its registered name, and this one is not registered")
    back = pickle.loads(pickle.dumps(op))  # noqa: S301 - our own bytes
    if back is not op:
        raise Violation("the pickled op comes back as another one", got=back, expected=op)
    tally = Tally()
    for n in subject.counts:
        for xs in subject.ordinary(n):
            if not isinstance(result_of(subject, xs), float):
                continue
            kept = subject.differentiable(n)
            node = op(*[Value(x) if i in kept else x for i, x in enumerate(xs)])
            back = pickle.loads(pickle.dumps(node))  # noqa: S301 - our own bytes
            if back.data != node.data or back.op is not op:
                raise Violation("a pickled graph comes back changed", xs, back, node)
            back.backward()
            tally.samples += 1
    return tally
