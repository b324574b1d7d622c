"""Ops over whole NumPy arrays, for the reference interpreter.

NaN and infinity go through as NumPy lets them. An op that is not listed is applied through its own
forward rule: to whole arrays when the rule is generic, element by element when it is not.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from mgcompile.backends.callbacks import number
from mgcompile.support.op_traits import shipped_name
from mgcore import ops
from mgcore.foreign import with_operators

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mgcore import Op

    Floats = NDArray[Any]

__all__ = ["apply"]


def apply(op: Op, operands: Sequence[Floats]) -> Floats:
    """Apply `op` to arrays that broadcast against each other.

    Args:
        op: Any op.
        operands: Of one dtype, float64 or float32. NumPy's warnings are left to the caller.

    Returns:
        An array of that dtype.
    """
    name = shipped_name(op)
    if name is not None and name in _FUNCTIONS:
        result = _FUNCTIONS[name](*operands)
    else:
        result = _by_rule(op, operands)
    return np.asarray(result, dtype=operands[0].dtype)


@with_operators
class _Lanes:
    """Arrays as the number type of a forward rule."""

    __slots__ = ("array",)

    def __init__(self, array: Floats) -> None:
        self.array = array

    @staticmethod
    def __mgcore_apply__(op: Op, operands: tuple[Any, ...]) -> _Lanes:
        dtype = next(x.array.dtype for x in operands if isinstance(x, _Lanes))
        arrays = [x.array if isinstance(x, _Lanes) else np.asarray(x, dtype) for x in operands]
        return _Lanes(apply(op, arrays))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **keywords: Any) -> Any:
        if method != "__call__" or keywords:
            return NotImplemented
        dtype = self.array.dtype
        arrays = [x.array if isinstance(x, _Lanes) else np.asarray(x, dtype) for x in operands]
        # In double precision: what is computed in single by itself may be another formula.
        return _Lanes(ufunc(*(x.astype(np.float64) for x in arrays)).astype(dtype))


def _by_rule(op: Op, operands: Sequence[Floats]) -> Floats:
    try:
        result = op.forward(*(_Lanes(x) for x in operands))
    except Exception:
        return _one_by_one(op, operands)
    if isinstance(result, _Lanes):
        array: Floats = result.array
        return array
    shape = np.broadcast_shapes(*(x.shape for x in operands))
    return np.full(shape, float(result))


def _one_by_one(op: Op, operands: Sequence[Floats]) -> Floats:
    arrays = np.broadcast_arrays(*operands)
    flat = [array.astype(np.float64).ravel().tolist() for array in arrays]
    results = [number(op, numbers) for numbers in zip(*flat, strict=True)]
    return np.array(results, dtype=np.float64).reshape(arrays[0].shape)


def _each(function: Callable[[float], float]) -> Callable[[Floats], Floats]:
    lift = np.frompyfunc(function, 1, 1)
    return lambda x: np.asarray(lift(x.astype(np.float64)), dtype=np.float64)


def _sigmoid(x: Floats) -> Floats:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0.0, 1.0 / (1.0 + e), e / (1.0 + e))


def _softplus(x: Floats) -> Floats:
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def _hardswish(x: Floats) -> Floats:
    return np.where(x <= -3.0, 0.0, np.where(x >= 3.0, x, x * (x + 3.0) / 6.0))


def _logsumexp(*xs: Floats) -> Floats:
    stacked = np.stack(np.broadcast_arrays(*xs))
    place = stacked.argmax(axis=0)[None]
    top = np.take_along_axis(stacked, place, axis=0)
    # The largest one's share is the 1 of log1p: beside it the others would be rounded away.
    others = np.exp(stacked - np.where(np.isfinite(top), top, 0.0))
    np.put_along_axis(others, place, 0.0, axis=0)
    total: Floats = np.where(np.isfinite(top[0]), top[0] + np.log1p(others.sum(axis=0)), top[0])
    return total


def _remainder(x: Floats, y: Floats) -> Floats:
    # Exact: of the remainder by 2 y, which is exact, y or 2 y is taken away, without rounding.
    a, b = np.abs(np.fmod(x, 2.0 * y)), np.abs(y)
    rest = np.where(a <= 0.5 * b, a, np.where(a < 1.5 * b, a - b, a - 2.0 * b))
    return np.copysign(1.0, x) * rest


def _total(*xs: Floats) -> Floats:
    total = xs[0]
    for x in xs[1:]:
        total = total + x
    return total


def _dot(*xs: Floats) -> Floats:
    half = len(xs) // 2
    return _total(*(w * x for w, x in zip(xs[:half], xs[half:], strict=True)))


_FUNCTIONS: dict[str, Callable[..., Any]] = {
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
    "exp2": np.exp2,
    "expm1": np.expm1,
    "log1p": np.log1p,
    "log2": np.log2,
    "log10": np.log10,
    "cbrt": np.cbrt,
    "square": np.square,
    "reciprocal": np.reciprocal,
    "rsqrt": lambda x: 1.0 / np.sqrt(x),
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "erf": _each(math.erf),
    "gamma": lambda x: _each(ops.gamma.forward)(x),
    "maximum": np.maximum,
    "minimum": np.minimum,
    "gt": np.greater,
    "ge": np.greater_equal,
    "lt": np.less,
    "le": np.less_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_not": np.logical_not,
    "isnan": np.isnan,
    "floor": np.floor,
    "ceil": np.ceil,
    "trunc": np.trunc,
    "round": np.rint,
    "sign": lambda x: np.where(x == 0.0, x, np.sign(x)),
    "copysign": np.copysign,
    "mod": np.mod,
    "hypot": np.hypot,
    "atan2": lambda y, x: np.arctan2(y + 0.0, x + 0.0),
    "remainder": _remainder,
    "select": lambda condition, x, y: np.where(condition != 0.0, x, y),
    "sum": _total,
    "dot": _dot,
    "relu": lambda x: np.where(x < 0.0, 0.0, x),
    "leaky_relu": lambda x: np.where(x > 0.0, x, 0.01 * x),
    "elu": lambda x: np.where(x > 0.0, x, np.expm1(x)),
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "silu": lambda x: x * _sigmoid(x),
    "gelu": _each(lambda x: float(ops.gelu(x))),
    "relu6": lambda x: np.clip(x, 0.0, 6.0),
    "hardtanh": lambda x: np.clip(x, -1.0, 1.0),
    "hardsigmoid": lambda x: np.clip(x + 3.0, 0.0, 6.0) / 6.0,
    "hardswish": _hardswish,
    "selu": lambda x: np.where(x > 0.0, 1.0507009873554805 * x, 1.7580993408473769 * np.expm1(x)),
    "logsigmoid": lambda x: -_softplus(-x),
    "mish": lambda x: x * np.tanh(_softplus(x)),
    "logsumexp": _logsumexp,
    "maximum_chain": lambda *xs: reduce(np.maximum, xs),
    "minimum_chain": lambda *xs: reduce(np.minimum, xs),
}
