"""Run an op's own partials on symbols."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from mgcompile.autodiff.chain_shares import chain_shares
from mgcompile.autodiff.symbols import Emitter, Symbol
from mgcompile.program.ir import extent
from mgcompile.support.chains import is_chain
from mgcompile.support.op_traits import is_shipped
from mgcompile.support.recorded_rule import Traced
from mgcompile.support.slopes import SLOPES
from mgcompile.support.uniform_partial import is_reducible, replayed, shared_partial
from mgcore import Op
from mgcore.errors import RuleError
from mgcore.partials import as_local
from mgcore.places import rule_place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mgcompile.support.recorded_rule import Recorder


__all__ = ["local_derivatives"]

Number = Any
"""What the emitter works on: its symbols, and plain numbers."""


def local_derivatives(
    op: Op,
    emitter: Emitter | Recorder,
    out: Number,
    operands: Sequence[Number],
    needed: Iterable[int],
    reduced: tuple[int, ...] = (),
) -> dict[int, Number]:
    """Return d(out)/d(operand) for the operands `needed`, as symbols or plain numbers.

    `reduced` are the last axes of the emitter's domain if one symbol stands for the operands along
    these.

    A partial that cannot run on symbols (it calls a function of numbers) becomes an op of its own,
    which a backend evaluates as it evaluates any op whose rule it cannot see through.
    """
    wanted = list(needed)
    along = extent(reduced)
    if is_chain(op) and reduced and isinstance(emitter, Emitter):
        return {i: chain_shares(emitter, out, operands[i], along) for i in wanted}
    if is_reducible(op, along) and len(operands) == 1:
        total = (
            partial(emitter.total, reduced=reduced)
            if isinstance(emitter, Emitter)
            else lambda term: term  # on a tape there are no axes
        )
        return {i: replayed(shared_partial(op, along), out, operands[i], total) for i in wanted}
    if (
        isinstance(emitter, Emitter)
        and not emitter.strict
        and op.name in SLOPES
        and is_shipped(op, op.name)
    ):
        return {i: emitter.apply(SLOPES[op.name], (out, operands[i])) for i in wanted}
    if callable(op.partials):
        return _all_at_once(op, emitter, out, operands, wanted)
    found = {}
    for i in wanted:
        rule = op.partials[i]
        try:
            d = rule(out, *operands)
        except Exception:
            found[i] = emitter.apply(_opaque_partial(op, i, None), (out, *operands))
        else:
            found[i] = _number(d, op, rule)
    return found


def _all_at_once(
    op: Op, emitter: Emitter | Recorder, out: Number, operands: Sequence[Number], wanted: list[int]
) -> dict[int, Number]:
    rule: Callable[..., Any] = op.partials  # type: ignore[assignment] # told apart by the caller
    count = len(operands)
    try:
        results = tuple(rule(out, *operands))
    except Exception:
        return {i: emitter.apply(_opaque_partial(op, i, count), (out, *operands)) for i in wanted}
    _check_count(op, results, count)
    return {i: _number(results[i], op, rule) for i in wanted}


def _check_count(op: Op, results: Sequence[Any], count: int) -> None:
    if len(results) != count:
        message = (
            f"the partials rule of {op.name} must return one number for each of the {count} "
            f"operands, and returned {len(results)}; it stands in {rule_place(op.partials)}"
        )
        raise RuleError(message)


def _number(result: Any, op: Op, rule: object) -> Number:
    return result if isinstance(result, Symbol | Traced) else as_local(result, op, rule)


@cache
def _opaque_partial(op: Op, i: int, count: int | None) -> Op:
    """Return partial `i` of `op` as an op; `count` operands when the op takes any number."""
    if count is None:
        arity, rule = len(op.partials), op.partials[i]  # type: ignore[index,arg-type] # a tuple
    else:
        arity = count

        def rule(*numbers: float) -> float:
            made = op.partials(*numbers)  # type: ignore[operator] # a callable
            results = tuple(made) if isinstance(made, Iterable) else (made,)
            _check_count(op, results, arity)
            return results[i]  # type: ignore[no-any-return]  # a number of the rule

    partials = (_unavailable,) * (arity + 1)
    return Op(f"{op.name}_partial_{i}", rule, partials, doc=f"d({op.name})/d(operand {i})")


def _unavailable(*_: Any) -> float:
    message = "the derivative of a partial that is not generic over the number type"
    raise TypeError(message)
