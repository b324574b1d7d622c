"""Write the lines of Python that show a failure again."""

from mgcore.op import Op
from mgcore.places import home
from mgcore.testing.subject import Operands

__all__ = ["call", "import_line", "listing", "partial_call"]


def import_line(op: Op) -> str:
    """Return the line that binds the op to its name."""
    from mgcore.plugins.registry import registry

    name = _bound(op)
    if registry.knows(op):
        settings = ", ".join(f"{k}={v!r}" for k, v in op.settings.items())
        more = f"\n{name} = {name}.with_settings({settings})" if name != op.name else ""
        return f"from mgcore.ops import {name}{more}"
    return f"from {home(op)} import {name}  # or wherever the op is bound"


def _bound(op: Op) -> str:
    """Return the name that the op is bound to: of a member of a family, the family's."""
    return op.name.partition(":")[0]


def listing(xs: Operands) -> str:
    """Return operands as they are written in a call; NaN and infinities can be evaluated."""
    return ", ".join(
        x if (x := repr(v)) not in {"nan", "inf", "-inf"} else f'float("{x}")' for v in xs
    )


def call(op: Op, xs: Operands) -> str:
    """Return the call of an op."""
    return f"{_bound(op)}({listing(xs)})"


def partial_call(op: Op, i: int, xs: Operands) -> str:
    """Return the call of one partial rule of an op."""
    arguments = f"{call(op, xs)}, {listing(xs)}"
    if isinstance(op.partials, tuple):
        return f"{_bound(op)}.partials[{i}]({arguments})"
    return f"tuple({_bound(op)}.partials({arguments}))[{i}]"
