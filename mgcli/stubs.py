"""Types of ops for editors and type checkers: the text of stub files.

`mgcore/ops.pyi` and `mgcore/op_methods.pyi` hold the shipped ops (`python tools/stubs.py`); `mg
stubs` writes the same files with all ops that are installed, for checkers to read before those.
"""

from collections.abc import Iterable, Iterator

from mgcore import Op
from mgcore.explain.description import call_of, partial_formulas

__all__ = ["methods_stub", "ops_stub"]

_OPS_HEAD = '''"""The registered ops by name, with their types. Written by `{command}`."""

# pyright: reportIncompatibleMethodOverride=false
# An op of so many operands refuses what Op, which may have any number, takes.

from typing import Any, Protocol, overload

from mgcore.op import Op
from mgcore.value import Value

class TakesOver(Protocol):
    """What applies ops itself, as a compiler's symbols do."""

    @property
    def __mgcore_apply__(self) -> Any: ...
'''

_METHODS_HEAD = '''"""The registered ops as methods of Value, with types. Written by `{command}`."""

from mgcore.value import Value

class OpMethods:
    """Have every registered op for a method."""
'''

_READABLE = 60
"""Letters of a formula that an editor's hint has room for."""

_KINDS = {1: "UnaryOp", 2: "BinaryOp", 3: "TernaryOp", None: "VariadicOp"}


def ops_stub(ops: Iterable[Op], command: str) -> str:
    """Return the text of `mgcore/ops.pyi`.

    Args:
        ops: What it is to offer.
        command: What writes it.

    """
    listed = sorted(ops, key=lambda op: op.name)
    arities = sorted({op.arity for op in listed}, key=lambda n: n or 1_000)
    lines = [_OPS_HEAD.format(command=command)]
    lines += ["\n".join(_kind(arity)) for arity in arities]
    lines += [f'{op.name}: {_kind_name(op.arity)}\n"""{_told(op)}"""' for op in listed]
    return "\n".join(lines) + "\n"


def methods_stub(ops: Iterable[Op], command: str) -> str:
    """Return the text of `mgcore/op_methods.pyi`; arguments as for `ops_stub`."""
    lines = [_METHODS_HEAD.format(command=command)]
    for op in sorted(ops, key=lambda op: op.name):
        if op.arity is None:
            more = ["*xs: Value | float"]
        else:
            more = [f"x{k}: Value | float" for k in range(2, op.arity + 1)]
            more += ["/"] if more else []
        arguments = ", ".join(["self", *more])
        lines.append(f'    def {op.name}({arguments}) -> Value:\n        """{_told(op)}"""\n')
    return "\n".join(lines).rstrip("\n") + "\n"


def _kind_name(arity: int | None) -> str:
    return _KINDS.get(arity) or f"OpOf{arity}"


def _kind(arity: int | None) -> Iterator[str]:
    """Write the class of the ops of an arity: one overload for each place of the first Value."""
    yield f"class {_kind_name(arity)}(Op):"
    if arity is None:
        yield '    """An op of any number of operands."""\n'
        yield "    @overload  # numbers alone, then any Values: told apart by the first that fits"
        yield "    def __call__(self, *xs: float) -> float: ...  # type: ignore[overload-overlap]"
        yield "    @overload"
        yield "    def __call__(self, *xs: Value | float) -> Value: ..."
        yield "    @overload"
        yield "    def __call__(self, *xs: TakesOver | float) -> Any: ...\n"
        return
    yield f'    """An op of {arity} operand{"s" * (arity > 1)}."""\n'
    names = [f"x{k}" for k in range(1, arity + 1)] if arity > 1 else ["x"]
    for first in [None, *range(arity)]:
        kinds = [
            "float" if first is None or k < first else "Value" if k == first else "Value | float"
            for k in range(arity)
        ]
        given = ", ".join(f"{name}: {kind}" for name, kind in zip(names, kinds, strict=True))
        yield "    @overload"
        yield f"    def __call__(self, {given}, /) -> {'float' if first is None else 'Value'}: ..."
    given = ", ".join(f"{name}: TakesOver | float" for name in names)
    yield "    @overload"
    yield f"    def __call__(self, {given}, /) -> Any: ...\n"


def _told(op: Op) -> str:
    """Return what an editor shows: formula, partials, domain; in one short paragraph."""
    parts = [f"{call_of(op)}: {op.doc}" if op.doc else call_of(op)]
    for name, formula in partial_formulas(op):
        if 0 < len(formula) <= _READABLE:
            parts.append(f"partial by {name}: {formula}")
    if op.domain is not None:
        parts.append(f"domain: {'; '.join(op.domain)}")
    text = ". ".join(" ".join(part.split()) for part in parts)
    return text.replace("\\", "\\\\").replace('"""', "'''") + "."
