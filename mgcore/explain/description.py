"""What an op says of itself: to ``help``, to a notebook's ``?``, and in the pages of the ops."""

import inspect
import sys
from collections.abc import Iterator

from mgcore.explain.formula import formula_of
from mgcore.op import Op

__all__ = ["call_of", "description", "facts", "notes", "partial_formulas"]


def call_of(op: Op) -> str:
    """Return how an op is called: ``pow(x, y)``."""
    return f"{op.name}({', '.join(op.operand_names)})"


def partial_formulas(op: Op) -> list[tuple[str, str]]:
    """Return for each operand its name and the formula of its partial, ``out`` being the result.

    The formula is empty where the rule runs on floats alone. An op with any number of operands has
    one rule for all, of which this says nothing.
    """
    if not isinstance(op.partials, tuple):
        return []
    names = op.operand_names
    return [
        (name, formula_of(rule, names, "out") or "")
        for name, rule in zip(names, op.partials, strict=True)
    ]


def description(op: Op, origin: str) -> str:
    """Return what there is to know of an op, in lines.

    Args:
        op: Any op.
        origin: Where it came from: a distribution and its version, or a program.

    Returns:
        The formula, then domain, partials, kink, origin, and what the op's module says.

    """
    head = f"{call_of(op)}: {op.doc}" if op.doc else call_of(op)
    lines = [head, "", *(f"{name}: {text}" for name, text in facts(op)), f"From: {origin}"]
    found = notes(op)
    return "\n".join([*lines, "", found] if found else lines)


def facts(op: Op) -> list[tuple[str, str]]:
    """Return what an op declares, a name and a text each: domain, partials, kink and so on."""
    found = [("Domain", _sets(op, op.domain)), *_partials(op)]
    if op.kink is not None:
        where = formula_of(op.kink, op.operand_names)
        found.append(("Kink", f"where {where} = 0" if where else "where its rule of kinks is 0"))
    if op.robust is not None:
        found.append(("Robust", _sets(op, op.robust)))
    if op.settings:
        found.append(("Settings", ", ".join(f"{k}={v!r}" for k, v in op.settings.items())))
    return found


def _sets(op: Op, sets: tuple[str, ...] | None) -> str:
    if sets is None:
        return "all reals"
    if op.arity == 1:
        return sets[0]
    pairs = zip(op.operand_names, sets, strict=False)
    return "; ".join(f"{name} in {domain}" for name, domain in pairs)


def _partials(op: Op) -> Iterator[tuple[str, str]]:
    found = partial_formulas(op)
    if not found:
        yield "Partials", "one rule for all operands"
    for name, formula in found:
        yield f"Partial by {name}", formula or "a rule that runs on floats alone"


def notes(op: Op) -> str:
    """Return what the module of an op says, if the module is of that op alone."""
    rule = op.partials[0] if isinstance(op.partials, tuple) else op.partials
    module = sys.modules.get(getattr(rule, "__module__", None) or "")
    own = module is not None and getattr(module, op.name, None) is op
    return inspect.cleandoc(module.__doc__) if own and module and module.__doc__ else ""
