"""Remember what a block has computed, so that nothing is computed twice.

Equal instructions are one, and so are numbers and products that differ in their sign alone.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block
    from mgcompile.backends.llvm.ir.vector_type import Kind

__all__ = ["KnownNumbers"]


@frozen
class KnownNumbers:
    """Hold the registers of a block: by instruction, by opposite, by factors."""

    made: dict[tuple[str, Kind], Vec] = field(factory=dict)
    _opposites: dict[str, Vec] = field(factory=dict)
    _negated: dict[str, Vec] = field(factory=dict)
    _multiples: dict[tuple[str, float], Vec] = field(factory=dict)

    def negative(self, block: Block, a: Vec) -> Vec:
        """Append the change of sign; twice is the operand itself."""
        if a.value is not None:
            return block.constant(-a.value, a.kind)
        if a.name not in self._opposites:
            result = block.append(f"fneg {a.kind} {a.name}", a.kind)
            self._negated[result.name] = a
            self._opposites[a.name], self._opposites[result.name] = result, a
        return self._opposites[a.name]

    def magnitude(self, a: Vec) -> Vec:
        """Return a number or its opposite, one and the same for both."""
        opposite = self._opposites.get(a.name, a)
        return min(a, opposite, key=lambda v: (len(v.name), v.name))

    def product(self, block: Block, a: Vec, b: Vec, flags: str) -> Vec:
        """Append a product: one and the same in either order, and but for the sign of opposites."""
        negative = (a.name in self._negated) != (b.name in self._negated)
        a, b = self._negated.get(a.name, a), self._negated.get(b.name, b)
        if (len(a.name), a.name) > (len(b.name), b.name):
            a, b = b, a
        known = self._by_opposite(block, a, b) or self._by_opposite(block, b, a)
        if known is None:
            known = block.append(f"fmul{flags} {a.kind} {a.name}, {b.name}", a.kind)
            for x, number in ((a, b), (b, a)):
                if number.value is not None:
                    self._multiples[x.name, number.value] = known
        return self.negative(block, known) if negative else known

    def _by_opposite(self, block: Block, a: Vec, number: Vec) -> Vec | None:
        """Return the product with a constant as the opposite of a product that is there already."""
        if not number.value:  # no constant, or a zero, whose opposite Python takes for itself
            return None
        known = self._multiples.get((a.name, -number.value))
        return None if known is None else self.negative(block, known)

    def forget(self, gone: set[str]) -> None:
        """Forget what has to do with registers that are taken back."""
        for known in self._tables():
            for key, vec in list(known.items()):
                names = key if isinstance(key, tuple) else (key,)
                if vec.name in gone or not gone.isdisjoint(names):
                    del known[key]

    @contextmanager
    def branch(self) -> Iterator[None]:
        """Forget at the end what was computed meanwhile: code after a branch has none of it."""
        before = [dict(known) for known in self._tables()]
        yield
        for known, kept in zip(self._tables(), before, strict=True):
            known.clear()
            known.update(kept)

    def _tables(self) -> tuple[dict[Any, Vec], ...]:
        return self.made, self._opposites, self._negated, self._multiples
