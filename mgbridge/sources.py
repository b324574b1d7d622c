"""What is bridged: a registered op, elementwise, or a kernel, along the last axis."""

from __future__ import annotations

import attrs

import mgcompile
from mgbridge.errors import NotBridgedError
from mgbridge.orders import Orders
from mgcompile import Kernel
from mgcore import Op, Value, ops

__all__ = ["Source", "kernel_source", "op_source", "the_op"]


@attrs.frozen(eq=False)
class Source:
    """A function with derivatives of every order.

    Args:
        name: What other libraries call it.
        doc: What it computes.
        operands: Names of the operands of an op; empty for a kernel.
        orders: The function and its derivatives.
        kernel: Of which it was made.
    """

    name: str
    doc: str
    operands: tuple[str, ...]
    orders: Orders
    kernel: Kernel

    @property
    def elementwise(self) -> bool:
        """Return whether it is an op."""
        return bool(self.operands)

    @property
    def listed(self) -> bool:
        """Return whether results have an axis for several outputs."""
        return self.kernel.signature.several


def the_op(op: str | Op) -> Op:
    """Return an op that has a fixed number of operands.

    Args:
        op: A registered op's name, or an op.

    Raises:
        UnknownOpError: if no plugin has it.
        NotBridgedError: if it takes any number of operands.
    """
    if not isinstance(op, Op):
        op = getattr(ops, op)
    assert isinstance(op, Op)  # noqa: S101 - the registry holds nothing else
    if op.arity is None:
        message = (
            f"{op.name} takes any number of operands, so it is no elementwise function; record "
            "what you need, compile it, and give the kernel to `function`"
        )
        raise NotBridgedError(message)
    return op


def op_source(op: str | Op) -> Source:
    """Return an op as a source.

    Raises:
        UnknownOpError, NotBridgedError: as `the_op` does.
    """
    op = the_op(op)
    # Anywhere: what is recorded does not depend on the numbers.
    operands = [Value(0.5, name) for name in op.operand_names]
    kernel = mgcompile.compile(op(*operands), operands)
    orders = Orders(kernel, [1] * len(operands), to_params=False)
    doc = op.doc or f"The op {op.name} of mgcore."
    return Source(op.name, doc, op.operand_names, orders, kernel)


def kernel_source(kernel: Kernel, name: str | None, *, to_params: bool) -> Source:
    """Return a kernel as a source.

    Args:
        kernel: One with inputs.
        name: An identifier that its name begins with; "kernel" for None.
        to_params: Whether it is differentiated to parameters too.

    Raises:
        NotBridgedError: if it is none, or has no inputs.
    """
    if not isinstance(kernel, Kernel):
        message = f"function() takes a kernel of mgcompile.compile, not {type(kernel).__name__}"
        raise NotBridgedError(message)
    program = kernel.program
    if not program.n_inputs or program.data is not None:
        message = (
            "the kernel was compiled with inputs=[], so there is nothing that another library "
            "could give it; compile the graph with its data as inputs"
        )
        raise NotBridgedError(message)
    if name is not None and not name.isidentifier():
        message = f"name is {name!r}; give an identifier, which the operator's name begins with"
        raise NotBridgedError(message)
    orders = Orders(kernel, [program.n_inputs], to_params=to_params)
    # What keeps compiled graphs knows an operator by name, and takes its shape to be the same.
    name = f"{name or 'kernel'}_{program.n_inputs}_to_{orders.n_outputs}"
    return Source(name, repr(kernel).strip("<>"), (), orders, kernel)
