"""Call a C function of doubles for every lane of vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mgcompile.backends.llvm.ir.lanes import gathered, lane
from mgcompile.backends.llvm.ir.module_builder import Function
from mgcompile.backends.llvm.ir.vector_type import Kind

if TYPE_CHECKING:
    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block

__all__ = ["scalar_calls"]

_DOUBLE = Kind("double", 1)


def scalar_calls(symbol: str, arity: int, trailing: str = "") -> Function:
    """Return a function that calls ``double symbol(double, ...)`` lane by lane.

    Args:
        symbol: the C function's name, to be linked.
        arity: how many doubles it takes.
        trailing: one more argument that it takes after them.
    """

    def body(block: Block, *operands: Vec) -> Vec:
        kind = operands[0].kind
        wide = operands
        if kind.element == "float":
            wide = tuple(block.convert("fpext", x, kind.double) for x in operands)
        types = ", ".join(
            ["double"] * arity + [trailing.split(" ", maxsplit=1)[0]] * bool(trailing)
        )
        block.library.declare(f'@"{symbol}"', f'declare double @"{symbol}"({types})')
        lanes = []
        for place in range(kind.lanes):
            values = [f"double {lane(x, place).name}" for x in wide]
            arguments = ", ".join([*values, *[trailing] * bool(trailing)])
            lanes.append(block.append(f'call double @"{symbol}"({arguments})', _DOUBLE))
        result = gathered(lanes)
        return block.convert("fptrunc", result, kind) if kind.element == "float" else result

    return Function(f"each.{symbol}", body, inline=False, arity=arity)
