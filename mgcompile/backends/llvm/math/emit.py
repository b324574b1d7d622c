"""Turn the application of an op to registers into instructions: the door for code generators.

library = Library(host_target())                  # once per module of IR
block = Block(library, kind_of("float64", 4), prefix="t", flags="contract")   # per basic block
y = emit(block, op, [block.register("%x"), block.constant(0.5)])
block.lines                                       # the instructions
y.name                                            # "%t7", or the text of a constant
library.text()                                    # functions to append to the module
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mgcompile.backends.llvm.math.custom_ops import lower_foreign
from mgcompile.backends.llvm.math.functions.incomplete import function_of
from mgcompile.backends.llvm.math.op_table import lowering_of
from mgcompile.support.op_traits import shipped_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mgcompile.backends.llvm.ir.vector import Vec
    from mgcompile.backends.llvm.ir.vector_builder import Block
    from mgcore import Op


def emit(block: Block, op: Op, operands: Sequence[Vec]) -> Vec:
    """Append the instructions that apply ``op`` to ``operands``, lane by lane.

    Args:
        block: takes the instructions; equal ones are shared.
        op: any op, shipped or not.
        operands: registers or constants of the block's kind, in the op's order.

    Returns:
        The result: a register, or a constant.
    """
    lowering = lowering_of(op)
    if lowering is not None:
        return lowering(block, *operands)
    function = function_of(shipped_name(op) or "", partial(_by_rule, op))
    if function is not None:
        return block.call(function, *operands)
    return lower_foreign(block, op, operands, emit)


def _by_rule(op: Op, block: Block, operands: Sequence[Vec]) -> Vec:
    return lower_foreign(block, op, operands, emit)
