"""Collect the functions that a module of IR calls, each defined once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import Factory, define, frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    from mgcompile.backends.llvm.ir.target import Target
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_type import Kind

_UNLIKELY = "!7001"  # metadata are numbered; this number is the library's


@frozen
class Function:
    """Hold how an elementwise function is computed, for any kind of operands.

    Attributes:
        name: the name it has in the IR, without the kind.
        body: appends the computation to a block and returns the result.
        inline: whether calls are replaced by the body. Long bodies are called instead.
        arity: number of operands, all of one kind.
        brief: whether the body is so short that a branch of its own would count: where the code
            around can be done again as a whole, lanes that need more are noted instead.
    """

    name: str
    body: Callable[..., Vec]
    inline: bool = True
    arity: int = 1
    brief: bool = False


@frozen(eq=False)
class Import:
    """Hold a function from outside of the module: its address, whose it is, what keeps it alive."""

    address: int
    source: object = None
    keep: object = None


@define
class Library:
    """Hold the functions, declarations and constants that the code emitted so far needs.

    The text of the finished module is the caller's own functions followed by :meth:`text`; it has
    to be linked with the ``imports``, by symbol. ``flags`` are those of plain arithmetic.
    """

    target: Target
    flags: str = "contract"
    imports: dict[str, Import] = Factory(dict)
    _owners: dict[str, object] = Factory(dict)
    _items: dict[str, str] = Factory(dict)

    def require(self, function: Function, kind: Kind, *, shared: bool = False) -> str:
        """Define ``function`` for ``kind`` unless it is there already; return its symbol.

        Its body takes the place of the call; `shared` calls, as the schedule has chosen them, are
        of one copy.
        """
        symbol = f"@mg.{function.name}.{kind.suffix}"
        inline = function.inline and not shared
        if function.inline and not inline:
            symbol += ".shared"
        if symbol not in self._items:
            self._items[symbol] = ""  # keeps its place: functions that it requires come after
            self._items[symbol] = self._definition(symbol, function, kind, inline=inline)
        return symbol

    def name_for(self, owner: object, name: str) -> str:
        """Return a name that is `owner`'s alone: `name`, or with a number behind it."""
        number, found = 0, name
        while self._owners.setdefault(found, owner) is not owner:
            number += 1
            found = f"{name}.{number}"
        return found

    def _definition(self, symbol: str, function: Function, kind: Kind, *, inline: bool) -> str:
        from mgcompile.backends.llvm.ir.vector_builder import Block

        block = Block(self, kind)
        operands = [block.register(f"%x{i}") for i in range(function.arity)]
        result = function.body(block, *operands)
        signature = ", ".join(f"{kind} {operand.name}" for operand in operands)
        policy = "alwaysinline" if inline else "noinline"
        return "\n".join(
            [
                f"define internal {result.kind} {symbol}({signature}) {policy} nounwind {{",
                "entry:",
                *block.lines,
                f"  ret {result.kind} {result.name}",
                "}",
            ]
        )

    def declare(self, symbol: str, text: str) -> str:
        """Add a declaration or a global constant, given whole, under its symbol."""
        self._items.setdefault(symbol, text)
        return symbol

    def unlikely(self) -> str:
        """Return the metadata of a branch that is almost never taken."""
        return self.declare(_UNLIKELY, f'{_UNLIKELY} = !{{!"branch_weights", i32 1, i32 9999}}')

    def text(self) -> str:
        """Return the IR text of everything required so far."""
        return "\n\n".join(self._items.values()) + "\n"
