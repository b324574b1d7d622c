"""Write the lines of Python that show a failure again."""

from mgcore.op import Op
from mgcore.places import home
from mgcore.testing.subject import Operands

__all__ = ["call", "import_line", "listing", "partial_call"]


def import_line(op: Op) -> str:
    """Return the line that binds the op to its name."""
    from mgcore.plugins.registry import registry

    if registry.ready.get(op.name) is op:
        return f"from mgcore.ops import {op.name}"
    return f"from {home(op)} import {op.name}  # or wherever the op is bound"


def listing(xs: Operands) -> str:
    """Return operands as they are written in a call; NaN and infinities can be evaluated."""
    return ", ".join(
        x if (x := repr(v)) not in {"nan", "inf", "-inf"} else f'float("{x}")' for v in xs
    )


def call(op: Op, xs: Operands) -> str:
    """Return the call of an op."""
    return f"{op.name}({listing(xs)})"


def partial_call(op: Op, i: int, xs: Operands) -> str:
    """Return the call of one partial rule of an op."""
    arguments = f"{call(op, xs)}, {listing(xs)}"
    if isinstance(op.partials, tuple):
        return f"{op.name}.partials[{i}]({arguments})"
    return f"tuple({op.name}.partials({arguments}))[{i}]"
