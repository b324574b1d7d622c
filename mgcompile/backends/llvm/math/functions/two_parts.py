"""Numbers in two parts: a leading one and what rounding it lost, for results to the last bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block

__all__ = ["product", "quick_sum", "root", "square", "two_sum"]


def two_sum(a: Vec, b: Vec) -> tuple[Vec, Vec]:
    """Return a + b in two parts (Knuth); any sizes."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def quick_sum(a: Vec, b: Vec) -> tuple[Vec, Vec]:
    """Return a + b in two parts, for a the larger (Dekker)."""
    total = a + b
    return total, b - (total - a)


def product(block: Block, a: Vec, b: Vec | float) -> tuple[Vec, Vec]:
    """Return a * b in two parts."""
    high = a * b
    return high, block.exact_fma(a, b, -high)


def square(block: Block, a: Vec) -> tuple[Vec, Vec]:
    """Return a * a in two parts."""
    return product(block, a, a)


def root(block: Block, high: Vec, low: Vec) -> tuple[Vec, Vec]:
    """Return the root of a number in two parts, the second without its division by the first.

    The root is first + second / (2 first); 0 for 0.
    """
    first = block.square_root(high)
    return first, block.exact_fma(-first, first, high) + low
