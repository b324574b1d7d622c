"""Number types of the independent evaluation: arrays of lanes, alone or with a tangent each.

A rule that is generic runs on them as it runs on floats. What has no function of NumPy here is
evaluated by its own rule: on lanes when it is generic, else number by number, as the engine does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mgcore import Op, ops
from mgcore.errors import DomainError, MgcoreError, NotGenericError, RangeError
from mgcore.foreign import with_operators

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[Any]

__all__ = ["Dual", "Lanes", "Noise", "UnverifiableError", "partials", "product"]


class UnverifiableError(Exception):
    """The graph cannot be evaluated here: a rule fails, or has no derivative of its own."""


@attrs.frozen(slots=True, eq=False)
class Noise:
    """Perturb every result by a few rounding errors, differently in each lane.

    Args:
        size: Of the relative perturbation, for each lane.
        random: Where the signs come from.
    """

    size: Floats
    random: np.random.Generator

    def __call__(self, numbers: Floats) -> Floats:
        """Return the numbers, whose last axis is the lanes, each perturbed."""
        if numbers.shape[-1:] != self.size.shape:
            return numbers
        signs = self.random.integers(0, 2, numbers.shape, dtype=np.int8)
        return np.multiply(numbers, 1 + (2 * signs - 1) * self.size, dtype=numbers.dtype)


@with_operators
class Lanes:
    """An array of numbers, lanes last, as one number of a rule."""

    __slots__ = ("noise", "numbers")

    def __init__(self, numbers: Floats, noise: Noise | None = None) -> None:
        self.numbers = numbers
        self.noise = noise

    @staticmethod
    def __mgcore_apply__(op: Op, operands: tuple[Any, ...]) -> Any:
        if any(isinstance(x, Dual) for x in operands):
            return NotImplemented
        like = next(x for x in operands if isinstance(x, Lanes))
        noise = _noise_of(operands)
        arrays = [_array(x, like.numbers.dtype) for x in operands]
        if noise is not None and op in (ops.add, ops.sub, ops.sum, ops.dot):
            arrays = [noise(x) for x in arrays]  # what another order of summing may change
        result = _applied(op, arrays)
        return Lanes(result if noise is None else noise(result), noise)


@with_operators
class Dual:
    """Lanes with a tangent: forward mode through any rule that is generic."""

    __slots__ = ("tangent", "value")

    def __init__(self, value: Lanes, tangent: Floats | None) -> None:
        self.value = value
        self.tangent = tangent

    @staticmethod
    def __mgcore_apply__(op: Op, operands: tuple[Any, ...]) -> Dual:
        values = [x.value if isinstance(x, Dual) else x for x in operands]
        moving = [
            i for i, x in enumerate(operands) if isinstance(x, Dual) and x.tangent is not None
        ]
        out = op(*values)
        total: Floats | None = None
        for i, d in partials(op, out, values, moving).items():
            term = product(operands[i].tangent, d)
            total = term if total is None else total + term
            if out.noise is not None and total is not None:
                total = out.noise(total)
        return Dual(out, total)


def _noise_of(operands: Iterable[Any]) -> Noise | None:
    """Return what perturbs a result: it is exact where all operands are."""
    noises = (x.noise for x in operands if isinstance(x, Lanes))
    return next((noise for noise in noises if noise is not None), None)


def _array(number: Any, dtype: Any) -> Floats:
    if isinstance(number, Lanes):
        return number.numbers
    if isinstance(number, Dual):
        raise TypeError
    return np.asarray(float(number), dtype)


def product(upstream: Floats, local: Any) -> Any:
    """Return upstream times a local derivative: 0 where nothing comes down, whatever that is."""
    numbers = local.numbers if isinstance(local, Lanes) else local
    return np.where(upstream == 0.0, upstream.dtype.type(0.0), upstream * numbers)


def partials(op: Op, out: Any, operands: Sequence[Any], wanted: Iterable[int]) -> dict[int, Any]:
    """Return d(out)/d(operand) for the operands wanted, in the number type of the operands.

    Raises:
        UnverifiableError: if a rule fails, or a second derivative needs one that is not generic.
    """
    if op is ops.sum:
        return dict.fromkeys(wanted, 1.0)
    if op is ops.dot:
        half = len(operands) // 2
        return {i: operands[i - half if i >= half else i + half] for i in wanted}
    chosen = list(wanted)
    if not isinstance(op.partials, tuple):
        try:
            every = tuple(op.partials(out, *operands))
        except Exception:
            rule = op.partials
            return {i: _one_by_one(_item(rule, i), (out, *operands)) for i in chosen}
        return {i: every[i] for i in chosen}
    found = {}
    for i in chosen:
        try:
            found[i] = op.partials[i](out, *operands)
        except Exception:
            found[i] = _one_by_one(op.partials[i], (out, *operands))
    return found


def _item(rule: Callable[..., Any], i: int) -> Callable[..., Any]:
    return lambda *numbers: tuple(rule(*numbers))[i]


def _one_by_one(rule: Callable[..., Any], operands: Sequence[Any]) -> Lanes:
    """Return what a rule that works on floats alone gives for every lane."""
    like = next((x for x in operands if isinstance(x, Lanes)), None)
    if like is None or any(isinstance(x, Dual) for x in operands):
        message = "a rule that works on floats alone has no derivative"
        raise UnverifiableError(message)
    arrays = [_array(x, like.numbers.dtype) for x in operands]
    found = _each(rule, arrays)
    noise = _noise_of(operands)
    return Lanes(found if noise is None else noise(found), noise)


def _each(rule: Callable[..., Any], arrays: Sequence[Floats]) -> Floats:
    spread = np.broadcast_arrays(*arrays)
    rows = zip(*(x.astype(np.float64).ravel().tolist() for x in spread), strict=True)
    numbers = np.array([_number(rule, row) for row in rows], dtype=arrays[0].dtype)
    return numbers.reshape(spread[0].shape)


def _number(rule: Callable[..., Any], operands: Sequence[float]) -> float:
    try:
        return float(rule(*operands))
    except (DomainError, RangeError, ArithmeticError, NotGenericError):
        return float("nan")
    except MgcoreError as error:
        raise UnverifiableError(str(error)) from error
    except ValueError:  # math's word for a domain error
        return float("nan")
    except Exception as error:
        raise UnverifiableError(str(error)) from error


def _applied(op: Op, arrays: Sequence[Floats]) -> Floats:
    function = _FUNCTIONS.get(op.name)
    if function is not None and getattr(ops, op.name) is op:
        return np.asarray(function(*arrays), dtype=arrays[0].dtype)
    if isinstance(op.partials, tuple) and len(op.partials) == len(arrays):
        try:
            found = op.forward(*map(Lanes, arrays))
            if isinstance(found, Lanes):
                return found.numbers
        except Exception:  # noqa: S110 - the rule is then asked number by number
            pass
    return _each(op, arrays)


def _sigmoid(x: Floats) -> Floats:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def _dot(*xs: Floats) -> Floats:
    half = len(xs) // 2
    total = xs[0] * xs[half]
    for x, y in zip(xs[1:half], xs[half + 1 :], strict=True):
        total = total + x * y
    return total


def _sum(*xs: Floats) -> Floats:
    total = xs[0]
    for x in xs[1:]:
        total = total + x
    return total


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "eq": np.equal,
    "ne": np.not_equal,
    "floor": np.floor,
    "ceil": np.ceil,
    "trunc": np.trunc,
    "round": np.rint,
    "sign": lambda x: np.where(x == 0.0, x, np.sign(x)),
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "neg": np.negative,
    "pow": np.power,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "sin": np.sin,
    "cos": np.cos,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "gt": np.greater,
    "ge": np.greater_equal,
    "lt": np.less,
    "le": np.less_equal,
    "select": lambda condition, x, y: np.where(condition != 0, x, y),
    "relu": lambda x: np.where(x < 0, 0 * x, x),
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "sum": _sum,
    "dot": _dot,
}
