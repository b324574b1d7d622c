"""The definition of the derivative as a tool: nudge an input and see how the output moves."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import attrs

from mgcore.errors import GradientCheckError, OperandTypeError
from mgcore.value import Value

__all__ = ["GradientCheck", "Method", "check_gradient", "derivative", "gradient"]

Method: TypeAlias = Literal["forward", "central"]


def derivative(
    f: Callable[[float], Any], x: float, h: float = 1e-6, method: Method = "forward"
) -> float:
    """Estimate f'(x) from two values of f.

    Args:
        f: a function of one number, giving a number or a Value; unitless.
        x: where.
        h: the nudge, not 0.
        method: "forward", (f(x+h) - f(x))/h with an error of order h, or "central",
            (f(x+h) - f(x-h))/2h with an error of order h^2.

    Raises:
        ValueError: if `h` is 0 or `method` is another word.

    >>> round(derivative(lambda x: 3*x**2 - 4*x + 5, 3.0, h=0.001), 6)
    14.003

    """
    return gradient(f, (x,), h, method)[0]


def gradient(
    f: Callable[..., Any], xs: Sequence[float], h: float = 1e-6, method: Method = "forward"
) -> list[float]:
    """Estimate the slope of f in each of its inputs by nudging one at a time.

    Args:
        f: called as ``f(*xs)``, or as ``f(xs)`` if it takes one argument; gives a number or Value.
        xs: n numbers, unitless.
        h: the nudge, not 0.
        method: "forward" or "central", as in `derivative`.

    Returns:
        n slopes.

    Raises:
        ValueError: if `h` is 0 or `method` is another word.

    >>> [round(s, 6) for s in gradient(lambda a, b, c: a*b + c, (2.0, -3.0, 10.0))]
    [-3.0, 2.0, 1.0]

    """
    if h == 0:
        raise ValueError("h is 0; the nudge must move the input, try 1e-6")
    if method not in {"forward", "central"}:
        raise ValueError(f'method is {method!r}; choose "forward" or "central"')
    point = [float(x) for x in xs]
    here = _number(_call(f, point)) if method == "forward" else 0.0
    slopes = []
    for i in range(len(point)):
        up = _number(_call(f, _nudged(point, i, h)))
        if method == "forward":
            slopes.append((up - here) / h)
        else:
            down = _number(_call(f, _nudged(point, i, -h)))
            slopes.append((up - down) / (2 * h))
    return slopes


@attrs.frozen
class GradientCheck:
    """Compare one derivative from backpropagation with its numerical estimate.

    Attributes:
        operand: the input's index.
        analytic: the derivative by backpropagation.
        numeric: the central difference.
        step: the nudge that was used.

    """

    operand: int
    analytic: float
    numeric: float
    step: float

    @property
    def difference(self) -> float:
        """Return the distance between the two."""
        return abs(self.analytic - self.numeric)


def check_gradient(
    f: Callable[..., Any],
    xs: Sequence[float],
    h: float | None = None,
    rtol: float = 1e-5,
    atol: float = 1e-7,
) -> list[GradientCheck]:
    """Compare backpropagation through f with central differences, input by input.

    Args:
        f: a function of n Values (or of a list of them) that returns a Value.
        xs: n numbers.
        h: the nudge; by default the cube root of the float's rounding unit, scaled to each input,
            which balances truncation and rounding.
        rtol: the relative difference allowed.
        atol: the absolute difference allowed.

    Returns:
        One comparison per input.

    Raises:
        GradientCheckError: naming the operand, both values and the step.

    """
    leaves = [Value(float(x)) for x in xs]
    output = _call(f, leaves)
    if not isinstance(output, Value):
        raise OperandTypeError(
            f"f returned {type(output).__name__}, not a Value; compute with the Values it is given"
        )
    output.backward()
    checks = []
    for i, leaf in enumerate(leaves):
        step = h if h is not None else 6e-6 * max(1.0, abs(leaf.data))
        point = [x.data for x in leaves]
        up = _number(_call(f, [Value(x) for x in _nudged(point, i, step)]))
        down = _number(_call(f, [Value(x) for x in _nudged(point, i, -step)]))
        check = GradientCheck(i, leaf.grad, (up - down) / (2 * step), step)
        scale = max(abs(check.analytic), abs(check.numeric))
        if not check.difference <= atol + rtol * scale:
            raise GradientCheckError(
                f"operand {i} at {leaf.data!r}: backpropagation gives {check.analytic!r}, a "
                f"central difference with step {step!r} gives {check.numeric!r}; one of the local "
                "derivatives on the way is wrong, or the function has a kink here"
            )
        checks.append(check)
    return checks


def _call(f: Callable[..., Any], xs: Sequence[Any]) -> Any:
    """Call f with one argument per input, or with the list if that is what it takes."""
    if len(xs) != 1:
        try:
            inspect.signature(f).bind(*xs)
        except TypeError:
            return f(xs)
        except ValueError:
            pass  # a builtin that does not tell its signature
    return f(*xs)


def _nudged(point: Sequence[float], i: int, h: float) -> list[float]:
    return [x + h if j == i else x for j, x in enumerate(point)]


def _number(y: Any) -> float:
    return y.data if isinstance(y, Value) else float(y)
