"""Make an op of a function that an equation defines: its forward rule solves the equation.

Its partials follow from the implicit-function theorem: where ``r(y, x) = 0`` defines y as a
function of x, ``dy/dx = -(dr/dx) / (dr/dy)``. They are written in y and x, so that their own
derivatives, of any order, are right as well, whatever way y was found.
"""

import inspect
import keyword
from collections.abc import Callable
from typing import Any

from mgcore.errors import OpDefinitionError, RuleError
from mgcore.failures import short
from mgcore.moving import slopes_of
from mgcore.op import RESERVED_NAMES, Op, Rule

__all__ = ["implicit"]


def implicit(
    solve: Callable[..., Any],
    residual: Callable[..., Any],
    *,
    name: str | None = None,
    domain: str | tuple[str, ...] | None = None,
    doc: str | None = None,
) -> Op:
    """Return the op ``y = solve(*operands)``, where ``residual(y, *operands)`` is 0.

    Args:
        solve: returns y for operands that are floats: `mgcore.newton`, a root finder of SciPy, a
            closed form. A kernel runs `newton` and what is written with ops as machine code, and
            calls anything else back, number by number.
        residual: one number, written with operators and ops; its first argument is y. Its slope in
            y must not be 0 at the solution.
        name: of the op; that of `residual` if not given.
        domain: for each operand the set it is defined on, as for `Op`.
        doc: the formula in one line.

    Returns:
        An op, differentiable to any order; `mgcore.register` gives it to others.

    Raises:
        OpDefinitionError: if `residual` has no fixed number of operands beside y.

    >>> from mgcore import Value, grad, newton
    >>> def cube(y, x):
    ...     return y**3 - x
    >>> root = implicit(newton(cube, start=lambda x: x), cube)
    >>> x = Value(8.0)
    >>> y = root(x)
    >>> round(y.data, 12), round(grad(y, x) * 12, 12)
    (2.0, 1.0)

    """
    if not callable(solve):
        raise OpDefinitionError(f"solve must be a function of the operands, not {short(solve)}")
    names = _operand_names(residual)
    called = name or _name_of(residual)
    return Op(
        called,
        solve,
        tuple(_partial(called, residual, i, names) for i in range(1, len(names))),
        domain=domain,
        doc=doc or f"the y at which {getattr(residual, '__name__', 'a residual')} is 0",
    )


def _operand_names(residual: object) -> list[str]:
    """Return the names of the arguments of a residual, y first."""
    if not callable(residual):
        raise OpDefinitionError(f"residual must be a function of y and x, not {short(residual)}")
    fixed = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = [
        p for p in inspect.signature(residual).parameters.values() if p.default is p.empty
    ]
    if len(parameters) < 2 or any(p.kind not in fixed for p in parameters):
        raise OpDefinitionError(
            "residual must take y and a fixed number of operands, as residual(y, x) does, not "
            f"{inspect.signature(residual)}"
        )
    return [p.name for p in parameters]


def _name_of(residual: Callable[..., Any]) -> str:
    name = str(getattr(residual, "__name__", ""))
    usable = name.isidentifier() and not name.startswith("_") and name not in RESERVED_NAMES
    return name if usable and not keyword.iskeyword(name) else "implicit"


def _partial(op: str, residual: Callable[..., Any], place: int, names: list[str]) -> Rule:
    """Return the partial to the operand `place` of the residual: -(dr/dx) / (dr/dy)."""

    def partial(out: Any, *operands: Any) -> Any:
        _, (to_y, to_x) = slopes_of(residual, (out, *operands), (0, place))
        if to_y is None:
            raise RuleError(
                f"the residual of {op} does not depend on its first argument {names[0]!r}, which "
                "is to be solved for"
            )
        return 0.0 if to_x is None else -(to_x / to_y)

    kind = inspect.Parameter.POSITIONAL_ONLY
    partial.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # as inspect looks for it
        [inspect.Parameter(name, kind) for name in names]
    )
    return partial
