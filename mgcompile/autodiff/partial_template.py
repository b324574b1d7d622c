"""Run an op's partials once on placeholders, to write them out many times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mgcompile.autodiff.partials import local_derivatives
from mgcompile.autodiff.symbols import Emitter, Number, Symbol, simplified

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcore import Op

__all__ = ["Template", "partial_template"]


@attrs.frozen(slots=True, eq=False)
class Template:
    """The instructions that compute an op's partials.

    Numbers stand for values: 0 ... arity - 1 the operands, then the result of the op, then the
    instructions one after the other. A plain number stands for itself.

    Args:
        instructions: `(op, operands)`.
        partials: One for each operand.
    """

    instructions: tuple[tuple[Op, tuple[int | float, ...]], ...]
    partials: tuple[int | float, ...]


class _Recorder(Emitter):
    """An emitter that records instructions on placeholders instead of bundles."""

    def __init__(self, arity: int) -> None:
        self.arity = arity
        self.instructions: list[tuple[Op, tuple[int | float, ...]]] = []
        self._seen: dict[tuple[Op, tuple[int | float, ...]], Symbol] = {}

    def placeholder(self, number: int) -> Symbol:
        return Symbol(number, self)  # type: ignore[arg-type] # a placeholder is no access

    def apply(self, op: Op, operands: Sequence[Number]) -> Number:
        operands = tuple(x if isinstance(x, Symbol) else float(x) for x in operands)
        simple = simplified(op, operands)
        if simple is not None:
            return simple
        key = (op, tuple(reference(x) for x in operands))
        if key not in self._seen:
            self._seen[key] = self.placeholder(self.arity + 1 + len(self.instructions))
            self.instructions.append(key)
        return self._seen[key]


def reference(number: Number) -> int | float:
    """Return the number of a placeholder, or the plain number."""
    return number.access if isinstance(number, Symbol) else number  # type: ignore[return-value] # a placeholder's access is its number


def partial_template(op: Op, arity: int) -> Template:
    """Return the partials of `op` applied to `arity` operands."""
    recorder = _Recorder(arity)
    operands = [recorder.placeholder(i) for i in range(arity)]
    out = recorder.placeholder(arity)
    found = local_derivatives(op, recorder, out, operands, range(arity))
    partials = tuple(reference(found[i]) for i in range(arity))
    return Template(tuple(recorder.instructions), partials)
