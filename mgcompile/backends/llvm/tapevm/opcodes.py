"""Name what the machine for tapes can do, and number it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field, frozen

if TYPE_CHECKING:
    from mgcore import Op

__all__ = ["AREA_BITS", "HALT", "Action", "Opcode", "Opcodes"]

AREA_BITS = 4
"""A place in a stream is 16 times the number of an element, plus the number of its area."""

HALT = 0
"""The opcode that ends a stream."""


@frozen
class Action:
    """Say what a step does with its operands.

    With ``onto`` the first operand is a partial sum, which a dot product's pairs are added to.
    """

    op: Op
    arity: int
    onto: bool = False


@frozen
class Opcode:
    """An action, and which of its operands are one number for all samples."""

    action: Action
    shared: tuple[bool, ...]


@define
class Opcodes:
    """Collect the opcodes of a program's tapes: of those with rows of samples, and of the others.

    Numbers begin after HALT.
    """

    by_kind: dict[bool, dict[Opcode, int]] = field(factory=dict)

    def number(self, opcode: Opcode, *, batched: bool) -> int:
        """Return the number of an opcode, a new one if it was not there."""
        table = self.by_kind.setdefault(batched, {})
        return table.setdefault(opcode, HALT + 1 + len(table))
