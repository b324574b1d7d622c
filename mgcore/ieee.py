"""IEEE 754 results where Python's floats raise: 1/0 is inf, 1e200**2 is inf, sqrt(-1) is NaN.

Rules run on Python's floats, which give inf for 1e200 * 1e200 but raise for 1e200 ** 2. Whoever
records a graph gets one answer, that of IEEE 754, as NumPy, PyTorch and compiled kernels do; within
`raise_nonfinite` the first result that is no finite number is an error instead.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from mgcore.errors import DomainError, OpDefinitionError, RangeError
from mgcore.failures import describe_failure, describe_nonfinite, listing
from mgcore.seam import refusing, watcher

if TYPE_CHECKING:
    from mgcore.op import Op
    from mgcore.value import Value

__all__ = [
    "Ieee",
    "is_numerical",
    "raise_nonfinite",
    "refuse_nonfinite",
    "result_where_python_raises",
    "value_of",
]


def result_where_python_raises(
    error: Exception, op: "Op", operands: Sequence[Any], numbers: Sequence[float]
) -> float:
    """Return the IEEE result of `op` at `numbers`, where its rule has raised `error`.

    Raises:
        MgcoreError: naming op and operands, if the rule is wrong, or somebody watches.

    """
    if refusing() or not is_numerical(error):
        raise describe_failure(error, op, tuple(operands)) from error
    found: float = value_of(op.forward, numbers)
    return found


def is_numerical(error: Exception) -> bool:
    """Tell whether `error` says that numbers have no finite result, not that a rule is wrong."""
    if isinstance(error, OpDefinitionError) or "zip()" in str(error):
        return False
    return isinstance(error, (ArithmeticError, ValueError))


def refuse_nonfinite(op: "Op", numbers: Sequence[float], out: float) -> None:
    """Raise if somebody watches and `out`, infinite or NaN, was made from finite numbers.

    Raises:
        DomainError, RangeError: saying which.

    """
    if refusing() and all(map(math.isfinite, numbers)):
        raise describe_nonfinite(op, numbers, numbers, out)


def value_of(rule: Callable[..., Any], numbers: Sequence[float]) -> Any:
    """Run a rule in arithmetic that does not raise: a float, or a tuple where the rule gives one.

    A function of the math module that raises inside the rule gives NaN, or an infinity if it
    overflows.
    """
    try:
        out = rule(*map(Ieee, numbers))
    except OverflowError:
        return _infinity(rule, numbers)
    except (ArithmeticError, ValueError):
        return math.nan
    if isinstance(out, (tuple, list)):
        return tuple(_real(x) for x in out)
    return _real(out)


def _real(x: Any) -> Any:
    return math.nan if isinstance(x, complex) else float(x) if isinstance(x, Ieee) else x


_LARGE = 1e50


def _infinity(rule: Callable[..., Any], numbers: Sequence[float]) -> float:
    """Return the infinity beyond the largest results of a rule on floats alone.

    NaN where the results are not large just before: what overflows on the way, as e**x does in
    1 / (1 + e**x), says nothing of the result.
    """
    while any(abs(x) > 1.0 for x in numbers):
        numbers = [0.5 * x for x in numbers]
        try:
            before = rule(*numbers)
            return math.copysign(math.inf, before) if abs(before) > _LARGE else math.nan
        except OverflowError:
            continue
        except (ArithmeticError, ValueError, TypeError):
            break
    return math.nan


class Ieee(float):
    """A float whose arithmetic, and the ops applied to it, never raise for its value."""

    __slots__ = ()

    @staticmethod
    def __mgcore_apply__(op: "Op", operands: tuple[Any, ...]) -> Any:
        if not all(isinstance(x, (float, int)) for x in operands):
            return NotImplemented
        return Ieee(op(*map(float, operands)))

    def __neg__(self) -> "Ieee":
        return Ieee(-float(self))

    def __abs__(self) -> "Ieee":
        return Ieee(abs(float(self)))

    def __add__(self, y: float) -> "Ieee":
        return Ieee(float(self) + float(y))

    def __sub__(self, y: float) -> "Ieee":
        return Ieee(float(self) - float(y))

    def __rsub__(self, x: float) -> "Ieee":
        return Ieee(float(x) - float(self))

    def __mul__(self, y: float) -> "Ieee":
        return Ieee(float(self) * float(y))

    def __truediv__(self, y: float) -> "Ieee":
        return Ieee(_quotient(float(self), float(y)))

    def __rtruediv__(self, x: float) -> "Ieee":
        return Ieee(_quotient(float(x), float(self)))

    def __pow__(self, y: float, _modulo: None = None) -> "Ieee":
        return Ieee(_power(float(self), float(y)))

    def __rpow__(self, x: float, _modulo: None = None) -> "Ieee":
        return Ieee(_power(float(x), float(self)))

    __radd__ = __add__
    __rmul__ = __mul__


def _quotient(x: float, y: float) -> float:
    if y != 0.0:
        return x / y
    if x == 0.0 or math.isnan(x):
        return math.nan
    return math.copysign(1.0, x) * math.copysign(math.inf, y)


def _power(x: float, y: float) -> float:
    try:
        out = x**y
    except (OverflowError, ZeroDivisionError):
        if x < 0.0 and not y.is_integer():
            return math.nan  # a complex number, too large as well
        return math.copysign(math.inf, x) if y % 2.0 == 1.0 else math.inf
    return math.nan if isinstance(out, complex) else out


@contextmanager
def raise_nonfinite() -> Iterator[None]:
    """Raise at the first result or derivative inside the block that is no finite number.

    Outside such a block results are those of IEEE 754: infinities and NaN are passed on.

    Raises:
        DomainError, DivisionByZeroError: where a rule is not defined, naming op, operands, domain.
        RangeError: where a result is too large for a float64.

    >>> from mgcore import Value, ops
    >>> ops.sqrt(Value(-1.0)).data
    nan
    >>> with raise_nonfinite():
    ...     ops.sqrt(Value(-1.0))
    Traceback (most recent call last):
        ...
    mgcore.errors.DomainError: sqrt(-1.0) is not defined (domain: [0, inf)): math domain error

    """
    token = watcher.set(_Refusal())
    try:
        yield
    finally:
        watcher.reset(token)


class _Refusal:
    """Raise where infinities and NaN arise, and look at nothing else."""

    refuses = True

    def recorded(self, node: "Value") -> None:
        if not math.isfinite(node.number) and node.op is not None:
            numbers = [x.number for x in node.operands]
            if all(map(math.isfinite, numbers)):
                raise describe_nonfinite(node.op, node.operands, numbers, node.number)

    def started(self, *roots: "Value") -> None:
        pass

    def contributed(
        self, node: "Value", i: int, upstream: float, partial: float, total: float
    ) -> None:
        if not math.isfinite(total) and math.isfinite(upstream):
            self._refuse(node, i, partial)

    def pushed(self, node: "Value", tangent: float) -> None:
        if not math.isfinite(tangent):
            assert node.op is not None, "leaves are not moved"  # noqa: S101 - callers have looked
            self._report(f"the tangent of {node.op.name}({listing(node.operands)})", tangent)

    def surroundings(self, _node: "Value", _i: int) -> str:
        return ""

    def _refuse(self, node: "Value", i: int, partial: float) -> NoReturn:
        assert node.op is not None, "leaves have no partials"  # noqa: S101 - callers have looked
        what = f"{node.op.name}({listing(node.operands)}) with respect to operand {i}"
        self._report(f"the derivative of {what}", partial)

    def _report(self, what: str, number: float) -> NoReturn:
        if math.isnan(number):
            raise DomainError(f"{what} is not a real number")
        raise RangeError(f"{what} is too large for a float64")
